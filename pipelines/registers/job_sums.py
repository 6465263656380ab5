"""Sums over imported jobs by firm and quarter, firm and year, person and quarter, as runs of the sorted rows.

The same tables as `imports` makes of BFL by Ibis on any engine, cell by cell; this is how one machine affords them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.registers.extracts import RegisterError
from pipelines.registers.jobs import TOO_LARGE
from schemas.contract import load

TABLES = ("register.firm_employment", "register.firm_quarter", "register.person_employment")
BATCH = 1 << 20                      # jobs that are summed at a time, and rows of a row group that is written
LOWEST = np.iinfo(np.int64).min
LARGEST_SUM = 9e18                   # of hundredths: beyond it an integer of 64 bits is too small


@dataclass(frozen=True)
class Runs:
    """Jobs summed to firm, person and quarter, sorted so: all arrays are (R,), the unknown firm has the last key."""

    company: np.ndarray
    person: np.ndarray
    quarter: np.ndarray              # year × 4 + quarter − 1
    hours: np.ndarray                # hundredths
    wages: np.ndarray
    hours_known: np.ndarray          # whether any of the jobs has hours
    wages_known: np.ndarray


@dataclass(frozen=True)
class Sums:
    """Cells summed to: all arrays are (cells,); `found` says which cells have a row at all."""

    found: np.ndarray
    hours: np.ndarray
    wages: np.ndarray
    hours_known: np.ndarray
    wages_known: np.ndarray


def sum_jobs(imported: Path, directory: Path) -> None:
    """Write TABLES of the jobs that `import_jobs` wrote into `imported`, each as its contract says, sorted by its keys.

    Raises RegisterError where a sum is too large to be told in øre.
    """
    persons, companies = (pq.read_table(imported / f"{name}.parquet")["number"].combine_chunks() for name in ("persons", "companies"))
    runs = read_runs(imported / "jobs.parquet", len(companies))
    tables = (
        firm_employment(runs, companies), firm_quarter(runs, companies), person_employment(runs, persons, companies),
    )
    for name, batches in zip(TABLES, tables, strict=True):
        with pq.ParquetWriter(directory / f"{name}.parquet", schema_of(name), compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)


def schema_of(name: str) -> pa.Schema:
    """Names and types of the contract; whether a required value is there is asked of the whole table."""
    return pa.schema([(field.name, field.type) for field in load(name).arrow_schema()])


def read_runs(jobs: Path, n_companies: int) -> Runs:
    """The file's jobs as runs, summed a batch at a time; a run that two batches share is one."""
    file = pq.ParquetFile(jobs)
    room = Runs(*(np.empty(file.metadata.num_rows, kind) for kind in ("i4", "i4", "i4", "i8", "i8", "?", "?")))
    end, largest = 0, 0.0
    for batch in file.iter_batches(BATCH):
        rows = Runs(
            _integers(batch.column("company"), missing=n_companies), _integers(batch.column("person")),
            _integers(batch.column("month")) // 3,
            *(_integers(batch.column(name)).astype(np.int64) for name in ("hours_centi", "wage_oere")),
            *(_known(batch.column(name)) for name in ("hours_centi", "wage_oere")),
        )
        largest += max(_extent(rows.hours), _extent(rows.wages))
        end = _append(room, end, rows)
    if largest > LARGEST_SUM:
        raise RegisterError(TOO_LARGE)
    return Runs(*(array[:end] for array in _columns(room)))


def _append(room: Runs, end: int, rows: Runs) -> int:
    """Neighbours of equal keys as one, written into the room from `end`; the new end."""
    starts = _starts(rows.company, rows.person, rows.quarter)
    shared = end > 0 and all(mine[end - 1] == new[0] for mine, new in zip(_columns(room)[:3], _columns(rows)[:3], strict=True))
    begin = end - shared
    for n, (mine, new) in enumerate(zip(_columns(room), _columns(rows), strict=True)):
        first = mine[begin] if shared else None
        if n < 3:
            mine[begin : begin + len(starts)] = new[starts]
            continue
        join = np.add if n < 5 else np.logical_or
        mine[begin : begin + len(starts)] = True if n >= 5 and new.all() else join.reduceat(new, starts)
        if shared:
            mine[begin] = join(mine[begin], first)
    return begin + len(starts)


def firm_quarter(runs: Runs, companies: pa.Array) -> Iterator[pa.RecordBatch]:
    """`register.firm_quarter`: a run is a person of the firm in the quarter."""
    n, first, count = len(companies), *_quarters(runs)
    cells = runs.company.astype(np.int64) * count + (runs.quarter - first)
    sums = _sum(cells, runs, (n + 1) * count)
    heads = np.bincount(cells, minlength=(n + 1) * count)
    found = np.flatnonzero(sums.found[: n * count])
    company, quarter = np.divmod(found, count)
    yield from _batches("register.firm_quarter", len(found), lambda part: {
        "company": companies.take(pa.array(company[part])), "quarter": quarter[part] + first,
        "paid_hours": _decimal(sums.hours, sums.hours_known, found[part]), "heads": heads[found[part]],
        "wages_dkk": _decimal(sums.wages, sums.wages_known, found[part]),
    })


def firm_employment(runs: Runs, companies: pa.Array) -> Iterator[pa.RecordBatch]:
    """`register.firm_employment`: runs of a person's quarters at the firm are one person of its year."""
    n, (first_quarter, quarters) = len(companies), _quarters(runs)
    first, count = first_quarter // 4, (first_quarter + quarters - 1) // 4 - first_quarter // 4 + 1
    cells = runs.company.astype(np.int64) * count + (runs.quarter // 4 - first)
    sums = _sum(cells, runs, (n + 1) * count)
    heads = np.bincount(cells[_starts(cells, runs.person)], minlength=(n + 1) * count)
    found = np.flatnonzero(sums.found[: n * count])
    company, year = np.divmod(found, count)
    yield from _batches("register.firm_employment", len(found), lambda part: {
        "company": companies.take(pa.array(company[part])), "year": year[part] + first,
        "paid_hours": _decimal(sums.hours, sums.hours_known, found[part]), "jobs": heads[found[part]],
        "wages_dkk": _decimal(sums.wages, sums.wages_known, found[part]),
    })


def person_employment(runs: Runs, persons: pa.Array, companies: pa.Array) -> Iterator[pa.RecordBatch]:
    """`register.person_employment`: the employer is that of most hours, of equal ones the lower number."""
    first, count = _quarters(runs)
    cells = runs.person.astype(np.int64) * count + (runs.quarter - first)
    sums = _sum(cells, runs, len(persons) * count)
    employer = _employer(cells, runs, len(persons) * count)
    found = np.flatnonzero(sums.found)

    def rows(part: slice) -> dict:
        here = found[part]
        person, quarter = np.divmod(here, count)
        whose = employer[here]
        return {
            "person": persons.take(pa.array(person)), "period": quarter + first,
            "paid_hours": _decimal(sums.hours, sums.hours_known, here),
            "wage_dkk": _decimal(sums.wages, sums.wages_known, here),
            "employer": companies.take(pa.array(whose, mask=whose == len(companies))),
        }

    yield from _batches("register.person_employment", len(found), rows)


def _employer(cells: np.ndarray, runs: Runs, count: int) -> np.ndarray:
    """(count,) key of each cell's employer; unknown hours are the fewest, the unknown employer is the last."""
    hours = np.where(runs.hours_known, runs.hours, LOWEST)
    most, found = np.full(count, LOWEST), np.full(count, np.iinfo(np.int32).max, np.int32)
    np.maximum.at(most, cells, hours)
    leading = hours == most[cells]
    np.minimum.at(found, cells[leading], runs.company[leading])
    return found


def _sum(cells: np.ndarray, runs: Runs, count: int) -> Sums:
    found, hours_known, wages_known = (np.zeros(count, bool) for _ in range(3))
    found[cells] = True
    hours_known[cells[runs.hours_known]] = True
    wages_known[cells[runs.wages_known]] = True
    hours, wages = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(hours, cells, runs.hours)
    np.add.at(wages, cells, runs.wages)
    return Sums(found, hours, wages, hours_known, wages_known)


def _extent(amounts: np.ndarray) -> float:
    """No sum over any of the amounts is larger."""
    return max(abs(float(amounts.max())), abs(float(amounts.min()))) * len(amounts) if len(amounts) else 0.0


def _quarters(runs: Runs) -> tuple[int, int]:
    """The first quarter, and how many there are to the last."""
    if not len(runs.quarter):
        return 0, 1
    first, last = int(runs.quarter.min()), int(runs.quarter.max())
    return first, last - first + 1


def _starts(*keys: np.ndarray) -> np.ndarray:
    """Where a row differs from the one before it in any key."""
    new = np.zeros(len(keys[0]), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def _batches(name: str, rows: int, columns) -> Iterator[pa.RecordBatch]:
    schema = schema_of(name)
    for start in range(0, rows, BATCH):
        made = columns(slice(start, min(start + BATCH, rows)))
        arrays = [_as(made[field.name], field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _as(values, kind: pa.DataType) -> pa.Array:
    return (values if isinstance(values, pa.Array) else pa.array(values)).cast(kind)


def _decimal(amounts: np.ndarray, known: np.ndarray, at: np.ndarray) -> pa.Array:
    """Hundredths as DECIMAL(20,2): 128-bit integers whose upper half repeats the sign."""
    low = amounts[at]
    pairs = np.empty((len(low), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = low, low >> 63
    valid = pa.array(known[at])
    missing = valid.false_count
    bits = pa.array(known[at]).buffers()[1] if missing else None
    return pa.Array.from_buffers(pa.decimal128(20, 2), len(low), [bits, pa.py_buffer(pairs)], null_count=missing)


def _integers(array: pa.Array, missing: int = 0) -> np.ndarray:
    return np.asarray(array.fill_null(missing) if array.null_count else array)


def _known(array: pa.Array) -> np.ndarray:
    return np.asarray(array.is_valid()) if array.null_count else np.ones(len(array), bool)


def _columns(runs: Runs) -> tuple[np.ndarray, ...]:
    return tuple(getattr(runs, field.name) for field in fields(runs))
