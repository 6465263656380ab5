"""Draws tables as text under their contract and writes results as text: one line a row, a point for a missing value."""

from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa

from schemas.contract import load


def drawn(name: str, text: str) -> ibis.Table:
    """A table of that contract: the first line names the columns drawn, all others are missing throughout."""
    contract = load(name)
    header, *lines = cells(text)
    drawn_columns = dict(zip(header, zip(*lines, strict=True), strict=True)) if lines else {}
    columns = {}
    for column in contract.columns:
        texts = [None if cell == "." else cell for cell in drawn_columns.get(column.name, ["."] * len(lines))]
        columns[column.name] = pa.array(texts, pa.string()).cast(column.type)
    return ibis.memtable(pa.table(columns))


def written(table: pa.Table, columns: str) -> list[list[str]]:
    """The named columns, as `cells` reads them from an expected table; rows in the order of those columns."""
    names = columns.split()
    rows = [[_cell(value) for value in row.values()] for row in table.select(names).to_pylist()]
    return [names, *sorted(rows)]


def cells(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.strip().splitlines()]


def _cell(value: object) -> str:
    if value is None:
        return "."
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, (str, int, Decimal, date)), "a float would hide what was rounded"
    return str(value)
