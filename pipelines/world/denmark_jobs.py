"""The full-size Denmark's jobs: who sits in which firm's slot from when to when, and the register BFL.

A firm with h heads in a month fills its first h slots. Lines and slots are dealt into groups, each of which is shuffled
anew every six years, another group every few months: so people change employer, and a group can be written alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.world.denmark_draws import below, exact, hashed, price_permille, pseudonyms, text
from pipelines.world.denmark_firms import (
    ABROAD,
    UNKNOWN,
    Employers,
    employers_of,
    generation_of,
    industries_of,
    industry_of,
    staff_of,
    town_of,
    towns_of,
    unit_of,
)
from pipelines.world.denmark_persons import holders_of
from pipelines.world.denmark_plan import Period, Size
from pipelines.world.draws import stream
from pipelines.world.extracts import MONTH_CENTIHOURS

TENURE = 72                          # months until a group is shuffled anew
PHASE = 53                           # which of them: the first group's turn is in an August
MANY_PLACES = 50                     # slots from which a firm has workplaces in other municipalities
PER_MILLE = {ABROAD: 3, UNKNOWN: 2, None: 1}              # of the slots: workplaces that are no Danish municipality
IMPUTED_PERCENT = 6


@dataclass(frozen=True)
class Year:
    """What all groups of a year share. `heads`, `base` and `odd` are (E + 1, 12), the last row a firm without anyone.

    In each month every worker has `base` centi-hours, and the first `odd` ones one more; `names` are the employers'.
    """

    seed: int
    year: int
    employers: Employers
    slots: int
    firm: np.ndarray                 # (S,) line of each slot's employer
    first: np.ndarray                # (E + 1,) first slot of each line
    heads: np.ndarray
    base: np.ndarray
    odd: np.ndarray
    town: np.ndarray                 # (E + 1,)
    industry: np.ndarray             # (E + 1,)
    names: pa.Array


@dataclass(frozen=True)
class Spells:
    """n stays of a line in a slot, by line: `line` is its position in the group, months are 0 … 12, the end excluded."""

    line: np.ndarray
    slot: np.ndarray
    begins: np.ndarray
    ends: np.ndarray


def job_blocks(period: Period, size: Size, seed: int) -> Iterator[dict[str, pa.Array]]:
    """BFL of a year: one block a group, by person, job and month."""
    year = _year(size, seed, period.year)
    for group in range(size.groups):
        spells = _spells(year, size, group)
        lines = group * size.lines + np.arange(size.lines)
        yield _job_rows(year, spells, holders_of(seed, lines, period.year).unit)


def _year(size: Size, seed: int, year: int) -> Year:
    employers = employers_of(size)
    line = np.arange(employers.capacity.size + 1)
    staff = staff_of(employers, seed, line, year)
    heads = np.maximum(staff.heads, 1)
    slots = -(-int(employers.capacity.sum()) // size.groups) * size.groups
    capacity = np.append(employers.capacity, slots - employers.capacity.sum())
    generation, *_ = generation_of(employers, seed, line, year)
    return Year(
        seed=seed, year=year, employers=employers, slots=slots,
        firm=np.repeat(line, capacity).astype(np.int32), first=np.cumsum(capacity) - capacity,
        heads=staff.heads.astype(np.int32), base=(staff.centihours // heads).astype(np.int32),
        odd=(staff.centihours % heads).astype(np.int32), town=town_of(employers, seed, line),
        industry=industry_of(employers, seed, line), names=pseudonyms(seed, "company", unit_of(line, generation)),
    )


def _spells(year: Year, size: Size, group: int) -> Spells:
    """The group's stays of a year in slots that are filled at some time of it.

    Where the group is shuffled during the year, all move at the same time.
    """
    count = year.slots // size.groups
    month = year.year * 12 + np.arange(12) + PHASE + TENURE * group // size.groups
    tenure, begins = np.unique(month // TENURE, return_index=True)
    ends = np.append(begins[1:], 12)
    slot = np.stack([_dealt(year.seed, group, int(one), count) for one in tenure], axis=1) * size.groups + group
    line = np.repeat(np.arange(count) * size.lines // count, tenure.size)
    begins, ends, slot = np.tile(begins, count), np.tile(ends, count), slot.ravel()
    firm = year.firm[slot]
    filled = slot - year.first[firm] < year.heads.max(axis=1)[firm]
    return Spells(line[filled], slot[filled], begins[filled], ends[filled])


def _dealt(seed: int, group: int, tenure: int, count: int) -> np.ndarray:
    """(count,) which of the group's slots each of its positions holds: a random order."""
    return stream(seed, f"denmark seats {group} {tenure}").permutation(count)


def _job_rows(year: Year, spells: Spells, unit: np.ndarray) -> dict[str, pa.Array]:
    firm = year.firm[spells.slot]
    rank = (spells.slot - year.first[firm]).astype(np.int32)
    month = np.arange(12)
    held = rank[:, None] < year.heads[firm]
    if (spells.begins > 0).any():
        held &= (month >= spells.begins[:, None]) & (month < spells.ends[:, None])
    hours = _hours(year, spells, firm, rank)[held]
    row = np.repeat(np.arange(firm.size), held.sum(axis=1, dtype=np.int8))
    rate = _rates(year, unit, spells, firm)[row]
    wage = hours * rate // 100                                         # below 9 million øre: 32 bits hold it × 112
    starts, ends = _days(year, spells, held)
    return {
        "PNR": text(spells.line.astype(np.int32)[row], pseudonyms(year.seed, "person", unit)),
        **_places(year, spells, firm, held.any(axis=1), row),
        "AJO_LOENTIMER": exact(hours, 9, 2),
        "AJO_FULDTID_BESKAEFTIGET": exact(hours * 10_000 // MONTH_CENTIHOURS, 9, 4),
        "AJO_SMALT_LOENBELOEB": exact(wage, 18, 2),
        "AJO_BREDT_LOENBELOEB": exact(wage * 112 // 100, 18, 2),
        "AJO_JOB_START_DATO": starts,
        "AJO_JOB_SLUT_DATO": ends,
    }


def _hours(year: Year, spells: Spells, firm: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """(n, 12) centi-hours: even shares of the firm's month, of which each pair of neighbours trades up to 30 per cent.

    How much they trade changes with the quarter, so that hours and wages do too.
    """
    base = year.base[firm]
    pair = spells.slot - rank % 2
    bits = hashed(year.seed, "denmark trade", pair)
    share = np.stack([below(bits, 300, quarter) for quarter in range(4)], axis=1).astype(np.int32)
    paired = (rank | 1)[:, None] < year.heads[firm]
    trade = base * np.repeat(share, 3, axis=1) // 1000 * paired
    return base + (rank[:, None] < year.odd[firm]) + trade * (1 - rank % 2 * 2)[:, None]


def _rates(year: Year, unit: np.ndarray, spells: Spells, firm: np.ndarray) -> np.ndarray:
    """(n,) øre an hour in the year's prices: what the person can, and what the firm pays."""
    person = 14_000 + below(hashed(year.seed, "denmark wage", unit), 20_000)[spells.line]
    paid = below(hashed(year.seed, "denmark firm wage", firm), 4_000)
    return ((person + paid) * price_permille(year.year) // 1000).astype(np.int32)


def _places(
    year: Year, spells: Spells, firm: np.ndarray, worked: np.ndarray, row: np.ndarray
) -> dict[str, pa.Array]:
    """Employer, municipality, industry, code of the hours and sector of each row, of spells with any row."""
    bits = hashed(year.seed, "denmark slot", spells.slot)
    towns = [*towns_of()[0], *(place for place in PER_MILLE if place)]
    large = year.employers.capacity[np.minimum(firm, year.employers.unknown)] >= MANY_PLACES
    elsewhere = large & (below(bits, 5) == 0)
    town = np.where(elsewhere, towns_of()[2][below(bits, towns_of()[2].size, 1)], year.town[firm])
    limits = np.cumsum(list(PER_MILLE.values()))
    odd = np.searchsorted(limits, below(bits, 1000, 2), side="right")  # 0 abroad, 1 unknown, 2 missing, 3 Danish
    town = np.where(odd < 2, len(towns_of()[0]) + odd, town).astype(np.int8)
    used = np.zeros(year.heads.shape[0], dtype=bool)
    used[firm[worked]] = True
    used[year.employers.unknown:] = False
    position = (np.cumsum(used) - 1).astype(np.int32)[firm]
    nameless = ~used[firm]
    imputed = below(bits, 100, 3) < IMPUTED_PERCENT
    public = firm < year.employers.private
    return {
        "AJO_CVR_NR_FRA_PROD_JOB": text(position[row], year.names.filter(pa.array(used)), nameless[row]),
        "AJO_ARB_KOMKODE": text(town[row], towns, (odd == 2)[row]),
        "AJO_BRANCHE07": text(year.industry[firm].astype(np.int8)[row], industries_of()[0]),
        "AJO_LOENTIME_KODE": text(imputed.astype(np.int8)[row], ["1", "2"]),
        "SEKTORKODE": text(public.astype(np.int8)[row], ["1100", "1313"]),
    }


def _days(year: Year, spells: Spells, held: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """First and last day of each row: the month's own, but some jobs begin on the 15th, and some end after 14 days."""
    months = (np.datetime64(f"{year.year}-01", "M") + np.arange(13)).astype("datetime64[D]").astype(np.int32)
    bits = hashed(year.seed, "denmark days", spells.slot)
    late, early = np.zeros_like(held), np.zeros_like(held)
    late[:, 1:] = held[:, 1:] & ~held[:, :-1] & (below(bits, 2) == 0)[:, None]
    early[:, :-1] = held[:, :-1] & ~held[:, 1:] & (below(bits, 2, 1) == 0)[:, None]
    early &= ~late
    first = months[:12] + late * np.int32(14)
    last = np.where(early, months[:12] + 13, months[1:] - 1)
    return pa.array(first[held]).cast(pa.date32()), pa.array(last[held]).cast(pa.date32())
