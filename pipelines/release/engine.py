"""How this project opens DuckDB: with a memory limit, a place to spill to that is removed afterwards, and no downloads;
and Spark, where one machine is outgrown.

Belongs here: the connection. No query does.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis


def options(spill: Path, memory_limit: str, threads: int) -> dict[str, object]:
    """DuckDB's configuration for one process of a run. It makes the place to spill to itself, but not what that lies in."""
    spill.parent.mkdir(parents=True, exist_ok=True)
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def spark(address: str) -> ibis.BaseBackend:
    """Spark by its Connect address; the cluster reads and writes the home under the same path as this process.

    Raises RuntimeError where the client is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise RuntimeError("EFFEKT_ENGINE=spark needs Spark's client: install it with `make spark-setup`") from None
    session = SparkSession.builder.remote(address).getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return ibis.pyspark.connect(session)


def clear(spill: Path) -> None:
    """Remove what DuckDB spilled."""
    shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def connection(spill: Path, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory that spills into the directory `spill`, which is gone when the block ends."""
    con = duckdb.connect(config=options(spill, memory_limit, threads))
    try:
        yield con
    finally:
        con.close()
        clear(spill)
