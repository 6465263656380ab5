"""att_gt: group-time average treatment effects of staggered difference-in-differences.

Callaway & Sant'Anna (2021), Journal of Econometrics 225(2), Theorem 1; each cell by `doubly_robust` or
`cross_sections`. Aggregation and inference live in `aggregate` and `inference`, reached through the result.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.effects import cross_sections, doubly_robust
from pipelines.effects.cells import Cell, control_units, plan_cells
from pipelines.effects.control_weights import WeightTable, is_table, read_weight_table
from pipelines.effects.covariates import covariates_at, standardise_covariates
from pipelines.effects.errors import EstimationError, NotEstimable
from pipelines.effects.panel_arrays import Columns, PanelArrays, read_panel
from pipelines.effects.results import CellEstimate, GroupTime, group_time
from pipelines.effects.sample import Sample, choose_sample, cohort_mass

ONE_TREATED = "one treated unit: the effect has no variance"


@dataclass(frozen=True)
class Choices:
    """The choices that define the estimand and the estimator; see att_gt."""

    method: str
    control: str
    base_period: str
    anticipation: int
    balanced: bool | str


def att_gt(
    data,
    unit: str,
    period: str,
    cohort: str,
    outcome: str,
    covariates=(),
    method: str = "dr",
    control: str = "never",
    base_period: str = "varying",
    anticipation: int = 0,
    cluster: str | None = None,
    weights=None,
    balanced: bool | str = True,
) -> GroupTime:
    """ATT(g, t) of every cohort g and period t: Callaway & Sant'Anna (2021), Theorem 1.

    data          DataFrame or Arrow table, a row a unit and period, in any order
    unit          its id                       period   numeric; gaps between periods are allowed
    cohort        first treated period; missing (or inf) = never treated, constant within a unit
    outcome       numeric                      covariates  names; taken at the earlier of a cell's two periods
    method        "dr" doubly robust (Sant'Anna & Zhao 2020), "ipw" Hajek inverse probability, "reg" outcome regression
    control       "never" treated, or "not_yet" treated (nor anticipating) in either period of the cell
    base_period   of the cells before treatment: "varying" = the period before, "universal" = the last untouched period
    anticipation  periods before treatment that may be affected: compared as if treated, kept out of the pre-test
    cluster       column, constant within units: ψ is summed by cluster first; no small-sample factor
    weights       a column, or a table with columns cohort, unit, weight: only a cohort's listed controls take part;
                  treated count 1 unless listed; ψ is summed over the original unit across cohorts
    balanced      True: units seen in every period; False: all observations, as repeated cross sections (panel
                  estimators if nothing is missing); "pairs": the units seen in both periods of each cell

    A cell that cannot be estimated stays in the table with a reason. Raises EstimationError (a ValueError) on faulty
    input, naming column and count. Where the papers leave a choice, R did 2.5.1 is followed; see docs/METHODS.md.
    """
    choices = _checked(method, control, base_period, anticipation, balanced)
    if not (weights is None or isinstance(weights, str) or is_table(weights)):
        raise EstimationError("weights must be a column name, or a table with columns cohort, unit, weight")
    names = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    column = None if weights is None or is_table(weights) else weights
    columns = Columns(unit, period, cohort, outcome, names, cluster, column)
    sample = _sample(data, columns, choices)
    table = read_weight_table(weights, sample.panel, control, sample.dropped) if is_table(weights) else None
    cells = plan_cells(sample.panel.periods, sample.cohorts, anticipation, base_period)
    estimates = [None] * len(cells)
    for group in sample.cohorts:
        of_cohort = [index for index, cell in enumerate(cells) if cell.cohort == group]
        _estimate_cohort(sample, choices, table, cells, of_cohort, estimates)
    mass = cohort_mass(sample.panel, sample.layout) if table is None else table.mass(sample.panel)
    return group_time(sample, cells, tuple(estimates), mass)


def _sample(data, columns: Columns, choices: Choices) -> Sample:
    panel, missing = read_panel(data, columns, missing_outcome_allowed=choices.balanced is not True)
    sample = choose_sample(panel, missing, choices.control, choices.anticipation, choices.balanced)
    return replace(sample, panel=standardise_covariates(sample.panel))


def _checked(method, control, base_period, anticipation, balanced) -> Choices:
    for name, value, allowed in (
        ("method", method, ("dr", "ipw", "reg")),
        ("control", control, ("never", "not_yet")),
        ("base_period", base_period, ("varying", "universal")),
        ("balanced", balanced, (True, False, "pairs")),
    ):
        if not any(value is option or (isinstance(value, str) and value == option) for option in allowed):
            raise EstimationError(f"{name} must be one of {', '.join(map(repr, allowed))}")
    if isinstance(anticipation, bool) or not float(anticipation).is_integer() or anticipation < 0:
        raise EstimationError("anticipation must be a whole number of periods, 0 or more")
    return Choices(method, control, base_period, int(anticipation), balanced)


def _estimate_cohort(sample: Sample, choices: Choices, table: WeightTable | None, cells, indices, estimates) -> None:
    """Fills estimates at the cohort's indices. Cells of one design are estimated together; then it is let go."""
    weight = None if table is None else table.of_cohort(sample.panel, cells[indices[0]].cohort)
    designs: dict[tuple, list[int]] = {}
    for index in indices:
        if cells[index].phase == "base":
            estimates[index] = CellEstimate.base(_count_treated(sample.panel, cells[index], weight))
        else:
            designs.setdefault(_design_key(sample, choices, cells[index]), []).append(index)
    estimate = _estimate_sections if sample.layout == "cross_sections" else _estimate_panel
    for shared in designs.values():
        estimate(sample.panel, choices, weight, cells, shared, estimates)


def _design_key(sample: Sample, choices: Choices, cell: Cell) -> tuple:
    """Cells with the same key have the same units, covariates and weights."""
    if sample.layout != "panel":
        return (cell.base, cell.period)
    panel, early = sample.panel, min(cell.base, cell.period)
    varying = any(x.ndim == 2 for x in panel.covariates) or (panel.weights is not None and panel.weights.ndim == 2)
    later = None
    if choices.control == "not_yet":
        controls = panel.periods[max(cell.base, cell.period)] + choices.anticipation
        later = int((np.array(sample.cohorts) > controls).sum())
    return (early if varying else None, later)


def _members(panel: PanelArrays, choices: Choices, cell: Cell, weight) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the treated and of the controls of a cell, whether observed or not."""
    treated = panel.cohort == cell.cohort
    control = control_units(panel.cohort, panel.periods, cell, choices.control, choices.anticipation)
    if weight is not None:
        treated, control = treated & (weight > 0), control & (weight > 0)
    return np.flatnonzero(treated).astype(np.int32), np.flatnonzero(control).astype(np.int32)


def _count_treated(panel: PanelArrays, cell: Cell, weight) -> int:
    treated = (panel.cohort == cell.cohort) & panel.observed[cell.period]
    return int((treated if weight is None else treated & (weight > 0)).sum())


def _estimate_panel(panel: PanelArrays, choices: Choices, weight, cells, shared, estimates) -> None:
    """Cells of one design from the change of each unit between the cell's two periods."""
    first = cells[shared[0]]
    early = min(first.base, first.period)
    seen = panel.observed[first.base] & panel.observed[first.period]
    treated, control = (
        rows[seen[rows] & (_weights_at(panel, weight, early, rows) > 0)]
        for rows in _members(panel, choices, first, weight)
    )
    method = choices.method if panel.covariates else "reg"
    try:
        _require(len(treated), len(control))
        rows = np.concatenate([treated, control])
        x, w = covariates_at(panel, early, rows), _weights_at(panel, weight, early, rows)
        design = doubly_robust.Design(x, w, len(treated))
        for index in shared:
            now, base = panel.outcome[cells[index].period], panel.outcome[cells[index].base]
            change = now[treated] - base[treated], now[control] - base[control]
            found = doubly_robust.METHODS[method](design, *change)
            overlap = (np.nan, 0) if method == "reg" else (design.propensity.highest, design.n_trimmed)
            parts = (treated, found.treated), (control, found.control)
            estimates[index] = _estimate(found.att, parts, *overlap)
    except NotEstimable as refusal:
        for index in shared:
            estimates[index] = CellEstimate.refused(refusal, len(treated), len(control))


def _estimate_sections(panel: PanelArrays, choices: Choices, weight, cells, shared, estimates) -> None:
    """One cell from all observations of its two periods; ψ is summed over each unit's observations."""
    (index,) = shared
    periods = (cells[index].base, cells[index].period) * 2
    members = [rows for rows in _members(panel, choices, cells[index], weight) for _ in range(2)]
    groups = [
        rows[panel.observed[period, rows] & (_weights_at(panel, weight, period, rows) > 0)]
        for rows, period in zip(members, periods, strict=True)
    ]
    treated, control = np.union1d(*groups[:2]), np.union1d(*groups[2:])
    try:
        _require(len(treated), len(control))
        observations = [
            (panel.outcome[at, rows], covariates_at(panel, at, rows), _weights_at(panel, weight, at, rows))
            for rows, at in zip(groups, periods, strict=True)
        ]
        method = choices.method if panel.covariates else "reg"
        found = cross_sections.METHODS[method](cross_sections.stack(observations))
        psi = np.bincount(np.concatenate(groups), weights=found.influence, minlength=panel.n_units)
        highest = np.nan if found.propensity is None else found.propensity.highest
        parts = (treated, psi[treated]), (control, psi[control])
        estimates[index] = _estimate(found.att, parts, highest, found.n_trimmed)
    except NotEstimable as refusal:
        estimates[index] = CellEstimate.refused(refusal, len(treated), len(control))


def _estimate(att: float, parts, highest: float, n_trimmed: int) -> CellEstimate:
    n_treated, n_control = (len(rows) for rows, _ in parts)
    reason = ONE_TREATED if n_treated == 1 else None
    return CellEstimate(att, n_treated, n_control, parts, reason, highest, n_trimmed)


def _require(n_treated: int, n_control: int) -> None:
    if not n_treated:
        raise NotEstimable("no treated unit is observed")
    if not n_control:
        raise NotEstimable("no control is left")


def _weights_at(panel: PanelArrays, of_cohort, period: int, rows: np.ndarray) -> np.ndarray:
    """(rows,) weights from the table's cohort, the column at the period, or 1."""
    if of_cohort is not None:
        return of_cohort[rows]
    if panel.weights is None:
        return np.ones(len(rows))
    return panel.weights[rows] if panel.weights.ndim == 1 else panel.weights[period, rows]
