"""The register tables: extracts read under contract, up to the as-of date, with the project's own names."""

from functools import partial

import dagster as dg
import ibis
import pyarrow as pa

from assets.employment import keep_employment, read_kept
from assets.tables import table_asset
from pipelines import registers
from pipelines.participations import open_home, withdraw_from_new_extracts
from pipelines.registers import job_sums
from pipelines.release import engine
from pipelines.settings import Settings
from schemas.contract import codes, load

SettingsParam = dg.ResourceParam[Settings]


READ_FROM = {
    "register.firm": ("FIRM",),
    "register.firm_employment": ("BFL",),
    "register.firm_quarter": ("BFL",),
    "register.person_employment": ("BFL",),
    "register.population": ("BEF",),
    "register.education": ("UDDA",),
    "register.succession": ("LONG_DEMO", "FIRM"),
    "register.vat_half_year": ("FIKS",),
    "register.benefit": ("DREAM",),
}  # which registers each table is made from

BFL_SUMS = (
    registers.import_firm_employment, registers.import_firm_quarter, registers.import_person_employment,
)  # by Ibis, on any engine: what job_sums makes on one machine


def connect(settings: Settings, register: str) -> ibis.BaseBackend:
    """Spark where the settings say so; else DuckDB within the run's limits, which spills to a place of the register's own."""
    if settings.engine == "spark":
        return engine.spark(settings.spark)
    options = engine.options(settings.home / "tmp" / register, settings.memory_limit, settings.threads)
    return ibis.duckdb.connect(**options)


def extracts(settings: Settings, register: str, con: ibis.BaseBackend | None = None) -> ibis.Table:
    """All periods of one register that were known by the as-of date."""
    withdraw_from_new_extracts(settings.home, keys=settings.keys, in_run=True)
    con = con or connect(settings, register)
    return registers.read_extracts(con, settings.home / "registers", register, settings.as_of)


def firms(settings: Settings, con: ibis.BaseBackend | None = None) -> ibis.Table:
    """The register of firms, its municipalities those of today."""
    return registers.import_firm(extracts(settings, "FIRM", con), ibis.memtable(codes("municipalities_before_2007")))


def delivered(settings: Settings, register: str) -> bool:
    """Whether an optional register is there; without it the tables made from it are empty."""
    return registers.has_extracts(settings.home / "registers", register, settings.as_of)


def empty(name: str) -> ibis.Table:
    """The table without a row."""
    return ibis.memtable(load(name).arrow_schema().empty_table())


@table_asset("meta.extract", group="registers")
def extract(settings: SettingsParam) -> pa.Table:
    withdraw_from_new_extracts(settings.home, keys=settings.keys, in_run=True)
    key_ids = open_home(settings.home, settings.synthetic).key_ids
    return registers.manifest(registers.check_extracts(settings.home / "registers", settings.as_of, key_ids))


@table_asset("register.firm", group="registers", deps=["meta.extract"])
def firm(settings: SettingsParam) -> ibis.Table:
    return firms(settings)


@table_asset(*job_sums.TABLES, group="registers", deps=["meta.extract"])
def employment(settings: SettingsParam) -> dict[str, ibis.Table]:
    withdraw_from_new_extracts(settings.home, keys=settings.keys, in_run=True)
    if settings.engine == "spark":
        bfl = extracts(settings, "BFL")
        return {name: make(bfl) for name, make in zip(job_sums.TABLES, BFL_SUMS, strict=True)}
    kept = keep_employment(settings.home, settings.as_of, partial(connect, settings, "BFL"))
    con = connect(settings, "BFL")
    return {name: read_kept(con, kept, name) for name in job_sums.TABLES}


@table_asset("register.population", group="registers", deps=["meta.extract"])
def population(settings: SettingsParam) -> ibis.Table:
    return registers.import_population(extracts(settings, "BEF"))


@table_asset("register.education", group="registers", deps=["meta.extract"])
def education(settings: SettingsParam) -> ibis.Table:
    return registers.import_education(extracts(settings, "UDDA"), ibis.memtable(codes("education_groups")))


@table_asset("register.succession", group="registers", deps=["meta.extract"])
def succession(settings: SettingsParam) -> ibis.Table:
    if not delivered(settings, "LONG_DEMO"):
        return empty("register.succession")
    con = connect(settings, "LONG_DEMO")
    return registers.succession(extracts(settings, "LONG_DEMO", con), firms(settings, con))


@table_asset("register.vat_half_year", group="registers", deps=["meta.extract"])
def vat_half_year(settings: SettingsParam) -> ibis.Table:
    if not delivered(settings, "FIKS"):
        return empty("register.vat_half_year")
    return registers.import_vat(extracts(settings, "FIKS"))


@table_asset("register.benefit", group="registers", deps=["meta.extract"])
def benefit(settings: SettingsParam) -> pa.RecordBatchReader:
    if not delivered(settings, "DREAM"):
        return load("register.benefit").arrow_schema().empty_table().to_reader()
    withdraw_from_new_extracts(settings.home, keys=settings.keys, in_run=True)
    return registers.benefit_spells(settings.home / "registers", settings.as_of)
