"""One company through changed numbers: its predecessors' rows summed onto it, or its outcomes censored from a merger on.

Which number leads to which is `register.succession`; what a year's row says is `firms`.
"""

from collections.abc import Sequence

import ibis

from pipelines.panel.joins import left_join

BOUNDARIES = ("constant", "censored")
OUTCOMES = ("fte", "headcount", "paid_hours", "turnover", "value_added", "exports", "wages")
SUMMED = ("fte", "headcount", "turnover_dkk", "value_added_dkk", "exports_dkk", "wages_dkk")
TRAITS = ("industry", "legal_form", "sector_code", "municipality", "region", "closed")
BOUNDARY_RULES = ("merger", "split")


def follow(units: ibis.Table, succession: ibis.Table | None, column: str = "company") -> ibis.Table:
    """The same rows with each number in `column` replaced by the last of its chain; other numbers stay as they are."""
    if succession is None:
        return units
    moved = _moved(succession).select(_last="followed", **{column: "predecessor"})
    rows = left_join(units, moved, [column])
    return rows.mutate(**{column: ibis.coalesce(rows["_last"], rows[column])}).select(*units.columns)


def sum_firms(firm: ibis.Table, succession: ibis.Table) -> ibis.Table:
    """`register.firm` with predecessors' rows summed onto the unit they became; who has none is as it was.

    An amount is missing where any member's of that year is. Traits are those of the member with most FTE (ties to the
    lower number); `born` is the oldest member's.
    """
    alone, members = _apart(firm, succession)
    members = members.mutate(eldest=members.born.min().over(ibis.window(group_by="unit")))
    by_size = ibis.window(group_by=["unit", "year"], order_by=[ibis.desc(members.fte.fill_null(-1)), members.company])
    ranked = members.mutate(rank=ibis.row_number().over(by_size))
    largest = ranked.filter(ranked["rank"] == 0).select("unit", "year", *TRAITS)
    summed = members.group_by(["unit", "year"]).agg(
        **{name: sum_where_all_observed(members[name]) for name in SUMMED}, born=members.eldest.min(),
    )
    summed = left_join(summed, largest, ["unit", "year"])
    return ibis.union(alone, summed.rename(company="unit").select(*firm.columns).cast(firm.schema()))


def sum_employment(employment: ibis.Table, firm: ibis.Table, succession: ibis.Table) -> ibis.Table:
    """company, year, paid_hours: hours of all members summed; no row where a member that lives in FIRM has none."""
    hours = employment.select("company", "year", "paid_hours")
    alone, members = _apart(hours, succession)
    _, living = _apart(firm.select("company", "year"), succession)
    unknown = living.anti_join(hours, ["company", "year"]).select("unit", "year").distinct()
    known = members.anti_join(unknown, ["unit", "year"])
    summed = known.group_by(["unit", "year"]).agg(paid_hours=known.paid_hours.sum())
    return ibis.union(alone, summed.rename(company="unit").select(*hours.columns).cast(hours.schema()))


def add_boundary_change(rows: ibis.Table, succession: ibis.Table | None) -> ibis.Table:
    """Adds boundary_change to a panel by year: the rule of the unit's first merger or split, from its year on.

    A unit changes when another joins it, when it is split, and when it takes over a part of another while it lives: a
    firm that was born as such a part does not.
    """
    if succession is None:
        return rows.mutate(boundary_change=ibis.null("string"))
    units = rows.select("company", "first_year").distinct()
    links = succession.filter(succession.rule.isin(BOUNDARY_RULES), succession.year.notnull())
    parts = links.filter(~links.continues).select("year", "rule", company="successor")
    taken = follow(parts, succession).inner_join(units, "company")
    taken = taken.filter(taken.first_year < taken.year)
    found = ibis.union(links.select("year", "rule", company="followed"), taken.select("year", "rule", "company"))
    first = found.group_by("company").agg(changed=found.year.min(), why=found.rule.argmin(_order(found)))
    rows = left_join(rows, first, ["company"])
    since = (rows.year >= rows.changed).fill_null(False)
    return rows.mutate(boundary_change=since.ifelse(rows.why, ibis.null("string"))).drop("changed", "why")


def censor(rows: ibis.Table) -> ibis.Table:
    """Outcomes missing wherever boundary_change names a reason; whether the unit lives is still told."""
    changed = rows.boundary_change.notnull()
    return rows.mutate(**{name: changed.ifelse(ibis.null(rows[name].type()), rows[name]) for name in OUTCOMES})


def sum_where_all_observed(amount: ibis.Column) -> ibis.Value:
    """The group's sum; missing where any of its rows is."""
    return amount.isnull().any().ifelse(ibis.null(amount.type()), amount.sum()).cast(amount.type())


def sum_members(rows: ibis.Table, keys: Sequence[str], amounts: Sequence[str], succession: ibis.Table | None) -> ibis.Table:
    """company, keys, amounts: rows of all members of a unit summed, missing where any row's amount is."""
    rows = rows.select("company", *keys, *amounts)
    if succession is None:
        return rows
    alone, members = _apart(rows, succession)
    summed = members.group_by(["unit", *keys]).agg(**{name: sum_where_all_observed(members[name]) for name in amounts})
    return ibis.union(alone, summed.rename(company="unit").select(*rows.columns).cast(rows.schema()))


def _order(found: ibis.Table) -> ibis.Value:
    return ibis.struct({"year": found.year, "rule": found.rule})


def _moved(succession: ibis.Table) -> ibis.Table:
    """predecessor, followed: one row a number that lives on under another."""
    return succession.filter(succession.predecessor != succession.followed).select("predecessor", "followed").distinct()


def _apart(rows: ibis.Table, succession: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """Rows of companies that stand alone, and rows of members with the unit that each belongs to."""
    moved = _moved(succession)
    last = moved.select(company="followed", unit="followed").distinct()
    members = ibis.union(moved.select(company="predecessor", unit="followed"), last)
    return rows.anti_join(members, "company"), rows.inner_join(members, "company")
