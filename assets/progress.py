"""What a person sees while a run is at work: each step as it ends, n of N, with seconds.

Belongs here: listening to Dagster's events and drawing. Nothing here decides anything.
"""

from dataclasses import dataclass, field

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from assets.failures import ROOMS

INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
REFUSED = "DagsterAssetCheckFailedError"  # how Dagster says that a blocking check did not pass


@dataclass
class Progress:
    """Listens to one run. `steps` are the names of the steps that make tables; every other step is a check.

    What it then knows: `rows` by table, `seconds` and `errors` by step, and `refused`, the failed checks
    ("<table>: <check>") with their counts.
    """

    steps: frozenset[str]
    console: Console
    rows: dict[str, int | None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    checks: int = 0
    _made: list[str] = field(default_factory=list)
    _bar: Bar | None = None

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, TimeElapsedColumn(), console=self.console, transient=True)
            self._bar.add_task("starting", total=len(self.steps))
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def hear(self, entry: dg.EventLogEntry) -> None:
        """Take note of one entry of the run's event log."""
        event = entry.dagster_event
        if event is None:
            return
        match event.event_type:
            case DagsterEventType.STEP_START if self._bar:
                self._bar.update(self._bar.task_ids[0], description=event.step_key)
            case DagsterEventType.ASSET_MATERIALIZATION:
                self._note_table(event)
            case DagsterEventType.ASSET_CHECK_EVALUATION:
                self._note_check(event)
            case DagsterEventType.STEP_SUCCESS:
                self._note_success(event)
            case DagsterEventType.STEP_FAILURE if event.step_failure_data.error.cls_name != REFUSED:
                self.errors[event.step_key] = _told(event.step_failure_data.error)

    def _note_table(self, event: DagsterEvent) -> None:
        table = ".".join(event.asset_key.path)
        rows = event.step_materialization_data.materialization.metadata.get("dagster/row_count")
        self.rows[table] = rows.value if rows else None
        self._made.append(table)

    def _note_check(self, event: DagsterEvent) -> None:
        check = event.asset_check_evaluation_data
        self.checks += 1
        if not check.passed:
            self.refused[f"{'.'.join(check.asset_key.path)}: {check.check_name}"] = check.description or "failed"

    def _note_success(self, event: DagsterEvent) -> None:
        seconds = event.step_success_data.duration_ms / 1000
        self.seconds[event.step_key] = seconds
        if event.step_key not in self.steps:
            return
        done = len(self.steps & self.seconds.keys())
        total = sum(self.rows[table] or 0 for table in self._made)
        tables = f"{len(self._made)} tables, " if len(self._made) > 1 else ""
        self._made.clear()
        line = f"{done:3}/{len(self.steps)}  {event.step_key:<28} {seconds:6.1f} s  {tables}{total:,} rows"
        self.console.print(line if total else line.partition(" s ")[0] + " s", highlight=False)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=done)


def _told(error: object) -> str:
    """The innermost error: with its text if it is one of ours, which never hold a value, else only its kind."""
    while error.cause is not None:
        error = error.cause
    if error.cls_name in INTERRUPTED:
        return "interrupted"
    return error.message.strip().partition(": ")[2] if error.message.split(".")[0] in ROOMS else error.cls_name
