"""What BFL says of firms and persons, period by period: only periods whose files changed are computed.

Belongs here: what each piece depends on. How it is computed is the registers', how it is kept is `parts`'.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import ibis

from assets.parts import Part, code_version, digest_of, drop_parts, keep_parts
from pipelines import registers
from pipelines.registers import extracts, job_sums, jobs, reading
from pipelines.registers.known import known_sum, recall

JOBS, SUMS = (Path("store") / ".parts" / name for name in ("jobs", "employment"))
Connect = Callable[[], ibis.BaseBackend]


def keep_employment(home: Path, as_of: date | None, connect: Connect) -> list[Path]:
    """Directories with the tables `job_sums.TABLES` of every period of BFL known by the as-of date, in order of time.

    Pieces made from files that the home no longer has are removed, those of later periods stay. `connect` opens a
    database within the run's limits; it is called for periods that are computed. Raises RegisterError.
    """
    known, every = (registers.find_extracts(home / "registers", "BFL", until) for until in (as_of, None))
    noted = recall(home / "registers")
    digests = {extract.path: known_sum(extract, noted) for extract in every}
    needed, possible = (find_pieces(home, files, digests, connect) for files in (known, every))
    kept = keep_parts(home / SUMS, [sums for _, sums in needed])
    drop_parts(home / JOBS, [imported for imported, _ in needed + possible])
    drop_parts(home / SUMS, [sums for _, sums in needed + possible])
    return kept


def find_pieces(
    home: Path, files: Sequence[registers.Extract], digests: Mapping[Path, str], connect: Connect
) -> list[tuple[Part, Part]]:
    """The jobs under JOBS and their sums under SUMS of each group of files, in order of time; nothing is computed.

    `digests` is the SHA-256 of each file. Jobs are imported when sums are made of them, and kept for the next code.
    """
    read_by = code_version([extracts, jobs, reading], ["registers.BFL"])
    summed_by = code_version([job_sums], job_sums.TABLES)
    pieces = []
    for group in registers.group_by_year(files):
        period, made_from = registers.name_of(group), [digests[extract.path] for extract in group]
        imported = Part(period, digest_of(read_by, *made_from), partial(_import, connect, group))
        sums = Part(period, digest_of(summed_by, imported.key), partial(_sum, home / JOBS, imported))
        pieces.append((imported, sums))
    return pieces


def read_kept(con: ibis.BaseBackend, kept: Sequence[Path], table: str) -> ibis.Table:
    """The table of all periods, in order of time and then of its keys."""
    return con.read_parquet([str(directory / f"{table}.parquet") for directory in kept])


def _import(connect: Connect, group: Sequence[registers.Extract], directory: Path) -> None:
    con = connect()
    try:
        registers.import_jobs(con, group, directory)
    finally:
        con.disconnect()


def _sum(place: Path, imported: Part, directory: Path) -> None:
    (jobs_of,) = keep_parts(place, [imported])
    registers.sum_jobs(jobs_of, directory)
