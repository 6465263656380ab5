"""Imported jobs and their sums: the same cells as the definitions of the tables give, and files that belong together."""

import datetime as dt
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.registers import (
    RegisterError,
    find_extracts,
    group_by_year,
    import_firm_employment,
    import_firm_quarter,
    import_jobs,
    import_person_employment,
    job_sums,
    name_of,
    read_periods,
    sum_jobs,
)
from schemas.contract import load

DEFINITIONS = {
    "register.firm_employment": import_firm_employment, "register.firm_quarter": import_firm_quarter,
    "register.person_employment": import_person_employment,
}


def write_bfl(directory, name, *rows):
    """An extract: person, employer, hours, broad wage (text or None), start of the job."""
    person, employer, hours, wage, start = zip(*rows, strict=True) if rows else [[]] * 5
    given = {
        "PNR": person, "AJO_CVR_NR_FRA_PROD_JOB": employer, "AJO_LOENTIMER": [h and Decimal(h) for h in hours],
        "AJO_BREDT_LOENBELOEB": [w and Decimal(w) for w in wage],
        "AJO_JOB_START_DATO": [dt.date.fromisoformat(day) for day in start],
    }
    columns = {c.name: pa.array(given.get(c.name, [None] * len(rows)), c.type) for c in load("registers.BFL").columns}
    directory.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), directory / f"{name}.parquet")


def summed(con, directory, place):
    """The tables that the sums of all extracts together say, by name, and those that the definitions say."""
    extracts = find_extracts(directory, "BFL")
    imported = place / "imported"
    imported.mkdir()
    import_jobs(con, extracts, imported)
    sum_jobs(imported, place)
    found = {name: pq.read_table(place / f"{name}.parquet").to_pylist() for name in DEFINITIONS}
    bfl, wanted = read_periods(con, extracts), {}
    for name, define in DEFINITIONS.items():
        contract = load(name)
        rows = con.to_pyarrow(define(bfl)).select(contract.arrow_schema().names)
        wanted[name] = rows.sort_by([(key, "ascending") for key in contract.keys]).to_pylist()
    return found, wanted


@pytest.mark.parametrize("batch", [7, 1 << 20], ids=["a run in several batches", "one batch"])
def test_sums_say_what_the_definitions_say_in_every_cell(con, tmp_path, monkeypatch, batch):
    """Few persons at few firms over two years: ties of hours, missing hours, wages and employers all come about."""
    monkeypatch.setattr(job_sums, "BATCH", batch)
    draw = random.Random(1)
    rows = [
        (
            draw.choice("pqrst"), draw.choice(["a", "b", "c", None]), draw.choice(["0.00", "50.00", "160.33", "-1.00", None]),
            draw.choice(["0.01", "-3.00", "4000000000.01", None]),
            f"{draw.choice([2010, 2011])}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}",
        )
        for _ in range(400)
    ]
    write_bfl(tmp_path / "in", "BFL201112", *rows)
    found, wanted = summed(con, tmp_path / "in", tmp_path)
    assert found == wanted
    assert {len(table) for table in wanted.values()} == {6, 24, 40}


def test_a_firm_without_a_known_hour_or_wage_has_them_missing_not_0(con, tmp_path):
    write_bfl(
        tmp_path / "in", "BFL201012", ("p", "a", None, None, "2010-01-01"), ("p", "b", None, "1.00", "2010-04-01"),
        ("p", "c", "1.00", None, "2010-05-01"),
    )
    imported = tmp_path / "imported"
    imported.mkdir()
    import_jobs(con, find_extracts(tmp_path / "in", "BFL"), imported)
    sum_jobs(imported, tmp_path)
    rows = pq.read_table(tmp_path / "register.firm_quarter.parquet").select(["company", "paid_hours", "wages_dkk"])
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("a", None, None), ("b", None, Decimal("1.00")), ("c", Decimal("1.00"), None),
    ]


def test_an_extract_without_rows_gives_tables_without_rows(con, tmp_path):
    write_bfl(tmp_path / "in", "BFL201012")
    found, wanted = summed(con, tmp_path / "in", tmp_path)
    assert found == wanted == {name: [] for name in DEFINITIONS}


@pytest.mark.parametrize(("wage", "count"), [("9000000000000000.00", 1), ("90000000000000.00", 1100)])
def test_amounts_too_large_to_be_summed_exactly_are_refused(con, tmp_path, wage, count):
    write_bfl(tmp_path / "in", "BFL201012", *[("p", "a", "1.00", wage, "2010-01-01")] * count)
    (tmp_path / "imported").mkdir()

    def make():
        import_jobs(con, find_extracts(tmp_path / "in", "BFL"), tmp_path / "imported")
        sum_jobs(tmp_path / "imported", tmp_path)

    with pytest.raises(RegisterError, match="too large to be summed"):
        make()


def test_jobs_are_sorted_and_keys_follow_the_order_of_the_numbers(con, tmp_path):
    write_bfl(
        tmp_path / "in", "BFL201012", ("q", None, "1.00", "1.00", "2010-03-01"), ("r", "b", "2.50", "1.00", "2010-02-01"),
        ("p", "b", "1.00", "3.01", "2010-12-31"), ("q", "a", "1.00", None, "2010-01-31"),
    )
    import_jobs(con, find_extracts(tmp_path / "in", "BFL"), tmp_path)
    keys = {name: pq.read_table(tmp_path / f"{name}.parquet").to_pydict() for name in ("persons", "companies")}
    assert keys == {"persons": {"number": ["p", "q", "r"], "key": [0, 1, 2]}, "companies": {"number": ["a", "b"], "key": [0, 1]}}
    jobs = pq.read_table(tmp_path / "jobs.parquet")
    assert [tuple(row.values()) for row in jobs.to_pylist()] == [
        (0, 1, 24120, 100, None), (1, 0, 24131, 100, 301), (1, 2, 24121, 250, 100), (None, 1, 24122, 100, 100),
    ]


@pytest.mark.parametrize("statistics", [True, False])
def test_files_that_tell_of_the_same_year_belong_together(tmp_path, statistics):
    for name, *days in (
        ("BFL200912", "2009-01-01", "2009-12-31"), ("BFL201006", "2010-01-01", "2010-06-30"),
        ("BFL201012", "2010-07-01", "2010-12-01"), ("BFL201112", "2011-01-01", "2012-01-01"),
        ("BFL201212", "2012-02-01", "2012-02-02"), ("BFL201312", "2013-01-01", "2013-01-01"),
    ):
        write_bfl(tmp_path, name, *[("p", "a", "1.00", "1.00", day) for day in days])
    if not statistics:
        for path in tmp_path.iterdir():
            pq.write_table(pq.read_table(path), path, write_statistics=False)
    groups = [name_of(group) for group in group_by_year(find_extracts(tmp_path, "BFL"))]
    assert groups == ["BFL200912", "BFL201006-BFL201012", "BFL201112-BFL201212", "BFL201312"]


def test_a_file_whose_jobs_lie_outside_its_year_is_found_by_its_jobs(tmp_path):
    write_bfl(tmp_path, "BFL201012", ("p", "a", "1.00", "1.00", "2010-05-01"))
    write_bfl(tmp_path, "BFL201112", ("p", "a", "1.00", "1.00", "2010-06-01"))
    assert [name_of(group) for group in group_by_year(find_extracts(tmp_path, "BFL"))] == ["BFL201012-BFL201112"]
