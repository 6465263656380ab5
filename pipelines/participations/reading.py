"""From a file of an operator to a table of texts: opened safely, its format told by its content, its rows counted
twice.

What the texts mean is judged in `checking`. Nothing is written, and no message shows a cell.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.participations.delimited import read_delimited
from pipelines.participations.parquet_file import read_parquet
from pipelines.participations.refusals import Refused
from pipelines.participations.workbook import read_workbook
from schemas.contract import Contract

LARGEST_FILE = 128 * 2**20  # bytes: three million rows; what a reader may take in memory is meant for it
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx behind a password

__all__ = ["Delivered", "Refused", "open_safely", "read"]


@dataclass(frozen=True)
class Delivered:
    """A file's rows as text. `cells` has a text column for each column of the file, by its name in the contract (null
    or "" where a cell is empty; a formula or an error value begins with "="), and `row`, the row's number in the file
    (the header is row 1).

    `format` is csv, xlsx or parquet; `encoding` is None where the format says it.
    """

    format: str
    encoding: str | None
    cells: pa.Table = field(repr=False)


def open_safely(file: Path) -> bytes:
    """The bytes of a regular file, read once. Raises Refused for a link, a device, a directory, a missing, empty or too
    large file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, ValueError):  # no file can have a NUL in its name
        raise Refused("there is no such file") from None
    except OSError:
        raise Refused(
            "the file cannot be opened; it must be a regular file, not a link, that this user may read"
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("this is not a regular file")
        if found.st_size > LARGEST_FILE:
            raise Refused(f"the file is larger than {LARGEST_FILE // 2**20} MB; deliver it in parts")
        with open(descriptor, "rb", closefd=False) as opened:
            content = opened.read(LARGEST_FILE + 1)
    finally:
        os.close(descriptor)
    if len(content) != found.st_size:
        raise Refused("the file changed while it was read; deliver it once it is wholly written")
    if not content:
        raise Refused("the file is empty")
    return content


def read(content: bytes, contract: Contract) -> Delivered:
    """The delivery in the bytes of a CSV, XLSX or Parquet file. Raises Refused when it cannot be read as a whole, or
    when the rows read are not those that an independent counter finds."""
    if content.startswith(OLD_EXCEL):
        raise Refused("this is an Excel file of the old kind (.xls) or behind a password; save it as .xlsx without one")
    if content.startswith(b"PK"):
        form, (encoding, cells, counted) = "xlsx", read_workbook(content, contract)
    elif content.startswith(b"PAR"):
        form, (encoding, cells, counted) = "parquet", read_parquet(content, contract)
    else:
        form, (encoding, cells, counted) = "csv", read_delimited(content, contract)
    if counted != cells.num_rows:
        raise Refused(f"{cells.num_rows} rows were read where {counted} were counted; the file is not what it seems")
    return Delivered(form, encoding, _seen(cells))


def _seen(cells: pa.Table) -> pa.Table:
    """The cells without signs that nobody sees or types, such as a second byte order mark, a zero-width blank or a mark
    of writing direction: they come along from web pages, and would hide a number in a text."""
    columns = [_seen_texts(column) if column.type == pa.string() else column for column in cells.combine_chunks().columns]
    return pa.Table.from_arrays(columns, schema=cells.schema)


def _seen_texts(texts: pa.ChunkedArray) -> pa.Array:
    texts = texts.combine_chunks()
    odd = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(texts, odd, pc.replace_substring_regex(pc.filter(texts, odd), r"\p{Cf}+", ""))
