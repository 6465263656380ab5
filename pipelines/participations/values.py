"""From text to typed values, a column at a time: dates, amounts, yes and no, codes. Each distinct text is parsed once.

Every function takes trimmed texts with null for an empty cell and returns the values with null where there is none or
none can be read; which rule that breaks is decided in `checking`. Nothing is guessed: a text with two readings has
none.
"""

import datetime as dt
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
FULL_MONTHS = (
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
)
MONTH_NUMBERS = {name: str(n) for names in (MONTHS, FULL_MONTHS) for n, name in enumerate(names, 1)} | {"sept": "9"}
WEEKDAY = r"(?:(?:man|tirs|ons|tors|fre|lør|søn)(?:dag)?[.,]? )?(?:den |d\. ?)?"
TIME = r"(?:(?:t| | kl\.? ?)\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?)?"
DATES = tuple(
    re.compile(WEEKDAY + pattern + TIME, re.ASCII)
    for pattern in (
        r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})",  # 2010-05-01
        r"(?P<day>\d{1,2}) ?[-/.] ?(?P<month>\d{1,2})(?: ?[-/.] ?| )(?P<year>\d{4})",  # 01-05-2010, 1.5.2010, 1/5 2010
        r"(?P<day>\d{1,2})(?:\. ?| |-)(?P<name>[a-z]+)(?:\. ?| |-)(?P<year>\d{4})",  # 1. maj 2010, 01-maj-2010
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",  # 20100501
    )
)
PLAIN_AMOUNT = r"^-?\d{1,20}(?:[.,]\d{1,10})?$"
# How people write an amount: the pattern, the sign between groups of thousands, the sign before decimals. All amounts
# have two decimals, so 1.234 can only be a group; 1,234 could be either in one country or the other, and has no
# reading.
AMOUNTS = (
    (r"^-?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d{1,10})?$", ".", ","),
    (r"^-?[1-9]\d{0,2}(?:(?:,\d{3})+\.\d{1,10}|(?:,\d{3}){2,})$", ",", "."),
    (r"^-?[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d{1,10})?$", " ", ","),
    (r"^-?[1-9]\d{0,2},\d{3}$", None, None),
    (PLAIN_AMOUNT, "", ","),
)
CURRENCY = r"(?i)^(?:kr\.?|dkk)\s*|(?:,-)?\s*(?:kr\.?|dkk)?$"
YES = ("ja", "j", "yes", "y", "true", "sand", "sandt", "1", "x")
NO = ("nej", "n", "no", "false", "falsk", "0")


def on_distinct(texts: pa.Array, parse: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """`parse` applied once to each distinct text, spread over the rows."""
    encoded = texts.dictionary_encode()
    return parse(encoded.dictionary).take(encoded.indices)


def trimmed(texts: pa.ChunkedArray) -> pa.Array:
    """The texts without blanks around them, null where nothing is left."""
    texts = pc.utf8_trim_whitespace(texts.combine_chunks())
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), pa.scalar(None, pa.string()), texts)


def dates(texts: pa.Array) -> pa.Array:
    """date32 from 2010-05-01, 01-05-2010, 1.5.2010, 01/05/2010, 1/5 2010, 1. maj 2010, 01-maj-2010, 20100501, each with
    or without a weekday, `den` and a time of day. The day always comes before the month; a year of two digits has no reading."""
    return on_distinct(texts, lambda distinct: pa.array([_date(text) for text in distinct.to_pylist()], pa.date32()))


def amounts(texts: pa.Array, kind: pa.Decimal128Type) -> pa.Array:
    """Decimals from 1234.5, 1234,50, 1.234,50, 1,234.50, 1 234,50, kr. 1.234,-; more decimals than the type holds are
    rounded half away from zero; an amount that the type cannot hold has no reading."""
    return on_distinct(texts, lambda distinct: _amounts(distinct, kind))


def booleans(texts: pa.Array) -> pa.Array:
    """Booleans from ja/nej, yes/no, true/false, sand/falsk, 1/0, x."""
    meaning = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
    return on_distinct(
        texts, lambda distinct: pa.array([meaning.get(_folded(text)) for text in distinct.to_pylist()], pa.bool_())
    )


def codes(texts: pa.Array, allowed: tuple[str, ...]) -> pa.Array:
    """The code as the code table writes it, whatever the case of the text; no reading for any other text."""
    meaning = {_folded(code): code for code in allowed}
    return on_distinct(
        texts, lambda distinct: pa.array([meaning.get(_folded(text)) for text in distinct.to_pylist()], pa.string())
    )


def _date(text: str | None) -> dt.date | None:
    text = " ".join((text or "").lower().split())
    for pattern in DATES:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            month = parts.get("month") or MONTH_NUMBERS.get(parts["name"], "0")
            try:
                return dt.date(int(parts["year"]), int(month), int(parts["day"]))
            except ValueError:
                return None
    return None


def _amounts(texts: pa.Array, kind: pa.Decimal128Type) -> pa.Array:
    whole = kind.precision - kind.scale
    easy = pc.fill_null(pc.match_substring_regex(texts, rf"^\d{{1,{whole}}}(?:[.,]\d{{1,{kind.scale}}})?$"), False)
    read = pc.replace_substring(pc.if_else(easy, texts, pa.scalar(None, pa.string())), ",", ".").cast(kind)
    odd = pc.and_not(pc.is_valid(texts), easy)
    if pc.any(odd).as_py():
        read = pc.replace_with_mask(read, odd, _odd_amounts(pc.filter(texts, odd), kind))
    return read


def _odd_amounts(texts: pa.Array, kind: pa.Decimal128Type) -> pa.Array:
    wide = pc.round(_in_plain_digits(texts).cast(pa.decimal128(38, 10)), kind.scale, "half_towards_infinity")
    limit = pa.scalar(10 ** (kind.precision - kind.scale), wide.type)
    return pc.if_else(pc.less(pc.abs(wide), limit), wide, pa.scalar(None, wide.type)).cast(kind)


def _in_plain_digits(texts: pa.Array) -> pa.Array:
    """Amounts as digits with a decimal point; null where a text has no reading."""
    texts = pc.replace_substring_regex(texts, r"[\s\p{Z}]+", " ")
    texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"^[\x{2212}\x{2013}]", "-"), r"^\+", "")
    texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, CURRENCY, ""))
    read = pa.nulls(len(texts), pa.string())
    open_rows = pc.is_valid(texts)
    for pattern, group, decimal in AMOUNTS:
        fits = pc.and_(open_rows, pc.fill_null(pc.match_substring_regex(texts, pattern), False))
        open_rows = pc.and_not(open_rows, fits)
        if decimal:
            digits = pc.replace_substring(texts, group, "") if group else texts
            read = pc.if_else(fits, pc.replace_substring(digits, decimal, "."), read)
    return read


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()
