"""Estimates of all cells: who takes part in a cell, what cells can share, and which estimator sees them.

The estimators themselves are in `doubly_robust` (changes of units) and `cross_sections` (all observations).
"""

from dataclasses import dataclass, field

import numpy as np

from pipelines.effects import cross_sections, doubly_robust
from pipelines.effects.cells import Cell, control_units
from pipelines.effects.control_weights import WeightTable
from pipelines.effects.covariates import covariates_at
from pipelines.effects.errors import NotEstimable
from pipelines.effects.panel_arrays import PanelArrays
from pipelines.effects.results import CellEstimate
from pipelines.effects.sample import Sample

ONE_TREATED = "one treated unit: the effect has no variance"


@dataclass(frozen=True)
class Choices:
    """The choices that define the estimand and the estimator; see att_gt."""

    method: str
    control: str
    base_period: str
    anticipation: int
    balanced: bool | str


@dataclass(frozen=True, eq=False)
class Setting:
    """What is the same for all cells. positions: rows already held by an estimate, so that equal ones are held once."""

    sample: Sample
    choices: Choices
    table: WeightTable | None
    positions: dict[tuple, np.ndarray] = field(default_factory=dict)

    @property
    def panel(self) -> PanelArrays:
        return self.sample.panel

    @property
    def method(self) -> str:
        """Without covariates the three methods are one."""
        return self.choices.method if self.panel.covariates else "reg"


def estimate_cells(setting: Setting, cells: tuple[Cell, ...]) -> tuple[CellEstimate, ...]:
    """One estimate a cell, in the order of cells; a cell that cannot be estimated has a reason in its place."""
    estimates: dict[Cell, CellEstimate] = {}
    for cohort in setting.sample.cohorts:
        weight = None if setting.table is None else setting.table.of_cohort(setting.panel, cohort)
        estimates |= _estimate_cohort(setting, weight, [cell for cell in cells if cell.cohort == cohort])
    return tuple(estimates[cell] for cell in cells)


def _estimate_cohort(setting: Setting, weight, cells: list[Cell]) -> dict[Cell, CellEstimate]:
    """Cells of one design are estimated together, and then it is let go."""
    found, designs, start = {}, {}, None
    for cell in cells:
        if cell.phase == "base":
            found[cell] = CellEstimate.base(_count_treated(setting.panel, cell, weight))
        else:
            designs.setdefault(_design_key(setting, cell), []).append(cell)
    for shared in designs.values():
        if setting.sample.layout == "cross_sections":
            found |= {cell: _estimate_sections(setting, weight, cell) for cell in shared}
        else:
            estimates, start = _estimate_panel(setting, weight, shared, start)
            found |= estimates
    return found


def _design_key(setting: Setting, cell: Cell) -> tuple:
    """Cells with the same key have the same units, covariates and weights."""
    if setting.sample.layout != "panel":
        return (cell.base, cell.period)
    panel, early = setting.panel, min(cell.base, cell.period)
    varying = any(x.ndim == 2 for x in panel.covariates) or (panel.weights is not None and panel.weights.ndim == 2)
    later = None
    if setting.choices.control == "not_yet":
        last_affected = panel.periods[max(cell.base, cell.period)] + setting.choices.anticipation
        later = int((np.array(setting.sample.cohorts) > last_affected).sum())
    return (early if varying else None, later)


def _members(setting: Setting, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the treated and of the controls of a cell, whether observed or not, whatever their weight."""
    panel, choices = setting.panel, setting.choices
    control = control_units(panel.cohort, panel.periods, cell, choices.control, choices.anticipation)
    return np.flatnonzero(panel.cohort == cell.cohort).astype(np.int32), np.flatnonzero(control).astype(np.int32)


def _count_treated(panel: PanelArrays, cell: Cell, weight) -> int:
    treated = (panel.cohort == cell.cohort) & panel.observed[cell.period]
    return int((treated if weight is None else treated & (weight > 0)).sum())


def _estimate_panel(setting: Setting, weight, shared: list[Cell], start) -> tuple[dict[Cell, CellEstimate], np.ndarray]:
    """Cells of one design, from the change of each unit between the cell's two periods.

    Second, the propensity's coefficients: a good start for the cohort's next design (the maximum is the same from any).
    """
    panel, method = setting.panel, doubly_robust.METHODS[setting.method]
    periods = sorted((shared[0].base, shared[0].period))
    treated, control = (_seen(setting, weight, rows, periods) for rows in _members(setting, shared[0]))
    found = {}
    try:
        _require(treated, control)
        rows = np.concatenate([treated, control])
        x, w = covariates_at(panel, periods[0], rows), _weights_at(panel, weight, periods[0], rows)
        design = doubly_robust.Design(x, w, len(treated), start)
        for cell in shared:
            now, base = panel.outcome[cell.period], panel.outcome[cell.base]
            estimate = method(design, now[treated] - base[treated], now[control] - base[control])
            overlap = (np.nan, 0) if setting.method == "reg" else (design.propensity.highest, design.n_trimmed)
            found[cell] = _estimate(estimate.att, (treated, estimate.treated), (control, estimate.control), *overlap)
        return found, None if setting.method == "reg" else design.propensity.coefficient
    except NotEstimable as refusal:
        return dict.fromkeys(shared, CellEstimate.refused(refusal, len(treated), len(control))), None


def _estimate_sections(setting: Setting, weight, cell: Cell) -> CellEstimate:
    """One cell from all observations of its two periods; ψ is summed over each unit's observations."""
    panel, periods = setting.panel, (cell.base, cell.period)
    groups = [_seen(setting, weight, rows, (period,)) for rows in _members(setting, cell) for period in periods]
    treated, control = np.union1d(*groups[:2]), np.union1d(*groups[2:])
    try:
        _require(treated, control)
        observations = [
            (panel.outcome[at, rows], covariates_at(panel, at, rows), _weights_at(panel, weight, at, rows))
            for rows, at in zip(groups, periods * 2, strict=True)
        ]
        found = cross_sections.METHODS[setting.method](cross_sections.stack(observations))
        psi = np.bincount(np.concatenate(groups), weights=found.influence, minlength=panel.n_units)
        highest = np.nan if found.propensity is None else found.propensity.highest
        return _estimate(found.att, (treated, psi[treated]), (control, psi[control]), highest, found.n_trimmed)
    except NotEstimable as refusal:
        return CellEstimate.refused(refusal, len(treated), len(control))


def _estimate(att: float, treated: tuple, control: tuple, highest: float, n_trimmed: int) -> CellEstimate:
    n_treated, n_control = len(treated[0]), len(control[0])
    reason = ONE_TREATED if n_treated == 1 else None
    return CellEstimate(att, n_treated, n_control, (treated, control), reason, highest, n_trimmed)


def _seen(setting: Setting, weight, rows: np.ndarray, periods) -> np.ndarray:
    """The rows observed in all the periods, with a positive weight in the first of them."""
    panel = setting.panel
    keep = _weights_at(panel, weight, periods[0], rows) > 0
    for period in periods:
        keep &= panel.observed[period, rows]
    rows = rows if keep.all() else rows[keep]
    if not len(rows):
        return rows
    key = (len(rows), int(rows[0]), int(rows[-1]))
    known = setting.positions.setdefault(key, rows)
    return known if np.array_equal(known, rows) else rows


def _require(treated: np.ndarray, control: np.ndarray) -> None:
    if not len(treated):
        raise NotEstimable("no treated unit is observed")
    if not len(control):
        raise NotEstimable("no control is left")


def _weights_at(panel: PanelArrays, of_cohort, period: int, rows: np.ndarray) -> np.ndarray:
    """(rows,) weights from the table's cohort, the column at the period, or 1."""
    if of_cohort is not None:
        return of_cohort[rows]
    if panel.weights is None:
        return np.ones(len(rows))
    return panel.weights[rows] if panel.weights.ndim == 1 else panel.weights[period, rows]
