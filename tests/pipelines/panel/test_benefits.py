"""DREAM drawn by hand around 2 January 2012 (a Monday, week 1): who was on benefits before, during and after."""

import random
from datetime import date, timedelta
from itertools import pairwise

import ibis
import pyarrow as pa
import pytest

from pipelines.panel.benefits import (
    add_benefit_history,
    add_benefit_horizons,
    benefit_outcomes,
    lengthen_weeks,
    unlisted_codes,
)
from pipelines.weeks import Coverage, dream_coverage, week_columns
from schemas.contract import codes as code_table
from tests.pipelines.panel.drawn import cells, written

WEEK = timedelta(weeks=1)
ALL = Coverage(date(2009, 12, 28), date(2014, 6, 30))
CODES = """
code_from code_to counts_as_benefit self_support
111       119     yes               no
651       652     no                no
700       700     no                yes
997       999     missing           missing
"""


def table(text: str, **types: pa.DataType) -> ibis.Table:
    """Lines of words as a table of text, a point for missing; the named columns in another type."""
    header, *lines = cells(text)
    columns = {
        name: pa.array([None if line[n] == "." else line[n] for line in lines], pa.string()).cast(
            types.get(name, pa.string())
        )
        for n, name in enumerate(header)
    }
    return ibis.memtable(pa.table(columns))


def persons(text: str) -> ibis.Table:
    return table("person start\n" + text.strip(), start=pa.date32())


def residence(text: str) -> ibis.Table:
    return table("person from to\n" + text.strip(), **{"from": pa.date32(), "to": pa.date32()})


def weeks(*spells: str) -> ibis.Table:
    """Each spell "person monday code number": that many weeks in a row from the Monday on."""
    rows = []
    for person, monday, code, number in map(str.split, spells):
        rows += [
            {"person": person, "week": date.fromisoformat(monday) + n * WEEK, "code": code} for n in range(int(number))
        ]
    schema = pa.schema({"person": pa.string(), "week": pa.date32(), "code": pa.string()})
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


@pytest.fixture(scope="module")
def codes() -> ibis.Table:
    return table(CODES)


@pytest.fixture(scope="module")
def history(con, codes):
    def found(who: str, rows: ibis.Table, covered: Coverage = ALL) -> list:
        asked = add_benefit_history(persons(who), rows, codes, covered)
        return written(con.to_pyarrow(asked), "person start benefit_weeks_104 benefit_weeks_52 spell_weeks")[1:]

    return found


@pytest.fixture(scope="module")
def quarters(con, codes):
    def found(who: str, rows: ibis.Table, lived: str, covered: Coverage = ALL) -> list:
        asked = benefit_outcomes(persons(who), rows, codes, residence(lived), covered)
        columns = "person period quarter_weeks benefit_weeks self_support_weeks"
        return written(con.to_pyarrow(asked), columns)[1:]

    return found


@pytest.fixture(scope="module")
def horizons(con, codes):
    def found(who: str, rows: ibis.Table, lived: str, covered: Coverage = ALL) -> list:
        asked = add_benefit_horizons(persons(who), rows, codes, residence(lived), covered)
        each = [f"{what}_{months}" for months in (6, 12, 24) for what in ("on_benefit", "self_supporting")]
        return written(con.to_pyarrow(asked), " ".join(["person", *each]))[1:]

    return found


def test_week_columns_are_found_in_any_case_and_order_across_the_turn_of_the_century_and_week_53():
    found = week_columns(["PNR", "y_1001", "Y_0953", "Y_0952", "BRANCHE_2009_12"])
    assert found == {
        "Y_0952": date(2009, 12, 21), "Y_0953": date(2009, 12, 28), "y_1001": date(2010, 1, 4),
    }
    assert week_columns(["Y_0001", "Y_9952"])["Y_0001"] == date(2000, 1, 3)
    assert week_columns(["Y_9132"]) == {"Y_9132": date(1991, 8, 5)}
    assert week_columns(["y_2552"]) == {"y_2552": date(2025, 12, 22)}
    assert dream_coverage(["Y_9152", "Y_9201"]) == Coverage(date(1991, 12, 23), date(1991, 12, 30))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["PNR", "BRANCHE_2008_01"], "no week column"),
        (["Y_1053"], "Y_1053 names a week that its year does not have"),
        (["Y_1000"], "Y_1000 names a week that its year does not have"),
        (["Y_1001", "y_1001"], "name the same week"),
        (["Y_1001", "Y_1003"], "lacks the weeks between columns Y_1001 and Y_1003"),
    ],
)
def test_week_columns_that_cannot_be_right_are_refused_by_name(names, told):
    with pytest.raises(ValueError, match=told):
        week_columns(names)


@pytest.mark.parametrize("ends", [(date(2010, 1, 5), date(2010, 2, 1)), (date(2010, 2, 1), date(2010, 1, 4))])
def test_coverage_is_two_mondays_in_order(ends):
    with pytest.raises(ValueError, match="two Mondays"):
        Coverage(*ends)


def test_the_wide_layout_becomes_one_row_a_person_and_week_with_a_code(con):
    wide = table("""
        pnr Y_0953 y_1001 Y_1002 BRANCHE_2010_01
        a   111    .      651    620100
        b   .      .      .      620100
    """)
    blanks = wide.mutate(Y_0953=ibis.coalesce(wide.Y_0953, "  "), y_1001=ibis.literal(""))
    expected = [["person", "week", "code"], ["a", "2009-12-28", "111"], ["a", "2010-01-11", "651"]]
    assert written(con.to_pyarrow(lengthen_weeks(wide)), "person week code") == expected
    assert written(con.to_pyarrow(lengthen_weeks(blanks)), "person week code") == expected


def test_codes_that_arrive_as_numbers_read_like_text(con):
    wide = table("PNR Y_0953 Y_1001\na 111 .\nb . 651", Y_0953=pa.float64(), Y_1001=pa.int16())
    assert written(con.to_pyarrow(lengthen_weeks(wide)), "person week code")[1:] == cells("""
        a 2009-12-28 111
        b 2010-01-04 651
    """)


def test_a_layout_without_a_person_is_refused():
    with pytest.raises(ValueError, match="0 columns PNR"):
        lengthen_weeks(table("Y_0953\n111"))


def test_only_weeks_wholly_before_the_start_count(history):
    """Week 1 of 2012 is 2–8 January. All four are on benefits in the last week of 2011 and in week 1."""
    spells = [f"{person} 2011-12-26 111 2" for person in "mwsn"]
    assert history("m 2012-01-02\nw 2012-01-04\ns 2012-01-08\nn 2012-01-09", weeks(*spells)) == cells("""
        m 2012-01-02 1 1 1
        n 2012-01-09 2 2 2
        s 2012-01-08 1 1 1
        w 2012-01-04 1 1 1
    """)


def test_history_reaches_104_and_52_weeks_back_and_no_further(history):
    """2010-01-04 is 104 weeks before 2012-01-02, 2011-01-03 is 52."""
    rows = weeks("a 2009-12-28 111 1", "b 2010-01-04 111 1", "c 2010-12-27 111 1", "d 2011-01-03 111 1")
    assert history("a 2012-01-02\nb 2012-01-02\nc 2012-01-02\nd 2012-01-02\ne 2012-01-02", rows) == cells("""
        a 2012-01-02 0 0 0
        b 2012-01-02 1 0 0
        c 2012-01-02 1 0 0
        d 2012-01-02 1 1 0
        e 2012-01-02 0 0 0
    """)


def test_a_spell_is_unbroken_up_to_the_week_before_whatever_the_benefit_and_an_education_grant_breaks_it(history):
    rows = weeks(
        "long 2009-12-28 111 105", "broken 2011-11-28 111 2", "broken 2011-12-19 119 2",
        "grant 2011-12-05 111 2", "grant 2011-12-19 651 1", "grant 2011-12-26 112 1",
        "over 2011-12-05 111 3",
    )
    assert history("long 2012-01-02\nbroken 2012-01-02\ngrant 2012-01-02\nover 2012-01-02", rows) == cells("""
        broken 2012-01-02 4 4 2
        grant 2012-01-02 3 3 1
        long 2012-01-02 104 52 105
        over 2012-01-02 3 3 0
    """)


def test_history_across_week_53_counts_it_once(history):
    """2009 has 53 weeks: from 21 December the weeks are 52, 53 and week 1 of 2010."""
    covered = Coverage(date(2008, 1, 7), date(2010, 12, 27))
    assert history("a 2010-01-11", weeks("a 2009-12-21 111 3"), covered) == [["a", "2010-01-11", "3", "3", "3"]]


def test_history_is_missing_where_dream_begins_too_late_or_ends_too_early(history):
    """DREAM from 2009-12-28: a start on 2011-12-26 has just 104 weeks before, the week earlier has 103."""
    covered = Coverage(date(2009, 12, 28), date(2012, 1, 2))
    starts = "a 2011-12-26\na 2011-12-25\na 2012-01-15\na 2012-01-16\na 2010-12-27\na 2010-12-26\na 2009-12-28"
    assert history(starts, weeks("a 2012-01-02 111 1"), covered) == cells("""
        a 2009-12-28 . . .
        a 2010-12-26 . . 0
        a 2010-12-27 . 0 0
        a 2011-12-25 . 0 0
        a 2011-12-26 0 0 0
        a 2012-01-15 1 1 1
        a 2012-01-16 . . .
    """)


def test_a_code_that_is_unlisted_or_tells_of_absence_makes_missing_what_it_could_decide(history, con, codes):
    """u has an unlisted code 60 weeks back; v one just before; w one behind a blank week; x was abroad; l is too long a
    code to be in the range 111 … 119."""
    rows = weeks(
        "u 2010-11-08 500 1", "u 2011-12-26 111 1", "v 2011-12-26 500 1", "w 2011-12-12 500 1", "w 2011-12-26 111 1",
        "x 2011-12-19 997 1", "x 2011-12-26 111 1", "l 2011-12-26 1115 1",
    )
    assert history("\n".join(f"{person} 2012-01-02" for person in "uvwxl"), rows) == cells("""
        l 2012-01-02 . . .
        u 2012-01-02 . 1 1
        v 2012-01-02 . . .
        w 2012-01-02 . . 1
        x 2012-01-02 . . .
    """)
    told = con.to_pyarrow(unlisted_codes(rows, codes))
    assert written(told, "code weeks")[1:] == [["1115", "1"], ["500", "3"]]


def test_persons_keep_their_columns_and_a_person_with_two_starts_has_two_histories(con, codes):
    asked = table("person start role\na 2012-01-02 treated\na 2012-01-09 control", start=pa.date32())
    found = con.to_pyarrow(add_benefit_history(asked, weeks("a 2012-01-02 111 1"), codes, ALL))
    assert " ".join(found.column_names) == "person start role benefit_weeks_104 benefit_weeks_52 spell_weeks"
    assert {str(found.schema.field(n).type) for n in range(3, 6)} == {"int32"}
    assert written(found, "start role spell_weeks")[1:] == [["2012-01-02", "treated", "0"], ["2012-01-09", "control", "1"]]


def test_quarters_have_the_weeks_whose_thursday_lies_in_them_week_53_included(quarters):
    """2009-W53 (28 December to 3 January) has its Thursday in 2009: 14 weeks from 28 September. 8039 is that quarter.

    b has an education grant in W53, neither benefit nor self-support, and in week 1 a code that is self-support.
    """
    covered = Coverage(date(2009, 9, 28), date(2010, 3, 22))
    rows = weeks("a 2009-12-21 111 3", "b 2009-12-28 651 1", "b 2010-01-04 700 1")
    assert quarters("a 2010-01-04\nb 2010-01-04", rows, "a 2000-01-01 .\nb 2000-01-01 .", covered) == cells("""
        a 8039 14 2 12
        a 8040 12 1 11
        b 8039 14 0 13
        b 8040 12 0 12
    """)


@pytest.mark.parametrize(
    ("first", "last", "periods"),
    [
        (date(2010, 1, 4), date(2010, 3, 22), ["8040"]),
        (date(2010, 1, 11), date(2010, 3, 22), []),
        (date(2010, 1, 4), date(2010, 3, 15), []),
        (date(2009, 12, 28), date(2010, 6, 14), ["8040"]),
        (date(2009, 12, 28), date(2010, 6, 21), ["8040", "8041"]),
    ],
)
def test_a_quarter_that_dream_covers_in_part_has_no_row(quarters, first, last, periods):
    """The first quarter of 2010 is the weeks of 4 January to 22 March, the second those of 29 March to 21 June."""
    found = quarters("a 2010-01-04", weeks(), "a 2000-01-01 .", Coverage(first, last))
    assert [row[1] for row in found] == periods


def test_a_quarter_not_lived_here_from_its_first_week_to_its_last_is_missing_and_never_zero(quarters):
    """The first quarter of 2010 is 4 January to 28 March. Only who was here all those days has a count."""
    lived = """
        stays    2010-01-04 2010-03-28
        dies     2000-01-01 2010-03-27
        arrives  2010-01-05 .
        moves    2000-01-01 2010-02-10
        moves    2010-02-11 .
        returns  2000-01-01 2010-02-10
        returns  2010-02-12 .
        doubled  2000-01-01 .
        doubled  2009-01-01 2010-02-01
        nested   2000-01-01 2010-02-10
        nested   2009-01-01 2009-06-01
        nested   2010-02-11 .
        outside  2000-01-01 2009-12-31
    """
    names = sorted({line[0] for line in cells(lived)} | {"unheard"})
    who = "\n".join(f"{name} 2010-01-04" for name in names)
    covered = Coverage(date(2010, 1, 4), date(2010, 3, 22))
    rows = weeks("stays 2010-03-22 111 1", "dies 2010-01-04 111 1", "unheard 2010-01-04 111 1")
    assert quarters(who, rows, lived, covered) == cells("""
        arrives 8040 12 . .
        dies    8040 12 . .
        doubled 8040 12 0 12
        moves   8040 12 0 12
        nested  8040 12 0 12
        outside 8040 12 . .
        returns 8040 12 . .
        stays   8040 12 1 11
        unheard 8040 12 . .
    """)


def test_a_quarter_with_an_unlisted_code_or_one_of_absence_is_missing(quarters):
    covered = Coverage(date(2010, 1, 4), date(2010, 3, 22))
    rows = weeks("a 2010-02-01 500 1", "b 2010-02-01 999 1", "b 2010-01-04 111 1")
    assert quarters("a 2010-01-04\nb 2010-01-04", rows, "a 2000-01-01 .\nb 2000-01-01 .", covered) == cells("""
        a 8040 12 . .
        b 8040 12 . .
    """)


def test_a_horizon_is_judged_on_the_four_weeks_that_end_on_or_before_the_day(horizons):
    """Start Sunday 1 January 2012. Six months on is Sunday 1 July: its week of 25 June counts, and those from 4 June.
    Twelve months on is Tuesday 1 January 2013: the four weeks begin on 3 December and end with that of 24 December."""
    rows = weeks(
        "first 2012-06-04 111 1", "before 2012-05-28 111 1", "last 2012-06-25 111 1", "after 2012-07-02 111 1",
        "year 2012-12-03 111 1", "early 2012-11-26 111 1", "late 2012-12-31 111 1",
        "grant 2012-06-11 651 1", "own 2012-06-11 700 1",
    )
    names = ("first", "before", "last", "after", "year", "early", "late", "grant", "own")
    who, lived = ("\n".join(f"{name} {day}" for name in names) for day in ("2012-01-01", "2000-01-01 ."))
    assert horizons(who, rows, lived) == cells("""
        after  false true  false true  false true
        before false true  false true  false true
        early  false true  false true  false true
        first  true  false false true  false true
        grant  false false false true  false true
        last   true  false false true  false true
        late   false true  false true  false true
        own    false true  false true  false true
        year   false true  true  false false true
    """)


def test_a_horizon_after_dream_ends_or_after_death_is_missing_and_not_false(horizons):
    """DREAM's last week is that of 25 June 2012, which ends on 1 July, six months after the start.

    z starts a week later: its four weeks would end with that of 2 July. d died the day before the horizon, e on it,
    f was abroad until the second day of the four weeks."""
    covered = Coverage(date(2009, 12, 28), date(2012, 6, 25))
    lived = "a 2000-01-01 .\nz 2000-01-01 .\nd 2000-01-01 2012-06-30\ne 2000-01-01 2012-07-01\nf 2012-06-05 ."
    who = "a 2012-01-01\nd 2012-01-01\ne 2012-01-01\nf 2012-01-01\nz 2012-01-08"
    assert horizons(who, weeks("a 2012-06-25 111 1", "d 2012-06-04 111 1"), lived, covered) == cells("""
        a true  false . . . .
        d .     .     . . . .
        e false true  . . . .
        f .     .     . . . .
        z .     .     . . . .
    """)


def test_a_horizon_on_the_last_day_of_a_short_month_is_that_months_last(horizons):
    """Six months after 31 August 2012 is 28 February 2013, a Thursday: the last week that counts is that of 18 February."""
    rows = weeks("a 2013-02-18 111 1", "b 2013-02-25 111 1", "c 2013-01-28 111 1", "d 2013-01-21 111 1")
    who, lived = ("\n".join(f"{name} {day}" for name in "abcd") for day in ("2012-08-31", "2000-01-01 ."))
    assert [row[:3] for row in horizons(who, rows, lived)] == cells("""
        a true  false
        b false true
        c true  false
        d false true
    """)


def test_an_unlisted_code_makes_a_horizon_missing_only_where_it_could_decide(horizons):
    rows = weeks("a 2012-06-04 500 1", "b 2012-06-04 500 1", "b 2012-06-11 111 1", "c 2012-06-04 500 1", "c 2012-06-11 651 1")
    who, lived = ("\n".join(f"{name} {day}" for name in "abc") for day in ("2012-01-01", "2000-01-01 ."))
    assert [row[:3] for row in horizons(who, rows, lived)] == cells("""
        a .    .
        b true false
        c .    false
    """)


def test_everything_agrees_with_a_loop_over_people_and_weeks(con, codes):
    """100 people drawn at random, 260 weeks, reckoned week by week in plain Python."""
    draw = random.Random(20120102)
    covered = Coverage(date(2009, 12, 28), date(2014, 12, 15))
    mondays = [covered.first + n * WEEK for n in range(260)]
    assert mondays[-1] == covered.last
    benefits, stays, starts = {}, {}, {}
    for n in range(100):
        code = ""
        for monday in mondays:
            if draw.random() < 0.1:
                code = draw.choice(["", "", "111", "119", "651", "700"] + ["500", "997"] * (n % 5 == 0))
            benefits[f"p{n}", monday] = code
        starts[f"p{n}"] = date(2010, 1, 1) + timedelta(days=draw.randrange(1800))
        left = date(2009, 1, 1) + timedelta(days=draw.randrange(2500))
        stays[f"p{n}"] = [(date(2000, 1, 1), left)] + [(left + timedelta(days=draw.choice([1, 1, 40])), None)] * (n % 2)
    tables = (
        ibis.memtable(pa.table({"person": list(starts), "start": list(starts.values())})),
        ibis.memtable(pa.table({
            "person": [person for person, _ in benefits], "week": [week for _, week in benefits],
            "code": list(benefits.values()),
        })),
        codes,
    )
    lived = [(person, *stay) for person in stays for stay in stays[person]]
    home = ibis.memtable(pa.table({
        name: pa.array([row[n] for row in lived], pa.string() if n == 0 else pa.date32())
        for n, name in enumerate(("person", "from", "to"))
    }))
    history = con.to_pyarrow(add_benefit_history(*tables, covered)).to_pylist()
    later = con.to_pyarrow(add_benefit_horizons(*tables, home, covered)).to_pylist()
    by_quarter = con.to_pyarrow(benefit_outcomes(*tables, home, covered)).to_pylist()
    assert len(history) == len(later) == 100
    assert len(by_quarter) == 100 * 19

    for row in history:
        assert row == loop_history(row["person"], row["start"], benefits, covered)
    for row in later:
        assert row == loop_horizons(row["person"], row["start"], benefits, stays, covered)
    for row in by_quarter:
        in_quarter = [w for w in mondays if (w + timedelta(3)).year * 4 + ((w + timedelta(3)).month - 1) // 3 == row["period"]]
        found = [meaning(benefits[row["person"], week]) for week in in_quarter]
        known = lives(stays[row["person"]], in_quarter[0], in_quarter[-1] + timedelta(6)) and (None, None) not in found
        assert row["quarter_weeks"] == len(in_quarter)
        assert row["benefit_weeks"] == (sum(on for on, _ in found) if known else None)
        assert row["self_support_weeks"] == (sum(own for _, own in found) if known else None)
    assert 0.1 < sum(row["benefit_weeks"] is None for row in by_quarter) / len(by_quarter) < 0.9


def meaning(code: str) -> tuple[bool | None, bool | None]:
    """On a benefit, self-supporting."""
    known = {"": (False, True), "111": (True, False), "119": (True, False), "651": (False, False), "700": (False, True)}
    return known.get(code, (None, None))


def lives(stays: list, first: date, last: date) -> bool:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return all(any(start <= day and (end is None or day <= end) for start, end in stays) for day in days)


def loop_history(person: str, start: date, benefits: dict, covered: Coverage) -> dict:
    monday = start - timedelta(days=start.weekday())
    row = {"person": person, "start": start}
    for n in (104, 52):
        back = [monday - k * WEEK for k in range(1, n + 1)]
        on = [meaning(benefits.get((person, week), ""))[0] for week in back]
        known = all(covered.first <= week <= covered.last for week in back) and None not in on
        row[f"benefit_weeks_{n}"] = sum(on) if known else None
    length, week = 0, monday - WEEK
    while week >= covered.first and meaning(benefits[person, week])[0]:
        length, week = length + 1, week - WEEK
    blocked = monday - WEEK < covered.first
    unsure = week >= covered.first and meaning(benefits[person, week])[0] is None
    row["spell_weeks"] = None if blocked or unsure else length
    return row


def loop_horizons(person: str, start: date, benefits: dict, stays: dict, covered: Coverage) -> dict:
    row = {"person": person, "start": start}
    for months in (6, 12, 24):
        month = start.month - 1 + months
        year, month = start.year + month // 12, month % 12 + 1
        following = date(year + month // 12, month % 12 + 1, 1)
        day = date(year, month, min(start.day, (following - timedelta(days=1)).day))
        sunday = day - timedelta(days=(day.weekday() + 1) % 7)
        four = [sunday - timedelta(days=6) - k * WEEK for k in range(4)]
        known = all(covered.first <= week <= covered.last for week in four) and lives(stays[person], four[-1], day)
        found = [meaning(benefits.get((person, week), "")) for week in four]
        on = True if any(b for b, _ in found) else None if (None, None) in found else False
        own = False if any(s is False for _, s in found) else None if (None, None) in found else True
        row[f"on_benefit_{months}"], row[f"self_supporting_{months}"] = (on, own) if known else (None, None)
    return row


def test_the_code_table_has_ranges_of_three_digits_that_do_not_overlap_and_words_that_are_agreed():
    rows = code_table("benefit_codes").to_pylist()
    ends = [(int(row["code_from"]), int(row["code_to"])) for row in rows]
    assert all(len(row["code_from"]) == len(row["code_to"]) == 3 for row in rows)
    assert all(low <= high for low, high in ends)
    assert all(one[1] < other[0] for one, other in pairwise(ends))
    for row in rows:
        absent = row["benefit_group"] == "absent"
        assert row["counts_as_benefit"] in (["missing"] if absent else ["yes", "no"])
        assert row["self_support"] in (["missing"] if absent else ["yes", "no"])
        assert row["labour_status"] in (["missing"] if absent else ["employed", "unemployed", "inactive"])
        assert not row["counts_as_benefit"] == row["self_support"] == "yes"


def test_the_code_table_itself_tells_benefit_from_grant_and_dead_from_poor(con):
    """111 unemployment, 651 education grant, 890 sickness, 999 dead, 500 in no range."""
    codes = ibis.memtable(code_table("benefit_codes"))
    rows = weeks(*(f"p{code} 2011-12-26 {code} 1" for code in (111, 500, 651, 890, 999)))
    asked = persons("\n".join(f"p{code} 2012-01-02" for code in (111, 500, 651, 890, 999)))
    found = con.to_pyarrow(add_benefit_history(asked, rows, codes, ALL))
    assert written(found, "person benefit_weeks_52 spell_weeks")[1:] == cells("""
        p111 1 1
        p500 . .
        p651 0 0
        p890 1 1
        p999 . .
    """)
