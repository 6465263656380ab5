"""Five firms drawn by hand, 2007 to 2010: what a year says of the living, of the closed, and of what nobody observes.

a lives throughout; b closes after 2008; c closes in an industry without value added; d is gone for a year; e is born
in 2009.
"""

import ibis
import pyarrow as pa
import pytest

from pipelines.panel import firm_year
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

FIRM = """
company year fte  headcount turnover_dkk value_added_dkk exports_dkk wages_dkk industry legal_form municipality region born
a       2007 2.00 3         1000.00      400.00          0.00        100.00    620100   80         851          1081   1999-05-01
a       2008 2.50 3         1000.00      400.00          8.00        160.00    620100   80         851          1081   1999-05-01
a       2009 3.00 4         1000.00      400.00          .           125.00    620100   80         101          1084   1999-05-01
a       2010 .    4         1000.01      400.00          0.00        100.00    620100   60         101          1084   1999-05-01
b       2007 9.00 9         5000.00      900.00          1.00        500.00    620100   80         851          1081   2001-01-01
b       2008 8.00 9         4000.00      .               1.00        400.00    620100   80         851          1081   2001-01-01
c       2008 1.00 1         300.00       .               0.00        30.00     014100   10         751          1082   2008-02-03
d       2007 4.00 5         700.00       70.00           0.00        70.00     620100   80         461          1083   2000-01-01
d       2009 5.00 6         800.00       80.00           0.00        80.00     620100   60         461          1083   2000-01-01
e       2009 0.50 1         90.00        9.00            0.00        9.00      620100   10         851          1081   2009-09-09
"""
EMPLOYMENT = """
company year paid_hours jobs wages_dkk
a       2007 1.00       1    1.00
a       2008 4809.93    3    1.00
a       2009 5771.89    4    1.00
b       2008 15391.71   9    1.00
d       2009 0.01       6    1.00
"""


@pytest.fixture(scope="module")
def make(con, prices):
    codes = [ibis.memtable(table) for table in (
        {"industry": ["620100", "014100"], "section": ["J", "A"]},
        {"municipality": ["851", "751", "461"], "commuting_area": ["Aalborg", "Aarhus", "Odense"]},
    )]

    def panel(firm: str = FIRM, employment: str = EMPLOYMENT) -> pa.Table:
        tables = drawn("register.firm", firm), drawn("register.firm_employment", employment)
        return load("panel.firm_year").conform(con.to_pyarrow(firm_year(*tables, *codes, prices)))

    return panel


@pytest.fixture(scope="module")
def panel(make) -> pa.Table:
    return make()


def test_every_firm_has_a_row_from_its_first_year_to_the_last_year_published(panel):
    assert written(panel, "company year alive first_year") == cells("""
        company year alive first_year
        a 2007 true  2007
        a 2008 true  2007
        a 2009 true  2007
        a 2010 true  2007
        b 2007 true  2007
        b 2008 true  2007
        b 2009 false 2007
        b 2010 false 2007
        c 2008 true  2008
        c 2009 false 2008
        c 2010 false 2008
        d 2007 true  2007
        d 2008 false 2007
        d 2009 true  2007
        d 2010 false 2007
        e 2009 true  2009
        e 2010 false 2009
    """)


def test_a_closed_firm_and_a_gap_year_have_zero_employment_where_the_living_have_some(panel):
    assert written(panel, "company year fte headcount") == cells("""
        company year fte headcount
        a 2007 2.00 3
        a 2008 2.50 3
        a 2009 3.00 4
        a 2010 .    4
        b 2007 9.00 9
        b 2008 8.00 9
        b 2009 0.00 0
        b 2010 0.00 0
        c 2008 1.00 1
        c 2009 0.00 0
        c 2010 0.00 0
        d 2007 4.00 5
        d 2008 0.00 0
        d 2009 5.00 6
        d 2010 0.00 0
        e 2009 0.50 1
        e 2010 0.00 0
    """)


def test_money_is_in_prices_of_the_base_year(panel):
    """2007 is at index 50, 2008 at 80, 2009 at 62.5: 1000 become 2000, 1250, 1600; missing stays missing."""
    living = panel.filter(pa.compute.equal(panel["company"], "a"))
    assert written(living, "year turnover value_added exports wages") == cells("""
        year turnover value_added exports wages
        2007 2000.00 800.00 0.00  200.00
        2008 1250.00 500.00 10.00 200.00
        2009 1600.00 640.00 .     200.00
        2010 1000.01 400.00 0.00  100.00
    """)


def test_fixed_prices_are_rounded_to_the_oere(make):
    one = make("company year turnover_dkk industry\na 2009 100.01 620100\na 2012 0.03 620100")
    assert written(one, "year turnover") == cells("year turnover\n2009 160.02\n2012 0.02")


def test_a_closed_firm_has_zero_of_what_its_industry_reports_and_misses_what_it_never_reports(panel):
    """b's own last value added is missing, but its industry has it; c's industry never has it, living or closed."""
    closed = panel.filter(pa.compute.invert(panel["alive"]))
    assert written(closed, "company year turnover value_added exports wages") == cells("""
        company year turnover value_added exports wages
        b 2009 0.00 0.00 0.00 0.00
        b 2010 0.00 0.00 0.00 0.00
        c 2009 0.00 .    0.00 0.00
        c 2010 0.00 .    0.00 0.00
        d 2008 0.00 0.00 0.00 0.00
        d 2010 0.00 0.00 0.00 0.00
        e 2010 0.00 0.00 0.00 0.00
    """)


def test_value_added_is_missing_for_the_living_of_an_industry_that_never_has_it(panel):
    living = panel.filter(pa.compute.and_(panel["alive"], pa.compute.equal(panel["company"], "c")))
    assert written(living, "year turnover value_added") == cells("year turnover value_added\n2008 375.00 .")


def test_paid_hours_are_the_exact_sum_missing_before_2008_and_for_the_living_without_jobs(make):
    covered = make(employment=EMPLOYMENT + "a 2010 0.00 1 1.00")
    assert covered.schema.field("paid_hours").type == pa.decimal128(18, 2)
    assert written(covered, "company year paid_hours") == cells("""
        company year paid_hours
        a 2007 .
        a 2008 4809.93
        a 2009 5771.89
        a 2010 0.00
        b 2007 .
        b 2008 15391.71
        b 2009 0.00
        b 2010 0.00
        c 2008 .
        c 2009 0.00
        c 2010 0.00
        d 2007 .
        d 2008 0.00
        d 2009 0.01
        d 2010 0.00
        e 2009 .
        e 2010 0.00
    """)


def test_a_closed_firm_misses_paid_hours_of_a_year_that_nobody_observes(panel):
    last = panel.filter(pa.compute.equal(panel["year"], 2010))
    assert written(last, "company paid_hours") == cells("company paid_hours\na .\nb .\nc .\nd .\ne .")


def test_a_closed_year_keeps_the_newest_known_traits_and_a_living_year_its_own(panel):
    columns = "company year industry section municipality region commuting_area legal_form born"
    assert written(panel, columns)[8:] == cells("""
        b 2010 620100 J 851 1081 Aalborg 80 2001-01-01
        c 2008 014100 A 751 1082 Aarhus  10 2008-02-03
        c 2009 014100 A 751 1082 Aarhus  10 2008-02-03
        c 2010 014100 A 751 1082 Aarhus  10 2008-02-03
        d 2007 620100 J 461 1083 Odense  80 2000-01-01
        d 2008 620100 J 461 1083 Odense  60 2000-01-01
        d 2009 620100 J 461 1083 Odense  60 2000-01-01
        d 2010 620100 J 461 1083 Odense  60 2000-01-01
        e 2009 620100 J 851 1081 Aalborg 10 2009-09-09
        e 2010 620100 J 851 1081 Aalborg 10 2009-09-09
    """)


def test_a_firm_in_a_place_and_an_industry_that_no_code_table_knows_keeps_its_row(make):
    one = make("company year industry municipality\na 2009 999999 950")
    assert written(one, "company industry section municipality commuting_area") == cells("""
        company industry section municipality commuting_area
        a 999999 . 950 .
    """)
