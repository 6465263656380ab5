"""The nightly job holds every asset, runs at night, alone, and says in one sentence what went wrong."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
import yaml
from rich.console import Console

import assets.definitions
from assets import nightly
from assets.lock import HomeInUseError, hold
from assets.storage import StoreError
from assets.tables import table_asset
from tests.assets.drawn import TOTALS, room

ROOT = Path(__file__).parents[2]
HOLDING = """
import sys, time
from pathlib import Path
from assets.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def everything() -> dg.Definitions:
    return assets.definitions.defs


def test_the_job_makes_every_asset_and_runs_every_check(everything):
    graph = everything.resolve_asset_graph()
    layer = everything.resolve_job_def("nightly").asset_layer
    assert set(layer.selected_asset_keys) == set(graph.materializable_asset_keys)
    assert {key for check in everything.asset_checks for key in check.check_keys} == set(graph.asset_check_keys)
    assert dg.AssetKey("release") in layer.selected_asset_keys


def test_every_asset_but_release_and_findings_is_a_table_of_a_contract_in_the_group_of_its_stage(everything):
    for key, spec in {spec.key: spec for spec in everything.resolve_all_asset_specs()}.items():
        assert spec.group_name in {"participations", "registers", "panel", "matching", "effects", "chains", "release"}
        assert spec.description
        assert key.path[0] in {"release", "finding"} or spec.metadata["dagster/column_schema"].columns


def test_every_released_table_is_made_by_an_asset_and_checked(everything):
    graph = everything.resolve_asset_graph()
    release = graph.get(dg.AssetKey("release"))
    assert release.parent_keys <= set(graph.materializable_asset_keys)
    assert release.parent_keys <= {check.asset_key for check in graph.asset_check_keys}


def test_the_schedule_runs_by_itself_at_an_hour_that_every_night_has(everything):
    (schedule,) = everything.schedules
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 4 * * *", "Europe/Copenhagen")
    assert schedule.job_name == "nightly"


def test_dagster_yaml_says_what_the_job_says_of_its_instance():
    written = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert written.pop("storage") == {"sqlite": {"base_dir": "var/dagster"}}
    assert written == nightly.INSTANCE


def ran(home: Path, *made: dg.AssetsDefinition, terminal: bool = False):
    console = Console(file=open(home / "seen", "w+"), force_terminal=terminal, width=100)  # noqa: SIM115
    with dg.DagsterInstance.ephemeral() as instance:
        progress, success = nightly.run(room(home, *made), instance, console)
    console.file.seek(0)
    with console.file:
        return progress, success, console.file.read()


@table_asset("effect.total", group="chains")
def total() -> pa.Table:
    return TOTALS


@table_asset("effect.displacement", group="chains", deps=["effect.total"])
def displacement() -> pa.Table:
    raise StoreError("the extracts are not there")


@table_asset("effect.displacement", group="chains", deps=["effect.total"])
def unlikely() -> pa.Table:
    return pa.table({
        "initiative_type": ["tourism"], "verdict": ["perhaps"],
        "n_firms": pa.array([1], pa.int32()), "n_cells": pa.array([1], pa.int32()),
    })


@pytest.mark.parametrize("terminal", [False, True])
def test_every_step_is_told_as_it_ends(tmp_path, terminal):
    progress, success, seen = ran(tmp_path, total, terminal=terminal)
    assert success
    assert "1/1  total" in seen
    assert "3 rows" in seen
    assert ("\x1b[" in seen) is terminal
    assert (progress.rows, progress.checks, progress.refused, progress.errors) == ({"effect.total": 3}, 1, {}, {})


def test_a_step_that_fails_is_named_with_its_own_sentence(tmp_path):
    progress, success, _ = ran(tmp_path, total, displacement)
    assert not success
    assert nightly._reason(progress) == "displacement failed (the extracts are not there)"


def test_a_check_that_refuses_is_named_with_its_counts(tmp_path):
    progress, success, _ = ran(tmp_path, total, unlikely)
    assert not success
    assert nightly._reason(progress) == "the check effect.displacement: contract refused it (allowed verdict: 1 rows)"


def test_only_one_run_at_a_time_is_at_work_in_a_home(tmp_path):
    command, pipe = [sys.executable, "-c", HOLDING, str(tmp_path)], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(HomeInUseError, match=f"process {other.pid}"), hold(tmp_path):
            pass
        other.kill()
    with hold(tmp_path), hold(tmp_path):
        assert (tmp_path / "run.lock").read_text()


def test_a_run_in_a_home_that_is_in_use_ends_in_one_sentence(tmp_path):
    with hold(tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "assets.nightly", "--home", str(tmp_path), "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "another run" in done.stderr


def test_main_says_what_is_missing_and_makes_nothing(tmp_path, capsys):
    assert nightly.main(["--home", str(tmp_path / "none")]) == 1
    assert "there is no home" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_main_prints_its_summary_and_the_reason_of_a_failure(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(assets.definitions, "definitions", lambda settings: room(settings.home, total, displacement))
    assert nightly.main(["--home", str(tmp_path), "--ephemeral", "--json"]) == 1
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["success"], summary["release"], summary["rows"]) == (False, None, {"effect.total": 3})
    sentence = "effekt: displacement failed (the extracts are not there); the release stays as it was"
    assert err.splitlines()[-1].startswith(sentence)
