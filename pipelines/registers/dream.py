"""DREAM's week columns as spells: one pass over the wide rows, whatever their number, in the order of the file.

What a code means is `benefit_codes`; what a spell does to an outcome is the panel's.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.registers.extracts import Extract, RegisterError, find_extracts
from pipelines.registers.reading import damaged, file_schema, spelled_columns
from pipelines.registers.sas import parquet_of
from pipelines.weeks import week_columns
from schemas.contract import load

PERSONS = 16_384                     # rows at a time: some 60 MB of codes
EPOCH = date(1970, 1, 1)


def benefit_spells(directory: Path, as_of: date | None = None) -> pa.RecordBatchReader:
    """`register.benefit` from the newest DREAM known at `as_of`: person, first_week, last_week (Mondays), code.

    One row an unbroken run of weeks with one code, by person in the order of the file and then by week. A code is text
    without blanks around it, or a whole number; a blank week is in no spell. Raises RegisterError as `read_extracts`,
    and where weeks are missing between two columns.
    """
    (extract,) = find_extracts(directory, "DREAM", as_of)
    path = parquet_of(extract)
    person = spelled_columns(extract, path)["PNR"]
    weeks = week_names(extract, path)
    schema = load("register.benefit").arrow_schema()
    return pa.RecordBatchReader.from_batches(schema, _spells(extract, path, person, weeks, schema))


def week_names(extract: Extract, path: Path) -> dict[str, date]:
    """The week columns as the file spells them, in the order of weeks, each with its Monday."""
    schema = file_schema(extract, path)
    try:
        weeks = week_columns(schema.names)
    except ValueError as error:
        raise RegisterError(f"{extract.name}: {error}") from None
    mistyped = [name for name in weeks if not _holds_codes(schema.field(name).type)]
    if mistyped:
        raise RegisterError(
            f"{extract.name} has {len(mistyped)} week columns of the wrong kind, the first is {mistyped[0]}: codes are text "
            "or whole numbers"
        )
    return weeks


def _spells(extract: Extract, path: Path, person: str, weeks: dict[str, date], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    first = (next(iter(weeks.values())) - EPOCH).days
    listed = {"": 0}                 # every code that was met, by its place; 0 is blank
    try:
        with pq.ParquetFile(path, read_dictionary=list(weeks), page_checksum_verification=True) as file:
            for batch in file.iter_batches(PERSONS, columns=[person, *weeks]):
                codes = np.zeros((len(weeks) + 2, batch.num_rows), dtype=np.int16)
                for place, name in enumerate(weeks, start=1):
                    codes[place] = _places(batch.column(name), listed)
                who, start, end, code = _runs(codes)
                texts = pa.array(list(listed), pa.string())
                columns = [
                    batch.column(person).cast(pa.string()).take(pa.array(who)),
                    pa.array((first + 7 * start).astype(np.int32)).cast(pa.date32()),
                    pa.array((first + 7 * end).astype(np.int32)).cast(pa.date32()),
                    texts.take(pa.array(code)),
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
    except (pa.ArrowException, OSError):
        raise damaged(extract) from None


def _runs(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, first and last week (0 is the first of all) and code of every run, from (weeks + 2, rows) with blank edges."""
    changed = codes[1:] != codes[:-1]
    week, row = np.nonzero(changed & (codes[1:] != 0))
    over, whose = np.nonzero(changed & (codes[:-1] != 0))
    order, ends = np.argsort(row, kind="stable"), np.argsort(whose, kind="stable")       # weeks are in order already
    week, row = week[order], row[order]
    return row, week, over[ends] - 1, codes[week + 1, row]


def _places(column: pa.Array, listed: dict[str, int]) -> np.ndarray:
    """(rows,) the place of each row's code in `listed`, which grows by codes that are new."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    found = [_text(value) for value in column.dictionary.to_pylist()]
    places = np.array([listed.setdefault(text, len(listed)) for text in found] + [0], dtype=np.int16)
    return places[column.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]


def _text(value: str | float | None) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value.strip()
    if value != int(value):
        raise RegisterError("a week column of DREAM holds a number that is not whole: codes are whole")
    return str(int(value))


def _holds_codes(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    types = pa.types
    return types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_floating(kind)
