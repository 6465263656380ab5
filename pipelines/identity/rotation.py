"""From pseudonyms under old keys to those under new ones. A pseudonym cannot be undone, but whoever holds the old key
can make those of all numbers that exist and see which ones occur: nine million CVR numbers take seconds, all CPR
numbers minutes.

No number is kept: each is forgotten once its two pseudonyms are made. Where pseudonyms come from is known elsewhere.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.keys import DOMAINS, Keys
from pipelines.identity.numbers import BIRTHS, CENTURIES, CVR_WEIGHTS, SYNTHETIC_BIRTHS
from pipelines.identity.pseudonyms import BYTES, as_letters, from_letters, pseudonyms, raw_pseudonyms

CHUNK = 500_000  # numbers at once
WORD = ">u8"  # eight bytes as one unsigned number, in the order of the bytes
REPLACEMENT_DAYS = 60  # a replacement number has 60 added to its day
PAIRS = pa.schema([("old", pa.string()), ("new", pa.string())])


@dataclass(frozen=True)
class Translation:
    """`pairs`: the text columns old and new, one row a pseudonym or mark that was asked for and is explained, in the
    order of old. `missing` counts those that no number explains."""

    pairs: pa.Table
    missing: int


def translate(
    wanted: pa.Array,
    marks: pa.Array,
    old: Keys,
    new: Keys,
    *,
    synthetic: bool,
    births: tuple[dt.date, dt.date] | None = None,
) -> Translation:
    """The pseudonyms under the new keys of those `wanted` (text, under the old keys, of either domain), and of `marks`
    (pseudonyms of pseudonyms under Keys.mark, which remember who was withdrawn).

    Every number that can exist is tried, of persons those born in `births` (without it, all). In a real home also the
    numbers that no delivery may hold (wrong check digit, replacement numbers), since a register may. In a synthetic
    home most register rows have pseudonyms that were drawn and belong to no number: these get the pseudonym of the
    pseudonym.
    """
    sought = [_Sought(wanted), _Sought(marks)]
    for domain, numbers in _spaces(synthetic, births):
        for batch in numbers:
            if not any(one.left for one in sought):
                break
            _find(batch, getattr(old, domain), getattr(new, domain), old.mark, new.mark, sought)
    if synthetic:
        sought[0].put_drawn(new.company)
    pairs = pa.concat_tables([one.pairs() for one in sought]).sort_by("old")
    return Translation(pairs, sum(one.left for one in sought))


class _Sought:
    """Pseudonyms that are looked for, as pairs of 64-bit words in order, and what was found of them, both of shape
    (pseudonyms, 2)."""

    def __init__(self, wanted: pa.Array) -> None:
        words = words_of(pc.unique(wanted.drop_null()))
        self._old = words[np.lexsort((words[:, 1], words[:, 0]))]
        self._first = np.ascontiguousarray(self._old[:, 0])
        self._new = np.zeros_like(self._old)
        self._found = np.zeros(len(words), bool)

    @property
    def left(self) -> int:
        return int(len(self._found) - self._found.sum())

    def among(self, raw: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Which of the raw pseudonyms (16 bytes each) are looked for, and where they stand. Two that agree in their
        first half would hide each other; that is as good as impossible, and would be counted as missing."""
        if not len(self._old):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        words = np.frombuffer(raw, WORD).reshape(-1, 2).astype(np.uint64)
        places = np.minimum(np.searchsorted(self._first, words[:, 0]), len(self._first) - 1)
        hits = np.flatnonzero((self._old[places] == words).all(axis=1))
        return hits, places[hits]

    def put(self, places: np.ndarray, new: list[str]) -> None:
        self._new[places] = words_of(pa.array(new, pa.string()))
        self._found[places] = True

    def put_drawn(self, key: bytes) -> None:
        """What no number explains gets the pseudonym of its pseudonym."""
        places = np.flatnonzero(~self._found)
        self.put(places, pseudonyms(key, letters_of(self._old[places]).to_pylist()))

    def pairs(self) -> pa.Table:
        return pa.table([letters_of(self._old[self._found]), letters_of(self._new[self._found])], schema=PAIRS)


def words_of(pseudonyms: pa.Array) -> np.ndarray:
    """Pseudonyms (text without nulls) as two 64-bit words each, shape (pseudonyms, 2)."""
    text = "".join(pseudonyms.to_pylist())
    return np.frombuffer(from_letters(text), WORD).reshape(-1, 2).astype(np.uint64)


def letters_of(words: np.ndarray) -> pa.Array:
    """words_of, undone."""
    letters = as_letters(words.astype(WORD).tobytes()).encode("ascii")
    ends = np.arange(0, len(letters) + 1, 2 * BYTES, dtype=np.int32)
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(ends), pa.py_buffer(letters))


def _find(
    numbers: list[str], old: bytes, new: bytes, old_mark: bytes, new_mark: bytes, sought: list[_Sought]
) -> None:
    """Notes what these numbers explain."""
    wanted, marks = sought
    raw = raw_pseudonyms(old, numbers)
    hits, places = wanted.among(raw)
    if len(hits):
        wanted.put(places, pseudonyms(new, [numbers[hit] for hit in hits]))
    if marks.left:
        hits, places = marks.among(raw_pseudonyms(old_mark, pseudonyms(old, numbers)))
        if len(hits):
            marks.put(places, pseudonyms(new_mark, pseudonyms(new, [numbers[hit] for hit in hits])))


def _spaces(synthetic: bool, births: tuple[dt.date, dt.date] | None) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """Domain and numbers, likely ones first."""
    company, person = DOMAINS
    born = births or (SYNTHETIC_BIRTHS if synthetic else BIRTHS)
    cvrs = (10**6, 10**7) if synthetic else (10**7, 10**8)
    yield company, cvr_numbers(*cvrs)
    yield person, cpr_numbers(*born)
    if not synthetic:
        yield company, cvr_numbers(0, 10**8, valid=False)
        yield person, cpr_numbers(*born, replacement=True)


def cvr_numbers(first: int, last: int, *, valid: bool = True) -> Iterator[list[str]]:
    """All CVR numbers from first to last (excluded) in eight digits, with a valid check digit or, if asked, all with
    an invalid one, in portions."""
    places = 10 ** np.arange(7, -1, -1)
    for start in range(first, last, CHUNK):
        numbers = np.arange(start, min(start + CHUNK, last))
        sound = sum(weight * (numbers // place % 10) for weight, place in zip(CVR_WEIGHTS, places, strict=True)) % 11 == 0
        yield [f"{number:08d}" for number in numbers[sound == valid].tolist()]


def cpr_numbers(first: dt.date, last: dt.date, *, replacement: bool = False) -> Iterator[list[str]]:
    """All CPR numbers of births from first to last (included), or their replacement numbers, a month at a time."""
    added = REPLACEMENT_DAYS if replacement else 0
    portion = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = dt.date.fromordinal(ordinal)
        start = f"{day.day + added:02d}{day.month:02d}{day.year % 100:02d}"
        portion += [start + rest for rest in _rests(day.year)]
        if len(portion) >= CHUNK:
            yield portion
            portion = []
    yield portion


@cache
def _rests(year: int) -> tuple[str, ...]:
    """The last four digits of a CPR number that are possible in a year of birth."""
    sevenths = [
        digit
        for digit, (split, early, late) in CENTURIES.items()
        if year == (early if year % 100 <= split else late) + year % 100
    ]
    return tuple(f"{1000 * digit + follower:04d}" for digit in sorted(sevenths) for follower in range(1000))
