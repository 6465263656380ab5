"""Register extracts drawn on disk: a file of a few rows under its register's contract."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contract import load

WEEKS = ("Y_1452", "Y_1501", "Y_1502", "Y_1503")
EVERY = ("FIRM2015", "BFL201512", "BEF201512", "UDDA201509")


def table(register: str, **cells: object) -> pa.Table:
    """One row of a register; what is not given is missing."""
    columns = {column.name: pa.nulls(1, column.type) for column in load(f"registers.{register}").columns}
    if register == "DREAM":
        columns |= {name: pa.nulls(1, pa.string()) for name in WEEKS}
    columns |= {column: value if isinstance(value, pa.Array) else pa.array([value]) for column, value in cells.items()}
    return pa.table(columns)


def put(directory: Path, name: str, register: str, **cells: object) -> Path:
    """A Parquet file of one row, its pages with checksums; the name may begin with the directory of a publication."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(register, **cells), path, write_page_checksum=True)
    return path


def put_every(directory: Path) -> Path:
    """A directory with the registers that a run needs, one file each."""
    for name in EVERY:
        put(directory, f"{name}.parquet", name.rstrip("0123456789"))
    return directory
