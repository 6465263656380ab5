"""What an operator is told: each rule with how to mend it, many rows in few lines, and every refusal in Danish."""

import ast
import re
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import participations
from pipelines.participations import Receipt, contained, delimited
from pipelines.participations.checking import FINDINGS
from pipelines.participations.wording import explained, refusal, report, spans
from schemas.contract import code_values, codes, load

ROOM = Path(participations.__file__).parent
NOT_OF_A_DELIVERY = {"withdrawal.py"}  # files of numbers to be withdrawn, which no operator sends


def findings(*rows: tuple[int, str, str | None]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(FINDINGS.names, row, strict=True)) for row in rows], FINDINGS)


def taken(found: pa.Table, **others) -> Receipt:
    return Receipt("taken", "company_participations", read=20_000, accepted=10_000, quarantined=10_000, findings=found, **others)


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_rule_is_explained_with_how_to_mend_it(language):
    rules = code_values("quarantine_rules")
    for told in explained(findings(*[(2, rule, "cvr") for rule in rules]), language):
        listed = next(row for row in codes("quarantine_rules").to_pylist() if row["rule"] == told["rule"])
        assert (told["reason"], told["mend"]) == (listed[f"reason_{language}"], listed[f"mend_{language}"])
        assert (told["row"], told["column"]) == (2, "cvr")


def test_rows_are_listed_in_spans_and_of_many_only_the_first():
    assert spans([3], "da") == "række 3"
    assert spans([2, 3, 4, 9], "en") == "rows 2–4, 9"
    assert spans(list(range(2, 42, 2)), "da").endswith("22, 24 og 8 andre (alle med --json)")
    assert spans([*range(2, 26, 2), *range(100, 3100)], "en").endswith(" and 3,000 others (all with --json)")


def test_ten_thousand_findings_take_as_many_lines_as_ten():
    few = report(taken(findings(*[(row, "cvr_format", "cvr") for row in range(2, 12)])), "da")
    many = report(taken(findings(*[(row, "cvr_format", "cvr") for row in range(2, 20_002, 2)])), "da")
    assert len(few) == len(many) == 8
    assert max(map(len, many)) < 200
    assert many[2] == "10.000 rækker · CVR-nr. · cvr_format"


def test_the_rule_with_most_rows_comes_first_and_columns_are_called_as_the_language_calls_them():
    found = findings((2, "missing_value", "start"), (3, "repeated_row", None), (4, "repeated_row", None))
    danish, english = report(taken(found), "da"), report(taken(found), "en")
    assert [line for line in danish if "·" in line] == ["2 rækker · hele rækken · repeated_row", "1 række · Startdato · missing_value"]
    assert [line for line in english if "·" in line] == ["2 rows · the whole row · repeated_row", "1 row · start · missing_value"]
    assert any(line.startswith("  How to mend it: Keep one row") for line in english)


def test_a_warning_says_that_it_is_none_of_the_errors():
    told = report(taken(findings(), waiting=findings((2, "unknown_project", "project"))), "da")
    assert "1 række · Projekt · unknown_project" in told
    assert "  Advarsel, ingen fejl: rækkerne venter, til det indsendes, de henviser til." in told


def raised() -> dict[str, str]:
    """Every sentence that a delivery may be refused with, a sample for each value in it, and where it stands."""
    found = {
        contained.BROKE: "contained", contained.NOT_STARTED: "contained",
        contained._too_slow(contained.LIMITS): "contained", contained._too_large(contained.LIMITS): "contained",
        "the gateway itself failed on this file (KeyError in read, line 7); please report it": "contained",
    }
    found |= {delimited._in_words(words, 7): "delimited" for words in ("unexpected end", "field larger", "")}
    for file in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused" and file.name not in NOT_OF_A_DELIVERY:
                given = node.args[0]
                if isinstance(given, ast.Constant):
                    found[given.value] = file.name
                elif isinstance(given, ast.JoinedStr):
                    found["".join(getattr(part, "value", "") if isinstance(part, ast.Constant) else "7" for part in given.values)] = file.name
    return found


@pytest.mark.parametrize("sentence", raised())
def test_every_refusal_has_a_danish_sentence_with_the_same_figures(sentence):
    danish = refusal(sentence, "da")
    assert danish != sentence, f"{raised()[sentence]} raises it: add it to schemas/codes/refusals.csv"
    assert set(re.findall(r"\b\d[\d,]*\b", danish)) == set(re.findall(r"\b\d[\d,]*\b", sentence))
    assert refusal(sentence, "en") == sentence


def test_a_danish_refusal_calls_columns_and_deliveries_by_their_danish_names():
    told = "the columns start, support_dkk are missing; company_participations must have cvr, project"
    assert refusal(told, "da", load("deliveries.company_participations")) == (
        "kolonnerne »Startdato«, »Tilskud (kr.)« mangler; »Virksomhedsdeltagelser« skal have »CVR-nr.«, »Projekt«"
    )


def test_a_refusal_that_is_on_no_list_stays_as_it_was_raised():
    assert refusal("something new", "da") == "something new"
