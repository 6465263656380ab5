"""The benchmark of the intake: its files are taken whole, and its goals hold."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import intake
from pipelines.participations import check

SCRIPT = Path(intake.__file__)


@pytest.mark.parametrize("case", intake.ROWS)
def test_every_row_of_a_drawn_file_is_accepted(tmp_path, monkeypatch, case):
    monkeypatch.setitem(intake.ROWS, case, 400)
    intake.write_file(case, tmp_path)
    (file,) = tmp_path.iterdir()
    receipt = check(file, intake.KIND, synthetic=True)
    assert (receipt.read, receipt.accepted) == (400, 400)
    assert receipt.format == ("xlsx" if case == "xlsx" else "csv")


def test_ours_and_the_bound_take_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setitem(intake.ROWS, "csv", 300)
    intake.write_file("csv", tmp_path)
    (file,) = tmp_path.iterdir()
    found = [intake._in_own_process(name, file) for name in ("ours", "bound")]
    assert [one["rows"] for one in found] == [300, 300]
    assert all(one["cpu"] > 0 and one["gib"] > 0 for one in found)


@pytest.mark.long
def test_the_goals_hold():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
