"""`effekt report` names the page of the current release in the language asked for; a run leaves both, and nobody in them."""

import json
import re
import sys

import pytest

from pipelines import cli
from pipelines.report import FILES

PSEUDONYM = re.compile(r"(?<![a-z])[a-p]{32}(?![a-z])")


@pytest.fixture
def report(tmp_path, monkeypatch, capsys):
    """Runs `effekt report` against a home whose release has a Danish page only; exit code, output and complaint."""
    page = tmp_path / "releases" / "current" / "report" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["effekt", "report", "--home", str(tmp_path), *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    return run


def test_the_danish_page_is_named_when_nothing_is_asked(report, tmp_path):
    page = tmp_path / "releases" / "current" / "report" / "index.html"
    assert report() == (0, f"{page}\n", "")
    assert json.loads(report("--json")[1]) == {"report": str(page)}


def test_a_page_that_is_not_there_and_a_language_that_nobody_writes_are_told_in_words(report):
    code, out, complaint = report("--language", "en")
    assert (code, out) == (1, "")
    assert "has no page in that language" in complaint
    code, out, complaint = report("--language", "de")
    assert (code, out) == (1, "")
    assert "--language takes da or en" in complaint


def test_a_run_leaves_a_page_in_each_language_and_no_pseudonym_in_either(tiny_home):
    release = tiny_home / "releases" / "current"
    for language, name in FILES.items():
        page = (release / "report" / name).read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in page
        assert release.resolve().name in page
        assert not PSEUDONYM.search(page)
        assert page.count("<svg") == 11
