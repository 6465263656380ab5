"""Which register extracts there are: one file a register, period and publication, found by name. No file is opened here.

`FIRM2010.parquet` lies in the directory of registers, or in a directory named for the day on which it was published
(`2011-10-31/FIRM2010.parquet`): a file without such a day is the oldest of its period.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from schemas.contract import codes

REGISTERS = ("FIRM", "BFL", "BEF", "UDDA")
OPTIONAL = ("LONG_DEMO", "FIKS", "AKM", "DREAM")     # a home without them runs: nothing is followed, no VAT turnover told
WHOLE = ("DREAM",)                   # every file of these tells of all periods before, too: only the newest is read
ENDINGS = ("parquet", "sas7bdat", "xpt")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class RegisterError(ValueError):
    """An extract that is missing or is not what its contract says, in one sentence with names and counts only."""


@dataclass(frozen=True)
class Extract:
    """One file of a register. `month` is None where the register is yearly, `published` where no directory says it."""

    path: Path
    register: str
    year: int
    month: int | None
    published: date | None = None

    @property
    def name(self) -> str:
        """The file below the directory of registers."""
        return f"{self.published}/{self.path.name}" if self.published else self.path.name

    @property
    def directory(self) -> Path:
        """The directory of registers that it lies in, by itself or in a day of publication."""
        return self.path.parent.parent if self.published else self.path.parent

    @property
    def period(self) -> str:
        """YYYY or YYYYMM, as the file is named."""
        return f"{self.year}" if self.month is None else f"{self.year}{self.month:02d}"

    @property
    def ends(self) -> date:
        """Last day of the period that the file covers."""
        year, month = (self.year, 12) if self.month is None else (self.year, self.month)
        return _last_day(year, month)

    @property
    def known_from(self) -> date:
        """The day of publication, or where no one says it the last day of the period."""
        return self.published or self.ends

    @property
    def preliminary(self) -> bool | None:
        """Whether it was published before the register's figures are final (code table `publications`); None: unknown."""
        months = _final_months().get(self.register)
        if months is None or self.published is None:
            return None
        reached = self.ends.year * 12 + self.ends.month - 1 + months
        return self.published < _last_day(reached // 12, reached % 12 + 1)


def find_extracts(directory: Path, register: str, as_of: date | None = None) -> list[Extract]:
    """The extracts of one register in period order: for each period the newest publication known at the as-of date.

    Raises RegisterError when there is none, naming the files that are looked for; when a file is named for a month that
    no year has, or lies in a directory that no day names; and when two files tell of one period in one publication,
    since nobody could say which of them holds.
    """
    known, later = _known_extracts(directory, register, as_of)
    if not known:
        until = f" for a period that ends by {as_of}" if later else ""
        raise RegisterError(
            f"register {register} is missing{until}: no file {register}<year>.parquet or "
            f"{register}<year><month>.parquet in {directory}; copy the extracts there, or make synthetic ones with: "
            "effekt world --scale sample"
        )
    return known


def has_extracts(directory: Path, register: str, as_of: date | None = None) -> bool:
    """Whether an optional register has an extract that was known by the as-of date; raises as `find_extracts` does."""
    return bool(_known_extracts(directory, register, as_of)[0])


def chosen_extracts(directory: Path, as_of: date | None = None) -> list[Extract]:
    """Every extract that a run up to `as_of` reads, register by register; raises as `find_extracts` does."""
    optional = (register for register in OPTIONAL if has_extracts(directory, register, as_of))
    return [extract for register in (*REGISTERS, *optional) for extract in find_extracts(directory, register, as_of)]


def last_date(directory: Path) -> date:
    """The default as-of date: the end of the newest period of the register of firms, or a later day of publication."""
    newest = [find_extracts(directory, "FIRM")[-1].ends]
    for register in (*REGISTERS, *OPTIONAL):
        newest += [one.published for one in _known_extracts(directory, register, None)[0] if one.published]
    return max(newest)


def _known_extracts(directory: Path, register: str, as_of: date | None) -> tuple[list[Extract], bool]:
    """The newest extract of each period known by the as-of date, in period order, and whether there are later ones."""
    found = sorted(_all_extracts(directory, register), key=lambda one: (one.ends, one.published or date.min))
    for one, next_one in pairwise(found):
        if (one.ends, one.published) == (next_one.ends, next_one.published):
            raise RegisterError(f"{one.name} and {next_one.name} tell of the same period: keep one of them")
    known = [one for one in found if as_of is None or one.known_from <= as_of]
    newest = list({one.ends: one for one in known}.values())
    return newest[-1:] if register in WHOLE else newest, len(known) < len(found)


def _all_extracts(directory: Path, register: str) -> list[Extract]:
    """Files of the register in the directory and in those below it that are named for a day."""
    pattern = re.compile(rf"{register}(\d{{4}})(\d{{2}})?\.({'|'.join(ENDINGS)})", re.IGNORECASE)
    found = []
    for place in sorted(directory.iterdir()) if directory.is_dir() else []:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            match = pattern.fullmatch(path.name)
            if match:
                published = _published(place) if place.is_dir() else None
                found.append(_extract(path, register, match, published))
    return found


def _extract(path: Path, register: str, match: re.Match, published: date | None) -> Extract:
    if match[2] and not 1 <= int(match[2]) <= 12:
        raise RegisterError(f"{path.name} is named for a month that no year has: correct the file name")
    if published and published.year < int(match[1]):
        raise RegisterError(f"{published}/{path.name} was published before its year began: correct the directory's name")
    return Extract(path, register, int(match[1]), int(match[2]) if match[2] else None, published)


def _published(directory: Path) -> date:
    """The day that a directory is named for."""
    try:
        if DAY.fullmatch(directory.name):
            return date.fromisoformat(directory.name)
    except ValueError:
        pass
    raise RegisterError(
        f"{directory.name}/ holds register extracts and is not named for the day of their publication: name it YYYY-MM-DD"
    )


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _final_months() -> dict[str, int]:
    """Months after the period's end from which a register's publication is final."""
    table = codes("publications").to_pydict()
    return {name: int(months) for name, months in zip(table["register"], table["final_from_months"], strict=True)}
