"""How many delivered units the registers know, and why the others are not found: counts by reason, no unit."""

import ibis

from pipelines.panel.joins import left_join


def match_loss(
    companies: ibis.Table, persons: ibis.Table, firm: ibis.Table, population: ibis.Table,
    succession: ibis.Table | None = None, followed: ibis.Table | None = None,
) -> ibis.Table:
    """`panel.match_loss`: unit (company, person), reason (code table `match_reasons`), units; each unit counts once.

    `companies`, `persons` are participations as delivered, not followed; `succession` and `followed` are
    `register.succession` and `register.person_followed`, None where the register was not delivered.
    """
    moved = None if succession is None else _company_moves(succession)
    found = _count("company", companies.select(number="company"), firm.select(number="company"), moved)
    moved = None if followed is None else followed.select("number", last="followed", reason="reason")
    return ibis.union(found, _count("person", persons.select(number="person"), population.select(number="person"), moved))


def _company_moves(succession: ibis.Table) -> ibis.Table:
    """number, last, reason: one row a predecessor."""
    reason = ibis.cases(
        (succession.rule == "split", "several_candidates"),
        (succession.rule.isin(["cycle", "undated"]), "no_last_number"),
        else_="followed",
    )
    told = succession.mutate(reason=reason)
    weight = ibis.cases((told.reason == "several_candidates", 0), (told.reason == "followed", 1), else_=2)
    return told.group_by(number=told.predecessor).agg(last=told.followed.min(), reason=told.reason.argmin(weight))


def _count(unit: str, delivered: ibis.Table, known: ibis.Table, moved: ibis.Table | None) -> ibis.Table:
    rows = delivered.distinct()
    if moved is None:
        rows = rows.mutate(last=rows.number, reason=ibis.null("string"))
    else:
        rows = left_join(rows, moved, ["number"])
        rows = rows.mutate(last=ibis.coalesce(rows["last"], rows.number))
    rows = left_join(rows, known.select(last="number").distinct().mutate(found=True), ["last"])
    reason = rows.found.isnull().ifelse("not_in_register", rows.reason.fill_null("in_register"))
    rows = rows.mutate(reason=reason)
    counted = rows.group_by("reason").agg(units=rows.count().cast("int32"))
    return counted.select(ibis.literal(unit).name("unit"), "reason", "units")
