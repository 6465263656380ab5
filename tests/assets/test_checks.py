"""A table that breaks its contract, or accounts that do not add up, stop what is made from them, told in counts."""

import pyarrow as pa
import pytest

from assets import checks
from assets.storage import store_path, write_table
from assets.tables import table_asset
from schemas import contract
from schemas.contract import load
from tests.assets.drawn import CANARY, TOTALS, room, run
from tests.pipelines.release.drawn import drawn_tables


def displaced(verdicts: list[str], types: list[str]) -> pa.Table:
    count = len(verdicts)
    return pa.table({
        "initiative_type": types, "verdict": verdicts,
        "n_firms": pa.array([1] * count, pa.int32()), "n_cells": pa.array([1] * count, pa.int32()),
    })


def chain(home, first: pa.Table):
    """A run of effect.displacement (drawn) and effect.total made from it."""

    @table_asset("effect.displacement", group="chains")
    def displacement() -> pa.Table:
        return first

    @table_asset("effect.total", group="chains", deps=["effect.displacement"])
    def total() -> pa.Table:
        return TOTALS

    return run(room(home, displacement, total))


def test_a_table_that_keeps_its_contract_lets_the_next_be_made(tmp_path):
    result = chain(tmp_path, displaced(["found", "not_found"], ["tourism", "food"]))
    assert result.success
    assert [found.passed for found in result.get_asset_check_evaluations()] == [True, True]
    assert store_path(tmp_path, "effect.total").exists()


@pytest.mark.parametrize("limit", [500_000, 1], ids=["counted on the frame", "counted in one scan"])
def test_a_broken_contract_stops_what_is_made_from_the_table_and_tells_counts_only(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(contract, "FRAME_LIMIT", limit)
    result = chain(tmp_path, displaced([CANARY, "found", "found"], ["tourism", "food", "food"]))
    assert not result.success
    assert not store_path(tmp_path, "effect.total").exists()
    (found,) = result.get_asset_check_evaluations()
    assert {name: value.value for name, value in found.metadata.items()} == {"allowed verdict": 1, "unique": 2}
    assert found.description == "allowed verdict: 1 rows; unique: 2 rows"
    assert CANARY not in repr(result.all_events)


def ledger(home, tables: dict[str, pa.Table]):
    """A run of the participation tables that the accounting check reads."""
    for name in ("delivery", *checks.ACCOUNTED):
        described = load(f"participation.{name}")
        write_table(tables[described.name], described, store_path(home, described.name))

    @table_asset("participation.delivery", group="participations")
    def delivery() -> pa.Table:
        return tables["participation.delivery"]

    @table_asset("effect.total", group="chains", deps=["participation.delivery"])
    def total() -> pa.Table:
        return TOTALS

    return run(room(home, delivery, total, checks=[checks.accounting]))


def test_accounts_that_add_up_pass(tmp_path):
    assert ledger(tmp_path, drawn_tables()).success


def test_a_row_that_is_neither_accepted_nor_quarantined_stops_everything_made_from_the_deliveries(tmp_path):
    delivery = drawn_tables()["participation.delivery"]
    index = delivery.column_names.index("read")
    lost = delivery.set_column(index, delivery.schema.field(index), pa.array([4, 2], pa.int32()))
    result = ledger(tmp_path, drawn_tables(participation__delivery=lost))
    assert not result.success
    assert not store_path(tmp_path, "effect.total").exists()
    (found,) = result.get_asset_check_evaluations()
    assert found.description == "read = accepted + quarantined: 1 deliveries"


def test_every_table_of_a_contract_has_a_blocking_check_and_the_release_has_none():
    @table_asset("effect.total", "register.firm", group="chains")
    def both() -> dict:
        return {}

    made = checks.contract_checks([both])
    assert sorted(check.check_key.asset_key.to_user_string() for check in made) == ["effect/total", "register/firm"]
    assert all(spec.blocking for check in [*made, checks.accounting] for spec in check.check_specs)
