"""Reads extracts under their contracts: column names in any case, the contract's types. Which there are is `extracts`."""

import glob
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.registers.extracts import Extract, RegisterError, find_extracts
from pipelines.registers.sas import parquet_of
from schemas.contract import load


def read_extracts(con: ibis.BaseBackend, directory: Path, register: str, as_of: date | None = None) -> ibis.Table:
    """All periods of one register under each other, with the contract's column names and types, and `year` and `month`.

    Of each period the newest publication known at `as_of`. Raises RegisterError as `find_extracts`, and naming file and
    columns when a file cannot be read, or a column is missing, is there twice or cannot have the contract's type.
    """
    return read_periods(con, find_extracts(directory, register, as_of))


def read_periods(con: ibis.BaseBackend, extracts: Sequence[Extract]) -> ibis.Table:
    """As `read_extracts`, of these extracts of one register."""
    parts = [read_extract(con, extract) for extract in extracts]
    return parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=False)


def read_extract(con: ibis.BaseBackend, extract: Extract) -> ibis.Table:
    """One extract, lazily, as `read_extracts` gives them."""
    path = parquet_of(extract)
    spelled = spelled_columns(extract, path)
    table = con.read_parquet(glob.escape(str(path)))
    columns = {
        column.name: table[spelled[column.name]].cast(dt.DataType.from_pyarrow(column.type))
        for column in load(f"registers.{extract.register}").columns
    }
    period = {"year": ibis.literal(extract.year, "int32"), "month": ibis.literal(extract.month or 12, "int32")}
    return table.select(**columns, **period)


def spelled_columns(extract: Extract, path: Path) -> dict[str, str]:
    """The columns of the register's contract, each with its name in the file; raises as `read_extracts` does."""
    contract = load(f"registers.{extract.register}")
    schema = file_schema(extract, path)
    lower = [name.lower() for name in schema.names]
    asked = {column.name: column.name.lower() for column in contract.columns}
    for problem, words, mend in (
        (lambda name: name not in lower, "lacks the column", "ask for it in the extract, or rename it"),
        (lambda name: lower.count(name) > 1, "has more than one column", "keep one of them"),
    ):
        found = [name for name, spelled in asked.items() if problem(spelled)]
        if found:
            raise RegisterError(f"{extract.name} {words} {', '.join(found)}: {mend}")
    places = {name: lower.index(spelled) for name, spelled in asked.items()}
    mistyped = [column.name for column in contract.columns if not _castable(schema.types[places[column.name]], column.type)]
    if mistyped:
        raise RegisterError(f"{extract.name} has a column of the wrong kind: {', '.join(mistyped)}; see docs/dictionary.md")
    return {name: schema.names[place] for name, place in places.items()}


def file_schema(extract: Extract, path: Path) -> pa.Schema:
    """Names and types in the file; RegisterError where its end, which says so, cannot be read."""
    try:
        return pq.read_schema(path)
    except Exception:                # a damaged end breaks in any way; its text would show what stands in the file
        raise damaged(extract) from None


def damaged(extract: Extract) -> RegisterError:
    return RegisterError(f"{extract.name} cannot be read as Parquet: copy the extract again")


def _castable(found: pa.DataType, wanted: pa.DataType) -> bool:
    types = pa.types
    found = found.value_type if types.is_dictionary(found) else found
    if types.is_string(wanted):
        return types.is_string(found) or types.is_large_string(found) or types.is_string_view(found)
    if types.is_date(wanted):
        return types.is_date(found) or types.is_timestamp(found)
    return types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)
