"""The full-size Denmark, for work on speed: registers of the real sizes, any file alone. Nothing is planted in it.

What a register's rows are belongs to `denmark_firms`, `denmark_jobs` and `denmark_persons`, sizes to `denmark_plan`.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.world.denmark_draws import write_rows
from pipelines.world.denmark_firms import firm_blocks
from pipelines.world.denmark_jobs import job_blocks
from pipelines.world.denmark_persons import education_blocks, population_blocks
from pipelines.world.denmark_plan import Period, PeriodError, Size, periods_named, size_of


@dataclass(frozen=True)
class Writer:
    """What draws a register's rows; which of its columns hardly repeat a value, and which may be empty."""

    draw: Callable[[Period, Size, int], Iterator[dict[str, pa.Array]]]
    plain: tuple[str, ...]
    gaps: tuple[str, ...] = ()


WRITERS = {
    "FIRM": Writer(
        firm_blocks, plain=("CVRNR", "HOVED_CVR_NR", "GF_OMS", "GF_VTV", "GF_EKSP", "GF_LGAGMV"),
        gaps=("GF_AARSV", "GF_VTV", "JUR_TIL_DATO"),
    ),
    "BFL": Writer(
        job_blocks, gaps=("AJO_CVR_NR_FRA_PROD_JOB", "AJO_ARB_KOMKODE"),
        plain=("AJO_LOENTIMER", "AJO_FULDTID_BESKAEFTIGET", "AJO_SMALT_LOENBELOEB", "AJO_BREDT_LOENBELOEB",
               "AJO_JOB_START_DATO", "AJO_JOB_SLUT_DATO"),
    ),
    "BEF": Writer(population_blocks, plain=("PNR", "FOED_DAG")),
    "UDDA": Writer(education_blocks, plain=("PNR", "HF_VFRA")),
}


def make_denmark(
    directory: Path, seed: int, periods: Iterable[Period] | None = None, share: float = 1.0,
    told: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write the register files of the periods (all unless given) into the directory; their paths, in that order.

    A file depends on seed, share and its own period only, so that parts made apart fit together. It takes its name once
    it is whole, and replaces one of that name. `told` hears the number of rows after every block written. Raises
    PeriodError unless 0 < share ≤ 1.
    """
    size = size_of(share)
    paths = []
    for period in periods_named(None) if periods is None else periods:
        writer = WRITERS[period.register]
        path = directory / f"{period.name}.parquet"
        blocks = writer.draw(period, size, seed)
        for rows in write_rows(path, period.register, blocks, writer.plain, writer.gaps):
            if told:
                told(rows)
        paths.append(path)
    return paths


def make_denmark_at_home(home: Path, seed: int, only: str | None) -> list[Path]:
    """As `make_denmark` into the home's registers, with a bar on a terminal; `only` as in `periods_named`.

    Raises PeriodError for an unknown period, and for a home whose registers are of another world.
    """
    periods = periods_named(only)
    _claim(home, seed)
    with _following(sum(period.rows for period in periods)) as told:
        return make_denmark(home / "registers", seed, periods, told=told)


def _claim(home: Path, seed: int) -> None:
    """Note the seed in `world/denmark.json`: registers of two worlds never lie side by side."""
    mark, registers = home / "world" / "denmark.json", home / "registers"
    mine = mark.is_file() and json.loads(mark.read_text()) == {"seed": seed}
    other = (home / "world" / "truth.parquet").is_file()
    if other or (not mine and registers.is_dir() and any(registers.iterdir())):
        raise PeriodError(f"the registers in {registers} are of another world: name an empty home, or delete them first")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"seed": seed}))


@contextmanager
def _following(rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that counts rows; silent unless that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("rows", total=rows)
        yield lambda count: bar.advance(task, count)
