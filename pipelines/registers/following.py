"""Companies through changed numbers: links from old to new in LONG_DEMO, why each is there, and the last of each chain.

What a followed number means for outcomes belongs to the panel; what the rules are called to `succession_rules`.
"""

import ibis

DOUBLINGS = 6                        # pointers reach 2 ** 6 = 64 numbers ahead; a longer chain is refused as a cycle is
LINK = ("predecessor", "successor")


def succession(demo: ibis.Table, firm: ibis.Table | None = None) -> ibis.Table:
    """`register.succession`: one row a link from one number to another, whether or not it is followed.

    `demo` is LONG_DEMO (CVRNR, CVRNR_FRA, CVRNR_TIL, DEMO_DATO); L_AFG and L_MODT are not needed, since who lives on
    under which number is read from the links. `firm` is `register.firm` (company, year, headcount): it tells the
    largest part, and which numbers lived before or after; without it a split goes to the first part, by date and then
    number, and an acquirer that has no other predecessor looks like a new legal form.

    Columns: predecessor, successor, year (of the earliest date told of the link, missing where none is), rule (code
    table `succession_rules`), continues (is the predecessor followed along this link), followed (the last number of the
    predecessor's chain, itself where no link continues it; a number that is nobody's predecessor is its own).
    """
    links = add_lives_and_sizes(find_links(demo), firm)
    links = choose_parts(links)
    links = refuse_cycles(links)
    return name_rules(links).select(*LINK, "year", "rule", "continues", "followed")


def refused(links: ibis.Table) -> ibis.Table:
    """How many links of `register.succession` nobody can follow: rule (cycle, undated), links (INTEGER)."""
    stopped = links.filter(links.rule.isin(["cycle", "undated"]))
    return stopped.group_by("rule").agg(links=stopped.count().cast("int32"))


def find_links(demo: ibis.Table) -> ibis.Table:
    """predecessor, successor, date: each link once, with its earliest date; a number that leads to itself is none."""
    to_next = demo.select(predecessor=demo.CVRNR, successor=demo.CVRNR_TIL, date=demo.DEMO_DATO)
    from_last = demo.select(predecessor=demo.CVRNR_FRA, successor=demo.CVRNR, date=demo.DEMO_DATO)
    links = ibis.union(to_next, from_last)
    links = links.filter(links.predecessor != links.successor)
    links = links.group_by(*LINK).agg(date=links.date.min())
    return links.mutate(year=links.date.year().cast("int32"))


def add_lives_and_sizes(links: ibis.Table, firm: ibis.Table | None) -> ibis.Table:
    """Adds lives_on (predecessor), lived_before (successor beside it) and size (successor's headcount after the event).

    Left joins, many to one. The headcount is that of the event's year, or of the next where that one has none.
    """
    if firm is None:
        return links.mutate(lives_on=False, lived_before=False, size=ibis.null("int32"))
    lives = firm.group_by("company").agg(first_year=firm.year.min(), last_year=firm.year.max())
    before = lives.select(predecessor="company", last_year="last_year")
    after = lives.select(successor="company", first_year="first_year")
    rows = _left_join(_left_join(links, before, "predecessor"), after, "successor")
    beside = (rows.first_year < rows.year) & (rows.first_year <= rows.last_year)
    rows = rows.mutate(lives_on=(rows.last_year > rows.year).fill_null(False), lived_before=beside.fill_null(False))
    return _left_join(rows, _sizes(links, firm), *LINK)


def choose_parts(links: ibis.Table) -> ibis.Table:
    """Adds parts (dated links of the predecessor) and continues: the one link along which a predecessor is followed.

    That is the largest part by headcount, then the earliest, then the lowest number; none where the number lives on
    itself in FIRM after the event's year: then it is its own largest part.
    """
    of_one = ibis.window(group_by="predecessor")
    dated = links.date.notnull()
    order = [links.date.isnull(), ibis.desc(links["size"].fill_null(-1)), links.date, links.successor]
    rank = ibis.row_number().over(ibis.window(group_by="predecessor", order_by=order))
    stays = (links.lives_on & dated).any().over(of_one)
    return links.mutate(parts=dated.cast("int32").sum().over(of_one), continues=dated & (rank == 0) & ~stays)


def refuse_cycles(links: ibis.Table) -> ibis.Table:
    """Adds cycle and followed; a link that has no last number, or lies beyond 2 ** DOUBLINGS, continues nothing."""
    ends = last_numbers(links.filter(links.continues).select(number="predecessor", next="successor"))
    rows = _left_join(links, ends.select(predecessor="number", last="last", settled="settled"), "predecessor")
    lost = (~rows.settled).fill_null(False)
    return rows.mutate(
        cycle=rows.continues & lost, continues=rows.continues & ~lost,
        followed=lost.ifelse(rows.predecessor, ibis.coalesce(rows["last"], rows.predecessor)),
    )


def last_numbers(pointers: ibis.Table) -> ibis.Table:
    """Where each pointer ends: number, last, and settled, false on or before a cycle.

    `pointers` has number (once each) and next. Every round a pointer jumps to where its end points, so that the reach
    doubles: a bounded number of self joins and no recursion.
    """
    ahead = pointers.select("number", last="next")
    for _ in range(DOUBLINGS):
        onward = ahead.select(last="number", beyond="last")
        joined = _left_join(ahead, onward, "last")
        ahead = joined.select("number", last=ibis.coalesce(joined.beyond, joined["last"]))
    known = pointers.select(last="number", on_the_way=True)
    joined = _left_join(ahead, known, "last")
    return joined.select("number", "last", settled=joined.on_the_way.isnull())


def name_rules(links: ibis.Table) -> ibis.Table:
    """Adds rule. A merger is a continuing link into a number that lived before, or that others came to by that year."""
    into_one = ibis.window(group_by=["successor", "continues"])
    earliest = links.year.min().over(into_one)
    same_year = links.count().over(ibis.window(group_by=["successor", "continues", "year"]))
    joined_others = links.lived_before | (earliest < links.year) | (same_year > 1)
    of_one = ibis.window(group_by="predecessor")
    rule = ibis.cases(
        (links.date.isnull(), "undated"),
        (links.cycle, "cycle"),
        ((links.parts > 1) | links.lives_on.any().over(of_one), "split"),
        (joined_others, "merger"),
        else_="new_legal_form",
    )
    return links.mutate(rule=rule)


def _sizes(links: ibis.Table, firm: ibis.Table) -> ibis.Table:
    """predecessor, successor, size: one row a link."""
    heads = firm.filter(firm.headcount.notnull()).select(part="company", counted="year", headcount="headcount")
    after = links.inner_join(heads, links.successor == heads.part)
    after = after.filter((after.counted == after.year) | (after.counted == after.year + 1))
    return after.group_by(*LINK).agg(size=after.headcount.argmin(after.counted))


def _left_join(rows: ibis.Table, found: ibis.Table, *keys: str) -> ibis.Table:
    """Left join on equal names; `found` has one row a key."""
    return rows.left_join(found, list(keys)).drop(*[f"{key}_right" for key in keys])
