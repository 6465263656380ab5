"""Delivered numbers drawn by hand, and how the registers know them: every unit under one reason."""

import pytest

from pipelines.panel import match_loss
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

COMPANIES = "company project start\n" + "\n".join(
    f"{company} G1 200{year}-01-01" for company, year in zip("aaobnswcxy", "1212121212", strict=True)
)
PERSONS = "person project start\np G1 2001-01-01\np G2 2002-01-01\nold G1 2001-01-01\ntwo G1 2001-01-01\ndead G1 2001-01-01"
FIRM = "company year\na 2007\na 2008\nn 2008\ns 2007\nw 2007\nbig 2008\nc 2007\nd 2007"
POPULATION = "person period\np 8040\nnew 8040\nnew 8041\ntwo 8040"
SUCCESSION = """
predecessor successor year rule           continues followed
o           n         2008 new_legal_form true      n
w           big       2008 split          true      big
w           small     2008 split          false     big
c           d         2008 cycle          false     c
d           c         2008 cycle          false     d
s           t         .    undated        false     s
x           gone      2008 new_legal_form true      gone
"""
FOLLOWED = "number followed reason\nold new followed\ntwo two several_candidates"


@pytest.fixture(scope="module")
def counted(con):
    tables = [
        drawn("participation.company", COMPANIES), drawn("participation.person", PERSONS),
        drawn("register.firm", FIRM), drawn("register.population", POPULATION),
    ]

    def count(*links) -> list[list[str]]:
        found = load("panel.match_loss").conform(con.to_pyarrow(match_loss(*tables, *links)))
        return written(found, "unit reason units")

    return count


def test_every_unit_counts_once_under_how_it_was_found(counted):
    """a and n as delivered; o as n; w as big; c and s under their own numbers; b, x and y are in no register."""
    assert counted(drawn("register.succession", SUCCESSION), drawn("register.person_followed", FOLLOWED)) == cells("""
        unit reason units
        company followed           1
        company in_register        2
        company no_last_number     2
        company not_in_register    3
        company several_candidates 1
        person  followed           1
        person  in_register        1
        person  not_in_register    1
        person  several_candidates 1
    """)


def test_without_a_register_of_changes_a_changed_number_is_not_found(counted):
    """o and old are lost now, w, c and s found as delivered."""
    assert counted() == cells("""
        unit reason units
        company in_register     5
        company not_in_register 4
        person  in_register     2
        person  not_in_register 2
    """)
