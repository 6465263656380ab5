"""Imports point one way, and each room keeps to itself: the contracts of import-linter in pyproject.toml."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = sorted(file for room in ("assets", "pipelines", "schemas") for file in (ROOT / room).rglob("*.py"))


def test_imports_point_one_way(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


@pytest.mark.parametrize("file", [f for f in SOURCES if f.is_relative_to(ROOT / "assets")], ids=lambda f: f.name)
def test_annotations_in_the_dagster_room_are_not_postponed(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in ast.walk(tree))


@pytest.mark.parametrize("file", [f for f in SOURCES if f.stat().st_size], ids=lambda f: str(f.relative_to(ROOT)))
def test_a_module_opens_with_what_belongs_in_it_and_stays_small(file):
    text = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 400
