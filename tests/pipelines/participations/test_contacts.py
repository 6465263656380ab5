"""Contacts drawn by hand: who came to which company when, who came again, and whose support had begun by then."""

import pyarrow as pa
import pytest

from pipelines.participations import contact_pair, contact_summary
from schemas.contract import load
from tests.pipelines.release.drawn import rows_of, table_of

# a: school and centre within the period, support later; b: one actor twice; c: two actors too far apart, supported before;
# d: two actors on one day, never supported.
CONTACTS = """
    company  actor   date        row
    a        school  2010-01-10  2
    a        centre  2010-06-01  3
    b        school  2010-02-01  4
    b        school  2010-03-01  5
    c        school  2010-12-31  6
    c        centre  2012-01-01  7
    d        centre  2011-05-05  8
    d        school  2011-05-05  9
"""
COMPANIES = """
    company  project  start       row
    a        P1       2010-08-01  2
    a        P2       2012-01-01  3
    c        P1       2010-06-01  4
"""
COUNTS = (
    "contacts", "companies", "several_actors", "never_supported", "contacted_before_support", "supported_within_period",
    "contacted_after_support",
)


def contacts(text: str = CONTACTS) -> pa.Table:
    return table_of("participation.contact", [row | {"delivery": "one"} for row in rows_of(text)])


def companies(text: str = COMPANIES) -> pa.Table:
    return table_of("participation.company", [row | {"delivery": "one"} for row in rows_of(text)])


def summary(table: pa.Table) -> dict[tuple[str, str], tuple[int, ...]]:
    return {(row["year"], row["actor"]): tuple(row[name] for name in COUNTS) for row in table.to_pylist()}


def pairs(table: pa.Table) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {(row["year"], row["actor"], row["earlier_actor"]): (row["companies"], row["contacts"]) for row in table.to_pylist()}


def test_every_year_and_actor_is_told_in_counts_of_companies():
    found = contact_summary(contacts(), companies())
    assert found.schema == load("participation.contact_summary").arrow_schema()
    assert summary(found) == {
        ("2010", "centre"): (1, 1, 1, 0, 1, 1, 0),
        ("2010", "school"): (4, 3, 0, 1, 1, 1, 1),
        ("2010", "total"): (5, 3, 1, 1, 1, 1, 1),
        ("2011", "centre"): (1, 1, 1, 1, 0, 0, 0),
        ("2011", "school"): (1, 1, 1, 1, 0, 0, 0),
        ("2011", "total"): (2, 1, 1, 1, 0, 0, 0),
        ("2012", "centre"): (1, 1, 0, 0, 0, 0, 1),
        ("2012", "total"): (1, 1, 0, 0, 0, 0, 1),
        ("total", "centre"): (3, 3, 2, 1, 1, 1, 1),
        ("total", "school"): (5, 4, 1, 2, 1, 1, 1),
        ("total", "total"): (8, 4, 2, 2, 1, 1, 1),
    }
    assert set(found["period_days"].to_pylist()) == {365}


def test_companies_are_never_supported_or_contacted_before_or_after_support():
    for row in contact_summary(contacts(), companies(), 30).to_pylist():
        parts = row["never_supported"] + row["contacted_before_support"] + row["contacted_after_support"]
        assert parts == row["companies"]
        assert row["supported_within_period"] <= row["contacted_before_support"]


def test_pairs_say_who_came_after_whom_and_one_day_in_both_orders():
    found = contact_pair(contacts())
    assert found.schema == load("participation.contact_pair").arrow_schema()
    assert pairs(found) == {
        ("2010", "centre", "school"): (1, 1),
        ("2011", "centre", "school"): (1, 1),
        ("2011", "school", "centre"): (1, 1),
        ("total", "centre", "school"): (2, 2),
        ("total", "school", "centre"): (1, 1),
    }


def test_a_contact_after_two_of_the_same_actor_is_one_contact():
    visits = contacts("company actor date row\na school 2010-01-10 2\na school 2010-02-10 3\na centre 2010-03-01 4")
    assert pairs(contact_pair(visits))["2010", "centre", "school"] == (1, 1)


@pytest.mark.parametrize(("days", "together"), [(141, 1), (142, 2), (365, 2), (366, 3)])
def test_the_last_day_of_the_period_counts_and_the_next_does_not(days, together):
    assert summary(contact_summary(contacts(), companies(), days))["total", "total"][2] == together
    assert pairs(contact_pair(contacts(), days))["total", "centre", "school"][0] == together


@pytest.mark.parametrize(
    ("start", "told"),
    [("2010-01-09", (0, 0, 1)), ("2010-01-10", (1, 1, 0)), ("2011-01-10", (1, 1, 0)), ("2011-01-11", (1, 0, 0))],
)
def test_support_on_the_day_of_the_contact_counts_as_later_and_the_period_ends_after_365_days(start, told):
    visits = contacts("company actor date row\na school 2010-01-10 2")
    support = companies(f"company project start row\na P1 {start} 2")
    assert summary(contact_summary(visits, support))["total", "total"][4:] == told


def test_an_actor_spelled_in_two_ways_is_one_and_meets_nobody():
    given = contacts().slice(0, 2)
    spelled = given.set_column(given.column_names.index("actor"), given.schema.field("actor"), pa.array(["Job centre", "job  CENTRE"]))
    assert summary(contact_summary(spelled, companies()))["total", "Job centre"] == (2, 1, 0, 0, 1, 1, 0)
    assert contact_pair(spelled).num_rows == 0


def test_an_actor_who_is_called_total_is_not_taken_for_the_total():
    found = summary(contact_summary(contacts("company actor date row\na total 2010-01-10 2"), companies()))
    assert set(found) == {("2010", "total"), ("2010", "total (actor)"), ("total", "total"), ("total", "total (actor)")}


def test_without_contacts_there_are_no_rows():
    assert contact_summary(contacts().slice(0, 0), companies()).num_rows == 0
    assert contact_pair(contacts().slice(0, 0)).num_rows == 0


def test_a_period_of_no_day_is_refused():
    with pytest.raises(ValueError, match="at least 1 day"):
        contact_pair(contacts(), 0)
