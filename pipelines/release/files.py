"""A release as files: where the current one lies, what reaches the disk, and the manifest that names every hash.

Belongs here: bytes and names. What the bytes mean does not.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"


class ReleaseError(RuntimeError):
    """A release that cannot be built or found, in one sentence with names and counts only."""


def current(home: Path) -> Path:
    """Directory of the current release. Raises ReleaseError where nothing has been published yet."""
    link = home / "releases" / "current"
    if not link.is_dir():
        raise ReleaseError(f"there is no release in {home} yet: run `effekt run`")
    return link.resolve()


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a directory, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(directory: Path) -> None:
    """Wait until every file and name under a directory is on disk."""
    for path in sorted(directory.rglob("*"), reverse=True):
        sync(path)
    sync(directory)


def facts_of(directory: Path) -> dict[str, dict[str, object]]:
    """Size and SHA-256 of every file under a directory but its manifest, by relative path."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path != directory / MANIFEST)
    return {str(path.relative_to(directory)): {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in files}


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(directory: Path, manifest: Mapping[str, object]) -> None:
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(directory: Path) -> dict[str, object] | None:
    """The manifest of a release, or None where there is none that can be read."""
    try:
        content = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def drop_stale(releases: Path) -> None:
    """Remove what builds of processes that no longer live have left; a running build of another process stays."""
    for left in (*releases.glob(".building-*"), *releases.glob(".current-*")):
        if not _lives_elsewhere(left.name.rpartition("-")[2]):
            left.unlink() if left.is_symlink() else shutil.rmtree(left)


def _lives_elsewhere(owner: str) -> bool:
    if not owner.isdigit() or int(owner) == os.getpid():
        return False
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
