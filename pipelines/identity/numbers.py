"""From what an operator wrote to the canonical number, or to the rule that it breaks: eight digits of CVR, ten of CPR.

Only the shape of a number is judged here; whose it is, and what it is replaced by, belongs elsewhere.
"""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

RULES = (
    None,
    "cvr_format",
    "cvr_check_digit",
    "cpr_impossible",
    "cpr_replacement",
    "synthetic_in_real",
    "real_in_synthetic",
)
CVR_WEIGHTS = np.array([2, 7, 6, 5, 4, 3, 2, 1])  # the Danish Business Authority's modulus 11
BIRTHS = (dt.date(1858, 1, 1), dt.date(2037, 12, 31))  # what a real number can say
SYNTHETIC_BIRTHS = (dt.date(2038, 1, 1), dt.date(2057, 12, 31))
# The seventh digit of a CPR number says in which years the two digits of the year are to be read (CPR Office,
# "Personnummeret i CPR"): for years up to `split` the first century, above it the second.
CENTURIES = dict.fromkeys(range(4), (99, 1900, 1900))
CENTURIES |= dict.fromkeys((4, 9), (36, 2000, 1900)) | dict.fromkeys(range(5, 9), (57, 2000, 1800))
BLANKS = r"[\s\p{Z}\p{Pd}\x{00AD}\x{2212}]+"  # blanks of any width, hyphens and dashes


@dataclass(frozen=True)
class Checked:
    """One number: canonical, or None and the name of the rule it breaks. Its repr never shows the number."""

    number: str | None = field(repr=False)
    rule: str | None


@dataclass(frozen=True)
class CheckedColumn:
    """A column of numbers: where `rules` (text) is null, `numbers` (text) holds the canonical number; elsewhere it is
    null.

    An empty text has neither number nor rule. Both arrays have one entry a row; the repr shows neither.
    """

    numbers: pa.Array = field(repr=False)
    rules: pa.Array = field(repr=False)


def canonical_cvr(text: str, *, synthetic: bool) -> Checked:
    """One CVR number in eight digits. Blanks, hyphens and a leading DK are removed; the check digit must hold.

    A real home refuses a first digit 0 (`synthetic_in_real`); a synthetic one accepts only that (`real_in_synthetic`)
    and gives back the zero that Excel drops. An empty text breaks `cvr_format`.
    """
    return _first(canonical_cvrs(pa.array([text], pa.string()), synthetic=synthetic), "cvr_format")


def canonical_cpr(text: str, *, synthetic: bool, births: tuple[dt.date, dt.date] | None = None) -> Checked:
    """One CPR number in ten digits. Blanks and hyphens are removed, the zero that Excel drops is given back.

    Modulus 11 is not asked for: it has not held for every number since October 2007. A replacement number (day 61–91)
    breaks `cpr_replacement`, since it may belong to several people. `births` is the range of births that counts as
    real (or, in a synthetic home, as synthetic); without it 1858–2037, or 2038–2057 with a seventh digit 5–8. An empty
    text breaks `cpr_impossible`.
    """
    return _first(canonical_cprs(pa.array([text], pa.string()), synthetic=synthetic, births=births), "cpr_impossible")


def canonical_cvrs(texts: pa.Array, *, synthetic: bool) -> CheckedColumn:
    """canonical_cvr for a column of texts; null and empty texts have neither number nor rule."""
    cleaned = _cleaned(texts, 8, prefix="(?i)^dk")
    if synthetic:
        cleaned = _zero_given_back(cleaned, 7)
    digits, whole = _digits(cleaned, 8)
    leading_zero = digits[:, 0] == 0
    broken = _first_broken(
        ("cvr_check_digit", (digits @ CVR_WEIGHTS) % 11 != 0),
        ("cvr_format", digits[:, :2].sum(axis=1) == 0),
        ("synthetic_in_real", leading_zero & (not synthetic)),
        ("real_in_synthetic", ~leading_zero & synthetic),
    )
    return _column(cleaned, whole, broken, "cvr_format")


def canonical_cprs(texts: pa.Array, *, synthetic: bool, births: tuple[dt.date, dt.date] | None = None) -> CheckedColumn:
    """canonical_cpr for a column of texts; null and empty texts have neither number nor rule."""
    cleaned = _zero_given_back(_cleaned(texts, 10), 9)
    digits, whole = _digits(cleaned, 10)
    days, months, years = (digits[:, n] * 10 + digits[:, n + 1] for n in (0, 2, 4))
    years = years + _century(years, digits[:, 6])
    replacement = (days > 60) & _is_date(years, months, days - 60)
    first, last = births or (SYNTHETIC_BIRTHS if synthetic else BIRTHS)
    born = years * 10_000 + months * 100 + days
    allowed = (born >= _as_number(first)) & (born <= _as_number(last))
    drawn = (years >= SYNTHETIC_BIRTHS[0].year) & (years <= SYNTHETIC_BIRTHS[1].year)
    broken = _first_broken(
        ("cpr_replacement", replacement),
        ("cpr_impossible", ~_is_date(years, months, days)),
        (None, allowed),
        ("real_in_synthetic", np.full(len(digits), synthetic)),
        ("synthetic_in_real", drawn),
        ("cpr_impossible", np.full(len(digits), True)),
    )
    return _column(cleaned, whole, broken, "cpr_impossible")


def _first(column: CheckedColumn, empty: str) -> Checked:
    number, rule = column.numbers[0].as_py(), column.rules[0].as_py()
    return Checked(number, rule if number or rule else empty)


def _cleaned(texts: pa.Array, length: int, prefix: str | None = None) -> pa.Array:
    """The texts without blanks and hyphens; those that are `length` digits already are not touched. Null where
    empty."""
    texts = pc.fill_null(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts, "")
    odd = pc.invert(pc.and_(pc.equal(pc.binary_length(texts), length), pc.ascii_is_decimal(texts)))
    if pc.any(odd).as_py():
        spelled = pc.replace_substring_regex(pc.filter(texts, odd), BLANKS, "")
        if prefix:
            spelled = pc.replace_substring_regex(spelled, prefix, "")
        texts = pc.replace_with_mask(texts, odd, spelled)
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), pa.scalar(None, pa.string()), texts)


def _zero_given_back(texts: pa.Array, length: int) -> pa.Array:
    short = pc.and_(pc.equal(pc.binary_length(texts), length), pc.ascii_is_decimal(texts))
    return pc.if_else(short, pc.binary_join_element_wise("0", texts, ""), texts)


def _digits(texts: pa.Array, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits of the texts that are exactly `length` digits, shape (those, length), and the mask over all rows."""
    whole = pc.fill_null(pc.and_(pc.equal(pc.binary_length(texts), length), pc.ascii_is_decimal(texts)), False)
    kept = "".join(pc.filter(texts, whole).to_pylist()).encode("ascii")
    digits = (np.frombuffer(kept, np.uint8).reshape(-1, length) - ord("0")).astype(np.int64)
    return digits, whole.to_numpy(zero_copy_only=False)


def _century(years: np.ndarray, seventh: np.ndarray) -> np.ndarray:
    split, first, second = np.array([CENTURIES[digit] for digit in range(10)]).T
    return np.where(years <= split[seventh], first[seventh], second[seventh])


def _is_date(years: np.ndarray, months: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Whether year, month and day make a date of the Gregorian calendar."""
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    known = (months >= 1) & (months <= 12)
    last = lengths[np.where(known, months, 0)] + (leap & (months == 2))
    return known & (days >= 1) & (days <= last)


def _as_number(day: dt.date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _first_broken(*rules: tuple[str | None, np.ndarray]) -> np.ndarray:
    """For each number the place in RULES of the first rule whose mask is true; 0 where none is."""
    broken = np.zeros(len(rules[0][1]), np.int8)
    for rule, mask in reversed(rules):
        broken[mask] = RULES.index(rule)
    return broken


def _column(cleaned: pa.Array, whole: np.ndarray, broken: np.ndarray, otherwise: str) -> CheckedColumn:
    """Numbers and rules, row by row: texts of another length or with other signs than digits break `otherwise`."""
    places = np.full(len(cleaned), RULES.index(otherwise), np.int8)
    places[whole] = broken
    places[pc.is_null(cleaned).to_numpy(zero_copy_only=False)] = 0
    numbers = pc.if_else(pa.array(places != 0), pa.scalar(None, pa.string()), cleaned)
    return CheckedColumn(numbers, pa.array(RULES, pa.string()).take(pa.array(places)))
