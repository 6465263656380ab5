"""Files that lie with the keys: written for one user only, and read only where nobody else could have read them.

What such a file holds (a key, a table of numbers) is known elsewhere.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class IdentityError(ValueError):
    """A key, or a file beside it, that cannot be used or made, in one sentence that says what to do."""


def read_secret(path: Path, home: Path, missing: str) -> bytes:
    """The bytes of a secret file. Raises IdentityError when it is missing (`missing` says how to mend that), lies
    inside the home (whose copies and backups may travel), can be reached by others or cannot be read."""
    if not path.is_file():
        raise IdentityError(f"{path} is missing; {missing}")
    refuse_inside(path, home)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise IdentityError(
            f"{path} can be read by others; `chmod 600` it, and draw new keys if others may have seen it"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{path} cannot be read: {error.strerror}") from None


def write_secret(path: Path, content: bytes) -> None:
    """Writes a new file that only its owner can read; an existing one is an error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def replace_secret(path: Path, content: bytes) -> None:
    """Writes a secret file in place of the one before, whole or not at all."""
    aside = path.with_name(f".{path.name}.aside")
    aside.unlink(missing_ok=True)
    write_secret(aside, content)
    os.replace(aside, path)
    sync(path.parent)


@contextmanager
def new_directory(directory: Path) -> Iterator[Path]:
    """A directory beside it (mode 0700) to write secret files into, which takes its place when the block ends; a block
    that fails leaves nothing. The directory itself must be missing or empty."""
    aside = directory.with_name(f".{directory.name}.aside")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    try:
        yield aside
        sync(aside)
        os.rename(aside, directory)
    except Exception:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync(directory.parent)


def refuse_inside(path: Path, home: Path) -> None:
    """Raises IdentityError when a path lies inside the home."""
    if path.resolve().is_relative_to(home.resolve()):
        raise IdentityError(f"{path} lies inside the home; keep keys outside it, in a directory of their own")


def sync(directory: Path) -> None:
    """Waits until the names in a directory are on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
