"""The full-size Denmark's persons: who holds a line of work in a year, and the registers BEF and UDDA.

A line passes from one generation to the next, fifty years younger, so that one person of working age holds it at any
time. Who leaves the country is followed by an immigrant of about the same age; who dies was out of work already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from pipelines.world.denmark_draws import below, hashed, pseudonyms, text
from pipelines.world.denmark_firms import towns_of
from pipelines.world.denmark_plan import Period, Size
from pipelines.world.extracts import REGIONS
from pipelines.world.persons import HFAUDD

START = np.datetime64("1910-01-01")
GENERATIONS, GENERATION_DAYS = 3, 18_262                              # of fifty years
FIRST_AGE, LAST_AGE = 18, 67
SCHOOL_AGE = 7                                                        # from which UDDA tells of a person
YEAR_DAYS = 365.2425
BLOCK = 250_000                                                       # lines at a time
COMPLETED = {"10": 16, "20": 19, "35": 22, "40": 23, "50": 25, "70": 27, "90": 16}   # age at the end of each education
EDUCATIONS = list(HFAUDD)
EDUCATION_OF = np.repeat(np.arange(len(EDUCATIONS)), [round(100 * share) for share in HFAUDD.values()])


@dataclass(frozen=True)
class Holders:
    """n persons: `unit` (n,) is one number for each person that ever was, `born` (n,) in days since 1910."""

    unit: np.ndarray
    born: np.ndarray


def holders_of(seed: int, line: np.ndarray, year: int) -> Holders:
    """Who holds each line in a year: the person who turns 18 before it begins, and 68 during it or later."""
    newest = _day(f"{year - FIRST_AGE}-01-01")
    generation = (newest - _line_birth(seed, line)) // GENERATION_DAYS
    return _persons(seed, line, generation, year)


def _line_birth(seed: int, line: np.ndarray) -> np.ndarray:
    """(n,) day on which the first generation of each line was born, from 0 to fifty years after 1910."""
    return below(hashed(seed, "denmark birth", line), GENERATION_DAYS)


def _persons(seed: int, line: np.ndarray, generation: np.ndarray | int, year: int) -> Holders:
    """The generation's person of each line in a year: about one in five leaves at 18–67, and an immigrant follows."""
    born = _line_birth(seed, line) + generation * GENERATION_DAYS
    own = line * GENERATIONS + generation
    bits = hashed(seed, "denmark leaving", own)
    left = 1910 + (born / YEAR_DAYS).astype(np.int64) + FIRST_AGE + below(bits, LAST_AGE - FIRST_AGE)
    follows = (below(bits, 5, 1) == 0) & (left < year)
    return Holders(own * 2 + follows, born + np.where(follows, below(bits, 701, 2) - 350, 0))


def _day(iso: str) -> int:
    return int((np.datetime64(iso) - START).astype(int))


def population_blocks(period: Period, size: Size, seed: int) -> Iterator[dict[str, pa.Array]]:
    """BEF at the end of a quarter, by line and generation."""
    ends = np.datetime64(_last_day(period))
    for line, person in _residents(period, size, seed):
        bits = hashed(seed, "denmark person", person.unit)
        towns, regions, weighted = towns_of()
        moved = (period.year + below(bits, 10)) // 10                 # every tenth year to another municipality
        town = weighted[below(hashed(seed, "denmark home", person.unit * 256 + moved), weighted.size)]
        origin = np.where(person.unit % 2 == 1, 1, (below(bits, 100, 1) >= 94) * 2)
        status = np.where(_age(person, ends) < 18, 0, np.repeat(np.arange(4), (35, 48, 14, 3))[below(bits, 100, 2)])
        yield {
            "PNR": pseudonyms(seed, "person", person.unit),
            "REFERENCETID": pa.array(np.full(line.size, ends)),
            "FOED_DAG": pa.array(START + person.born),
            "KOEN": text(below(bits, 2, 3), ["1", "2"]),
            "KOM": text(town, towns),
            "REG": text(np.array(regions)[town], REGIONS),
            "CIVST": text(status, ["U", "G", "F", "E"]),
            "IE_TYPE": text(origin, ["1", "2", "3"]),
            "OPR_LAND": text((origin == 1) * (1 + below(bits, 3, 1)), ["5100", "5120", "5180", "5999"]),
        }


def education_blocks(period: Period, size: Size, seed: int) -> Iterator[dict[str, pa.Array]]:
    """UDDA at the end of September: residents of school age and more, by line and generation."""
    ends = np.datetime64(_last_day(period))
    for _, person in _residents(period, size, seed):
        age = _age(person, ends)
        known = age >= SCHOOL_AGE
        unit, born, age = person.unit[known], person.born[known], age[known]
        level = EDUCATION_OF[below(hashed(seed, "denmark education", unit), EDUCATION_OF.size)]
        level = np.where(age < np.array(list(COMPLETED.values()))[level], 0, level)
        since = np.where(age < COMPLETED["10"], SCHOOL_AGE, np.array(list(COMPLETED.values()))[level])
        yield {
            "PNR": pseudonyms(seed, "person", unit),
            "HFAUDD": text(level, EDUCATIONS),
            "HF_VFRA": pa.array(START + born + (since * YEAR_DAYS).astype(np.int64)),
        }


def _residents(period: Period, size: Size, seed: int) -> Iterator[tuple[np.ndarray, Holders]]:
    """Line and person of those born by the end of the period who neither left nor died, in blocks of lines."""
    ends = _day(_last_day(period))
    count = size.groups * size.lines
    for start in range(0, count, BLOCK):
        line = np.repeat(np.arange(start, min(start + BLOCK, count)), GENERATIONS)
        person = _persons(seed, line, np.tile(np.arange(GENERATIONS), line.size // GENERATIONS), period.year)
        bits = hashed(seed, "denmark death", person.unit)
        lived = ((LAST_AGE + 2) * YEAR_DAYS + (below(bits, 5_500) + below(bits, 5_500, 1))).astype(np.int64)
        here = (person.born <= ends) & (ends < person.born + lived)
        yield line[here], Holders(person.unit[here], person.born[here])


def _age(person: Holders, day: np.datetime64) -> np.ndarray:
    """(n,) whole years of 365.2425 days."""
    return (((day - START).astype(int) - person.born) / YEAR_DAYS).astype(np.int64)


def _last_day(period: Period) -> str:
    return date(period.year, period.month, 31 if period.month in (3, 12) else 30).isoformat()
