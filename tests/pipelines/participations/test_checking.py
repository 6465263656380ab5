"""Each rule by a drawn row: which rows are accepted, which rule the others break, in which column."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from pipelines.participations.checking import judge
from pipelines.participations.reading import read
from schemas.contract import codes, load
from tests.pipelines.identity.drawing import real_looking_cvr
from tests.pipelines.participations.drawing import CPRS, CVRS

COMPANY = "cvr;project;start;end;support_dkk;hours;note;activity"
PERSON = "cpr;project;start;end;employer_cvr;completed;status_at_start"
GOOD_COMPANY = f"{CVRS[0]};P1;01-05-2010;31-12-2010;5;1,5;hej;tjek"
GOOD_PERSON = f"{CPRS[0]};P1;01-05-2010;31-12-2010;{CVRS[0]};ja;employed"


def findings(kind: str, *lines: str, synthetic: bool = True) -> list[tuple[int, str, str | None]]:
    judged = judge_lines(kind, *lines, synthetic=synthetic)
    return [(one["row"], one["rule"], one["column"]) for one in judged.findings.to_pylist()]


def judge_lines(kind: str, *lines: str, synthetic: bool = True):
    contract = load(f"deliveries.{kind}")
    cells = read("\n".join(lines).encode(), contract).cells
    judged = judge(cells, contract, synthetic=synthetic)
    assert judged.accepted.num_rows + judged.quarantined == cells.num_rows
    assert set(judged.findings["rule"].to_pylist()) <= set(codes("quarantine_rules")["rule"].to_pylist())
    return judged


def test_a_sound_row_is_accepted_typed_and_without_its_free_text():
    accepted = judge_lines("company_participations", COMPANY, GOOD_COMPANY).accepted.to_pylist()
    assert accepted == [
        {
            "cvr": CVRS[0],
            "project": "P1",
            "start": dt.date(2010, 5, 1),
            "end": dt.date(2010, 12, 31),
            "support_dkk": Decimal(5),
            "activity": "tjek",
            "hours": Decimal("1.50"),
            "private_match_dkk": None,
            "application_date": None,
            "row": 2,
        }
    ]
    person = judge_lines("person_participations", PERSON, GOOD_PERSON).accepted.to_pylist()[0]
    assert (person["cpr"], person["employer_cvr"], person["completed"], person["status_at_start"]) == (
        CPRS[0],
        CVRS[0],
        True,
        "employed",
    )


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        (CVRS[0], "", [("missing_value", "cvr")]),
        (CVRS[0], "01000005", [("cvr_check_digit", "cvr")]),
        (CVRS[0], "010000", [("cvr_format", "cvr")]),
        (CVRS[0], "=A1", [("formula", "cvr")]),
        ("P1", " ", [("missing_value", "project")]),
        ("P1", "010140-5000", [("raw_number_in_text", "project")]),
        ("01-05-2010", "31-02-2010", [("date_impossible", "start")]),
        ("01-05-2010", "01-05-1999", [("date_out_of_range", "start")]),
        ("31-12-2010", "31-12-2031", [("date_out_of_range", "end")]),
        ("31-12-2010", "30-04-2010", [("end_before_start", "end")]),
        (";5;", ";-0,01;", [("negative_amount", "support_dkk")]),
        (";5;", ";fem;", [("number_impossible", "support_dkk")]),
        (";5;", ";=2+3;", [("formula", "support_dkk")]),
        (";1,5;", ";-1;", [("negative_amount", "hours")]),
        ("hej", f"se {CVRS[1]}", [("raw_number_in_text", "note")]),
        ("hej", "=1+1", [("formula", "note")]),
        ("tjek", "for 010140-5000", [("raw_number_in_text", "activity")]),
        ("01-05-2010", "i dag", [("date_impossible", "start")]),
        (
            GOOD_COMPANY,
            ";P1;01-05-2010;30-04-2010;x;;;",
            [("missing_value", "cvr"), ("number_impossible", "support_dkk"), ("end_before_start", "end")],
        ),
    ],
)
def test_a_company_row_breaks_exactly_the_rules_it_breaks(old, new, broken):
    assert findings("company_participations", COMPANY, GOOD_COMPANY.replace(old, new)) == [(2, *one) for one in broken]


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        (CPRS[0], "3102405000", ("cpr_impossible", "cpr")),
        (CPRS[0], "610140-5000", ("cpr_replacement", "cpr")),
        (CVRS[0], "01000005", ("cvr_check_digit", "employer_cvr")),
        (";ja;", ";måske;", ("unknown_code", "completed")),
        ("employed", "ansat", ("unknown_code", "status_at_start")),
    ],
)
def test_a_person_row_breaks_exactly_the_rule_it_breaks(old, new, broken):
    assert findings("person_participations", PERSON, GOOD_PERSON.replace(old, new)) == [(2, *broken)]


def test_empty_optional_cells_break_nothing():
    assert findings("company_participations", COMPANY, f"{CVRS[0]};P1;01-05-2010;;;;;") == []
    assert findings("person_participations", PERSON, f"{CPRS[0]};P1;01-05-2010;;;;") == []


def test_the_ends_of_the_accepted_dates_and_amounts_are_inside():
    assert findings("company_participations", COMPANY, f"{CVRS[0]};P1;01-01-2000;31-12-2030;0;0;;") == []
    assert findings("company_participations", COMPANY, f"{CVRS[0]};P1;01-05-2010;01-05-2010;0;0;;") == []


def test_synthetic_and_real_numbers_never_mix():
    assert findings("company_participations", COMPANY, GOOD_COMPANY, synthetic=False) == [
        (2, "synthetic_in_real", "cvr")
    ]
    assert findings("person_participations", PERSON, GOOD_PERSON, synthetic=False) == [
        (2, "synthetic_in_real", "cpr"),
        (2, "synthetic_in_real", "employer_cvr"),
    ]
    real = GOOD_COMPANY.replace(CVRS[0], real_looking_cvr(np.random.default_rng(9)))
    assert [rule for _, rule, _ in findings("company_participations", COMPANY, real)] == ["real_in_synthetic"]


def test_of_the_same_identity_twice_the_first_sound_row_counts_however_it_is_written():
    same = f"{CVRS[0][1:]};P1;2010-05-01;;7;;;"
    unsound = GOOD_COMPANY.replace(";5;", ";-5;")
    other = GOOD_COMPANY.replace("P1", "P2")
    found = findings("company_participations", COMPANY, unsound, GOOD_COMPANY, same, other, same)
    assert found == [(2, "negative_amount", "support_dkk"), (4, "repeated_row", None), (6, "repeated_row", None)]


def test_repeats_are_told_from_rows_that_share_only_a_part_of_their_identity():
    lines = [
        f"{cvr};{project};{day}-05-2010;;;;;"
        for cvr in CVRS
        for project in ("P1", "P2", "P3")
        for day in ("01", "02", "03")
    ]
    assert findings("company_participations", COMPANY, *lines) == []
    assert len(findings("company_participations", COMPANY, *lines, *lines)) == len(lines)


def test_rows_are_counted_once_by_rule_and_once_in_all():
    judged = judge_lines(
        "company_participations", COMPANY, ";;01-05-2010;30-04-2010;-1;;;", GOOD_COMPANY, ";P1;01-05-2010;;;;;"
    )
    assert judged.quarantined == 2
    assert judged.accepted.num_rows == 1
    assert judged.by_rule == {"end_before_start": 1, "missing_value": 2, "negative_amount": 1}


def test_codes_of_an_initiative_must_be_on_their_lists():
    header = "initiative;name;initiative_type;region;fund;start;end"
    assert findings("initiatives", header, "I1;x;growth_programme;1081;erdf;;", "I2;x;magic;1080;gold;;") == [
        (3, "unknown_code", "initiative_type"),
        (3, "unknown_code", "region"),
        (3, "unknown_code", "fund"),
    ]


def test_a_delivery_without_rows_has_nothing_to_judge():
    judged = judge_lines("company_participations", COMPANY)
    assert (judged.accepted.num_rows, judged.quarantined, judged.by_rule) == (0, 0, {})


def test_no_repr_shows_a_cell():
    assert CVRS[0] not in repr(judge_lines("company_participations", COMPANY, GOOD_COMPANY))
