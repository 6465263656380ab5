"""Spellings of CVR and CPR numbers, the rules that they break, and the golden pseudonyms. Every number here is
synthetic."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pipelines.identity import canonical_cpr, canonical_cprs, canonical_cvr, canonical_cvrs, pseudonym
from pipelines.identity.numbers import _century
from tests.pipelines.identity.drawing import WEIGHTS, real_looking_cvr

KEY = bytes(range(32))
CVR_SPELLINGS = [
    "01000004",
    " 01000004 ",
    "0100 0004",
    "01 00 00 04",
    "01-00-00-04",
    "1000004",
    "DK01000004",
    "dk 01000004",
    "01\u00a000\u202f00\u201304",
    "\t01000004\n",
]
CPR_SPELLINGS = [
    "0101405000",
    "010140-5000",
    "010140 5000",
    " 010140 - 5000 ",
    "101405000",
    "10140-5000",
    "010140\u20135000",
    "01 01 40 5000",
    "010140\u00a05000",
]
# Made with OpenSSL: HMAC-SHA-256 under the key 00 01 02 … 1f, 128 bits, each hexadecimal digit as a letter a–p.
GOLDEN = {
    "01000004": "demeiljniamegllbihhgamjlpbgfbddp",
    "09555552": "kghdehmaelbimdbpmklmbljabmhcopad",
    "0101405000": "oedighelpkpljdodhgjikcbobndalhih",
    "3112578999": "pmejamiljeikldlmnphplpmmoengpbck",
}


@pytest.mark.parametrize("spelling", CVR_SPELLINGS)
def test_every_spelling_of_a_cvr_number_has_the_same_golden_pseudonym(spelling):
    found = canonical_cvr(spelling, synthetic=True)
    assert (found.number, found.rule) == ("01000004", None)
    assert pseudonym(KEY, found.number) == GOLDEN["01000004"]


@pytest.mark.parametrize("spelling", CPR_SPELLINGS)
def test_every_spelling_of_a_cpr_number_has_the_same_golden_pseudonym(spelling):
    found = canonical_cpr(spelling, synthetic=True)
    assert (found.number, found.rule) == ("0101405000", None)
    assert pseudonym(KEY, found.number) == GOLDEN["0101405000"]


@pytest.mark.parametrize(("number", "golden"), GOLDEN.items())
def test_golden_pseudonyms_hold_at_the_ends_of_the_synthetic_ranges(number, golden):
    canonical = canonical_cvr if len(number) == 8 else canonical_cpr
    assert pseudonym(KEY, canonical(number, synthetic=True).number) == golden


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("01000005", "cvr_check_digit"),
        ("10000040", "cvr_check_digit"),
        ("0100004", "cvr_check_digit"),  # seven digits get their zero back, and the check digit then fails
        ("010000041", "cvr_format"),
        ("100004", "cvr_format"),
        ("0100000A", "cvr_format"),
        ("\uff10\uff11000004", "cvr_format"),  # digits of another script
        ("1.000004E6", "cvr_format"),
        ("00000000", "cvr_format"),
        ("", "cvr_format"),
    ],
)
def test_what_is_no_synthetic_cvr_number_breaks_a_rule(text, rule):
    found = canonical_cvr(text, synthetic=True)
    assert (found.number, found.rule) == (None, rule)


def test_a_cvr_number_that_begins_with_zero_is_refused_in_a_real_home_and_its_zero_is_not_given_back_there():
    assert canonical_cvr("01000004", synthetic=False).rule == "synthetic_in_real"
    assert canonical_cvr("1000004", synthetic=False).rule == "cvr_format"


def test_a_real_looking_cvr_number_is_taken_in_a_real_home_only():
    number = real_looking_cvr(np.random.default_rng(4))
    assert canonical_cvr(number, synthetic=False).number == number, "a valid number was refused"
    assert canonical_cvr(number, synthetic=True).rule == "real_in_synthetic"


def test_one_wrong_digit_of_a_cvr_number_is_always_found():
    wrong = [f"{'01000004'[:at]}{digit}{'01000004'[at + 1 :]}" for at in range(1, 8) for digit in range(10)]
    wrong = [text for text in wrong if text != "01000004"]
    assert {canonical_cvr(text, synthetic=True).rule for text in wrong} == {"cvr_check_digit"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("6101405000", "cpr_replacement"),  # day 61 is day 1
        ("9112405000", "cpr_replacement"),
        ("9211405000", "cpr_impossible"),
        ("3002405000", "cpr_impossible"),
        ("2902415000", "cpr_impossible"),  # 2041 is no leap year
        ("0113405000", "cpr_impossible"),
        ("0001405000", "cpr_impossible"),
        ("01014050001", "cpr_impossible"),
        ("01014050", "cpr_impossible"),
        ("010140-500A", "cpr_impossible"),
        ("", "cpr_impossible"),
    ],
)
def test_what_is_no_synthetic_cpr_number_breaks_a_rule(text, rule):
    found = canonical_cpr(text, synthetic=True)
    assert (found.number, found.rule) == (None, rule)


def test_a_leap_day_is_a_date_of_birth():
    assert canonical_cpr("2902405000", synthetic=True).number == "2902405000"


def test_a_cpr_number_need_not_satisfy_modulus_11():
    weights = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    followers = [f"010140500{digit}" for digit in range(10)]
    failing = [text for text in followers if sum(w * int(d) for w, d in zip(weights, text, strict=True)) % 11]
    assert len(failing) >= 9
    assert all(canonical_cpr(text, synthetic=True).number == text for text in failing)


def test_a_synthetic_cpr_number_is_refused_in_a_real_home_unless_the_range_of_births_says_otherwise():
    assert canonical_cpr("0101405000", synthetic=False).rule == "synthetic_in_real"
    births = (dt.date(2040, 1, 1), dt.date(2040, 12, 31))
    assert canonical_cpr("0101405000", synthetic=False, births=births).number == "0101405000"
    assert canonical_cpr("0101415000", synthetic=False, births=births).rule == "synthetic_in_real"


def test_a_number_born_outside_the_synthetic_range_counts_as_real_in_a_synthetic_home():
    births = (dt.date(2040, 1, 2), dt.date(2040, 12, 31))
    assert canonical_cpr("0101405000", synthetic=True, births=births).rule == "real_in_synthetic"
    assert canonical_cpr("0201405000", synthetic=True, births=births).rule is None


@pytest.mark.parametrize(
    ("seventh", "years", "birth"),
    [
        (0, (0, 99), (1900, 1999)),
        (3, (0, 99), (1900, 1999)),
        (4, (36, 37), (2036, 1937)),
        (5, (57, 58), (2057, 1858)),
        (8, (57, 99), (2057, 1899)),
        (9, (36, 37), (2036, 1937)),
    ],
)
def test_the_seventh_digit_gives_the_century(seventh, years, birth):
    years = np.array(years)
    assert (years + _century(years, np.array([seventh, seventh]))).tolist() == list(birth)


def test_a_column_says_the_same_as_its_texts_one_by_one_and_leaves_empty_cells_alone():
    texts = [*CVR_SPELLINGS, "01000005", "x", None, ""]
    column = canonical_cvrs(pa.array(texts), synthetic=True)
    alone = [canonical_cvr(text or "", synthetic=True) for text in texts[:-2]]
    assert column.numbers.to_pylist() == [one.number for one in alone] + [None, None]
    assert column.rules.to_pylist() == [one.rule for one in alone] + [None, None]


def test_an_empty_column_has_no_numbers_and_no_rules():
    for canonical in (canonical_cvrs, canonical_cprs):
        column = canonical(pa.array([], pa.string()), synthetic=True)
        assert (len(column.numbers), len(column.rules)) == (0, 0)


def test_no_repr_shows_a_number():
    shown = [
        repr(canonical_cvr("01000004", synthetic=True)),
        repr(canonical_cpr("0101405000", synthetic=True)),
        repr(canonical_cvrs(pa.array(["01000004"]), synthetic=True)),
    ]
    assert not any("1000004" in text or "1014" in text for text in shown)


def test_a_column_agrees_with_the_check_digit_computed_by_hand():
    texts = [f"{number:08d}" for number in range(1_000_000, 1_002_000)]
    valid = [sum(w * int(d) for w, d in zip(WEIGHTS, text, strict=True)) % 11 == 0 for text in texts]
    assert canonical_cvrs(pa.array(texts), synthetic=True).rules.is_null().to_pylist() == valid
