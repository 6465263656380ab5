"""Nothing that a row holds reaches the text of an exception, since Dagster stores all of it."""

import re

import dagster as dg
import duckdb
import ibis
import pyarrow as pa
import pytest

from assets import nightly
from assets.failures import StepError, without_values
from assets.storage import StoreError
from assets.tables import table_asset
from tests.assets.drawn import CANARY, TOTALS, room, run


def test_a_foreign_error_is_told_by_kind_and_place_only():
    told = told_of(int, f"{CANARY}x")
    assert isinstance(told, StepError)
    assert re.fullmatch(r"firms: ValueError at test_failures\.py line \d+, in told_of", str(told))
    assert told.__suppress_context__


def test_an_error_of_this_project_is_told_as_it_is_but_without_what_caused_it():
    told = told_of(raise_for_a_reason)
    assert str(told) == "not there"
    assert isinstance(told, StoreError)
    assert told.__cause__ is None
    assert told.__suppress_context__


def told_of(call, *given) -> BaseException:
    with pytest.raises(RuntimeError) as raised, without_values("firms"):
        call(*given)
    return raised.value


def raise_for_a_reason() -> None:
    try:
        int(f"{CANARY}x")
    except ValueError as error:
        raise StoreError("not there") from error


@table_asset("effect.total", group="effects")
def fails_in_the_step() -> pa.Table:
    raise KeyError(CANARY)


@table_asset("effect.jobs", group="effects")
def fails_in_duckdb() -> pa.Table:
    return duckdb.sql(f"SELECT '{CANARY}x'::INTEGER").to_arrow_table()


@table_asset("effect.event_time", group="effects")
def fails_while_it_is_written() -> ibis.Table:
    return ibis.memtable(TOTALS).select(n_treated=ibis.literal(f"{CANARY}x").cast("int32"))


def test_no_byte_of_the_run_history_holds_a_value_that_an_error_quoted(tmp_path):
    instance = dg.DagsterInstance.from_config(str(nightly.dagster_home(tmp_path)))
    result = run(room(tmp_path, fails_in_the_step, fails_in_duckdb, fails_while_it_is_written), instance)
    assert len([event for event in result.all_events if event.is_step_failure]) == 3
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in stored)
    assert not [path.name for path in stored if CANARY.encode() in path.read_bytes()]
