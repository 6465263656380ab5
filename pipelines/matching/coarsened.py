"""Coarsened exact matching: columns are cut into classes, and weights make cells of equal classes alike in size.

The cuts are the caller's, from the subject matter; none is derived from the data here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.matching.nearest import NO_CONTROL, names_of, rows_of_lost, same_kind
from pipelines.matching.sides import Table, own_rows, read_floats, read_sides, require_columns

NO_TREATED = "no treated in its cell"
SIDES = {"treated": NO_CONTROL, "control": NO_TREATED}


@dataclass(frozen=True, eq=False, repr=False)
class CellWeights:
    """Weights of coarsened exact matching.

    table: side ("treated" | "control"), unit, cell (0 … by their lowest treated unit), weight; treated first, by unit.
    lost: side, unit, reason (missing covariate | no control in its cell | no treated in its cell); likewise.
    """

    table: Table
    lost: Table

    def __repr__(self) -> str:
        return f"CellWeights(weighted={len(self.table)}, lost={len(self.lost)})"


def coarsen(table: Table, cuts: Mapping[str, Sequence[float]]) -> Table:
    """The table with every column of `cuts` replaced by its class: how many of the cuts lie at or below the value.

    A value at a cut belongs to the upper class; a missing value stays missing. The other columns are as they were, so
    the result goes straight into `cem_weights` or the `exact` columns of `match_controls`. Raises ValueError when a
    column is absent, not numeric or infinite, or its cuts are not finite and rising.
    """
    require_columns(table, tuple(cuts), "table")
    classes = {name: classes_of(read_floats(table, name, "table"), edges, name) for name, edges in cuts.items()}
    if isinstance(table, pd.DataFrame):
        return table.assign(**{name: pd.array(column, dtype="Int64") for name, column in classes.items()})
    for name, column in classes.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def cem_weights(treated: Table, controls: Table, *, unit: str, cells: Sequence[str]) -> CellWeights:
    """Weights within cells of equal `cells` columns (Iacus, King & Porro 2012, section 2.2).

    A treated unit in a cell with controls weighs 1; a control of cell s weighs (m_T(s) / m_C(s)) × (m_C / m_T), m
    counting the units kept, so that the controls' weights sum to their number and their cells have the treated's
    shares. Everyone else is in `lost` with a reason. Raises ValueError as `match_controls` does, and, with the count,
    when units stand on both sides: nobody may be compared with himself.
    """
    sides = read_sides(treated, controls, unit=unit, exact=names_of(cells), covariates=())
    both = np.count_nonzero(own_rows(*sides) >= 0)
    if both:
        raise ValueError(f"{both} units stand on both sides; take them out of the controls")
    table, lost = [], []
    parts = zip(sides, weights_in_cells(sides[0].cell, sides[1].cell), SIDES.items(), strict=True)
    for side, weight, (name, reason) in parts:
        kept = np.flatnonzero(weight)
        columns = {
            "side": pa.array(np.repeat(name, len(kept)), pa.string()),
            "unit": side.units(kept),
            "cell": side.cell[kept],
            "weight": weight[kept],
        }
        table.append(pa.table(columns))
        lost.append(rows_of_lost(side, name, {reason: np.flatnonzero(weight == 0)}))
    return CellWeights(*(same_kind(pa.concat_tables(part), treated) for part in (table, lost)))


def weights_in_cells(treated: np.ndarray, controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (t,) and (m,) of units in cells 0 … c-1 (controls: -1 where no treated stands); 0 for those left out."""
    number = int(treated.max(initial=-1)) + 1
    n_treated = np.bincount(treated, minlength=number)
    n_control = np.bincount(controls[controls >= 0], minlength=number)
    shared = n_control > 0
    scale = n_control.sum() / max(n_treated[shared].sum(), 1)
    weight = np.where(shared, n_treated / np.maximum(n_control, 1) * scale, 0.0)
    # The last entry answers the controls outside every cell, whose number is -1.
    return shared[treated].astype(float), np.append(weight, 0.0)[controls]


def classes_of(values: np.ndarray, edges: Sequence[float], name: str) -> pa.Array:
    """Classes of values (n,) as int64, missing where the value is."""
    cuts = np.asarray(list(edges), dtype=float)
    if not np.all(np.isfinite(cuts)) or np.any(np.diff(cuts) <= 0):
        raise ValueError(f"the cuts of {name!r} must be finite and rising")
    return pa.array(np.searchsorted(cuts, values, side="right"), mask=np.isnan(values))
