"""Under which numbers registers know firms and persons: new legal forms, mergers, splits, new and shared civil numbers.

What is simulated stays one firm, one person; here its rows come to stand under several numbers, or several under one.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.world.business import EVENT_COLUMNS
from pipelines.world.draws import stream
from pipelines.world.extracts import job_slots
from pipelines.world.firms import Firms, year_index
from pipelines.world.persons import FIRST_QUARTER, Persons
from pipelines.world.plan import Scale
from pipelines.world.programme import NEVER, Programme

EVENT_SHARE = {"form": 0.06, "merger": 0.02, "split": 0.02}        # of all firms, once in the published years
NEXT_FORM = {"10": "80", "30": "80", "80": "60", "60": "80", "140": "80"}
SPLIT_FROM = 5.0                     # FTE of the firm in the year of the split
PERSON_CHANGE_SHARE = 0.003
REPLACEMENT_SHARE, SHARING = 0.0015, 3          # of persons; so many people share a replacement number


@dataclass(frozen=True)
class FirmNumbers:
    """K numbers that N firms had: the first N were theirs from the start, or will be at last."""

    number: np.ndarray               # (N, T) under which a firm's year stands
    part: np.ndarray                 # (N, T) under which its split-off part stands, −1 without one
    part_share: np.ndarray           # (N,) of its FTE that the part takes
    owner: np.ndarray                # (K,) firm whose industry and seat a number shows
    form: np.ndarray                 # (K,) legal form
    born: np.ndarray                 # (K,) datetime64[D], the day on which the number was given
    events: pd.DataFrame             # year, kind, before, after


def number_firms(firms: Firms, programme: Programme, first_year: int, seed: int) -> FirmNumbers:
    """Draw who changes number and when. A delivery names every firm by its own number: that of its first participation."""
    rng = stream(seed, "firm numbers")
    count, periods = firms.fte.shape
    joined = np.full(count, NEVER)
    first = programme.participations[programme.participations["first"]]
    joined[first["firm"]] = first["year"]
    year = rng.integers(first_year + 1, int(firms.years[-1]), count)
    draw = rng.random(count)
    bounds = np.cumsum(list(EVENT_SHARE.values()))
    kind = np.searchsorted(bounds, draw, side="right")               # 0 form, 1 merger, 2 split, 3 nothing
    at = np.arange(count)
    lives = programme.alive[at, year_index(year) - 1] & programme.alive[at, year_index(year)]
    number, part = np.tile(at[:, None], (1, periods)), np.full((count, periods), -1)
    owner, form, born, events = [*at], [*firms.legal_form], [*firms.born], []
    since = firms.years[None, :] >= year[:, None]
    for firm in np.flatnonzero(lives & (kind == 0)):
        other, earlier = len(owner), joined[firm] >= year[firm]      # who joined later is named by the later number
        before, after = (other, firm) if earlier and joined[firm] < NEVER else (firm, other)
        number[firm] = np.where(since[firm], after, before)
        owner.append(firm)
        form.append(firms.legal_form[firm])
        born.append(firms.born[firm])
        form[after], born[after] = NEXT_FORM[form[firm]], np.datetime64(f"{year[firm]}-01-01")
        events.append((year[firm], "form", before, after))
    for firm, into in _mergers(rng, firms, programme, lives & (kind == 1) & (joined == NEVER), kind == 3, year):
        number[firm, since[firm]] = into
        events.append((year[firm], "merger", firm, into))
    large = programme.fte[at, year_index(year)] >= SPLIT_FROM
    for firm in np.flatnonzero(lives & large & (kind == 2)):
        part[firm, since[firm]] = len(owner)
        events.append((year[firm], "split", firm, len(owner)))
        owner.append(firm)
        form.append(firms.legal_form[firm])
        born.append(np.datetime64(f"{year[firm]}-01-01"))
    return FirmNumbers(
        number, part, rng.uniform(0.25, 0.5, count), np.array(owner), np.array(form), np.array(born),
        pd.DataFrame(events, columns=list(EVENT_COLUMNS)),
    )


def _mergers(
    rng: np.random.Generator, firms: Firms, programme: Programme, ending: np.ndarray, free: np.ndarray, year: np.ndarray
) -> list[tuple[int, int]]:
    """Pairs (who ends, who takes it over): same industry and region, both active then; nobody takes over two."""
    market = np.char.add(firms.industry, firms.region)
    pairs = []
    for firm in np.flatnonzero(ending):
        t = year_index(int(year[firm]))
        buyers = np.flatnonzero(free & (market == market[firm]) & programme.alive[:, t] & programme.alive[:, t - 1])
        if buyers.size:
            into = int(rng.choice(buyers))
            free[into] = False
            pairs.append((int(firm), into))
    return pairs


def show_firms(
    firms: Firms, programme: Programme, numbers: FirmNumbers
) -> tuple[Firms, Programme, np.ndarray]:
    """Firms and programme with a row a number, and the (K, T) heads that each number employs.

    A split-off part takes its share of the FTE, and whole heads; a number that took another over shows both.
    """
    hundredths = np.round(programme.fte * 100).astype(np.int64)
    heads = np.where(programme.alive, job_slots(programme.fte), 0)
    off = (hundredths * numbers.part_share[:, None]).astype(np.int64)
    off_heads = np.minimum(np.ceil(off / 100).astype(np.int64), heads - 1)
    splits = (numbers.part >= 0) & (off_heads > 0)
    off, off_heads = np.where(splits, off, 0), np.where(splits, off_heads, 0)
    share = np.divide(off, hundredths, out=np.zeros(off.shape), where=hundredths > 0)
    shape = (numbers.owner.size, heads.shape[1])
    columns = np.broadcast_to(np.arange(shape[1]), heads.shape)
    shown = []
    for main, part in (
        (hundredths - off, off), (heads - off_heads, off_heads),
        (programme.turnover * (1 - share), programme.turnover * share),
    ):
        total = np.zeros(shape, dtype=main.dtype)
        np.add.at(total, (numbers.number, columns), main)
        np.add.at(total, (numbers.part[splits], columns[splits]), part[splits])
        shown.append(total)
    rows = {
        name: getattr(firms, name)[numbers.owner]
        for name in ("industry", "section", "municipality", "region", "value_added_share", "export_share")
    }
    alive = shown[1] > 0
    return (
        replace(firms, **rows, fte=shown[0] / 100, legal_form=numbers.form, born=numbers.born),
        replace(programme, fte=shown[0] / 100, turnover=shown[2], alive=alive),
        shown[1],
    )


def seat_under_numbers(seat: np.ndarray, numbers: FirmNumbers, heads: np.ndarray) -> np.ndarray:
    """(P, Q) `seat_persons` with numbers for firms; K for the public sector. A part takes its heads from the last persons."""
    public = numbers.number.shape[0]
    shown = np.full_like(seat, -1)
    for q in range(seat.shape[1]):
        t = year_index((FIRST_QUARTER + q) // 4)
        firm = seat[:, q]
        works = (firm >= 0) & (firm < public)
        shown[works, q] = numbers.number[firm[works], t]
        shown[firm == public, q] = numbers.owner.size
        worker = np.flatnonzero(works & (numbers.part[np.where(works, firm, 0), t] >= 0))
        worker = worker[np.argsort(firm[worker], kind="stable")]
        mine = firm[worker]
        left = np.searchsorted(mine, mine, side="right") - np.arange(mine.size)      # the last of a firm has 1
        part = numbers.part[mine, t]
        goes = left <= heads[part, t]
        shown[worker[goes], q] = part[goes]
    return shown


@dataclass(frozen=True)
class PersonNumbers:
    """R rows of persons under a number each: P persons, then the second number of those who changed."""

    same_as: np.ndarray              # (R,) person
    name: np.ndarray                 # (R,) position of the number; several rows share a replacement number
    last: np.ndarray                 # (P,) row of the number that a person has in the end
    shares: np.ndarray               # (P,) bool, has a replacement number
    change: np.ndarray               # (C, 3) rows before and after, and the quarter (column) of the change


def number_persons(persons: Persons, seed: int, changes: bool, replacements: bool) -> PersonNumbers:
    """Draw who changes number and who works under a replacement number; no participant of a course does the latter."""
    rng = stream(seed, "person numbers")
    count, quarters = persons.employed.shape
    joined = np.full(count, NEVER * 4)
    joined[persons.participations["person"]] = persons.participations["period"] - FIRST_QUARTER
    draw = rng.random(count)
    shares = (draw < REPLACEMENT_SHARE) & (joined == NEVER * 4) & replacements
    moving = np.flatnonzero((draw > 1 - PERSON_CHANGE_SHARE) & changes)
    column = rng.integers(1, quarters, moving.size)
    other = count + np.arange(moving.size)
    own_later = (joined[moving] >= column) & (joined[moving] < NEVER * 4)
    change = np.stack([np.where(own_later, other, moving), np.where(own_later, moving, other), column], axis=1)
    last = np.arange(count)
    last[moving] = change[:, 1]
    name = np.arange(count + moving.size)
    foreign = np.flatnonzero(shares)
    name[foreign] = foreign[np.arange(foreign.size) // SHARING * SHARING]
    return PersonNumbers(np.append(np.arange(count), moving), name, last, shares, change)


def show_persons(persons: Persons, seat: np.ndarray, numbers: PersonNumbers) -> tuple[Persons, np.ndarray]:
    """Persons and their seats with a row a number; whoever has a replacement number is no resident anywhere."""
    in_force = np.ones((numbers.same_as.size, seat.shape[1]), dtype=bool)
    for before, after, column in numbers.change:
        in_force[before, column:] = False
        in_force[after, :column] = False
    who = numbers.same_as
    rows = {name: getattr(persons, name)[who] for name in ("born", "sex", "education", "municipality", "region")}
    resident = persons.resident[who] & in_force & ~numbers.shares[who, None]
    return replace(persons, **rows, resident=resident), np.where(in_force, seat[who], -1)


@dataclass(frozen=True)
class Registered:
    """A world as registers know it: a row of `firms`, `programme` a number, a row of `persons` a person and number."""

    firms: Firms
    programme: Programme
    heads: np.ndarray | None         # (K, T), None where they follow from the FTE
    events: pd.DataFrame | None      # firms that changed number
    persons: Persons
    seat: np.ndarray                 # (R, Q)
    people: PersonNumbers


def register(
    firms: Firms, programme: Programme, persons: Persons, seat: np.ndarray, size: Scale, seed: int
) -> Registered:
    """The world with as many number changes as its oddities ask for; without any, as it was drawn."""
    heads = events = None
    if size.oddities.number_changes:
        numbers = number_firms(firms, programme, size.first_year, seed)
        firms, programme, heads = show_firms(firms, programme, numbers)
        seat, events = seat_under_numbers(seat, numbers, heads), numbers.events
    people = number_persons(persons, seed, size.oddities.person_changes, size.oddities.replacement_numbers)
    if size.oddities.person_changes or size.oddities.replacement_numbers:
        persons, seat = show_persons(persons, seat, people)
    return Registered(firms, programme, heads, events, persons, seat, people)
