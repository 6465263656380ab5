"""Finds what may be a raw CVR or CPR number inside other text, so that the text is never stored.

In doubt it says yes: a refused note costs an operator a minute, a stored number cannot be taken back.
"""

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.numbers import CVR_WEIGHTS

GAP = r"[\s.\-/\u2010-\u2015\u2212]{0,3}"  # what people write between the digits of one number
LENGTHS = (8, 9, 10)  # a CVR number, a CPR number whose zero Excel dropped, a CPR number
CANDIDATES = tuple(re.compile(rf"(?<![0-9])(?=((?:[0-9]{GAP}){{{length - 1}}}[0-9])(?![0-9]))") for length in LENGTHS)
DAY, MONTH, YEAR = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:18|19|20)[0-9]{2}"
DATE = rf"(?<![0-9])(?:{DAY}(?P<a>[-./ ]){MONTH}(?P=a){YEAR}|{YEAR}(?P<b>[-./ ]){MONTH}(?P=b){DAY})(?![0-9])"
WRITTEN_DATE = re.compile(DATE)
LONG_CPR = re.compile(rf"{DATE}{GAP}[0-9]{{4}}(?![0-9])")  # a birth with all digits of its year, then the last four
UNSEEN = ("Cf", "Mn", "Me")  # of Unicode's categories: format signs, and marks upon or around another sign
EIGHT_DIGITS = r"([0-9][^0-9]{0,3}){7}[0-9]"  # RE2: without these, a text cannot hold a number


def contains_raw_number(text: str | None) -> bool:
    """Whether the text may hold a CVR number (eight digits with a valid check digit, first digit 0 included) or a CPR
    number (ten digits, or nine, that begin with a possible day and month, replacement days included).

    Blanks, hyphens, dots and slashes between the digits do not hide a number, nor do the digits of other scripts, signs
    that nobody sees or marks upon a digit; a written date is none.
    """
    text = _in_plain_digits(text or "")
    if LONG_CPR.search(text):
        return True
    text = WRITTEN_DATE.sub("date", text)
    return any(_looks_raw(candidate) for pattern in CANDIDATES for candidate in pattern.findall(text))


def raw_numbers_in(texts: pa.Array) -> pa.Array:
    """contains_raw_number for a column of texts, as booleans without nulls."""
    distinct = texts.dictionary_encode()
    distinct = distinct.combine_chunks() if isinstance(distinct, pa.ChunkedArray) else distinct
    suspect = pc.or_(
        pc.match_substring_regex(distinct.dictionary, EIGHT_DIGITS), pc.invert(pc.string_is_ascii(distinct.dictionary))
    )
    found = [
        maybe and contains_raw_number(text.as_py())
        for text, maybe in zip(distinct.dictionary, suspect.to_pylist(), strict=True)
    ]
    return pc.fill_null(pa.array(found, pa.bool_()).take(distinct.indices), False)


def _in_plain_digits(text: str) -> str:
    """The text with 0-9 for the digits of any script, without marks and signs that nobody sees."""
    if text.isascii():
        return text
    signs = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) not in UNSEEN)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in signs)


def _looks_raw(candidate: str) -> bool:
    digits = [int(sign) for sign in candidate if sign in "0123456789"]
    if len(digits) == 8:
        return digits[:2] != [0, 0] and sum(w * d for w, d in zip(CVR_WEIGHTS, digits, strict=True)) % 11 == 0
    digits = [0] * (10 - len(digits)) + digits
    day, month = digits[0] * 10 + digits[1], digits[2] * 10 + digits[3]
    return 1 <= month <= 12 and (1 <= day <= 31 or 61 <= day <= 91)
