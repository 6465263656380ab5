"""What may be said of a failure: Dagster stores the text of every exception, so none may hold a value of a row.

Belongs here: turning an exception into names and counts. No one handles a failure here.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

ROOMS = ("assets", "pipelines", "schemas")
ROOT = Path(__file__).parents[1]


class StepError(RuntimeError):
    """A step that failed, told by the name of the error and the line that raised it."""


@contextmanager
def without_values(what: str) -> Iterator[None]:
    """Let errors of this project pass (their texts hold names and counts); of any other, only kind and place remain."""
    try:
        yield
    except Exception as error:
        if isinstance(error, duckdb.InterruptException) or "interrupted" in str(error).lower():
            raise KeyboardInterrupt from None  # DuckDB turns the signal into an error like any other
        if speaks_safely(error):
            error.__cause__, error.__suppress_context__ = None, True
            raise
        raise StepError(f"{what}: {type(error).__name__} at {_place(error)}") from None


def speaks_safely(error: BaseException) -> bool:
    """Whether the error's class is one of ours, whose messages never hold a value."""
    return type(error).__module__.split(".")[0] in ROOMS


def _place(error: BaseException) -> str:
    """The last line of this project that the error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT) and ".venv" not in frame.filename]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name} line {last.lineno}, in {last.name}"
