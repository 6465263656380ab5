"""Excel workbooks (.xlsx): one sheet, hidden rows included, every cell as the text that a person would have typed.

Formulas are never computed: they are handed on as text that begins with "=". The rows are counted in the sheet's XML,
apart from the parser. Archive, strings and styles are read in `workbook_parts`.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from xml.etree import ElementTree

import pyarrow as pa

from pipelines.participations.headers import match_headers, names_kind
from pipelines.participations.refusals import Refused
from pipelines.participations.workbook_parts import Book, elements, open_book, rich_text, unescaped
from schemas.contract import Contract

LONGEST, WIDEST = 1_048_576, 16_384  # rows and columns that Excel may have
LONGEST_ROW = 2**24  # bytes of XML
ROWS_AT_ONCE = 20_000
READ_AT_ONCE = 2**20
MOST_DECIMALS = 10  # no amount has more; 100,000 / 3 is stored with eleven
LAST_DAY = 2_958_465  # 9999-12-31
ROW = re.compile(rb"<(?:\w+:)?row[\s>]")
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
CONTENT = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>[^<]|<(?:\w+:)?(?:is|f)[\s>/]")  # a value, a text or a formula
ISO_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:T[\d:.]+Z?)?", re.ASCII)

Row = tuple[int, dict[int, str]]  # its number and the texts of its cells by column, the first column being 0


def read_workbook(content: bytes, contract: Contract) -> tuple[None, pa.Table, int]:
    """No encoding, the cells, and the independent count of rows. Raises Refused for an archive that is malformed,
    encrypted or too large, and when it is not clear which sheet to read."""
    try:
        book = open_book(content)
        path = _sheet(book, contract)
        cells, empty = _cells(book, path, contract)
        counted = _count_rows(book, path)
    except (Refused, MemoryError):
        raise
    except Exception:  # what a malformed workbook makes the parsers raise may quote a cell
        raise Refused("the workbook is malformed; open it in Excel and save it again as .xlsx") from None
    return None, cells, counted - empty - 1


def _sheet(book: Book, contract: Contract) -> str:
    """The part of the sheet named after the delivery, or of the only one that holds anything."""
    named = [path for title, path in book.sheets if names_kind(title, contract)]
    filled = named or [path for _, path in book.sheets if any(_is_filled(texts) for _, texts in _rows(book, path))]
    if not filled:
        raise Refused("the workbook is empty: no sheet holds anything")
    if len(filled) > 1:
        kind = contract.name.removeprefix("deliveries.")
        raise Refused(f"{len(filled)} sheets hold something; call the one to be read {kind}")
    return filled[0]


def _cells(book: Book, path: str, contract: Contract) -> tuple[pa.Table, int]:
    """The rows that hold anything, and how many others the sheet has cells for that are there but say nothing."""
    empty = []
    rows = (row for row in _rows(book, path) if _is_filled(row[1]) or empty.append(row[0]))
    header = next(rows, (0, {}))[1]
    if not header:
        raise Refused("the sheet is empty: not even a header")
    width = max(at for at, text in header.items() if text) + 1
    columns = match_headers([header.get(at, "") for at in range(width)], contract)
    schema = pa.schema([(column.name, pa.string()) for column in columns if column] + [("row", pa.int32())])
    batches = []
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        batches.append(_batch(chunk, columns, schema))
    return pa.Table.from_batches(batches, schema), len(empty)


def _batch(chunk: list[Row], columns: list, schema: pa.Schema) -> pa.RecordBatch:
    for number, texts in chunk:
        if max(texts) >= len(columns) and any(text for at, text in texts.items() if at >= len(columns)):
            raise Refused(f"row {number} holds values to the right of the last header")
    arrays = []
    for at, column in enumerate(columns):
        values = [texts.get(at) for _, texts in chunk]
        if column:
            arrays.append(pa.array(values, pa.string()))
        elif any(values):
            raise Refused(f"column {at + 1} holds values but has no header")
    return pa.RecordBatch.from_arrays([*arrays, pa.array([number for number, _ in chunk], pa.int32())], schema=schema)


def _is_filled(texts: dict[int, str]) -> bool:
    return any(texts.values())


def _rows(book: Book, path: str) -> Iterator[Row]:
    """The rows that have a cell with anything in it, be it an empty text. Raises ValueError when rows or cells are out
    of order or come twice: which one counts would be a guess."""
    written, number = _writer(book), 0
    for row in elements(book.archive, path, "row"):
        number = _later(int(row.get("r") or number + 1), number, LONGEST)
        texts, at, here = {}, -1, row.tag[:-3]
        cell_tag = here + "c"
        for cell in row:
            if cell.tag != cell_tag:
                continue
            place = cell.get("r")
            at = _later(_column(place.rstrip("0123456789")) if place else at + 1, at, WIDEST - 1)
            text = written(cell, here)
            if text is not None:
                texts[at] = text
        if texts:
            yield number, texts


def _later(place: int, last: int, limit: int) -> int:
    if not last < place <= limit:
        raise ValueError("out of order")
    return place


@cache
def _column(letters: str) -> int:
    """AB is 27: the place of a column, the first being 0."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("no column is called that")
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _writer(book: Book):
    """The function that gives a cell's text: what a person would have typed. None for a cell without content."""
    strings, styles = book.strings, book.styles
    dated = lru_cache(2**16)(lambda value, style: serial_as_text(float(value), style, book.since_1904))

    def written(cell: ElementTree.Element, here: str) -> str | None:
        value = cell.find(here + "v")
        raw = None if value is None else value.text
        kind = cell.get("t", "n")
        if len(cell) > (value is not None):
            if cell.find(here + "f") is not None:
                return "="
            inline = cell.find(here + "is")
            if inline is not None and kind == "inlineStr":
                return rich_text(inline)
        if not raw:
            return None
        if kind == "s":
            return strings[_later(int(raw), -1, len(strings) - 1)]
        if kind == "n":
            style = styles[int(cell.get("s", 0))] if styles else ""
            return dated(raw, style) if style else plain_number(raw)
        return _other_text(kind, raw)

    return written


def _other_text(kind: str, raw: str) -> str:
    if kind == "b":
        return "true" if raw.strip() == "1" else "false"
    if kind == "d":
        day = ISO_DAY.fullmatch(raw)
        return day[1] if day else raw
    if kind == "e":
        return "="
    if kind not in ("str", "inlineStr"):
        raise ValueError("no cell is of that type")
    return unescaped(raw)


def plain_number(raw: str) -> str:
    """A number as the sheet stores it, in digits."""
    if raw.isascii() and raw.isdigit():
        return raw if raw[0] != "0" else str(int(raw))
    return number_as_text(float(raw))


def number_as_text(value: float) -> str:
    """A number of a cell as Excel shows it, in digits: never with an exponent, with 15 significant digits and ten
    decimals at most, and never with exactly three decimals, which in a text could be a group of thousands."""
    if value != value or value in (float("inf"), float("-inf")):
        return "="
    if value == int(value):
        return str(int(value))
    return decimal_as_text(round(Decimal(f"{value:.15g}"), MOST_DECIMALS))


def decimal_as_text(value: Decimal) -> str:
    """An exact number in digits, without zeros after its last decimal, and never with exactly three decimals."""
    whole, _, decimals = format(value, "f").partition(".")
    decimals = decimals.rstrip("0")
    if not decimals:
        return whole if whole != "-0" else "0"
    return f"{whole}.{decimals}" + "0" * (len(decimals) == 3)


def serial_as_text(value: float, style: str, since_1904: bool) -> str:
    """A number that its style shows as a date, as YYYY-MM-DD; as h:mm:ss where it is a time of day or a duration; in
    digits where there is no such date.

    Day 1 is 1900-01-01, and a 29 February 1900 is counted that never was; in a workbook that counts from 1904, day 0 is
    1904-01-01.
    """
    seconds = round(value * 86_400) if value == value and abs(value) <= LAST_DAY else -1
    if seconds < 0:
        return number_as_text(value)
    if style == "duration" or seconds < 86_400:
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    days = seconds // 86_400
    if since_1904:
        days += 1462
    try:
        return (dt.date(1899, 12, 30) + dt.timedelta(days + (days < 60))).isoformat()
    except OverflowError:
        return number_as_text(value)


def _count_rows(book: Book, path: str) -> int:
    """Rows of the sheet's XML that hold a value, a text or a formula, read piece by piece."""
    with book.archive.open(path) as part:
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
