"""How large the full-size Denmark is, and which files it consists of. How a row is drawn belongs to the writers."""

from dataclasses import dataclass

FIRST_FIRM_YEAR, LAST_FIRM_YEAR = 2000, 2022
FIRST_BFL_YEAR, LAST_PERSON_YEAR = 2008, 2025
FIRST_UDDA_YEAR = 2007

FIRMS = dict(zip(range(FIRST_FIRM_YEAR, LAST_FIRM_YEAR + 1), (      # rows of FIRM, thousands; 16.2 M in all
    520, 544, 567, 591, 616, 645, 682, 718, 722, 706, 703, 706, 707, 710, 716, 727, 742, 757, 772, 785, 799, 812, 900,
), strict=True))
JOBS = dict(zip(range(FIRST_FIRM_YEAR, LAST_PERSON_YEAR + 1), (     # job-months a year, 100,000s; from 2008 the rows of BFL
    347, 349, 349, 347, 348, 351, 358, 366, 369, 354, 350, 351, 350, 351, 355, 360, 366, 372, 377, 381, 377, 385, 400,
    407, 410, 415,
), strict=True))
BEF_ROWS, UDDA_ROWS = 6_000_000, 5_500_000

LINES = 3_560_000                    # persons of 18–67 at any time: a line is handed on from generation to generation
SLOTS = 4_200_000                    # jobs that there could be at once; 70–83 per cent of them are filled
PRIVATE_EMPLOYERS = 205_000
UNKNOWN_EMPLOYER_SLOTS = 12_000      # jobs whose employer's number is missing
LARGEST_PRIVATE = 25_000
REGION_SLOTS, STATE_BODIES, STATE_SLOTS = 34_000, 150, 1_400
TOWN_SLOTS = 4_300                   # of a municipality of weight 1; `TOWN_WEIGHTS` has the large ones
TOWN_WEIGHTS = {"101": 10, "751": 6, "461": 4, "851": 4}
ROWS_A_GROUP = 1_000_000             # of BFL in a year: what is held in memory at once


class PeriodError(ValueError):
    """A part of the full-size Denmark that does not exist, or a home that cannot hold it, in one sentence."""


@dataclass(frozen=True)
class Period:
    """One file: a register's extract of a year, or of the month that ends a quarter. `rows` is what it will hold, about."""

    register: str
    year: int
    month: int | None
    rows: int

    @property
    def name(self) -> str:
        """`BFL201012`, as the file is called without its ending."""
        return f"{self.register}{self.year}" + (f"{self.month:02d}" if self.month else "")


@dataclass(frozen=True)
class Size:
    """A share of Denmark: `groups` of lines (persons) and slots (jobs) that change hands among themselves only."""

    share: float
    groups: int
    lines: int                       # in a group
    private: int                     # private firms that can have staff

    def of(self, count: int) -> int:
        """The share of a count, one at least."""
        return max(1, round(count * self.share))


def size_of(share: float) -> Size:
    """The size of a share of Denmark, 1 for all of it. PeriodError unless 0 < share ≤ 1."""
    if not 0 < share <= 1:
        raise PeriodError("a share of Denmark is above 0 and at most 1")
    groups = max(2, round(max(JOBS.values()) * 100_000 * share / ROWS_A_GROUP))
    return Size(share, groups, max(8, round(LINES * share / groups)), max(20, round(PRIVATE_EMPLOYERS * share)))


def all_periods() -> list[Period]:
    """Every file of the full-size Denmark, register by register in order of time."""
    people = range(FIRST_BFL_YEAR, LAST_PERSON_YEAR + 1)
    return [
        *(Period("FIRM", year, None, thousands * 1000) for year, thousands in FIRMS.items()),
        *(Period("BFL", year, 12, JOBS[year] * 100_000) for year in people),
        *(Period("BEF", year, month, BEF_ROWS) for year in people for month in (3, 6, 9, 12)),
        *(Period("UDDA", year, 9, UDDA_ROWS) for year in range(FIRST_UDDA_YEAR, LAST_PERSON_YEAR + 1)),
    ]


def periods_named(only: str | None) -> list[Period]:
    """The files whose names begin with one of the words: `BFL,FIRM2010,BEF201003`. None names all.

    Raises PeriodError for a word with which no file's name begins.
    """
    every = all_periods()
    if only is None:
        return every
    words = [word.strip().upper() for word in only.split(",")]
    unknown = [word for word in words if not word or not any(period.name.startswith(word) for period in every)]
    if unknown:
        raise PeriodError(
            f"no file of the full-size Denmark is called {unknown[0] or 'nothing'}…: name registers, or registers with "
            "a year, such as BFL2010 or BEF201003, with commas between"
        )
    return [period for period in every if period.name.startswith(tuple(words))]
