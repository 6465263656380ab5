"""What was learned of extracts and is kept beside their directory, in `imported/`: hashes of the files that were read
through, their rows, and SAS files as Parquet. All of it can be thrown away, and is made again from the extracts.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.registers.extracts import Extract, RegisterError

IMPORTED, NOTES = "imported", "known.json"


@dataclass(frozen=True)
class Known:
    """A file that was read through: size and time of its last change, SHA-256, and rows."""

    bytes: int
    changed: int
    sha256: str
    rows: int


def imported(directory: Path) -> Path:
    """Where what is made of the extracts in a directory lies."""
    return directory.parent / IMPORTED


def recall(directory: Path) -> dict[str, Known]:
    """What is known by the extracts' names; nothing where notes are missing or damaged."""
    try:
        noted = json.loads((imported(directory) / NOTES).read_text(encoding="utf-8"))
        return {name: Known(**facts) for name, facts in noted.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def remember(directory: Path, known: Mapping[str, Known]) -> None:
    """Notes what is known, whole or not at all, and drops converted files that belong to none of it."""
    place = imported(directory)
    place.mkdir(exist_ok=True)
    aside = place / f".{NOTES}.{os.getpid()}"
    aside.write_text(json.dumps({name: asdict(facts) for name, facts in known.items()}, indent=1), encoding="utf-8")
    os.replace(aside, place / NOTES)
    kept = {f"{facts.sha256}.parquet" for facts in known.values()}
    for path in place.glob("*.parquet"):
        if path.name not in kept:
            path.unlink()


def still_known(extract: Extract, known: Mapping[str, Known]) -> Known | None:
    """What is known of the file as it is now; None where it is new or was changed."""
    facts, found = known.get(extract.name), os.stat(extract.path)
    return facts if facts and (facts.bytes, facts.changed) == (found.st_size, found.st_mtime_ns) else None


def known_sum(extract: Extract, known: Mapping[str, Known]) -> str:
    """SHA-256 of the file as it is now, from the notes where they still tell of it; raises as `sum_of`."""
    facts = still_known(extract, known)
    return facts.sha256 if facts else sum_of(extract)


def sum_of(extract: Extract) -> str:
    """SHA-256 of the file's bytes, in hexadecimal. Raises RegisterError where it cannot be read."""
    try:
        with extract.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RegisterError(f"{extract.name} cannot be opened ({error.strerror}): copy the extract again") from None
