"""Companies by year. Levels in fixed prices; a closed firm is 0 where the living are observed, else missing."""

import ibis
import ibis.expr.datatypes as dt

from pipelines.panel.boundary import BOUNDARIES, add_boundary_change, censor, sum_employment, sum_firms
from pipelines.panel.joins import left_join

MONEY = dt.Decimal(18, 2)
FTE = dt.Decimal(12, 2)
EMPLOYMENT_FROM = 2008               # first year of BFL: before it paid hours are missing, not 0
AMOUNTS = ("turnover_dkk", "value_added_dkk", "exports_dkk", "wages_dkk")


def firm_year(
    firm: ibis.Table, employment: ibis.Table, industries: ibis.Table, municipalities: ibis.Table, prices: ibis.Table,
    succession: ibis.Table | None = None, boundary: str = "constant",
) -> ibis.Table:
    """`panel.firm_year`: every company from its first year in FIRM to the last year published, living or closed.

    `firm`, `employment` are `register.firm`, `register.firm_employment` (each one row a company and year); the others
    are code tables. Joins are many to one and keep every row. With `succession` (`register.succession`) a company is
    the last number of its chain, from its first predecessor's first year, and its outcomes are those of all of them
    together in every year; boundary "censored" leaves them out from the first merger or split on. ValueError for any
    other word.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"the boundary of panel.firm_year is one of {' and '.join(BOUNDARIES)}")
    units, hours = firm, employment
    if succession is not None:
        units, hours = sum_firms(firm, succession), sum_employment(employment, firm, succession)
    spells = add_every_year(units)
    rows = join_accounts(spells, units)
    rows = join_employment(rows, hours)
    rows = add_what_is_observed(rows, firm, employment)
    rows = add_places_and_sections(rows, industries, municipalities)
    rows = add_boundary_change(fill_closed_years(rows, prices), succession)
    return censor(rows) if boundary == "censored" else rows


def add_every_year(firm: ibis.Table) -> ibis.Table:
    """One row a company and year from its first year to the last year that FIRM covers, with its last known traits."""
    years = firm.select("year").distinct()
    by_company = ibis.window(group_by="company", order_by=ibis.desc("year"))
    newest = firm.mutate(
        rank=ibis.row_number().over(by_company), first_year=firm.year.min().over(ibis.window(group_by="company")),
    )
    last = newest.filter(newest["rank"] == 0).select(
        "company", "first_year", last_industry="industry", last_municipality="municipality", last_region="region",
        last_legal_form="legal_form", last_born="born",
    )
    spells = last.cross_join(years)
    return spells.filter(spells.year >= spells.first_year)


def join_accounts(spells: ibis.Table, firm: ibis.Table) -> ibis.Table:
    """Left join, one to one: a year without a row in FIRM is a closed year."""
    rows = left_join(spells, firm.mutate(alive=True), ["company", "year"])
    return rows.mutate(
        alive=rows.alive.fill_null(False),
        industry=ibis.coalesce(rows.industry, rows.last_industry),
        municipality=ibis.coalesce(rows.municipality, rows.last_municipality),
        region=ibis.coalesce(rows.region, rows.last_region),
        legal_form=ibis.coalesce(rows.legal_form, rows.last_legal_form),
        born=ibis.coalesce(rows.born, rows.last_born),
    )


def join_employment(rows: ibis.Table, employment: ibis.Table) -> ibis.Table:
    """Left join, one to one: paid hours of the year in BFL."""
    return left_join(rows, employment.select("company", "year", "paid_hours"), ["company", "year"])


def add_what_is_observed(rows: ibis.Table, firm: ibis.Table, employment: ibis.Table) -> ibis.Table:
    """Left joins, many to one: which amounts an industry's living firms ever report, which years BFL covers."""
    reported = {f"{amount}_observed": firm[amount].notnull().any() for amount in AMOUNTS}
    rows = left_join(rows, firm.group_by("industry").agg(**reported), ["industry"])
    covered = employment.filter(employment.year >= EMPLOYMENT_FROM).select("year").distinct()
    return left_join(rows, covered.mutate(paid_hours_observed=True), ["year"])


def add_places_and_sections(rows: ibis.Table, industries: ibis.Table, municipalities: ibis.Table) -> ibis.Table:
    """Left joins, many to one: section of the industry, commuting area of the municipality."""
    rows = left_join(rows, industries.select("industry", "section"), ["industry"])
    return left_join(rows, municipalities.select("municipality", "commuting_area"), ["municipality"])


def fill_closed_years(rows: ibis.Table, prices: ibis.Table) -> ibis.Table:
    """A closed year is 0 in what living firms report, else missing; money in prices of the index's base year."""
    rows = left_join(rows, prices.select("year", "index"), ["year"])
    closed = ~rows.alive
    zero, missing = ibis.literal(0).cast(MONEY), ibis.null(MONEY)

    def fixed(amount: str) -> ibis.Column:
        at_base_prices = (rows[amount].cast("float64") * 100.0 / rows["index"]).round(2).cast(MONEY)
        return closed.ifelse(rows[f"{amount}_observed"].ifelse(zero, missing), at_base_prices)

    hours = ibis.coalesce(rows.paid_hours, closed.ifelse(zero, missing))
    return rows.select(
        "company", "year", "alive",
        fte=closed.ifelse(ibis.literal(0).cast(FTE), rows.fte),
        headcount=closed.ifelse(ibis.literal(0, "int32"), rows.headcount),
        paid_hours=rows.paid_hours_observed.ifelse(hours, missing),
        turnover=fixed("turnover_dkk"), value_added=fixed("value_added_dkk"),
        exports=fixed("exports_dkk"), wages=fixed("wages_dkk"),
        industry=rows.industry, section=rows.section, municipality=rows.municipality, region=rows.region,
        commuting_area=rows.commuting_area, legal_form=rows.legal_form,
        first_year=rows.first_year.cast("int32"), born=rows.born,
    )
