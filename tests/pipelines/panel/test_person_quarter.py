"""Residents drawn by hand around 2010 (first quarter: period 8040): who has a row, of which age, at work or not."""

import pyarrow as pa
import pytest

from pipelines.panel import person_quarter, person_quarter_by_year
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

POPULATION = """
person period born       sex municipality region
p      8039   1980-06-30 1   851          1081
p      8040   1980-06-30 1   851          1081
p      8041   1980-06-30 1   101          1084
p      8042   1980-06-30 1   101          1084
p      8043   1980-06-30 1   101          1084
dies   8040   1950-01-01 2   851          1081
young  8039   1994-12-31 2   851          1081
young  8040   1994-12-31 2   851          1081
child  8040   1995-01-01 2   851          1081
last   8039   1943-12-31 2   851          1081
last   8040   1943-12-31 2   851          1081
old    8040   1944-01-01 2   851          1081
"""
EMPLOYMENT = """
person period paid_hours wage_dkk employer
p      8039   481.00     50000.00 x
p      8040   0.01       80.00    x
p      8041   0.00       10.00    y
p      8043   100.10     1000.50  .
dies   8041   300.00     300.00   x
far    8042   300.00     300.00   x
"""
EDUCATION = """
person year education education_group
p      2008 10        basic
p      2009 35        vocational
p      2010 50        medium_higher
old    2010 70        long_higher
"""


@pytest.fixture(scope="module")
def make(con, prices):
    def panel(employment: str = EMPLOYMENT) -> pa.Table:
        tables = drawn("register.population", POPULATION), drawn("register.person_employment", employment)
        found = person_quarter(*tables, drawn("register.education", EDUCATION), prices)
        return load("panel.person_quarter").conform(con.to_pyarrow(found))

    return panel


@pytest.fixture(scope="module")
def panel(make) -> pa.Table:
    return make()


def test_only_residents_from_16_to_66_have_a_row_and_the_dead_have_none(panel):
    """Age is the year minus the year of birth: in 2010 born 1994 is 16 and born 1944 is 66."""
    assert written(panel, "person period year quarter age") == cells("""
        person period year quarter age
        dies  8040 2010 1 60
        last  8039 2009 4 66
        old   8040 2010 1 66
        p     8039 2009 4 29
        p     8040 2010 1 30
        p     8041 2010 2 30
        p     8042 2010 3 30
        p     8043 2010 4 30
        young 8040 2010 1 16
    """)


def test_whoever_had_a_paid_hour_was_employed_and_wages_are_in_prices_of_the_base_year(panel):
    """2009 is at index 62.5: 50,000 become 80,000. An employment without hours is no employment."""
    assert written(only_p(panel), "period employed paid_hours wage") == cells("""
        period employed paid_hours wage
        8039 true  481.00 80000.00
        8040 true  0.01   80.00
        8041 false 0.00   10.00
        8042 false 0.00   0.00
        8043 true  100.10 1000.50
    """)


def test_education_is_that_of_the_last_september_and_unknown_without_one(panel):
    assert written(only_p(panel), "period education") == cells("""
        period education
        8039 vocational
        8040 vocational
        8041 vocational
        8042 vocational
        8043 medium_higher
    """)
    others = panel.filter(pa.compute.not_equal(panel["person"], "p"))
    assert set(others["education"].to_pylist()) == {"unknown"}


def test_sex_and_place_are_those_of_the_quarter(panel):
    assert written(only_p(panel), "period sex municipality region") == cells("""
        period sex municipality region
        8039 1 851 1081
        8040 1 851 1081
        8041 1 101 1084
        8042 1 101 1084
        8043 1 101 1084
    """)


def test_a_quarter_that_the_register_of_jobs_does_not_cover_has_no_row(make):
    until_first_quarter = "person period paid_hours wage_dkk employer\nq 8039 1.00 1.00 x\nq 8040 1.00 1.00 x"
    assert set(make(until_first_quarter)["period"].to_pylist()) == {8039, 8040}


def only_p(panel: pa.Table) -> pa.Table:
    return panel.filter(pa.compute.equal(panel["person"], "p"))


def test_year_by_year_is_the_same_panel_as_all_at_once(con, prices, panel):
    tables = [drawn("register.population", POPULATION), drawn("register.person_employment", EMPLOYMENT), drawn("register.education", EDUCATION)]
    years = [con.to_pyarrow(table) for table in person_quarter_by_year(*tables, prices)]
    assert [set(table["year"].to_pylist()) for table in years] == [{2009}, {2010}]
    order = [("person", "ascending"), ("period", "ascending")]
    found = load("panel.person_quarter").conform(pa.concat_tables(years))
    assert found.sort_by(order).equals(panel.sort_by(order))
