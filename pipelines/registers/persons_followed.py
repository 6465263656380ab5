"""Persons through changed civil registration numbers, before anything is summed over them.

Every number here is a pseudonym. Who died or left the country is no matter of numbers: BEF has no row, and the panel none.
"""

from collections.abc import Sequence

import ibis

from pipelines.registers.following import last_numbers


def persons_followed(changes: ibis.Table) -> ibis.Table:
    """`register.person_followed`: number, followed, reason: one row a number that was given up.

    `changes` has old, new, date: a new number replaces an old one. A number that two others replace
    (`several_candidates`), or whose chain has no end (`no_last_number`), stays itself; all others are followed to the
    last of their chain.
    """
    told = changes.filter(changes.old.notnull(), changes.new.notnull(), changes.old != changes.new)
    links = told.group_by(number=told.old).agg(next=told.new.min(), candidates=told.new.nunique())
    ends = last_numbers(links.filter(links.candidates == 1).select("number", "next"))
    rows = links.left_join(ends, "number").drop("number_right")
    reason = ibis.cases(
        (rows.candidates > 1, "several_candidates"), (~rows.settled, "no_last_number"), else_="followed"
    )
    followed = (reason == "followed").ifelse(rows["last"], rows.number)
    return rows.select("number", followed.name("followed"), reason.name("reason"))


def follow_persons(rows: ibis.Table, followed: ibis.Table | None, once: Sequence[str] = ()) -> ibis.Table:
    """An extract of persons (BFL, BEF, UDDA) with each `PNR` replaced by the last of its chain.

    `once` names the columns beside PNR of which the register has one row a person (BEF, UDDA: year, month): where both
    numbers have one, that of the last number is kept, else that of the lowest. BFL has none: jobs under both are summed.
    """
    if followed is None:
        return rows
    moved = followed.filter(followed.reason == "followed").select(PNR="number", last="followed")
    joined = rows.left_join(moved, "PNR").drop("PNR_right")
    joined = joined.mutate(given=joined.PNR, PNR=ibis.coalesce(joined["last"], joined.PNR))
    if once:
        order = [joined.given != joined.PNR, joined.given]
        rank = ibis.row_number().over(ibis.window(group_by=["PNR", *once], order_by=order))
        joined = joined.mutate(rank=rank).filter(lambda table: table["rank"] == 0)
    return joined.select(*rows.columns)
