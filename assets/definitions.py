"""The table of contents of the Dagster room: every stage's assets, their checks, the nightly job and its schedule.

Belongs here: what there is. A new stage adds its module to STAGES.
"""

import dagster as dg

from assets import chains, checks, effects, findings, matching, nightly, panel, participations, registers, release
from assets.storage import Store
from pipelines.settings import Settings, load_settings

STAGES = (participations, registers, panel, matching, effects, findings, chains, release)


def definitions(settings: Settings) -> dg.Definitions:
    """Everything Dagster knows, for one home."""
    assets = dg.load_assets_from_modules(STAGES)
    return dg.Definitions(
        assets=assets,
        asset_checks=[*checks.contract_checks(assets), *checks.delivery_checks(assets), checks.accounting],
        jobs=[nightly.job],
        schedules=[nightly.schedule],
        resources={
            "settings": settings,
            "io_manager": Store(
                home=str(settings.home), memory_limit=settings.memory_limit, threads=settings.threads,
                spark=settings.spark if settings.engine == "spark" else "",
            ),
        },
        executor=dg.in_process_executor,
    )


defs = definitions(load_settings())
