"""Makes a finished building the current release, by two renames: a reader sees the old release or the new one.

Belongs here: manifest, names, symlink. What a release holds is building's; whether it is sound is audit's.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pipelines.release.audit import damaged_files
from pipelines.release.building import Building
from pipelines.release.files import facts_of, read_manifest, sync, sync_tree, write_manifest


@dataclass(frozen=True)
class Release:
    """A published release; `kept` says that one with the same content was there already and stays as it was."""

    id: str
    path: Path
    content_hash: str
    kept: bool


def publish(building: Building) -> Release:
    """Name the building by its as-of date and content, and point `releases/current` at it.

    A sound release of that name from the same extracts is kept as it is; beside a damaged one, or one from other
    publications of the registers, the new one takes the name with `-2`, `-3`, …, so that nothing that a reader may hold is ever touched.
    """
    releases = building.path.parent
    place = next(place for place in _names(releases, building.id) if not place.exists() or _is_sound(place, building))
    kept = place.exists()
    if kept:
        shutil.rmtree(building.path)
    else:
        write_manifest(building.path, _manifest(building, place.name))
        sync_tree(building.path)
        building.path.rename(place)
        sync(releases)
    _point_current_at(place)
    return Release(place.name, place, building.content_hash, kept)


def _names(releases: Path, wanted: str) -> Iterator[Path]:
    yield releases / wanted
    for attempt in count(2):
        yield releases / f"{wanted}-{attempt}"


def _is_sound(place: Path, building: Building) -> bool:
    manifest = read_manifest(place) or {}
    same = manifest.get("content_hash") == building.content_hash and manifest.get("extracts") == _extracts(building)
    return same and not damaged_files(place)


def _extracts(building: Building) -> str | None:
    return building.extracts.sha256 if building.extracts else None


def _point_current_at(place: Path) -> None:
    aside = place.parent / f".current-{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(place.name)
    os.replace(aside, place.parent / "current")
    sync(place.parent)


def _manifest(building: Building, name: str) -> dict[str, object]:
    """What a release claims of itself. No clock reading: the same content gives the same claims about it."""
    return {
        "id": name,
        "as_of": building.as_of.isoformat(),
        "content_hash": building.content_hash,
        "version": building.facts.version,
        "synthetic": building.facts.synthetic,
        "key_ids": list(building.facts.key_ids),
        "extracts": _extracts(building),
        "tables": {table: {"rows": found.rows, "sha256": found.sha256} for table, found in building.digests.items()},
        "files": facts_of(building.path),
    }
