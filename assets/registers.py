"""The register tables: extracts read under contract, up to the as-of date, with the project's own names."""

import dagster as dg
import ibis

from assets.tables import table_asset
from pipelines import registers
from pipelines.participations import withdraw_from_new_extracts
from pipelines.release import engine
from pipelines.settings import Settings
from schemas.contract import codes

SettingsParam = dg.ResourceParam[Settings]


def extracts(settings: Settings, register: str) -> ibis.Table:
    """All periods of one register that were known by the as-of date, on a connection within the run's limits."""
    withdraw_from_new_extracts(settings.home, keys=settings.keys, in_run=True)
    options = engine.options(settings.home / "tmp" / register, settings.memory_limit, settings.threads)
    return registers.read_extracts(ibis.duckdb.connect(**options), settings.home / "registers", register, settings.as_of)


@table_asset("register.firm", group="registers")
def firm(settings: SettingsParam) -> ibis.Table:
    return registers.import_firm(extracts(settings, "FIRM"))


@table_asset("register.firm_employment", group="registers")
def firm_employment(settings: SettingsParam) -> ibis.Table:
    return registers.import_firm_employment(extracts(settings, "BFL"))


@table_asset("register.person_employment", group="registers")
def person_employment(settings: SettingsParam) -> ibis.Table:
    return registers.import_person_employment(extracts(settings, "BFL"))


@table_asset("register.population", group="registers")
def population(settings: SettingsParam) -> ibis.Table:
    return registers.import_population(extracts(settings, "BEF"))


@table_asset("register.education", group="registers")
def education(settings: SettingsParam) -> ibis.Table:
    return registers.import_education(extracts(settings, "UDDA"), ibis.memtable(codes("education_groups")))
