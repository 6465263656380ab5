"""Homes with a finished run, made once a session through the same commands that a user types."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.identity import load_keys
from pipelines.participations import pseudonymise

ROOT = Path(__file__).parents[1]
KINDS = ("initiatives", "projects", "targets", "company_participations", "person_participations", "company_contacts")


def effekt(*arguments: object, home: Path | None = None, keys: Path | None = None, synthetic: str | None = None) -> subprocess.CompletedProcess:
    """`effekt` as a user calls it, in a process of its own with an environment of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EFFEKT_", "DAGSTER_"))}
    environment |= {"PYTHONUTF8": "1", "NO_COLOR": "1"}
    given = {"EFFEKT_HOME": home, "EFFEKT_KEYS": keys, "EFFEKT_SYNTHETIC": synthetic}
    environment |= {name: str(value) for name, value in given.items() if value is not None}
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def kind_of(file: Path) -> str:
    """KIND in `<operator>_<KIND>_<period>.<ending>`."""
    return next(kind for kind in KINDS if f"_{kind}_" in file.name)


def make_tiny(place: Path) -> Path:
    """A home with the registers and deliveries of the tiny world; keys and raw files lie beside it."""
    home, keys, raw = place / "home", place / "keys", place / "raw"
    assert effekt("keys", "new", keys=keys).returncode == 0
    made = effekt("world", "--scale", "tiny", "--deliveries", raw, home=home, keys=keys)
    assert made.returncode == 0, made.stderr
    secrets = load_keys(keys, home)
    for file in sorted(raw.iterdir()):
        assert pseudonymise(file, kind_of(file), keys=secrets, home=home).status == "taken"
    return home


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished tiny run. Tests read it; one that writes takes a copy."""
    home = make_tiny(tmp_path_factory.mktemp("tiny"))
    run = effekt("run", home=home, keys=home.parent / "keys")
    assert run.returncode == 0, run.stderr
    return home


@pytest.fixture
def tiny_copy(tiny_home: Path, tmp_path: Path) -> Path:
    """A copy of the tiny home, with its keys beside it, that a test may change."""
    shutil.copytree(tiny_home.parent, tmp_path / "tiny", symlinks=True)
    return tmp_path / "tiny" / "home"
