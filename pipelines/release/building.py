"""Builds a release aside: every released table in one DuckDB file, described, in key order, with its digest.

Belongs here: what a release holds. When it becomes the current one is publishing's; what a table must look like is the
contract's.
"""

import glob
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.release import engine
from pipelines.release.content import ContentError, Digest, content_hash
from pipelines.release.files import WAREHOUSE, ReleaseError, drop_stale
from pipelines.release.tables import all_tables, content_of, key_columns, qualified, released_tables
from schemas import contract as contracts
from schemas.contract import Contract

STORAGE_VERSION = "v1.4.0"  # the oldest DuckDB that must be able to read a release


@dataclass(frozen=True)
class RunFacts:
    """What a release says of the run that made it (`meta.run`). `started` is the only clock reading.

    `extracts` are the rows of `meta.extract`; `sources` the registers behind each released table.
    """

    run: str
    synthetic: bool
    version: str
    key_ids: tuple[str, ...]
    started: datetime
    settings: Mapping[str, object]
    extracts: pa.Table | None = None
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Building:
    """A release that is complete but for what is rendered from it, in a directory that no reader looks at.

    `extracts` is the digest of `meta.extract`: the same content from other publications is another release.
    """

    path: Path
    as_of: date
    facts: RunFacts
    digests: Mapping[str, Digest]
    extracts: Digest | None = None

    @property
    def warehouse(self) -> Path:
        return self.path / WAREHOUSE

    @property
    def content_hash(self) -> str:
        return content_hash(self.digests)

    @property
    def id(self) -> str:
        return f"{self.as_of.isoformat()}-{self.content_hash[:12]}"


def build(
    tables: Mapping[str, Path | pa.Table],
    home: Path,
    as_of: date,
    facts: RunFacts,
    memory_limit: str = "2GB",
    threads: int = 2,
) -> Building:
    """Build `releases/.building-<pid>` from every released table, given by name as a Parquet file or an Arrow table.

    Directories `report/` and `public/` wait for what is rendered from the warehouse before `publish`. Raises
    ReleaseError naming tables that are missing or unknown, columns that differ from the contract, and keys that repeat.
    """
    _require_exactly(tables)
    releases = home / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    drop_stale(releases)
    place = releases / f".building-{os.getpid()}"
    for part in ("", "report", "public"):
        (place / part).mkdir()
    with _new_warehouse(place, memory_limit, threads) as con:
        digests = {table.name: _add_table(con, table, tables[table.name]) for table in released_tables()}
        told = {name: _add_table(con, contracts.load(name), rows) for name, rows in _meta(as_of, facts, digests).items()}
    return Building(place, as_of, facts, digests, told["meta.extract"])


def _require_exactly(tables: Mapping[str, object]) -> None:
    expected = {table.name for table in released_tables()}
    for difference, what in ((expected - set(tables), "has no table"), (set(tables) - expected, "knows no table")):
        if difference:
            raise ReleaseError(f"the release {what} {', '.join(sorted(difference))}")


@contextmanager
def _new_warehouse(place: Path, memory_limit: str, threads: int):
    """A connection with a new, attached warehouse; on leaving, the file is checkpointed and closed."""
    with engine.connection(place / ".spill", memory_limit, threads) as con:
        path = str(place / WAREHOUSE).replace("'", "''")
        con.execute(f"ATTACH '{path}' AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
        con.execute("USE warehouse")
        yield con
        con.execute("CHECKPOINT warehouse")
        con.execute("USE memory")
        con.execute("DETACH warehouse")


def _add_table(con: duckdb.DuckDBPyConnection, table: Contract, rows: Path | pa.Table) -> Digest:
    """Create one table with its comments, fill it in key order; the digest of what then lies in the warehouse."""
    try:
        _require_shape(table, pq.read_schema(rows) if isinstance(rows, Path) else rows.schema)
        con.execute(f'CREATE SCHEMA IF NOT EXISTS warehouse."{table.name.split(".")[0]}"')
        con.execute(f"CREATE TABLE {qualified(table)} ({_columns(table)})")
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        insert = f"INSERT INTO {qualified(table)} SELECT {names} FROM "  # noqa: S608 (names of contracts)
        if isinstance(rows, Path):
            con.execute(f"{insert} read_parquet(?) ORDER BY {key_columns(table)}", [glob.escape(str(rows))])
        else:
            con.register("rows_given", rows)
            con.execute(f"{insert} rows_given ORDER BY {key_columns(table)}")
            con.unregister("rows_given")
        con.execute("; ".join(table.comments()))
        return content_of(con, table)
    except ContentError as error:
        raise ReleaseError(f"{table.name} cannot be released: {error}") from None
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise ReleaseError(f"{table.name} cannot be released: {type(error).__name__} while it was copied") from None


def _require_shape(table: Contract, found: pa.Schema) -> None:
    wanted = {field.name: field.type for field in table.arrow_schema()}
    given = {field.name: field.type for field in found}
    differing = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    if differing:
        raise ReleaseError(f"{table.name} cannot be released: columns {', '.join(differing)} differ from its contract")


def _columns(table: Contract) -> str:
    """The column definitions of CREATE TABLE."""
    return ", ".join(
        f'"{column.name}" {column.physical}{" NOT NULL" if column.required or column.key else ""}'
        for column in table.columns
    )


def _meta(as_of: date, facts: RunFacts, digests: Mapping[str, Digest]) -> dict[str, pa.Table]:
    """The rows of every table that tells of the others."""
    run = {
        "run": facts.run,
        "as_of": as_of,
        "synthetic": facts.synthetic,
        "version": facts.version,
        "key_ids": ", ".join(facts.key_ids),
        "started": facts.started,
        "settings": json.dumps(dict(facts.settings), sort_keys=True, default=str),
    }
    tables = [
        _named(table) | {"description": table.description} | vars(digests[table.name]) for table in released_tables()
    ]
    columns = [
        _named(table)
        | {
            "column": column.name,
            "position": position,
            "type": column.physical,
            "description": column.description,
            "label": column.label,
        }
        for table in all_tables()
        for position, column in enumerate(table.columns, start=1)
    ]
    sources = [
        _named(table) | {"register": register}
        for table in released_tables()
        for register in facts.sources.get(table.name, ())
    ]
    rows = {"meta.run": [run], "meta.table": tables, "meta.column": columns, "meta.source": sources}
    filled = {name: _conforming(name, given) for name, given in rows.items()}
    extracts = facts.extracts if facts.extracts is not None else pa.table({})
    return filled | {"meta.extract": extracts if extracts.num_rows else _conforming("meta.extract", [])}


def _conforming(name: str, rows: list[dict[str, object]]) -> pa.Table:
    table = contracts.load(name)
    return table.conform(pa.Table.from_pylist(rows)) if rows else table.arrow_schema().empty_table()


def _named(table: Contract) -> dict[str, str]:
    schema, name = table.name.split(".")
    return {"schema": schema, "table": name}
