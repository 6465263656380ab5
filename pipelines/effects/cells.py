"""The grid of cells (cohort, period): which period each is compared with, and who may be a control in it.

Callaway & Sant'Anna (2021), Assumptions 3-5 and Theorem 1: with anticipation δ, every period from g − δ on is
compared with the last period before g − δ; before that, a period is compared with the one before it ("varying") or with
that same base ("universal"). Nothing is estimated here.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cell:
    """cohort g; period and base: positions among the periods; phase: "pre", "anticipation", "post" or "base"."""

    cohort: float
    period: int
    base: int
    phase: str


def plan_cells(periods: np.ndarray, cohorts, anticipation: int, base_period: str) -> tuple[Cell, ...]:
    """All cells of the cohorts, by cohort and period. periods (T,) sorted; gaps between them are allowed."""
    first = 0 if base_period == "universal" else 1
    return tuple(
        _cell(periods, cohort, period, anticipation, base_period)
        for cohort in cohorts
        for period in range(first, len(periods))
    )


def control_units(cohort_of_unit, periods, cell: Cell, control: str, anticipation: int) -> np.ndarray:
    """(n,) bool: never treated, or (not_yet) neither treated nor anticipating in both periods of the cell."""
    if control == "never":
        return np.isinf(cohort_of_unit)
    later = periods[max(cell.period, cell.base)] + anticipation
    return (cohort_of_unit > later) & (cohort_of_unit != cell.cohort)


def _cell(periods, cohort: float, period: int, anticipation: int, base_period: str) -> Cell:
    untouched = int(np.flatnonzero(periods + anticipation < cohort)[-1])
    affected = periods[period] >= cohort - anticipation
    base = untouched if affected or base_period == "universal" else period - 1
    if base == period:
        phase = "base"
    elif periods[period] >= cohort:
        phase = "post"
    else:
        phase = "anticipation" if affected else "pre"
    return Cell(cohort, period, base, phase)
