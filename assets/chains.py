"""The chains: jobs from gross to net, displacement, and every type's effect chain held against its targets."""

from datetime import date

import dagster as dg
import ibis
import pandas as pd

from assets.storage import numeric
from assets.tables import table_asset
from pipelines import chains, panel, registers
from pipelines.settings import Settings
from schemas.contract import codes

FTE = {"gross": "effect.gross", "group_time": "effect.group_time", "influence": "effect.influence"}
COMPETITORS = ("company", "year", "alive", "fte", "section", "commuting_area")


def as_of(settings: Settings) -> date:
    """The as-of date of the run: the one asked for, or the last date in the register of firms."""
    return settings.as_of or registers.last_date(settings.home / "registers")


@table_asset("effect.jobs", group="chains", takes=FTE)
def jobs(gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame) -> pd.DataFrame:
    return chains.jobs_by_event_time(gross, group_time, influence)


@table_asset("effect.jobs_by_year", group="chains", takes=FTE)
def jobs_by_year(gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame) -> pd.DataFrame:
    return chains.jobs_by_year(gross, group_time, influence)


@table_asset(
    "effect.total", group="chains",
    takes={**FTE, "jobs": "effect.jobs", "companies": "participation.company", "succession": "register.succession"},
)
def total(
    gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame, jobs: pd.DataFrame, companies: ibis.Table,
    succession: ibis.Table,
) -> pd.DataFrame:
    first = panel.follow(companies, succession).select("company", "initiative_type", "start", "project")
    return chains.jobs_in_total(gross, group_time, influence, jobs, first.to_pandas())


@table_asset(
    "effect.displacement", group="chains", takes={"firm_year": "panel.firm_year", "company_cohort": "panel.company_cohort"}
)
def displacement(firm_year: ibis.Table, company_cohort: pd.DataFrame) -> pd.DataFrame:
    return chains.measure_displacement(numeric(firm_year, *COMPETITORS), company_cohort)


@table_asset("chain.link", group="chains")
def link() -> pd.DataFrame:
    return chains.chain_links(codes("chain_links").to_pandas(), codes("indicators").to_pandas())


@table_asset(
    "chain.result",
    group="chains",
    takes={
        "links": "chain.link", "targets": "participation.target", "projects": "participation.project",
        "companies": "participation.company", "persons": "participation.person", "summary": "effect.summary",
    },
)
def result(
    links: pd.DataFrame, targets: pd.DataFrame, projects: pd.DataFrame, companies: pd.DataFrame, persons: pd.DataFrame,
    summary: pd.DataFrame, settings: dg.ResourceParam[Settings],
) -> pd.DataFrame:
    return chains.chain_results(links, targets, projects, companies, persons, summary, as_of(settings))


@table_asset(
    "chain.plan",
    group="chains",
    takes={
        "summary": "effect.summary", "event_time": "effect.event_time", "comparison": "effect.comparison",
        "subgroup": "effect.subgroup", "jobs": "effect.jobs",
    },
)
def plan(
    summary: pd.DataFrame, event_time: pd.DataFrame, comparison: pd.DataFrame, subgroup: pd.DataFrame, jobs: pd.DataFrame
) -> pd.DataFrame:
    return chains.plan_grid(chains.Released(summary, event_time, comparison, subgroup, jobs))
