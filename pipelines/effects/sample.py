"""Who takes part: never and always treated, periods without controls, incomplete units. All that is dropped is counted.

Nothing is estimated here. The order of the steps follows R did 2.5.1.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.effects.errors import EstimationError
from pipelines.effects.panel_arrays import PanelArrays

DROPPED = (
    "always_treated",  # units treated (or anticipating) in the first period: nothing to compare with
    "not_in_every_period",  # units, balanced=True
    "never_observed",  # units without a single outcome
    "missing_outcome",  # rows, balanced=False or "pairs"
    "period_without_controls",  # periods from which on no untreated unit is left
)


@dataclass(frozen=True, eq=False)
class Sample:
    """The panel that is estimated. layout: "panel", "pairs" or "cross_sections"; dropped: a count for every rule."""

    panel: PanelArrays
    cohorts: tuple[float, ...]
    layout: str
    dropped: dict[str, int]


def choose_sample(panel: PanelArrays, missing_outcomes: int, control: str, anticipation: int, balanced) -> Sample:
    """The units, periods and cohorts that take part.

    Raises EstimationError if no control, no treated cohort, or only one treated unit is left.
    """
    dropped = dict.fromkeys(DROPPED, 0) | {"missing_outcome": missing_outcomes}
    if not panel.observed.any():
        raise EstimationError(f"outcome column '{panel.names.outcome}' is missing in all rows")
    panel = _drop(panel, panel.observed.any(axis=0), "never_observed", dropped)
    panel = count_late_cohorts_as_never(panel, anticipation)
    panel = drop_periods_without_controls(panel, control, anticipation, dropped)
    first = panel.periods[0] + anticipation
    no_zeros = not (panel.cohort == 0).any()
    panel = _drop(panel, panel.cohort > first, "always_treated", dropped)
    if balanced is True:
        panel = _drop(panel, panel.observed.all(axis=0), "not_in_every_period", dropped)
        if not panel.n_units:
            raise EstimationError("no unit is observed in every period; use balanced=False or balanced='pairs'")
        panel = drop_periods_without_controls(panel, control, anticipation, dropped)
    cohorts = treated_cohorts(panel, anticipation)
    _check(panel, cohorts, no_zeros)
    complete = bool(panel.observed.all())
    layout = "panel" if balanced is True or complete else "pairs" if balanced == "pairs" else "cross_sections"
    return Sample(panel, cohorts, layout, dropped)


def count_late_cohorts_as_never(panel: PanelArrays, anticipation: int) -> PanelArrays:
    """Cohorts treated after the last period plus the anticipation are never treated within the data."""
    late = panel.cohort > panel.periods[-1] + anticipation
    return replace(panel, cohort=np.where(late, np.inf, panel.cohort))


def drop_periods_without_controls(panel: PanelArrays, control: str, anticipation: int, dropped) -> PanelArrays:
    """Without never-treated units, periods end when the last cohort, the last control, is treated (or anticipates)."""
    if np.isinf(panel.cohort).any():
        return panel
    if control == "never":
        raise EstimationError("no unit is never treated (cohort missing); use control='not_yet'")
    keep = panel.periods < panel.cohort.max() - anticipation
    if not keep.any():
        raise EstimationError("no period lies before the last cohort's treatment, so there is no control")
    dropped["period_without_controls"] += int((~keep).sum())
    return _drop(panel.keep_periods(keep), panel.observed[keep].any(axis=0), "never_observed", dropped)


def treated_cohorts(panel: PanelArrays, anticipation: int) -> tuple[float, ...]:
    """Cohorts with an effect to estimate; the last cohort only serves as control when nobody is never treated."""
    cohorts = np.unique(panel.cohort[panel.cohort > panel.periods[0] + anticipation])
    return tuple(float(cohort) for cohort in cohorts[:-1])  # the last is inf, or the last cohort


def cohort_mass(panel: PanelArrays, layout: str) -> np.ndarray:
    """(n,) what a unit counts for in its cohort's size: 1, or its weight (first period; its mean if unbalanced)."""
    if panel.weights is None:
        return np.ones(panel.n_units)
    if panel.weights.ndim == 1:
        return panel.weights
    if layout == "panel":
        return panel.weights[0]
    return np.nansum(np.where(panel.observed, panel.weights, 0.0), axis=0) / panel.observed.sum(axis=0)


def _drop(panel: PanelArrays, keep: np.ndarray, rule: str, dropped: dict[str, int]) -> PanelArrays:
    dropped[rule] += int((~keep).sum())
    return panel.keep_units(keep)


def _check(panel: PanelArrays, cohorts: tuple[float, ...], no_zeros: bool) -> None:
    hint = "" if no_zeros else "; never treated is a missing cohort, not 0"
    if not panel.n_units or not len(cohorts):
        raise EstimationError(f"no cohort has both a period before its treatment and controls{hint}")
    treated = int(np.isin(panel.cohort, cohorts).sum())
    if treated == 1:
        raise EstimationError("only one treated unit: its effect has no variance; at least two are needed")
    if len(panel.periods) < 2:
        raise EstimationError("only one period is left; a change needs two")
