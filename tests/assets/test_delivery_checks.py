"""Each rule of each delivery contract, broken once by a drawn delivery: the check turns red with a count, what is made
from the table is not made where the contract blocks, and no value is told."""

import datetime as dt
from dataclasses import replace

import dagster as dg
import pyarrow as pa
import pytest

from assets import checks
from assets.storage import store_path
from assets.tables import table_asset
from pipelines.participations import accepted_contract, table_of
from pipelines.participations.store import STORED_AS, stored_schema, write_delivery
from schemas.contract import HERE, load
from tests.assets.drawn import CANARY, room, run

MADE_FROM = {
    "company_contacts": "effect.support",
    "company_participations": "effect.summary",
    "initiatives": "effect.total",
    "person_participations": "effect.balance",
    "projects": "effect.jobs",
    "targets": "chain.result",
}  # a table that stands for all that is made from a kind of delivery
RULES = {kind: accepted_contract(kind).rules() for kind in MADE_FROM}
ROUNDS = range(max(map(len, RULES.values())))
STORED = {raw: stored for raw, (stored, _) in STORED_AS.items()}
SECRET = "a" * 31 + "b"  # a pseudonym; no more may be told of it than of a raw number


def sound(kind: str, number: int) -> dict[str, object]:
    """An accepted row that keeps every rule, its texts a canary wherever the contract lets them be."""
    row = {}
    for column in accepted_contract(kind).columns:
        if column.codes or column.allowed:
            row[column.name] = column.example
        elif pa.types.is_date(column.type):
            row[column.name] = dt.date(2010, 1, number)
        elif pa.types.is_decimal(column.type):
            row[column.name] = number
        elif pa.types.is_boolean(column.type):
            row[column.name] = True
        else:
            row[column.name] = SECRET[:-1] + "cdef"[number] if column.classification else f"{CANARY} {number}"
    return row | {"row": number + 1, "delivery": None}


def broken(kind: str, rule) -> list[dict[str, object]]:
    """Two rows of which one breaks the rule; for `unique` both."""
    first, second = sound(kind, 1), sound(kind, 2)
    column = rule.column and accepted_contract(kind).column(rule.column)
    if rule.name == "unique":
        return [first, second | {key: first[key] for key in accepted_contract(kind).keys}]
    if rule.name == "not_null":
        return [first, second | {column.name: None}]
    if rule.name == "between":
        below = column.minimum - (dt.timedelta(1) if pa.types.is_date(column.type) else 1)
        return [first, second | {column.name: below}]
    return [first, second | {column.name: CANARY}]


def store(home, kind: str, rows: list[dict[str, object]], name: str = "one") -> None:
    schema = stored_schema(load(f"deliveries.{kind}"))
    accepted = pa.Table.from_pylist([{field: row[field] for field in schema.names} for row in rows], schema)
    findings = pa.table({"row": pa.array([], pa.int32()), "rule": pa.array([], pa.string()), "column": pa.array([], pa.string())})
    write_delivery(home / "deliveries" / name, accepted, findings, {"kind": kind, "delivery": name})


def night(home, *kinds: str) -> dg.ExecuteInProcessResult:
    """A run of the kinds' tables, each with the check of its deliveries, and of a table made from each."""
    assets = []
    for kind in kinds:
        assets += [empty(table_of(kind)), empty(MADE_FROM[kind], deps=[table_of(kind)])]
    return run(room(home, *assets, checks=[checks.delivery_check(kind) for kind in kinds]))


def empty(name: str, deps=()) -> dg.AssetsDefinition:
    def made() -> pa.Table:
        return load(name).arrow_schema().empty_table()

    made.__name__ = name.replace(".", "_")
    return table_asset(name, group="drawn", deps=deps)(made)


def told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, object]]:
    """What each kind's check tells, by the table that it is a check of."""
    return {
        ".".join(found.asset_key.path): {name: value.value for name, value in found.metadata.items()}
        for found in result.get_asset_check_evaluations()
    }


def is_made(home, kind: str) -> bool:
    return store_path(home, MADE_FROM[kind]).exists()


@pytest.mark.parametrize("number", ROUNDS)
def test_each_rule_turns_red_and_stops_what_is_made_from_its_kind(tmp_path, number):
    """The rule of that number of every kind that has so many, in one run."""
    rules = {kind: all_rules[number] for kind, all_rules in RULES.items() if number < len(all_rules)}
    for kind, rule in rules.items():
        store(tmp_path, kind, broken(kind, rule), kind)
    result = night(tmp_path, *rules)
    assert told(result) == {
        table_of(kind): {f"{rule.name} {rule.column or ''}".strip(): 1 + (rule.name == "unique")} for kind, rule in rules.items()
    }
    assert not result.success
    assert not any(is_made(tmp_path, kind) for kind in rules)
    assert not any(secret in repr(result.all_events) for secret in (CANARY, SECRET[:-1]))


def test_only_what_is_made_from_the_broken_kind_is_stopped(tmp_path):
    store(tmp_path, "targets", broken("targets", RULES["targets"][0]), "one")
    store(tmp_path, "projects", [sound("projects", 1)], "two")
    night(tmp_path, "targets", "projects")
    assert (is_made(tmp_path, "targets"), is_made(tmp_path, "projects")) == (False, True)


def test_the_rules_of_stored_rows_are_those_of_the_delivered_ones():
    for kind, rules in RULES.items():
        delivered = [(rule.name, STORED.get(rule.column, rule.column)) for rule in load(f"deliveries.{kind}").rules()]
        assert [(rule.name, rule.column) for rule in rules] == delivered
    assert sum(map(len, RULES.values())) == 44


def test_the_last_allowed_day_is_sound_and_the_next_is_not(tmp_path):
    last = accepted_contract("company_contacts").column("date").maximum
    store(tmp_path, "company_contacts", [sound("company_contacts", 1) | {"date": last}], "one")
    assert night(tmp_path, "company_contacts").success
    store(tmp_path, "company_contacts", [sound("company_contacts", 1) | {"date": last + dt.timedelta(1)}], "two")
    assert told(night(tmp_path, "company_contacts")) == {"participation.contact": {"between date": 1}}


def test_an_identity_may_come_in_two_deliveries_but_not_twice_in_one(tmp_path):
    for name in ("one", "two"):
        store(tmp_path, "projects", [sound("projects", 1)], name)
    assert night(tmp_path, "projects").success


def test_a_contract_that_does_not_block_only_warns(tmp_path, monkeypatch):
    lenient = replace(accepted_contract("targets"), blocking=False)
    monkeypatch.setattr(checks, "accepted_contract", lambda kind: lenient)
    store(tmp_path, "targets", broken("targets", RULES["targets"][0]))
    result = night(tmp_path, "targets")
    (found,) = result.get_asset_check_evaluations()
    assert (found.passed, found.severity, is_made(tmp_path, "targets")) == (False, dg.AssetCheckSeverity.WARN, True)


def test_every_delivery_contract_says_that_it_blocks_and_has_its_check():
    assets = [empty(table_of(kind)) for kind in RULES]
    made = checks.delivery_checks(assets)
    assert sorted(".".join(check.check_key.asset_key.path) for check in made) == sorted(map(table_of, RULES))
    assert all(spec.blocking for check in made for spec in check.check_specs)
    written = [path.read_text(encoding="utf-8") for path in sorted((HERE / "deliveries").glob("*.yaml"))]
    assert all("      - property: blocking\n        value: true\n" in text for text in written)
