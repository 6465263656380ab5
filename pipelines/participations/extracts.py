"""Register extracts as files that hold pseudonyms: which columns do, and writing a file anew without some or with
others.

What an extract says is known to the registers' stage; whose pseudonyms go, and what replaces them, is decided by
`withdrawal` and `rekeying`.
"""

import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.participations.home import HomeError
from schemas.contract import contracts

PSEUDONYM = "[a-p]{32}"
NAMED = re.compile(r"(.+?)\d{4}(\d{2})?\.parquet", re.IGNORECASE)
NOTES = (".md", ".txt", ".json")  # what may lie beside extracts
KEYS = "keys.json"  # the ids of the keys that the extracts in a directory were pseudonymised under
ROWS_AT_ONCE = 131_072


@dataclass(frozen=True)
class ExtractFile:
    """A Parquet file of a register; `columns` hold pseudonyms, as they are spelled in the file, that of the unit which
    a row is about first."""

    path: Path
    columns: tuple[str, ...]

    @property
    def version(self) -> list[int]:
        """Changes whenever the file does."""
        found = os.stat(self.path)
        return [found.st_size, found.st_mtime_ns]


def extract_files(registers: Path) -> list[ExtractFile]:
    """Every extract below the directory, later publications included, in the order of their names.

    Raises HomeError for a file that is not Parquet, since nobody could be found in it.
    """
    found = []
    for path in sorted(path for path in registers.rglob("*") if path.is_file() and path.suffix.lower() not in NOTES):
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError):
            raise HomeError(
                f"registers/{path.relative_to(registers)} cannot be read as Parquet: convert it, or move it out of the "
                "home, since pseudonyms in it would be missed"
            ) from None
        found.append(ExtractFile(path, _columns(path, schema)))
    return found


def pseudonyms_in(files: list[ExtractFile]) -> pa.Array:
    """The distinct pseudonyms (text) in all files, ordered."""
    parts = [
        f"SELECT {_quoted(column)} AS found FROM read_parquet('{_escaped(file.path)}')"  # noqa: S608
        for file in files
        for column in file.columns
    ]
    if not parts:
        return pa.array([], pa.string())
    with duckdb.connect() as connection:
        distinct = " UNION ".join(parts)
        query = f"SELECT found FROM ({distinct}) WHERE regexp_full_match(found, '{PSEUDONYM}') ORDER BY found"  # noqa: S608
        return connection.sql(query).to_arrow_table()["found"].combine_chunks()


def rewrite(file: ExtractFile, to: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Writes the file anew at another place, each portion of rows as `change` returns it (with the same columns)."""
    with pq.ParquetFile(file.path) as source:
        schema = pa.schema([field.with_nullable(True) for field in source.schema_arrow])
        with pq.ParquetWriter(to, schema, compression="zstd", write_page_checksum=True) as writer:
            for batch in source.iter_batches(ROWS_AT_ONCE):
                writer.write_table(change(pa.Table.from_batches([batch])).cast(schema))
    with open(to, "rb") as written:
        os.fsync(written.fileno())


def portions(file: ExtractFile):
    """The columns that hold pseudonyms, a portion of rows at a time, as text."""
    with pq.ParquetFile(file.path) as source:
        for batch in source.iter_batches(ROWS_AT_ONCE, columns=list(file.columns)):
            yield pa.Table.from_batches([batch]).select(list(file.columns))


def texts(column: pa.ChunkedArray) -> pa.Array:
    """A column of any kind of text as plain text."""
    return column.cast(pa.string()).combine_chunks()


def _columns(path: Path, schema: pa.Schema) -> tuple[str, ...]:
    """By the register's contract, or for a register without one every text column whose first rows hold pseudonyms."""
    named = NAMED.fullmatch(path.name)
    known = {contract.name.partition(".")[2]: contract for contract in contracts("registers")}
    contract = known.get(named[1].upper()) if named else None
    if contract:
        spelled = {name.lower(): name for name in schema.names}
        wanted = [column.name.lower() for column in contract.columns if column.classification == "pseudonym"]
        return tuple(spelled[name] for name in wanted if name in spelled)
    with pq.ParquetFile(path) as source:
        candidates = [field.name for field in source.schema_arrow if _is_text(field.type)]
        first = next(source.iter_batches(ROWS_AT_ONCE, columns=candidates), None) if candidates else None
    return tuple(name for name in candidates if first is not None and _holds_pseudonyms(first.column(name)))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _holds_pseudonyms(column: pa.Array) -> bool:
    return any(text and re.fullmatch(PSEUDONYM, text) for text in column.cast(pa.string()).unique().to_pylist())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _escaped(path: Path) -> str:
    return glob.escape(str(path)).replace("'", "''")
