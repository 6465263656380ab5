"""Firms drawn by hand that change number, merge and split, 2007 to 2011: what is one firm, and what is growth.

old becomes new in 2009. buyer takes sold in during 2010. whole is split into big and small in 2009. alone has no part
in any of it, and shut closes after 2008. Of shut's industry sold alone tells exports, and none are told of sold and buyer together.
"""

import ibis
import pyarrow as pa
import pytest

from pipelines.panel import firm_year, follow
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

FIRM = """
company year fte   headcount turnover_dkk value_added_dkk exports_dkk wages_dkk industry legal_form municipality region born
alone   2007 2.00  3         1000.00      400.00          0.00        100.00    620100   80         851          1081   1999-05-01
alone   2008 2.50  3         1000.00      400.00          8.00        160.00    620100   80         851          1081   1999-05-01
alone   2011 .     4         1000.01      400.00          0.00        100.00    620100   60         101          1084   1999-05-01
shut    2007 9.00  9         5000.00      900.00          .           500.00    014100   80         851          1081   2001-01-01
shut    2008 8.00  9         4000.00      900.00          .           400.00    014100   80         851          1081   2001-01-01
old     2007 4.00  4         800.00       80.00           0.00        80.00     620100   10         751          1082   1998-02-03
old     2008 5.00  5         900.00       90.00           0.00        90.00     620100   10         751          1082   1998-02-03
old     2009 2.00  0         400.00       40.00           0.00        40.00     620100   10         751          1082   1998-02-03
new     2009 3.00  6         600.00       60.00           0.00        60.00     620100   80         461          1083   2009-05-01
new     2010 7.00  7         1100.00      99.00           0.00        99.00     620100   80         461          1083   2009-05-01
new     2011 8.00  8         1200.00      99.00           0.00        99.00     620100   80         461          1083   2009-05-01
sold    2008 6.00  6         500.00       50.00           0.00        50.00     014100   80         751          1082   2008-01-01
sold    2009 6.50  7         500.00       .               0.00        50.00     014100   80         751          1082   2008-01-01
buyer   2007 1.00  1         100.00       10.00           0.00        10.00     620100   80         851          1081   2003-03-03
buyer   2008 1.00  1         100.00       10.00           .           10.00     620100   80         851          1081   2003-03-03
buyer   2009 1.50  2         100.00       10.00           .           10.00     620100   80         851          1081   2003-03-03
buyer   2010 8.00  9         600.00       60.00           0.00        60.00     620100   80         851          1081   2003-03-03
buyer   2011 8.00  9         600.00       60.00           0.00        60.00     620100   80         851          1081   2003-03-03
whole   2007 9.00  9         900.00       90.00           0.00        90.00     620100   80         851          1081   2000-01-01
whole   2008 9.00  9         900.00       90.00           0.00        90.00     620100   80         851          1081   2000-01-01
big     2009 6.00  6         600.00       60.00           0.00        60.00     620100   80         851          1081   2009-01-01
small   2009 3.00  3         300.00       30.00           0.00        30.00     620100   80         851          1081   2009-01-01
"""
EMPLOYMENT = """
company year paid_hours jobs wages_dkk
alone   2008 4809.93    3    1.00
old     2008 100.01     5    1.00
old     2009 50.01      5    1.00
new     2009 60.02      5    1.00
new     2010 70.00      5    1.00
sold    2008 10.00      5    1.00
buyer   2009 20.00      5    1.00
sold    2010 5.00       5    1.00
buyer   2010 30.00      5    1.00
far     2011 1.00       1    1.00
"""
SUCCESSION = """
predecessor successor year rule           continues followed
old         new       2009 new_legal_form true      new
sold        buyer     2010 merger         true      buyer
whole       big       2009 split          true      big
whole       small     2009 split          false     big
"""
NOTHING = "predecessor successor year rule continues followed"
OUTCOMES = "fte headcount paid_hours turnover value_added exports wages"


@pytest.fixture(scope="module")
def make(con, prices):
    codes = [ibis.memtable(table) for table in (
        {"industry": ["620100", "014100"], "section": ["J", "A"]},
        {"municipality": ["851", "751", "461"], "commuting_area": ["Aalborg", "Aarhus", "Odense"]},
    )]

    def panel(succession: str | None = SUCCESSION, boundary: str = "constant") -> pa.Table:
        tables = drawn("register.firm", FIRM), drawn("register.firm_employment", EMPLOYMENT)
        links = None if succession is None else drawn("register.succession", succession)
        found = con.to_pyarrow(firm_year(*tables, *codes, prices, links, boundary))
        return load("panel.firm_year").conform(found).sort_by([("company", "ascending"), ("year", "ascending")])

    return panel


@pytest.fixture(scope="module")
def constant(make) -> pa.Table:
    return make()


@pytest.fixture(scope="module")
def censored(make) -> pa.Table:
    return make(boundary="censored")


def only(panel: pa.Table, *companies: str) -> pa.Table:
    return panel.filter(pa.compute.is_in(panel["company"], pa.array(companies)))


def test_a_firm_that_changes_number_is_neither_closed_nor_born(constant):
    """In 2009 it has a row under each number; its age is that of the old one."""
    assert written(only(constant, "old", "new"), "company year alive fte headcount turnover first_year born") == cells("""
        company year alive fte headcount turnover first_year born
        new 2007 true 4.00 4 1600.00 2007 1998-02-03
        new 2008 true 5.00 5 1125.00 2007 1998-02-03
        new 2009 true 5.00 6 1600.00 2007 1998-02-03
        new 2010 true 7.00 7 1100.00 2007 1998-02-03
        new 2011 true 8.00 8 960.00  2007 1998-02-03
    """)


def test_a_change_of_number_is_no_change_of_boundary_under_either(constant, censored):
    assert only(constant, "new").equals(only(censored, "new"))
    assert only(constant, "new")["boundary_change"].null_count == 5


def test_acquired_staff_are_no_growth_when_the_boundary_is_constant(constant):
    """1 + 6 in 2008, 1.5 + 6.5 in 2009, and 8 together from 2010: without the sum buyer would grow by 6.5 in a year."""
    assert written(only(constant, "sold", "buyer"), "company year fte headcount boundary_change") == cells("""
        company year fte headcount boundary_change
        buyer 2007 1.00 1 .
        buyer 2008 7.00 7 .
        buyer 2009 8.00 9 .
        buyer 2010 8.00 9 merger
        buyer 2011 8.00 9 merger
    """)


def test_a_sum_is_missing_where_a_part_is_not_observed(constant):
    """sold has no value added in 2009; buyer no hours in 2008, nor sold in 2009; in 2010 sold lives in BFL alone."""
    assert written(only(constant, "buyer"), "year value_added paid_hours") == cells("""
        year value_added paid_hours
        2007 20.00 .
        2008 75.00 .
        2009 . .
        2010 60.00 35.00
        2011 48.00 .
    """)


def test_hours_of_both_numbers_in_the_year_of_the_change_are_summed_exactly(constant):
    assert written(only(constant, "new"), "year paid_hours")[2:5] == cells("2008 100.01\n2009 110.03\n2010 70.00")


def test_traits_are_those_of_the_largest_member_of_the_year(constant):
    assert written(only(constant, "buyer", "new"), "company year industry legal_form municipality") == cells("""
        company year industry legal_form municipality
        buyer 2007 620100 80 851
        buyer 2008 014100 80 751
        buyer 2009 014100 80 751
        buyer 2010 620100 80 851
        buyer 2011 620100 80 851
        new   2007 620100 10 751
        new   2008 620100 10 751
        new   2009 620100 80 461
        new   2010 620100 80 461
        new   2011 620100 80 461
    """)


def test_outcomes_are_missing_from_the_merger_on_when_the_boundary_is_censored_and_the_reason_is_told(constant, censored):
    assert written(only(censored, "sold", "buyer"), "company year alive fte wages boundary_change") == cells("""
        company year alive fte wages boundary_change
        buyer 2007 true 1.00 20.00 .
        buyer 2008 true 7.00 75.00 .
        buyer 2009 true 8.00 96.00 .
        buyer 2010 true . . merger
        buyer 2011 true . . merger
    """)
    gone = censored.filter(pa.compute.is_valid(censored["boundary_change"]))
    assert [name for name in OUTCOMES.split() if gone[name].null_count < gone.num_rows] == []
    others = [name for name in constant.column_names if name not in OUTCOMES.split()]
    assert constant.select(others).equals(censored.select(others))


def test_the_largest_part_of_a_split_continues_it_and_the_other_is_a_new_firm_that_is_not_censored(constant, censored):
    columns = "company year alive fte first_year boundary_change"
    assert written(only(constant, "whole", "big", "small"), columns) == cells("""
        company year alive fte first_year boundary_change
        big   2007 true  9.00 2007 .
        big   2008 true  9.00 2007 .
        big   2009 true  6.00 2007 split
        big   2010 false 0.00 2007 split
        big   2011 false 0.00 2007 split
        small 2009 true  3.00 2009 .
        small 2010 false 0.00 2009 .
        small 2011 false 0.00 2009 .
    """)
    assert only(constant, "small").equals(only(censored, "small"))
    assert written(only(censored, "big"), "year fte") == cells("year fte\n2007 9.00\n2008 9.00\n2009 .\n2010 .\n2011 .")


def test_a_living_firm_that_takes_over_a_part_is_censored_too(make):
    links = SUCCESSION + "whole       alone     2009 split          false     big"
    found = make(links, "censored")
    assert written(only(found, "alone"), "year fte boundary_change") == cells("""
        year fte boundary_change
        2007 2.00 .
        2008 2.50 .
        2009 . split
        2010 . split
        2011 . split
    """)


def test_the_first_of_several_changes_counts(make):
    links = SUCCESSION + "big         buyer     2008 merger         true      buyer"
    found = make(links.replace("false     big", "false     buyer").replace("true      big", "true      buyer"))
    assert only(found, "buyer")["boundary_change"].to_pylist() == [None, "merger", "merger", "merger", "merger"]


@pytest.mark.parametrize("boundary", ["constant", "censored"])
def test_firms_without_any_succession_are_unchanged_to_the_bit(make, boundary):
    today = make(None, boundary)
    assert only(make(SUCCESSION, boundary), "alone", "shut").equals(only(today, "alone", "shut"))
    assert make(NOTHING, boundary).equals(today)
    assert str(only(today, "shut")["exports"][-1]) == "0.00"
    assert today["boundary_change"].null_count == today.num_rows


def test_an_unknown_boundary_is_refused(make):
    with pytest.raises(ValueError, match="constant and censored"):
        make(boundary="moving")


def test_participants_are_followed_to_the_last_number_and_keep_their_rows(con):
    companies = drawn("participation.company", """
        company project start
        old     G1      2008-01-01
        new     G1      2010-01-01
        sold    G2      2008-01-01
        whole   G1      2008-01-01
        alone   G1      2008-01-01
    """)
    found = con.to_pyarrow(follow(companies, drawn("register.succession", SUCCESSION)))
    assert found.column_names == list(companies.columns)
    assert sorted(found["company"].to_pylist()) == ["alone", "big", "buyer", "new", "new"]
    assert con.to_pyarrow(follow(companies, None)).equals(con.to_pyarrow(companies))
