"""A run that is killed leaves the release before it readable. That the next build works is shown in release/test_publishing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT, effekt

STARTED = {
    "while registers are imported": lambda home: (home / "store" / "register.firm" / "data.parquet").exists(),
    "while the release is built": lambda home: any((home / "releases").glob(".building*")),
}


@pytest.mark.parametrize("moment", STARTED)
def test_killing_a_run_leaves_the_release_before_it_readable(tiny_copy, moment):
    keys = tiny_copy.parent / "keys"
    before = (tiny_copy / "releases" / "current").resolve()
    (tiny_copy / "store" / "register.firm" / "data.parquet").unlink()
    _change_something(tiny_copy)
    with duckdb.connect(str(before / "warehouse.duckdb"), read_only=True) as reader:
        _kill_when(STARTED[moment], tiny_copy, keys)
        assert (tiny_copy / "releases" / "current").resolve() == before
        assert reader.sql("SELECT count(*) FROM effect.jobs").fetchone()[0] > 0
    assert effekt("verify", home=tiny_copy).returncode == 0


def _change_something(home: Path) -> None:
    """One quarter of the population less, so that the next release differs from the one before."""
    sorted((home / "registers").glob("BEF*"))[0].unlink()


def _kill_when(started, home: Path, keys: Path) -> None:
    environment = {**os.environ, "EFFEKT_HOME": str(home), "EFFEKT_KEYS": str(keys)}
    command = [sys.executable, "-m", "assets.nightly", "--ephemeral"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not started(home):
        assert process.poll() is None, "the run ended before the moment came"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
