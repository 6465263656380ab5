"""Parquet files, as other systems export them: every column becomes text first, like a typed cell.

The rows are counted in the file's footer, apart from the columns that are read.
"""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.participations.headers import match_headers
from pipelines.participations.refusals import Refused
from pipelines.participations.workbook import number_as_text
from schemas.contract import Contract

LARGEST_UNPACKED = 2**30  # bytes of all columns


def read_parquet(content: bytes, contract: Contract) -> tuple[None, pa.Table, int]:
    """No encoding, the cells, and the footer's count of rows. Raises Refused for a damaged or too large file and for
    columns that are no plain values."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        footer = file.metadata
        groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > LARGEST_UNPACKED:
            raise Refused(f"the file unpacks to more than {LARGEST_UNPACKED // 2**20} MB; deliver it in parts")
        columns = match_headers(file.schema_arrow.names, contract)
        table = file.read()
        arrays = {
            column.name: _as_text(values) for column, values in zip(columns, table.columns, strict=True) if column
        }
        numbers = pa.array(range(2, table.num_rows + 2), pa.int32())
        return None, pa.table({**arrays, "row": numbers}), sum(group.num_rows for group in groups)
    except Refused:
        raise
    except MemoryError:
        raise Refused("the file needs more memory than is allowed") from None
    except Exception:  # what the reader raises may quote a value
        raise Refused("the Parquet file is damaged, encrypted, or holds columns that are no plain values") from None


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as a person would have typed it; see workbook.as_text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_text(values.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return values.cast(pa.date32(), safe=False).cast(pa.string())
    if pa.types.is_floating(kind):
        distinct = values.combine_chunks().dictionary_encode()
        texts = [
            None if value is None or value != value else number_as_text(value)
            for value in distinct.dictionary.to_pylist()
        ]
        return pa.chunked_array([pa.array(texts, pa.string()).take(distinct.indices)])
    if (
        pa.types.is_decimal(kind) and kind.scale == 3
    ):  # never three decimals: in a text they could be a group of thousands
        return pc.binary_join_element_wise(values.cast(pa.string()), "0", "")
    return values.cast(pa.string())
