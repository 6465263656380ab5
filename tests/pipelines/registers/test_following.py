"""Numbers drawn by hand that change, merge, split and go round in circles: which leads where, and why."""

import ibis
import pyarrow as pa
import pytest

from pipelines.registers.following import DOUBLINGS, refused, succession
from schemas.contract import codes, load

NO_DATE = "."


@pytest.fixture(scope="module")
def linked(con):
    def follow(demo: str, firm: str | None = None) -> dict[str, str]:
        """Each link "a>b" with "year rule", followed by "*" where it continues, and the followed number."""
        found = con.to_pyarrow(succession(long_demo(demo), None if firm is None else firms(firm)))
        rows = load("register.succession").conform(found).to_pylist()
        assert {row["rule"] for row in rows} <= set(codes("succession_rules")["rule"].to_pylist())
        return {
            f"{row['predecessor']}>{row['successor']}":
            f"{row['year']} {row['rule']}{'*' * row['continues']} {row['followed']}"
            for row in rows
        }

    return follow


def long_demo(text: str) -> ibis.Table:
    """Rows "number from to date" of LONG_DEMO, a point for nothing."""
    names = ("CVRNR", "CVRNR_FRA", "CVRNR_TIL", "DEMO_DATO")
    columns = dict(zip(names, zip(*_cells(text), strict=True), strict=True)) if text.strip() else {n: [] for n in names}
    table = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    table["DEMO_DATO"] = table["DEMO_DATO"].cast(pa.date32())
    empty = pa.nulls(len(table["CVRNR"]), pa.string())
    return ibis.memtable(pa.table({**table, "L_AFG": empty, "L_MODT": empty}))


def firms(text: str) -> ibis.Table:
    """Rows "company year headcount" of `register.firm`."""
    company, year, headcount = zip(*_cells(text), strict=True)
    heads = [None if cell is None else int(cell) for cell in headcount]
    return ibis.memtable(pa.table({
        "company": pa.array(company), "year": pa.array(map(int, year), pa.int32()), "headcount": pa.array(heads, pa.int32()),
    }))


def _cells(text: str) -> list[list[str | None]]:
    return [[None if cell == NO_DATE else cell for cell in line.split()] for line in text.strip().splitlines()]


def test_a_link_told_from_both_ends_and_in_several_years_is_one_link_of_the_earliest_date(linked):
    assert linked("""
        a . b 2010-12-31
        a . b 2010-05-01
        b a . 2011-01-01
        b . . 2011-01-01
        c c c 2011-01-01
    """) == {"a>b": "2010 new_legal_form* b"}


def test_a_register_without_a_change_has_no_link(linked):
    assert linked("") == linked("a . . 2010-01-01") == {}


def test_every_number_of_a_chain_is_followed_to_its_last(linked):
    assert linked("a . b 2008-01-01\nb . c 2010-01-01\nc . d 2012-01-01") == {
        "a>b": "2008 new_legal_form* d", "b>c": "2010 new_legal_form* d", "c>d": "2012 new_legal_form* d",
    }


def test_numbers_that_become_one_are_a_merger_from_the_year_in_which_there_are_two(linked):
    """b takes a's place in 2008 and is nothing but a; c joins in 2011; d and e become f in one year."""
    assert linked("a . b 2008-01-01\nc . b 2011-01-01\nd . f 2012-01-01\ne . f 2012-06-01") == {
        "a>b": "2008 new_legal_form* b", "c>b": "2011 merger* b", "d>f": "2012 merger* f", "e>f": "2012 merger* f",
    }


def test_a_number_taken_in_by_one_that_lived_beside_it_is_a_merger_and_one_that_only_overlaps_in_its_year_is_not(linked):
    beside = "a 2009 5\nb 2009 7\nb 2010 12"
    in_turn = "a 2009 5\na 2010 5\nb 2010 5\nb 2011 5"
    assert linked("a . b 2010-03-01", beside) == {"a>b": "2010 merger* b"}
    assert linked("a . b 2010-03-01", in_turn) == {"a>b": "2010 new_legal_form* b"}


def test_a_change_that_is_told_years_late_is_no_merger(linked):
    """b appears when a has gone: they never lived beside each other, whatever the date says."""
    assert linked("a . b 2012-03-01", "a 2009 5\nb 2010 5\nb 2011 5") == {"a>b": "2012 new_legal_form* b"}


def test_the_largest_part_continues_a_split_and_the_others_are_new(linked):
    assert linked("a . b 2010-01-01\na . c 2010-01-01", "a 2009 9\nb 2010 2\nc 2010 7") == {
        "a>b": "2010 split c", "a>c": "2010 split* c",
    }


def test_a_part_that_is_first_counted_in_the_next_year_has_the_size_of_that_year(linked):
    """c has 1 in the event's own year and 9 in the next: the first that is told counts."""
    assert linked("a . b 2010-12-01\na . c 2010-12-01", "b 2011 3\nc 2010 1\nc 2011 9\nb 2010 .") == {
        "a>b": "2010 split* b", "a>c": "2010 split b",
    }


@pytest.mark.parametrize("firm", [None, "a 2009 9", "b 2010 4\nc 2010 4"])
def test_parts_of_equal_or_unknown_size_are_ranked_by_date_and_then_number(linked, firm):
    assert linked("a . c 2010-01-01\na . b 2010-02-01", firm)["a>c"] == "2010 split* c"
    assert linked("a . c 2010-01-01\na . b 2010-01-01", firm)["a>b"] == "2010 split* b"


def test_a_number_that_lives_on_is_its_own_largest_part(linked):
    assert linked("a . b 2010-01-01", "a 2009 9\na 2010 5\na 2011 5\nb 2010 99") == {"a>b": "2010 split a"}


@pytest.mark.parametrize("circle", ["a . b 2009-01-01\nb . a 2010-01-01", "b . a 2009-01-01\na . b 2009-01-01"])
def test_numbers_in_a_circle_and_those_that_lead_into_it_stay_themselves_and_are_counted(con, linked, circle):
    demo = circle + "\nx . a 2008-01-01\np . q 2008-01-01"
    found = linked(demo)
    assert {link: told.split()[1:] for link, told in found.items()} == {
        "a>b": ["cycle", "a"], "b>a": ["cycle", "b"], "x>a": ["cycle", "x"], "p>q": ["new_legal_form*", "q"],
    }
    assert con.to_pyarrow(refused(succession(long_demo(demo)))).to_pylist() == [{"rule": "cycle", "links": 3}]


def test_a_circle_of_three_is_found_though_it_does_not_divide_the_reach(linked):
    found = linked("a . b 2009-01-01\nb . c 2009-01-01\nc . a 2009-01-01")
    assert sorted(found.values()) == ["2009 cycle a", "2009 cycle b", "2009 cycle c"]


def test_a_link_without_a_date_is_told_and_not_followed(con, linked):
    assert linked("a . b .\na . c 2010-01-01\nd . e .") == {
        "a>b": "None undated c", "a>c": "2010 new_legal_form* c", "d>e": "None undated d",
    }
    assert con.to_pyarrow(refused(succession(long_demo("a . b .")))).to_pylist() == [{"rule": "undated", "links": 1}]


@pytest.mark.parametrize("steps", [1, 2, 3, 63, 2**DOUBLINGS])
def test_a_chain_of_any_length_within_reach_is_followed_to_its_end(linked, steps):
    demo = "\n".join(f"n{n:03} . n{n + 1:03} {1990 + n // 3}-01-01" for n in range(steps))
    assert {told.split()[-1] for told in linked(demo).values()} == {f"n{steps:03}"}


def test_a_chain_beyond_reach_is_refused_only_for_those_whose_end_is_too_far(linked):
    steps = 2**DOUBLINGS + 1
    found = linked("\n".join(f"n{n:03} . n{n + 1:03} {1990 + n // 3}-01-01" for n in range(steps)))
    assert found["n000>n001"] == "1990 cycle n000"
    assert found["n001>n002"] == f"1990 new_legal_form* n{steps:03}"
