"""att_gt: group-time average treatment effects of staggered difference-in-differences.

Callaway & Sant'Anna (2021), Journal of Econometrics 225(2), Theorem 1. Cells are estimated in `cell_estimates`;
aggregation and inference live in `aggregate` and `inference`, reached through the result.
"""

from dataclasses import replace

from pipelines.effects.cell_estimates import Choices, Setting, estimate_cells
from pipelines.effects.cells import plan_cells
from pipelines.effects.control_weights import is_table, read_weight_table
from pipelines.effects.covariates import standardise_covariates
from pipelines.effects.errors import EstimationError
from pipelines.effects.panel_arrays import Columns, read_panel
from pipelines.effects.results import GroupTime, group_time
from pipelines.effects.sample import Sample, choose_sample, cohort_mass


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
    estimates = estimate_cells(Setting(sample, choices, table), cells)
    mass = cohort_mass(sample.panel, sample.layout) if table is None else table.mass(sample.panel)
    return group_time(sample, cells, estimates, mass)


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
