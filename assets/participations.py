"""The participation tables: all deliveries, assembled with their corrections, withdrawals and quarantine."""

import dagster as dg
import pyarrow as pa

from assets.tables import table_asset
from pipelines.participations import assemble, contact_pair, contact_summary
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


@table_asset(
    "participation.contact_summary",
    group="participations",
    takes={"contacts": "participation.contact", "companies": "participation.company"},
)
def contacts_in_counts(settings: dg.ResourceParam[Settings], contacts: pa.Table, companies: pa.Table) -> pa.Table:
    return contact_summary(contacts, companies, settings.contact_days)


@table_asset("participation.contact_pair", group="participations", takes={"contacts": "participation.contact"})
def contacts_after_others(settings: dg.ResourceParam[Settings], contacts: pa.Table) -> pa.Table:
    return contact_pair(contacts, settings.contact_days)
