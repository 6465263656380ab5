"""How far parallel trends may fail before an event-study estimate loses its sign: Rambachan and Roth (2023).

Confidence sets and breakdown values only. The numerical programmes are in `honest_programs`; nothing here knows
panels, cohorts or where the estimate came from.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from pipelines.effects.errors import EstimationError
from pipelines.effects.honest_programs import (
    accepted_range,
    magnitude_test,
    shortest_interval,
    smooth_frontier,
)

GRID = 401  # values tried for each elementary set before its ends are bisected
SCAN = 40  # equal steps in which a breakdown value is looked for before it is bisected
TOLERANCE = 1e-4  # of a breakdown value, as a share of the range searched
FLOOR = 1e-12  # smallest eigenvalue kept, as a share of the largest: below it the covariance holds rounding only


@dataclass(frozen=True)
class Interval:
    """A confidence set's smallest and largest value, in the units of the estimate; infinite where it has no end."""

    low: float
    high: float

    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def plain(att, covariance, n_pre: int, l_vector, level: float = 0.95) -> Interval:
    """The usual normal interval, valid if parallel trends hold exactly. Arguments and errors: `relative_magnitudes`."""
    att, covariance, weights = _checked(att, covariance, n_pre, l_vector, level, 0)
    aim = np.concatenate([np.zeros(n_pre), weights])
    centre, half = aim @ att, ndtri((1 + level) / 2) * np.sqrt(aim @ covariance @ aim)
    return Interval(float(centre - half), float(centre + half))


def relative_magnitudes(
    att, covariance, n_pre: int, l_vector, m_bar: float, level: float = 0.95, hybrid: bool = True, grid: int = GRID
) -> Interval:
    """Confidence set if no step of the trend difference after the reference exceeds m_bar times the largest before it.

    The set Delta^RM(m_bar) of Rambachan and Roth (2023), inverted with the hybrid of the least favourable and the
    conditional test (C-LF) of Andrews, Roth and Pakes (2023), or the conditional test alone. Nothing is drawn at random.

    att: (k,) coefficients of consecutive event times without the reference period -1, the n_pre before it first and
    then those after it, in any unit. covariance: (k, k) of them. l_vector: (k - n_pre,) weights of the target on those
    after. m_bar: at least 0, no unit. level: coverage. hybrid: False for the conditional test alone.
    grid: values tried for each lead and sign; the ends of the set are then bisected, so it limits only how small a gap
    in the set can be.

    The interval runs from the smallest to the largest value not rejected. Raises EstimationError for input that is
    not finite, does not fit together, has no lead, or a covariance that is none.
    """
    att, covariance, weights = _checked(att, covariance, n_pre, l_vector, level, 1)
    if grid < 3:
        raise EstimationError(f"the grid has {grid} values; give at least 3")
    test = magnitude_test(att, covariance, n_pre, weights, _bound(m_bar, "m_bar"), level, hybrid)
    return Interval(*accepted_range(test, grid))


def smoothness(att, covariance, n_pre: int, l_vector, m: float, level: float = 0.95) -> Interval:
    """Optimal fixed-length interval if the slope of the trend difference changes by at most m from period to period.

    The set Delta^SD(m) of Rambachan and Roth (2023); the interval minimises its length over linear estimators
    (Armstrong and Kolesar 2018). m: at least 0, in the units of att a period. Others, errors: as `relative_magnitudes`.
    """
    att, covariance, weights = _checked(att, covariance, n_pre, l_vector, level, 1)
    frontier = smooth_frontier(covariance, n_pre, weights)
    centre, half = shortest_interval(frontier, att, covariance, _bound(m, "m"), level)
    return Interval(centre - half, centre + half)


def breakdown_relative(
    att, covariance, n_pre: int, l_vector, largest: float = 10.0, level: float = 0.95, hybrid: bool = True
) -> float:
    """The largest m_bar up to which the `relative_magnitudes` set excludes zero, at most TOLERANCE * largest too small.

    0.0 if even m_bar = 0 does not exclude zero; `largest` if zero is excluded throughout.
    """
    att, covariance, weights = _checked(att, covariance, n_pre, l_vector, level, 1)

    def excludes(m_bar: float) -> bool:
        test = magnitude_test(att, covariance, n_pre, weights, m_bar, level, hybrid)
        return Interval(*accepted_range(test, GRID)).excludes_zero()

    return _breakdown(excludes, _bound(largest, "largest"))


def breakdown_smoothness(
    att, covariance, n_pre: int, l_vector, largest: float | None = None, level: float = 0.95
) -> float:
    """The largest m up to which the `smoothness` interval excludes zero, at most TOLERANCE * largest too small.

    0.0 if even m = 0 does not exclude zero. Without `largest` the search ends where every estimator's worst bias
    exceeds its estimate, so that the value is always found; with it, `largest` if zero is excluded throughout.
    """
    att, covariance, weights = _checked(att, covariance, n_pre, l_vector, level, 1)
    frontier = smooth_frontier(covariance, n_pre, weights)
    if largest is None:
        largest = float(np.abs(frontier.weights @ att).max() / frontier.bias.min())

    def excludes(m: float) -> bool:
        centre, half = shortest_interval(frontier, att, covariance, m, level)
        return abs(centre) > half

    return _breakdown(excludes, _bound(largest, "largest"))


def _breakdown(excludes: Callable[[float], bool], largest: float) -> float:
    """The end of the first stretch of bounds, from 0, that exclude zero.

    Steps first and bisection after, because nothing forces a test to stay accepted once it accepts.
    """
    if not excludes(0.0):
        return 0.0
    steps = np.linspace(0.0, largest, SCAN + 1)
    last = next((i for i in range(SCAN) if not excludes(steps[i + 1])), None)
    if last is None:
        return largest
    low, high = steps[last], steps[last + 1]
    while high - low > TOLERANCE * largest:
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return float(low)


def _bound(value: float, name: str) -> float:
    if not np.isfinite(value) or value < 0:
        raise EstimationError(f"{name} must be a finite number of at least 0; it says how far parallel trends may fail")
    return float(value)


def _checked(att, covariance, n_pre: int, l_vector, level: float, fewest: int):
    """att, covariance and l_vector as floats, the covariance symmetric and its rounding-sized eigenvalues lifted."""
    try:
        att, covariance, weights = (np.asarray(x, dtype=np.float64) for x in (att, covariance, l_vector))
    except (TypeError, ValueError):
        raise EstimationError("att, covariance and l_vector must be arrays of numbers") from None
    k = att.size
    if att.ndim != 1 or covariance.shape != (k, k):
        raise EstimationError(f"{k} coefficients need a covariance of {k} x {k}; its shape is {covariance.shape}")
    if not isinstance(n_pre, int | np.integer) or not fewest <= n_pre < k:
        raise EstimationError(f"n_pre must be a whole number from {fewest} to {k - 1}: the coefficients before -1")
    if weights.shape != (k - n_pre,):
        raise EstimationError(f"l_vector has shape {weights.shape}; give a weight for each of {k - n_pre} coefficients")
    for name, values in (("att", att), ("covariance", covariance), ("l_vector", weights)):
        missing = int((~np.isfinite(values)).sum())
        if missing:
            raise EstimationError(f"{name} has {missing} values that are not finite; leave out their periods")
    if not weights.any():
        raise EstimationError("l_vector is zero throughout; give the weights of the target")
    if not 0.5 < level < 1:
        raise EstimationError("level is a coverage; it must lie between 0.5 and 1")
    return att, _covariance(covariance), weights


def _covariance(given: np.ndarray) -> np.ndarray:
    scale = np.abs(given).max()
    if scale == 0 or np.abs(given - given.T).max() > 1e-8 * scale:
        raise EstimationError("covariance is zero or not symmetric; give the covariance matrix of att")
    values, vectors = np.linalg.eigh((given + given.T) / 2)
    if values[0] < -1e-8 * values[-1]:
        raise EstimationError("covariance has a negative eigenvalue; give the covariance matrix of att")
    return (vectors * np.maximum(values, FLOOR * values[-1])) @ vectors.T
