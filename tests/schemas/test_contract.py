"""A contract is read from its file and rendered: columns, schema, rules, suite, comments, template."""

import datetime as dt
import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest

from schemas.contract import ROOMS, Column, Contract, codes, contracts, load
from tests.schemas.drawn import TOY


def test_a_contract_is_found_by_its_name_in_every_room():
    assert load("deliveries.projects").room == "deliveries"
    assert load("registers.FIRM").room == "registers"
    assert load("panel.firm_year").room == "warehouse"
    assert load("effect.influence").room == "store"
    assert all(load(contract.name) is contract for room in ROOMS for contract in contracts(room))


def test_names_that_nobody_has_are_key_errors_that_say_where_to_look():
    with pytest.raises(KeyError, match="dictionary"):
        load("panel.firm_month")
    with pytest.raises(KeyError, match="deliveries, registers, warehouse, store"):
        contracts("kitchen")
    with pytest.raises(KeyError, match="schemas/codes"):
        codes("colours")


def test_columns_carry_what_the_file_says_of_them():
    cvr = load("deliveries.company_participations").column("cvr")
    assert (cvr.label, cvr.classification, cvr.key, cvr.required) == ("CVR-nr.", "raw", True, True)
    assert {"CVR", "CVR nr"} <= set(cvr.synonyms)
    start = load("deliveries.company_participations").column("start")
    assert (start.type, start.minimum, start.maximum) == (pa.date32(), dt.date(2000, 1, 1), dt.date(2030, 12, 31))
    wanted = load("chain.link").column("link")
    assert wanted.allowed == ("activity", "output", "short_term", "long_term", "impact")
    assert load("panel.firm_year").column("fte").type == pa.decimal128(12, 2)
    assert load("panel.firm_year").column("section").codes == "sections"


def test_a_delivery_may_ask_for_a_column_whose_cells_may_be_empty():
    asked = {
        kind: [c.name for c in load(f"deliveries.{kind}").columns if c.asked]
        for kind in ("company_participations", "person_participations")
    }
    assert asked == {
        "company_participations": ["cvr", "project", "start", "end", "support_dkk"],
        "person_participations": ["cpr", "project", "start", "end"],
    }
    assert not load("deliveries.company_participations").column("end").required


def test_keys_stand_in_the_order_that_others_rely_on():
    assert load("effect.event_time").keys == ("initiative_type", "unit", "outcome", "event_time")
    assert load("effect.summary").keys == ("initiative_type", "unit", "outcome", "horizon")
    assert load("effect.jobs").keys == ("initiative_type", "event_time")
    assert load("participation.company").keys == ("company", "project", "start")
    assert load("registers.BFL").keys == ()


def test_the_arrow_schema_has_order_types_nullability_and_descriptions():
    schema = TOY.arrow_schema()
    assert schema.names == ["firm", "year", "region", "size", "support_dkk", "share", "born", "alive"]
    assert schema.field("year").type == pa.int32()
    assert [field.name for field in schema if not field.nullable] == ["firm", "year", "share", "alive"]
    assert schema.field("born").metadata == {b"description": b"First day."}


def test_rules_are_listed_by_column_with_uniqueness_last():
    assert [(rule.name, rule.column) for rule in TOY.rules()] == [
        ("not_null", "firm"),
        ("not_null", "year"),
        ("between", "year"),
        ("in_codes", "region"),
        ("allowed", "size"),
        ("between", "support_dkk"),
        ("not_null", "share"),
        ("between", "share"),
        ("between", "born"),
        ("not_null", "alive"),
        ("unique", None),
    ]


def test_the_suite_holds_one_expectation_for_each_rule():
    suite = TOY.suite()
    told = [(expectation.meta["rule"], expectation.meta["column"]) for expectation in suite.expectations]
    assert told == [(rule.name, rule.column) for rule in TOY.rules()]
    kinds = {expectation.meta["rule"]: expectation.expectation_type for expectation in suite.expectations}
    assert kinds == {
        "not_null": "expect_column_values_to_not_be_null",
        "between": "expect_column_values_to_be_between",
        "in_codes": "expect_column_values_to_be_in_set",
        "allowed": "expect_column_values_to_be_in_set",
        "unique": "expect_compound_columns_to_be_unique",
    }


def test_comments_reach_the_catalogue_with_quotes_intact():
    column = Column("it's", "VARCHAR", 'The firm\'s "name".', "Navn")
    contract = Contract("toy.odd", "warehouse", "Sær", "What's odd.", (column,), ())
    with duckdb.connect() as connection:
        connection.execute('CREATE SCHEMA toy; CREATE TABLE toy.odd ("it\'s" VARCHAR)')
        for statement in contract.comments():
            connection.execute(statement)
        assert connection.execute("SELECT comment FROM duckdb_tables()").fetchall() == [("What's odd.",)]
        assert connection.execute("SELECT comment FROM duckdb_columns() WHERE table_name = 'odd'").fetchall() == [
            ('The firm\'s "name".',)
        ]


@pytest.mark.parametrize("room", ["warehouse", "store"])
def test_every_table_can_be_made_in_duckdb_and_carries_all_its_comments(room):
    with duckdb.connect() as connection:
        for contract in contracts(room):
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{contract.name.split(".")[0]}"')
            connection.register("drawn", contract.arrow_schema().empty_table())
            connection.execute(f"CREATE TABLE {contract.name} AS FROM drawn")
            for statement in contract.comments():
                connection.execute(statement)
            connection.unregister("drawn")
            types = connection.execute(f"DESCRIBE {contract.name}").fetchall()
            assert [(row[0], row[1]) for row in types] == [(c.name, c.physical) for c in contract.columns]
        bare = connection.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
        ).fetchone()
        assert bare == (0,)


def test_a_template_is_the_line_of_danish_headers():
    assert load("deliveries.targets").template() == "Projekt;Indikator;Mål\n"


def test_reading_contracts_is_light_it_imports_neither_great_expectations_nor_duckdb():
    program = "import sys, schemas.contract as c; c.load('panel.firm_year').rules(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"great_expectations", "duckdb"} & set(loaded)
