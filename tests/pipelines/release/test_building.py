"""What a release holds: every table in key order, described, and one content hash however the rows came."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.release import ReleaseError, build, publish, released_tables
from schemas.contract import contracts, load
from tests.pipelines.release.drawn import AS_OF, FACTS, drawn_tables, upside_down


def hash_of(tables, home, facts=FACTS) -> str:
    return build(tables, home, AS_OF, facts).content_hash


def twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table])


def query(building, sql: str) -> list[tuple]:
    with duckdb.connect(str(building.warehouse), read_only=True) as con:
        return con.sql(sql).fetchall()


def test_the_same_rows_in_another_order_and_chunking_and_from_files_give_the_same_content_hash(tmp_path):
    shuffled = drawn_tables()
    for name, table in shuffled.items():
        turned = upside_down(table)
        shuffled[name] = tmp_path / f"{name}[1].parquet"
        pq.write_table(pa.concat_tables([turned.slice(0, 1), turned.slice(1)]), shuffled[name], row_group_size=1)
    assert hash_of(shuffled, tmp_path / "one") == hash_of(drawn_tables(), tmp_path / "other")


def test_one_changed_figure_changes_the_content_hash_and_the_id(tmp_path):
    total = drawn_tables()["effect.total"]
    changed = total.set_column(3, total.schema.field(3), pa.array([1.5, 4.250000001]))
    first = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    second = build(drawn_tables(effect__total=changed), tmp_path, AS_OF, FACTS)
    assert first.id != second.id
    assert first.id == f"2013-12-31-{first.content_hash[:12]}"


def test_clock_readings_and_facts_of_the_run_are_no_content(tmp_path):
    delivery = drawn_tables()["participation.delivery"]
    at = delivery.column_names.index("received")
    later = delivery.set_column(at, delivery.schema.field(at), pa.array([datetime(2030, 1, 1)] * 2, pa.timestamp("us")))
    other_run = replace(FACTS, run="run 2", started=datetime(2030, 1, 1))
    same = hash_of(drawn_tables(participation__delivery=later), tmp_path, other_run)
    assert same == hash_of(drawn_tables(), tmp_path)


READ = {"register": "FIRM", "period": "2012", "file": "2013-10-31/FIRM2012.parquet", "published": date(2013, 10, 31)}


def read_of(**changed) -> pa.Table:
    row = READ | {"preliminary": True, "rows": 3, "bytes": 100, "sha256": "a"} | changed
    return load("meta.extract").conform(pa.Table.from_pylist([row]))


def test_the_publication_behind_every_table_is_found_by_its_sources(tmp_path):
    facts = replace(FACTS, extracts=read_of(), sources={"effect.total": ("BFL", "FIRM"), "chain.result": ("FIRM",)})
    building = build(drawn_tables(), tmp_path, AS_OF, facts)
    behind = """
        SELECT s."schema" || '.' || s."table", register, period, published, preliminary
        FROM meta.source s LEFT JOIN meta.extract USING (register) ORDER BY ALL"""
    assert query(building, behind) == [
        ("chain.result", "FIRM", "2012", date(2013, 10, 31), True),
        ("effect.total", "BFL", None, None, None),
        ("effect.total", "FIRM", "2012", date(2013, 10, 31), True),
    ]


def test_the_same_content_from_another_publication_is_another_release(tmp_path):
    def published(**changed):
        return publish(build(drawn_tables(), tmp_path, AS_OF, replace(FACTS, extracts=read_of(**changed))))

    first = published()
    assert published().kept
    final = published(file="2014-06-30/FIRM2012.parquet", published=date(2014, 6, 30), preliminary=False)
    assert (final.id, final.kept) == (f"{first.id}-2", False)
    assert (published().id, published().kept) == (first.id, True)


def test_every_table_lies_in_key_order_under_its_contract(tmp_path):
    turned = {name: upside_down(table) for name, table in drawn_tables().items()}
    building = build(turned, tmp_path, AS_OF, FACTS)
    assert query(building, "SELECT company FROM participation.company") == [("anna",), ("berta",), ("clara",)]
    there = query(building, "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL")
    assert [name for (name,) in there] == sorted(table.name for table in contracts("warehouse"))
    types = query(building, "SELECT column_name, column_type FROM (DESCRIBE participation.company)")
    company = next(table for table in contracts("warehouse") if table.name == "participation.company")
    assert types == [(column.name, column.physical) for column in company.columns]


def test_every_table_and_column_carries_its_description(tmp_path):
    building = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    tables = query(building, "SELECT count(*), count(nullif(comment, '')) FROM duckdb_tables() WHERE NOT internal")
    columns = query(building, "SELECT count(*), count(nullif(comment, '')) FROM duckdb_columns() WHERE NOT internal")
    assert tables == [(len(contracts("warehouse")),) * 2]
    assert columns == [(sum(len(table.columns) for table in contracts("warehouse")),) * 2]


def test_the_meta_tables_tell_of_the_run_and_of_every_table_and_column(tmp_path):
    building = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    run = "SELECT run, as_of, synthetic, version, key_ids, started, settings FROM meta.run"
    assert query(building, run) == [("run 1", AS_OF, True, "0.1.0", "key a, key b", FACTS.started, '{"threads": 2}')]
    rows = dict(query(building, """SELECT "schema" || '.' || "table", rows FROM meta.table"""))
    assert rows == {name: table.num_rows for name, table in drawn_tables().items()}
    digests = dict(query(building, """SELECT "schema" || '.' || "table", sha256 FROM meta.table"""))
    assert digests == {name: found.sha256 for name, found in building.digests.items()}
    columns = sum(len(table.columns) for table in contracts("warehouse"))
    assert query(building, "SELECT count(*) FROM meta.column") == [(columns,)]
    assert query(building, "SELECT count(*) FROM meta.extract") == query(building, "SELECT count(*) FROM meta.source") == [(0,)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda tables: tables.pop("effect.total"), "has no table effect.total"),
        (lambda tables: tables.update({"effect.guess": tables["effect.total"]}), "knows no table effect.guess"),
        (lambda tables: tables.update({"effect.total": tables["effect.total"].drop_columns("net")}), "net differ"),
        (lambda tables: tables.update({"effect.total": twice(tables["effect.total"])}), "2 rows repeat"),
    ],
)
def test_what_does_not_fit_is_named_and_no_release_is_made(tmp_path, change, sentence):
    tables = drawn_tables()
    change(tables)
    with pytest.raises(ReleaseError, match=sentence):
        build(tables, tmp_path, AS_OF, FACTS)
    assert not (tmp_path / "releases" / "current").exists()


def test_a_missing_value_in_a_required_column_is_refused_without_showing_the_row(tmp_path):
    company = drawn_tables()["participation.company"]
    index = company.column_names.index("initiative")
    holed = company.set_column(index, "initiative", pa.array(["i1", None, "i1"]))
    with pytest.raises(ReleaseError, match="cannot be released: ConstraintException") as refusal:
        build(drawn_tables(participation__company=holed), tmp_path, AS_OF, FACTS)
    assert "berta" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_what_a_dead_build_left_is_removed_and_a_living_one_is_not(tmp_path):
    releases = tmp_path / "releases"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, own, alive = (releases / f".building-{pid}" for pid in (ended.pid, os.getpid(), os.getppid()))
    for left in (dead, own, alive):
        left.mkdir(parents=True)
        (left / "half").write_text("half")
    (releases / f".current-{ended.pid}").symlink_to("nowhere")
    built = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    assert built.path == own
    assert not (own / "half").exists()
    assert sorted(path.name for path in releases.iterdir()) == sorted([own.name, alive.name])


def test_nothing_that_duckdb_spilled_or_logged_stays_beside_the_warehouse(tmp_path):
    built = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    assert sorted(path.name for path in built.path.iterdir()) == ["public", "report", "warehouse.duckdb"]


def test_the_released_tables_are_those_of_the_warehouse_without_the_tables_about_them():
    names = {table.name for table in released_tables()}
    assert {"participation.delivery", "effect.jobs", "chain.result"} <= names
    assert not any(name.startswith(("meta.", "register.", "matching.")) for name in names)
    assert "effect.influence" not in names
