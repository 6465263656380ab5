"""Matching on the nearest controls: the public `match_controls`, its result, and who found no control and why.

Which rows may be treated or control at all is decided before (candidates); how well the matching balances is judged
after (balance). This module knows tables; `sides`, `metric` and `search` do the work on arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as with_changes

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.matching.metric import mahalanobis, propensity
from pipelines.matching.search import Pairs, Rows, find_nearest, find_nearest_once
from pipelines.matching.sides import Side, Table, own_rows, read_sides

NO_CONTROL = "no control in its cell"
NO_CONTROL_LEFT = "no control left in its cell"
BEYOND_CALIPER = "beyond the caliper"
MISSING = "missing covariate"

METRICS = {"mahalanobis": mahalanobis, "propensity": propensity}


@dataclass(frozen=True, eq=False, repr=False)
class Matches:
    """Who was matched to whom, and who was not.

    table: one row a pair: treated, control, distance, weight = 1 / controls found for that treated; ordered by treated,
        then distance (to ten decimals), then control.
    lost: side ("treated" | "control"), unit, reason; treated first, each by unit. Every treated row is in `table` or in
        `lost`. A control is lost only to a missing covariate: one that nobody chose is not lost.
    n_treated, n_controls: rows given.
    redundant: covariates that are constant or linear in earlier ones, and so add nothing to the distance.
    Tables are of the kind of `treated`: pandas or Arrow.
    """

    table: Table
    lost: Table
    n_treated: int
    n_controls: int
    redundant: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Matches(pairs={len(self.table)}, lost={len(self.lost)}, "
            f"n_treated={self.n_treated}, n_controls={self.n_controls}, redundant={self.redundant})"
        )


def match_controls(
    treated: Table,
    controls: Table,
    *,
    unit: str,
    exact: Sequence[str] = (),
    covariates: Sequence[str] = (),
    ratio: int = 5,
    caliper: float | None = None,
    replace: bool = True,
    distance: str = "mahalanobis",
) -> Matches:
    """The `ratio` nearest controls of every treated unit, within cells of equal `exact` columns.

    treated, controls: pandas or Arrow, one row a unit; `unit` holds whole numbers or text. `covariates` are numeric.
    distance "mahalanobis": under the covariance (n - 1) of all complete rows given, treated and controls together;
        with dependent covariates that under the pseudo-inverse (Rubin 1980; Stuart 2010, section 3).
    distance "propensity": difference of the linear predictors of a logit of being treated on the covariates, fitted on
        all complete rows (Rosenbaum & Rubin 1985).
    caliper: largest distance accepted, in the units of the distance; None accepts all.
    replace True: a control may serve any number of treated. False: treated choose one after the other in rising order
        of their id, each up to `ratio` of the nearest controls left in its cell.

    Distances equal to ten decimals are ties and go to the lower control id (numbers by size, text by code points), so
    the result does not depend on the order of rows. A unit is never its own control. Without covariates all distances
    are 0. Nothing vanishes: `lost` gives each treated unit without a control one reason, in this order: missing
    covariate (or exact column), no control in its cell, beyond the caliper, no control left in its cell (replace=False
    only). Ids come back as int64 or large_string.

    Raises ValueError, with column names and counts only: a column is absent or of the wrong kind, a unit is missing or
    stands twice on a side, a covariate is infinite, `ratio`, `caliper` or `distance` is not as stated, or (propensity)
    the covariates separate treated from controls.
    """
    exact, covariates = (names_of(names) for names in (exact, covariates))
    check_choices(ratio, caliper, distance)
    sides = read_sides(treated, controls, unit=unit, exact=exact, covariates=covariates)
    metric = METRICS[distance](sides[0].x, sides[1].x, covariates)
    n_cells = int(sides[0].cell.max(initial=-1)) + 1
    rows = Rows(sides[0].x, sides[1].x, n_cells, sides[0].cell, sides[1].cell, own_rows(*sides), metric)
    find = find_nearest if replace else find_nearest_once
    pairs = find(rows, int(ratio), caliper)
    return Matches(
        table=same_kind(table_of_pairs(sides, pairs), treated),
        lost=same_kind(table_of_lost(sides, reasons_of_lost(rows, pairs, caliper, replace)), treated),
        n_treated=len(treated),
        n_controls=len(controls),
        redundant=metric.redundant,
    )


def control_weights(matches: Matches | Table) -> Table:
    """Each control's weight over all its uses: control, weight (Σ 1 / controls found), uses; ordered by control."""
    given = table_of(matches)
    pairs = pa.Table.from_pandas(given, preserve_index=False) if isinstance(given, pd.DataFrame) else given
    grouped = pairs.group_by("control", use_threads=False).aggregate([("weight", "sum"), ("weight", "count")])
    grouped = grouped.rename_columns(["control", "weight", "uses"]).sort_by("control")
    return same_kind(grouped, given)


def table_of(matches: Matches | Table) -> Table:
    """The table of pairs of a result, or the table itself."""
    return matches.table if isinstance(matches, Matches) else matches


def names_of(names: Sequence[str]) -> tuple[str, ...]:
    """A tuple of column names; one name may be given bare."""
    return (names,) if isinstance(names, str) else tuple(names)


def check_choices(ratio: int, caliper: float | None, distance: str) -> None:
    if isinstance(ratio, bool) or not isinstance(ratio, int | np.integer) or ratio < 1:
        raise ValueError("ratio must be a whole number of at least 1")
    if caliper is not None and not (np.isfinite(caliper) and caliper >= 0):
        raise ValueError("caliper must be a finite number of at least 0, or None")
    if distance not in METRICS:
        raise ValueError(f"distance must be one of {', '.join(map(repr, METRICS))}")


def reasons_of_lost(rows: Rows, pairs: Pairs, caliper: float | None, replace: bool) -> dict[str, np.ndarray]:
    """Positions of the complete treated rows without a control, by reason."""
    inside = rows.control_cell[rows.control_cell >= 0]
    others = np.bincount(inside, minlength=rows.n_cells)[rows.treated_cell]
    own = rows.own >= 0
    others[own] -= rows.control_cell[rows.own[own]] == rows.treated_cell[own]
    unmatched = np.ones(len(rows.treated), bool)
    unmatched[pairs.treated] = False
    alone = unmatched & (others == 0)
    crowded = np.zeros(len(unmatched), bool)
    if not replace:
        crowded = unmatched & ~alone
        if caliper is not None:
            asked = np.flatnonzero(crowded)
            part = with_changes(
                rows, treated=rows.treated[asked], treated_cell=rows.treated_cell[asked], own=rows.own[asked]
            )
            crowded[:] = False
            crowded[asked[find_nearest(part, 1, caliper).treated]] = True
    masks = {NO_CONTROL: alone, BEYOND_CALIPER: unmatched & ~alone & ~crowded, NO_CONTROL_LEFT: crowded}
    return {reason: np.flatnonzero(mask) for reason, mask in masks.items()}


def table_of_pairs(sides: tuple[Side, Side], pairs: Pairs) -> pa.Table:
    found = np.bincount(pairs.treated, minlength=1)
    return pa.table(
        {
            "treated": sides[0].units(pairs.treated),
            "control": sides[1].units(pairs.control),
            "distance": pairs.distance,
            "weight": 1.0 / found[pairs.treated],
        }
    )


def table_of_lost(sides: tuple[Side, Side], reasons: dict[str, np.ndarray]) -> pa.Table:
    """Lost rows of both sides; a complete control is never lost."""
    return pa.concat_tables([rows_of_lost(sides[0], "treated", reasons), rows_of_lost(sides[1], "control", {})])


def rows_of_lost(side: Side, name: str, reasons: dict[str, np.ndarray]) -> pa.Table:
    """side, unit, reason by unit: the rows that miss something, and the complete rows lost for each reason."""
    given = np.concatenate([side.missing, *(side.rows[positions] for positions in reasons.values())])
    reason = np.repeat([MISSING, *reasons], [len(side.missing), *map(len, reasons.values())])
    columns = {
        "side": pa.array(np.repeat(name, len(given)), pa.string()),
        "unit": side.ids.take(pa.array(given)),
        "reason": pa.array(reason, pa.string()),
    }
    return pa.table(columns).sort_by("unit")


def same_kind(table: pa.Table, like: Table) -> Table:
    """A table as pandas where `like` is pandas."""
    return table.to_pandas() if isinstance(like, pd.DataFrame) else table.combine_chunks()
