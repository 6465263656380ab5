"""Participants who left on Friday 1 June 2012, drawn by hand: what the European Social Fund's indicators say of them.

The 28th day after leaving is 29 June; six months after is 1 December. The spells tell of all days of 2012.
"""

import random
from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from pipelines.panel.labour_status import (
    INDICATORS,
    add_age,
    count_results,
    esf_results,
    merge_reentries,
)
from schemas.contract import codes as code_table
from tests.pipelines.panel.drawn import cells, written

KNOWN_UNTIL = date(2012, 12, 31)
KINDS = {
    **dict.fromkeys(["start", "end", "from", "to", "qualified", "born"], pa.date32()),
    **dict.fromkeys(["completed", "disadvantaged", "in_education", "permanent", "full_time"], pa.bool_()),
    **dict.fromkeys(["age", "skill_level"], pa.int32()),
}
PARTICIPANT = ["person", "project", "initiative_type", "start", "end", "completed", "age", "disadvantaged"]
SPELL = ["person", "from", "to", "status", "in_education", "qualified"]


def table(text: str) -> ibis.Table:
    """Lines of words as a table, a point for missing."""
    header, *lines = cells(text)
    columns = {
        name: pa.array([None if line[n] == "." else line[n] for line in lines], pa.string()).cast(
            KINDS.get(name, pa.string())
        )
        for n, name in enumerate(header)
    }
    return ibis.memtable(pa.table(columns))


def took_part(text: str) -> ibis.Table:
    """Lines "person start end age disadvantaged" of one project."""
    rows = [f"{p} x training {start} {end} true {age} {d}" for p, start, end, age, d in cells(text)]
    return table("\n".join([" ".join(PARTICIPANT), *rows]))


def spells(text: str) -> ibis.Table:
    return table(" ".join(SPELL) + "\n" + text.strip())


@pytest.fixture(scope="module")
def results(con):
    def found(participants: ibis.Table, states: ibis.Table, columns: str, known_until: date = KNOWN_UNTIL) -> list:
        asked = esf_results(participants, states, known_until)
        return written(con.to_pyarrow(asked), columns)[1:]

    return found


def same(names: str, rest: str) -> str:
    return "\n".join(f"{name} {rest}" for name in names.split())


def test_upon_leaving_is_the_28_days_after_and_the_29th_is_too_late(results):
    """All were inactive until the day; they register as unemployed, or start in a job, on day 28 or 29."""
    states = spells("""
        job28  2010-01-01 2012-06-28 inactive false .
        job28  2012-06-29 .          employed false .
        job29  2010-01-01 2012-06-29 inactive false .
        job29  2012-06-30 .          employed false .
        seek28 2010-01-01 2012-06-28 inactive false .
        seek28 2012-06-29 .          unemployed false .
        seek29 2010-01-01 2012-06-29 inactive false .
        seek29 2012-06-30 .          unemployed false .
        day0   2010-01-01 2012-05-31 inactive false .
        day0   2012-06-01 .          employed false .
    """)
    who = took_part(same("job28 job29 seek28 seek29 day0", "2012-01-02 2012-06-01 30 false"))
    assert results(who, states, "person status_at_start status_leaving cr01 cr04") == cells("""
        day0   inactive employed   false true
        job28  inactive employed   false true
        job29  inactive inactive   false false
        seek28 inactive unemployed true  false
        seek29 inactive inactive   false false
    """)


def test_of_two_events_within_28_days_the_last_counts(results):
    """Found work and lost it: seeking. Registered, then found work: in employment. A job that ends without a word on
    what follows is the last event. The unemployed who go on seeking are not newly so."""
    states = spells("""
        lost   2010-01-01 2012-06-01 inactive   false .
        lost   2012-06-02 2012-06-15 employed   false .
        lost   2012-06-16 .          unemployed false .
        found  2010-01-01 2012-06-01 inactive   false .
        found  2012-06-02 2012-06-15 unemployed false .
        found  2012-06-16 .          employed   false .
        silent 2010-01-01 2012-06-01 inactive   false .
        silent 2012-06-02 2012-06-15 employed   false .
        seeker 2010-01-01 .          unemployed false .
    """)
    who = took_part(same("lost found silent seeker", "2012-01-02 2012-06-01 30 false"))
    assert results(who, states, "person status_leaving cr01 cr04 cr06") == cells("""
        found  employed   false true  true
        lost   unemployed true  false false
        seeker unemployed false false false
        silent employed   false true  .
    """)


def test_only_who_was_not_in_work_can_find_work(results):
    states = spells("""
        inactive   2010-01-01 2012-05-31 inactive   false .
        inactive   2012-06-01 .          employed   false .
        unemployed 2010-01-01 2012-05-31 unemployed false .
        unemployed 2012-06-01 .          employed   false .
        employed   2010-01-01 .          employed   false .
        unheard    2012-06-01 .          employed   false .
        loses      2010-01-01 2012-05-31 employed   false .
        loses      2012-06-01 .          inactive   false .
    """)
    who = took_part(same("inactive unemployed employed unheard loses", "2012-01-02 2012-06-01 30 true"))
    assert results(who, states, "person status_at_start cr01 cr04 cr05 cr06 cr09") == cells("""
        employed   employed   false false false false false
        inactive   inactive   false true  true  true  true
        loses      employed   false false false false false
        unemployed unemployed false true  true  true  true
        unheard    .          false .     .     .     .
    """)


def test_the_delivered_state_at_the_start_goes_before_the_registers(results):
    states = spells("a 2010-01-01 . inactive true .\nb 2010-01-01 . inactive false .")
    who = table(" ".join([*PARTICIPANT, "status_at_start"]) + """
        a x training 2012-01-02 2012-06-01 true 30 false unemployed
        b x training 2012-01-02 2012-06-01 true 30 false .
    """)
    assert results(who, states, "person status_at_start") == [["a", "unemployed"], ["b", "inactive"]]


def test_the_state_at_the_start_is_that_of_the_day_itself(results):
    states = spells("""
        a 2010-01-01 2012-01-01 employed   false .
        a 2012-01-02 2012-01-02 unemployed false .
        a 2012-01-03 .          inactive   false .
    """)
    assert results(took_part("a 2012-01-02 2012-06-01 30 false"), states, "status_at_start") == [["unemployed"]]


def test_of_spells_that_overlap_the_one_that_began_last_counts_then_the_longer_then_the_one_in_work(results):
    states = spells("""
        late  2010-01-01 .          unemployed false .
        late  2012-06-10 2012-06-12 employed   false .
        long  2012-06-10 .          inactive   false .
        long  2012-06-10 2012-08-01 employed   false .
        even  2012-06-10 2012-08-01 unemployed false .
        even  2012-06-10 2012-08-01 employed   false .
        state 2012-06-10 .          inactive   false .
        state 2012-06-10 .          unemployed false .
    """)
    who = took_part(same("late long even state", "2012-01-02 2012-06-01 30 false"))
    assert results(who, states, "person status_leaving") == cells("""
        even  employed
        late  employed
        long  inactive
        state unemployed
    """)


def test_education_upon_leaving_is_counted_where_it_is_new(results):
    states = spells("""
        begins  2010-01-01 2012-06-28 unemployed false .
        begins  2012-06-29 .          inactive   true  .
        tooslow 2010-01-01 2012-06-29 unemployed false .
        tooslow 2012-06-30 .          inactive   true  .
        goes_on 2010-01-01 .          inactive   true  .
        quits   2010-01-01 2012-06-10 unemployed false .
        quits   2012-06-11 2012-06-20 inactive   true  .
        quits   2012-06-21 .          unemployed false .
        unknown 2010-01-01 2012-06-10 unemployed .     .
        unknown 2012-06-11 .          inactive   true  .
    """)
    who = took_part(same("begins tooslow goes_on quits unknown", "2012-01-02 2012-06-01 30 false"))
    assert results(who, states, "person cr02") == cells("""
        begins  true
        goes_on false
        quits   false
        tooslow false
        unknown .
    """)


def test_a_qualification_counts_from_the_day_of_the_start_to_the_28th_day_after_leaving(results):
    states = spells("""
        before 2010-01-01 . unemployed false 2012-01-01
        start  2010-01-01 . unemployed false 2012-01-02
        day28  2010-01-01 . unemployed false 2012-06-29
        day29  2010-01-01 . unemployed false 2012-06-30
        none   2010-01-01 . unemployed false .
        twice  2010-01-01 2012-03-01 unemployed false 2011-01-01
        twice  2012-03-02 . unemployed false 2012-03-01
    """)
    who = took_part(same("before start day28 day29 none twice unheard", "2012-01-02 2012-06-01 30 true"))
    assert results(who, states, "person cr03 cr05") == cells("""
        before  false false
        day28   true  true
        day29   false false
        none    false false
        start   true  true
        twice   true  true
        unheard .     .
    """)


def test_six_months_after_is_the_day_itself_and_the_month_s_last_day_where_it_has_no_such_day(results):
    """Who left on 31 August 2012 is looked for on 28 February 2013."""
    states = spells("""
        on     2010-01-01 2012-11-30 unemployed false .
        on     2012-12-01 2012-12-01 employed   false .
        day    2010-01-01 2012-12-01 unemployed false .
        day    2012-12-02 .          employed   false .
        ended  2010-01-01 2012-06-01 unemployed false .
        ended  2012-06-02 2012-11-30 employed   false .
        ended  2012-12-01 .          unemployed false .
        short  2010-01-01 2013-02-27 unemployed false .
        short  2013-02-28 .          employed   false .
    """)
    who = took_part(same("on day ended", "2012-01-02 2012-06-01 30 false") + "\nshort 2012-01-02 2012-08-31 30 false")
    assert results(who, states, "person status_later cr06", date(2013, 3, 31)) == cells("""
        day   unemployed false
        ended unemployed false
        on    employed   true
        short employed   true
    """)


def test_death_or_emigration_before_the_day_is_missing_and_not_false(results):
    """The spells of both end: one on 20 June, after the job began, one on the day before the six months are over."""
    states = spells("""
        june     2010-01-01 2012-06-01 unemployed false .
        june     2012-06-02 2012-06-20 employed   false .
        november 2010-01-01 2012-11-30 unemployed false .
        may      2010-01-01 2012-05-31 unemployed false .
    """)
    who = took_part(same("june november may", "2012-01-02 2012-06-01 60 true"))
    assert results(who, states, "person status_leaving cr01 cr04 cr05 cr06 cr08 cr09") == cells("""
        june     employed   false true  true  . . .
        may      .          false .     .     . . .
        november unemployed false false false . . .
    """)


def test_what_lies_after_the_last_known_day_is_missing_though_a_spell_is_open(results):
    states = spells("a 2010-01-01 2012-06-01 inactive false .\na 2012-06-02 . employed false 2012-05-01")
    who = took_part("a 2012-01-02 2012-06-01 60 false")
    columns = "status_leaving cr02 cr03 cr04 cr06"
    assert results(who, states, columns, date(2012, 6, 28)) == [[".", ".", "true", ".", "."]]
    assert results(who, states, columns, date(2012, 6, 29)) == [["employed", "false", "true", "true", "."]]
    assert results(who, states, columns, date(2012, 11, 30)) == [["employed", "false", "true", "true", "."]]
    assert results(who, states, columns, date(2012, 12, 1)) == [["employed", "false", "true", "true", "true"]]
    no_gain = spells("a 2010-01-01 2012-06-01 inactive false .\na 2012-06-02 . employed false .")
    assert results(who, no_gain, "cr03", date(2012, 6, 28)) == [["."]]


def test_who_still_takes_part_has_no_result(results):
    states = spells("a 2010-01-01 2012-02-01 inactive false 2012-01-31\na 2012-02-02 . employed false .")
    who = took_part("a 2012-01-02 . 60 true")
    assert results(who, states, " ".join(["end", *INDICATORS])) == [["."] * 10]


def test_above_54_is_55_and_over_at_the_start(results, con):
    states = spells("""
        a 2010-01-01 2012-06-01 unemployed false .
        a 2012-06-02 .          employed   false .
        b 2010-01-01 2012-06-01 unemployed false .
        b 2012-06-02 .          employed   false .
        c 2010-01-01 2012-06-01 unemployed false .
        c 2012-06-02 .          employed   false .
    """)
    who = took_part("a 2012-01-02 2012-06-01 54 .\nb 2012-01-02 2012-06-01 55 .\nc 2012-01-02 2012-06-01 . false")
    assert results(who, states, "person cr05 cr06 cr08 cr09") == cells("""
        a .     true false .
        b .     true true  .
        c false true .     false
    """)
    born = table("person start born\na 2012-01-02 1957-01-02\nb 2012-01-02 1957-01-03\nc 2012-02-28 1956-02-29")
    assert written(con.to_pyarrow(add_age(born)), "person age")[1:] == [["a", "55"], ["b", "54"], ["c", "55"]]


def test_disadvantaged_count_once_whatever_they_came_to(results):
    """both: a qualification and a job. One with nothing is false; of the rest nothing is known but that."""
    states = spells("""
        both    2010-01-01 2012-06-01 unemployed false 2012-05-01
        both    2012-06-02 .          employed   false .
        school  2010-01-01 2012-06-01 employed   false .
        school  2012-06-02 .          employed   true  .
        nothing 2010-01-01 .          unemployed false .
        job     2010-01-01 2012-06-01 unemployed .     .
        job     2012-06-02 .          employed   .     .
    """)
    who = took_part(same("both school nothing job", "2012-01-02 2012-06-01 30 true"))
    assert results(who, states, "person cr02 cr03 cr04 cr05") == cells("""
        both    false true  true  true
        job     .     false true  true
        nothing false false false false
        school  true  false false true
    """)


def test_an_improved_situation_is_a_job_that_became_permanent_full_time_or_of_a_higher_level(results):
    """All but u and q were employed at the start; q lost the job. m says nothing of its job."""
    states = table("person from to status in_education qualified permanent full_time skill_level" + """
        p 2010-01-01 2012-08-01 employed   false . false true  2
        p 2012-08-02 .          employed   false . true  true  2
        f 2010-01-01 2012-08-01 employed   false . true  false 2
        f 2012-08-02 .          employed   false . true  true  2
        s 2010-01-01 2012-08-01 employed   false . true  true  2
        s 2012-08-02 .          employed   false . true  true  3
        w 2010-01-01 2012-08-01 employed   false . true  true  3
        w 2012-08-02 .          employed   false . false true  2
        k 2010-01-01 .          employed   false . true  true  2
        m 2010-01-01 .          employed   false . .     .     .
        n 2010-01-01 2012-08-01 employed   false . false .     2
        n 2012-08-02 .          employed   false . true  .     2
        q 2010-01-01 2012-08-01 employed   false . false false 2
        q 2012-08-02 .          unemployed false . .     .     .
        u 2010-01-01 2012-08-01 unemployed false . .     .     .
        u 2012-08-02 .          employed   false . true  true  3
    """)
    who = took_part(same("p f s w k m n q u", "2012-01-02 2012-06-01 30 false"))
    assert results(who, states, "person cr07") == cells("""
        f true
        k false
        m .
        n true
        p true
        q false
        s true
        u false
        w false
    """)
    assert results(who, states.drop("permanent", "full_time", "skill_level"), "person cr07") == cells("""
        f .
        k .
        m .
        n .
        p .
        q false
        s .
        u false
        w .
    """)


def test_who_returns_to_a_project_counts_once_from_the_first_day_to_the_last(results, con):
    """a leaves in February, returns and leaves on 1 June; b has returned and not left; c left two projects."""
    text = " ".join(PARTICIPANT) + """
        a x training 2012-04-01 2012-06-01 true  55 false
        a x training 2012-01-02 2012-02-01 false 54 true
        b x training 2012-01-02 2012-02-01 true  30 false
        b x training 2012-04-01 .          .     30 false
        c x training 2012-01-02 2012-02-01 true  30 false
        c y training 2012-04-01 2012-06-01 true  30 false
    """
    merged = con.to_pyarrow(merge_reentries(table(text)))
    assert written(merged, "person project start end completed age disadvantaged")[1:] == cells("""
        a x 2012-01-02 2012-06-01 true 54 true
        b x 2012-01-02 .          .    30 false
        c x 2012-01-02 2012-02-01 true 30 false
        c y 2012-04-01 2012-06-01 true 30 false
    """)
    states = spells("""
        a 2010-01-01 2012-02-01 inactive   false .
        a 2012-02-02 2012-05-31 employed   false .
        a 2012-06-01 .          unemployed false .
        b 2010-01-01 .          employed   false .
        c 2010-01-01 2012-02-01 unemployed false .
        c 2012-02-02 2012-05-31 employed   false .
        c 2012-06-01 .          unemployed false .
    """)
    assert results(table(text), states, "person project status_at_start status_leaving cr01 cr04") == cells("""
        a x inactive   unemployed true  false
        b x employed   .          .     .
        c x unemployed employed   false true
        c y employed   unemployed false false
    """)


def test_counts_are_integers_by_type_and_project_with_the_missing_beside_them(con):
    """In x: a found work, b did not, c is unheard of, d still takes part. In y: a again, who loses the job later."""
    who = table(" ".join(PARTICIPANT) + """
        a x training 2012-01-02 2012-06-01 true 30 false
        b x training 2012-01-02 2012-06-01 true 30 false
        c x training 2012-01-02 2012-06-01 true 30 false
        d x training 2012-01-02 .          .    30 false
        a y advice   2012-01-02 2012-06-05 true 30 false
    """)
    states = spells("""
        a 2010-01-01 2012-06-01 unemployed false .
        a 2012-06-02 2012-12-01 employed   false .
        a 2012-12-02 .          unemployed false .
        b 2010-01-01 .          unemployed false .
        d 2010-01-01 .          unemployed false .
    """)
    found = con.to_pyarrow(count_results(esf_results(who, states, KNOWN_UNTIL)))
    assert [str(found.schema.field(name).type) for name in found.column_names[3:]] == ["int32"] * 4
    told = written(found, "project initiative_type indicator participants not_left counted n_missing")[1:]
    assert len(told) == 2 * 9
    assert [row for row in told if row[2] in ("cr04", "cr06", "cr09")] == cells("""
        x training cr04 4 1 1 1
        x training cr06 4 1 1 1
        x training cr09 4 1 0 0
        y advice   cr04 1 0 1 0
        y advice   cr06 1 0 0 0
        y advice   cr09 1 0 0 0
    """)


def test_everything_agrees_with_a_loop_over_participants_and_spells(con):
    """500 participations drawn at random, with gaps, open spells, re-entries and unknown cells, in plain Python."""
    draw = random.Random(1304)
    states = [spell for n in range(200) for spell in drawn_life(draw, f"p{n}")]
    who = [drawn_participation(draw) for _ in range(500)]
    who = list({(row["person"], row["project"], row["start"]): row for row in who}.values())
    by_project = {}
    for row in who:
        by_project.setdefault((row["person"], row["project"]), []).append(row)
    until = date(2013, 5, 1)
    found = con.to_pyarrow(esf_results(arrow(who), arrow(states), until)).to_pylist()
    assert len(found) == len(by_project) < len(who)
    for row in found:
        expected = loop_results(by_project[row["person"], row["project"]], states, until)
        assert {name: row[name] for name in expected} == expected
    for name in INDICATORS:
        assert {row[name] for row in found} == {True, False, None}, name


def drawn_life(draw: random.Random, person: str) -> list[dict]:
    """Spells one after the other from early 2012, now and then with a gap, until one is open or June 2013."""
    spells, day = [], date(2012, 1, 1) + timedelta(days=draw.randrange(60))
    while day < date(2013, 6, 1) and not (spells and spells[-1]["to"] is None):
        days = draw.randrange(1, 120)
        spells.append({
            "person": person, "from": day, "to": day + timedelta(days=days) if draw.random() < 0.9 else None,
            "status": draw.choice(["employed", "employed", "unemployed", "inactive", None]),
            "in_education": draw.choice([True, False, False, None]),
            "qualified": day + timedelta(days=draw.randrange(days)) if draw.random() < 0.2 else None,
            "permanent": draw.choice([True, False, None]), "full_time": draw.choice([True, False]),
            "skill_level": draw.choice([1, 2, 3, None]),
        })
        day += timedelta(days=days + draw.choice([1, 1, 1, 20]))
    return spells


def drawn_participation(draw: random.Random) -> dict:
    start = date(2012, 1, 1) + timedelta(days=draw.randrange(400))
    return {
        "person": f"p{draw.randrange(220)}", "project": draw.choice("xyz"), "initiative_type": "training",
        "start": start, "end": start + timedelta(days=draw.randrange(200)) if draw.random() < 0.9 else None,
        "completed": draw.choice([True, False, None]), "age": draw.choice([54, 55, 55, 60, None]),
        "disadvantaged": draw.choice([True, False, None]),
    }


def arrow(rows: list[dict]) -> ibis.Table:
    schema = pa.schema({name: KINDS.get(name, pa.string()) for name in rows[0]})
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


def loop_results(rows: list[dict], states: list[dict], until: date) -> dict:
    rows = sorted(rows, key=lambda row: row["start"])
    first, running = rows[0], any(row["end"] is None for row in rows)
    end = None if running else max(row["end"] for row in rows)
    mine = [spell for spell in states if spell["person"] == first["person"]]
    start_spell = latest(mine, "status", first["start"], first["start"])
    at_start, taught = start_spell["status"], latest(mine, "in_education", first["start"], first["start"])["in_education"]
    leaving = school = gained = later = None
    later_spell = {}
    if end:
        window = end + timedelta(days=28)
        gained = any(s["qualified"] and first["start"] <= s["qualified"] <= window for s in mine) or None
        if window <= until:
            leaving = latest(mine, "status", end, window)["status"]
            school = latest(mine, "in_education", end, window)["in_education"]
            gained = bool(gained) if mine else None
        day = six_months_after(end)
        if day <= until:
            later_spell = latest(mine, "status", day, day)
            later = later_spell["status"]
    without_work = None if at_start is None else at_start != "employed"
    better = any_of(
        both(negated(start_spell.get(name)), later_spell.get(name)) for name in ("permanent", "full_time")
    )
    levels = start_spell.get("skill_level"), later_spell.get("skill_level")
    better = any_of([better, None if None in levels else levels[1] > levels[0]])
    cr01 = both(equal(at_start, "inactive"), equal(leaving, "unemployed"))
    cr02 = both(negated(taught), school)
    cr04 = both(without_work, equal(leaving, "employed"))
    cr06 = both(without_work, equal(later, "employed"))
    poor, old = first["disadvantaged"], None if first["age"] is None else first["age"] > 54
    states_told = {"status_at_start": at_start, "status_leaving": leaving, "status_later": later, "end": end}
    if end is None:
        return states_told | dict.fromkeys(INDICATORS)
    return states_told | {
        "cr01": cr01, "cr02": cr02, "cr03": gained, "cr04": cr04,
        "cr05": both(poor, any_of([cr01, cr02, gained, cr04])), "cr06": cr06,
        "cr07": both(both(equal(at_start, "employed"), equal(later, "employed")), better),
        "cr08": both(cr06, old), "cr09": both(cr06, poor),
    }


def latest(spells: list[dict], state: str, first: date, last: date) -> dict:
    met = [
        s for s in spells if s[state] is not None and s["from"] <= last and (s["to"] is None or s["to"] >= first)
    ]
    return max(met, key=lambda s: s["from"]) if met else {state: None}


def six_months_after(day: date) -> date:
    month = day.month + 5
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def equal(one, other):
    return None if one is None else one == other


def negated(one):
    return None if one is None else not one


def both(one, other):
    return False if one is False or other is False else None if one is None or other is None else True


def any_of(values):
    values = list(values)
    return True if True in values else None if None in values else False


def test_the_groups_of_akm_are_those_of_the_design():
    """110–139 employed, 210/410 unemployed, 220/321/330 outside, 310 student, 322/323 retired, 0/420 unknown."""
    groups = {row["socio13"]: row["labour_status"] for row in code_table("socio13").to_pylist()}
    states = set(code_table("labour_status").column(0).to_pylist())
    assert set(groups.values()) == states | {"missing"}
    assert {code for code in groups if 110 <= int(code) <= 139} == {c for c, g in groups.items() if g == "employed"}
    assert {c for c, group in groups.items() if group == "unemployed"} == {"210", "410"}
    assert {c for c, group in groups.items() if group == "inactive"} == {"220", "310", "321", "322", "323", "330"}
    assert {c for c, group in groups.items() if group == "missing"} == {"0", "420"}
