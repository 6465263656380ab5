"""Writing so that a crash leaves the old state or the new one: aside, fsync, rename. What is written is decided
elsewhere."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contract import Contract

ASIDE = ".aside"  # beside deliveries/, so that no reader of deliveries ever meets it
# Raw columns: the name under which their pseudonyms are stored, and the domain whose key makes them.
STORED_AS = {"cvr": ("company", "company"), "cpr": ("person", "person"), "employer_cvr": ("employer", "company")}
ACCEPTED, QUARANTINED, RECEIPT = "accepted.parquet", "quarantined.parquet", "receipt.json"


class DamagedDelivery(ValueError):
    """A stored delivery that is not as it was written."""


def stored_schema(contract: Contract) -> pa.Schema:
    """The columns of accepted.parquet: those of the contract without free text, raw numbers under the name of their
    pseudonym, and the row's number in the file."""
    kept = [column for column in contract.columns if column.classification != "free_text"]
    return pa.schema(
        [(STORED_AS.get(column.name, (column.name,))[0], column.type) for column in kept] + [("row", pa.int32())]
    )


def write_delivery(directory: Path, accepted: pa.Table, findings: pa.Table, receipt: dict[str, object]) -> None:
    """Writes accepted.parquet, quarantined.parquet and receipt.json as `directory`, whole or not at all; an existing
    directory is an error. Call it while the home is locked: what earlier crashes left aside is swept first."""
    aside = directory.parent.parent / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    staged = aside / directory.name
    staged.mkdir(parents=True)
    try:
        hashes = {
            name: _write_table(staged / name, table) for name, table in ((ACCEPTED, accepted), (QUARANTINED, findings))
        }
        _write(
            staged / RECEIPT,
            (json.dumps({**receipt, "sha256": hashes}, indent=2, ensure_ascii=False) + "\n").encode("utf-8"),
        )
        _sync(staged)
        directory.parent.mkdir(parents=True, exist_ok=True)
        os.rename(staged, directory)
        _sync(directory.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read_delivery(directory: Path) -> tuple[dict[str, object], pa.Table, pa.Table]:
    """Receipt, accepted rows and findings of a stored delivery. Raises DamagedDelivery."""
    try:
        receipt = json.loads((directory / RECEIPT).read_bytes())
        contents = {name: (directory / name).read_bytes() for name in (ACCEPTED, QUARANTINED)}
        if any(hashlib.sha256(content).hexdigest() != receipt["sha256"][name] for name, content in contents.items()):
            raise ValueError
        accepted, findings = (pq.read_table(pa.BufferReader(content)) for content in contents.values())
    except (OSError, ValueError, KeyError, TypeError):
        raise DamagedDelivery(
            f"delivery {directory.name} is incomplete or damaged; remove it and deliver its file again"
        ) from None
    return receipt, accepted, findings


def write_aside(path: Path, content: bytes) -> None:
    """Replaces a small file by rename."""
    staged = path.with_name(path.name + ".new")
    _write(staged, content)
    os.replace(staged, path)
    _sync(path.parent)


def append_line(path: Path, line: dict[str, object]) -> None:
    """Adds one line of JSON to a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as log:
        log.write((json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8"))
        log.flush()
        os.fsync(log.fileno())


def _write_table(path: Path, table: pa.Table) -> str:
    """Writes a table, each page with its checksum; the file's SHA-256."""
    with pa.BufferOutputStream() as sink:
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        content = sink.getvalue()
    _write(path, content)
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
