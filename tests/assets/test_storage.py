"""What an asset returns is what the next one gets, in the form it asks for; a failed write leaves what was there."""

from datetime import date
from decimal import Decimal

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import storage
from assets.storage import Pieces, Store, StoreError, store_path, stored, write_table
from assets.tables import table_asset
from schemas.contract import ContractError, load
from tests.assets.drawn import TOTALS, room, run

FIRMS = pa.table({
    "company": ["anna", "berta", "clara"],
    "year": pa.array([2010, 2010, 2011], pa.int32()),
    "fte": pa.array([Decimal("1.50"), None, Decimal("0.00")], pa.decimal128(12, 2)),
    "headcount": pa.array([2, None, 0], pa.int32()),
    "turnover_dkk": pa.array([Decimal("-1000000000000.25"), None, Decimal("3.10")], pa.decimal128(18, 2)),
    "municipality": ["851", None, "UKENDT_KOMKODE"],
    "born": pa.array([date(1999, 12, 31), None, date(2011, 2, 1)]),
})
FIRM = load("register.firm")


def handed_out(home, form, made, name="register.firm"):
    """What an asset that asks for `form` gets of the table that another returned as `made`."""
    got = []

    @table_asset(name, group="registers")
    def first():
        return made

    def second(given):
        got.append(given.execute() if isinstance(given, ibis.Table) else given.df() if hasattr(given, "df") else given)
        return TOTALS

    second.__annotations__["given"] = form
    next_one = table_asset("effect.total", group="effects", takes={"given": name})(second)
    assert run(room(home, first, next_one, checks=[])).success
    return got[0]


def test_a_stream_of_batches_is_stored_as_the_contract_says(tmp_path):
    whole = FIRM.conform(FIRMS)
    reader = pa.RecordBatchReader.from_batches(whole.schema, iter([*whole.slice(0, 1).to_batches(), *whole.slice(1).to_batches()]))
    assert handed_out(tmp_path, pa.Table, reader).equals(whole)


@pytest.mark.parametrize(
    "made",
    [
        FIRMS,
        FIRMS.to_pandas(types_mapper=pd.ArrowDtype),
        ibis.memtable(FIRMS),
        FIRMS.select(reversed(FIRMS.column_names)),
    ],
    ids=["arrow", "pandas", "ibis", "other order"],
)
def test_every_form_that_is_returned_is_stored_as_the_contract_says(tmp_path, made):
    got = handed_out(tmp_path, pa.Table, made)
    assert got.schema.equals(FIRM.arrow_schema())
    assert got.select(FIRMS.column_names).to_pylist() == FIRMS.to_pylist()
    assert got["closed"].null_count == 3


def test_a_duckdb_relation_is_stored_as_the_contract_says(tmp_path):
    with duckdb.connect() as con:
        con.register("firms", FIRMS)
        got = handed_out(tmp_path, pa.Table, con.sql("FROM firms"))
    assert got.select(FIRMS.column_names).to_pylist() == FIRMS.to_pylist()


@pytest.mark.parametrize("form", [ibis.Table, duckdb.DuckDBPyRelation, pd.DataFrame])
def test_every_form_that_is_asked_for_holds_the_same_rows(tmp_path, form):
    got = handed_out(tmp_path, form, FIRMS)
    assert list(got.columns) == [column.name for column in FIRM.columns]
    assert got["company"].tolist() == ["anna", "berta", "clara"]
    assert [float(value) for value in got["turnover_dkk"].dropna()] == [-1000000000000.25, 3.1]
    assert pd.to_datetime(got["born"]).dt.year.dropna().tolist() == [1999, 2011]


def test_a_frame_has_numbers_that_can_be_computed_with(tmp_path):
    got = handed_out(tmp_path, pd.DataFrame, FIRMS)
    assert got["fte"].dtype == "float64"
    assert got["born"].dtype.kind == "M"
    assert got["fte"].sum() == 1.5


def test_a_lazy_form_that_is_asked_for_is_computed_on_the_connection_of_the_run(tmp_path):
    @table_asset("register.firm", group="registers")
    def first() -> pa.Table:
        return FIRMS

    @table_asset("effect.total", group="effects", takes={"firms": "register.firm"})
    def second(firms: ibis.Table) -> ibis.Table:
        years = firms.group_by(event_time=firms.year.cast("int64")).agg(n_treated=ibis._.count())
        return years.mutate(n_not_estimated=0)

    assert run(room(tmp_path, first, second, checks=[])).success
    totals = pq.read_table(store_path(tmp_path, "effect.total"))
    assert sorted(totals.select(["event_time", "n_treated"]).to_pylist(), key=str) == [
        {"event_time": 2010, "n_treated": 2}, {"event_time": 2011, "n_treated": 1},
    ]
    assert totals.schema.field("event_time").type == pa.int32()


@pytest.mark.parametrize(
    "broken",
    [
        FIRMS.drop_columns("year"),
        FIRMS.append_column("guess", pa.array([1, 2, 3])),
        FIRMS.set_column(1, "year", pa.array(["a", "b", "c"])),
        FIRMS.set_column(0, "company", pa.array(["anna", None, "clara"])),
        ibis.memtable(FIRMS.drop_columns("year")),
        ibis.memtable(FIRMS.set_column(0, "company", pa.array(["anna", None, "clara"]))),
    ],
    ids=["missing column", "unknown column", "mistyped column", "empty key", "lazily missing", "lazily empty"],
)
def test_what_does_not_conform_is_refused_and_what_was_stored_stays(tmp_path, broken):
    path = store_path(tmp_path, "register.firm")
    write_table(FIRMS, FIRM, path)
    before = path.read_bytes()
    with pytest.raises(ContractError):
        write_table(broken, FIRM, path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["data.parquet"]


def test_the_columns_of_a_lazy_result_are_judged_before_it_is_computed(tmp_path):
    with duckdb.connect() as con:
        endless = con.sql("SELECT 'x' AS company, 'not a year' AS year FROM range(100000000000)")
        with pytest.raises(ContractError, match="year"):
            write_table(endless, FIRM, store_path(tmp_path, "register.firm"))


@pytest.mark.parametrize("nothing", [None, 7, [TOTALS]])
def test_what_is_no_table_is_refused_by_its_kind(tmp_path, nothing):
    with pytest.raises(StoreError, match=f"register.firm was returned as {type(nothing).__name__}"):
        write_table(nothing, FIRM, store_path(tmp_path, "register.firm"))


def test_an_empty_table_is_stored_with_all_its_columns(tmp_path):
    with duckdb.connect() as con:
        con.register("firms", FIRMS)
        written = write_table(con.sql("FROM firms WHERE false"), FIRM, store_path(tmp_path, "register.firm"))
    assert written.rows == 0
    assert pq.read_schema(store_path(tmp_path, "register.firm")).names == FIRM.arrow_schema().names


def test_the_digest_that_is_told_does_not_depend_on_the_form_or_the_batches(tmp_path, monkeypatch):
    arrow = write_table(FIRMS, FIRM, tmp_path / "a" / "data.parquet")
    monkeypatch.setattr(storage, "BATCH", 1)
    lazy = write_table(ibis.memtable(FIRMS), FIRM, tmp_path / "b" / "data.parquet")
    assert arrow.sha256 == lazy.sha256
    assert pq.read_metadata(tmp_path / "b" / "data.parquet").num_row_groups == 3


def test_a_flipped_bit_in_the_store_is_an_error_and_not_data(tmp_path):
    path = store_path(tmp_path, "effect.total")
    wide = pa.table({
        "event_time": pa.array(range(5000), pa.int32()), "n_treated": pa.array([1] * 5000, pa.int32()),
        "n_not_estimated": pa.array([0] * 5000, pa.int32()), "net": pa.array([i / 7 for i in range(5000)]),
    })
    write_table(wide, load("effect.total"), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(OSError, match=r"(?i)crc|corrupt"):
        storage.read_arrow(path)


def test_a_table_that_is_not_there_is_one_sentence_that_says_what_to_do(tmp_path):
    with pytest.raises(StoreError, match="is not in the store yet: materialise it first"):
        stored(tmp_path, "register.firm")


def test_a_table_of_an_older_contract_is_not_read(tmp_path):
    path = store_path(tmp_path, "register.firm")
    path.parent.mkdir(parents=True)
    pq.write_table(FIRMS, path)
    with pytest.raises(StoreError, match="another contract"):
        stored(tmp_path, "register.firm")


def test_the_connection_is_held_to_its_limits_and_downloads_nothing(tmp_path):
    store = Store(home=str(tmp_path), memory_limit="300MiB", threads=1)
    store.setup_for_execution(None)
    try:
        extensions = ("autoinstall_known_extensions", "autoload_known_extensions")
        names = ("memory_limit", "threads", "temp_directory", *extensions)
        found = [store._ibis.con.execute("SELECT current_setting(?)", [name]).fetchone()[0] for name in names]
    finally:
        store.teardown_after_execution(None)
    assert found == ["300.0 MiB", 1, str(tmp_path / "tmp"), False, False]
    assert not (tmp_path / "tmp").exists()


def test_pieces_are_stored_one_after_the_other(tmp_path):
    pieces = Pieces((ibis.memtable(FIRMS.slice(2)), FIRMS.slice(0, 2), ibis.memtable(FIRMS.slice(0, 0))))
    wanted = handed_out(tmp_path / "whole", pa.Table, FIRMS.take([2, 0, 1]))
    assert handed_out(tmp_path / "pieces", pa.Table, pieces).equals(wanted)
