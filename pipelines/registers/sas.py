"""SAS files (`.sas7bdat` and `.xpt`) as Parquet with the same columns: converted once, in portions of rows.

What a column must be is its contract's; here text stays text, numbers become DOUBLE, and what SAS shows as a date a DATE.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.registers.extracts import Extract, RegisterError
from pipelines.registers.known import imported, known_sum, recall

ROWS, CELLS = 1_000_000, 40_000_000  # of a portion at most: each portion skips through those before it
EPOCH = -3_653                       # days from 1970-01-01 to 1960-01-01, from which SAS counts
RECORD = 80                          # bytes; an XPORT file is made of whole records
AS_TIME = re.compile(r"DATETIME|DATEAMPM|MDYAMPM|[EB]8601D[TZN]", re.IGNORECASE)
AS_DATE = re.compile(
    r"(WEEK|WORD)?DAT[EX]\d*|(DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?\d*|[EB]8601DA\d*|(MONYY|YYMON|YYMM|MMYY|JULIAN)[CDNPS]?\d*",
    re.IGNORECASE,
)


def parquet_of(extract: Extract) -> Path:
    """The extract as a Parquet file: itself, or what it was converted to, now or before.

    Raises RegisterError naming the file where it is no SAS file, is cut off, or there is no room to convert it.
    """
    if extract.path.suffix.lower() == ".parquet":
        return extract.path
    to = imported(extract.directory) / f"{known_sum(extract, recall(extract.directory))}.parquet"
    if not to.exists():
        convert(extract, to)
    return to


def convert(extract: Extract, to: Path, rows_at_once: int | None = None) -> None:
    """Write a SAS file as Parquet, whole or not at all; blank text is missing. Raises as `parquet_of`."""
    import pyreadstat

    read = pyreadstat.read_xport if extract.path.suffix.lower() == ".xpt" else pyreadstat.read_sas7bdat
    aside = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        kinds, told = _kinds(read, extract)
        schema = pa.schema(list(kinds.items()))
        rows = 0
        with pq.ParquetWriter(aside, schema, compression="zstd", write_page_checksum=True) as writer:
            for portion in _portions(read, extract, schema, rows_at_once):
                writer.write_table(portion)
                rows += portion.num_rows
        if told is not None and rows != told:
            raise RegisterError(f"{extract.name} holds {rows} of the {told} rows that it tells of: copy the extract again")
        os.replace(aside, to)
    except OSError as error:
        raise RegisterError(f"{extract.name} cannot be converted to Parquet ({error.strerror}): make room or copy it again") from None
    finally:
        aside.unlink(missing_ok=True)


def _kinds(read: Callable, extract: Extract) -> tuple[dict[str, pa.DataType], int | None]:
    """The Arrow type of every column, and the rows that the file tells of, where it does."""
    if extract.path.suffix.lower() == ".xpt" and extract.path.stat().st_size % RECORD:
        raise RegisterError(f"{extract.name} is cut off: copy the extract again")
    _, found = _read(read, extract, metadataonly=True)
    formats = found.original_variable_types
    kinds = {
        name: pa.string() if found.readstat_variable_types[name] == "string" else _number(formats[name] or "")
        for name in found.column_names
    }
    return kinds, found.number_rows if extract.path.suffix.lower() == ".sas7bdat" else None


def _number(shown_as: str) -> pa.DataType:
    """What a number of SAS is by the format that it is shown in."""
    if AS_TIME.match(shown_as):
        return pa.timestamp("s")
    return pa.date32() if AS_DATE.fullmatch(shown_as.rstrip(".")) else pa.float64()


def _portions(read: Callable, extract: Extract, schema: pa.Schema, rows_at_once: int | None) -> Iterator[pa.Table]:
    count = rows_at_once or max(min(ROWS, CELLS // max(len(schema), 1)), 1)
    offset = 0
    while True:
        columns, _ = _read(
            read, extract, row_offset=offset, row_limit=count, disable_datetime_conversion=True, output_format="dict"
        )
        portion = pa.table([_column(columns[field.name], field.type) for field in schema], schema=schema)
        if portion.num_rows or offset == 0:
            yield portion
        if portion.num_rows < count:
            return
        offset += count


def _read(read: Callable, extract: Extract, **how: object) -> tuple:
    try:
        return read(str(extract.path), **how)
    except Exception:                # its text would show what stands in the file
        raise RegisterError(f"{extract.name} cannot be read as a SAS file: copy the extract again") from None


def _column(values: list, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        text = pa.array(values, pa.string(), from_pandas=True)
        return pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)
    numbers = pa.array(values, pa.float64(), from_pandas=True)
    if pa.types.is_floating(kind):
        return numbers
    missing = np.asarray(numbers.is_null())
    whole = np.floor(np.nan_to_num(numbers.to_numpy(zero_copy_only=False)))
    if pa.types.is_date(kind):
        return pa.array((whole + EPOCH).astype(np.int32), mask=missing).cast(kind)
    return pa.array((whole + EPOCH * 86_400).astype(np.int64), mask=missing).cast(kind)
