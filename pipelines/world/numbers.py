"""Synthetic business and civil numbers: such as no one can ever hold (CVR with first digit 0, CPR born 2038–2057)."""

import numpy as np

_WEIGHTS = np.array([2, 7, 6, 5, 4, 3, 2, 1])
_FIRST_BIRTH, _LAST_BIRTH = np.datetime64("2038-01-01"), np.datetime64("2057-12-31")


def draw_cvr(rng: np.random.Generator, count: int) -> list[str]:
    """`count` distinct eight-digit numbers from 01,000,000 to 09,999,999 with a valid check digit."""
    numbers = np.arange(1_000_000, 10_000_000)
    total = np.zeros(numbers.size, dtype=np.int64)
    for position, weight in enumerate(_WEIGHTS):
        total += weight * (numbers // 10 ** (7 - position) % 10)
    valid = numbers[total % 11 == 0]
    return [f"{number:08d}" for number in rng.choice(valid, size=count, replace=False)]


def draw_cpr(rng: np.random.Generator, count: int) -> list[str]:
    """`count` distinct ten-digit numbers of persons not yet born; the seventh digit 5–8 gives the century."""
    days = int((_LAST_BIRTH - _FIRST_BIRTH).astype(int)) + 1
    drawn = np.sort(rng.choice(days * 4000, size=count, replace=False))
    rng.shuffle(drawn)
    births = _FIRST_BIRTH + drawn // 4000
    written = [f"{day[8:10]}{day[5:7]}{day[2:4]}" for day in births.astype(str).tolist()]
    return [f"{day}{5000 + code:04d}" for day, code in zip(written, (drawn % 4000).tolist(), strict=True)]


def spoil_check_digit(cvr: str) -> str:
    """The same number with a last digit that cannot be right."""
    return cvr[:7] + str((int(cvr[7]) + 1) % 10)
