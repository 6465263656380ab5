"""What five operators send: their habits, their mistakes, and how the gateway's own check accounts for every row."""

import datetime as dt
from collections import Counter

import pytest

from pipelines.participations import check
from pipelines.world.plan import OPERATORS
from tests.pipelines.world.making import kind_of
from tests.pipelines.world.test_numbers import kind_of_cvr

PLANTED = {
    "initiatives": {"unknown_code": 1},
    "projects": {"end_before_start": 1},
    "targets": {"unknown_code": 1},
    "company_participations": {"cvr_check_digit": 1, "end_before_start": 1, "negative_amount": 1, "repeated_row": 1},
    "person_participations": {"cpr_impossible": 1, "cpr_replacement": 1, "repeated_row": 1},
    "company_contacts": {"date_impossible": 1},
}
CORRECTION = ("nordvaekst", "2014")
ENDINGS = {
    "nordvaekst": ".csv", "digitalhub": ".csv", "energiforum": ".csv", "havklynge": ".xlsx", "kompetencehus": ".xlsx",
}


@pytest.fixture(scope="module")
def receipts(sample_files):
    return [check(path, kind_of(path), synthetic=True) for path in sample_files]


def test_every_file_of_every_operator_has_its_planted_mistakes_in_quarantine_and_every_row_accounted_for(receipts, raw):
    for receipt, file in zip(receipts, raw, strict=True):
        about = (file.operator, file.kind, file.period)
        planted = {"cvr_check_digit": 1} if about[::2] == CORRECTION else PLANTED[file.kind]
        assert receipt.status != "refused", about
        assert receipt.by_rule == planted, about
        assert receipt.quarantined == sum(planted.values()), about
        assert receipt.read == receipt.accepted + receipt.quarantined == len(file.rows), about


def test_every_operator_sends_each_frame_and_its_participations_in_its_own_format(raw):
    assert {file.operator for file in raw} == set(OPERATORS) == set(ENDINGS)
    assert {(file.operator, file.ending) for file in raw} == set(ENDINGS.items())
    kinds = Counter((file.operator, file.kind) for file in raw)
    for operator in OPERATORS:
        for kind in ("initiatives", "projects", "targets"):
            assert kinds[operator, kind] == 1
        assert kinds[operator, "company_participations"] >= 2
    assert {operator for operator, kind in kinds if kind == "person_participations"} == {"havklynge", "kompetencehus"}
    assert {operator for operator, kind in kinds if kind == "company_contacts"} == {"nordvaekst", "energiforum"}


def test_no_true_participation_is_lost_with_a_mistake(receipts, raw, sample):
    """All that was drawn is accepted, with two numbers in each file that no register knows, and three corrections."""
    accepted = Counter()
    for receipt, file in zip(receipts, raw, strict=True):
        accepted[file.kind] += receipt.accepted
    files = sum(file.kind == "company_participations" and file.period != CORRECTION[1] for file in raw)
    assert accepted["company_participations"] == len(sample.programme.participations) + 2 * files + 3
    assert accepted["person_participations"] == len(sample.persons.participations) == 3_000


def test_a_later_file_corrects_the_support_of_three_participations_of_an_earlier_one(raw):
    mine = {
        file.period: {(row["cvr"], row["project"], row["start"]): amount(row["support_dkk"]) for row in file.rows}
        for file in raw if (file.operator, file.kind) == ("nordvaekst", "company_participations")
    }
    *corrected, spoiled = mine["2014"]
    assert len(corrected) == 3
    assert [mine["2014"][row] - mine["2011-2013"][row] for row in corrected] == [5_000] * 3
    assert kind_of_cvr(spoiled[0]) == "spoiled"


def test_dates_and_numbers_are_spelled_as_each_operator_does(raw):
    """nordvaekst as Danish Excel, digitalhub plainly, havklynge as dates and bare numbers, kompetencehus as text."""
    first = {(file.operator, file.kind): file.rows[0] for file in raw}
    company = {operator: first[operator, "company_participations"] for operator in OPERATORS}
    dt.datetime.strptime(company["nordvaekst"]["start"], "%d-%m-%Y")
    assert "." in company["nordvaekst"]["support_dkk"]
    dt.date.fromisoformat(company["digitalhub"]["start"])
    assert company["digitalhub"]["support_dkk"].isdigit()
    dt.datetime.fromisoformat(company["havklynge"]["start"])
    assert len(company["havklynge"]["cvr"]) == 7
    dt.datetime.strptime(company["kompetencehus"]["start"], "%d.%m.%Y")
    assert first["kompetencehus", "person_participations"]["cpr"][6] == "-"
    assert first["kompetencehus", "person_participations"]["completed"] in ("Ja", "Nej")


def test_text_that_only_a_danish_code_page_or_utf_8_can_hold_is_in_the_files(raw):
    for operator in ("nordvaekst", "digitalhub", "energiforum"):
        rows = [row for file in raw if file.operator == operator for row in file.rows]
        assert {"æ", "ø"} <= {letter for row in rows for cell in row.values() for letter in cell}


def amount(cell: str) -> int:
    """An amount as Danish Excel writes it."""
    return int(cell.replace(".", "").split(",")[0])
