"""DREAM's weeks: which ISO week a column `Y_YYWW` is, and from when to when an extract covers them.

What a week's code means, and what persons are measured by, belongs to the stages.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WEEK = timedelta(weeks=1)
WEEK_COLUMN = re.compile(r"y_(\d{2})(\d{2})", re.IGNORECASE)
FIRST_YEAR = 91                      # 91 is 1991, 90 would be 2090


@dataclass(frozen=True)
class Coverage:
    """The first and the last ISO week that DREAM covers, each by its Monday. ValueError when they are no such weeks."""

    first: date
    last: date

    def __post_init__(self):
        if self.first.weekday() or self.last.weekday() or self.first > self.last:
            raise ValueError("DREAM's coverage is two Mondays, the earlier first: take it from dream_coverage")

    @property
    def ends(self) -> date:
        """The Sunday of the last week."""
        return self.last + timedelta(days=6)


def dream_coverage(names: Iterable[str]) -> Coverage:
    """The weeks that the columns `Y_YYWW` of a DREAM extract cover; raises as `week_columns`."""
    mondays = list(week_columns(names).values())
    return Coverage(mondays[0], mondays[-1])


def week_columns(names: Iterable[str]) -> dict[str, date]:
    """The columns `Y_YYWW` among the names, in any case, each with the Monday of its ISO week, in the order of weeks.

    Raises ValueError when there is none, when a column names a week that its year does not have, when two columns name
    one week, and when a week between the first and the last has no column: it would read as a week without benefits.
    """
    found = sorted((_monday_of(match), match[0]) for match in map(WEEK_COLUMN.fullmatch, names) if match)
    if not found:
        raise ValueError("DREAM has no week column: expected columns such as Y_0801, one an ISO week")
    for (one, name), (following, next_name) in pairwise(found):
        if following == one:
            raise ValueError(f"DREAM columns {name} and {next_name} name the same week: keep one of them")
        if following != one + WEEK:
            raise ValueError(f"DREAM lacks the weeks between columns {name} and {next_name}: read them too")
    return {name: monday for monday, name in found}


def _monday_of(match: re.Match) -> date:
    short, week = int(match[1]), int(match[2])
    try:
        return date.fromisocalendar(1900 + short if short >= FIRST_YEAR else 2000 + short, week, 1)
    except ValueError:
        raise ValueError(f"DREAM column {match[0]} names a week that its year does not have: correct it") from None
