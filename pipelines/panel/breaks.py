"""Breaks in series: which outcomes are counted in another way before a year than from it on, and which cohorts see it.

The years and their reasons are the code table `breaks`. What is concluded from a break belongs to the effects.
"""

import ibis

REFERENCE, HEADLINE = -1, 2          # event times in years between which a company's headline compares


def crossed_breaks(cohorts: ibis.Table, breaks: ibis.Table, first: int = REFERENCE, last: int = HEADLINE) -> ibis.Table:
    """cohort, outcome, break_year, register: each outcome whose window `first` … `last` around a cohort crosses a break.

    `cohorts` has cohort (a year; a person's quarter is period // 4), `breaks` is the code table (year, register,
    outcomes: words). A break in the window's first year is not crossed: the whole window lies after it.
    """
    told = breaks.filter(breaks.outcomes.notnull())
    told = told.select("register", break_year=told.year.cast("int32"), outcome=told.outcomes.split(" ").unnest())
    met = cohorts.select("cohort").distinct().cross_join(told)
    inside = met.filter(met.break_year > met.cohort + first, met.break_year <= met.cohort + last)
    return inside.select("cohort", "outcome", "break_year", "register")


def add_crosses_break(cohorts: ibis.Table, breaks: ibis.Table, outcome: str = "fte") -> ibis.Table:
    """Adds crosses_break: whether the outcome's headline window around the cohort crosses a break in its series."""
    met = crossed_breaks(cohorts, breaks)
    years = met.filter(met.outcome == outcome).select(crossed="cohort").distinct()
    rows = cohorts.left_join(years, cohorts.cohort == years.crossed)
    return rows.mutate(crosses_break=rows.crossed.notnull()).drop("crossed")
