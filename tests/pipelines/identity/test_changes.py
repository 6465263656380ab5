"""The table of changed numbers: chains, dates, circles, and every reason why a number is not replaced. Every number
here is synthetic."""

import datetime as dt
from itertools import pairwise

import pyarrow as pa
import pytest

from pipelines.identity import IdentityError, NumberChanges, load_keys, new_keys, relatives, replace_numbers, understand

A, B, C, D, E = "01000004", "02555557", "03333337", "04111109", "08777772"
P, Q, R = "0101405000", "1502386001", "2902407002"
ALL = (A, B, C, D, E, P, Q, R)


def understood(*rows):
    return understand(NumberChanges(tuple((*row, "")[:3] for row in rows)), synthetic=True)


def replaced(successors, *numbers, domain="company", date=dt.date(2010, 5, 1)):
    column, told = replace_numbers(
        pa.array(numbers, pa.string()), pa.array([date] * len(numbers), pa.date32()), domain, successors
    )
    return column.to_pylist(), told


def test_a_number_gives_way_to_its_successor_and_others_stay():
    assert replaced(understood((A, B)), A, C, None, B) == ([B, C, None, B], {"changed": 1, "not_listed": 2})


def test_a_chain_is_followed_to_its_end_in_whatever_order_its_rows_stand():
    successors = understood((C, D), (A, B), (B, C))
    assert replaced(successors, A, B, C, D) == ([D, D, D, D], {"changed": 3, "not_listed": 1})
    assert successors.table == {"used": 3}


def test_companies_and_persons_stay_apart_and_numbers_are_read_as_people_write_them():
    successors = understood(("DK 01 00 00 04", "2555557"), ("010140-5000", "1502386001"))
    assert replaced(successors, A)[0] == [B]
    assert replaced(successors, P, domain="person")[0] == [Q]


@pytest.mark.parametrize("written", ["2010-05-01", "01-05-2010", "1.5.2010", "01/05/2010"])
def test_a_change_with_a_date_holds_for_rows_from_that_day_on(written):
    successors = understood((A, B, written))
    assert replaced(successors, A, date=dt.date(2010, 5, 1)) == ([B], {"changed": 1})
    assert replaced(successors, A, date=dt.date(2010, 4, 30)) == ([A], {"before_change": 1})


def test_a_chain_ends_where_the_next_change_lies_after_the_row():
    successors = understood((A, B, "2009-01-01"), (B, C, "2011-01-01"))
    assert replaced(successors, A, B, date=dt.date(2010, 1, 1)) == ([B, B], {"before_change": 1, "changed": 1})
    assert replaced(successors, A, B, date=dt.date(2011, 1, 1)) == ([C, C], {"changed": 2})


def test_of_two_changes_of_one_number_the_later_that_holds_counts():
    successors = understood((A, C, "2012-01-01"), (A, B, "2009-01-01"))
    assert [replaced(successors, A, date=dt.date(year, 6, 1))[0] for year in (2008, 2010, 2013)] == [[A], [B], [C]]


def test_circles_are_refused_and_whatever_leads_into_one_stays_as_delivered():
    successors = understood((A, B), (B, C), (C, B), (D, E))
    assert replaced(successors, A, B, C, D) == ([A, B, C, E], {"changed": 1, "cyclic": 3})
    assert successors.table == {"cyclic": 2, "used": 2}


def test_a_circle_is_one_even_if_its_changes_have_dates():
    assert understood((A, B, "2009-01-01"), (B, A, "2011-01-01")).table == {"cyclic": 2}


def test_two_successors_from_the_same_day_are_refused():
    successors = understood((A, B, "2009-01-01"), (A, C, "2009-01-01"), (D, A))
    assert replaced(successors, A, D) == ([A, D], {"ambiguous": 2})
    assert successors.table == {"ambiguous": 2, "used": 1}


def test_every_row_of_the_table_is_counted_by_what_became_of_it():
    rows = [(A, B), (A, B), (C, C), (D, P), ("01000005", B), (D, "x"), (E, D, "31-02-2010"), (P, Q, "2010-01-01")]
    table = understood(*rows).table
    assert table == {
        "used": 2, "repeated": 1, "same_number": 1, "two_domains": 1, "unreadable": 2, "impossible_date": 1
    }
    assert sum(table.values()) == len(rows)


def test_a_long_chain_and_a_long_circle_take_no_time():
    numbers = [f"{number:08d}" for number in range(1_000_000, 1_040_000)]
    valid = [n for n in numbers if sum(w * int(d) for w, d in zip((2, 7, 6, 5, 4, 3, 2, 1), n, strict=True)) % 11 == 0]
    chain = understood(*pairwise(valid))
    assert replaced(chain, valid[0]) == ([valid[-1]], {"changed": 1})
    circle = understood(*zip(valid, [*valid[1:], valid[0]], strict=True))
    assert circle.table == {"cyclic": len(valid)}


def test_without_a_table_nothing_is_replaced_and_nothing_is_told():
    assert understood().table == {}
    assert replaced(understood(), A, None) == ([A, None], {"not_listed": 1})


def test_relatives_are_what_a_number_became_and_what_became_it():
    successors = understood((A, B, "2030-01-01"), (B, C), (D, C))
    assert relatives(A, "company", successors) == {A, B, C}
    assert relatives(C, "company", successors) == {A, B, C, D}
    assert relatives(E, "company", successors) == {E}


@pytest.fixture
def keys(tmp_path):
    new_keys(tmp_path / "keys")
    return tmp_path / "keys"


def put(keys, content, mode=0o600):
    (keys / "changes.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    (keys / "changes.csv").chmod(mode)


@pytest.mark.parametrize(
    "text",
    [
        f"old,new,date\n{A},{B},2010-01-01\n",
        f"Gammelt nummer;Nyt nummer;Dato\r\n{A};{B};2010-01-01\r\n;;\r\n",
        f"date\tnew number\told number\n2010-01-01\t{B}\t{A}\n\n",
        f'"old";"new";"date"\n"{A}";"{B}";"2010-01-01"\n',
        f"\ufeffold;new;date;why\n{A};{B};2010-01-01;fusion\n",
    ],
)
def test_the_table_is_read_as_people_save_it(tmp_path, keys, text):
    put(keys, text)
    assert load_keys(keys, tmp_path / "home").changes.rows == ((A, B, "2010-01-01"),)


def test_dates_may_be_left_out(tmp_path, keys):
    put(keys, f"old;new\n{A};{B}\n{C}\n".encode("utf-8-sig"))
    assert load_keys(keys, tmp_path / "home").changes.rows == ((A, B, ""), (C, "", ""))
    assert understand(load_keys(keys, tmp_path / "home").changes, synthetic=True).table == {"unreadable": 1, "used": 1}


def test_without_a_table_there_are_no_changes(tmp_path, keys):
    assert load_keys(keys, tmp_path / "home").changes == NumberChanges()


@pytest.mark.parametrize("text", ["", "\n", f"{A};{B}\n", "old;date\n"])
def test_a_table_without_its_heading_is_refused_without_a_value(tmp_path, keys, text):
    put(keys, text)
    with pytest.raises(IdentityError, match="must name the columns: old, new") as refused:
        load_keys(keys, tmp_path / "home")
    assert A not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_table_that_others_can_reach_is_refused_like_a_key(tmp_path, keys, mode):
    put(keys, "old;new\n", mode)
    with pytest.raises(IdentityError, match=r"changes\.csv can be read by others"):
        load_keys(keys, tmp_path / "home")


def test_a_table_inside_the_home_is_refused_even_behind_a_link(tmp_path, keys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "changes.csv").write_text("old;new\n")
    (keys / "changes.csv").symlink_to(tmp_path / "home" / "changes.csv")
    with pytest.raises(IdentityError, match="inside the home"):
        load_keys(keys, tmp_path / "home")


def test_no_repr_shows_a_number(tmp_path, keys):
    put(keys, f"old;new\n{A};{B}\n{P};{Q}\n")
    loaded = load_keys(keys, tmp_path / "home")
    shown = repr(loaded) + repr(loaded.changes) + repr(understand(loaded.changes, synthetic=True))
    assert not any(number in shown for number in ALL)
