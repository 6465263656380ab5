"""Excel workbooks (.xlsx): one sheet, hidden rows included, every cell as the text that a person would have typed.

Formulas are never computed: they are handed on as text that begins with "=". The rows are counted in the sheet's XML,
apart from the parser.
"""

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

import numpy as np
import openpyxl
import pyarrow as pa

from pipelines.participations.headers import match_headers, names_kind
from pipelines.participations.refusals import Refused
from schemas.contract import Contract

LARGEST_UNPACKED = 256 * 2**20  # bytes of all parts of the archive; 0.75 MB have been made to unpack to 314 MB
WIDEST, LONGEST = 200, 1_048_576  # columns that a delivery may have, rows that Excel may have
LONGEST_ROW = 2**24  # bytes of XML
ROWS_AT_ONCE = 20_000
READ_AT_ONCE = 2**20
ROW = re.compile(rb"<(?:\w+:)?row[\s>]")
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
CONTENT = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]|<(?:\w+:)?(?:is|f)[\s>/]")  # a value, a text or a formula


def read_workbook(content: bytes, contract: Contract) -> tuple[None, pa.Table, int]:
    """No encoding, the cells, and the independent count of rows. Raises Refused for an archive that is malformed,
    encrypted or too large, and when it is not clear which sheet to read."""
    _look_inside(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of what it drops, and may quote a cell
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            sheet = _sheet(book, contract)
            cells, empty = _cells(sheet, contract)
        counted = _count_rows(content, sheet._worksheet_path.lstrip("/"))
    except Refused:
        raise
    except MemoryError:
        raise Refused("the workbook needs more memory than is allowed") from None
    except Exception:  # whatever a malformed workbook makes openpyxl raise may quote a cell
        raise Refused("the workbook is malformed; open it in Excel and save it again as .xlsx") from None
    return None, cells, counted - empty - 1


def _look_inside(content: bytes) -> None:
    """Judges the archive by its directory, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, UnicodeDecodeError):
        raise Refused("the file begins like an .xlsx file but is not a complete archive") from None
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("the archive is encrypted; save it without a password")
    if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise Refused(f"the archive unpacks to more than {LARGEST_UNPACKED // 2**20} MB; deliver it in parts or as CSV")
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise Refused("the archive holds no Excel workbook; save it as .xlsx or CSV")


def _sheet(book, contract: Contract):
    """The sheet named after the delivery, or the only one that holds anything."""
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what a file says of its own size is not trusted
    named = [sheet for sheet in book.worksheets if names_kind(sheet.title, contract)]
    filled = named or [sheet for sheet in book.worksheets if any(_is_filled(row) for row in _rows(sheet))]
    if not filled:
        raise Refused("the workbook is empty: no sheet holds anything")
    if len(filled) > 1:
        kind = contract.name.removeprefix("deliveries.")
        raise Refused(f"{len(filled)} sheets hold something; call the one to be read {kind}")
    return filled[0]


def _cells(sheet, contract: Contract) -> tuple[pa.Table, int]:
    """The rows that hold anything, and how many others the sheet has cells for that are there but say nothing."""
    present = [0]
    rows = (
        (number, row) for number, row in enumerate(_rows(sheet), 1) if _count_present(row, present) and _is_filled(row)
    )
    _, header = next(rows, (0, ()))
    if not header:
        raise Refused("the sheet is empty: not even a header")
    texts = [as_text(cell) or "" for cell in header]
    while not texts[-1]:
        texts.pop()
    columns = match_headers(texts, contract)
    schema = pa.schema([(column.name, pa.string()) for column in columns if column] + [("row", pa.int32())])
    batches = []
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        batches.append(_batch(chunk, columns, schema))
    cells = pa.Table.from_batches(batches, schema)
    return cells, present[0] - cells.num_rows - 1


def _rows(sheet) -> Iterator[tuple]:
    """All rows in their places, empty ones too, never more than Excel has."""
    return sheet.iter_rows(max_row=LONGEST, max_col=WIDEST)


def _count_present(row: tuple, present: list[int]) -> bool:
    there = any(cell.value is not None for cell in row)
    present[0] += there
    return there


def _batch(chunk: list, columns: list, schema: pa.Schema) -> pa.RecordBatch:
    width, values = len(columns), [[] for _ in columns]
    for number, row in chunk:
        if any(cell.value is not None for cell in row[width:]):
            raise Refused(f"row {number} holds values to the right of the last header")
        for at in range(width):
            text = as_text(row[at]) if at < len(row) else None
            if text and columns[at] is None:
                raise Refused(f"column {at + 1} holds values but has no header")
            values[at].append(text)
    arrays = [pa.array(texts, pa.string()) for column, texts in zip(columns, values, strict=True) if column]
    numbers = pa.array(np.array([number for number, _ in chunk], np.int32))
    return pa.RecordBatch.from_arrays([*arrays, numbers], schema=schema)


def as_text(cell) -> str | None:
    """What a person would have typed: dates as YYYY-MM-DD, whole numbers without decimals, formulas and errors with
    "="."""
    value = cell.value
    if value is None:
        return None
    if cell.data_type in "fe":
        return "="
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return number_as_text(value) if isinstance(value, int | float) else str(value)


def number_as_text(value: float) -> str:
    """A number of a cell, in digits: never with an exponent, and never with exactly three decimals, which in a text
    could be a group of thousands."""
    if value != value or value in (float("inf"), float("-inf")):
        return "="
    if value == int(value):
        return str(int(value))
    text = format(Decimal(repr(value)), "f")
    return text + "0" * (len(text.partition(".")[2]) == 3)


def _is_filled(row) -> bool:
    return any(cell.value not in (None, "") for cell in row)


def _count_rows(content: bytes, path: str) -> int:
    """Rows of the sheet's XML that hold a value, a text or a formula, read piece by piece."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(path) as part:
        return sum(CONTENT.search(row) is not None for row in _row_elements(iter(lambda: part.read(READ_AT_ONCE), b"")))


def _row_elements(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *rows, rest = ROW_END.split(rest + piece)
        if len(rest) > LONGEST_ROW:
            raise Refused("a row of the sheet is too large")
        for row in rows:
            start = ROW.search(row)
            yield row[start.start() :] if start else b""
