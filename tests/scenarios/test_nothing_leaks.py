"""No raw number of anyone is in any byte that a run leaves behind: files, names, logs, Dagster's history, database pages."""

import re
import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.participations.reading import read
from schemas.contract import load
from tests.conftest import kind_of

AMOUNTS = {"hours_centi", "wage_oere"}  # whole numbers of jobs, as large as any number of a company may be by chance
RUNS = re.compile(rb"(?<!\d)\d{7,10}(?!\d)")
WIDE_RUNS = re.compile(rb"(?:\d\x00){7,10}")


@pytest.fixture(scope="module")
def canaries(tiny_home: Path) -> set[bytes]:
    """Every number in the raw deliveries, with and without its leading zero."""
    found: set[bytes] = set()
    for file in (tiny_home.parent / "raw").iterdir():
        contract = load(f"deliveries.{kind_of(file)}")
        cells = read(file.read_bytes(), contract).cells
        for column in contract.columns:
            if column.classification == "raw" and column.name in cells.column_names:
                for text in pc.unique(cells[column.name]).drop_null().to_pylist():
                    digits = re.sub(r"\D", "", str(text)).encode()
                    found |= {digits, digits.lstrip(b"0"), digits.zfill(8)}
    assert len(found) > 500
    return {number for number in found if len(number) >= 7}


def test_no_file_holds_a_raw_number_as_text(tiny_home, canaries):
    for file in tiny_home.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            found = canaries.intersection(RUNS.findall(content))
            found |= canaries.intersection(run.replace(b"\x00", b"") for run in WIDE_RUNS.findall(content))
            assert not found, f"{len(found)} numbers in {file.relative_to(tiny_home)}"


def test_no_file_name_holds_a_raw_number(tiny_home, canaries):
    names = b"\n".join(str(file).encode() for file in tiny_home.rglob("*"))
    assert not canaries.intersection(RUNS.findall(names))


def test_no_cell_of_a_parquet_file_holds_a_raw_number(tiny_home, canaries):
    for file in tiny_home.rglob("*.parquet"):
        table = pq.read_table(file, partitioning=None)
        for name in set(table.column_names) - AMOUNTS:
            assert not _numbers_in(table[name]) & canaries, f"{file.relative_to(tiny_home)}: {name}"


def test_no_cell_of_the_warehouse_holds_a_raw_number(tiny_home, canaries):
    with duckdb.connect(str(tiny_home / "releases" / "current" / "warehouse.duckdb"), read_only=True) as con:
        for schema, table, column in con.sql(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal AND data_type = 'VARCHAR'"
        ).fetchall():
            cells = con.execute(f'SELECT DISTINCT "{column}" FROM "{schema}"."{table}"').to_arrow_table()[column]
            assert not _numbers_in(cells) & canaries, f"{schema}.{table}.{column}"


def test_dagsters_history_holds_no_pseudonym_and_no_number(tiny_home, canaries):
    pseudonym = re.compile(rb"(?<![a-z])[a-p]{32}(?![a-z])")
    for file in (tiny_home / "dagster").rglob("*.db"):
        with sqlite3.connect(file) as con:
            dump = "\n".join(con.iterdump()).encode()
        assert not canaries.intersection(RUNS.findall(dump))
        assert not pseudonym.findall(dump), file.name


def _numbers_in(column: pa.ChunkedArray) -> set[bytes]:
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_dictionary(column.type)):
        return set()
    values = pc.unique(column).drop_null().to_pylist()
    return {run for value in values for run in RUNS.findall(str(value).encode())}
