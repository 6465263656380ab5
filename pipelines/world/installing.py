"""Puts a world into a home all at once: one that was killed halfway leaves nothing that could pass for a whole one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".world-part"
TRUTH, BESIDE_TRUTH = "truth.parquet", ("displaced.parquet",)


@contextmanager
def installing(home: Path) -> Iterator[Path]:
    """A directory in the home to write `registers/` and `world/` (the truth in it) into, which take their place at the end.

    A block that fails leaves the home as it was. What a killed world left behind is thrown away by the next.
    """
    part = home / PART
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        _take_their_place(part, home)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _take_their_place(part: Path, home: Path) -> None:
    """The registers as a whole, never mixed with an older world's; the truth last, never beside other registers."""
    for name in (TRUTH, *BESIDE_TRUTH):
        (home / "world" / name).unlink(missing_ok=True)
    if (home / "registers").exists():
        (home / "registers").rename(part / "replaced")
    (part / "registers").rename(home / "registers")
    (home / "world").mkdir(exist_ok=True)
    for name in BESIDE_TRUTH:
        if (part / "world" / name).exists():
            (part / "world" / name).rename(home / "world" / name)
    (part / "world" / TRUTH).rename(home / "world" / TRUTH)
