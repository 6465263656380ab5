"""Where tables lie between assets: one Parquet file a table, whole or not there, always as its contract says.

Belongs here: writing, reading and the connection that does both. What is in a table does not.
"""

import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pydantic import PrivateAttr

from assets.failures import without_values
from assets.lock import hold
from pipelines.release import engine
from pipelines.release.content import digest
from pipelines.release.files import sync
from schemas import contract
from schemas.contract import Contract

BATCH = 131_072  # rows of a row group, and the most that are held in memory of a lazy result
FORMS = (ibis.Table, duckdb.DuckDBPyRelation, pd.DataFrame, pa.Table)


@dataclass(frozen=True)
class Pieces:
    """A table in pieces, each of any of the FORMS, to be stored under each other in their order."""

    tables: tuple


class StoreError(RuntimeError):
    """A table that is not there or not what it should be, in one sentence without values."""


@dataclass(frozen=True)
class Written:
    """What was written: rows, size of the file in bytes, and the digest of the content in stored order."""

    rows: int
    bytes: int
    sha256: str


class Store(dg.ConfigurableIOManager):
    """Writes what an asset returns to `<home>/store/<table>/data.parquet`; reads it as the next one's annotation asks.

    Written and read: `ibis.Table` and `duckdb.DuckDBPyRelation` (lazy, on one connection with a memory limit),
    `pd.DataFrame` (read with decimals as float64, dates as datetime64) and `pa.Table`; a `pa.RecordBatchReader` is written
    only. `Pieces` are written one after the other, so that each has the memory to itself. Holds the home's lock while the
    run lasts.
    """

    home: str
    memory_limit: str = "2GB"
    threads: int = 2
    spark: str = ""

    _ibis: ibis.BaseBackend = PrivateAttr()
    _lazy: ibis.BaseBackend = PrivateAttr()
    _open: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        home = Path(self.home)
        self._open.enter_context(hold(home))
        engine.clear(home / "tmp")
        self._open.callback(engine.clear, home / "tmp")
        self._ibis = ibis.duckdb.connect(**engine.options(home / "tmp", self.memory_limit, self.threads))
        self._open.callback(self._ibis.disconnect)
        self._lazy = engine.spark(self.spark) if self.spark else self._ibis

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self._open.close()

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        name = ".".join(context.asset_key.path)
        with without_values(name):
            written = write_table(obj, contract.load(name), store_path(Path(self.home), name))
        context.add_output_metadata(
            {"dagster/row_count": written.rows, "bytes": written.bytes, "content_sha256": written.sha256}
        )

    def load_input(self, context: dg.InputContext) -> object:
        name = ".".join(context.asset_key.path)
        with without_values(name):
            path = stored(Path(self.home), name)
            form = context.dagster_type.typing_type
            if form is pa.Table:
                return read_arrow(path)
            if form is pd.DataFrame:
                return _frame(read_arrow(path))
            if form is duckdb.DuckDBPyRelation:
                return self._ibis.con.read_parquet(glob.escape(str(path)))
            if form is ibis.Table:
                return self._lazy.read_parquet(glob.escape(str(path)))
            raise StoreError(f"{name} is wanted as {form}; a table is handed out as {_forms()}")


def store_path(home: Path, name: str) -> Path:
    """Where the table `name` lies, whether or not it has been written."""
    return home / "store" / name / "data.parquet"


def stored(home: Path, name: str) -> Path:
    """Where the table `name` lies; StoreError where it has not been written, or under another contract than today's."""
    path = store_path(home, name)
    if not path.is_file():
        raise StoreError(f"{name} is not in the store yet: materialise it first, or everything with `effekt run`")
    wanted, found = contract.load(name).arrow_schema(), pq.read_schema(path)
    if (wanted.names, wanted.types) != (found.names, found.types):
        raise StoreError(f"{name} was stored under another contract than today's: materialise it again")
    return path


def read_arrow(path: Path) -> pa.Table:
    """The whole file as an Arrow table, every page's checksum verified."""
    return pq.read_table(path, page_checksum_verification=True, partitioning=None)


def write_table(rows: object, described: Contract, path: Path) -> Written:
    """Write rows of any of the FORMS as the contract says, lazily where they are lazy; nothing is left of a failed try.

    Raises ContractError naming columns that differ, StoreError for any other kind of object.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.aside")
    schema = described.arrow_schema()
    try:
        with pq.ParquetWriter(aside, schema, compression="zstd", write_page_checksum=True) as writer:
            found = digest(_passing_through(_conforming(rows, described, aside.with_suffix(".parts")), writer), schema)
        sync(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
        shutil.rmtree(aside.with_suffix(".parts"), ignore_errors=True)
    sync(path.parent)
    return Written(found.rows, path.stat().st_size, found.sha256)


def _passing_through(batches: Iterator[pa.RecordBatch], writer: pq.ParquetWriter) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        writer.write_batch(batch)
        yield batch


def _conforming(rows: object, described: Contract, aside: Path) -> Iterator[pa.RecordBatch]:
    """The rows in batches of the contract's schema. Names and kinds of a lazy result are judged first."""
    if isinstance(rows, Pieces):
        for piece in rows.tables:
            yield from _conforming(piece, described, aside)
        return
    if isinstance(rows, (pa.Table, pd.DataFrame)):
        yield from described.conform(rows).combine_chunks().to_batches(max_chunksize=BATCH)
        return
    if isinstance(rows, ibis.Table):
        described.conform(rows.schema().to_pyarrow().empty_table())
        reader = _batches(rows, aside)
    elif isinstance(rows, duckdb.DuckDBPyRelation):
        described.conform(rows.limit(0).to_arrow_table())
        reader = rows.to_arrow_reader(BATCH)
    elif isinstance(rows, pa.RecordBatchReader):
        described.conform(rows.schema.empty_table())
        reader = rows
    else:
        raise StoreError(f"{described.name} was returned as {type(rows).__name__}; a table is one of {_forms()}")
    for batch in reader:
        yield from described.conform(pa.Table.from_batches([batch])).combine_chunks().to_batches()


def _batches(rows: ibis.Table, aside: Path) -> Iterable[pa.RecordBatch]:
    """The rows of a lazy table, never all of them in memory: Spark writes them into the directory `aside` first."""
    backend = ibis.get_backend(rows)
    if backend.name != "pyspark":
        return rows.to_pyarrow_batches(chunk_size=BATCH)
    shutil.rmtree(aside, ignore_errors=True)
    backend.to_parquet_dir(rows, str(aside))
    return ds.dataset(aside, format="parquet").to_batches(batch_size=BATCH)


def numeric(table: ibis.Table, *columns: str) -> pd.DataFrame:
    """The columns of a lazy table for numerical work, decimals made float64 before they leave the database."""
    floats = {name: table[name].cast("float64") for name in columns if table[name].type().is_decimal()}
    return table.select(*columns).mutate(**floats).to_pandas() if floats else table.select(*columns).to_pandas()


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table for numerical work: decimals as float64, dates as datetime64."""
    numeric = pa.schema([f.with_type(pa.float64()) if pa.types.is_decimal(f.type) else f for f in table.schema])
    return table.cast(numeric).to_pandas(date_as_object=False)


def _forms() -> str:
    return ", ".join(form.__name__ if form is not ibis.Table else "ibis.Table" for form in FORMS)
