"""A world that is killed or fails halfway leaves nothing that could pass for a whole one, and spoils none that was there."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pipelines.world
from pipelines.registers import REGISTERS, RegisterError, find_extracts
from pipelines.world import WorldError, make_world
from pipelines.world.installing import PART, installing
from tests.pipelines.world.making import digests, pseudonym_of

ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.world.installing import installing
from tests.pipelines.world.test_installing import put
with installing(Path(sys.argv[1])) as part:
    for register in ("FIRM", "BFL", "BEF", "UDDA"):
        put(part / "registers" / f"{register}2015.parquet", "half a world")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def install(home: Path, text: str, *names: str) -> None:
    with installing(home) as part:
        for name in names:
            put(part / "registers" / name, text)
        put(part / "world" / "truth.parquet", text)


def contents(home: Path) -> dict[str, str]:
    return {path.relative_to(home).as_posix(): path.read_text() for path in sorted(home.rglob("*")) if path.is_file()}


def test_a_killed_world_leaves_no_register_that_a_run_would_find(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("*2015.parquet")), "the world was killed before it had written anything"
    for register in REGISTERS:
        with pytest.raises(RegisterError):
            find_extracts(tmp_path / "registers", register)
    assert not (tmp_path / "world").exists()


def test_the_next_world_throws_away_what_a_killed_one_left(tmp_path):
    put(tmp_path / PART / "registers" / "FIRM1999.parquet", "left over")
    install(tmp_path, "new", "FIRM2015.parquet")
    assert contents(tmp_path) == {"registers/FIRM2015.parquet": "new", "world/truth.parquet": "new"}
    assert not (tmp_path / PART).exists()


def test_a_new_world_replaces_registers_and_truth_of_an_old_one_as_a_whole(tmp_path):
    put(tmp_path / "deliveries" / "d", "kept")
    install(tmp_path, "old", "FIRM2014.parquet", "FIRM2015.parquet")
    install(tmp_path, "new", "FIRM2015.parquet")
    assert contents(tmp_path) == {
        "deliveries/d": "kept", "registers/FIRM2015.parquet": "new", "world/truth.parquet": "new",
    }


def test_a_truth_never_lies_beside_registers_of_another_world(tmp_path):
    """The last of the three moves fails: the new registers lie there whole, and the old truth is gone."""
    install(tmp_path, "old", "FIRM2015.parquet")
    with pytest.raises(FileNotFoundError), installing(tmp_path) as part:
        put(part / "registers" / "FIRM2015.parquet", "new")
    assert contents(tmp_path) == {"registers/FIRM2015.parquet": "new"}


@pytest.mark.parametrize("writer", ["write_bfl", "company_truth"])
def test_a_writer_that_fails_midway_leaves_the_home_as_it_was(tmp_path, monkeypatch, writer, tiny_world):
    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(pipelines.world, "draw_world", lambda size, seed: tiny_world)
    monkeypatch.setattr(pipelines.world, writer, fail)
    home = tmp_path / "home"
    for before in ({}, {"registers/FIRM2015.parquet": "old", "world/truth.parquet": "old"}):
        if before:
            install(home, "old", "FIRM2015.parquet")
        with pytest.raises(OSError, match="the disk is full"):
            make_world(scale="tiny", deliveries=tmp_path / "raw", home=home, pseudonym_of=pseudonym_of)
        assert contents(home) == before
        assert not (home / PART).exists()


def test_making_the_same_world_again_over_itself_changes_nothing(tiny, tmp_path, monkeypatch, tiny_world):
    monkeypatch.setattr(pipelines.world, "draw_world", lambda size, seed: tiny_world)
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    make_world(scale="tiny", deliveries=tmp_path / "deliveries", home=tmp_path / "home", pseudonym_of=pseudonym_of)
    assert digests(tmp_path) == digests(tiny)


def test_an_unknown_scale_and_a_home_without_pseudonyms_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(WorldError, match=r"^there is no world of that scale: it is one of tiny, sample"):
        make_world(scale="galaxy", deliveries=tmp_path / "raw")
    with pytest.raises(WorldError, match=r"^a world in a home needs pseudonyms"):
        make_world(scale="tiny", deliveries=tmp_path / "raw", home=tmp_path / "home")
    assert list(tmp_path.iterdir()) == []
