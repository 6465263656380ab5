"""What a release says otherwise than another: figure by figure, from the tables of both.

Belongs here: reading and comparing. Why a figure was revised is told by `meta.extract` and `participation.delivery` of both.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.release import engine
from pipelines.release.files import WAREHOUSE, ReleaseError
from pipelines.release.tables import released_tables
from schemas.contract import Contract

ROOMS = ("effect.", "chain.")        # figures of many units; a table of single units is not compared
EXTRACTS = "meta.extract"
NO_FIGURES = ("as_of",)              # differs between releases by their nature


@dataclass(frozen=True)
class Revision:
    """One figure that differs: its table, its key (text, `column=value` in the order of the keys), its column, and the
    value in either release, None where it is missing or the row is not there."""

    table: str
    key: str
    column: str
    before: float | str | None
    after: float | str | None


@dataclass(frozen=True)
class Revised:
    """All figures that differ, in the order of tables, keys and columns, how many were compared, and the extracts that
    differ: (register, period, publication in the one, in the other)."""

    revisions: tuple[Revision, ...]
    compared: int
    extracts: tuple[tuple[str, str, str | None, str | None], ...]


def revisions(
    home: Path, before: str, after: str, tolerance: float = 1e-9, memory_limit: str = "2GB", threads: int = 2
) -> Revised:
    """Every figure of effects and chains that the release `after` says otherwise than `before`; releases by name.

    Numbers are the same within `tolerance` of the larger of them and 1. Raises ReleaseError where there is no release of
    a name, or one of them cannot be read.
    """
    places = {side: _release(home, name) for side, name in (("older", before), ("newer", after))}
    found, compared = [], 0
    try:
        with _both(home, places, memory_limit, threads) as con:
            for table in released_tables():
                if table.name.startswith(ROOMS) and all(_has(con, side, table.name) for side in places):
                    compared += _cells(con, table)
                    found += _of_table(con, table, tolerance)
            extracts = _extracts(con) if all(_has(con, side, EXTRACTS) for side in places) else ()
    except duckdb.Error as error:
        raise ReleaseError(f"the releases cannot be compared: {type(error).__name__} while they were read") from None
    return Revised(tuple(found), compared, extracts)


def _release(home: Path, name: str) -> Path:
    place = home / "releases" / name
    if Path(name).name != name or not (place / WAREHOUSE).is_file():
        names = sorted(path.name for path in (home / "releases").glob("[!.]*") if path.is_dir())
        raise ReleaseError(f"there is no release of that name: those there are {', '.join(names) or 'none'}")
    return place.resolve()


@contextmanager
def _both(home: Path, places: dict[str, Path], memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.connection(home / "tmp" / f"revisions-{os.getpid()}", memory_limit, threads) as con:
        for side, place in places.items():
            path = str(place / WAREHOUSE).replace("'", "''")
            con.execute(f"ATTACH '{path}' AS {side} (READ_ONLY)")
        yield con


def _has(con: duckdb.DuckDBPyConnection, side: str, name: str) -> bool:
    sought = "SELECT count(*) FROM duckdb_tables() WHERE (database_name, schema_name, table_name) = (?, ?, ?)"
    return con.execute(sought, [side, *name.split(".")]).fetchone()[0] > 0


def _cells(con: duckdb.DuckDBPyConnection, table: Contract) -> int:
    return con.execute(f"SELECT count(*) FROM newer.{table.name}").fetchone()[0] * len(_figures(table))  # noqa: S608


def _of_table(con: duckdb.DuckDBPyConnection, table: Contract, tolerance: float) -> Iterator[Revision]:
    """A join of both sides on the table's keys, one row a key (one to one, since keys are unique)."""
    keys = [f'"{name}"' for name in table.keys]
    same = " AND ".join(f"o.{key} IS NOT DISTINCT FROM n.{key}" for key in keys)
    shown = " || ', ' || ".join(f"'{name}=' || coalesce(o.\"{name}\"::VARCHAR, n.\"{name}\"::VARCHAR, '')" for name in table.keys)
    for name in _figures(table):
        differ = f'o."{name}" IS DISTINCT FROM n."{name}"'
        if table.column(name).physical not in ("VARCHAR", "BOOLEAN", "DATE"):
            gap = f'abs(o."{name}" - n."{name}") <= {tolerance} * greatest(abs(o."{name}"), abs(n."{name}"), 1)'
            differ += f" AND NOT coalesce({gap}, false)"
        query = f"""
            SELECT {shown} AS key, o."{name}", n."{name}" FROM older.{table.name} o FULL JOIN newer.{table.name} n ON {same}
            WHERE {differ} ORDER BY key"""  # noqa: S608 (names of contracts)
        for key, one, other in con.execute(query).fetchall():
            yield Revision(table.name, key, name, _plain(one), _plain(other))


def _figures(table: Contract) -> list[str]:
    """The columns that say something of a key."""
    told = (column for column in table.columns if column.name not in (*table.keys, *NO_FIGURES))
    return [column.name for column in told if column.physical != "TIMESTAMP"]


def _plain(value: object) -> float | str | None:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _extracts(con: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str, str | None, str | None], ...]:
    """Periods that rest on another file: its publication, or the file where it has none."""
    query = """
        SELECT coalesce(o.register, n.register), coalesce(o.period, n.period),
               coalesce(o.published::VARCHAR, o.file), coalesce(n.published::VARCHAR, n.file)
        FROM older.meta.extract o FULL JOIN newer.meta.extract n USING (register, period)
        WHERE o.sha256 IS DISTINCT FROM n.sha256 ORDER BY ALL"""
    return tuple(con.execute(query).fetchall())
