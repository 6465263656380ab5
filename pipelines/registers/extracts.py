"""Finds and reads register extracts: one file a register and period, column names in any case, the contract's types."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa

from schemas.contract import load

REGISTERS = ("FIRM", "BFL", "BEF", "UDDA")
OPTIONAL = ("LONG_DEMO", "FIKS")     # a home without them runs: nothing is followed, no VAT turnover is told


class RegisterError(ValueError):
    """An extract that is missing or is not what its contract says, in one sentence with names and counts only."""


@dataclass(frozen=True)
class Extract:
    """One file of a register: `month` is None where the register is yearly."""

    path: Path
    register: str
    year: int
    month: int | None

    @property
    def ends(self) -> date:
        """Last day of the period that the file covers."""
        year, month = (self.year, 12) if self.month is None else (self.year, self.month)
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def find_extracts(directory: Path, register: str, as_of: date | None = None) -> list[Extract]:
    """The extracts of one register in period order, up to the as-of date.

    Raises RegisterError when there is none, naming the files that are looked for; when a file is named for a month that
    no year has; and when two files tell of one period, since their rows would count twice.
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


def last_date(directory: Path) -> date:
    """The end of the newest period of the register of firms, which is the default as-of date."""
    return find_extracts(directory, "FIRM")[-1].ends


def check_extracts(directory: Path, as_of: date | None = None) -> None:
    """Look at the columns of every extract of every register that a run up to `as_of` would read; nothing is computed.

    Raises RegisterError as `find_extracts` and `read_extracts` do.
    """
    con = ibis.duckdb.connect()
    optional = (register for register in OPTIONAL if has_extracts(directory, register, as_of))
    for register in (*REGISTERS, *optional):
        read_extracts(con, directory, register, as_of)


def read_extracts(con: ibis.BaseBackend, directory: Path, register: str, as_of: date | None = None) -> ibis.Table:
    """All periods of one register under each other, with the contract's column names and types, and `year` and `month`.

    Raises RegisterError naming file and columns when a file cannot be read, or a column is missing or cannot have the
    contract's type.
    """
    return read_periods(con, find_extracts(directory, register, as_of))


def read_periods(con: ibis.BaseBackend, extracts: Sequence[Extract]) -> ibis.Table:
    """As `read_extracts`, of these extracts of one register."""
    parts = [_read_extract(con, extract) for extract in extracts]
    return parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=False)


def _known_extracts(directory: Path, register: str, as_of: date | None) -> tuple[list[Extract], bool]:
    """The extracts known by the as-of date in period order, and whether there are others."""
    pattern = re.compile(rf"{register}(\d{{4}})(\d{{2}})?\.parquet", re.IGNORECASE)
    found = []
    for path in sorted(directory.iterdir()) if directory.is_dir() else []:
        match = pattern.fullmatch(path.name)
        if match and match[2] and not 1 <= int(match[2]) <= 12:
            raise RegisterError(f"{path.name} is named for a month that no year has: correct the file name")
        if match:
            found.append(Extract(path, register, int(match[1]), int(match[2]) if match[2] else None))
    known = sorted((e for e in found if as_of is None or e.ends <= as_of), key=lambda e: e.ends)
    for one, next_one in pairwise(known):
        if one.ends == next_one.ends:
            raise RegisterError(f"{one.path.name} and {next_one.path.name} tell of the same period: keep one of them")
    return known, len(known) < len(found)


def _read_extract(con: ibis.BaseBackend, extract: Extract) -> ibis.Table:
    contract = load(f"registers.{extract.register}")
    try:
        table = con.read_parquet(str(extract.path))
    except Exception:
        raise RegisterError(f"{extract.path.name} cannot be read as Parquet: copy the extract again") from None
    by_lower = {name.lower(): name for name in table.columns}
    missing = [column.name for column in contract.columns if column.name.lower() not in by_lower]
    if missing:
        raise RegisterError(
            f"{extract.path.name} lacks the column {', '.join(missing)}: ask for it in the extract, or rename it"
        )
    mistyped = [
        column.name for column in contract.columns
        if not _castable(table[by_lower[column.name.lower()]].type(), column.type)
    ]
    if mistyped:
        raise RegisterError(
            f"{extract.path.name} has a column of the wrong kind: {', '.join(mistyped)}; see docs/dictionary.md"
        )
    columns = {
        column.name: table[by_lower[column.name.lower()]].cast(dt.DataType.from_pyarrow(column.type))
        for column in contract.columns
    }
    period = {"year": ibis.literal(extract.year, "int32"), "month": ibis.literal(extract.month or 12, "int32")}
    return table.select(**columns, **period)


def _castable(found: dt.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_string(wanted):
        return found.is_string()
    if pa.types.is_date(wanted):
        return found.is_date() or found.is_timestamp()
    return found.is_numeric()
