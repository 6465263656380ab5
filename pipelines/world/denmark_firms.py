"""The full-size Denmark's firms: which there are in a year, how many they employ in a month, and the register FIRM.

A line is a place in the economy that one firm after another holds; public employers hold theirs for good. All that a
firm has in a month follows from seed, line and month.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from pipelines.world.denmark_draws import below, exact, hashed, price_permille, pseudonyms, text
from pipelines.world.denmark_plan import (
    FIRMS,
    JOBS,
    LARGEST_PRIVATE,
    REGION_SLOTS,
    SLOTS,
    STATE_BODIES,
    STATE_SLOTS,
    TOWN_SLOTS,
    TOWN_WEIGHTS,
    UNKNOWN_EMPLOYER_SLOTS,
    Period,
    Size,
)
from pipelines.world.extracts import REGIONS
from schemas.contract import codes

CENTIHOURS_A_YEAR = 192_396          # of one full-time equivalent: 12 × 160.33 hours
ABROAD, UNKNOWN = "950", "UKENDT_KOMKODE"
PUBLIC_SINCE = 1970                  # public employers are older than any register
BLOCK = 250_000                      # lines at a time
EPOCH = 1900                         # generations are counted from here
ECONOMIC_UNITS = 2019                # from then on, some firms are headed by another
START_LOSS = 1.020                   # a new firm has no staff before its first month: so much more is aimed at
LEGAL_FORMS = ("10", "30", "40", "60", "80", "90", "110", "130", "140", "170", "180", "210", "280", "990")
SMALL_FORMS = np.repeat(np.arange(14), (46, 6, 1, 3, 30, 2, 5, 1, 1, 1, 1, 1, 1, 1))
LARGE_FORMS = np.repeat(np.arange(14), (2, 2, 2, 42, 38, 5, 2, 1, 2, 1, 1, 1, 1, 0))


@dataclass(frozen=True)
class Employers:
    """E lines that can have staff, by size: public ones, private ones, and one for all whose number is missing.

    `capacity` (E,) are the slots of each; `private` is the first private line, the last line is the unknown employer.
    """

    size: Size
    capacity: np.ndarray
    private: int

    @property
    def unknown(self) -> int:
        """The line of jobs without an employer's number."""
        return self.capacity.size - 1


@dataclass(frozen=True)
class Staff:
    """A year's employment of some lines: `heads` and `centihours` are (lines, 12), `hundredths` (lines,) of an FTE."""

    heads: np.ndarray
    centihours: np.ndarray
    hundredths: np.ndarray


def employers_of(size: Size) -> Employers:
    """The lines that can have staff, and how many slots each has; the same for every seed."""
    towns = [TOWN_WEIGHTS.get(town, 1) * TOWN_SLOTS for town in towns_of()[0]]
    public = [REGION_SLOTS] * len(REGIONS) + towns + [STATE_SLOTS] * STATE_BODIES
    public = [size.of(slots) for slots in public]
    private = size.of(SLOTS) - sum(public) - size.of(UNKNOWN_EMPLOYER_SLOTS)
    capacity = np.concatenate([public, _private_sizes(size, private), [size.of(UNKNOWN_EMPLOYER_SLOTS)]])
    return Employers(size, capacity.astype(np.int64), len(public))


def _private_sizes(size: Size, total: int) -> np.ndarray:
    """Slots of private firms, largest first, about `total` in all: Zipf's law of firm sizes (Axtell 2001), cut off."""
    rank = np.arange(1, size.private + 1)
    largest = size.of(LARGEST_PRIVATE)
    low, high = 1, 100 * total
    while low < high:                                      # the smallest scale that reaches the total
        middle = (low + high) // 2
        reached = int(np.clip(middle // rank, 1, largest).sum())
        low, high = (middle + 1, high) if reached < total else (low, middle)
    return np.clip(low // rank, 1, largest)


def life_of(employers: Employers, seed: int, line: np.ndarray) -> np.ndarray:
    """(n,) years that each firm of a line lives: small firms 4–23, large ones longer, public ones for good."""
    capacity = np.where(line < employers.unknown, employers.capacity[np.minimum(line, employers.unknown)], 0)
    life = 4 + below(hashed(seed, "denmark life", line), 20)
    life = np.where(capacity >= 20, life + 20, life)
    life = np.where(capacity >= 500, life + 40, life)
    return np.where((line < employers.private) | (line == employers.unknown), 1000, life)


def generation_of(employers: Employers, seed: int, line: np.ndarray, year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) which firm holds each line in the year, (n,) its first year, (n,) its last year."""
    life = life_of(employers, seed, line)
    shift = hashed(seed, "denmark shift", line).astype(np.int64) % life
    held = (year - EPOCH + shift) // life
    first = held * life - shift + EPOCH
    return held, first, first + life - 1


def unit_of(line: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """(n,) one number for each firm that ever was."""
    return line + (generation << 24)


def first_month_of(seed: int, unit: np.ndarray) -> np.ndarray:
    """(n,) month 1–12 of its first year in which a firm begins."""
    return 1 + below(hashed(seed, "denmark first month", unit), 12)


def staff_of(employers: Employers, seed: int, line: np.ndarray, year: int) -> Staff:
    """Heads and paid hours of the lines in each month of a year; a line that cannot have staff has none.

    A firm's hours of the year are its full-time equivalents × 12 × 160.33, to the hundredth of an hour.
    """
    can = line < employers.capacity.size
    capacity = np.where(can, employers.capacity[np.where(can, line, 0)], 0)
    generation, first, _ = generation_of(employers, seed, line, year)
    unit = unit_of(line, generation)
    rounding = below(hashed(seed, "denmark rounding", unit), 1000)
    start = np.where(first == year, first_month_of(seed, unit), 1)
    normal = round(JOBS[year] * 100_000 / 12 / SLOTS * 1000 * START_LOSS)
    heads = np.empty((line.size, 12), dtype=np.int64)
    for month in range(12):
        level = normal + _deviation(seed, line, year, month)
        heads[:, month] = np.where(month + 1 >= start, (capacity * level + rounding) // 1000, 0)
    part_time = 600 + below(hashed(seed, "denmark part time", line), 250)
    worked = heads.cumsum(axis=1)
    hundredths = worked[:, -1] * part_time // 120
    centihours = (hundredths * CENTIHOURS_A_YEAR + 50) // 100
    until = centihours[:, None] * worked // np.maximum(worked[:, -1:], 1)
    return Staff(heads, np.diff(until, axis=1, prepend=0), hundredths)


def _deviation(seed: int, line: np.ndarray, year: int, month: int) -> np.ndarray:
    """(n,) thousandths by which each line is above normal: a random level every four years, and straight lines between."""
    four, month = year // 4, year % 4 * 12 + month
    ends = [below(hashed(seed, "denmark level", line * 1024 + at), 301) - 150 for at in (four, four + 1)]
    return (ends[0] * (48 - month) + ends[1] * month) // 48


@cache
def towns_of() -> tuple[list[str], list[int], np.ndarray]:
    """The 98 municipalities, the region of each as a position in REGIONS, and positions to draw from by weight."""
    table = codes("municipalities").to_pydict()
    known = [(town, region) for town, region in zip(table["municipality"], table["region"], strict=True) if region in REGIONS]
    weight = [TOWN_WEIGHTS.get(town, 1) for town, _ in known]
    return [town for town, _ in known], [REGIONS.index(region) for _, region in known], np.repeat(np.arange(len(known)), weight)


@cache
def industries_of() -> tuple[list[str], np.ndarray]:
    """Private industries, with public administration, education and hospitals' own last; whether each has accounts."""
    table = codes("industries").to_pydict()
    listed = dict(zip(table["industry"], table["value_added"], strict=True))
    listed["841100"] = "no"
    return list(listed), np.array([has == "yes" for has in listed.values()])


def town_of(employers: Employers, seed: int, line: np.ndarray) -> np.ndarray:
    """(n,) position of the firm's municipality in the list of towns; a municipality's own is its own."""
    drawn = below(hashed(seed, "denmark town", line), towns_of()[2].size)
    own = line - len(REGIONS)
    return np.where((own >= 0) & (own < len(towns_of()[0])), own, towns_of()[2][drawn])


def industry_of(employers: Employers, seed: int, line: np.ndarray) -> np.ndarray:
    """(n,) position of the firm's industry in the list of industries."""
    last = len(industries_of()[0]) - 1
    return np.where(line < employers.private, last, below(hashed(seed, "denmark industry", line), last))


def firm_blocks(period: Period, size: Size, seed: int) -> Iterator[dict[str, pa.Array]]:
    """FIRM of a year: the lines in use, block by block."""
    employers = employers_of(size)
    wanted = size.of(FIRMS[period.year] * 1000)
    lines = np.arange(max(wanted, employers.unknown) + 1)
    lines = np.delete(lines, employers.unknown)[:wanted]
    for start in range(0, lines.size, BLOCK):
        yield _firm_rows(employers, seed, lines[start:start + BLOCK], period.year)


def _firm_rows(employers: Employers, seed: int, line: np.ndarray, year: int) -> dict[str, pa.Array]:
    generation, first, last = generation_of(employers, seed, line, year)
    unit = unit_of(line, generation)
    staff = staff_of(employers, seed, line, year)
    bits = hashed(seed, "denmark firm", unit)
    form, forms = _legal_form(employers, line, bits)
    owner, november = form < 2, staff.heads[:, 10]
    no_staff = line > employers.unknown
    names = pseudonyms(seed, "company", unit)
    price = price_permille(year)
    turnover = (staff.hundredths * (8_000 + below(bits, 20_000)) + no_staff * below(bits, 60_000, 1) * 10) * price // 1000
    accounts = industries_of()[1][industry_of(employers, seed, line)]
    town = town_of(employers, seed, line)
    month = np.where(line < employers.private, 1, first_month_of(seed, unit))
    first = np.where(line < employers.private, PUBLIC_SINCE, first)
    begins = ((first - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    return {
        "CVRNR": names,
        "HOVED_CVR_NR": _head_names(employers, seed, line, year, names),
        "GF_AARSV": exact(staff.hundredths, 12, 2, no_staff & (below(bits, 50, 2) == 0)),
        "GF_ANSATTE": pa.array(november.astype(np.int32)),
        "GF_INKLEJER": pa.array((november + owner).astype(np.int32)),
        "GF_OMS": exact(turnover * 100, 18, 2),
        "GF_VTV": exact(turnover * (25 + below(bits, 25, 3)), 18, 2, ~accounts),
        "GF_EKSP": exact(np.where(below(bits, 10, 2) < 3, turnover * below(bits, 60, 3), 0), 18, 2),
        "GF_LGAGMV": exact(staff.hundredths * 3_600 * price // 1000 * 100, 18, 2),
        "GF_BRANCHE": text(industry_of(employers, seed, line), industries_of()[0]),
        "JUR_VIRK_FORM": text(form, forms),
        "JUR_SEKTORKODE": text(np.where(line < employers.private, 2, owner), ["1100", "1400", "1313"]),
        "JUR_BEL_KOM_KODE": text(town, towns_of()[0]),
        "JUR_BEL_REGION_KODE": text(np.array(towns_of()[1])[town], REGIONS),
        "JUR_FRA_DATO": pa.array(begins),
        "JUR_TIL_DATO": pa.array(np.where(last == year, np.datetime64(f"{year}-12-31"), np.datetime64("NaT"))),
    }


def _legal_form(employers: Employers, line: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(n,) positions in the forms, which are returned too: public bodies have forms of their own."""
    large = line < employers.private + (employers.unknown - employers.private) // 8
    form = np.where(large, LARGE_FORMS[below(bits, LARGE_FORMS.size, 1)], SMALL_FORMS[below(bits, SMALL_FORMS.size, 1)])
    towns = len(REGIONS) + len(towns_of()[0])
    kinds = np.where(line < len(REGIONS), 0, np.where(line < towns, 1, 2))
    return np.where(line < employers.private, len(LEGAL_FORMS) + kinds, form), [*LEGAL_FORMS, "245", "250", "230"]


def _head_names(employers: Employers, seed: int, line: np.ndarray, year: int, names: pa.Array) -> pa.Array:
    """Its own number, and from 2019 for one private firm in fifty that of a larger one."""
    led = (year >= ECONOMIC_UNITS) & (line > employers.private) & (below(hashed(seed, "denmark led", line), 50) == 0)
    position = np.flatnonzero(led)
    head = employers.private + (line[position] - employers.private) // 50
    head = np.where(head == employers.unknown, head - 1, head)
    generation, *_ = generation_of(employers, seed, head, year)
    others = pseudonyms(seed, "company", unit_of(head, generation))
    take = np.arange(line.size)
    take[position] = line.size + np.arange(position.size)
    return pa.concat_arrays([names, others]).take(pa.array(take))
