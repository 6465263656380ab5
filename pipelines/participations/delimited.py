"""Delimited text as Excel and others write it: comma, semicolon or tab; UTF-8, UTF-16 or Windows' cp1252.

Columns stay text. The rows are counted line by line, apart from the parser, so that accounting does not rest on it.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa

from pipelines.participations.headers import count_known, match_headers
from pipelines.participations.refusals import Refused
from schemas.contract import Contract

DELIMITERS = (";", ",", "\t")
ROWS_AT_ONCE = 500  # a portion stays in the processor's cache: twice as fast as 5,000
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_delimited(content: bytes, contract: Contract) -> tuple[str, pa.Table, int]:
    """Encoding, cells and the independent count of rows. Raises Refused for undecodable text, NUL, ragged rows,
    quotation marks that do not close, and headers that the contract does not know."""
    encoding, content = decode(content)
    content, delimiter = _named_delimiter(content)
    delimiter = delimiter or _likely_delimiter(content, contract)
    reader = csv.reader(_text(content), delimiter=delimiter, strict=True)
    try:
        cells = _cells(reader, contract)
    except csv.Error as error:
        raise Refused(_in_words(str(error), reader.line_num)) from None
    return encoding, cells, count_rows(_text(content), delimiter) - 1


def decode(content: bytes) -> tuple[str, bytes]:
    """The encoding's name (utf-8, utf-8-sig, utf-16 or cp1252) and the text in UTF-8 without a mark.

    A byte order mark decides; without one strict UTF-8 is tried, then cp1252. Raises Refused when none fits, and for
    NUL.
    """
    marked = next((name for mark, name in MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise Refused("the file holds NUL characters; it is no text file, or is damaged")
        return encoding, content if encoding == "utf-8" else text.encode("utf-8")
    raise Refused("the text cannot be decoded; save the file as CSV UTF-8")


def count_rows(lines: Iterable[str], delimiter: str) -> int:
    """How many rows the lines hold, the header included: a line break inside a quoted cell ends none, and a row whose
    cells are all empty is none. Knows nothing of the parser that reads the same lines."""
    cell = rf'(?:"[^"]*"|[^"{delimiter}\r\n]*)'
    closed = re.compile(rf"{cell}(?:{delimiter}{cell})*[\r\n]*").fullmatch
    empty = delimiter + "\r\n"
    blank = re.compile(rf'(?:"")?(?:{delimiter}(?:"")?)*[\r\n]*').fullmatch
    rows, inside, filled = 0, False, False
    for line in lines:
        if inside or '"' in line:
            filled = filled or inside or not blank(line)
            inside = (inside or not closed(line)) and _open_after(line, inside, delimiter)
            if not inside:
                rows += filled
                filled = False
        elif line.strip(empty):
            rows += 1
    return rows


def _open_after(line: str, inside: bool, delimiter: str) -> bool:
    """Whether a quoted cell is still open at the end of the line; quotation marks inside unquoted cells are text."""
    at = 0
    while True:
        if inside:
            at = line.find('"', at)
            if at < 0:
                return True
            inside = line.startswith('""', at)
            at += 1 + inside
        elif line.startswith('"', at) and (at == 0 or line[at - 1] == delimiter):
            inside, at = True, at + 1
        else:
            at = line.find(delimiter, at) + 1
            if at == 0:
                return False


def _text(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")


def _named_delimiter(content: bytes) -> tuple[bytes, str | None]:
    """Excel's own first line `sep=;` is no row: the content after it, and the delimiter that it names."""
    named = re.match(rb'"?sep=([;,\t])"?(?:\r\n|\r|\n)', content, re.IGNORECASE)
    return (content[named.end() :], named[1].decode()) if named else (content, None)


def _likely_delimiter(content: bytes, contract: Contract) -> str:
    """The delimiter under which the first row holds most headers of the contract, then most cells."""

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            first = next((row for row in csv.reader(_text(content), delimiter=delimiter) if any(row)), [])
        except csv.Error:
            return (0, 0)
        return (count_known(first, contract), len(first))

    return max(DELIMITERS, key=fit)


def _cells(reader, contract: Contract) -> pa.Table:
    position, header = next(((n, row) for n, row in enumerate(reader, 1) if any(row)), (0, []))
    if not header:
        raise Refused("the file is empty: not even a header")
    columns = match_headers(header, contract)
    schema = pa.schema([(column.name, pa.string()) for column in columns if column] + [("row", pa.int32())])
    batches = [_batch(rows, position, columns, schema) for position, rows in _chunks(reader, position)]
    return pa.Table.from_batches(batches, schema)


def _chunks(reader, position: int) -> Iterator[tuple[int, list[list[str]]]]:
    """Rows in portions, each with the number of the row before it."""
    while rows := list(islice(reader, ROWS_AT_ONCE)):
        yield position, rows
        position += len(rows)


def _batch(rows: list[list[str]], position: int, columns: list, schema: pa.Schema) -> pa.RecordBatch:
    filled = np.fromiter(map(any, rows), bool, len(rows))
    numbers = (np.flatnonzero(filled) + position + 1).astype(np.int32)
    rows = rows if filled.all() else [row for row, kept in zip(rows, filled, strict=True) if kept]
    if not set(map(len, rows)) <= {len(columns)}:
        at = next(n for n, row in enumerate(rows) if len(row) != len(columns))
        raise Refused(f"row {numbers[at]} has {len(rows[at])} cells where the header has {len(columns)}")
    cells = list(zip(*rows, strict=True)) or [()] * len(columns)
    for number, (column, values) in enumerate(zip(columns, cells, strict=True), 1):
        if column is None and any(values):
            raise Refused(f"column {number} holds values but has no header")
    arrays = [pa.array(values, pa.string()) for column, values in zip(columns, cells, strict=True) if column]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(numbers)], schema=schema)


def _in_words(message: str, line: int) -> str:
    if message.startswith("unexpected end"):
        return "a quotation mark is opened and never closed"
    if "field larger" in message:
        longest = f"{csv.field_size_limit():,} characters"
        return f"a cell that ends near line {line} is longer than {longest}; is a quotation mark left open?"
    return f"a quotation mark stands in the middle of a quoted cell near line {line}; double it or remove it"
