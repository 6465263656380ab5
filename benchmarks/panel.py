"""Registers of the size of Denmark: import and panel build beside a scan of the same columns, each in a process of its own.

    python benchmarks/panel.py                             a small Denmark, made for it: 1.75 M rows of BFL
    python benchmarks/panel.py --home DIR                  the registers in DIR/registers
    python benchmarks/panel.py --home DIR --years 3        only the first three years of BFL there

Import: BFL gets dense keys and months, sorted by firm. Panel: from imported jobs and register tables to the last row of
firm_year, firm_quarter and person_quarter. A scan reads the same columns and looks at every value. Changed month: the
first year's extract with one month corrected, from its hash to new sums. Reported: processor seconds (user and system)
and the highest memory of each process at the run's limits. Goals: panel ≤ 7 scans and 2.5 GiB at a limit of 2 GB,
whatever the size; a changed month ≤ 8 per cent of a full build.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIBRARIES = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SMALL, SMALL_YEAR = 0.05, 2010
BFL_COLUMNS = ("PNR", "AJO_CVR_NR_FRA_PROD_JOB", "AJO_LOENTIMER", "AJO_BREDT_LOENBELOEB", "AJO_JOB_START_DATO")
PANEL_COLUMNS = {
    "register.firm": "company year fte headcount turnover_dkk value_added_dkk exports_dkk wages_dkk industry "
                     "municipality region legal_form born",
    "register.population": "person period born sex municipality region",
    "register.education": "person year education_group",
}


def main() -> None:
    arguments = _arguments()
    if arguments.run:
        print(json.dumps(_measure(arguments)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.home) as place:
        home = Path(place)
        lay_out(home, arguments.home, arguments.years)
        found = {stage: _in_own_process(stage, home, arguments) for stage in STAGES}
    _tell(found)
    if arguments.out:
        with arguments.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"memory_limit": arguments.memory, "threads": arguments.threads, **found}) + "\n")


def lay_out(home: Path, given: Path | None, years: int | None) -> None:
    """`home/registers` with links to the given registers of the first years of BFL, or with a small Denmark."""
    (home / "registers").mkdir()
    if given is None:
        from pipelines.world import DEFAULT_SEED
        from pipelines.world.denmark import make_denmark
        from pipelines.world.denmark_plan import periods_named

        names = [f"{name}{SMALL_YEAR}" for name in ("FIRM", "BFL", "BEF", "UDDA")] + [f"UDDA{SMALL_YEAR - 1}"]
        make_denmark(home / "registers", DEFAULT_SEED, periods_named(",".join(names)), SMALL)
        return
    from pipelines.registers import find_extracts

    registers = (given / "registers").resolve()
    first, *_, last = 2 * sorted(extract.year for extract in find_extracts(registers, "BFL"))
    last = last if years is None else first + years - 1
    for register in ("FIRM", "BFL", "BEF", "UDDA"):
        for extract in find_extracts(registers, register):
            if first - (register == "UDDA") <= extract.year <= last:
                (home / "registers" / extract.path.name).symlink_to(extract.path)


def scan_extracts(home: Path, connect) -> dict:
    return _scan(connect(), {home / "registers" / "BFL*.parquet": BFL_COLUMNS})


def import_bfl(home: Path, connect) -> dict:
    """What a run does before any sum: hashes of the files, key maps, months, sorting; a row count."""
    import pyarrow.parquet as pq

    from assets.employment import JOBS
    from assets.parts import keep_parts

    kept = keep_parts(home / JOBS, [imported for imported, _ in _pieces(home, connect)])
    return {"rows": sum(pq.read_metadata(path / "jobs.parquet").num_rows for path in kept)}


def store_others(home: Path, connect) -> dict:
    """FIRM, BEF and UDDA as register tables, as a run stores them."""
    import ibis

    from assets.registers import empty
    from assets.storage import store_path, write_table
    from pipelines import registers
    from schemas.contract import codes, load

    con, groups = connect(), ibis.memtable(codes("education_groups"))
    tables = {
        "register.firm": registers.import_firm(registers.read_extracts(con, home / "registers", "FIRM")),
        "register.population": registers.import_population(registers.read_extracts(con, home / "registers", "BEF")),
        "register.education": registers.import_education(
            registers.read_extracts(con, home / "registers", "UDDA"), groups
        ),
    }
    write_table(empty("register.succession"), load("register.succession"), home / "nobody.parquet")
    return {"rows": sum(write_table(table, load(name), store_path(home, name)).rows for name, table in tables.items())}


def scan_imported(home: Path, connect) -> dict:
    from assets.employment import JOBS
    from assets.storage import store_path

    jobs = home / JOBS / "*"
    files = {jobs / "jobs.parquet": ("company", "person", "month", "hours_centi", "wage_oere")}
    files |= {jobs / f"{name}.parquet": ("number",) for name in ("persons", "companies")}
    return _scan(connect(), files | {store_path(home, name): names.split() for name, names in PANEL_COLUMNS.items()})


def build_panel(home: Path, connect) -> dict:
    """Seconds of each step and rows of each panel; firm_year is stored, since firm_quarter is made from it."""
    from assets.employment import SUMS, read_kept
    from assets.panel import code_table, prices
    from assets.parts import keep_parts
    from assets.storage import store_path
    from pipelines import panel
    from pipelines.registers import job_sums

    steps, rows = {}, {}
    started = time.process_time()

    def lap(step: str) -> None:
        steps[step] = time.process_time() - started - sum(steps.values())

    kept = keep_parts(home / SUMS, [sums for _, sums in _pieces(home, connect)])
    lap("sums")
    con = connect()
    by_year, by_quarter, of_persons = (read_kept(con, kept, name) for name in job_sums.TABLES)
    firm, population, education = (con.read_parquet(str(store_path(home, name))) for name in PANEL_COLUMNS)
    places, nobody = (code_table("industries"), code_table("municipalities")), con.read_parquet(str(home / "nobody.parquet"))
    con.to_parquet(panel.firm_year(firm, by_year, *places, prices(), nobody), str(home / "firm_year.parquet"))
    firm_year = con.read_parquet(str(home / "firm_year.parquet"))
    rows["firm_year"] = firm_year.count().execute()
    lap("firm_year")
    rows["firm_quarter"] = _consume(panel.firm_quarter(by_quarter, firm_year, prices(), nobody))
    lap("firm_quarter")
    rows["person_quarter"] = sum(map(_consume, panel.person_quarter_by_year(population, of_persons, education, prices())))
    lap("person_quarter")
    return {"steps": steps, "panels": {name: int(count) for name, count in rows.items()}}


def correct_month(home: Path, connect) -> dict:
    """Not told of: the first file of BFL with other hours in one month takes the place of the link to it."""
    from pipelines.registers import find_extracts

    path = find_extracts(home / "registers", "BFL")[0].path
    con = connect()
    rows = con.read_parquet(str(path))
    more = rows.AJO_LOENTIMER + (rows.AJO_JOB_START_DATO.month() == 2).cast("int8")
    con.to_parquet(rows.mutate(AJO_LOENTIMER=more.cast(rows.AJO_LOENTIMER.type())), str(home / "corrected.parquet"))
    (home / "corrected.parquet").replace(path)
    return {}


def sum_again(home: Path, connect) -> dict:
    from assets.employment import keep_employment

    return {"periods": len(keep_employment(home, None, connect))}


STAGES = {
    "scan_extracts": scan_extracts, "import": import_bfl, "others": store_others, "scan_imported": scan_imported,
    "panel": build_panel, "correct": correct_month, "changed": sum_again,
}


def _pieces(home: Path, connect) -> list:
    from assets.employment import find_pieces
    from pipelines.registers import find_extracts
    from pipelines.release.files import sha256

    files = find_extracts(home / "registers", "BFL")
    return find_pieces(home, files, {extract.path: sha256(extract.path) for extract in files}, connect)


def _scan(con, files: dict) -> dict:
    """Every value of the columns is decoded and looked at: the largest of texts and dates, the sum of numbers."""
    for path, columns in files.items():
        table = con.read_parquet(str(path))
        numbers = [name for name in columns if table[name].type().is_numeric()]
        table.agg([table[name].sum() if name in numbers else table[name].max() for name in columns]).to_pyarrow()
    return {}


def _consume(table) -> int:
    return sum(batch.num_rows for batch in table.to_pyarrow_batches(chunk_size=131_072))


def _measure(arguments) -> dict:
    import ibis
    import pandas  # noqa: F401  imports are not what is measured

    from pipelines.release import engine

    def connect():
        return ibis.duckdb.connect(**engine.options(arguments.place / "tmp", arguments.memory, arguments.threads))

    wall, start = time.perf_counter(), time.process_time()
    found = STAGES[arguments.run](arguments.place, connect)
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    return {"seconds": seconds, "wall": wall, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, **found}


def _in_own_process(stage: str, home: Path, arguments) -> dict:
    here = str(Path(__file__).parents[1])
    limits = ["--memory", arguments.memory, "--threads", str(arguments.threads)]
    command = [sys.executable, __file__, "--run", stage, "--place", str(home), *limits]
    done = subprocess.run(command, env=os.environ | LIBRARIES | {"PYTHONPATH": here}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _tell(found: dict) -> None:
    scans = {"import": "scan_extracts", "panel": "scan_imported"}
    print(f"BFL {found['import']['rows']:,} rows; panels {found['panel']['panels']}")
    for stage, line in found.items():
        ratio = f"   {line['seconds'] / found[scans[stage]]['seconds']:.1f} × the scan" if stage in scans else ""
        print(f"{stage:14s} {line['seconds']:8.1f} CPU-s {line['wall']:8.1f} s   peak {line['gib']:.2f} GiB{ratio}")
    print("panel by step  " + ", ".join(f"{step} {seconds:.1f}" for step, seconds in found["panel"]["steps"].items()))
    full = found["import"]["seconds"] + found["panel"]["steps"]["sums"]
    print(f"changed month  {found['changed']['seconds'] / full:.1%} of import and sums")


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home with registers; a small Denmark is made without it")
    parser.add_argument("--years", type=int, help="how many years of BFL, from its first")
    parser.add_argument("--memory", default="2GB", help="DuckDB's limit")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="file of results to which a line is added")
    parser.add_argument("--run", choices=tuple(STAGES), help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
