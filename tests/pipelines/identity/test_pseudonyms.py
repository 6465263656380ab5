"""Pseudonyms against the definition: HMAC-SHA-256, 128 bits, 32 letters a–p. The golden ones stand in test_numbers."""

import hmac
import re
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import pseudonym, pseudonym_column, pseudonyms

KEY = bytes(range(32))


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.lists(st.text("0123456789", min_size=8, max_size=10), max_size=20))
def test_many_numbers_get_the_pseudonyms_of_the_definition_in_their_order(key, numbers):
    defined = [hmac.new(key, number.encode(), "sha256").hexdigest()[:32] for number in numbers]
    letters = [text.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop")) for text in defined]
    assert pseudonyms(key, numbers) == letters
    assert [pseudonym(key, number) for number in numbers] == letters
    assert pseudonym_column(key, pa.array(numbers, pa.string())).to_pylist() == letters


def test_a_pseudonym_is_32_letters_and_differs_between_keys():
    one, other = pseudonym(KEY, "01000004"), pseudonym(bytes(range(1, 33)), "01000004")
    assert re.fullmatch("[a-p]{32}", one)
    assert one != other


def test_a_column_keeps_its_nulls_and_repeats():
    column = pa.chunked_array([["01000004", None], ["01000004"]])
    assert pseudonym_column(KEY, column).to_pylist() == [pseudonym(KEY, "01000004"), None, pseudonym(KEY, "01000004")]


@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_a_column_is_the_same_in_whatever_portions_it_is_computed(monkeypatch, at_once):
    numbers = [f"0{n:07d}" for n in (1, 2, 3, 2, 5, 6, 7, 1)]
    monkeypatch.setattr(sys.modules["pipelines.identity.pseudonyms"], "AT_ONCE", at_once)
    assert pseudonym_column(KEY, pa.array(numbers)).to_pylist() == [pseudonym(KEY, number) for number in numbers]


def test_a_key_longer_than_a_block_is_refused_rather_than_computed_otherwise():
    with pytest.raises(ValueError, match="longer than one SHA-256 block"):
        pseudonyms(bytes(65), ["01000004"])
