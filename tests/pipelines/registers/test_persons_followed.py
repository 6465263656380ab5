"""Numbers of persons drawn by hand: the last of a chain, and one row where a register has one a person."""

import datetime as dt

import ibis
import pyarrow as pa
import pytest

from pipelines.registers import follow_persons, import_person_employment, import_population, persons_followed
from schemas.contract import load
from tests.pipelines.registers.test_imports import drawn, jobs

CHANGES = "a b, b c, p q, p r, x y, y x, z x, s s"


@pytest.fixture(scope="module")
def followed(con) -> pa.Table:
    return load("register.person_followed").conform(con.to_pyarrow(persons_followed(changes(CHANGES))))


def changes(text: str) -> ibis.Table:
    """Pairs "old new", each dated."""
    old, new = zip(*(pair.split() for pair in text.split(",")), strict=True)
    return ibis.memtable(pa.table({"old": old, "new": new, "date": [dt.date(2010, 1, 1)] * len(old)}))


def test_a_person_is_followed_to_the_last_number_unless_none_is_the_last_or_two_are(followed):
    assert {row["number"]: (row["followed"], row["reason"]) for row in followed.to_pylist()} == {
        "a": ("c", "followed"), "b": ("c", "followed"), "p": ("p", "several_candidates"),
        "x": ("x", "no_last_number"), "y": ("y", "no_last_number"), "z": ("z", "no_last_number"),
    }


def test_jobs_under_both_numbers_are_one_persons_before_they_are_summed(con, followed):
    bfl = jobs(
        ("a", "f", "100.10", "1.00", "2010-01-01"), ("c", "f", "50.05", "2.00", "2010-02-01"),
        ("x", "f", "1.00", "1.00", "2010-01-01"),
    )
    found = con.to_pyarrow(import_person_employment(follow_persons(bfl, ibis.memtable(followed))))
    assert sorted((row["person"], str(row["paid_hours"])) for row in found.to_pylist()) == [("c", "150.15"), ("x", "1.00")]


def test_a_resident_under_both_numbers_in_a_quarter_is_one_and_the_last_numbers_row_is_kept(con, followed):
    bef = drawn(
        "BEF", 2010, [3, 3, 6, 6, 3], PNR=["c", "a", "b", "a", "n"], KOM=["101", "102", "103", "104", "105"],
        FOED_DAG=[dt.date(1980, 1, 1)] * 5,
    )
    found = con.to_pyarrow(import_population(follow_persons(bef, ibis.memtable(followed), once=("year", "month"))))
    assert sorted((row["person"], row["period"], row["municipality"]) for row in found.to_pylist()) == [
        ("c", 8040, "101"), ("c", 8041, "104"), ("n", 8040, "105"),
    ]


def test_an_extract_without_a_register_of_changes_is_as_it_was(followed):
    bef = drawn("BEF", 2010, 3, PNR=["a"])
    assert follow_persons(bef, None) is bef
    assert follow_persons(bef, ibis.memtable(followed)).schema() == bef.schema()
