"""Looks at every extract that a run reads before anything is computed, and tells what they were: `meta.extract`.

A file is read through once, page by page, and known by its hash from then on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.registers.dream import week_names
from pipelines.registers.extracts import Extract, RegisterError, chosen_extracts
from pipelines.registers.known import Known, recall, remember, still_known, sum_of
from pipelines.registers.reading import damaged, spelled_columns
from pipelines.registers.sas import parquet_of
from schemas.contract import load

KEYS = "keys.json"                   # beside extracts: the ids of the keys that their pseudonyms were made with
CELLS = 4_000_000                    # held in memory while a file is read through
DOMAINS = {"company": ("FIRM", "LONG_DEMO", "FIKS", "BFL"), "person": ("BFL", "BEF", "UDDA", "AKM", "DREAM")}


@dataclass(frozen=True)
class Read:
    """An extract that was read through and is what its contract says: rows, size in bytes, and the file's SHA-256."""

    extract: Extract
    rows: int
    bytes: int
    sha256: str


def check_extracts(directory: Path, as_of: date | None = None, key_ids: Mapping[str, str] | None = None) -> tuple[Read, ...]:
    """Look at every extract that a run up to `as_of` would read; nothing is computed.

    `key_ids` are the ids of the deliveries' keys by domain (company, person). Raises RegisterError as `find_extracts`
    and `read_extracts` do, for a file whose pages are not those that were written, and for one whose directory says in
    `keys.json` that its pseudonyms were made with other keys.
    """
    chosen = chosen_extracts(directory, as_of)
    for extract in chosen:
        _require_keys(extract, directory, key_ids or {})
    before = recall(directory)
    known = {}
    try:
        for extract in chosen:
            known[extract.name] = still_known(extract, before) or _read_through(extract)
            _columns(extract, parquet_of(extract))
    finally:
        kept = {name: facts for name, facts in before.items() if (directory / name).exists()}
        if known and {**kept, **known} != before:
            remember(directory, {**kept, **known})
    facts = ((extract, known[extract.name]) for extract in chosen)
    return tuple(Read(extract, found.rows, found.bytes, found.sha256) for extract, found in facts)


def manifest(read: tuple[Read, ...]) -> pa.Table:
    """`meta.extract`: one row an extract that was read."""
    rows = [
        {
            "register": one.extract.register, "period": one.extract.period, "file": one.extract.name,
            "published": one.extract.published, "preliminary": one.extract.preliminary,
            "rows": one.rows, "bytes": one.bytes, "sha256": one.sha256,
        }
        for one in sorted(read, key=lambda one: (one.extract.register, one.extract.period))
    ]
    return load("meta.extract").conform(pa.Table.from_pylist(rows))


def _read_through(extract: Extract) -> Known:
    """Every page that will be read, its checksum verified where it has one; the rows must be as many as the end says."""
    found = extract.path.stat()
    sha256 = sum_of(extract)
    path = parquet_of(extract)
    names = _columns(extract, path)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            size = max(CELLS // len(names), 1)
            rows = sum(batch.num_rows for batch in file.iter_batches(size, columns=names))
            whole = rows == file.metadata.num_rows
    except Exception:                # a damaged page breaks in any way; its text would show what stands in the file
        raise damaged(extract) from None
    if not whole:
        raise damaged(extract)
    return Known(found.st_size, found.st_mtime_ns, sha256, rows)


def _columns(extract: Extract, path: Path) -> list[str]:
    """The columns that will be read, as the file spells them."""
    names = list(spelled_columns(extract, path).values())
    return names + list(week_names(extract, path)) if extract.register == "DREAM" else names


def _require_keys(extract: Extract, directory: Path, key_ids: Mapping[str, str]) -> None:
    """The nearest note of keys, in the publication's own directory or in that of all, names the deliveries' keys."""
    places = (place / KEYS for place in (extract.path.parent, directory))
    note = next((path for path in places if path.is_file()), None)
    if note is None:
        return
    where = note.relative_to(directory)
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        used = {domain: told[domain] for domain in told.keys() & DOMAINS.keys()}
    except (OSError, ValueError, AttributeError):
        raise RegisterError(f"{where} cannot be read: it is JSON with the key ids of company and person") from None
    differing = [
        domain for domain, found in sorted(used.items())
        if extract.register in DOMAINS[domain] and domain in key_ids and found != key_ids[domain]
    ]
    if differing:
        raise RegisterError(
            f"{extract.name} holds pseudonyms of another {' and '.join(differing)} key than the deliveries' ({where} says "
            "so): ask for the extract under the project's keys"
        )
