"""A long table turned once into arrays of unit × period, with every fault of the input named.

Who takes part is decided in `sample`; nothing is estimated here.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.effects.columns import CHUNK, categories, numbers
from pipelines.effects.errors import EstimationError


@dataclass(frozen=True)
class Columns:
    """Which column means what."""

    unit: str
    period: str
    cohort: str
    outcome: str
    covariates: tuple[str, ...] = ()
    cluster: str | None = None
    weights: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class PanelArrays:
    """n units, T periods. What does not vary within a unit is stored once a unit.

    units       (n,) unit ids, sorted          periods  (T,) observed periods, sorted
    cohort      (n,) first treated period, inf = never
    outcome     (T, n)                         observed (T, n) bool
    covariates  one a column: (n,) if constant within every unit, else (T, n)
                centre, scale (k,) are set once they are known to be independent
    weights     None, (n,) or (T, n)           cluster  None or (n,) codes
    """

    units: np.ndarray
    periods: np.ndarray
    cohort: np.ndarray
    outcome: np.ndarray
    observed: np.ndarray
    covariates: tuple[np.ndarray, ...]
    weights: np.ndarray | None
    cluster: np.ndarray | None
    names: Columns
    centre: np.ndarray | None = None
    scale: np.ndarray | None = None

    @property
    def n_units(self) -> int:
        return len(self.units)

    def keep_units(self, keep: np.ndarray) -> "PanelArrays":
        """The units where keep (n,) is true."""
        if keep.all():
            return self
        return replace(
            self,
            units=self.units[keep],
            cohort=self.cohort[keep],
            outcome=self.outcome[:, keep],
            observed=self.observed[:, keep],
            covariates=tuple(values[..., keep] for values in self.covariates),
            weights=None if self.weights is None else self.weights[..., keep],
            cluster=None if self.cluster is None else self.cluster[keep],
        )

    def keep_periods(self, keep: np.ndarray) -> "PanelArrays":
        """The periods where keep (T,) is true."""
        if keep.all():
            return self

        def cut(values):
            return values[keep] if values is not None and values.ndim == 2 else values

        return replace(
            self,
            periods=self.periods[keep],
            outcome=self.outcome[keep],
            observed=self.observed[keep],
            covariates=tuple(cut(values) for values in self.covariates),
            weights=cut(self.weights),
        )


def read_panel(data, names: Columns, missing_outcome_allowed: bool) -> tuple[PanelArrays, int]:
    """(arrays, rows without an outcome). Rows may come in any order; the arrays do not depend on it.

    Raises EstimationError, naming column and count, for: absent or non-numeric columns, missing unit or period, a unit
    twice in a period, a cohort or cluster that varies within a unit, outcomes, covariates or weights that are not
    finite (a missing outcome is allowed where it means "not observed"), negative weights.
    """
    units, unit_ids = categories(data, names.unit, "unit")
    if not len(unit_ids):
        raise EstimationError("the data have no rows")
    periods, period_values = _read_periods(data, names.period)
    place = _places(units, periods, len(unit_ids), len(period_values), names)
    shape = (len(period_values), len(unit_ids))
    outcome, observed, used = _read_outcome(data, names.outcome, place, shape, missing_outcome_allowed)
    cohort = _constant_within_unit(_read_cohort(data, names.cohort), units, shape[1], names.cohort, "cohort")
    covariates = tuple(_read_covariate(data, name, "covariate", units, place, shape, used) for name in names.covariates)
    panel = PanelArrays(
        units=unit_ids,
        periods=period_values,
        cohort=cohort,
        outcome=outcome,
        observed=observed,
        covariates=covariates,
        weights=_read_weights(data, names.weights, units, place, shape, used),
        cluster=_read_cluster(data, names.cluster, units, shape[1]),
        names=names,
    )
    return panel, 0 if used is None else int((~used).sum())


def _read_periods(data, name: str) -> tuple[np.ndarray, np.ndarray]:
    numbers_given = numbers(data, name, "period")
    faulty = int((~np.isfinite(numbers_given)).sum())
    if faulty:
        raise EstimationError(f"period column '{name}' is missing or infinite in {faulty} rows")
    codes, labels = categories(data, name, "period")
    return codes, np.asarray(labels, dtype=np.float64)


def _places(units, periods, n_units: int, n_periods: int, names: Columns) -> np.ndarray:
    """(rows,) where each row lies in a flattened (T, n) array; a unit twice in a period is an error."""
    place = periods.astype(np.int32 if n_units * n_periods < 2**31 else np.int64)
    place *= n_units
    place += units
    taken = np.zeros(n_units * n_periods, dtype=bool)
    taken[place] = True
    repeated = len(place) - int(taken.sum())
    if repeated:
        raise EstimationError(
            f"a unit is in a period more than once: {repeated} rows repeat '{names.unit}' and '{names.period}'"
        )
    return place


def _read_outcome(data, name, place, shape, missing_allowed):
    """outcome (T, n), observed (T, n), and the rows that are used (None = all)."""
    values = numbers(data, name, "outcome")
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise EstimationError(f"outcome column '{name}' is infinite in {infinite} rows")
    used = ~np.isnan(values)
    missing = len(values) - int(used.sum())
    if missing and not missing_allowed:
        raise EstimationError(
            f"outcome column '{name}' is missing in {missing} rows; drop these rows, or say what a missing outcome "
            "means: with balanced=False or balanced='pairs' it counts as not observed"
        )
    wide = np.full(shape, np.nan)
    wide.reshape(-1)[place] = values
    return wide, ~np.isnan(wide), None if not missing else used


def _read_cohort(data, name: str) -> np.ndarray:
    values = numbers(data, name, "cohort")
    if np.isneginf(values).any():
        raise EstimationError(f"cohort column '{name}' is minus infinity in {int(np.isneginf(values).sum())} rows")
    missing = np.isnan(values)
    return np.where(missing, np.inf, values) if missing.any() else values


def _constant_within_unit(values, units, n_units: int, name: str, role: str) -> np.ndarray:
    """(n,) the unit's value; an error with the number of units where it varies."""
    constant = np.empty(n_units, dtype=values.dtype)
    constant[units] = values
    varying = np.zeros(n_units, dtype=bool)
    for start in range(0, len(values), CHUNK):
        rows = slice(start, start + CHUNK)
        varying[units[rows][constant[units[rows]] != values[rows]]] = True
    if varying.any():
        raise EstimationError(f"{role} column '{name}' varies within {int(varying.sum())} units; it must not")
    return constant


def _read_covariate(data, name, role, units, place, shape, used) -> np.ndarray:
    """(n,) if constant within every unit, else (T, n) with NaN where not observed."""
    values = numbers(data, name, role)
    finite = np.isfinite(values)
    faulty = int((~finite).sum()) if used is None else int((~finite & used).sum())
    if faulty:
        raise EstimationError(f"{role} column '{name}' is missing or infinite in {faulty} rows")
    if used is not None:
        values, units, place = values[used], units[used], place[used]
    constant = np.full(shape[1], np.nan)
    constant[units] = values
    if all(
        np.array_equal(constant[units[start : start + CHUNK]], values[start : start + CHUNK])
        for start in range(0, len(values), CHUNK)
    ):
        return constant
    wide = np.full(shape, np.nan)
    wide.reshape(-1)[place] = values
    return wide


def _read_weights(data, name, units, place, shape, used) -> np.ndarray | None:
    if name is None:
        return None
    weights = _read_covariate(data, name, "weight", units, place, shape, used)
    negative = int((weights < 0).sum())
    if negative:
        raise EstimationError(f"weight column '{name}' is negative for {negative} units or rows")
    if not (weights > 0).any():
        raise EstimationError(f"weight column '{name}' is nowhere positive")
    return weights


def _read_cluster(data, name, units, n_units: int) -> np.ndarray | None:
    if name is None:
        return None
    codes, _ = categories(data, name, "cluster")
    return _constant_within_unit(codes, units, n_units, name, "cluster")
