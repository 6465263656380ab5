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
ROWS = 1 << 13


@dataclass(frozen=True, eq=False)
class Propensity:
    """A fitted logit: coefficient (K,), probability (m,) capped at 1 − 1e-6, inverse_information (K, K) at these.

    highest is the largest probability before capping.
    """

    coefficient: np.ndarray
    probability: np.ndarray
    inverse_information: np.ndarray
    highest: float


def inverse_gram(x: np.ndarray, weight: np.ndarray, among: str, singular: float = SINGULAR) -> np.ndarray:
    """(Σ w x x')⁻¹ over the rows of x (m, K). Raises NotEstimable if the covariates are collinear among these rows."""
    if len(x) < x.shape[1]:
        raise NotEstimable(f"fewer {among} than coefficients ({len(x)} for {x.shape[1]})")
    gram = _gram(x, weight)
    scale = np.sqrt(np.diagonal(gram))
    if (scale == 0).any():
        raise NotEstimable(f"a covariate is 0 for all {among}")
    scaled = gram / np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] < singular:
        raise NotEstimable(f"the covariates are collinear among the {among}")
    return np.linalg.inv(scaled) / np.outer(scale, scale)


def fit_propensity(x: np.ndarray, n_treated: int, weight: np.ndarray, start: np.ndarray | None = None) -> Propensity:
    """Maximum-likelihood logit of "treated" on x (m, K) with weights (m,), sought from start (K,) if there is one.

    Raises NotEstimable without overlap (a propensity of 0.999 or more, judged without weights as did does), on
    collinear covariates, or if the fit does not converge.
    """
    inverse_gram(x, weight, "treated and controls")
    coefficient, converged = _logit(x, n_treated, weight, start)
    probability = _probability(x @ coefficient)[0]
    unweighted = coefficient if _constant(weight) else _logit(x, n_treated, np.ones(len(x)), start)[0]
    highest = float(_probability((x @ unweighted).max())[0])
    if highest >= NO_OVERLAP:
        raise NotEstimable("no overlap: the largest propensity is 0.999 or more", highest)
    if not converged:
        raise NotEstimable("the propensity model did not converge", highest)
    capped = np.minimum(probability, HIGHEST)
    information = inverse_gram(x, weight * capped * (1 - capped), "treated and controls by the propensity model", FLAT)
    return Propensity(coefficient, capped, information, float(probability.max()))


def _gram(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(K, K) Σ w x x', a block of rows at a time that fits in the processor's cache."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROWS):
        rows = x[start : start + ROWS]
        total += rows.T @ (rows * weight[start : start + ROWS, None])
    return total


def _logit(x: np.ndarray, n_treated: int, weight: np.ndarray, start) -> tuple[np.ndarray, bool]:
    """(coefficient (K,), converged): Newton steps (IRLS) from start or the constant, halved while the deviance rises.

    Converged as in R's glm (relative change of the deviance below 1e-8), then one more step for full precision.
    """
    coefficient = np.zeros(x.shape[1]) if start is None else start.copy()
    if start is None:
        treated_weight = weight[:n_treated].sum()
        coefficient[0] = np.log(treated_weight / (weight.sum() - treated_weight))
    here = _evaluate(x, n_treated, weight, coefficient)
    for _ in range(STEPS):
        step = here.newton_step()
        if step is None:
            return coefficient, False
        before, here = here, _evaluate(x, n_treated, weight, coefficient + step)
        while here.deviance > before.deviance * (1 + 1e-8) + 1e-8 and np.abs(step).max() > 1e-6:
            step = step / 2
            here = _evaluate(x, n_treated, weight, coefficient + step)
        coefficient += step
        if abs(here.deviance - before.deviance) < 1e-8 * (abs(here.deviance) + 0.1):
            last = here.newton_step()
            return (coefficient if last is None else coefficient + last), True
    return coefficient, False


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The logit at one coefficient vector: deviance −2 log L, score (K,), information (K, K)."""

    deviance: float
    score: np.ndarray
    information: np.ndarray

    def newton_step(self) -> np.ndarray | None:
        try:
            step = np.linalg.solve(self.information, self.score)
        except np.linalg.LinAlgError:
            return None
        return step if np.isfinite(step).all() else None


def _evaluate(x, n_treated: int, weight, coefficient) -> _Likelihood:
    """All three in one pass over the rows, by blocks like `_gram`."""
    deviance, score, information = 0.0, np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROWS):
        rows, w = x[start : start + ROWS], weight[start : start + ROWS]
        treated = slice(0, max(n_treated - start, 0))
        index = rows @ coefficient
        probability, small = _probability(index)
        deviance += 2 * (w @ (np.log(1 + small) + np.maximum(index, 0)) - w[treated] @ index[treated])
        expected = w * probability
        information += rows.T @ (rows * (expected * (1 - probability))[:, None])
        score -= expected @ rows
        score += w[treated] @ rows[treated]
    return _Likelihood(float(deviance), score, information)


def _probability(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 / (1 + exp(−index)) without overflow, and exp(−|index|)."""
    small = np.exp(-np.abs(index))
    return np.where(index >= 0, 1.0, small) / (1 + small), small


def _constant(weight: np.ndarray) -> bool:
    return bool(len(weight) == 0 or (weight == weight[0]).all())
