"""The life of deliveries: in whatever order files, corrections, repeats and withdrawals come, a home ends the same."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import Keys, NumberChanges, pseudonym
from pipelines.participations import assemble, withdraw
from pipelines.participations.store import read_delivery
from tests.pipelines.participations.drawing import (
    COMPANIES,
    CPRS,
    CVRS,
    INITIATIVES,
    KEYS,
    PERSONS,
    PROJECTS,
    deliver,
    put,
)
from tests.pipelines.participations.keeping import accounts, files_with, log_of

HEADER = COMPANIES.splitlines()[0] + "\n"
CORRECTED = f"{HEADER}{CVRS[0]};P1;01-05-2010;31-12-2010;999\n{CVRS[1]};P1;02-05-2010;;1\n{CVRS[3]};P1;01-06-2010;;7\n"
OTHERS = f"{HEADER}{CVRS[2]};P1;01-05-2010;;5\n{CVRS[0]};P2;01-05-2010;;6\n{CVRS[0]};P9;01-05-2010;;6\n"
EVENTS = {  # a file that is delivered, or a number that is withdrawn
    "region_initiatives_2010.csv": INITIATIVES,
    "region_projects_2010.csv": PROJECTS,
    "nord_company_participations_2010.csv": COMPANIES,
    "nord_company_participations_2010-2.csv": CORRECTED,
    "syd_company_participations_2010.csv": OTHERS,
    "nord_person_participations_2010.csv": PERSONS,
    "nord_person_participations_2010.csv again": PERSONS,
    "nord_company_participations_2010-2.csv again": CORRECTED,
    "withdraw a company": CVRS[0],
    "withdraw a person": CPRS[1],
}


@settings(max_examples=6, deadline=None)
@given(st.permutations(sorted(EVENTS)))
def test_the_order_of_deliveries_corrections_repeats_and_withdrawals_changes_nothing(order):
    assert ending(tuple(order)) == ending(tuple(EVENTS))


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.permutations(sorted(EVENTS)))
def test_neither_does_the_order_in_many_more_of_them(order):
    assert ending(tuple(order)) == ending(tuple(EVENTS))


def test_that_ending_is_the_right_one():
    tables = dict(ending(tuple(EVENTS)))
    company = {
        (row["company"], row["project"]): row["support_dkk"] for row in tables["participation.company"].to_pylist()
    }
    assert company == {
        (pseudonym(KEYS.company, CVRS[1]), "P1"): 1,
        (pseudonym(KEYS.company, CVRS[2]), "P1"): 5,
        (pseudonym(KEYS.company, CVRS[2]), "P2"): None,
        (pseudonym(KEYS.company, CVRS[3]), "P1"): 7,
    }
    assert tables["participation.person"]["person"].to_pylist() == [pseudonym(KEYS.person, CPRS[0])]
    figures = ("kind", "operator", "period", "read", "accepted", "quarantined", "current", "superseded", "withdrawn")
    ledger = [tuple(row[name] for name in figures) for row in tables["participation.delivery"].to_pylist()]
    assert sorted(row for row in ledger if row[0].endswith("participations")) == [
        ("company_participations", "nord", "2010", 3, 3, 0, 1, 1, 1),
        ("company_participations", "nord", "2010-2", 3, 3, 0, 2, 0, 1),
        ("company_participations", "syd", "2010", 3, 3, 0, 1, 0, 2),
        ("person_participations", "nord", "2010", 2, 2, 0, 1, 0, 1),
    ]


def test_the_same_bytes_again_are_noted_in_the_log_and_nowhere_else(tmp_path):
    deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    before = assemble(tmp_path / "home" / "deliveries")
    for _ in range(3):
        assert deliver(tmp_path, "syd_company_participations_2011.csv", COMPANIES).status == "duplicate"
    assert [line["status"] for line in log_of(tmp_path / "home")] == ["taken", "duplicate", "duplicate", "duplicate"]
    assert assemble(tmp_path / "home" / "deliveries") == before


def with_changes(*rows):
    return Keys(KEYS.company, KEYS.person, changes=NumberChanges(tuple((*row, "")[:3] for row in rows)))


def test_changed_numbers_are_replaced_before_they_are_pseudonymised_and_counted_by_reason(tmp_path):
    keys = with_changes(
        (CVRS[0], CVRS[4], ""), (CVRS[4], CVRS[5], ""), (CVRS[1], CVRS[3], "01-01-2011"), (CVRS[2], CVRS[2], "")
    )
    receipt = deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES, keys=keys)
    assert receipt.changes == {"cvr": {"before_change": 1, "changed": 1, "not_listed": 1}}
    assert receipt.change_table == {"same_number": 1, "used": 3}
    assert log_of(tmp_path / "home")[0]["changes"] == receipt.changes
    stored = stored_companies(tmp_path)
    assert stored == [pseudonym(KEYS.company, number) for number in (CVRS[5], CVRS[1], CVRS[2])]


def test_persons_and_their_employers_are_counted_apart(tmp_path):
    keys = with_changes((CPRS[0], CPRS[2], ""), (CVRS[0], CVRS[1], ""), (CPRS[1], CPRS[3], ""), (CPRS[3], CPRS[1], ""))
    receipt = deliver(tmp_path, "nord_person_participations_2010.csv", PERSONS, keys=keys)
    assert receipt.changes == {"cpr": {"changed": 1, "cyclic": 1}, "employer_cvr": {"changed": 1}}
    assert receipt.change_table == {"cyclic": 2, "used": 2}


def test_contacts_are_dated_by_their_own_day(tmp_path):
    keys = with_changes((CVRS[0], CVRS[1], "2010-06-01"))
    text = f"cvr;actor;date\n{CVRS[0]};A;31-05-2010\n{CVRS[0]};A;01-06-2010\n"
    receipt = deliver(tmp_path, "region_company_contacts_2010.csv", text, keys=keys)
    assert receipt.changes == {"cvr": {"before_change": 1, "changed": 1}}


def test_a_person_under_two_numbers_is_one_and_the_second_row_supersedes_none_unseen(tmp_path):
    keys = with_changes((CPRS[0], CPRS[1], ""))
    for name, text in (("region_initiatives_1.csv", INITIATIVES), ("region_projects_1.csv", PROJECTS)):
        deliver(tmp_path, name, text)
    twice = f"cpr;project;start;end\n{CPRS[0]};P1;01-05-2010;\n{CPRS[1]};P1;01-05-2010;\n"
    deliver(tmp_path, "nord_person_participations_2010.csv", twice, keys=keys)
    persons = assemble(tmp_path / "home" / "deliveries")["participation.person"].to_pylist()
    assert [(row["person"], row["row"]) for row in persons] == [(pseudonym(KEYS.person, CPRS[1]), 2)]
    assert ("person_participations", 2, 2, 0, 1, 1, 0) in accounts(tmp_path / "home")


def test_no_number_of_the_table_is_in_any_byte_of_the_home(tmp_path):
    keys = with_changes((CVRS[0], CVRS[4], ""), (CPRS[0], CPRS[2], ""))
    deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES, keys=keys)
    deliver(tmp_path, "nord_person_participations_2010.csv", PERSONS, keys=keys)
    assert files_with(tmp_path / "home", CVRS[0], CVRS[4], CPRS[0], CPRS[2]) == []


@pytest.mark.parametrize("kind", ["initiatives", "projects", "targets"])
def test_a_delivery_without_units_tells_of_no_numbers(tmp_path, kind):
    headings = {"initiatives": INITIATIVES, "projects": PROJECTS, "targets": "project;indicator;target\n"}
    receipt = deliver(tmp_path, f"region_{kind}_1.csv", headings[kind], keys=with_changes((CVRS[0], CVRS[4], "")))
    assert receipt.status in ("taken", "empty")
    assert receipt.changes == {}


def stored_companies(place) -> list[str]:
    [delivery] = (place / "home" / "deliveries").iterdir()
    return read_delivery(delivery)[1]["company"].to_pylist()


@cache
def ending(order: tuple[str, ...]) -> tuple[tuple[str, pa.Table], ...]:
    """The tables after these events, but for clock readings."""
    with TemporaryDirectory() as directory:
        place = Path(directory)
        for name in order:
            if name.startswith("withdraw"):
                withdraw(put(place, "out.txt", EVENTS[name]), keys=KEYS, home=place / "home", synthetic=True)
            else:
                receipt = deliver(place, name.removesuffix(" again"), EVENTS[name])
                assert receipt.status in ("taken", "duplicate")
        accounts(place / "home")
        gone = (pseudonym(KEYS.company, CVRS[0]), pseudonym(KEYS.person, CPRS[1]))
        assert files_with(place / "home", *gone) == []
        tables = assemble(place / "home" / "deliveries")
    tables["participation.delivery"] = tables["participation.delivery"].drop(["received"])
    return tuple(tables.items())
