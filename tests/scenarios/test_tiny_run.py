"""One whole run on the tiny world: what a release holds, that it is repeatable, and that nothing else is needed for it."""

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.world.plan import TYPES
from schemas.contract import contracts
from tests.conftest import effekt

PROMISED = {
    "participation": ("initiative", "project", "company", "person", "contact", "delivery", "quarantine"),
    "panel": ("firm_year", "person_quarter"),
    "effect": (
        "group_time", "event_time", "summary", "jobs", "jobs_by_year", "balance", "support", "sensitivity", "displacement",
    ),
    "chain": ("link", "result"),
    "meta": ("run", "table", "column"),
}


@pytest.fixture(scope="module")
def warehouse(tiny_home: Path):
    with duckdb.connect(str(tiny_home / "releases" / "current" / "warehouse.duckdb"), read_only=True) as con:
        yield con


@pytest.mark.parametrize("table", [f"{schema}.{table}" for schema, tables in PROMISED.items() for table in tables])
def test_every_promised_table_is_there_and_holds_rows(warehouse, table):
    assert warehouse.sql(f"SELECT count(*) FROM {table}").fetchone()[0] > 0


def test_every_table_and_column_carries_its_description(warehouse):
    bare = warehouse.sql("SELECT table_name FROM duckdb_tables() WHERE comment IS NULL").fetchall()
    bare += warehouse.sql("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL").fetchall()
    assert bare == []


def test_no_table_is_released_that_has_no_warehouse_contract(warehouse):
    found = set(warehouse.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchnumpy().popitem()[1])
    assert found == {contract.name for contract in contracts("warehouse")}


def test_every_type_has_jobs_gross_deadweight_and_net_that_add_up(warehouse):
    rows = warehouse.sql(
        "SELECT initiative_type, gross, deadweight, net, net_low, net_high, cost_set FROM effect.jobs WHERE event_time = 2"
    ).fetchall()
    assert {row[0] for row in rows} == {plan.code for plan in TYPES}
    for _, gross, deadweight, net, low, high, _ in rows:
        assert gross - deadweight == pytest.approx(net, abs=1e-9)
        assert low < net < high


def test_the_participants_of_a_type_are_estimated_or_counted_as_not_estimated(warehouse):
    off = warehouse.sql("""
        SELECT j.initiative_type FROM effect.jobs j
        JOIN (SELECT initiative_type, count(*) AS n FROM panel.company_cohort GROUP BY ALL) c USING (initiative_type)
        WHERE j.event_time = 0 AND j.n_treated + j.n_not_estimated <> c.n""").fetchall()
    assert off == []


def test_every_participant_is_matched_or_has_a_reason(warehouse):
    off = warehouse.sql("""
        SELECT initiative_type FROM (SELECT initiative_type, sum(n) AS told FROM effect.support WHERE unit = 'company' GROUP BY ALL)
        JOIN (SELECT initiative_type, count(*) AS n FROM panel.company_cohort GROUP BY ALL) USING (initiative_type)
        WHERE told <> n""").fetchall()
    assert off == []


def test_rows_read_are_accepted_or_quarantined_in_every_delivery(warehouse):
    off = warehouse.sql("""
        SELECT delivery FROM participation.delivery
        WHERE "read" <> accepted + quarantined OR accepted <> current + superseded + withdrawn""").fetchall()
    assert off == []


def test_every_operator_has_rows_in_quarantine_and_one_correction_superseded_others(warehouse):
    operators = warehouse.sql("SELECT operator FROM participation.delivery GROUP BY ALL HAVING sum(quarantined) > 0").fetchall()
    assert len(operators) == 5
    assert warehouse.sql("SELECT sum(superseded) FROM participation.delivery").fetchone()[0] == 3


def test_paid_hours_are_the_exact_sum_of_the_register(warehouse, tiny_home):
    off = warehouse.execute("""
        WITH register AS (
            SELECT AJO_CVR_NR_FRA_PROD_JOB AS company, year(AJO_JOB_START_DATO) AS year, sum(AJO_LOENTIMER) AS hours
            FROM read_parquet($files) GROUP BY ALL)
        SELECT count(*) FROM panel.firm_year p LEFT JOIN register r USING (company, year)
        WHERE p.alive AND p.paid_hours IS DISTINCT FROM r.hours""", {"files": str(tiny_home / "registers" / "BFL*.parquet")}).fetchone()
    assert off == (0,)


def test_effects_are_those_of_the_panel_and_not_of_the_truth_file(tiny_copy):
    (tiny_copy / "world" / "truth.parquet").unlink()
    before = json.loads((tiny_copy / "releases" / "current" / "manifest.json").read_text())
    again = effekt("run", "--json", home=tiny_copy, keys=tiny_copy.parent / "keys")
    assert again.returncode == 0, again.stderr
    after = json.loads((tiny_copy / "releases" / "current" / "manifest.json").read_text())
    assert after["content_hash"] == before["content_hash"], "the same deliveries and registers give the same release"
    assert json.loads(again.stdout)["run"]["success"] is True


def test_the_release_is_sound_and_says_so(tiny_home):
    audit = effekt("verify", home=tiny_home)
    assert (audit.returncode, audit.stderr) == (0, "")
    assert "sound" in audit.stdout


def test_every_extract_is_told_with_its_hash_and_every_effect_with_the_registers_behind_it(warehouse, tiny_home):
    files = {str(path.relative_to(tiny_home / "registers")): path for path in (tiny_home / "registers").rglob("*.parquet")}
    told = dict(warehouse.sql("SELECT file, sha256 FROM meta.extract").fetchall())
    assert told == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    behind = warehouse.sql("""SELECT "table", list(register ORDER BY register) FROM meta.source WHERE "schema" = 'effect' GROUP BY ALL""")
    behind = dict(behind.fetchall())
    assert {"summary", "total", "event_time"} <= behind.keys()
    assert {"BFL", "FIRM", "LONG_DEMO"} <= set(behind["jobs"])


def test_the_as_of_date_is_the_last_date_of_the_data(warehouse):
    assert warehouse.sql("SELECT as_of FROM meta.run").fetchone() == (date(2015, 12, 31),)
