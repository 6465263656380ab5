"""A thousandth of the full-size Denmark: what its contracts promise, what ties its files together, and its oddities."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipelines.world.denmark as denmark
from pipelines.world import WorldError, make_world
from pipelines.world.denmark import make_denmark
from pipelines.world.denmark_draws import split_mix
from pipelines.world.denmark_plan import PeriodError, all_periods, periods_named, size_of
from schemas.contract import load
from schemas.rules import violations
from tests.pipelines.world.making import digests

ROOT = Path(__file__).parents[3]
SEED, SHARE = 2013, 0.001
MADE = "FIRM2010,FIRM2011,FIRM2018,FIRM2019,BFL2010,BFL2011,BEF2010,UDDA2010"
OLDER = """
import sys
from pathlib import Path
from pipelines.world.denmark import make_denmark
from pipelines.world.denmark_plan import periods_named
make_denmark(Path(sys.argv[1]), 2013, periods_named(sys.argv[2]), 0.001)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("denmark")
    make_denmark(place, SEED, periods_named(MADE), SHARE)
    return place


@pytest.fixture(scope="module")
def con(made: Path):
    with duckdb.connect() as found:
        for path in made.iterdir():
            found.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
        found.execute("CREATE VIEW BFL AS FROM BFL201012 UNION ALL FROM BFL201112")
        yield found


def test_every_file_has_the_columns_and_types_of_its_contract_and_keeps_its_rules(made):
    assert len(list(made.iterdir())) == 11
    for path in made.iterdir():
        contract = load(f"registers.{path.stem.rstrip('0123456789')}")
        found = pq.read_schema(path)
        assert [(field.name, field.type) for field in found] == [(c.name, c.type) for c in contract.columns], path.name
        assert not any(violations(contract.rules(), contract.keys, contract.conform(pq.read_table(path))).values()), path.name


def test_the_files_are_those_of_the_documented_sizes():
    rows = dict.fromkeys(("FIRM", "BFL", "BEF", "UDDA"), 0)
    for period in all_periods():
        rows[period.register] += period.rows
    assert rows["FIRM"] == pytest.approx(16.2e6, rel=0.005)
    assert rows["BFL"] == pytest.approx(672.9e6, rel=0.001)
    sizes = {period.name: period.rows for period in all_periods()}
    assert (sizes["FIRM2000"], sizes["FIRM2022"], sizes["BEF202512"], sizes["UDDA202509"]) == (520e3, 900e3, 6e6, 5.5e6)
    yearly = [size for name, size in sizes.items() if name.startswith("BFL")]
    assert min(yearly) >= 35e6
    assert max(yearly) <= 42e6


def test_files_have_as_many_rows_as_planned_for_the_share(tmp_path):
    periods = periods_named("FIRM2000,FIRM2022,BFL2009,BFL2022,BEF200803,BEF202512,UDDA2007,UDDA2025")
    for period, path in zip(periods, make_denmark(tmp_path, SEED, periods, 0.01), strict=True):
        assert pq.read_metadata(path).num_rows == pytest.approx(0.01 * period.rows, rel=0.03), period.name


def test_a_file_made_alone_in_another_order_or_on_an_older_processor_is_the_same_byte_for_byte(made, tmp_path):
    names = ("UDDA2010", "BFL2011", "FIRM2019", "BEF201009")
    for name in names:
        make_denmark(tmp_path / "alone", SEED, periods_named(name), SHARE)
    older = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ()))
    settings = {"OMP_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": older, "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", OLDER, str(tmp_path / "older"), ",".join(names)]
    subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True)
    whole = digests(made)
    alone = digests(tmp_path / "alone")
    assert len(alone) == 4
    assert alone == digests(tmp_path / "older") == {name: whole[name] for name in alone}


def test_another_seed_gives_other_firms_persons_and_jobs(made, tmp_path):
    make_denmark(tmp_path, 1, periods_named("FIRM2010,BFL2010,BEF201003,UDDA2010"), SHARE)
    whole = digests(made)
    assert all(digest != whole[name] for name, digest in digests(tmp_path).items())


def test_the_paid_hours_of_a_firms_year_are_its_fte_times_160_33_times_twelve_to_the_hundredth(con):
    for year in (2010, 2011):
        firms, off = con.sql(f"""
            WITH paid AS (SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, sum(AJO_LOENTIMER) AS hours FROM BFL{year}12
                          WHERE AJO_CVR_NR_FRA_PROD_JOB IS NOT NULL GROUP BY ALL)
            SELECT count(*), count(*) FILTER (coalesce(hours, 0) <> round(coalesce(GF_AARSV, 0) * 192396 / 100, 2))
            FROM paid FULL JOIN (FROM FIRM{year} WHERE GF_AARSV > 0) USING (CVRNR)
        """).fetchone()
        assert firms > 300
        assert off == 0


def test_the_jobs_of_a_firms_november_are_its_employees(con):
    firms, off = con.sql("""
        WITH jobs AS (SELECT AJO_CVR_NR_FRA_PROD_JOB AS CVRNR, count(*) AS jobs FROM BFL201012
                      WHERE month(AJO_JOB_START_DATO) = 11 AND AJO_CVR_NR_FRA_PROD_JOB IS NOT NULL GROUP BY ALL)
        SELECT count(jobs), count(*) FILTER (coalesce(jobs, 0) <> coalesce(GF_ANSATTE, 0)) FROM FIRM2010 FULL JOIN jobs USING (CVRNR)
    """).fetchone()
    assert firms > 300
    assert off == 0


def test_full_time_employment_is_the_hours_over_160_33_and_wages_lie_in_the_year_of_the_row(con):
    assert con.sql("""
        SELECT count(*) FROM BFL WHERE AJO_LOENTIMER / 160.33 - AJO_FULDTID_BESKAEFTIGET NOT BETWEEN -0.0000001 AND 0.0001
           OR AJO_LOENTIMER <= 0 OR AJO_BREDT_LOENBELOEB <= AJO_SMALT_LOENBELOEB
           OR AJO_SMALT_LOENBELOEB / AJO_LOENTIMER NOT BETWEEN 100 AND 400
    """).fetchone()[0] == 0


def test_a_job_lies_within_its_month_and_some_begin_or_end_in_the_middle(con):
    inside, late, early = con.sql("""
        SELECT bool_and(AJO_JOB_SLUT_DATO BETWEEN AJO_JOB_START_DATO AND last_day(AJO_JOB_START_DATO)),
               count(*) FILTER (day(AJO_JOB_START_DATO) = 15),
               count(*) FILTER (AJO_JOB_SLUT_DATO < last_day(AJO_JOB_START_DATO)) FROM BFL
    """).fetchone()
    assert inside
    assert late > 20
    assert early > 20


def test_who_has_a_job_is_a_resident_of_working_age_and_has_two_at_most(con):
    for month in (3, 6, 9, 12):
        persons, known, youngest, oldest = con.sql(f"""
            WITH held AS (SELECT DISTINCT PNR FROM BFL201012 WHERE month(AJO_JOB_START_DATO) = {month})
            SELECT count(*), count(FOED_DAG), min(date_diff('month', FOED_DAG, REFERENCETID)),
                   max(date_diff('month', FOED_DAG, REFERENCETID))
            FROM held LEFT JOIN BEF2010{month:02d} USING (PNR)
        """).fetchone()
        assert persons == known > 2000
        assert (youngest // 12, oldest // 12) >= (17, 60)
        assert oldest // 12 < 70
    assert con.sql("""
        SELECT max(n) FROM (SELECT count(*) AS n FROM BFL201012 GROUP BY PNR, last_day(AJO_JOB_START_DATO))
    """).fetchone()[0] == 2


def test_people_stay_with_their_employer_over_the_new_year_and_one_group_of_two_moves_in_august(con):
    def staying(before: str, after: str) -> float:
        return con.sql(f"""
            WITH earlier AS (SELECT PNR, list(AJO_CVR_NR_FRA_PROD_JOB) AS his FROM {before} GROUP BY PNR),
                 later AS (SELECT PNR, list(AJO_CVR_NR_FRA_PROD_JOB) AS hers FROM {after} GROUP BY PNR)
            SELECT avg(list_has_any(his, hers)::INTEGER) FROM earlier JOIN later USING (PNR)
        """).fetchone()[0]

    def month(year: int, number: int) -> str:
        return f"(FROM BFL{year}12 WHERE month(AJO_JOB_START_DATO) = {number})"

    assert 0.9 < staying(month(2010, 12), month(2011, 1)) < 1
    assert staying(month(2011, 6), month(2011, 7)) > 0.97
    assert 0.4 < staying(month(2011, 7), month(2011, 8)) < 0.6


def test_the_population_changes_from_quarter_to_quarter_and_one_in_ten_has_immigrated(con):
    here, gone, new, born = con.sql("""
        SELECT count(a.PNR), count(*) FILTER (b.PNR IS NULL), count(*) FILTER (a.PNR IS NULL),
               count(*) FILTER (a.PNR IS NULL AND b.FOED_DAG > DATE '2010-03-31')
        FROM BEF201003 a FULL JOIN BEF201012 b USING (PNR)
    """).fetchone()
    assert 0.004 < gone / here < 0.02
    assert 0.004 < new / here < 0.02
    assert born == new
    share = con.sql("SELECT avg((IE_TYPE = '2')::INTEGER) FROM BEF201012").fetchone()[0]
    assert 0.05 < share < 0.15
    assert con.sql("SELECT count(*) FROM BEF201012 WHERE (IE_TYPE = '2') = (OPR_LAND = '5100')").fetchone()[0] == 0


def test_workplaces_abroad_unknown_and_missing_imputed_hours_and_missing_employers_are_there(con):
    jobs, abroad, unknown, no_town, imputed, no_employer = con.sql("""
        SELECT count(*), count(*) FILTER (AJO_ARB_KOMKODE = '950'), count(*) FILTER (AJO_ARB_KOMKODE = 'UKENDT_KOMKODE'),
               count(*) FILTER (AJO_ARB_KOMKODE IS NULL), count(*) FILTER (AJO_LOENTIME_KODE = '2'),
               count(*) FILTER (AJO_CVR_NR_FRA_PROD_JOB IS NULL) FROM BFL
    """).fetchone()
    for found, share in ((abroad, 0.003), (unknown, 0.002), (no_town, 0.001), (imputed, 0.06), (no_employer, 0.0029)):
        assert 0.3 * share < found / jobs < 2 * share
    assert con.sql("SELECT count(DISTINCT AJO_ARB_KOMKODE) FROM BFL").fetchone()[0] == 100


def test_value_added_is_missing_in_whole_industries_and_missing_employment_is_not_zero(con):
    con.register("industries", pa.csv.read_csv(ROOT / "schemas/codes/industries.csv", convert_options=pa.csv.ConvertOptions(
        column_types={"industry": pa.string()})))
    assert con.sql("""
        SELECT count(*) FROM FIRM2010 LEFT JOIN industries ON industry = GF_BRANCHE
        WHERE (GF_VTV IS NULL) <> (coalesce(value_added, 'no') = 'no')
    """).fetchone()[0] == 0
    missing, zero = con.sql("SELECT count(*) FILTER (GF_AARSV IS NULL), count(*) FILTER (GF_AARSV = 0) FROM FIRM2010").fetchone()
    assert 0 < missing < zero


def test_firms_close_at_the_end_of_a_year_and_others_take_their_place(con):
    in_both, gone, new, wrong = con.sql("""
        SELECT count(*) FILTER (a.CVRNR = b.CVRNR), count(*) FILTER (b.CVRNR IS NULL), count(*) FILTER (a.CVRNR IS NULL),
               count(*) FILTER ((b.CVRNR IS NULL) <> (a.JUR_TIL_DATO IS NOT NULL) AND a.CVRNR IS NOT NULL
                                OR year(b.JUR_FRA_DATO) <> 2011 AND a.CVRNR IS NULL)
        FROM FIRM2010 a FULL JOIN FIRM2011 b USING (CVRNR)
    """).fetchone()
    assert wrong <= 3                     # the register grows: three lines more, whose firms may be older
    assert 0.03 < gone / in_both < 0.2
    assert 0.03 < new / in_both < 0.2


def test_from_2019_some_firms_are_headed_by_another_that_is_in_the_register(con):
    led = "SELECT count(*) FROM FIRM{0} WHERE HOVED_CVR_NR <> CVRNR"
    assert con.sql(led.format(2018)).fetchone()[0] == 0
    assert con.sql(led.format(2019)).fetchone()[0] > 3
    assert con.sql("SELECT count(*) FROM FIRM2019 a ANTI JOIN FIRM2019 b ON a.HOVED_CVR_NR = b.CVRNR").fetchone()[0] == 0


def test_the_random_numbers_are_those_of_the_published_generator():
    """The first three outputs of SplitMix64 from 0, as its reference implementation gives them."""
    found = split_mix(np.uint64(0), np.array([1, 2, 3]))
    assert [f"{bits:016x}" for bits in found.tolist()] == ["e220a8397b1dcdaf", "6e789e6aa1b965f4", "06c45d188009454f"]


def test_what_does_not_exist_is_refused_by_name(tmp_path):
    with pytest.raises(PeriodError, match=r"^no file of the full-size Denmark is called DREAM…"):
        periods_named("BFL2010,DREAM")
    with pytest.raises(PeriodError, match="called BFL2007…"):
        periods_named("BFL2007")
    with pytest.raises(PeriodError, match="called nothing…"):
        periods_named("BFL2010,")
    for share in (0, -1, 1.5, float("nan")):
        with pytest.raises(PeriodError, match=r"^a share of Denmark"):
            make_denmark(tmp_path, SEED, share=share)
    with pytest.raises(WorldError, match=r"^a part of a world can be made at the scale denmark only"):
        make_world(scale="tiny", deliveries=tmp_path / "raw", only="BFL")
    with pytest.raises(WorldError, match=r"^a world of scale denmark has registers only"):
        make_world(scale="denmark", deliveries=tmp_path / "raw")
    assert list(tmp_path.iterdir()) == []


def test_parts_are_added_to_a_home_and_never_beside_another_world(tmp_path, monkeypatch):
    monkeypatch.setattr(denmark, "size_of", lambda share: size_of(SHARE))

    def make(home: str, seed: int, only: str) -> list[str]:
        assert make_world(scale="denmark", seed=seed, deliveries=tmp_path, home=tmp_path / home, only=only) == []
        return sorted(path.name for path in (tmp_path / home / "registers").iterdir())

    assert make("one", 1, "firm2000") == ["FIRM2000.parquet"]
    assert make("one", 1, "UDDA2007, BEF200803") == ["BEF200803.parquet", "FIRM2000.parquet", "UDDA200709.parquet"]
    with pytest.raises(PeriodError, match="are of another world"):
        make("one", 2, "FIRM2001")
    (tmp_path / "two" / "registers").mkdir(parents=True)
    (tmp_path / "two" / "registers" / "FIRM2015.parquet").touch()
    with pytest.raises(PeriodError, match="are of another world"):
        make("two", 1, "FIRM2001")
    (tmp_path / "one" / "world" / "truth.parquet").touch()
    with pytest.raises(PeriodError, match="are of another world"):
        make("one", 1, "FIRM2001")


def test_a_file_that_fails_midway_leaves_the_one_before_as_it_was_and_nothing_beside_it(tmp_path, monkeypatch):
    [period] = periods_named("UDDA2010")
    make_denmark(tmp_path, SEED, [period], SHARE)
    before = digests(tmp_path)
    real = denmark.WRITERS["UDDA"]

    def fails(*asked):
        yield from real.draw(*asked)
        raise OSError("the disk is full")

    monkeypatch.setitem(denmark.WRITERS, "UDDA", denmark.Writer(fails, real.plain))
    with pytest.raises(OSError, match="the disk is full"):
        make_denmark(tmp_path, 1, [period], SHARE)
    assert digests(tmp_path) == before
