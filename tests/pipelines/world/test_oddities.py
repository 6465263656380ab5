"""Every oddity is found in a small world that has them all, and in none that has none; what is simulated stays the same."""

from dataclasses import fields
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipelines.world import business, draw_world, extracts, make_world
from pipelines.world.draws import draw_pseudonyms, stream
from pipelines.world.firms import draw_firms
from pipelines.world.oddities import unit_heads, widen_definition
from pipelines.world.plan import PLAIN, SCALES, Oddities, Scale
from pipelines.world.programme import run_programme
from schemas.contract import code_values, codes, load
from tests.pipelines.world.making import pseudonym_of

NONE = Oddities(**dict.fromkeys((field.name for field in fields(Oddities)), False))
SMALL = Scale(firms=1_000, share=0.02, first_year=2005, last_year=2014, north=0.85)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The registers of one small world with every oddity, and of the same without any."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCALES, "small", SMALL)
        for name, oddities in (("odd", Oddities()), ("plain", NONE)):
            place = tmp_path_factory.mktemp(name)
            make_world(
                scale="small", seed=7, deliveries=place / "raw", home=place, pseudonym_of=pseudonym_of, oddities=oddities
            )
            found[name] = place / "registers"
    return found


@pytest.fixture(scope="module")
def odd(worlds):
    with duckdb.connect() as con:
        yield viewed(con, worlds["odd"])


@pytest.fixture(scope="module")
def plain(worlds):
    with duckdb.connect() as con:
        yield viewed(con, worlds["plain"])


def viewed(con: duckdb.DuckDBPyConnection, place: Path) -> duckdb.DuckDBPyConnection:
    """All registers as views with the year of their file; of FIRM the final publications."""
    for register in ("FIRM", "LONG_DEMO", "FIKS", "BFL", "BEF", "AKM", "DREAM", "UDDA"):
        files = [path for path in sorted(place.rglob(f"{register}*.parquet")) if "-10-31" not in path.parent.name]
        con.execute(f"""
            CREATE VIEW {register} AS SELECT *, regexp_extract(filename, '{register}(\\d{{4}})', 1)::INTEGER AS year
            FROM read_parquet({[str(path) for path in files]}, filename = true)
        """)
    return con


def one(con: duckdb.DuckDBPyConnection, statement: str):
    return con.sql(statement).fetchone()


def test_the_registers_of_an_odd_world_keep_their_contracts(worlds):
    for path in (worlds["odd"] / "FIRM2006.parquet", *sorted(worlds["odd"].rglob("*/FIRM2014.parquet"))):
        assert load("registers.FIRM").check(extracts.pq.read_table(path)) == ()


def test_firms_change_number_in_every_way_and_long_demo_says_so(odd, plain):
    kinds = dict(odd.sql("SELECT L_MODT, count(*) FROM LONG_DEMO WHERE CVRNR_FRA IS NOT NULL GROUP BY 1").fetchall())
    assert kinds["2"] > 20
    assert kinds["3"] > 3
    assert kinds["4"] > 3
    assert one(plain, "SELECT count(CVRNR_FRA) + count(CVRNR_TIL) FROM LONG_DEMO") == (0,)
    assert one(odd, "SELECT count(*) FROM (SELECT CVRNR FROM LONG_DEMO GROUP BY CVRNR, year HAVING count(*) > 1)") == (0,)
    assert one(odd, """
        SELECT count(*) FROM LONG_DEMO AS a ANTI JOIN LONG_DEMO AS b
        ON a.CVRNR_TIL = b.CVRNR AND a.CVRNR = b.CVRNR_FRA AND a.year = b.year AND a.L_AFG = b.L_MODT
        WHERE a.CVRNR_TIL IS NOT NULL
    """) == (0,)


def test_a_firm_with_a_new_legal_form_looks_dead_and_new_and_its_staff_goes_on(odd):
    """Struck off at the end of the year before; the same industry, municipality and mostly the same people after."""
    odd.execute("CREATE OR REPLACE VIEW moved AS SELECT CVRNR, CVRNR_FRA, year FROM LONG_DEMO WHERE L_MODT = '2'")
    assert one(odd, """
        SELECT count(*) FILTER (NOT coalesce(
            was.JUR_TIL_DATO = make_date(moved.year - 1, 12, 31) AND firm.JUR_VIRK_FORM <> was.JUR_VIRK_FORM
            AND firm.JUR_FRA_DATO = make_date(moved.year, 1, 1) AND firm.GF_BRANCHE = was.GF_BRANCHE
        , false)), count(*) FILTER (again.CVRNR IS NOT NULL)
        FROM moved LEFT JOIN FIRM AS firm ON firm.CVRNR = moved.CVRNR AND firm.year = moved.year
        LEFT JOIN FIRM AS was ON was.CVRNR = CVRNR_FRA AND was.year = moved.year - 1
        LEFT JOIN FIRM AS again ON again.CVRNR = CVRNR_FRA AND again.year = moved.year
    """) == (0, 0)
    stayed, were = one(odd, """
        WITH had AS (SELECT DISTINCT moved.CVRNR, PNR, moved.year FROM BFL JOIN moved ON AJO_CVR_NR_FRA_PROD_JOB = CVRNR_FRA
                     AND BFL.year = moved.year - 1 WHERE month(AJO_JOB_START_DATO) = 12)
        SELECT count(BFL.PNR), count(*) FROM had LEFT JOIN BFL ON BFL.PNR = had.PNR AND BFL.year = had.year
        AND AJO_CVR_NR_FRA_PROD_JOB = had.CVRNR AND month(AJO_JOB_START_DATO) = 1
    """)
    assert were > 50
    assert stayed > 0.6 * were


def test_a_merger_books_the_staff_it_took_over_as_growth_and_a_split_loses_some(odd):
    grew, lost = (one(odd, f"""
        SELECT sum(after.GF_AARSV - before.GF_AARSV) / sum(other.GF_AARSV)
        FROM LONG_DEMO AS demo JOIN FIRM AS after ON after.CVRNR = demo.CVRNR AND after.year = demo.year
        JOIN FIRM AS before ON before.CVRNR = demo.CVRNR AND before.year = demo.year - 1
        JOIN FIRM AS other ON {other}
        WHERE coalesce(L_MODT, L_AFG) = '{code}' OR L_AFG = '{code}'
    """)[0] for code, other in (
        ("3", "other.CVRNR = CVRNR_FRA AND other.year = demo.year - 1"),
        ("4", "other.CVRNR = CVRNR_TIL AND other.year = demo.year"),
    ))
    assert 0.5 < grew < 1.6
    assert -1.5 < lost < -0.5


def test_the_same_fte_and_sales_stand_in_the_registers_under_whatever_numbers(odd, plain):
    told = "SELECT year, sum(GF_AARSV), sum(GF_ANSATTE) FROM FIRM GROUP BY year ORDER BY year"
    assert odd.sql(told).fetchall() == plain.sql(told).fetchall()
    assert one(odd, """
        WITH hours AS (SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, year, sum(AJO_LOENTIMER) AS hours, count(*) AS jobs
                       FROM BFL WHERE AJO_LOENTIME_KODE = '1' GROUP BY ALL)
        SELECT count(*) FILTER (NOT coalesce(abs(hours - GF_AARSV * 160.33 * 12) <= 0.06 AND jobs = 12 * GF_ANSATTE, false))
        FROM FIRM FULL JOIN hours USING (CVRNR, year) WHERE year >= 2008
    """) == (0,)
    assert one(odd, """
        WITH vat AS (SELECT CVRNR, year, sum(SALG_IALT) AS sales FROM FIKS GROUP BY ALL)
        SELECT count(*) FILTER (sales IS DISTINCT FROM GF_OMS) FROM FIRM FULL JOIN vat USING (CVRNR, year) WHERE year >= 2008
    """) == (0,)


def test_a_participant_is_named_by_the_number_that_it_had_when_it_joined(worlds):
    """Every number of the deliveries that any register knows stands in FIRM in the year of its first participation."""
    world = draw_world(Scale(**{**SMALL.__dict__, "oddities": Oddities()}), 7)
    table = world.programme.participations[world.programme.participations["first"]]
    names = pseudonym_of("company", [world.numbers.cvr[firm] for firm in table["firm"]])
    with duckdb.connect() as con:
        viewed(con, worlds["odd"])
        there = set(con.sql("SELECT CVRNR, year FROM FIRM").fetchall())
    assert set(zip(names, table["year"], strict=True)) <= there


def test_some_workplaces_are_abroad_unknown_or_missing_and_none_without_the_oddity(odd, plain):
    told = """SELECT count(*) FILTER (AJO_ARB_KOMKODE = '950') / count(*), count(*) FILTER (AJO_ARB_KOMKODE = 'UKENDT_KOMKODE')
              / count(*), count(*) FILTER (AJO_ARB_KOMKODE IS NULL) / count(*) FROM BFL"""
    assert all(0.0005 < share < 0.02 for share in one(odd, told))
    assert one(plain, told) == (0, 0, 0)


def test_before_2007_firms_sit_in_municipalities_that_are_gone(odd, plain):
    before, after = (
        {code for code, in odd.sql(f"SELECT DISTINCT JUR_BEL_KOM_KODE FROM FIRM WHERE year {years}").fetchall()}
        for years in ("< 2007", ">= 2007")
    )
    gone = set(code_values("municipalities_before_2007")) - set(code_values("municipalities"))
    assert len(gone & before) > 15
    assert after <= set(code_values("municipalities"))
    assert {code for code, in plain.sql("SELECT JUR_BEL_KOM_KODE FROM FIRM").fetchall()} <= set(code_values("municipalities"))


def test_a_firms_old_municipality_became_part_of_its_new_one(odd):
    table = codes("municipalities_before_2007").to_pydict()
    became = dict(zip(table["old_municipality"], table["municipality"], strict=True))
    pairs = odd.sql("""
        SELECT DISTINCT was.JUR_BEL_KOM_KODE, now.JUR_BEL_KOM_KODE FROM FIRM AS was JOIN FIRM AS now USING (CVRNR)
        WHERE was.year = 2006 AND now.year = 2007 AND now.JUR_BEL_REGION_KODE = '1081'
    """).fetchall()
    assert all(became[was] == now for was, now in pairs)


def test_employee_jobs_begin_in_2008(worlds):
    assert sorted(path.name for path in worlds["odd"].glob("BFL*"))[0] == "BFL200812.parquet"


def test_the_last_two_years_are_published_twice_and_values_move_and_rows_come_and_go(worlds):
    assert not (worlds["odd"] / "FIRM2014.parquet").exists()
    assert (worlds["odd"] / "FIRM2012.parquet").exists()
    for year, first, last in ((2013, "2014-10-31", "2015-06-30"), (2014, "2015-10-31", "2016-06-30")):
        with duckdb.connect() as con:
            came, went, moved, both = one(con, f"""
                SELECT count(*) FILTER (p.CVRNR IS NULL), count(*) FILTER (f.CVRNR IS NULL),
                       count(*) FILTER (p.GF_OMS <> f.GF_OMS), count(*) FILTER (p.CVRNR = f.CVRNR)
                FROM '{worlds["odd"]}/{first}/FIRM{year}.parquet' AS p
                FULL JOIN '{worlds["odd"]}/{last}/FIRM{year}.parquet' AS f USING (CVRNR)
            """)
        assert 0.01 < came / both < 0.06
        assert 0.001 < went / both < 0.04
        assert 0.6 < moved / both < 0.9


def test_without_vintages_no_publication_is_dated(worlds):
    assert not [path for path in worlds["plain"].iterdir() if path.is_dir()]


def test_vat_is_filed_by_size_or_by_every_firm_each_month(odd, plain):
    told = """SELECT count(*) FILTER (months = 2) / count(*) FROM (
                  SELECT CVRNR, year, count(DISTINCT SALG_IALT) FILTER (PERIODE_MD NOT IN (3, 6, 9, 12)) AS months
                  FROM FIKS GROUP BY ALL)"""
    assert one(odd, told)[0] > 0.4
    assert one(plain, told)[0] < 0.01


def test_value_added_is_missing_in_whole_industries_or_nowhere(odd, plain):
    told = "SELECT count(*) FILTER (GF_VTV IS NULL) / count(*) FROM FIRM"
    assert 0.03 < one(odd, told)[0] < 0.2
    assert one(plain, told) == (0,)


def test_persons_change_number_and_the_same_person_goes_on_under_the_new_one(odd, plain):
    """Gone from BEF in the quarter in which another of the same birthday, sex and municipality comes in."""
    told = """
        WITH spells AS (
            SELECT PNR, any_value(FOED_DAG) AS born, any_value(KOEN) AS sex, any_value(KOM) AS town,
                   min(REFERENCETID) AS first, max(REFERENCETID) AS last FROM BEF GROUP BY PNR
        )
        SELECT count(DISTINCT new.PNR), count(DISTINCT new.PNR) FILTER (old.PNR IS NOT NULL)
        FROM spells AS new LEFT JOIN spells AS old ON old.born = new.born AND old.sex = new.sex AND old.town = new.town
        AND old.last = last_day(new.first - INTERVAL 3 MONTH)
        WHERE new.first > DATE '2008-03-31'
    """
    came, matched = one(odd, told)
    assert came == matched > 15
    assert one(plain, told) == (0, 0)


def test_dream_holds_a_person_under_the_latest_number_only(odd):
    assert one(odd, "SELECT count(*) = count(DISTINCT PNR) FROM DREAM") == (True,)
    assert one(odd, "SELECT count(*) FROM BEF ANTI JOIN DREAM USING (PNR) WHERE REFERENCETID = DATE '2014-12-31'") == (0,)
    assert one(odd, "SELECT count(DISTINCT PNR) FROM BEF ANTI JOIN DREAM USING (PNR)")[0] > 15


def test_a_replacement_number_has_jobs_of_several_people_at_once_and_stands_in_no_other_register(odd, plain):
    shared = "SELECT DISTINCT PNR FROM BFL GROUP BY PNR, AJO_JOB_START_DATO HAVING count(*) > 1"
    numbers, most = one(odd, f"""
        SELECT count(DISTINCT PNR), max(jobs) FROM (
            SELECT PNR, count(*) AS jobs FROM BFL SEMI JOIN ({shared}) USING (PNR) GROUP BY PNR, AJO_JOB_START_DATO)
    """)
    assert numbers > 2
    assert most == 3
    for register in ("BEF", "UDDA", "AKM", "DREAM"):
        assert one(odd, f"SELECT count(*) FROM {register} SEMI JOIN ({shared}) USING (PNR)") == (0,), register
    assert one(plain, f"SELECT count(*) FROM ({shared})") == (0,)


def test_deaths_and_emigration_leave_bef_or_nobody_does(odd, plain):
    told = "SELECT count(DISTINCT PNR) FROM BEF ANTI JOIN (SELECT PNR FROM BEF WHERE REFERENCETID = '2014-12-31') USING (PNR)"
    assert one(odd, told)[0] > 100
    assert one(plain, told) == (0,)


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """FIRM of a world that goes on to 2022, with prices that stand still after the last known year."""
    place = tmp_path_factory.mktemp("later")
    firms = draw_firms(Scale(firms=900, share=0.02, last_year=2022), 3)
    programme = run_programme(firms, Scale(firms=900, share=0.02, last_year=2022), 3)
    names = draw_pseudonyms(stream(3, "names"), firms.section.size)
    with pytest.MonkeyPatch.context() as patch:
        prices = extracts.price_index()
        still = {year: prices.get(year, prices[max(prices)]) for year in range(2000, 2023)}
        patch.setattr(extracts, "price_index", lambda: still)
        patch.setattr(business, "price_index", lambda: still)
        extracts.write_firm(place, firms, programme, names, 2016, unit=unit_heads(firms, 3))
        widen_definition(place, firms.years, 3)
    return place


def test_from_2019_on_some_firms_belong_to_a_unit_that_another_firm_heads(later):
    with duckdb.connect() as con:
        shares = [one(con, f"SELECT avg((HOVED_CVR_NR <> CVRNR)::INTEGER) FROM '{later}/FIRM{year}.parquet'")[0]
                  for year in (2018, 2019)]
    assert shares[0] == 0
    assert 0.02 < shares[1] < 0.07


def test_in_2022_firms_without_employees_come_to_firm_as_many_as_88_500_to_812_500(later):
    with duckdb.connect() as con:
        rows = [one(con, f"SELECT count(*) FILTER (GF_AARSV = 0), count(*) FROM '{later}/FIRM{year}.parquet'")
                for year in (2021, 2022)]
    assert rows[0][0] == 0
    assert rows[1][0] / (rows[1][1] - rows[1][0]) == pytest.approx(88_500 / 812_500, abs=0.001)


def test_tiny_and_sample_have_none_of_the_oddities_that_would_change_their_firms_and_jobs():
    assert SCALES["tiny"].oddities == SCALES["sample"].oddities == PLAIN
    assert SCALES["region"].oddities == Oddities()
    assert not any(np.array([PLAIN.number_changes, PLAIN.unknown_workplaces, PLAIN.vintages, PLAIN.person_changes]))
