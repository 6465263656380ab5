"""Kills a process at its n-th step on the disk: from there on nothing is done any more, not even what cleans up."""

import os
from collections.abc import Callable

import pytest

STEPS = ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir")


class Killed(BaseException):
    """The process is gone. No `except Exception` meets it, and every later step on the disk raises it again."""


def killed_at(patch: pytest.MonkeyPatch, step: int) -> None:
    """The step-th of STEPS (counted over all of them) and every one after it raise Killed."""
    _counted(patch, step)


def steps_of(patch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    """How many steps the work takes when nobody kills it."""
    with patch.context() as counting:
        done = _counted(counting, None)
        work()
    return done[0]


def _counted(patch: pytest.MonkeyPatch, last: int | None) -> list[int]:
    """Counts steps; syncs are counted and not waited for."""
    done = [0]

    def counted(what):
        def call(*given, **named):
            done[0] += 1
            if last is not None and done[0] >= last:
                raise Killed
            return None if what is os_fsync else what(*given, **named)

        return call

    os_fsync = os.fsync
    for name in STEPS:
        patch.setattr(os, name, counted(getattr(os, name)))
    return done
