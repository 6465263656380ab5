"""The European Social Fund's common result indicators CR01–CR09, from a person's dated states in the labour market.

These are gross figures by definition: what became of participants, not what became of them because of the support.
They never stand in one column with a net effect, and nothing that estimates one belongs here.
"""

from datetime import date

import ibis

from pipelines.panel.joins import left_join

LEAVING_DAYS = 28                    # "upon leaving": from the day of leaving to the 28th day after it
LATER_MONTHS = 6
ABOVE_AGE = 54
INDICATORS = tuple(f"cr{n:02d}" for n in range(1, 10))
JOB = {"permanent": "boolean", "full_time": "boolean", "skill_level": "int32"}
STATES = ("employed", "unemployed", "inactive")


def esf_results(participants: ibis.Table, spells: ibis.Table, known_until: date) -> ibis.Table:
    """One row a person and project with CR01–CR09 as BOOLEAN: true, false, or missing where it cannot be known.

    `participants` has person, project, initiative_type, start, end (missing while the course runs), completed (carried
    along: who breaks off has left too), age at the start, disadvantaged, and may have status_at_start. `spells` has
    person, from, to (last day, missing while it lasts), status (employed, unemployed, inactive), in_education and
    qualified (the day a qualification was gained), and may have permanent, full_time, skill_level of the job; a person's
    spells do not overlap and end with death or emigration. `known_until` is the last day that the spells tell
    of: what lies after it is missing, and so is every result of who has not left.

    Source: Regulation (EU) 1304/2013, Annex I, and the Commission's guidance on monitoring and evaluation of the ESF.
    Gross by definition: not to stand in one column with a net effect.
    """
    rows = add_states(merge_reentries(participants), spells, known_until)
    rows = add_longer_term_results(add_immediate_results(rows))
    left, missing = rows.end.notnull(), ibis.null("boolean")
    return rows.select(
        "person", "project", "initiative_type", "start", "end", "completed", "age", "disadvantaged",
        "status_at_start", "status_leaving", "status_later",
        **{indicator: left.ifelse(rows[indicator], missing) for indicator in INDICATORS},
    )


def count_results(results: ibis.Table) -> ibis.Table:
    """Counts by initiative type and project, one row an indicator: gross, never in one column with a net effect.

    `results` is what `esf_results` gives. Columns: initiative_type, project, indicator (cr01 … cr09), and as INTEGER
    `participants`, `not_left` (still taking part), `counted` (true), `n_missing` (left, but it cannot be known, or not
    yet). A person counts once in each project.
    """
    long = results.select("initiative_type", "project", "end", *INDICATORS).pivot_longer(
        list(INDICATORS), names_to="indicator", values_to="reached"
    )
    left = long.end.notnull()
    return long.group_by(["initiative_type", "project", "indicator"]).agg(
        participants=long.count().cast("int32"),
        not_left=(~left).sum().cast("int32"),
        counted=long.reached.fill_null(False).sum().cast("int32"),
        n_missing=(left & long.reached.isnull()).sum().cast("int32"),
    )


def add_age(participants: ibis.Table) -> ibis.Table:
    """Adds `age`, completed years on the day of the start, from `born` (DATE)."""
    start, born = participants.start, participants.born
    birthday_to_come = (start.month() * 100 + start.day()) < (born.month() * 100 + born.day())
    return participants.mutate(age=(start.year() - born.year() - birthday_to_come.cast("int32")).cast("int32"))


def merge_reentries(participants: ibis.Table) -> ibis.Table:
    """One row a person and project: whoever returns counts once, as they first came and when they last left.

    Not left while any of the participations runs. `completed` is that of the last; `status_at_start` is missing where
    it was not delivered. A project belongs to one type. Source: the Commission's guidance.
    """
    rows = participants
    if "status_at_start" not in rows.columns:
        rows = rows.mutate(status_at_start=ibis.null("string"))
    order = [rows.start, rows.end, rows.completed]

    def as_first(column: str) -> ibis.Value:
        return rows[column].first(order_by=[*order, rows[column]], include_null=True)

    return rows.group_by(["person", "project", "initiative_type"]).agg(
        start=rows.start.min(),
        end=rows.end.isnull().any().ifelse(ibis.null("date"), rows.end.max()),
        completed=rows.completed.last(order_by=order, include_null=True),
        **{column: as_first(column) for column in ("age", "disadvantaged", "status_at_start")},
    )


def add_states(rows: ibis.Table, spells: ibis.Table, known_until: date) -> ibis.Table:
    """Adds the state in the labour market, education and job `_start`, `_leaving` and `_later`, and `qualified_leaving`.

    `rows` is what `merge_reentries` gives. At the start: of that day, the status as delivered where it was. Leaving: of
    the spell that began last among those held on any day from that of leaving to the 28th after it. Later: of the day
    six months after leaving, the month's last where the month has no such day. Qualified is who gained a qualification
    between the start and the 28th day; missing for persons of whom the spells say nothing.
    """
    windows = _windows(rows, known_until)
    states = _states(windows, spells)
    for point in ("start", "leaving", "later"):
        at_point = states.filter(states.point == point).drop("point")
        at_point = at_point.rename({f"{name}_{point}": name for name in ("status", "in_education", *JOB)})
        rows = left_join(rows, at_point, ["person", "project"])
    rows = left_join(rows, _qualified(windows, spells), ["person", "project"])
    return rows.mutate(status_at_start=ibis.coalesce(rows.status_at_start, rows.status_start)).drop("status_start")


def add_immediate_results(rows: ibis.Table) -> ibis.Table:
    """Adds CR01–CR05: what became of participants upon leaving. Gross.

    CR01 inactive at the start, engaged in job searching (unemployed); CR02 in education or training, and not so at the
    start; CR03 gained a qualification; CR04 unemployed or inactive at the start, employed; CR05 disadvantaged and any
    of these, counted once. What is missing decides only where it could: SQL's logic of three values.
    """
    inactive, without_work = rows.status_at_start == "inactive", rows.status_at_start != "employed"
    rows = rows.mutate(
        cr01=inactive & (rows.status_leaving == "unemployed"),
        cr02=~rows.in_education_start & rows.in_education_leaving,
        cr03=rows.qualified_leaving,
        cr04=without_work & (rows.status_leaving == "employed"),
    )
    return rows.mutate(cr05=rows.disadvantaged & (rows.cr01 | rows.cr02 | rows.cr03 | rows.cr04))


def add_longer_term_results(rows: ibis.Table) -> ibis.Table:
    """Adds CR06–CR09: what became of participants six months after leaving. Gross.

    CR06 unemployed or inactive at the start, employed; CR07 employed at the start and then, and the job became
    permanent, full-time or one of a higher level (more pay alone is no improvement); CR08 as CR06, above 54 years at
    the start; CR09 as CR06, disadvantaged.
    """
    employed = rows.status_later == "employed"
    better = (
        (~rows.permanent_start & rows.permanent_later)
        | (~rows.full_time_start & rows.full_time_later)
        | (rows.skill_level_later > rows.skill_level_start)
    )
    rows = rows.mutate(
        cr06=(rows.status_at_start != "employed") & employed,
        cr07=(rows.status_at_start == "employed") & employed & better,
    )
    return rows.mutate(cr08=rows.cr06 & (rows.age > ABOVE_AGE), cr09=rows.cr06 & rows.disadvantaged)


def _windows(rows: ibis.Table, known_until: date) -> ibis.Table:
    """person, project, point, first and last day to look at, and the start; no row where the last is not known yet."""
    end, days, months = rows.end, ibis.interval(days=LEAVING_DAYS), ibis.interval(months=LATER_MONTHS)
    points = {"start": (rows.start, rows.start), "leaving": (end, end + days), "later": (end + months, end + months)}
    windows = [
        rows.select(
            "person", "project", "start", point=ibis.literal(point), first=first.cast("date"), last=last.cast("date")
        )
        for point, (first, last) in points.items()
    ]
    table = ibis.union(*windows)
    return table.mutate(known=(table["last"] <= known_until).fill_null(False))


def _states(windows: ibis.Table, spells: ibis.Table) -> ibis.Table:
    """One row a person, project and known point: status and job of the spell that began last among those that touch
    the window and tell the status, education likewise; of two that began together the longer, then the one in work."""
    spells = spells.mutate(**{name: ibis.null(kind) for name, kind in JOB.items() if name not in spells.columns})
    met = windows.filter(windows.known).inner_join(spells.drop("qualified"), "person")
    lasts = met["to"].isnull() | (met["to"] >= met["first"])
    met = met.filter(met["from"] <= met["last"], lasts)
    preference = ibis.cases(*[(met.status == name, n) for n, name in enumerate(STATES)], else_=len(STATES))
    order = [ibis.desc(met["from"]), met["to"].notnull(), ibis.desc(met["to"]), preference]
    order += [ibis.desc(met[name]) for name in ("in_education", *JOB)]

    def latest(name: str, tells: str) -> ibis.Value:
        return met[name].first(order_by=order, where=met[tells].notnull(), include_null=True)

    return met.group_by(["person", "project", "point"]).agg(
        status=latest("status", "status"), in_education=latest("in_education", "in_education"),
        **{name: latest(name, "status") for name in JOB},
    )


def _qualified(windows: ibis.Table, spells: ibis.Table) -> ibis.Table:
    """Whether a qualification was gained from the start to the 28th day after leaving. A gain is known at once, that
    there was none only when all those days are known."""
    met = windows.filter(windows.point == "leaving").inner_join(spells.select("person", "qualified"), "person")
    gained = met.qualified.between(met.start, met["last"]).fill_null(False)
    found = met.group_by(["person", "project"]).agg(gained=gained.any(), known=met.known.any())
    decided = found.gained | found.known
    return found.select("person", "project", qualified_leaving=decided.ifelse(found.gained, ibis.null("boolean")))
