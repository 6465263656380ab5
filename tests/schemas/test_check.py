"""check counts the rows that break each rule, alike on a frame and by a scan, and lets no value out."""

import datetime as dt
import logging
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from schemas import contract as room
from schemas.contract import ROOMS, Contract, ContractError, Finding, contracts
from schemas.rules import violations
from tests.schemas.drawn import CANARY, TOY, broken, sound, toy

FRAME, COUNT = "frame", "count"
BREAKS = [
    ("not_null", "firm", {"firm": None}),
    ("not_null", "share", {"share": None}),
    ("not_null", "alive", {"alive": None}),
    ("between", "year", {"year": 1999}),
    ("between", "year", {"year": 2021}),
    ("in_codes", "region", {"region": "1086"}),
    ("allowed", "size", {"size": "medium"}),
    ("between", "support_dkk", {"support_dkk": Decimal("-0.01")}),
    ("between", "share", {"share": 1.0000001}),
    ("between", "born", {"born": dt.date(2031, 1, 1)}),
    ("between", "born", {"born": dt.date(1899, 12, 31)}),
]


@pytest.fixture(params=[FRAME, COUNT])
def path(request, monkeypatch):
    """Both ways of counting: on the frame, and by one scan as for tables above the limit."""
    if request.param == COUNT:
        monkeypatch.setattr(room, "FRAME_LIMIT", -1)
    return request.param


def test_a_sound_table_has_no_findings_and_neither_has_an_empty_one(path):
    bounds = [
        {"year": 2000, "share": 0.0, "support_dkk": Decimal(0), "born": dt.date(1900, 1, 1)},
        {"year": 2020, "share": 1.0, "born": dt.date(2030, 12, 31)},
        {"year": 2016, "region": None, "size": None, "support_dkk": None, "born": None},
    ]
    assert TOY.check(toy(*bounds)) == ()
    assert TOY.check(toy()) == ()


def test_every_rule_turns_red_alone(path):
    for rule, column, cells in BREAKS if path == COUNT else BREAKS[::2]:
        assert TOY.check(toy({"firm": "other"}, cells)) == (Finding(rule, column, 1),), (rule, column)


def test_every_row_of_a_repeated_key_is_counted(path):
    assert TOY.check(toy({}, {}, {"year": 2016}, {}, {"firm": "b"})) == (Finding("unique", None, 3),)


def test_a_key_of_one_column_is_unique_too(path):
    contract = Contract("toy.firm", "store", "Firma", "A firm.", TOY.columns[:1], ("firm",))
    assert contract.check(pa.table({"firm": ["a", "b", "a"]})) == (Finding("unique", None, 2),)


def test_findings_come_in_the_order_of_the_rules_with_their_counts(path):
    table, expected = broken(TOY)
    assert TOY.check(table) == tuple(Finding(*told, count) for told, count in expected.items())


def test_a_missing_number_is_missing_also_when_written_as_nan(path):
    table = toy({"share": float("nan")}, {"year": 2016})
    assert TOY.check(table) == (Finding("not_null", "share", 1),)


def test_nan_in_a_dataset_is_missing_and_not_larger_than_every_bound(tmp_path):
    dataset = ds.dataset(toy({"share": float("nan")}, {"year": 2016}, {"year": 2017, "share": 2.0}))
    assert TOY.check(dataset) == (Finding("not_null", "share", 1), Finding("between", "share", 1))


@pytest.mark.parametrize("seed", range(3))
def test_frame_and_scan_agree_on_drawn_tables(seed, monkeypatch):
    rng = np.random.default_rng(seed)

    def some(values):
        return [values[n] for n in rng.integers(0, len(values), 200)]

    table = pa.table(
        {
            "firm": some(["a", "b", "c", None]),
            "year": pa.array(some([*range(1995, 2025), None]), pa.int32()),
            "region": some(["1081", "1085", "0", None]),
            "size": some(["small", "large", "", None]),
            "support_dkk": some([Decimal("0.00"), Decimal("-5.25"), None]),
            "share": some([0.0, 1.0, -0.1, 1.1, None]),
            "born": some([dt.date(1899, 1, 1), dt.date(9999, 12, 31), dt.date(2000, 1, 1), None]),
            "alive": some([True, False, None]),
        }
    )
    on_frame = TOY.check(table)
    monkeypatch.setattr(room, "FRAME_LIMIT", 100)
    assert TOY.check(table) == on_frame
    assert len(on_frame) == len(TOY.rules())


@pytest.mark.parametrize("name", ROOMS)
def test_every_rule_of_every_contract_is_kept_by_sound_rows_and_broken_by_one(name):
    for contract in contracts(name):
        rules = contract.rules()
        kept = violations(rules, contract.keys, sound(contract, 5))
        assert set(kept.values()) <= {0}, contract.name
        table, expected = broken(contract)
        found = violations(rules, contract.keys, table)
        assert {(rule.name, rule.column): count for rule, count in found.items()} == expected, contract.name


@pytest.mark.parametrize("name", ["participation.company", "participation.quarantine", "effect.summary", "chain.link"])
def test_contracts_on_file_turn_red_on_the_frame_as_they_do_in_the_scan(name):
    table, expected = broken(room.load(name))
    found = room.load(name).check(table)
    assert {(finding.rule, finding.column): finding.violations for finding in found} == expected


def test_a_table_of_another_shape_is_an_error_and_not_a_finding(path):
    with pytest.raises(ContractError, match="missing columns: alive"):
        TOY.check(toy({}).drop_columns(["alive"]))
    with pytest.raises(ContractError, match="year is VARCHAR"):
        TOY.check(toy({}).drop_columns(["year"]).append_column("year", pa.array(["2015"])))
    with pytest.raises(ContractError, match="unknown columns: colour"):
        TOY.check(ds.dataset(toy({}).append_column("colour", pa.array(["red"]))))


def test_a_rule_that_cannot_be_evaluated_is_an_error_and_never_a_pass(monkeypatch):
    def frame_of_text(contract, table):
        return table.to_pandas().assign(share=CANARY)

    monkeypatch.setattr(room, "_frame", frame_of_text)
    with pytest.raises(ContractError) as caught:
        TOY.check(toy({}))
    assert "could not be evaluated: between share" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_no_value_leaves_a_check_by_finding_log_or_output(path, caplog, capfd):
    table, _ = broken(room.load("participation.company"))
    marked = table.set_column(0, "company", pa.array([f"{CANARY}{n}" for n in range(table.num_rows)]))
    with caplog.at_level(logging.DEBUG):
        found = room.load("participation.company").check(marked)
    assert len(found) > 5
    told = capfd.readouterr()
    assert CANARY not in repr(found) + caplog.text + told.out + told.err
    assert told.out == told.err == ""


def test_the_checked_frame_does_not_live_on_in_the_process():
    import gc

    import pandas as pd

    size = 12_347
    TOY.check(pa.concat_tables([toy({"firm": None})] * size))
    gc.collect()
    assert not [kept for kept in gc.get_objects() if isinstance(kept, pd.DataFrame) and len(kept) == size]


def test_a_table_above_the_limit_is_counted_by_the_scan(monkeypatch):
    monkeypatch.setattr(room, "_frame", None)
    monkeypatch.setattr(room, "FRAME_LIMIT", 2)
    assert TOY.check(toy({}, {"year": 2016}, {"year": 1999})) == (Finding("between", "year", 1),)
