"""Rows of extracts drawn by hand, and what the project's own tables say of them."""

import datetime as dt
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from pipelines.registers import (
    import_education,
    import_firm,
    import_firm_employment,
    import_person_employment,
    import_population,
)
from schemas.contract import codes, load


def drawn(register: str, year: int | list[int], month: int | list[int], **columns: list) -> ibis.Table:
    """Rows of an extract as `read_extracts` gives them; the columns not drawn are missing."""
    contract = load(f"registers.{register}")
    count = len(next(iter(columns.values())))
    cells = {c.name: pa.array(columns.get(c.name, [None] * count), c.type) for c in contract.columns}
    for name, value in (("year", year), ("month", month)):
        cells[name] = pa.array(value if isinstance(value, list) else [value] * count, pa.int32())
    return ibis.memtable(pa.table(cells))


def jobs(*rows: tuple) -> ibis.Table:
    """BFL: person, employer, hours, broad wage, start of the job. The file's own year is 2015 whatever the start."""
    person, employer, hours, wage, start = zip(*rows, strict=True)
    return drawn(
        "BFL", 2015, 12, PNR=person, AJO_CVR_NR_FRA_PROD_JOB=employer, AJO_LOENTIMER=[Decimal(h) for h in hours],
        AJO_BREDT_LOENBELOEB=[Decimal(w) for w in wage],
        AJO_JOB_START_DATO=[dt.date.fromisoformat(day) for day in start],
    )


def rows(con: ibis.BaseBackend, name: str, expression: ibis.Table) -> list[dict]:
    """The result under its contract, which fixes columns and types, ordered by its keys."""
    contract = load(name)
    found = con.to_pyarrow(expression)
    assert {column: found.schema.field(column).type for column in found.column_names} == {
        column.name: column.type for column in contract.columns
    }
    return contract.conform(found).sort_by([(key, "ascending") for key in contract.keys]).to_pylist()


def test_hours_and_wages_of_a_firms_year_are_summed_to_the_last_oere(con):
    """A floating sum of 4,000,000,000,000,000.01 and 0.02 has no øre left."""
    found = rows(con, "register.firm_employment", import_firm_employment(jobs(
        ("p", "a", "0.10", "4000000000000000.01", "2010-01-01"),
        ("q", "a", "0.20", "0.02", "2010-12-31"),
        ("p", "b", "160.33", "1.00", "2010-02-01"),
        ("p", "a", "7.00", "5.00", "2011-01-01"),
    )))
    assert [tuple(map(str, row.values())) for row in found] == [
        ("a", "2010", "0.30", "2", "4000000000000000.03"),
        ("a", "2011", "7.00", "1", "5.00"),
        ("b", "2010", "160.33", "1", "1.00"),
    ]


def test_jobs_of_a_firm_are_distinct_persons_however_many_months_they_worked(con):
    found = rows(con, "register.firm_employment", import_firm_employment(jobs(
        *(("p", "a", "100.00", "1.00", f"2010-{month:02d}-01") for month in range(1, 13)),
        ("p", "a", "10.00", "1.00", "2010-01-01"),
        ("q", "a", "50.00", "1.00", "2010-06-01"),
    )))
    assert [(row["jobs"], row["paid_hours"]) for row in found] == [(2, Decimal("1260.00"))]


def test_a_job_without_an_employer_belongs_to_no_firm_but_to_its_person(con):
    drawn_jobs = jobs(("p", None, "100.00", "1.00", "2010-01-01"))
    assert rows(con, "register.firm_employment", import_firm_employment(drawn_jobs)) == []
    assert rows(con, "register.person_employment", import_person_employment(drawn_jobs)) == [
        {"person": "p", "period": 8040, "paid_hours": Decimal("100.00"), "wage_dkk": Decimal("1.00"), "employer": None}
    ]


@pytest.mark.parametrize(("start", "period"), [
    ("2010-01-01", 8040), ("2010-03-31", 8040), ("2010-04-01", 8041), ("2010-09-30", 8042), ("2010-12-31", 8043),
    ("2011-01-01", 8044),
])
def test_a_job_counts_in_the_quarter_that_it_started_in(con, start, period):
    found = rows(con, "register.person_employment", import_person_employment(jobs(("p", "a", "1.00", "1.00", start))))
    assert [row["period"] for row in found] == [period]


def test_a_persons_quarter_sums_all_jobs_and_names_the_employer_with_most_hours(con):
    """b has the single largest job, a the most hours over its three months."""
    found = rows(con, "register.person_employment", import_person_employment(jobs(
        ("p", "a", "60.00", "4000000000000000.01", "2010-01-01"),
        ("p", "a", "60.00", "0.01", "2010-02-01"),
        ("p", "b", "100.00", "0.01", "2010-02-01"),
        ("p", "b", "999.00", "9.00", "2010-04-01"),
        ("q", "b", "1.50", "2.50", "2010-03-01"),
    )))
    assert [tuple(map(str, row.values())) for row in found] == [
        ("p", "8040", "220.00", "4000000000000000.03", "a"),
        ("p", "8041", "999.00", "9.00", "b"),
        ("q", "8040", "1.50", "2.50", "b"),
    ]


@pytest.mark.parametrize("order", [("a", "b", None), (None, "b", "a"), ("b", None, "a")])
def test_employers_with_equal_hours_are_ranked_by_key_and_an_unknown_one_comes_last(con, order):
    table = jobs(*(("p", employer, "50.00", "1.00", "2010-01-01") for employer in order))
    found = rows(con, "register.person_employment", import_person_employment(table))
    assert [row["employer"] for row in found] == ["a"]


def test_a_firms_year_carries_what_the_register_says(con):
    given = {
        "CVRNR": "a", "GF_AARSV": Decimal("2.50"), "GF_ANSATTE": 3, "GF_INKLEJER": 4, "GF_OMS": Decimal("1.00"),
        "GF_VTV": None, "GF_EKSP": Decimal("3.00"), "GF_LGAGMV": Decimal("4.00"), "GF_BRANCHE": "620100",
        "JUR_VIRK_FORM": "80", "JUR_SEKTORKODE": "1100", "JUR_BEL_KOM_KODE": "851", "JUR_BEL_REGION_KODE": "1081",
        "JUR_FRA_DATO": dt.date(2001, 2, 3), "JUR_TIL_DATO": dt.date(2010, 12, 31),
    }
    extract = drawn("FIRM", 2010, 12, **{name: [value] for name, value in given.items()})
    assert rows(con, "register.firm", import_firm(extract)) == [{
        "company": "a", "year": 2010, "fte": Decimal("2.50"), "headcount": 3, "turnover_dkk": Decimal("1.00"),
        "value_added_dkk": None, "exports_dkk": Decimal("3.00"), "wages_dkk": Decimal("4.00"), "industry": "620100",
        "legal_form": "80", "sector_code": "1100", "municipality": "851", "region": "1081",
        "born": dt.date(2001, 2, 3), "closed": dt.date(2010, 12, 31),
    }]


def test_a_residents_quarter_is_that_of_the_file(con):
    extract = drawn(
        "BEF", [2010, 2010, 2010, 2010, 2011], [3, 6, 9, 12, 3], PNR=["p"] * 5, FOED_DAG=[dt.date(1980, 1, 1)] * 5,
        KOEN=["2"] * 5, KOM=["851"] * 5, REG=["1081"] * 5, CIVST=["G"] * 5, IE_TYPE=["1"] * 5,
    )
    found = rows(con, "register.population", import_population(extract))
    assert [row["period"] for row in found] == [8040, 8041, 8042, 8043, 8044]
    assert found[0] == {
        "person": "p", "period": 8040, "born": dt.date(1980, 1, 1), "sex": "2", "municipality": "851", "region": "1081",
        "civil_status": "G", "origin": "1",
    }


@pytest.mark.parametrize(("education", "group"), [
    ("10", "basic"), ("1999", "basic"), ("20", "upper_secondary"), ("35", "vocational"), ("4012", "short_higher"),
    ("50", "medium_higher"), ("6980", "medium_higher"), ("70", "long_higher"), ("89", "long_higher"), ("90", "unknown"),
    ("05", "unknown"), ("X1", "unknown"), (None, "unknown"),
])
def test_every_education_belongs_to_one_group_and_a_code_of_none_is_unknown(con, education, group):
    extract = drawn("UDDA", 2010, 9, PNR=["p"], HFAUDD=[education])
    expression = import_education(extract, ibis.memtable(codes("education_groups")))
    assert rows(con, "register.education", expression) == [
        {"person": "p", "year": 2010, "education": education, "education_group": group}
    ]


def test_before_the_reform_a_seat_lies_in_the_municipality_that_its_own_became_part_of_and_later_codes_stay(con):
    years, codes_then = [2006, 2006, 2006, 2007, 2010, 2006], ["785", "787", "101", "785", "851", None]
    extract = drawn("FIRM", years, 12, CVRNR=list("abcdef"), JUR_BEL_KOM_KODE=codes_then)
    merged = ibis.memtable(codes("municipalities_before_2007"))
    found = con.to_pyarrow(import_firm(extract, merged)).sort_by("company").to_pylist()
    assert [row["municipality"] for row in found] == ["787", "787", "101", "785", "851", None]
