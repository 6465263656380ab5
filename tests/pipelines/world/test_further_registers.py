"""LONG_DEMO, FIKS, AKM and DREAM of the tiny world: their layout, and that they tell the same story as FIRM, BFL and BEF."""

import dataclasses
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.weeks import dream_coverage
from pipelines.world.business import vat_months
from pipelines.world.states import STATES, benefit_states, iso_weeks
from schemas.contract import code_values, codes

MONEY = pa.decimal128(18, 2)
LAYOUT = {
    "LONG_DEMO2009": {
        "CVRNR": pa.string(), "CVRNR_FRA": pa.string(), "CVRNR_TIL": pa.string(), "DEMO_DATO": pa.date32(),
        "L_AFG": pa.string(), "L_MODT": pa.string(),
    },
    "FIKS2009": {
        "CVRNR": pa.string(), "PERIODE_AAR": pa.int32(), "PERIODE_MD": pa.int32(), "SALG_IALT": MONEY,
        "KOB_IALT": MONEY, "EKSPORT_IALT": MONEY, "INDENLANDSK_SALG": MONEY,
    },
    "AKM2009": {"PNR": pa.string(), "BESKST13": pa.string(), "SOCIO13": pa.string()},
}


@pytest.fixture(scope="module")
def con(registers):
    with duckdb.connect() as found:
        for register in ("FIRM", "LONG_DEMO", "FIKS", "AKM"):
            found.execute(f"""
                CREATE VIEW {register} AS SELECT *, regexp_extract(filename, '{register}(\\d{{4}})', 1)::INTEGER AS year
                FROM read_parquet('{registers}/{register}*.parquet', filename = true)
            """)
        yield found


@pytest.fixture(scope="module")
def dream(registers):
    return pq.read_table(registers / "DREAM201512.parquet")


def plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@pytest.mark.parametrize("name", LAYOUT)
def test_every_register_has_its_columns_in_their_types(registers, name):
    schema = pq.read_schema(registers / f"{name}.parquet")
    assert {field.name: plain(field.type) for field in schema} == LAYOUT[name]


def test_long_demo_has_a_row_for_every_firm_and_year_with_its_birth_and_its_closure(con):
    assert con.sql("SELECT count(*) FROM FIRM").fetchone() == con.sql(
        "SELECT count(*) FROM FIRM JOIN LONG_DEMO USING (CVRNR, year)"
    ).fetchone() == con.sql("SELECT count(*) FROM LONG_DEMO").fetchone()
    assert con.sql("""
        SELECT count(*) FROM FIRM JOIN LONG_DEMO USING (CVRNR, year)
        WHERE (L_AFG IS NULL) <> (JUR_TIL_DATO IS NULL) OR (L_MODT IS NULL) <> (year(JUR_FRA_DATO) <> year)
           OR DEMO_DATO IS DISTINCT FROM coalesce(JUR_TIL_DATO, if(L_MODT IS NULL, NULL, JUR_FRA_DATO))
    """).fetchone() == (0,)
    assert con.sql("SELECT count(L_AFG) > 500, count(L_MODT) > 500, count(CVRNR_FRA) FROM LONG_DEMO").fetchone() == (
        True, True, 0
    )


def test_the_sales_of_a_firms_twelve_months_are_its_turnover_of_the_year_to_the_oere(con):
    firms, off = con.sql("""
        WITH vat AS (
            SELECT CVRNR, PERIODE_AAR AS year, sum(SALG_IALT) AS sales, count(DISTINCT PERIODE_MD) AS months,
                   bool_and(SALG_IALT >= 0 AND KOB_IALT >= 0 AND SALG_IALT = EKSPORT_IALT + INDENLANDSK_SALG) AS whole
            FROM FIKS GROUP BY ALL
        )
        SELECT count(*), count(*) FILTER (NOT coalesce(sales = GF_OMS AND months = 12 AND whole, false))
        FROM FIRM LEFT JOIN vat USING (CVRNR, year) WHERE year >= 2008
    """).fetchone()
    assert firms > 15_000
    assert off == 0
    assert con.sql("SELECT count(*) = 12 * ? FROM FIKS", params=[firms]).fetchone()[0]


@pytest.mark.parametrize(("band", "months"), [("< 5e6", 6), ("BETWEEN 5e6 AND 5e7", 3), ("> 5e7", 1)])
def test_a_period_is_spread_evenly_over_its_months_with_the_remainder_in_the_last(con, band, months):
    """Months of one period differ by the remainder only, less than a øre each; those of different periods do not."""
    inside, between, firms = con.sql(f"""
        WITH vat AS (
            SELECT CVRNR, year, (PERIODE_MD - 1) // {months} AS period, arg_max(SALG_IALT, PERIODE_MD) AS last,
                   min(SALG_IALT) FILTER ((PERIODE_MD - 1) % {months} < {months} - 1 OR {months} = 1) AS least,
                   max(SALG_IALT) FILTER ((PERIODE_MD - 1) % {months} < {months} - 1 OR {months} = 1) AS most
            FROM FIKS JOIN FIRM USING (CVRNR, year) WHERE GF_OMS {band} GROUP BY ALL
        ), spans AS (
            SELECT bool_and(least = most AND last - least BETWEEN 0 AND 0.01 * ({months} - 1)) AS even,
                   count(DISTINCT least) = 12 / {months} AS apart
            FROM vat GROUP BY CVRNR, year
        )
        SELECT count(*) FILTER (even), count(*) FILTER (apart), count(*) FROM spans
    """).fetchone()
    assert firms > 100
    assert inside == firms
    assert between > 0.98 * firms


def test_vat_is_filed_monthly_above_50_million_quarterly_from_5_and_half_yearly_below():
    assert vat_months(np.array([4_999_999, 5_000_000, 50_000_000, 50_000_001])).tolist() == [6, 3, 3, 1]


def test_akm_classes_are_in_the_code_list_and_who_had_a_job_all_year_is_employed(con, registers):
    found = {code for code, in con.sql("SELECT DISTINCT SOCIO13 FROM AKM").fetchall()}
    assert found <= set(code_values("socio13"))
    assert {"132", "134", "210", "220", "310", "322", "323", "330", "410"} <= found
    states = dict(zip(*[codes("socio13")[name].to_pylist() for name in ("socio13", "labour_status")], strict=True))
    employed = [code for code, state in states.items() if state == "employed"]
    assert con.sql(f"""
        WITH jobs AS (
            SELECT PNR, count(DISTINCT AJO_JOB_START_DATO) AS months FROM '{registers}/BFL201012.parquet' GROUP BY PNR
        )
        SELECT count(*) FILTER (months = 12) > 9000, count(*) FILTER (months = 12 AND NOT SOCIO13 IN {tuple(employed)}),
               count(*) FILTER (months IS NULL AND SOCIO13 IN {tuple(employed)})
        FROM AKM LEFT JOIN jobs USING (PNR) WHERE year = 2010
    """).fetchone() == (True, 0, 0)
    assert con.sql(f"""
        SELECT (SELECT count(*) FROM AKM WHERE year = 2010), count(*) FROM '{registers}/BEF201012.parquet' JOIN AKM USING (PNR)
        WHERE AKM.year = 2010
    """).fetchone() == con.sql(f"SELECT count(*), count(*) FROM '{registers}/BEF201012.parquet'").fetchone()


def test_dream_has_a_row_a_person_and_a_column_a_week_from_2005_to_the_end_of_the_last_year(dream, con):
    cover = dream_coverage(dream.column_names)
    assert (cover.first, cover.ends) == (date(2005, 1, 3), date(2016, 1, 3))
    assert dream.column_names[:2] == ["PNR", "Y_0501"]
    assert dream.num_columns == 1 + 11 * 52 + 2            # 2009 and 2015 have 53 weeks
    assert {str(plain(kind)) for kind in dream.schema.types} == {"string"}
    assert dream.num_rows == len(set(dream["PNR"].to_pylist()))
    found = {code for name in ("Y_0610", "Y_1010", "Y_1510") for code in dream[name].to_pylist() if code}
    table = codes("benefit_codes").to_pylist()
    assert all(any(row["code_from"] <= code <= row["code_to"] for row in table) for code in found)
    assert {"111", "130", "211", "651", "890", "998", "997", "999"} <= found


def test_who_has_a_job_all_quarter_has_no_benefit_and_many_without_one_have(dream, registers):
    """The second quarter of 2012: weeks 14 to 26."""
    with duckdb.connect() as found:
        weeks = found.sql("SELECT PNR, COLUMNS('Y_12(1[4-9]|2[0-6])') FROM dream")
        assert len(weeks.columns) == 14
        working, without = found.sql(f"""
            WITH told AS (UNPIVOT weeks ON * EXCLUDE PNR INTO NAME week VALUE code),
                 benefits AS (SELECT PNR, count(*) AS weeks FROM told WHERE code < '900' OR code = '998' GROUP BY PNR),
                 jobs AS (SELECT DISTINCT PNR FROM '{registers}/BFL201212.parquet' WHERE month(AJO_JOB_START_DATO) = 5)
            SELECT max(coalesce(weeks, 0)) FILTER (jobs.PNR IS NOT NULL), avg(coalesce(weeks, 0)) FILTER (jobs.PNR IS NULL)
            FROM '{registers}/BEF201206.parquet' LEFT JOIN jobs USING (PNR) LEFT JOIN benefits USING (PNR)
        """).fetchone()
    assert working == 0
    assert 9 < without < 13


def test_dream_marks_who_died_or_left_and_the_population_does_not(dream, registers):
    here = set(pq.read_table(registers / "BEF201512.parquet")["PNR"].to_pylist())
    away = dict(zip(dream["PNR"].to_pylist(), dream["Y_1550"].to_pylist(), strict=True))
    assert {code for person, code in away.items() if person not in here} == {"997", "999"}
    assert not {"997", "999"} & {code for person, code in away.items() if person in here}


def test_the_effect_of_a_course_on_work_is_one_on_benefits_and_nobody_elses_weeks_move(sample):
    """Quarters 4 to 8 after the start, against the same persons and the same luck without their course."""
    persons = sample.persons
    table = persons.participations
    unit, entry = table["person"].to_numpy(), table["period"].to_numpy() - persons.quarters[0]
    on_benefit = np.array([code is not None and (code < "900" or code == "998") for _, code, _ in STATES])
    having, lacking = (
        benefit_states(world, 1) for world in (persons, dataclasses.replace(persons, employed=persons.employed_without))
    )
    others = np.setdiff1d(np.arange(persons.born.size), unit)
    assert (having[others] == lacking[others]).all()
    before = having.shape[1] - persons.employed.shape[1]
    seen = entry + 8 < persons.employed.shape[1]
    quarters = before + entry[seen, None] + np.arange(4, 9)
    weeks = [on_benefit[states[unit[seen, None], quarters]].mean() for states in (having, lacking)]
    work = [job[unit[seen, None], quarters - before].mean() for job in (persons.employed, persons.employed_without)]
    assert work[0] - work[1] > 0.04
    assert -(work[0] - work[1]) < weeks[0] - weeks[1] < -0.7 * (work[0] - work[1])


def test_weeks_lie_in_the_quarter_of_their_thursday():
    weeks = {name: (quarter, since, to_end) for name, quarter, since, to_end in iso_weeks(2006)}
    assert weeks["Y_0501"] == (0, 0, 12)
    assert weeks["Y_0513"] == (0, 12, 0)                    # Thursday 31 March 2005
    assert weeks["Y_0652"] == (7, 12, 0)
