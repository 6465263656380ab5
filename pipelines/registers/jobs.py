"""BFL imported: jobs by month under dense keys, sorted by firm, in exact integers; and which files belong together.

What sums of them say is `job_sums`; how long a file is kept does not belong here.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.registers.extracts import Extract, RegisterError
from pipelines.registers.reading import read_periods
from pipelines.registers.sas import parquet_of

STARTED = "AJO_JOB_START_DATO"
TOO_LARGE = "BFL has hours or wages too large to be summed exactly: have the amounts of the extract checked"


def import_jobs(con: ibis.BaseBackend, extracts: Sequence[Extract], directory: Path) -> None:
    """Write the jobs of these extracts into the directory: `persons`, `companies` and `jobs`, one Parquet file each.

    The two key maps are one row a number: number (text), key (INTEGER from 0, dense, in the order of the numbers, so that
    the lower key is the lower number). Jobs are one row a row of BFL, sorted by all columns: company, person (keys;
    company missing where the employer is), month (year × 12 + month − 1 of the job's start), hours_centi, wage_oere
    (whole hundredths of hours and DKK). Keys hold within the directory only. Raises RegisterError as `read_extracts`.
    """
    bfl = read_periods(con, extracts)
    maps = []
    for name, column in (("persons", bfl.PNR), ("companies", bfl.AJO_CVR_NR_FRA_PROD_JOB)):
        _write(con, number_densely(bfl, column), directory / f"{name}.parquet")
        maps.append(con.read_parquet(str(directory / f"{name}.parquet")))
    _write(con, sort_jobs(key_jobs(bfl, *maps)), directory / "jobs.parquet")


def number_densely(rows: ibis.Table, column: ibis.Column) -> ibis.Table:
    """number, key: each value of the column once, numbered from 0 in their order."""
    numbers = rows.filter(column.notnull()).select(number=column).distinct()
    in_order = ibis.window(order_by=numbers.number)
    return numbers.select("number", key=ibis.row_number().over(in_order).cast("int32")).order_by("number")


def key_jobs(bfl: ibis.Table, persons: ibis.Table, companies: ibis.Table) -> ibis.Table:
    """company, person, month, hours_centi, wage_oere; joins are many to one and keep every row."""
    persons = persons.select(PNR="number", person="key")
    companies = companies.select(AJO_CVR_NR_FRA_PROD_JOB="number", company="key")
    rows = bfl.inner_join(persons, "PNR").left_join(companies, "AJO_CVR_NR_FRA_PROD_JOB")
    started = rows[STARTED]
    return rows.select(
        "company", "person", month=(started.year() * 12 + started.month() - 1).cast("int32"),
        hours_centi=(rows.AJO_LOENTIMER * 100).cast("int32"), wage_oere=(rows.AJO_BREDT_LOENBELOEB * 100).cast("int64"),
    )


def sort_jobs(jobs: ibis.Table) -> ibis.Table:
    """By every column, so that the file is one and the same however many threads wrote it; a missing firm comes last."""
    return jobs.order_by(*(ibis.asc(jobs[name], nulls_first=False) for name in jobs.columns))


def group_by_year(extracts: Sequence[Extract]) -> list[tuple[Extract, ...]]:
    """The extracts in groups, so that all jobs of a calendar year are in one group: what a year's sums are made from.

    A yearly file stands alone, the twelve monthly ones of a year stand together, and so does a file with its neighbour
    whose year it reaches into. Raises RegisterError for a file that cannot be read.
    """
    spans = sorted(((*_years(extract), extract) for extract in extracts), key=lambda span: (span[0], span[2].ends))
    groups: list[list[Extract]] = []
    reached = None
    for first, last, extract in spans:
        if reached is not None and first <= reached:
            groups[-1].append(extract)
        else:
            groups.append([extract])
        reached = last if reached is None else max(reached, last)
    return [tuple(sorted(group, key=lambda extract: extract.ends)) for group in groups]


def name_of(group: Sequence[Extract]) -> str:
    """What a group is called: its only file's period, or the first and the last."""
    told = [f"{extract.register}{extract.ends:%Y%m}" for extract in (group[0], group[-1])]
    return told[0] if len(group) == 1 else "-".join(told)


def _years(extract: Extract) -> tuple[int, int]:
    """First and last year of a job in the file, from its statistics, without reading a row where they are told."""
    read_periods(ibis.duckdb.connect(), [extract])
    file = pq.ParquetFile(parquet_of(extract))
    at = [name.lower() for name in file.schema_arrow.names].index(STARTED.lower())
    told = [file.metadata.row_group(n).column(at).statistics for n in range(file.num_row_groups)]
    if all(one is not None and one.has_min_max for one in told):
        days = [day for one in told for day in (one.min, one.max)]
    else:
        found = pc.min_max(file.read(columns=[file.schema_arrow.names[at]]).column(0))
        days = [day for day in (found["min"].as_py(), found["max"].as_py()) if day is not None]
    return (min(days).year, max(days).year) if days else (extract.year, extract.year)


def _write(con: ibis.BaseBackend, rows: ibis.Table, path: Path) -> None:
    try:
        con.to_parquet(rows, str(path), compression="zstd")
    except (duckdb.OutOfRangeException, duckdb.ConversionException):
        raise RegisterError(TOO_LARGE) from None
