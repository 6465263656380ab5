"""What counts as a raw number in a text. Every number here is synthetic."""

import pyarrow as pa
import pytest

from pipelines.identity import contains_raw_number, raw_numbers_in

HOLDS = [
    "01000004",
    "CVR 01000004.",
    "ring til 0100 0004 i morgen",
    "01-00-00-04",
    "01.000.004",
    "nr.01000004x",
    "DK01000004",
    "010140-5000",
    "0101405000",
    "01 01 40 5000",
    "01.01.40-5000",
    "født 01-01-2040-5000",
    "610140-5000",
    "101405000",
    "010140\u20135000",
    "\uff10\uff11\uff10\uff11\uff14\uff10\uff15\uff10\uff10\uff10",
    "linje\n01\n01 40 5000",
    "7;010140 5000;8",
]
HOLDS_NONE = [
    "",
    None,
    "Bevilget efter ansøgning",
    "01-05-2010",
    "fra 01-05-2010 til 31-12-2010",
    "2010-05-01 10:15",
    "1. maj 2010 kl. 9",
    "01000005",
    "tlf. 1234",
    "P-2010-17",
    "a" * 1000,
    "9999999999",
    "1.234,50 kr.",
]


@pytest.mark.parametrize("text", HOLDS)
def test_a_number_is_found_however_it_is_written(text):
    assert contains_raw_number(text)


@pytest.mark.parametrize("text", HOLDS_NONE)
def test_other_text_is_left_in_peace(text):
    assert not contains_raw_number(text)


def test_a_column_says_the_same_as_its_texts_one_by_one():
    assert raw_numbers_in(pa.array(HOLDS + HOLDS_NONE)).to_pylist() == [True] * len(HOLDS) + [False] * len(HOLDS_NONE)


def test_a_pseudonym_is_never_taken_for_a_number():
    assert not contains_raw_number("demeiljniamegllbihhgamjlpbgfbddp")
