"""One run at a time in a home: a lock that the operating system frees when its process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_held: set[Path] = set()  # by this process, whose own steps may ask again


class HomeInUseError(RuntimeError):
    """Another run is at work in the home."""


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Hold the home's lock (`run.lock`) during the block. Raises HomeInUseError if another process has it."""
    path = home.resolve() / "run.lock"
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise HomeInUseError(
                f"another run (process {file.read().strip() or 'unknown'}) is at work in {home}: wait for it to end"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
