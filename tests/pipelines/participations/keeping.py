"""Draws a whole home (deliveries, register extracts, a store, two releases) and searches every byte of one."""

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.identity import Keys, pseudonyms
from pipelines.participations import assemble
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, INITIATIVES, KEYS, PERSONS, PROJECTS, deliver

CONTACTS = f"CVR-nr.;Aktør;Dato;Formål\n{CVRS[0]};Kommunen;01-05-2010;besøg\n{CVRS[1]};Regionen;01-05-2010;\n"
FILES = {
    "region_initiatives_2010.csv": INITIATIVES,
    "region_projects_2010.csv": PROJECTS,
    "nord_company_participations_2010.csv": COMPANIES,
    "nord_person_participations_2010.csv": PERSONS,
    "region_company_contacts_2010.csv": CONTACTS,
}


def draw_home(place: Path, keys: Keys = KEYS) -> Path:
    """A home with the FILES taken, four registers, a store and two releases of it; the second is the current one. The
    files that were taken lie beside it."""
    shutil.copytree(_drawn(keys).name, place, symlinks=True, dirs_exist_ok=True)
    return place / "home"


@cache
def _drawn(keys: Keys) -> TemporaryDirectory:
    """Drawn once for the same keys, and copied from then on."""
    directory = TemporaryDirectory()
    place = Path(directory.name)
    home = place / "home"
    for name, text in FILES.items():
        assert deliver(place, name, text, keys=keys).status == "taken"
    draw_registers(home / "registers", 2010, keys)
    fill_store(home)
    for name in ("2010-old", "2010-new"):
        release(home, name)
    return directory


def draw_registers(registers: Path, year: int, keys=KEYS) -> None:
    """FIRM, BFL, BEF and UDDA of a year about the CVRS and CPRS; BFL has every person at every company."""
    registers.mkdir(exist_ok=True)
    companies, persons = pseudonyms(keys.company, list(CVRS)), pseudonyms(keys.person, list(CPRS))
    jobs = [(person, company) for person in persons for company in companies]
    tables = {
        f"FIRM{year}": {"cvrnr": companies, "GF_AARSV": [1.5] * len(companies), "HOVED_CVR_NR": companies[::-1]},
        f"BFL{year}12": {"PNR": [one for one, _ in jobs], "AJO_CVR_NR_FRA_PROD_JOB": [two for _, two in jobs]},
        f"BEF{year}12": {"PNR": pa.array(persons).dictionary_encode(), "KOM": ["851"] * len(persons)},
        f"LINKS{year}": {"CODE": ["a"] * len(persons), "person": persons, "partner": persons[::-1]},
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), registers / f"{name}.parquet")


def fill_store(home: Path) -> None:
    """The participation tables as a run stores them, and the leftovers of one that was killed."""
    for name, table in assemble(home / "deliveries").items():
        (home / "store" / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(table, home / "store" / name / "data.parquet")
    (home / "tmp").mkdir(exist_ok=True)
    pq.write_table(assemble(home / "deliveries")["participation.company"], home / "tmp" / "spilled.parquet")


def release(home: Path, name: str) -> None:
    """A release of what the store holds, which becomes the current one."""
    place = home / "releases" / name
    place.mkdir(parents=True)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        for path in sorted((home / "store").glob("*/data.parquet")):
            schema, table = path.parent.name.split(".")
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            connection.execute(f'CREATE TABLE "{schema}"."{table}" AS FROM read_parquet(?)', [str(path)])
    (home / "releases" / "current").unlink(missing_ok=True)
    (home / "releases" / "current").symlink_to(name)


def every_byte(home: Path) -> dict[str, bytes]:
    """Every file of a home with its bytes, and the cells of Parquet files and databases as text and as they lie in
    memory once they are unpacked."""
    found = {}
    for path in sorted(path for path in home.rglob("*") if path.is_file() and "current" not in path.parts):
        cells = b""
        if path.suffix == ".parquet":
            cells = _unpacked(pq.read_table(path, partitioning=None))
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                names = connection.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
                cells = b"\n".join(_unpacked(connection.sql(f'FROM "{a}"."{b}"').to_arrow_table()) for a, b in names)
        found[str(path.relative_to(home))] = path.read_bytes() + b"\n" + cells
    return found


def files_with(home: Path, *texts: str) -> list[str]:
    """Names of the files in which one of the texts stands, as bytes of UTF-8 or UTF-16 or in a cell."""
    forms = [text.encode(codec) for text in texts for codec in ("utf-8", "utf-16-le", "utf-16-be")]
    named = [str(path.relative_to(home)) for path in home.rglob("*") if any(text in str(path) for text in texts)]
    return named + [name for name, content in every_byte(home).items() if any(form in content for form in forms)]


def accounts(home: Path) -> list[tuple]:
    """Kind and figures of every delivery, ordered."""
    figures = ("kind", "read", "accepted", "quarantined", "current", "superseded", "withdrawn")
    ledger = assemble(home / "deliveries")["participation.delivery"].to_pylist()
    assert all(row["read"] == row["accepted"] + row["quarantined"] for row in ledger)
    assert all(row["accepted"] == row["current"] + row["superseded"] + row["withdrawn"] for row in ledger)
    return sorted(tuple(row[name] for name in figures) for row in ledger)


def log_of(home: Path) -> list[dict]:
    return [json.loads(line) for line in (home / "log" / "gateway.jsonl").read_text().splitlines()]


def _unpacked(table: pa.Table) -> bytes:
    chunks = [chunk for column in table.columns for chunk in column.chunks]
    plain = [chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk for chunk in chunks]
    told = [chunk.drop_null() for chunk in plain]  # where a value is missing, anything may lie in memory
    held = [buffer.to_pybytes() for chunk in told for buffer in chunk.buffers() if buffer is not None]
    return b"\n".join([_text(table), *held])


def _text(table: pa.Table) -> bytes:
    return "\n".join(str(value) for column in table.to_pydict().values() for value in column).encode()
