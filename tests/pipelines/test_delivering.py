"""The operator's page shows what the commands print today. `python -m tests.pipelines.test_delivering` writes it anew."""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest import mock

import openpyxl
import pytest

from pipelines import cli
from pipelines.participations.template import template
from schemas.contract import contracts, load

PAGE = Path(__file__).parents[2] / "docs" / "delivering.md"
NAME, KIND = "nord_company_participations_2010.csv", "company_participations"
SHOWN = re.compile(r"<!-- ([\w ]+) -->\n(?:```\n(.*?)\n```|(\|.*?))\n(?=\n)", re.DOTALL)


def printed(*words: str, file: str) -> str:
    """What `effekt` prints of a file with that content, in an empty directory."""
    out, here = io.StringIO(), Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / NAME).write_text(file, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EFFEKT_")} | {"EFFEKT_SYNTHETIC": "1"}
        os.chdir(place)
        try:
            with (
                mock.patch.object(sys, "argv", ["effekt", *words]), mock.patch.dict(os.environ, environment, clear=True),
                contextlib.redirect_stdout(out), contextlib.suppress(SystemExit),
            ):
                cli.main()
        finally:
            os.chdir(here)
    return out.getvalue().rstrip("\n")


def guide() -> str:
    """The sheet of the template that explains its columns, as Markdown."""
    book = openpyxl.load_workbook(io.BytesIO(template(load(f"deliveries.{KIND}"))))
    rows = [row for row in book["Vejledning"].iter_rows(values_only=True) if row[1]]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def shown_today(page: str) -> dict[str, str]:
    """What stands after each mark of the page, by the mark."""
    example = next(block for block in re.findall(r"```\n(.*?)```", page, re.DOTALL) if block.startswith("CVR-nr.;"))
    refused = example.replace(";Slutdato", "").replace("Projekt;", "Projektet;")
    found = {"template": guide()}
    for language in ("da", "en"):
        asked = ("check", NAME, "--as", KIND, *(("--language", language) if language == "en" else ()))
        found[f"findings {language}"] = printed(*asked, file=example)
        found[f"refusal {language}"] = printed(*asked, file=refused)
    return found


def test_the_page_shows_the_template_the_findings_and_the_refusal_as_they_are_printed():
    page = PAGE.read_text(encoding="utf-8")
    on_page = {mark: block or table for mark, block, table in SHOWN.findall(page)}
    assert on_page == shown_today(page), "run `python -m tests.pipelines.test_delivering`"


@pytest.mark.parametrize("kind", [contract.name.removeprefix("deliveries.") for contract in contracts("deliveries")])
def test_the_page_lists_every_kind_of_delivery_by_its_danish_name(kind):
    assert f"| {load(f'deliveries.{kind}').label} | `{kind}` |" in PAGE.read_text(encoding="utf-8")


def test_no_finding_on_the_page_shows_a_number():
    for mark, said in shown_today(PAGE.read_text(encoding="utf-8")).items():
        assert mark == "template" or not re.search(r"\d{6}", said)


def write() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for mark, said in shown_today(page).items():
        block = said if mark == "template" else f"```\n{said}\n```"
        old = rf"<!-- {mark} -->\n(?:```\n.*?\n```\n|\|.*?\n(?=\n))?"
        page = re.sub(old, lambda _, mark=mark, block=block: f"<!-- {mark} -->\n{block}\n", page, count=1, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write()
