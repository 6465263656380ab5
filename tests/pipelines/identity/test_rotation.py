"""From pseudonyms under old keys to those under new ones, by trying every number that exists."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pipelines.identity import canonical_cprs, canonical_cvrs, draw_keys, pseudonyms, translate
from pipelines.identity.numbers import BIRTHS
from pipelines.identity.rotation import _rests, cpr_numbers, cvr_numbers, letters_of, words_of
from tests.pipelines.identity.drawing import real_looking_cvr

OLD, NEW = draw_keys(), draw_keys()
CVRS, CPRS = ["01000004", "09555552"], ["0101405000", "3101408999"]
BORN = (dt.date(2040, 1, 1), dt.date(2040, 1, 31))
DRAWN = ["abcdefghijklmnop" * 2, "p" * 32]


def under(keys, cvrs=CVRS, cprs=CPRS):
    return pseudonyms(keys.company, list(cvrs)) + pseudonyms(keys.person, list(cprs))


def marked(keys):
    return pseudonyms(keys.mark, under(keys))


def as_dict(found):
    return dict(zip(found.pairs["old"].to_pylist(), found.pairs["new"].to_pylist(), strict=True))


def test_every_pseudonym_and_every_mark_is_translated_and_drawn_ones_get_one_of_their_own(monkeypatch):
    def both_ends(first, last):  # the whole space takes seconds
        assert (first, last) == (10**6, 10**7), "all CVR numbers that nobody can hold"
        yield from cvr_numbers(first, first + 1000)
        yield from cvr_numbers(9_555_000, 9_556_000)

    monkeypatch.setattr("pipelines.identity.rotation.cvr_numbers", both_ends)
    wanted, marks = pa.array([*under(OLD), *DRAWN, DRAWN[0], None]), pa.array(marked(OLD))
    found = translate(wanted, marks, OLD, NEW, synthetic=True, births=BORN)
    pairs = as_dict(found)
    assert found.missing == 0
    assert found.pairs["old"].to_pylist() == sorted(pairs)
    assert [pairs.pop(old) for old in under(OLD)] == under(NEW)
    assert [pairs.pop(old) for old in marked(OLD)] == marked(NEW)
    assert pairs == dict(zip(DRAWN, pseudonyms(NEW.company, DRAWN), strict=True))


def test_what_no_number_explains_is_counted_in_a_real_home(monkeypatch):
    number = real_looking_cvr(np.random.default_rng(9))
    first = int(number) // 1000 * 1000
    ranges = []

    def near(start, stop, *, valid=True):  # the whole space takes minutes
        ranges.append((start, stop, valid))
        return cvr_numbers(first, first + 1000, valid=valid)

    monkeypatch.setattr("pipelines.identity.rotation.cvr_numbers", near)
    wrong = f"{first + 1:08d}" if f"{first + 1:08d}" != number else f"{first + 2:08d}"
    wanted = pa.array([*under(OLD, [number, wrong], []), *DRAWN])
    found = translate(wanted, pa.array([], pa.string()), OLD, NEW, synthetic=False, births=BORN)
    assert found.missing == 2
    pairs = as_dict(found)
    assert [pairs.get(old) for old in under(OLD, [number, wrong], [])] == under(NEW, [number, wrong], [])
    assert ranges == [(10**7, 10**8, True), (0, 10**8, False)], "first what a delivery may hold, then what a register may"


def test_a_replacement_number_in_a_register_is_translated_in_a_real_home(monkeypatch):
    monkeypatch.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter(()))
    found = translate(
        pa.array(under(OLD, [], ["6101405000"])), pa.array([], pa.string()), OLD, NEW, synthetic=False, births=BORN
    )
    assert as_dict(found) == dict(zip(under(OLD, [], ["6101405000"]), under(NEW, [], ["6101405000"]), strict=True))


def test_nothing_to_translate_makes_an_empty_table():
    nothing = pa.array([], pa.string())
    found = translate(nothing, nothing, OLD, NEW, synthetic=True, births=BORN)
    assert (found.pairs.num_rows, found.pairs.column_names, found.missing) == (0, ["old", "new"], 0)


def test_every_cvr_number_of_a_range_is_tried_once():
    tried = [number for batch in cvr_numbers(1_000_000, 1_100_000) for number in batch]
    every = pa.array([f"{number:08d}" for number in range(1_000_000, 1_100_000)])
    assert tried == canonical_cvrs(every, synthetic=True).numbers.drop_null().to_pylist()
    others = [number for batch in cvr_numbers(1_000_000, 1_100_000, valid=False) for number in batch]
    assert sorted(tried + others) == every.to_pylist()


@pytest.mark.parametrize("year", [1858, 1899, 1900, 1936, 1937, 1999, 2000, 2036, 2037, 2038, 2057])
def test_every_cpr_number_of_a_day_is_tried_once_whatever_the_century(year):
    tried = [number for batch in cpr_numbers(dt.date(year, 3, 9), dt.date(year, 3, 9)) for number in batch]
    every = pa.array([f"0903{year % 100:02d}{rest:04d}" for rest in range(10_000)])
    found = canonical_cprs(every, synthetic=False, births=(dt.date(year, 1, 1), dt.date(year, 12, 31)))
    assert tried == found.numbers.drop_null().to_pylist()
    assert len(tried) in (4000, 6000)


def test_a_year_of_the_century_before_the_numbers_has_none():
    assert _rests(1857) == _rests(2058) == ()
    assert BIRTHS[0].year == 1858


def test_words_are_letters_and_back():
    letters = under(OLD)
    assert letters_of(words_of(pa.array(letters))).to_pylist() == letters
    assert words_of(pa.array(["a" * 31 + "b", "p" * 32])).tolist() == [[0, 1], [2**64 - 1] * 2]
