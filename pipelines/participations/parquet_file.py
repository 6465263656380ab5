"""Parquet files, as other systems export them: every column becomes text first, like a typed cell.

The rows are counted in the file's footer, apart from the columns that are read.
"""

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.participations.headers import match_headers
from pipelines.participations.refusals import Refused
from pipelines.participations.workbook import decimal_as_text, number_as_text
from schemas.contract import Contract

LARGEST_UNPACKED = 2**30  # bytes of all columns
# Bounds of the footer (thrift): bytes of a text, entries of a list. A true footer of 200 columns has far fewer.
LONGEST_TEXT, LONGEST_LIST = 2**24, 2**20


def read_parquet(content: bytes, contract: Contract) -> tuple[None, pa.Table, int]:
    """No encoding, the cells, and the footer's count of rows. Raises Refused for a damaged or too large file and for
    columns that are no plain values."""
    try:
        file = pq.ParquetFile(
            pa.BufferReader(content),
            page_checksum_verification=True,
            thrift_string_size_limit=LONGEST_TEXT,
            thrift_container_size_limit=LONGEST_LIST,
            pre_buffer=False,  # all bytes are in memory, and threads would have to be started for it
        )
        footer = file.metadata
        groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > LARGEST_UNPACKED:
            raise Refused(f"the file unpacks to more than {LARGEST_UNPACKED // 2**20} MB; deliver it in parts")
        columns = match_headers(file.schema_arrow.names, contract)
        if any(pa.types.is_nested(kind) for kind in file.schema_arrow.types):
            raise Refused("the file has columns of lists or structures; deliver one plain value a cell")
        table = file.read(use_threads=False)
        table.validate(full=True)
        arrays = {}
        for number, (column, values) in enumerate(zip(columns, table.columns, strict=True), 1):
            if column:
                arrays[column.name] = _as_text(values)
            elif pc.any(pc.not_equal(_as_text(values), "")).as_py():
                raise Refused(f"column {number} holds values but has no header")
        numbers = pa.array(range(2, table.num_rows + 2), pa.int32())
        return None, pa.table({**arrays, "row": numbers}), sum(group.num_rows for group in groups)
    except (Refused, MemoryError):
        raise
    except Exception:  # what the reader raises may quote a value
        raise Refused("the Parquet file is damaged, encrypted, or holds columns that are no plain values") from None


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as a person would have typed it; see workbook.number_as_text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return values.cast(pa.date32(), safe=False).cast(pa.string())
    if pa.types.is_floating(kind):
        return _on_distinct(values, lambda value: None if value != value else number_as_text(float(value)))
    if pa.types.is_decimal(kind):
        return _on_distinct(values, decimal_as_text)
    return values.cast(pa.string())


def _on_distinct(values: pa.ChunkedArray, as_text: Callable[[float | Decimal], str | None]) -> pa.ChunkedArray:
    distinct = values.combine_chunks().dictionary_encode()
    texts = [None if value is None else as_text(value) for value in distinct.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string()).take(distinct.indices)])
