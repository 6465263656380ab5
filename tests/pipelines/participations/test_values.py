"""How people write dates, amounts, yes and no, and what each spelling means."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.participations import values

MAY = dt.date(2010, 5, 1)
MONEY = pa.decimal128(18, 2)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2010-05-01", MAY),
        ("2010-5-1", MAY),
        ("2010/05/01", MAY),
        ("01-05-2010", MAY),
        ("1.5.2010", MAY),
        ("01.05.2010", MAY),
        ("01/05/2010", MAY),
        ("1/5 2010", MAY),
        ("1/5-2010", MAY),
        ("1. 5. 2010", MAY),
        ("1. maj 2010", MAY),
        ("1 maj 2010", MAY),
        ("01. MAJ. 2010", MAY),
        ("20100501", MAY),
        ("2010-05-01 00:00:00", MAY),
        ("2010-05-01T13:45", MAY),
        ("01-05-2010 13.45", MAY),
        ("3. oktober 2012", dt.date(2012, 10, 3)),
        ("3. okt. 2012", dt.date(2012, 10, 3)),
        ("29-02-2012", dt.date(2012, 2, 29)),
        ("31-12-1899", dt.date(1899, 12, 31)),
        ("29-02-2011", None),
        ("05/13/2010", None),
        ("00-05-2010", None),
        ("01-05-10", None),
        ("2010-05-01-01", None),
        ("40299", None),
        ("2010", None),
        ("maj 2010", None),
        ("1. mai 2010", None),
        ("i dag", None),
        ("0000-01-01", None),
        ("\u0661-5-2010", None),
        ("2010-05/01", None),
        (None, None),
    ],
)
def test_a_date_is_read_as_danes_write_it_or_not_at_all(text, day):
    assert values.dates(pa.array([text], pa.string())).to_pylist() == [day]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234", "1234"),
        ("1234.5", "1234.5"),
        ("1234,5", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("1.234", "1234"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567,89", "1234567.89"),
        ("12.5", "12.5"),
        ("0,5", "0.5"),
        ("0.125", "0.13"),
        ("0.12500", "0.13"),
        ("1234,567", "1234.57"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("+5", "5"),
        ("kr. 1.234,50", "1234.5"),
        ("1.234,50 kr.", "1234.5"),
        ("1.000,-", "1000"),
        ("DKK 500", "500"),
        ("500kr", "500"),
        ("007", "7"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("0", "0"),
        ("-0", "0"),
        ("10000000000000000", None),
        ("9999999999999999,995", None),
        ("1,234", None),
        ("1.23.456", None),
        ("12.34,5", None),
        ("0.1234567890123", None),
        ("1e5", None),
        ("1.5E+06", None),
        ("fem", None),
        ("12 34", None),
        ("1.2.3", None),
        ("--5", None),
        ("-", None),
        ("5 %", None),
        ("01000004 01", None),
        ("\u0665", None),
        (None, None),
    ],
)
def test_an_amount_is_read_as_people_write_it_or_not_at_all(text, amount):
    found = values.amounts(pa.array([text], pa.string()), MONEY).to_pylist()
    assert found == [None if amount is None else Decimal(amount)]


@pytest.mark.parametrize(
    ("texts", "meaning"),
    [
        (["ja", "Ja", "J", "yes", "TRUE", "sand", "1", "x"], True),
        (["nej", "N", "no", "false", "Falsk", "0"], False),
        (["måske", "2", "ja nej", None], None),
    ],
)
def test_yes_and_no_are_understood_in_danish_and_english(texts, meaning):
    assert values.booleans(pa.array(texts, pa.string())).to_pylist() == [meaning] * len(texts)


def test_a_code_is_known_whatever_its_case_and_nothing_else_is():
    texts = pa.array(["Employed", "employed", "ansat", None])
    assert values.codes(texts, ("employed", "inactive")).to_pylist() == ["employed", "employed", None, None]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.decimals(-(10**12), 10**12, places=2), max_size=8))
def test_danish_english_and_plain_spellings_of_an_amount_agree(amounts):
    plain = [f"{amount:f}" for amount in amounts]
    english = [f"{amount:,.2f}" for amount in amounts]
    danish = [text.translate(str.maketrans(",.", ".,")) for text in english]
    for texts in (plain, english, danish):
        assert values.amounts(pa.array(texts, pa.string()), MONEY).to_pylist() == amounts


@settings(max_examples=100, deadline=None)
@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
def test_every_format_of_a_date_gives_the_same_day(day):
    texts = [
        day.isoformat(),
        f"{day:%d-%m-%Y}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%d/%m/%Y}",
        f"{day:%Y%m%d}",
    ]
    assert values.dates(pa.array(texts)).to_pylist() == [day] * len(texts)


def test_blanks_of_any_width_are_trimmed_and_nothing_left_is_null():
    assert values.trimmed(pa.chunked_array([["\u00a0x y\t", " ", "", None]])).to_pylist() == ["x y", None, None, None]
