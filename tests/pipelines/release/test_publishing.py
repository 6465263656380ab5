"""Readers see the old release or the new one, whatever happens to the process that publishes."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipelines.release import WAREHOUSE, ReleaseError, build, current, publish, verify
from pipelines.release.audit import damaged_files
from tests.pipelines.release.drawn import AS_OF, FACTS, drawn_tables

ROOT = Path(__file__).parents[3]


def release(home: Path, net: float = 2.25):
    total = drawn_tables()["effect.total"]
    at = total.column_names.index("net")
    tables = drawn_tables(effect__total=total.set_column(at, total.schema.field(at), pa.array([1.0, net])))
    return publish(build(tables, home, AS_OF, FACTS))


def net_of(warehouse: Path) -> float:
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return con.sql("SELECT max(net) FROM effect.total").fetchone()[0]


def test_a_published_release_is_the_current_one_and_names_all_its_files(tmp_path):
    building = build(drawn_tables(), tmp_path, AS_OF, FACTS)
    (building.path / "report" / "index.html").write_text("<html></html>")
    published = publish(building)
    assert current(tmp_path) == published.path.resolve()
    assert published.id == building.id
    manifest = json.loads((published.path / "manifest.json").read_text())
    assert sorted(manifest["files"]) == ["report/index.html", "warehouse.duckdb"]
    assert manifest["tables"]["effect.total"]["rows"] == 2
    assert manifest["key_ids"] == ["key a", "key b"]
    assert damaged_files(published.path) == ()


def test_there_is_no_clock_reading_and_no_path_in_the_manifest(tmp_path):
    text = (release(tmp_path).path / "manifest.json").read_text()
    assert "2026" not in text
    assert str(tmp_path) not in text
    assert FACTS.run not in text


def test_the_same_content_again_keeps_the_release_untouched(tmp_path):
    first = release(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in first.path.rglob("*")}
    again = release(tmp_path)
    assert (again.id, again.kept, first.kept) == (first.id, True, False)
    assert {path: path.stat().st_mtime_ns for path in first.path.rglob("*")} == before
    assert sorted(path.name for path in (tmp_path / "releases").iterdir()) == sorted([first.id, "current"])


def test_going_back_to_an_earlier_content_makes_its_release_current_again(tmp_path):
    first, second = release(tmp_path, 1.0), release(tmp_path, 2.0)
    assert current(tmp_path).name == second.id
    assert release(tmp_path, 1.0).kept
    assert current(tmp_path).name == first.id


def test_a_damaged_release_is_neither_kept_nor_touched(tmp_path):
    first = release(tmp_path)
    with (first.path / WAREHOUSE).open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\x00\xff")
    damaged = (first.path / WAREHOUSE).read_bytes()
    second = release(tmp_path)
    assert (second.id, second.kept) == (f"{first.id}-2", False)
    assert (first.path / WAREHOUSE).read_bytes() == damaged
    assert verify(tmp_path) == ()
    assert release(tmp_path).id == second.id


def test_a_reader_that_holds_the_old_release_goes_on_reading_it(tmp_path):
    release(tmp_path, 1.0)
    with duckdb.connect(str(tmp_path / "releases" / "current" / WAREHOUSE), read_only=True) as reader:
        release(tmp_path, 7.0)
        assert reader.sql("SELECT max(net) FROM effect.total").fetchone() == (1.0,)
    assert net_of(tmp_path / "releases" / "current" / WAREHOUSE) == 7.0


def test_without_a_release_the_sentence_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(ReleaseError, match="effekt run"):
        current(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from schemas.contract import Contract
from tests.pipelines.release.test_publishing import release

Contract.comments = lambda table: ()  # half the time of a build, and nothing to do with files
home, calls = Path(sys.argv[1]), 0
STEPS = [(os, "fsync"), (os, "replace"), (os, "rename"), (os, "symlink"), (os, "mkdir"), (Path, "write_text")]

def killing(at):
    def step(call):
        def run(*args, **kwargs):
            global calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)
        return run
    for owner, name in STEPS:
        setattr(owner, name, step(getattr(owner, name)))

for at in range(1, 200):
    pid = os.fork()
    if not pid:
        killing(at)
        release(home, 100.0 + at)
        os._exit(0)
    end = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(at, end, os.readlink(home / "releases" / "current"), flush=True)
    if end == 0:
        break
"""


def test_a_process_killed_at_any_point_leaves_a_whole_release_behind(tmp_path):
    first = release(tmp_path, 1.0)
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *killed, finished = [line.split() for line in run.stdout.splitlines()]
    assert len(killed) > 10
    assert {end for _, end, _ in killed} == {"-9"}
    assert [at for at, _, left in killed if left == first.id][:5] == ["1", "2", "3", "4", "5"]
    assert finished[1] == "0"
    for _, _, left in (*killed, finished):
        assert damaged_files(tmp_path / "releases" / left) == ()
        assert net_of(tmp_path / "releases" / left / WAREHOUSE) >= 1.0
    release(tmp_path, 3.0)
    assert verify(tmp_path) == ()
    assert not [path for path in (tmp_path / "releases").iterdir() if path.name.startswith(".")]
