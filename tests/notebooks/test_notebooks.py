"""Every notebook runs from top to bottom against a finished run, wherever it is started, and shows nobody's pseudonym."""

import re
from pathlib import Path

import jupytext
import nbclient
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))
PSEUDONYM = re.compile(r"(?<![a-z])[a-p]{32}(?![a-z])")


@pytest.fixture
def run(tiny_home, tmp_path, monkeypatch):
    """Executes a notebook in an empty directory, against the tiny home, with the kernel of this very interpreter: none
    of the user's own are looked for."""
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    monkeypatch.setenv("EFFEKT_HOME", str(tiny_home))
    for place in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(place, str(tmp_path / "jupyter"))
    (tmp_path / "empty").mkdir()

    def execute(notebook: Path):
        content = jupytext.read(notebook)
        where = {"metadata": {"path": str(tmp_path / "empty")}}
        nbclient.NotebookClient(content, kernel_name="python3", timeout=60, resources=where).execute()
        return content

    return execute


def shown(notebook) -> str:
    """Everything that the cells put out."""
    return str([output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs])


def test_there_is_a_notebook():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_shows_figures_and_no_pseudonym(run, notebook):
    told = shown(run(notebook))
    assert "text/html" in told
    assert not PSEUDONYM.search(told)


def test_the_effects_notebook_draws_its_picture_itself(run):
    told = shown(run(Path(__file__).parents[2] / "notebooks" / "effects.py"))
    assert "image/svg+xml" in told
    assert "<script" not in told
