"""The tables of a release: which they are, what each is called in SQL, and the digest of what one says.

Belongs here: what building and auditing must see in the same way.
"""

import duckdb
import pyarrow as pa

from pipelines.release.content import Digest, digest
from schemas import contract as contracts
from schemas.contract import Contract

BATCH = 131_072  # rows that are held in memory at once


def all_tables() -> tuple[Contract, ...]:
    """The contracts of every table in a warehouse, `meta` included."""
    return contracts.contracts("warehouse")


def released_tables() -> tuple[Contract, ...]:
    """The contracts of the tables whose content makes a release; `meta` only tells of them and of the run."""
    return tuple(table for table in all_tables() if not table.name.startswith("meta."))


def qualified(table: Contract) -> str:
    """The table's name in the attached warehouse."""
    schema, name = table.name.split(".")
    return f'warehouse."{schema}"."{name}"'


def key_columns(table: Contract) -> str:
    return ", ".join(f'"{key}"' for key in table.keys)


def content_of(con: duckdb.DuckDBPyConnection, table: Contract) -> Digest:
    """Digest of a table of the attached warehouse in key order. Clock readings (TIMESTAMP columns) are not content."""
    schema = pa.schema([field for field in table.arrow_schema() if not pa.types.is_timestamp(field.type)])
    columns = ", ".join(f'"{field.name}"' for field in schema)
    rows = con.sql(f"SELECT {columns} FROM {qualified(table)} ORDER BY {key_columns(table)}")  # noqa: S608 (contracts)
    return digest(rows.to_arrow_reader(BATCH), schema, table.keys)
