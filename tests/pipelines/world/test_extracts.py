"""The tiny world's register extracts: what their contracts promise, and what ties jobs, persons and firms together."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from schemas.contract import codes, load
from tests.pipelines.world.making import pseudonym_of, read_raw

FILES = {
    "FIRM": [f"FIRM{year}.parquet" for year in range(2002, 2016)],
    "BFL": [f"BFL{year}12.parquet" for year in range(2008, 2016)],
    "BEF": [f"BEF{year}{month:02d}.parquet" for year in range(2008, 2016) for month in (3, 6, 9, 12)],
    "UDDA": [f"UDDA{year}09.parquet" for year in range(2007, 2016)],
}


FURTHER = [                             # held to their layout in test_further_registers
    *(f"LONG_DEMO{year}.parquet" for year in range(2002, 2016)), *(f"FIKS{year}.parquet" for year in range(2008, 2016)),
    *(f"AKM{year}.parquet" for year in range(2008, 2016)), "DREAM201512.parquet",
]


@pytest.fixture(scope="module")
def con(registers: Path):
    """The extracts as views FIRM, BFL, BEF and UDDA with `year` and `month` of the file, and BFL with the job's own month."""
    with duckdb.connect() as found:
        for register in FILES:
            found.execute(f"""
                CREATE VIEW {register} AS SELECT *, regexp_extract(filename, '{register}(\\d{{4}})', 1)::INTEGER AS year
                FROM read_parquet('{registers}/{register}*.parquet', filename = true)
            """)
        yield found


def test_there_is_one_file_a_register_and_period_and_nothing_else(registers):
    assert sorted(path.name for path in registers.iterdir()) == sorted(
        [name for names in FILES.values() for name in names] + FURTHER
    )


@pytest.mark.parametrize("register", FILES)
def test_every_file_has_the_columns_and_types_of_its_contract(registers, register):
    contract = load(f"registers.{register}")
    for name in FILES[register]:
        table = pq.read_table(registers / name)
        assert table.column_names == [column.name for column in contract.columns]
        assert contract.conform(table).num_rows == table.num_rows > 0


@pytest.mark.parametrize("register", ["BFL", "BEF"])
def test_all_periods_together_keep_their_contract(registers, register):
    assert load(f"registers.{register}").check(pyarrow.dataset.dataset([registers / name for name in FILES[register]])) == ()


@pytest.mark.parametrize("register", ["FIRM", "UDDA"])
def test_each_yearly_file_keeps_its_contract(registers, register):
    for name in FILES[register]:
        assert load(f"registers.{register}").check(pq.read_table(registers / name)) == (), name


def test_the_paid_hours_of_a_firms_year_are_twelve_months_of_its_fte(con):
    """Twelve times FTE × 160.33, each month rounded to a hundredth of an hour (a half to the even one)."""
    compared, off = con.sql("""
        WITH hours AS (SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, year, sum(AJO_LOENTIMER) AS hours FROM BFL GROUP BY ALL)
        SELECT count(*), max(abs(hours - 12 * round_even(GF_AARSV::DOUBLE * 16033, 0)::BIGINT::DECIMAL(18, 2) / 100))
        FROM FIRM LEFT JOIN hours USING (CVRNR, year) WHERE year >= 2008
    """).fetchone()
    assert compared > 15_000
    assert off == 0
    assert con.sql("""
        SELECT count(*) FROM FIRM ANTI JOIN (SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, year FROM BFL) USING (CVRNR, year)
        WHERE year >= 2008
    """).fetchone()[0] == 0


def test_each_month_a_firm_has_as_many_jobs_as_heads(con):
    months = con.sql("""
        WITH jobs AS (
            SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, year, month(AJO_JOB_START_DATO) AS month, count(*) AS jobs,
                   count(DISTINCT PNR) AS persons
            FROM BFL GROUP BY ALL
        )
        SELECT count(*), count(*) FILTER (jobs = GF_ANSATTE AND persons = GF_ANSATTE), count(DISTINCT month)
        FROM FIRM JOIN jobs USING (CVRNR, year)
    """).fetchone()
    firm_years = con.sql("SELECT count(*) FROM FIRM WHERE year >= 2008").fetchone()[0]
    assert months == (12 * firm_years, 12 * firm_years, 12)


def test_heads_are_the_full_time_equivalents_rounded_up_and_a_sole_traders_owner_is_counted_apart(con):
    assert con.sql("""
        SELECT count(*) FROM FIRM WHERE GF_ANSATTE <> greatest(ceil(GF_AARSV), 1)
           OR GF_INKLEJER - GF_ANSATTE <> (JUR_VIRK_FORM IN ('10', '30'))::INTEGER
    """).fetchone()[0] == 0
    assert con.sql("SELECT count(*) FILTER (JUR_VIRK_FORM = '10') > 0 FROM FIRM").fetchone()[0]


def test_full_time_employment_is_the_hours_over_160_33(con):
    """Cut after the fourth decimal."""
    assert con.sql("""
        SELECT count(*) FROM BFL
        WHERE AJO_LOENTIMER / 160.33 - AJO_FULDTID_BESKAEFTIGET NOT BETWEEN -0.0000001 AND 0.0001 OR AJO_LOENTIMER < 0
    """).fetchone()[0] == 0


def test_a_person_has_at_most_one_job_a_month_and_lives_here_while_having_it(con):
    assert con.sql("""
        SELECT count(*) FROM (SELECT PNR FROM BFL GROUP BY PNR, AJO_JOB_START_DATO HAVING count(*) > 1)
    """).fetchone()[0] == 0
    assert con.sql("""
        SELECT count(*) FROM (
            SELECT DISTINCT PNR, year, quarter(AJO_JOB_START_DATO) AS quarter FROM BFL
        ) ANTI JOIN (SELECT PNR, year, quarter(REFERENCETID) AS quarter FROM BEF) USING (PNR, year, quarter)
    """).fetchone()[0] == 0


def test_persons_leave_without_a_mark_and_never_come_back(con):
    spells = con.sql("""
        WITH seen AS (SELECT PNR, year * 4 + quarter(REFERENCETID) - 1 AS period FROM BEF)
        SELECT PNR, min(period) AS first, max(period) AS last, count(*) AS quarters FROM seen GROUP BY PNR
    """)
    persons, from_the_start, whole, gone = spells.aggregate(
        "count(*), count(*) FILTER (first = 8032), count(*) FILTER (quarters = last - first + 1), count(*) FILTER (last < 8063)"
    ).fetchone()
    assert persons == from_the_start == whole
    assert 0.005 < gone / persons < 0.1


def test_a_firm_is_in_every_year_until_it_closes_and_is_struck_off_at_the_end_of_its_last(con):
    firms, whole, marked = con.sql("""
        WITH lives AS (
            SELECT CVRNR, min(year) AS first, max(year) AS last, count(*) AS years, max(JUR_TIL_DATO) AS ended,
                   count(JUR_TIL_DATO) AS marks
            FROM FIRM GROUP BY CVRNR
        )
        SELECT count(*), count(*) FILTER (years = last - first + 1),
               count(*) FILTER (last = 2015 AND marks = 0 OR last < 2015 AND marks = 1 AND ended = make_date(last, 12, 31))
        FROM lives
    """).fetchone()
    assert firms == whole == marked


def test_value_added_is_missing_in_whole_industries_and_nowhere_else(con):
    table = codes("industries").to_pylist()
    with_accounts = {row["industry"] for row in table if row["value_added"] == "yes"}
    found = con.sql("SELECT GF_BRANCHE, count(*), count(GF_VTV) FROM FIRM GROUP BY 1").fetchall()
    assert all(told == (rows if industry in with_accounts else 0) for industry, rows, told in found)
    assert {told > 0 for _, _, told in found} == {True, False}


def test_money_is_in_current_prices(con):
    """Wages are 3600 × 100 DKK an FTE in 2015; the index of 2008 is 89.9."""
    assert con.sql("""
        SELECT year, max(abs(GF_LGAGMV - GF_AARSV * 360000 * CASE year WHEN 2008 THEN 0.899 ELSE 1 END)) < 1
        FROM FIRM WHERE year IN (2008, 2015) GROUP BY year ORDER BY year
    """).fetchall() == [(2008, True), (2015, True)]


def test_whom_a_delivery_names_is_in_the_registers_under_the_projects_pseudonym_and_strangers_are_not(con, tiny):
    files = [read_raw(path) for path in sorted((tiny / "deliveries").iterdir())]
    firms = {name for name, in con.sql("SELECT DISTINCT CVRNR FROM FIRM").fetchall()}
    persons = {name for name, in con.sql("SELECT DISTINCT PNR FROM BEF").fetchall()}
    for file in files:
        named = sorted({cell.replace("-", "").zfill(8) for cell in file.column("cvr") + file.column("employer_cvr")})
        unknown = len(set(pseudonym_of("company", named)) - firms)
        if file.kind == "company_participations":
            # one spoiled number, two with other mistakes and up to two numbers that no register knows
            assert unknown == (1 if file.period == "2014" else 5), (file.operator, file.period)
        else:
            assert unknown == (1 if file.kind == "company_contacts" else 0)
        if file.kind == "person_participations":
            known = {cell.replace("-", "").zfill(10) for cell in file.column("cpr")}
            assert len(set(pseudonym_of("person", sorted(known))) - persons) == 2


def test_most_unnamed_units_have_pseudonyms_drawn_directly_in_the_same_letters(con):
    for column, register in (("CVRNR", "FIRM"), ("PNR", "BEF")):
        assert con.sql(f"SELECT bool_and(regexp_full_match({column}, '[a-p]{{32}}')) FROM {register}").fetchone()[0]
    assert con.sql("SELECT max(GF_AARSV) FROM FIRM").fetchone()[0] > Decimal(50)
