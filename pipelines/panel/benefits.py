"""Weeks on public benefits: history before a start, outcomes by quarter and at 6, 12 and 24 months, from DREAM.

What a code means lies in `schemas/codes/benefit_codes.csv`, never here. Who is dead or abroad is missing, not 0.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

import ibis
import pyarrow as pa

from pipelines.panel.joins import left_join
from pipelines.weeks import WEEK, Coverage, week_columns

HORIZONS = (6, 12, 24)               # months after the start
HORIZON_WEEKS = 4
FOREVER = date(9999, 12, 31)


def lengthen_weeks(dream: ibis.Table) -> ibis.Table:
    """DREAM's wide layout as one row a person and week on a benefit: person, week (DATE of its Monday), code (text).

    `dream` is one row a person with `PNR` and columns `Y_YYWW`, names in any case, codes as text or numbers; other
    columns are left out, blank weeks have no row: `dream_coverage` tells which weeks were blank rather than unread. The
    register holds thirteen billion cells: keep the persons that are asked about, and the weeks, before.
    """
    columns = week_columns(dream.columns)
    keys = [name for name in dream.columns if name.lower() == "pnr"]
    if len(keys) != 1:
        raise ValueError(f"DREAM has {len(keys)} columns PNR: it must have one")
    in_order = ibis.array([_as_text(dream[name]) for name in columns])
    long = _coded(dream.select(person=dream[keys[0]], code=in_order).unnest("code", offset="weeks_on"))
    week = ibis.literal(next(iter(columns.values()))) + long.weeks_on.as_interval("W")
    return long.select("person", week=week.cast("date"), code=long.code)


def lengthen_spells(spells: ibis.Table) -> ibis.Table:
    """`register.benefit` (person, first_week, last_week, code) as one row a person and week: person, week, code."""
    weeks = (spells.last_week - spells.first_week).cast("int64") // 7 + 1
    long = spells.select("person", "first_week", "code", weeks_on=ibis.range(0, weeks)).unnest("weeks_on")
    return long.select("person", week=(long.first_week + long.weeks_on.as_interval("W")).cast("date"), code=long.code)


def unlisted_codes(weeks: ibis.Table, codes: ibis.Table) -> ibis.Table:
    """Codes that no range of the code table holds, with the number of weeks that bear them: code, weeks."""
    strange = _coded(weeks).anti_join(_listed(codes), "code")
    return strange.group_by("code").agg(weeks=strange.count())


def add_benefit_history(
    persons: ibis.Table, weeks: ibis.Table, codes: ibis.Table, covered: Coverage
) -> ibis.Table:
    """Adds what persons are matched on: weeks on benefits before the start, and the spell that leads up to it.

    `persons` has person, start (DATE) and whatever else; `weeks` is at most one row a person and week (Monday) with a
    code, blank for none; `codes` is `benefit_codes`. Only weeks wholly before the start count: the week that contains
    it does not, even when it begins on it. Adds, all INTEGER: `benefit_weeks_104` and `benefit_weeks_52`, weeks on
    benefits among the 104 and 52 before; `spell_weeks`, length of the unbroken benefit spell that ends the week before
    the start, 0 for none, counted from DREAM's first week where it began earlier. Missing where DREAM does not cover
    the weeks, or where a week's code is unlisted or says that the person was abroad and that week could decide.
    """
    starts = persons.select("person", "start").distinct()
    starts = starts.mutate(start_week=starts.start.truncate("W"))
    before = _kinds(weeks, codes, starts).inner_join(starts, "person")
    before = before.filter(before.week < before.start_week)
    back = before.start_week.delta(before.week, unit="day") // 7
    on, unknown = before.benefit.fill_null(False), before.benefit.isnull()
    so_far = ibis.cumulative_window(group_by=["person", "start"], order_by=ibis.desc("week"))
    before = before.mutate(
        back=back, on=on, unknown=unknown,
        unbroken=on & (on.cast("int64").sum().over(so_far) == back),
        perhaps_unbroken=(on | unknown) & ((on | unknown).cast("int64").sum().over(so_far) == back),
    )
    found = before.group_by(["person", "start"]).agg(
        **{f"on_{n}": (before.on & (before.back <= n)).sum() for n in (52, 104)},
        **{f"unknown_{n}": (before.unknown & (before.back <= n)).sum() for n in (52, 104)},
        unbroken=before.unbroken.sum(), perhaps_unbroken=before.perhaps_unbroken.sum(),
    )
    rows = left_join(starts, found, ["person", "start"])
    known = {n: _covers(covered, rows.start_week, n) for n in (1, 52, 104)}
    history = rows.select(
        "person", "start",
        **{
            f"benefit_weeks_{n}": _count(rows[f"on_{n}"], known[n] & (rows[f"unknown_{n}"].fill_null(0) == 0))
            for n in (104, 52)
        },
        spell_weeks=_count(
            rows.unbroken, known[1] & (rows.unbroken.fill_null(0) == rows.perhaps_unbroken.fill_null(0))
        ),
    )
    return left_join(persons, history, ["person", "start"])


def benefit_outcomes(
    persons: ibis.Table, weeks: ibis.Table, codes: ibis.Table, residence: ibis.Table, covered: Coverage
) -> ibis.Table:
    """One row a person and quarter that DREAM covers: weeks on benefits and weeks of self-support.

    Columns: person, period (year × 4 + quarter − 1), `quarter_weeks` (12 to 14: a week belongs to the quarter of its
    Thursday, as ISO 8601 gives it to a year), `benefit_weeks`, `self_support_weeks`, all INTEGER. A blank week is
    self-support; education grants are neither. `residence` has person, from, to (last day in the country, missing
    while it lasts). Both counts are missing unless the person lived here from the quarter's first week to its last, and
    where a code is unlisted or says that the person is dead or abroad.
    """
    people = persons.select("person").distinct()
    kinds = _kinds(weeks, codes, people)
    thursday = kinds.week + ibis.interval(days=3)
    kinds = kinds.mutate(period=(thursday.year() * 4 + thursday.quarter() - 1).cast("int32"))
    counts = kinds.group_by(["person", "period"]).agg(
        on=kinds.benefit.sum(), dependent=(~kinds.self_support).sum(),
        unknown_benefit=kinds.benefit.isnull().sum(), unknown_support=kinds.self_support.isnull().sum(),
    )
    rows = left_join(people.cross_join(_quarters(covered)), counts, ["person", "period"])
    rows = _add_resident(rows, residence)
    return rows.select(
        "person", "period", "quarter_weeks",
        benefit_weeks=_count(rows.on, rows.resident & (rows.unknown_benefit.fill_null(0) == 0)),
        self_support_weeks=_count(
            rows.quarter_weeks - rows.dependent.fill_null(0),
            rows.resident & (rows.unknown_support.fill_null(0) == 0),
        ),
    )


def add_benefit_horizons(
    persons: ibis.Table, weeks: ibis.Table, codes: ibis.Table, residence: ibis.Table, covered: Coverage,
    horizons: Sequence[int] = HORIZONS,
) -> ibis.Table:
    """Adds `on_benefit_6`, `self_supporting_6` … for each horizon in months after the start, BOOLEAN.

    Judged on the last four ISO weeks that end on or before the day: on benefits in any, self-supporting in all four.
    Both can be false, in education say. Missing where DREAM does not cover the four weeks, where the person did not
    live here from the first of them to the day, and where an unlisted code could decide. Tables as `benefit_outcomes`.
    """
    starts = persons.select("person", "start").distinct()
    kinds = _kinds(weeks, codes, starts)
    for months in horizons:
        persons = left_join(persons, _at_horizon(starts, kinds, residence, covered, months), ["person", "start"])
    return persons


def _at_horizon(starts, kinds, residence, covered: Coverage, months: int) -> ibis.Table:
    day = (starts.start + ibis.interval(months=months)).cast("date")
    last_week = (day - ibis.interval(days=6)).cast("date").truncate("W")
    first_week = (last_week - ibis.interval(weeks=HORIZON_WEEKS - 1)).cast("date")
    rows = starts.mutate(first=first_week, last=day, last_week=last_week)
    during = kinds.inner_join(rows, "person")
    during = during.filter(during.week >= during["first"], during.week <= during.last_week)
    found = during.group_by(["person", "start"]).agg(
        on=during.benefit.fill_null(False).any(), unknown_benefit=during.benefit.isnull().any(),
        dependent=(~during.self_support.fill_null(True)).any(), unknown_support=during.self_support.isnull().any(),
    )
    rows = _add_resident(left_join(rows, found, ["person", "start"]), residence)
    known = rows.resident & (rows["first"] >= covered.first) & (rows.last_week <= covered.last)
    missing = ibis.null("boolean")

    def either(yes: ibis.Column, unknown: ibis.Column) -> ibis.Value:
        decided = yes.fill_null(False) | ~unknown.fill_null(False)
        return (known & decided).ifelse(yes.fill_null(False), missing)

    return rows.select("person", "start", **{
        f"on_benefit_{months}": either(rows.on, rows.unknown_benefit),
        f"self_supporting_{months}": ~either(rows.dependent, rows.unknown_support),
    })


def _kinds(weeks: ibis.Table, codes: ibis.Table, people: ibis.Table) -> ibis.Table:
    """person, week, benefit, self_support of the people's coded weeks; both missing where the code does not tell."""
    coded = _coded(weeks.semi_join(people, "person"))
    return left_join(coded, _listed(codes), ["code"]).select("person", "week", "benefit", "self_support")


def _listed(codes: ibis.Table) -> ibis.Table:
    """Every code of the ranges on its own, so that millions of weeks meet theirs by equality."""
    within = ibis.range(codes.code_from.cast("int64"), codes.code_to.cast("int64") + 1)
    return codes.select(
        code=within.unnest().cast("string"),
        benefit=_yes_or_no(codes.counts_as_benefit), self_support=_yes_or_no(codes.self_support),
    )


def _coded(weeks: ibis.Table) -> ibis.Table:
    rows = weeks.mutate(code=weeks.code.strip())
    return rows.filter(rows.code != "")


def _yes_or_no(text: ibis.Column) -> ibis.Column:
    return ibis.cases((text == "yes", True), (text == "no", False))


def _as_text(column: ibis.Column) -> ibis.Column:
    return column.cast("int64").cast("string") if column.type().is_numeric() else column.cast("string")


def _count(number: ibis.Column, known: ibis.Value) -> ibis.Value:
    return known.ifelse(number.fill_null(0), ibis.null("int64")).cast("int32")


def _covers(covered: Coverage, start_week: ibis.Column, weeks: int) -> ibis.Value:
    """Whether DREAM covers each of that many weeks before the week of the start."""
    first = (start_week - ibis.interval(weeks=weeks)).cast("date")
    last = (start_week - ibis.interval(weeks=1)).cast("date")
    return (first >= covered.first) & (last <= covered.last)


def _add_resident(rows: ibis.Table, residence: ibis.Table) -> ibis.Table:
    """Left join on person, many to at most one: does one stay hold the whole of `first` … `last`?"""
    stays = _join_stays(residence)
    inside = [rows.person == stays.lodger, stays.moved_in <= rows["first"], stays.moved_out >= rows["last"]]
    joined = rows.left_join(stays, inside)
    return joined.select(*rows.columns, resident=joined.lodger.notnull())


def _join_stays(residence: ibis.Table) -> ibis.Table:
    """Stays that touch or overlap as one: an address changed is not a country left."""
    ends = residence["to"].fill_null(FOREVER)
    order = {"group_by": "person", "order_by": [residence["from"], ends]}
    rows = residence.mutate(ends=ends, reach=ends.max().over(ibis.cumulative_window(**order)))
    before = rows.reach.lag().over(ibis.window(group_by="person", order_by=["from", "ends"]))
    rows = rows.mutate(anew=(before.isnull() | (rows["from"].delta(before, unit="day") > 1)).cast("int64"))
    numbered = rows.mutate(
        stay=rows.anew.sum().over(ibis.cumulative_window(group_by="person", order_by=["from", "ends"]))
    )
    stays = numbered.group_by(["person", "stay"]).agg(moved_in=numbered["from"].min(), moved_out=numbered.ends.max())
    return stays.select("moved_in", "moved_out", lodger="person")


def _quarters(covered: Coverage) -> ibis.Table:
    """Quarters all of whose weeks are covered: period, quarter_weeks, the first Monday and the last Sunday."""
    count = (covered.last - covered.first) // WEEK + 1
    mondays = [covered.first + n * WEEK for n in range(count)]
    rows = [(period, list(group)) for period, group in groupby(mondays, key=_period_of)]
    whole = [
        (period, len(group), group[0], group[-1] + timedelta(days=6))
        for period, group in rows
        if _period_of(group[0] - WEEK) < period < _period_of(group[-1] + WEEK)
    ]
    columns = zip(*whole, strict=True) if whole else [()] * 4
    kinds = {"period": pa.int32(), "quarter_weeks": pa.int32(), "first": pa.date32(), "last": pa.date32()}
    return ibis.memtable(pa.table([list(column) for column in columns], schema=pa.schema(kinds)))


def _period_of(monday: date) -> int:
    thursday = monday + timedelta(days=3)
    return thursday.year * 4 + (thursday.month - 1) // 3
