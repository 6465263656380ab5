"""The nightly job, its schedule, and the same job run from a terminal: `python -m assets.nightly`.

Belongs here: launching, and what is said of the outcome. What the job computes is the assets'.
"""

import argparse
import json
import sys
import time
import uuid
from pathlib import Path

import dagster as dg
from rich.console import Console

from assets.lock import HomeInUseError, hold
from assets.progress import Progress
from pipelines.settings import Settings, SettingsError, load_settings

INSTANCE = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
    "concurrency": {"runs": {"max_concurrent_runs": 1}, "pools": {"granularity": "op"}},
}  # dagster.yaml says the same where no home was named
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

job = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Everything from deliveries and register extracts to a published release.",
)
schedule = dg.ScheduleDefinition(
    name="every_night",
    job=job,
    cron_schedule="30 4 * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At 04:30, an hour that no change to or from summer time skips or repeats.",
)


def dagster_home(home: Path) -> Path:
    """Where the home keeps its run history: a DAGSTER_HOME, made with its settings if it is new."""
    place = (home / "dagster").resolve()
    place.mkdir(parents=True, exist_ok=True)
    settings = place / "dagster.yaml"
    if not settings.exists():
        settings.write_text(json.dumps(INSTANCE, indent=2) + "\n", encoding="utf-8")  # JSON is YAML
    return place


def run(defs: dg.Definitions, instance: dg.DagsterInstance, console: Console) -> tuple[Progress, bool]:
    """Run the nightly job of `defs` in this process; what was heard of it, and whether everything succeeded."""
    made_by = {asset.op.name for asset in defs.resolve_asset_graph().assets_defs if asset.is_executable and asset.keys}
    run_id = str(uuid.uuid4())
    with Progress(frozenset(made_by), console) as progress:
        instance.add_event_listener(run_id, progress.hear)
        nightly = defs.resolve_job_def("nightly")
        result = nightly.execute_in_process(run_config=QUIET, instance=instance, raise_on_error=False, run_id=run_id)
    return progress, result.success


def main(given: list[str] | None = None) -> int:
    """Run the nightly job in this process. Returns 0, or 1 after one sentence on standard error."""
    asked = _arguments(given)
    console = Console(stderr=True)
    started = time.monotonic()
    try:
        settings = load_settings(home=asked.home, keys=asked.keys, as_of=asked.as_of)
        if not settings.home.is_dir():
            return _fail(f"there is no home at {settings.home}: `effekt pseudonymise` makes one")
        with hold(settings.home):
            progress, success = _run_in(settings, asked.ephemeral, console)
    except (SettingsError, HomeInUseError) as error:
        return _fail(str(error))
    seconds = time.monotonic() - started
    if asked.json:
        print(json.dumps(_summary(settings, progress, success, seconds), ensure_ascii=False))
    if not success:
        history = settings.home / "dagster"
        release = "a new release is out all the same" if "release" in progress.rows else "the release stays as it was"
        return _fail(f"{_reason(progress)}; {release}, the run's history is in {history}")
    checking = sum(progress.seconds.values()) - sum(progress.seconds.get(step, 0) for step in progress.steps)
    console.print(f"{progress.checks} checks passed ({checking:.1f} s); {seconds:.0f} s in all", highlight=False)
    return 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assets.nightly", description="Run the nightly job here.")
    parser.add_argument("--home", type=Path, help="where everything lies (EFFEKT_HOME)")
    parser.add_argument("--keys", type=Path, help="directory of the key files (EFFEKT_KEYS)")
    parser.add_argument("--as-of", help="YYYY-MM-DD; without it, the last date in the data")
    parser.add_argument("--ephemeral", action="store_true", help="keep no run history")
    parser.add_argument("--json", action="store_true", help="a summary on standard output")
    return parser.parse_args(given)


def _run_in(settings: Settings, ephemeral: bool, console: Console) -> tuple[Progress, bool]:
    from assets.definitions import definitions

    place = dagster_home(settings.home)
    with dg.DagsterInstance.ephemeral() if ephemeral else dg.DagsterInstance.from_config(str(place)) as instance:
        return run(definitions(settings), instance, console)


def _summary(settings: Settings, progress: Progress, success: bool, seconds: float) -> dict[str, object]:
    link = settings.home / "releases" / "current"
    return {
        "success": success,
        "release": link.resolve().name if link.exists() else None,
        "rows": progress.rows,
        "seconds": {step: round(spent, 3) for step, spent in progress.seconds.items()} | {"all": round(seconds, 3)},
        "checks": progress.checks,
        "refused": progress.refused,
        "errors": progress.errors,
    }


def _reason(progress: Progress) -> str:
    """What went wrong, in one clause: refused checks first, since what they stop fails for no reason of its own."""
    for failures, words in ((progress.refused, "the check {} refused it ({})"), (progress.errors, "{} failed ({})")):
        if failures:
            first, *others = (words.format(what, why) for what, why in failures.items())
            return f"{first} and {len(others)} more" if others else first
    return "the run ended before its first step"


def _fail(sentence: str) -> int:
    print(f"effekt: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
