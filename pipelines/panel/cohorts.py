"""When a unit first took part in any type, in which, and with how much support: the cohorts of every estimate."""

import ibis
import ibis.expr.datatypes as dt

from pipelines.panel.joins import left_join

MONEY = dt.Decimal(18, 2)


def company_cohort(participations: ibis.Table, projects: ibis.Table, prices: ibis.Table) -> ibis.Table:
    """`panel.company_cohort`: one row a company; the cohort is the year of its first participation in any type.

    Support is all that the company got within that type, in prices of the index's base year; participations are counted
    over all types. Ties go to the lower project code.
    """
    cohort = participations.start.year().cast("int32")
    return _cohort(participations.mutate(cohort=cohort), "company", projects, prices)


def person_cohort(participations: ibis.Table, projects: ibis.Table) -> ibis.Table:
    """`panel.person_cohort`: one row a person; the cohort is the quarter (year × 4 + quarter − 1) of its start."""
    start = participations.start
    rows = participations.mutate(cohort=(start.year() * 4 + start.quarter() - 1).cast("int32"))
    return _cohort(rows, "person", projects, None)


def entry(companies: ibis.Table, persons: ibis.Table) -> ibis.Table:
    """`panel.entry`: one row a unit and initiative type, its first participation in it; position counts types in order."""
    years = companies.start.year().cast("int32")
    quarters = (persons.start.year() * 4 + persons.start.quarter() - 1).cast("int32")
    found = [
        _entries(companies.mutate(cohort=years, unit_id=companies.company), "company"),
        _entries(persons.mutate(cohort=quarters, unit_id=persons.person), "person"),
    ]
    return ibis.union(*found).order_by("unit", "unit_id", "position")


def _entries(rows: ibis.Table, unit: str) -> ibis.Table:
    first = ibis.window(group_by=["unit_id", "initiative_type"], order_by=[rows.start, rows.project])
    rows = rows.mutate(rank=ibis.row_number().over(first)).filter(lambda table: table["rank"] == 0)
    order = ibis.window(group_by="unit_id", order_by=[rows.start, rows.project])
    position = (ibis.row_number().over(order) + 1).cast("int32")
    return rows.select("unit_id", "initiative_type", "cohort", "start", "project", unit=ibis.literal(unit), position=position)


def _cohort(rows: ibis.Table, unit: str, projects: ibis.Table, prices: ibis.Table | None) -> ibis.Table:
    order = ibis.window(group_by=unit, order_by=[rows.start, rows.project])
    ranked = rows.mutate(
        rank=ibis.row_number().over(order),
        participations=rows.count().over(ibis.window(group_by=unit)).cast("int32"),
    )
    first = ranked.filter(ranked["rank"] == 0).select(
        unit, "initiative_type", "cohort", "start", "project", "initiative", "operator", "participations"
    )
    if prices is not None:
        first = _join_support(first, rows, unit, prices)
    return left_join(first, projects.select("project", "region", "fund"), ["project"])


def _join_support(first: ibis.Table, rows: ibis.Table, unit: str, prices: ibis.Table) -> ibis.Table:
    """Left join, one to one on unit and type: all support within the first type, each deflated by its own year."""
    priced = left_join(rows, prices.select(cohort="year", index="index"), ["cohort"])
    fixed = (priced.support_dkk.cast("float64") * 100.0 / priced["index"]).round(2).cast(MONEY)
    support = priced.group_by([unit, "initiative_type"]).agg(support_dkk=fixed.sum().cast(MONEY))
    joined = left_join(first, support, [unit, "initiative_type"])
    return joined.mutate(support_dkk=joined.support_dkk.fill_null(ibis.literal(0).cast(MONEY)))
