"""Pieces of tables that are kept from run to run, each known by a digest of all that it is made from.

Belongs here: whether a piece still holds, and that it is whole. What is in it does not.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from pipelines.release.files import facts_of, read_manifest, sync_tree, write_manifest
from schemas.contract import load

ENGINES = ("duckdb", "ibis-framework", "numpy", "pyarrow")


@dataclass(frozen=True)
class Part:
    """A piece: the period that it tells of, the digest of what it is made from, and how its files come into a directory."""

    period: str
    key: str
    make: Callable[[Path], None]

    @property
    def directory(self) -> str:
        return f"{self.period}-{self.key[:32]}"


def digest_of(*made_from: str) -> str:
    """One SHA-256, in hexadecimal, of several texts in their order."""
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


def code_version(modules: Sequence[ModuleType], tables: Sequence[str]) -> str:
    """A digest of what computes: the modules' source, the contracts of the tables, and the versions of the engines."""
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in modules]
    columns = [repr([(column.name, str(column.type)) for column in load(table).columns]) for table in tables]
    return digest_of(*sources, *columns, *(f"{name} {version(name)}" for name in ENGINES))


def keep_parts(place: Path, parts: Sequence[Part]) -> list[Path]:
    """The directory of each part under `place`; made where there is none, or one whose bytes are not as they were written.

    A part is whole or not there: it is made aside and then renamed.
    """
    return [_keep(place, part) for part in parts]


def drop_parts(place: Path, parts: Iterable[Part]) -> None:
    """Remove every part under `place` but these: what was made from files that changed or are gone, tries that failed."""
    wanted = {part.directory for part in parts}
    for found in sorted(place.iterdir()) if place.is_dir() else []:
        if found.name not in wanted:
            shutil.rmtree(found)


def _keep(place: Path, part: Part) -> Path:
    path = place / part.directory
    manifest = read_manifest(path)
    if manifest is not None and manifest.get("files") == facts_of(path):
        return path
    aside = place / f".{part.directory}.aside"
    for left in (aside, path):
        shutil.rmtree(left, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        part.make(aside)
        write_manifest(aside, {"files": facts_of(aside)})
        sync_tree(aside)
        os.rename(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return path
