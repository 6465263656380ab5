"""Weights a cohort's units take part with: none, a column, or a table of each cohort's own (matched) controls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.effects.columns import categories, numbers
from pipelines.effects.errors import EstimationError
from pipelines.effects.panel_arrays import PanelArrays


@dataclass(frozen=True, eq=False)
class WeightTable:
    """The rows of a weights table that concern the sample: cohort, unit (position in the panel) and weight, sorted."""

    cohort: np.ndarray
    unit: np.ndarray
    weight: np.ndarray

    def of_cohort(self, panel: PanelArrays, cohort: float) -> np.ndarray:
        """(n,) weights: the cohort's treated 1 unless listed, others as listed (rows of one unit add up) or 0."""
        rows = self.cohort == cohort
        listed = np.bincount(self.unit[rows], weights=self.weight[rows], minlength=panel.n_units)
        named = np.zeros(panel.n_units, dtype=bool)
        named[self.unit[rows]] = True
        return np.where((panel.cohort == cohort) & ~named, 1.0, listed)

    def mass(self, panel: PanelArrays) -> np.ndarray:
        """(n,) what a treated unit counts for in its cohort's size: 1 unless listed under its own cohort."""
        mass = np.ones(panel.n_units)
        own = self.cohort == panel.cohort[self.unit]
        mass[self.unit[own]] = 0.0
        np.add.at(mass, self.unit[own], self.weight[own])
        return mass


def is_table(weights) -> bool:
    return isinstance(weights, (pd.DataFrame, pa.Table))


def read_weight_table(table, panel: PanelArrays, control: str, dropped: dict[str, int]) -> WeightTable:
    """The table's rows by position in the panel; rows of units or cohorts that take no part are counted in dropped.

    With control "never", listed controls that are treated themselves take no part either, and are counted.

    Raises EstimationError for absent columns, weights that are missing, infinite or negative, and if no row is left.
    """
    weight = numbers(table, "weight", "weights table's")
    faulty = int((~np.isfinite(weight)).sum()) + int((weight < 0).sum())
    if faulty:
        raise EstimationError(f"weights table: column 'weight' is missing, infinite or negative in {faulty} rows")
    cohort = numbers(table, "cohort", "weights table's")
    if np.isnan(cohort).any():
        raise EstimationError(f"weights table: column 'cohort' is missing in {int(np.isnan(cohort).sum())} rows")
    unit = _positions(table, panel)
    known_cohort = np.isin(cohort, panel.cohort[np.isfinite(panel.cohort)])
    dropped["weights_of_other_units"] = int((unit < 0).sum())
    dropped["weights_of_other_cohorts"] = int((~known_cohort & (unit >= 0)).sum())
    keep = (unit >= 0) & known_cohort
    treated = keep & np.isfinite(panel.cohort[unit]) & (panel.cohort[unit] != cohort) & (control == "never")
    dropped["weights_of_treated_controls"] = int(treated.sum())
    keep &= ~treated
    if not keep.any():
        raise EstimationError("weights table: no row names a unit and a cohort that take part")
    order = np.lexsort((weight[keep], unit[keep], cohort[keep]))
    return WeightTable(cohort[keep][order], unit[keep][order], weight[keep][order])


def _positions(table, panel: PanelArrays) -> np.ndarray:
    """(rows,) position of each listed unit among the panel's units, -1 if it is not there."""
    codes, labels = categories(table, "unit", "weights table's")
    return pd.Index(panel.units).get_indexer(pd.Index(labels))[codes]
