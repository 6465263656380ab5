"""The two models behind an estimate: least squares among controls, and the logit of being treated (propensity).

Arrays in, arrays out. In every design the treated rows come first; column 0 of X is the constant.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.effects.errors import NotEstimable

TRIM = 0.995  # controls with a propensity from here on are given no weight (DRDID 1.2.3)
NO_OVERLAP = 0.999  # a cell with any propensity from here on is not estimated (did 2.5.1)
HIGHEST = 1 - 1e-6  # propensities are capped here before they are used (DRDID 1.2.3)
SINGULAR = 1e-11  # smallest eigenvalue of the cross products scaled to a unit diagonal
FLAT = 1e-15  # the same for the logit's information, which a group that is never treated makes flat, harmlessly
STEPS = 25


@dataclass(frozen=True, eq=False)
class Propensity:
    """A fitted logit: probability (m,) capped at 1 − 1e-6, inverse_information (K, K) at these, highest uncapped."""

    probability: np.ndarray
    inverse_information: np.ndarray
    highest: float


def inverse_gram(x: np.ndarray, weight: np.ndarray, among: str, singular: float = SINGULAR) -> np.ndarray:
    """(Σ w x x')⁻¹ over the rows of x (m, K). Raises NotEstimable if the covariates are collinear among these rows."""
    if len(x) < x.shape[1]:
        raise NotEstimable(f"fewer {among} than coefficients ({len(x)} for {x.shape[1]})")
    gram = x.T @ (x * weight[:, None])
    scale = np.sqrt(np.diagonal(gram))
    if (scale == 0).any():
        raise NotEstimable(f"a covariate is 0 for all {among}")
    scaled = gram / np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] < singular:
        raise NotEstimable(f"the covariates are collinear among the {among}")
    return np.linalg.inv(scaled) / np.outer(scale, scale)


def fit_propensity(x: np.ndarray, n_treated: int, weight: np.ndarray) -> Propensity:
    """Maximum-likelihood logit of "treated" on x (m, K) with weights (m,).

    Raises NotEstimable without overlap (a propensity of 0.999 or more, judged without weights as did does), on
    collinear covariates, or if the fit does not converge.
    """
    inverse_gram(x, weight, "treated and controls")
    probability, converged = _logit(x, n_treated, weight)
    judged = probability if _constant(weight) else _logit(x, n_treated, np.ones(len(x)))[0]
    highest = float(judged.max())
    if highest >= NO_OVERLAP:
        raise NotEstimable("no overlap: the largest propensity is 0.999 or more", highest)
    if not converged:
        raise NotEstimable("the propensity model did not converge", highest)
    capped = np.minimum(probability, HIGHEST)
    information = inverse_gram(x, weight * capped * (1 - capped), "treated and controls by the propensity model", FLAT)
    return Propensity(capped, information, float(probability.max()))


def _logit(x: np.ndarray, n_treated: int, weight: np.ndarray) -> tuple[np.ndarray, bool]:
    """(probability (m,), converged): Newton steps (IRLS) from the constant, halved while the deviance rises.

    Converged as in R's glm (relative change of the deviance below 1e-8), then one more step for full precision.
    """
    coefficient = np.zeros(x.shape[1])
    treated_weight = weight[:n_treated].sum()
    coefficient[0] = np.log(treated_weight / (weight.sum() - treated_weight))
    probability, deviance = _fitted(x, n_treated, weight, coefficient)
    for _ in range(STEPS):
        step = _newton_step(x, n_treated, weight, probability)
        if step is None:
            return probability, False
        before, size = deviance, 1.0
        probability, deviance = _fitted(x, n_treated, weight, coefficient + step)
        while deviance > before * (1 + 1e-8) + 1e-8 and size > 1e-3:
            size /= 2
            probability, deviance = _fitted(x, n_treated, weight, coefficient + size * step)
        coefficient += size * step
        if abs(deviance - before) < 1e-8 * (abs(deviance) + 0.1):
            step = _newton_step(x, n_treated, weight, probability)
            return probability if step is None else _fitted(x, n_treated, weight, coefficient + step)[0], True
    return probability, False


def _fitted(x, n_treated, weight, coefficient) -> tuple[np.ndarray, float]:
    """Probabilities (m,) and the deviance −2 log L."""
    index = x @ coefficient
    small = np.exp(-np.abs(index))
    log_terms = np.log1p(small) + np.maximum(index, 0)
    deviance = 2 * (weight @ log_terms - weight[:n_treated] @ index[:n_treated])
    return np.where(index >= 0, 1.0, small) / (1 + small), float(deviance)


def _newton_step(x, n_treated, weight, probability) -> np.ndarray | None:
    score = -weight * probability
    score[:n_treated] += weight[:n_treated]
    information = x.T @ (x * (weight * probability * (1 - probability))[:, None])
    try:
        step = np.linalg.solve(information, x.T @ score)
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None


def _constant(weight: np.ndarray) -> bool:
    return bool(len(weight) == 0 or (weight == weight[0]).all())
