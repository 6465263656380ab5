"""How far two units are apart: Mahalanobis or propensity distance, each a linear map of the difference of covariates.

Nothing is searched here. A distance is a function of the two rows alone, computed by one formula element by element,
so that equal differences give bit-equal distances wherever they are computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

# A column is redundant when the others explain all but this share of its variance: exact dependence up to rounding.
REDUNDANT_SHARE = 1e-10
# Distances that agree to ten decimals (in standard deviations) are equal; rounding noise is some 1e-15.
DECIMALS = 1e10
BLOCK = 8192
LOGIT_STEPS = 40


@dataclass(frozen=True)
class Metric:
    """Distance of rows a and b is |(a - b) @ w|, Euclidean norm. p covariates, r of them independent."""

    w: np.ndarray  # (p, r); r is 1 for the propensity; (p, 0) when nothing varies
    centre: np.ndarray  # (p,)
    redundant: tuple[str, ...]  # covariates that are constant or linear in earlier ones: without effect on the distance
    slack: float  # bound on the error of a distance between projected rows


@dataclass(frozen=True)
class Moments:
    """Of n rows and p columns."""

    n: int
    mean: np.ndarray  # (p,)
    covariance: np.ndarray  # (p, p), denominator n - 1


def mahalanobis(treated: np.ndarray, controls: np.ndarray, names: Sequence[str]) -> Metric:
    """Mahalanobis distance under the covariance (n - 1) of treated (t, p) and controls (m, p) together.

    Columns that are constant, or linear in earlier ones, are left out and named: since every difference lies in the
    range of the covariance, the distance of the rest equals that under the pseudo-inverse of the whole (Mahalanobis
    1936; Rubin 1980). Raises ValueError when a column's squares are beyond floating point.
    """
    moments = moments_of((treated, controls), names)
    kept, factor = independent_columns(moments)
    w = np.zeros((len(names), len(kept)))
    scale = np.sqrt(np.diag(moments.covariance)[kept])
    w[kept] = np.linalg.inv(factor).T / scale[:, None]
    return _metric(w, moments, kept, names)


def propensity(treated: np.ndarray, controls: np.ndarray, names: Sequence[str]) -> Metric:
    """Distance on the linear predictor of a logit of being treated, with a constant (Rosenbaum & Rubin 1985).

    Redundant columns are left out and named. Raises ValueError naming the covariates when they separate treated from
    controls, so that the logit has no maximum.
    """
    moments = moments_of((treated, controls), names)
    kept, _ = independent_columns(moments)
    w = np.zeros((len(names), min(len(kept), 1)))
    if kept and len(treated) and len(controls):
        scale = np.sqrt(np.diag(moments.covariance)[kept])
        slopes = fit_logit((treated, controls), kept, moments.mean[kept], scale, names)
        w[kept, 0] = slopes / scale
    return _metric(w, moments, kept, names)


def distances(difference: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Distances (k,) of differences (k, p) under w (p, r), element by element: the place in the array has no effect."""
    square = np.zeros(len(difference))
    for column in w.T:
        projected = np.zeros(len(difference))
        for weight, component in zip(column, difference.T, strict=True):
            if weight:
                projected += component * weight
        square += projected * projected
    return np.sqrt(square)


def in_decimals(distance: np.ndarray) -> np.ndarray:
    """Distances as whole numbers of 1e-10: what is equal here is a tie."""
    return np.rint(distance * DECIMALS)


def project(x: np.ndarray, metric: Metric) -> np.ndarray:
    """Rows (m, p) where the metric is Euclidean, (m, r) or (m, 1) when nothing varies; for searching only."""
    if metric.w.shape[1] == 0:
        return np.zeros((len(x), 1))
    return (x - metric.centre) @ metric.w


def moments_of(parts: Sequence[np.ndarray], names: Sequence[str]) -> Moments:
    """Mean and covariance of all rows of the parts, in two passes with correction (Chan, Golub & LeVeque 1983)."""
    p, n = len(names), sum(len(part) for part in parts)
    if n == 0 or p == 0:
        return Moments(n, np.zeros(p), np.zeros((p, p)))
    ones = np.ones(BLOCK)
    products, left = np.zeros((p, p)), np.zeros(p)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.sum([ones[: len(block)] @ block for block in blocks(parts)], axis=0) / n
        for block in blocks(parts):
            centred = block - mean
            products += centred.T @ centred
            left += ones[: len(block)] @ centred
        covariance = (products - np.outer(left, left) / n) / max(n - 1, 1)
    beyond = [name for name, variance in zip(names, np.diag(covariance), strict=True) if not np.isfinite(variance)]
    if beyond:
        raise ValueError(f"covariate {', '.join(map(repr, beyond))} is too large to be squared; rescale it")
    constant = np.sqrt(np.maximum(np.diag(covariance), 0.0)) <= 1e-13 * np.abs(mean)
    covariance[constant] = covariance[:, constant] = 0.0
    return Moments(n, mean, covariance)


def blocks(parts: Sequence[np.ndarray]):
    for part in parts:
        for start in range(0, len(part), BLOCK):
            yield part[start : start + BLOCK]


def independent_columns(moments: Moments) -> tuple[list[int], np.ndarray]:
    """Columns neither constant nor linear in earlier ones, and the Cholesky factor (r, r) of their correlation."""
    scale = np.sqrt(np.maximum(np.diag(moments.covariance), 0.0))
    kept: list[int] = []
    factor = np.zeros((len(scale), len(scale)))
    for column in np.flatnonzero(scale > 0):
        size = len(kept)
        correlation = moments.covariance[column, kept] / (scale[column] * scale[kept])
        row = np.linalg.solve(factor[:size, :size], correlation) if size else correlation
        share = 1.0 - row @ row
        if share > REDUNDANT_SHARE:
            factor[size, :size], factor[size, size] = row, np.sqrt(share)
            kept.append(int(column))
    return kept, factor[: len(kept), : len(kept)]


def _metric(w: np.ndarray, moments: Moments, kept: list[int], names: Sequence[str]) -> Metric:
    redundant = tuple(name for position, name in enumerate(names) if position not in kept)
    rounding = 32 * max(len(names), 1) * np.finfo(float).eps
    reach = np.sqrt(np.diag(moments.covariance) * moments.n)  # no row is further from the mean
    slack = 1e-9 + rounding * float(np.linalg.norm(reach @ np.abs(w)))
    return Metric(w, moments.mean, redundant, slack)


def fit_logit(
    parts: tuple[np.ndarray, np.ndarray], kept: list[int], mean: np.ndarray, scale: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """Slopes (r,) on standardised columns, by Newton with step halving until a step moves none of them by 1e-10."""
    beta = np.zeros(len(kept) + 1)
    beta[0] = np.log(len(parts[0]) / len(parts[1]))
    likelihood, gradient, information = logit_sums(parts, kept, mean, scale, beta)
    for _ in range(LOGIT_STEPS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        for _ in range(30):
            trial = logit_sums(parts, kept, mean, scale, beta + step)
            if trial[0] >= likelihood - 1e-10 * abs(likelihood):
                break
            step = step / 2
        beta = beta + step
        likelihood, gradient, information = trial
        if np.abs(step).max() <= 1e-10 * (1 + np.abs(beta).max()):
            return beta[1:]
    largest = np.abs(beta[1:]).max()
    steep = [names[kept[j]] for j in range(len(kept)) if abs(beta[1 + j]) >= largest / 2]
    raise ValueError(
        f"the covariates separate treated from controls (most of all {', '.join(map(repr, steep))}): "
        "the propensity has no estimate; drop or coarsen them, or use the Mahalanobis distance"
    )


def logit_sums(
    parts: tuple[np.ndarray, np.ndarray], kept: list[int], mean: np.ndarray, scale: np.ndarray, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood, its gradient (r+1,) and minus its Hessian (r+1, r+1) at beta."""
    likelihood, gradient = 0.0, np.zeros(len(beta))
    information = np.zeros((len(beta), len(beta)))
    for part, outcome in zip(parts, (1.0, 0.0), strict=True):
        for block in blocks((part,)):
            z = np.ones((len(block), len(beta)))
            z[:, 1:] = (block[:, kept] - mean) / scale
            linear = z @ beta
            fitted = expit(linear)
            likelihood += outcome * linear.sum() - np.logaddexp(0.0, linear).sum()
            gradient += z.T @ (outcome - fitted)
            information += (z * (fitted * (1 - fitted))[:, None]).T @ z
    return likelihood, gradient, information
