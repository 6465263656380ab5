"""A corrected month of the tiny world: its year is computed again, no other, and all is as after a full rebuild."""

import shutil
from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from assets import employment
from assets.employment import JOBS, SUMS, keep_employment, read_kept
from assets.panel import code_table, prices
from pipelines import panel, registers
from pipelines.registers import job_sums
from pipelines.release.content import digest
from schemas.contract import codes, load
from tests.pipelines.world.making import make_tiny

PANELS = ("panel.firm_year", "panel.firm_quarter", "panel.person_quarter")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("tiny")) / "home"


@pytest.fixture
def home(world, tmp_path) -> Path:
    """The registers of the tiny world, to be changed; of BFL, BEF and UDDA three years."""
    home = tmp_path / "home"
    shutil.copytree(world / "registers", home / "registers")
    for register in ("BFL", "BEF", "UDDA"):
        for extract in registers.find_extracts(home / "registers", register):
            if not 2008 <= extract.year <= 2010:
                extract.path.unlink()
    return home


@pytest.fixture
def computed(monkeypatch) -> dict[str, list[str]]:
    """Periods whose jobs were imported and whose sums were made, in their order."""
    told = {"import_jobs": [], "sum_jobs": []}
    import_jobs, sum_jobs = registers.import_jobs, registers.sum_jobs

    def note_import(con, group, directory):
        told["import_jobs"].append(registers.name_of(group))
        import_jobs(con, group, directory)

    def note_sums(imported, directory):
        told["sum_jobs"].append(imported.name.partition("-")[0])
        sum_jobs(imported, directory)

    monkeypatch.setattr(employment.registers, "import_jobs", note_import)
    monkeypatch.setattr(employment.registers, "sum_jobs", note_sums)
    return told


def kept(home: Path, as_of: date | None = None) -> list[Path]:
    return keep_employment(home, as_of, ibis.duckdb.connect)


def correct_a_month(home: Path) -> str:
    """A late correction: who worked in the second month of the second year has an hour more. Its period's name."""
    extract = registers.find_extracts(home / "registers", "BFL")[1]
    rows = pq.read_table(extract.path)
    in_february = pc.equal(pc.month(rows["AJO_JOB_START_DATO"]), 2)
    assert pc.sum(in_february).as_py() > 0
    hours = pc.if_else(in_february, pc.add(rows["AJO_LOENTIMER"], pa.scalar(1)), rows["AJO_LOENTIMER"])
    at = rows.column_names.index("AJO_LOENTIMER")
    kind = rows.schema.field(at).type
    pq.write_table(rows.set_column(at, rows.schema.field(at), hours.cast(kind)), extract.path)
    return registers.name_of([extract])


def contents(home: Path) -> dict[str, str]:
    """Digest of every table of employment in stored order."""
    con, directories = ibis.duckdb.connect(), kept(home)
    tables = {name: con.to_pyarrow(read_kept(con, directories, name)) for name in job_sums.TABLES}
    con.disconnect()
    return {name: digest(table.to_batches(), table.schema).sha256 for name, table in tables.items()}


def panels(home: Path) -> dict[str, str]:
    """Digest of every panel made from them in order of its keys."""
    con, place, directories = ibis.duckdb.connect(), home / "registers", kept(home)

    def stored(rows: ibis.Table) -> ibis.Table:
        return ibis.memtable(con.to_pyarrow(rows))

    firm = stored(registers.import_firm(registers.read_extracts(con, place, "FIRM")))
    succession = stored(registers.succession(registers.read_extracts(con, place, "LONG_DEMO"), firm))
    population = stored(registers.import_population(registers.read_extracts(con, place, "BEF")))
    education = registers.read_extracts(con, place, "UDDA")
    education = stored(registers.import_education(education, ibis.memtable(codes("education_groups"))))
    by_year, by_quarter, of_persons = (read_kept(con, directories, name) for name in job_sums.TABLES)
    places = code_table("industries"), code_table("municipalities")
    firm_year = stored(panel.firm_year(firm, by_year, *places, prices(), succession))
    made = firm_year, panel.firm_quarter(by_quarter, firm_year, prices(), succession), ibis.union(
        *panel.person_quarter_by_year(population, of_persons, education, prices())
    )
    found = {}
    for name, table in zip(PANELS, made, strict=True):
        contract = load(name)
        rows = contract.conform(con.to_pyarrow(table.order_by(*contract.keys)))
        found[name] = digest(rows.to_batches(), rows.schema, contract.keys).sha256
    con.disconnect()
    return found


def test_a_corrected_month_costs_its_year_and_gives_what_a_full_rebuild_gives(home, computed):
    before = contents(home)
    periods = list(computed["import_jobs"])
    assert len(periods) == 3
    assert contents(home) == before
    assert computed == {"import_jobs": periods, "sum_jobs": periods}
    corrected = correct_a_month(home)
    after = contents(home), panels(home)
    assert computed == {"import_jobs": [*periods, corrected], "sum_jobs": [*periods, corrected]}
    shutil.rmtree(home / "store")
    assert (contents(home), panels(home)) == after
    assert computed["sum_jobs"] == [*periods, corrected, *periods]
    assert [name for name in before if before[name] == after[0][name]] == []


def test_nothing_made_from_a_file_that_was_changed_or_taken_away_stays(home):
    kept(home)
    one = sorted(path.name for path in (home / JOBS).iterdir())
    corrected = correct_a_month(home)
    kept(home)
    last = registers.find_extracts(home / "registers", "BFL")[-1]
    last.path.unlink()
    kept(home)
    for step in (JOBS, SUMS):
        periods = [path.name.partition("-")[0] for path in sorted((home / step).iterdir())]
        assert len(periods) == len(one) - 1
        assert registers.name_of([last]) not in periods
    left = {path.name for path in (home / JOBS).iterdir()}
    assert {name.partition("-")[0] for name in left - set(one)} == {corrected}


def test_an_earlier_as_of_date_reads_fewer_periods_and_keeps_the_later_ones(home, computed):
    everything = kept(home)
    done = list(computed["sum_jobs"])
    until = registers.find_extracts(home / "registers", "BFL")[1].ends
    assert kept(home, until) == everything[:2]
    assert kept(home) == everything
    assert computed["sum_jobs"] == done


def test_other_code_of_the_sums_makes_sums_again_from_the_jobs_that_are_kept(home, computed, monkeypatch):
    kept(home)
    imports = list(computed["import_jobs"])
    code_version = employment.code_version
    changed = lambda modules, tables: code_version(modules, tables) + "changed" * (job_sums in modules)    # noqa: E731
    monkeypatch.setattr(employment, "code_version", changed)
    kept(home)
    assert computed == {"import_jobs": imports, "sum_jobs": imports * 2}
