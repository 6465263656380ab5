"""A small room of assets: one drawn table, one made from it, and a home to keep them in."""

from pathlib import Path

import dagster as dg
import pyarrow as pa

from assets import checks, nightly
from assets.storage import Store
from pipelines.settings import Settings

CANARY = "0101781234"  # a text that must never leave a row

TOTALS = pa.table({
    "event_time": pa.array([0, 1, 2], pa.int32()),
    "n_treated": pa.array([3, 3, 2], pa.int32()),
    "n_not_estimated": pa.array([0, 0, 1], pa.int32()),
    "net": pa.array([1.0, None, 2.5]),
})


def room(home: Path, *assets: dg.AssetsDefinition, **others) -> dg.Definitions:
    """Definitions of these assets with their contract checks (or others), as definitions.py makes them for all."""
    return dg.Definitions(
        assets=assets,
        asset_checks=others.get("checks", checks.contract_checks(assets)),
        jobs=[nightly.job],
        resources={"settings": Settings(home=home), "io_manager": Store(home=str(home))},
        executor=dg.in_process_executor,
    )


def run(definitions: dg.Definitions, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
    job = definitions.resolve_job_def("nightly")
    with instance or dg.DagsterInstance.ephemeral() as used:
        return job.execute_in_process(run_config=nightly.QUIET, instance=used, raise_on_error=False)
