"""Cohorts drawn by hand around the years in which the registers changed what they count."""

import ibis
import pyarrow as pa
import pytest

from pipelines.panel import add_crosses_break, crossed_breaks
from schemas.contract import codes
from tests.pipelines.panel.drawn import cells, written

BREAKS = {
    "year": ["2008", "2010", "2030"], "register": ["BFL", "FIRM", "FIRM"], "outcomes": ["fte", "fte turnover", None],
}


@pytest.fixture(scope="module")
def breaks() -> ibis.Table:
    return ibis.memtable(pa.table(BREAKS))


def cohorts(*years: int) -> ibis.Table:
    return ibis.memtable(pa.table({"company": [f"c{year}" for year in years], "cohort": pa.array(years, pa.int32())}))


@pytest.mark.parametrize(("cohort", "crossed"), [(2005, False), (2006, True), (2008, True), (2009, True), (2010, True), (2011, False)])
def test_a_break_is_crossed_after_the_reference_year_and_until_the_headlines(con, breaks, cohort, crossed):
    """2006 compares 2005 with 2008 and crosses 2008; 2011 compares 2010 with 2013, all from 2010 on."""
    found = con.to_pyarrow(add_crosses_break(cohorts(cohort), breaks))
    assert found.column_names == ["company", "cohort", "crosses_break"]
    assert found["crosses_break"].to_pylist() == [crossed]


def test_each_outcome_has_breaks_of_its_own_and_a_break_of_places_is_no_outcomes(con, breaks):
    found = con.to_pyarrow(crossed_breaks(cohorts(2008, 2008, 2010, 2029), breaks))
    assert written(found, "cohort outcome break_year register") == cells("""
        cohort outcome break_year register
        2008 fte      2008 BFL
        2008 fte      2010 FIRM
        2008 turnover 2010 FIRM
        2010 fte      2010 FIRM
        2010 turnover 2010 FIRM
    """)
    assert con.to_pyarrow(add_crosses_break(cohorts(2008), breaks, "survival"))["crosses_break"].to_pylist() == [False]


def test_a_longer_window_crosses_more(con, breaks):
    found = con.to_pyarrow(crossed_breaks(cohorts(2011), breaks, first=-4))
    assert written(found, "outcome break_year") == cells("outcome break_year\nfte 2008\nfte 2010\nturnover 2010")


def test_the_listed_breaks_speak_of_listed_outcomes_in_the_years_that_the_registers_document():
    rows = codes("breaks").to_pylist()
    assert [row["year"] for row in rows] == ["2007", "2008", "2019", "2022", "2025"]
    named = {outcome for row in rows for outcome in (row["outcomes"] or "").split()}
    assert named <= set(codes("outcomes")["outcome"].to_pylist())
