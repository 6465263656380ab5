"""Writing so that a crash leaves the old state or the new one: aside, fsync, rename. What is written is decided
elsewhere."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contract import Contract

ASIDE = ".aside"  # beside deliveries/, so that no reader of deliveries ever meets it
CHANGE, COMMIT = ".change", "commit.json"  # where a change of many files is made ready, and what says that it is
# Raw columns: the name under which their pseudonyms are stored, and the domain whose key makes them.
STORED_AS = {"cvr": ("company", "company"), "cpr": ("person", "person"), "employer_cvr": ("employer", "company")}
ACCEPTED, QUARANTINED, RECEIPT = "accepted.parquet", "quarantined.parquet", "receipt.json"


class DamagedDelivery(ValueError):
    """A stored delivery that is not as it was written."""


class Change:
    """Files of a home that are replaced and removed together, once `changing` commits them; paths are relative to the
    home."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._replaced: dict[str, str] = {}
        self._removed: list[str] = []

    def stage(self, target: str) -> Path:
        """A place to write the new content of a file to; it waits there until the change is committed."""
        name = self._replaced.setdefault(target, f"{len(self._replaced)}-{Path(target).name}")
        return self._place / name

    def write(self, target: str, content: bytes) -> None:
        _write(self.stage(target), content)

    def remove(self, target: str) -> None:
        """A file or directory goes with the change, if it is there."""
        self._removed.append(target)

    def commit(self) -> None:
        """From the moment that the commit file has its name, the change happens, however often it is interrupted."""
        orders = {"replace": [[name, target] for target, name in self._replaced.items()], "remove": self._removed}
        sync(self._place)
        write_aside(self._place / COMMIT, (json.dumps(orders) + "\n").encode("utf-8"))


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
        for name, content in delivery_files(accepted, findings, receipt).items():
            _write(staged / name, content)
        sync(staged)
        directory.parent.mkdir(parents=True, exist_ok=True)
        os.rename(staged, directory)
        sync(directory.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def delivery_files(accepted: pa.Table, findings: pa.Table, receipt: dict[str, object]) -> dict[str, bytes]:
    """The files of a delivery by name; its receipt holds the SHA-256 of the others."""
    files = {ACCEPTED: _as_parquet(accepted), QUARANTINED: _as_parquet(findings)}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps({**receipt, "sha256": hashes}, indent=2, ensure_ascii=False) + "\n"
    return {**files, RECEIPT: text.encode("utf-8")}


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
    try:
        _write(staged, content)
        os.replace(staged, path)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
    sync(path.parent)


def append_line(path: Path, line: dict[str, object]) -> None:
    """Adds one line of JSON to a log, or leaves it as it was. Call it while the home is locked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", buffering=0) as log:
        before = log.tell()
        try:
            content = as_line(line)
            if log.write(content) != len(content):
                raise OSError(errno.ENOSPC, "the log cannot be written to its end")
            os.fsync(log.fileno())
        except OSError:
            log.truncate(before)
            raise


def as_line(line: dict[str, object]) -> bytes:
    """A line of a log."""
    return (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8")


@contextmanager
def changing(home: Path) -> Iterator[Change]:
    """A change of many files of a home: all of it or nothing. Call it while the home is locked.

    An error before the commit leaves the home as it was; a process that is killed leaves the old state, or one that
    `settle` completes.
    """
    settle(home)
    place = home / CHANGE
    place.mkdir()
    change = Change(place)
    try:
        yield change
        change.commit()
    except Exception:
        _give_up(place)
        raise
    settle(home)


def settle(home: Path) -> None:
    """Completes a change that was committed, throws one away that was not. Call it while the home is locked."""
    place = home / CHANGE
    if not place.exists():
        return
    if (place / COMMIT).exists():
        orders = json.loads((place / COMMIT).read_bytes())
        for name, target in orders["replace"]:
            if (place / name).exists():
                os.replace(place / name, home / target)
        for target in orders["remove"]:
            _remove(home / target)
        touched = {(home / target).parent for target in (*orders["remove"], *(to for _, to in orders["replace"]))}
        for directory in sorted(one for one in touched if one.exists()):
            sync(directory)
    _give_up(place)
    sync(home)


def sync(directory: Path) -> None:
    """Waits until the names in a directory are on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _give_up(place: Path) -> None:
    """Throws a prepared change away; the commit first, so that no half of it is ever taken for a whole."""
    for name in (COMMIT, f"{COMMIT}.new"):
        (place / name).unlink(missing_ok=True)
    sync(place)
    shutil.rmtree(place)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _as_parquet(table: pa.Table) -> bytes:
    """A Parquet file, each page with its checksum."""
    with pa.BufferOutputStream() as sink:
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        return sink.getvalue()


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
