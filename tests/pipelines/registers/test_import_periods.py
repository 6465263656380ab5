"""VAT by half-year and jobs by quarter, drawn by hand: which months count together, and sums to the last øre."""

import datetime as dt
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from pipelines.registers import import_firm_quarter, import_vat
from tests.pipelines.registers.test_imports import jobs, rows


def filings(*drawn: tuple) -> ibis.Table:
    """FIKS: number, year, month, sales."""
    company, year, month, sales = zip(*drawn, strict=True)
    amounts = pa.array([None if amount is None else Decimal(amount) for amount in sales], pa.decimal128(18, 2))
    table = {"CVRNR": company, "PERIODE_AAR": pa.array(year, pa.int32()), "PERIODE_MD": pa.array(month, pa.int32())}
    return ibis.memtable(pa.table({**table, "SALG_IALT": amounts}))


def whole_year(company: str, year: int, sales: str) -> list[tuple]:
    return [(company, year, month, sales) for month in range(1, 13)]


def test_sales_of_six_months_are_summed_to_the_last_oere(con):
    """A floating sum of 4,000,000,000,000,000.01 and 0.02 has no øre left. 2010 × 2 = 4020 is its first half."""
    found = rows(con, "register.vat_half_year", import_vat(filings(
        *whole_year("z", 2010, "1.00"), ("a", 2010, 1, "4000000000000000.01"), ("a", 2010, 6, "0.02"), ("a", 2010, 7, "5.00"),
    )))
    assert [tuple(map(str, row.values())) for row in found] == [
        ("a", "4020", "4000000000000000.03"), ("a", "4021", "5.00"), ("z", "4020", "6.00"), ("z", "4021", "6.00"),
    ]


def test_a_half_year_that_the_register_does_not_hold_whole_has_no_row(con):
    """The second half of 2010 ends in November in this extract."""
    given = [row for row in whole_year("a", 2010, "1.00") if row[2] < 12] + [("b", 2010, 8, "1.00")]
    found = rows(con, "register.vat_half_year", import_vat(filings(*given)))
    assert [(row["company"], row["half_year"]) for row in found] == [("a", 4020)]


def test_sales_are_missing_where_a_months_are_and_negative_ones_count(con):
    found = rows(con, "register.vat_half_year", import_vat(filings(
        *whole_year("z", 2010, "1.00"), ("a", 2010, 1, "7.00"), ("a", 2010, 2, None), ("b", 2010, 3, "-2.50"),
        ("b", 2010, 4, "1.00"), (None, 2010, 4, "1.00"),
    )))
    told = {row["company"]: row["sales_dkk"] for row in found if row["half_year"] == 4020}
    assert told == {"z": Decimal("6.00"), "a": None, "b": Decimal("-1.50")}


def test_jobs_are_summed_to_employer_and_quarter_and_persons_count_once(con):
    found = rows(con, "register.firm_quarter", import_firm_quarter(jobs(
        ("p", "a", "0.10", "4000000000000000.01", "2010-01-01"), ("p", "a", "0.20", "0.02", "2010-03-31"),
        ("q", "a", "160.33", "1.00", "2010-02-01"), ("p", "a", "7.00", "5.00", "2010-04-01"),
        ("p", None, "9.00", "9.00", "2010-04-01"),
    )))
    assert [tuple(map(str, row.values())) for row in found] == [
        ("a", "8040", "160.63", "2", "4000000000000001.03"), ("a", "8041", "7.00", "1", "5.00"),
    ]


@pytest.mark.parametrize(("start", "quarter"), [("2010-12-31", 8043), ("2011-01-01", 8044)])
def test_a_job_counts_in_the_quarter_that_it_started_in(con, start, quarter):
    assert dt.date.fromisoformat(start).year == quarter // 4
    found = rows(con, "register.firm_quarter", import_firm_quarter(jobs(("p", "a", "1.00", "1.00", start))))
    assert [row["quarter"] for row in found] == [quarter]
