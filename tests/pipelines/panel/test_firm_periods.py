"""Firms drawn by hand within the year: VAT by half-year (2010 begins with 4020) and jobs by quarter (with 8040).

stays lives on, shut closes after 2009, idle lives and neither files nor pays in 2010; old becomes new in 2010.
"""

from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest

from pipelines.panel import firm_half_year, firm_quarter
from pipelines.panel.firm_periods import full_time
from schemas.contract import load
from tests.pipelines.panel.drawn import cells, drawn, written

FIRM_YEAR = """
company year alive
stays   2009 true
stays   2010 true
shut    2009 true
shut    2010 false
idle    2009 true
idle    2010 true
new     2009 true
new     2010 true
exempt  2010 true
"""
VAT = """
company half_year sales_dkk
stays   4019      1000.00
stays   4020      1000.01
stays   4021      .
shut    4019      500.00
shut    4021      7.00
idle    4019      250.00
old     4019      625.00
old     4020      10.00
new     4020      20.00
new     4021      30.00
unknown 4020      1.00
"""
QUARTERS = """
company quarter paid_hours heads wages_dkk
stays   8039    480.99     1     62.50
stays   8040    481.00     2     100.01
shut    8039    1443.00    3     .
idle    8039    0.00       1     0.00
old     8039    480.99     1     62.50
old     8040    100.10     4     10.00
new     8040    380.89     5     20.00
unknown 8040    1.00       1     1.00
"""
SUCCESSION = """
predecessor successor year rule           continues followed
old         new       2010 new_legal_form true      new
"""


@pytest.fixture(scope="module")
def halves(con, prices) -> pa.Table:
    tables = drawn("register.vat_half_year", VAT), drawn("panel.firm_year", FIRM_YEAR)
    found = firm_half_year(*tables, prices, drawn("register.succession", SUCCESSION))
    return load("panel.firm_half_year").conform(con.to_pyarrow(found))


@pytest.fixture(scope="module")
def quarters(con, prices) -> pa.Table:
    tables = drawn("register.firm_quarter", QUARTERS), drawn("panel.firm_year", FIRM_YEAR)
    found = firm_quarter(*tables, prices, drawn("register.succession", SUCCESSION))
    return load("panel.firm_quarter").conform(con.to_pyarrow(found))


def test_turnover_by_half_year_is_in_fixed_prices_zero_after_closing_and_missing_for_the_living_that_did_not_file(halves):
    """2009 is at index 62.5. What shut filed after it closed is told; what it did not file is 0."""
    assert written(halves, "company half_year year half alive turnover_vat") == cells("""
        company half_year year half alive turnover_vat
        idle    4019 2009 2 true  400.00
        idle    4020 2010 1 true  .
        idle    4021 2010 2 true  .
        new     4019 2009 2 true  1000.00
        new     4020 2010 1 true  30.00
        new     4021 2010 2 true  30.00
        shut    4019 2009 2 true  800.00
        shut    4020 2010 1 false 0.00
        shut    4021 2010 2 false 7.00
        stays   4019 2009 2 true  1600.00
        stays   4020 2010 1 true  1000.01
        stays   4021 2010 2 true  .
    """)


def test_employment_by_quarter_sums_both_numbers_and_tells_no_heads_where_a_person_may_count_twice(quarters):
    """480.99 hours are one full-time equivalent: 3 × 160.33."""
    assert written(quarters, "company quarter year alive paid_hours fte_bfl heads wages") == cells("""
        company quarter year alive paid_hours fte_bfl heads wages
        idle  8039 2009 true  0.00    0.0000 1 0.00
        idle  8040 2010 true  .       .      . .
        new   8039 2009 true  480.99  1.0000 1 100.00
        new   8040 2010 true  480.99  1.0000 . 30.00
        shut  8039 2009 true  1443.00 3.0001 3 .
        shut  8040 2010 false 0.00    0.0000 0 0.00
        stays 8039 2009 true  480.99  1.0000 1 100.00
        stays 8040 2010 true  481.00  1.0000 2 100.01
    """)


def test_full_time_equivalents_are_rounded_as_fractions_would_be(con):
    hours = [Decimal(n) / 100 for n in (1, 2, 3, 240, 241, 24_049, 24_050, 48_098, 48_100, 123_456_789, 9_999_999_999)]
    table = ibis.memtable(pa.table({"hours": pa.array(hours, pa.decimal128(18, 2))}))
    found = con.to_pyarrow(table.select("hours", fte=full_time(table.hours))).to_pylist()
    exact = {row["hours"]: round(Fraction(row["hours"]) / Fraction("480.99") * 10_000) for row in found}
    assert {row["hours"]: int(row["fte"] * 10_000) for row in found} == exact


def test_without_succession_each_number_is_its_own(con, prices):
    found = con.to_pyarrow(firm_quarter(drawn("register.firm_quarter", QUARTERS), drawn("panel.firm_year", FIRM_YEAR), prices))
    assert written(found.filter(pa.compute.equal(found["company"], "new")), "quarter paid_hours heads") == cells("""
        quarter paid_hours heads
        8039 .      .
        8040 380.89 5
    """)


def test_a_register_that_was_not_delivered_gives_an_empty_panel(con, prices):
    nothing = ibis.memtable(load("register.vat_half_year").arrow_schema().empty_table())
    found = con.to_pyarrow(firm_half_year(nothing, drawn("panel.firm_year", FIRM_YEAR), prices))
    assert load("panel.firm_half_year").conform(found).num_rows == 0
