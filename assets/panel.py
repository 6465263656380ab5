"""The panel: participations × registers, unit by period, and each unit's cohort."""

import ibis

from assets.storage import Pieces
from assets.tables import table_asset
from pipelines import panel
from schemas.contract import codes

COHORT_TAKES = {"projects": "participation.project"}


def code_table(name: str) -> ibis.Table:
    """A code table of `schemas/codes/`."""
    return ibis.memtable(codes(name))


def prices() -> ibis.Table:
    """The price index: year, index (base year = 100)."""
    table = code_table("price_index")
    return table.select(year=table.year.cast("int32"), index=table["index"].cast("float64"))


@table_asset(
    "panel.firm_year", group="panel",
    takes={"firm": "register.firm", "employment": "register.firm_employment", "succession": "register.succession"},
)
def firm_year(firm: ibis.Table, employment: ibis.Table, succession: ibis.Table) -> ibis.Table:
    places = code_table("industries"), code_table("municipalities")
    return panel.firm_year(firm, employment, *places, prices(), succession)


@table_asset(
    "panel.firm_half_year", group="panel",
    takes={"vat": "register.vat_half_year", "firm_year": "panel.firm_year", "succession": "register.succession"},
)
def firm_half_year(vat: ibis.Table, firm_year: ibis.Table, succession: ibis.Table) -> ibis.Table:
    return panel.firm_half_year(vat, firm_year, prices(), succession)


@table_asset(
    "panel.firm_quarter", group="panel",
    takes={"quarters": "register.firm_quarter", "firm_year": "panel.firm_year", "succession": "register.succession"},
)
def firm_quarter(quarters: ibis.Table, firm_year: ibis.Table, succession: ibis.Table) -> ibis.Table:
    return panel.firm_quarter(quarters, firm_year, prices(), succession)


@table_asset(
    "panel.match_loss",
    group="panel",
    takes={
        "companies": "participation.company", "persons": "participation.person", "firm": "register.firm",
        "population": "register.population", "succession": "register.succession",
    },
)
def match_loss(
    companies: ibis.Table, persons: ibis.Table, firm: ibis.Table, population: ibis.Table, succession: ibis.Table
) -> ibis.Table:
    return panel.match_loss(companies, persons, firm, population, succession)


@table_asset(
    "panel.person_quarter",
    group="panel",
    takes={
        "population": "register.population", "employment": "register.person_employment", "education": "register.education",
    },
)
def person_quarter(population: ibis.Table, employment: ibis.Table, education: ibis.Table) -> Pieces:
    return Pieces(tuple(panel.person_quarter_by_year(population, employment, education, prices())))


@table_asset(
    "panel.company_cohort", group="panel",
    takes={"companies": "participation.company", "succession": "register.succession", **COHORT_TAKES},
)
def company_cohort(companies: ibis.Table, succession: ibis.Table, projects: ibis.Table) -> ibis.Table:
    cohorts = panel.company_cohort(panel.follow(companies, succession), projects, prices())
    return panel.add_crosses_break(cohorts, code_table("breaks"))


@table_asset("panel.person_cohort", group="panel", takes={"persons": "participation.person", **COHORT_TAKES})
def person_cohort(persons: ibis.Table, projects: ibis.Table) -> ibis.Table:
    return panel.person_cohort(persons, projects)


@table_asset(
    "panel.entry", group="panel",
    takes={"companies": "participation.company", "persons": "participation.person", "succession": "register.succession"},
)
def entry(companies: ibis.Table, persons: ibis.Table, succession: ibis.Table) -> ibis.Table:
    return panel.entry(panel.follow(companies, succession), persons)
