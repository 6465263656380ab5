"""The participation tables: all deliveries, assembled with their corrections, withdrawals and quarantine."""

import dagster as dg
import pyarrow as pa

from assets.tables import table_asset
from pipelines.participations import assemble
from pipelines.settings import Settings

TABLES = (
    "participation.initiative",
    "participation.project",
    "participation.target",
    "participation.company",
    "participation.person",
    "participation.contact",
    "participation.delivery",
    "participation.quarantine",
)


@table_asset(*TABLES, group="participations")
def participations(settings: dg.ResourceParam[Settings]) -> dict[str, pa.Table]:
    return assemble(settings.home / "deliveries")
