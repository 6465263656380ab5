"""Whether a release still is what it claims: its files, its content, its accounting and its contracts.

Belongs here: reading and comparing. Nothing here writes into a release.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.release import engine
from pipelines.release.content import ContentError, Digest, content_hash
from pipelines.release.files import WAREHOUSE, current, facts_of, read_manifest
from pipelines.release.tables import all_tables, content_of, qualified, released_tables
from schemas.contract import Contract

ACCOUNTS = {
    "read = accepted + quarantined": "SELECT count(*) FROM participation.delivery WHERE read <> accepted + quarantined",
    "accepted = current + superseded + withdrawn": """
        SELECT count(*) FROM participation.delivery WHERE accepted <> current + superseded + withdrawn""",
    "current = rows in the tables": """
        SELECT count(*) FROM (
            SELECT delivery, count(*) AS rows FROM (
                SELECT delivery FROM participation.initiative UNION ALL SELECT delivery FROM participation.project
                UNION ALL SELECT delivery FROM participation.target UNION ALL SELECT delivery FROM participation.company
                UNION ALL SELECT delivery FROM participation.person UNION ALL SELECT delivery FROM participation.contact
            ) GROUP BY delivery
        ) FULL JOIN participation.delivery USING (delivery) WHERE coalesce(rows, 0) IS DISTINCT FROM current""",
    "quarantined = rows in the quarantine": """
        SELECT count(*) FROM (
            SELECT delivery, count(DISTINCT row) AS rows FROM participation.quarantine GROUP BY delivery
        ) FULL JOIN participation.delivery USING (delivery) WHERE coalesce(rows, 0) IS DISTINCT FROM quarantined""",
}  # what holds for every delivery, and how many deliveries break it


UNREADABLE = (duckdb.Error, pa.ArrowException, OSError)  # what a damaged file raises while it is read


@dataclass(frozen=True)
class Finding:
    """One thing that is off: where (a file or table), which promise it breaks, and in words with counts only, how."""

    where: str
    rule: str
    detail: str


def verify(home: Path, memory_limit: str = "2GB", threads: int = 2) -> tuple[Finding, ...]:
    """Everything that is off in the current release, nothing if it is sound. Raises ReleaseError if there is none."""
    release = current(home)
    manifest = read_manifest(release)
    if manifest is None:
        return (Finding("manifest.json", "manifest", "it is missing or cannot be read"),)
    found = list(damaged_files(release))
    try:
        with _opened(release, home, memory_limit, threads) as con:
            found += _content(con, manifest)
            found += _accounts(con)
            for table in all_tables():
                found += _contract(con, table)
    except UNREADABLE as error:
        found.append(Finding(WAREHOUSE, "readable", f"{type(error).__name__} while it was read"))
    return tuple(found)


def damaged_files(release: Path) -> tuple[Finding, ...]:
    """Files whose bytes are not those the manifest names, files that are gone, and files that nobody named."""
    manifest = read_manifest(release)
    if manifest is None:
        return (Finding("manifest.json", "manifest", "it is missing or cannot be read"),)
    claimed, there = manifest.get("files", {}), facts_of(release)
    words = {True: "is not in the manifest", False: "is gone"}
    missing = [Finding(name, "files", words[name in there]) for name in sorted(claimed.keys() ^ there.keys())]
    changed = [name for name in sorted(claimed.keys() & there.keys()) if claimed[name] != there[name]]
    return tuple(missing + [Finding(name, "files", "its bytes are not those of the manifest") for name in changed])


def broken_accounts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Deliveries that break each of the ACCOUNTS, read from the schema `participation` of the connection."""
    return {account: con.execute(broken).fetchone()[0] for account, broken in ACCOUNTS.items()}


@contextmanager
def _opened(release: Path, home: Path, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.connection(home / "tmp" / f"verify-{os.getpid()}", memory_limit, threads) as con:
        path = str(release / WAREHOUSE).replace("'", "''")
        con.execute(f"ATTACH '{path}' AS warehouse (READ_ONLY)")
        con.execute("USE warehouse")
        yield con


def _content(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, object]) -> Iterator[Finding]:
    """Rows and digests of every table against the manifest, and the hash over all of them."""
    claimed = manifest.get("tables", {})
    digests = {}
    for table in released_tables():
        claim = claimed.get(table.name, {})
        try:
            digests[table.name] = found = content_of(con, table)
        except (*UNREADABLE, ContentError) as error:
            yield Finding(table.name, "content", f"{type(error).__name__} while it was read")
            continue
        if found != Digest(claim.get("rows", -1), claim.get("sha256", "")):
            yield Finding(table.name, "content", f"its {found.rows} rows do not have the digest of the manifest")
    if content_hash(digests) != manifest.get("content_hash"):
        yield Finding("manifest.json", "content_hash", "it is not the hash of the tables")


def _accounts(con: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for account, broken in broken_accounts(con).items():
        if broken:
            yield Finding("participation.delivery", account, f"{broken} deliveries do not add up")


def _contract(con: duckdb.DuckDBPyConnection, table: Contract) -> Iterator[Finding]:
    """Columns and types, then the rows that break each rule, counted in one scan."""
    wanted = [(column.name, column.physical) for column in table.columns]
    rules = [rule for rule in table.rules() if rule.sql]
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.sql})" for rule in rules)
    try:
        found = con.execute(f"DESCRIBE {qualified(table)}").fetchall()
        if [(name, kind) for name, kind, *_ in found] != wanted:
            yield Finding(table.name, "columns", "its columns or their types are not those of the contract")
            return
        broken = con.execute(f"SELECT {counts} FROM {qualified(table)}").fetchone()  # noqa: S608 (names of contracts)
    except UNREADABLE as error:
        yield Finding(table.name, "contract", f"{type(error).__name__} while its contract was checked")
        return
    for rule, count in zip(rules, broken, strict=True):
        if count:
            yield Finding(f"{table.name}.{rule.column}", rule.name, f"{count} rows break it")
