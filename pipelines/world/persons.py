"""Persons: who they are, when they have work with and without the training, and in which firm's job slot they sit."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.world.draws import choose_top, stream
from pipelines.world.plan import FIRST_JOB_YEAR, NORTH_JUTLAND, TYPES, Scale

BURN_IN_QUARTERS = 24
FIRST_QUARTER = FIRST_JOB_YEAR * 4                                   # period = year × 4 + quarter − 1
FIRST_COHORT, LAST_COHORT = 2009 * 4, 2013 * 4 + 3
LOCK_IN = 2                                                          # quarters in which participants search less
FINDING, LEAVING = 0.45, -0.30                                       # lasting shift of the log odds from then on
LONGEST = 12                                                         # quarters after which the effect has faded
EVENT_QUARTERS = tuple(range(9))
STATUSES = ("employed", "unemployed", "inactive")


@dataclass(frozen=True)
class Persons:
    """P persons × Q quarters from the first quarter of BFL. `employed` is with the programme."""

    born: np.ndarray                 # (P,) datetime64[D]
    sex: np.ndarray                  # (P,) 1 man, 2 woman
    education: np.ndarray            # (P,) HFAUDD code, text
    municipality: np.ndarray         # (P,) text
    region: np.ndarray               # (P,) text
    employed: np.ndarray             # (P, Q) bool
    employed_without: np.ndarray     # (P, Q) bool
    resident: np.ndarray             # (P, Q) bool; deaths and emigration leave without a mark
    participations: pd.DataFrame     # person, type (position in TYPES), period, status
    employed_before: np.ndarray      # (P, 24) bool; the six years before

    @property
    def quarters(self) -> np.ndarray:
        """(Q,) periods, year × 4 + quarter − 1."""
        return np.arange(FIRST_QUARTER, FIRST_QUARTER + self.employed.shape[1])


HFAUDD = {"10": 0.26, "20": 0.10, "35": 0.38, "40": 0.06, "50": 0.13, "70": 0.06, "90": 0.01}
_SKILL = {"10": -0.5, "20": -0.1, "35": 0.1, "40": 0.2, "50": 0.3, "70": 0.4, "90": -0.4}


def draw_persons(scale: Scale, seed: int, count: int, places: tuple[np.ndarray, np.ndarray]) -> Persons:
    """`count` adults living where firms are; work by quarter; participants drawn from those who lately lost work."""
    rng = stream(seed, "persons")
    born = np.datetime64("1944-01-01") + rng.integers(0, 46 * 365, count)
    levels = list(HFAUDD)
    share = np.array(list(HFAUDD.values()))
    education = np.array(levels)[rng.choice(len(levels), size=count, p=share / share.sum())]
    where = rng.integers(0, places[0].size, count)
    skill = np.array([_SKILL[level] for level in levels])[np.searchsorted(levels, education)]
    skill = skill + 0.5 * rng.standard_normal(count)
    quarters = (scale.last_year + 1) * 4 - FIRST_QUARTER
    draws = rng.random((count, BURN_IN_QUARTERS + quarters), dtype=np.float32)
    without = _work(draws, skill, np.full(count, 10**6))
    participations = _draw_participants(rng, scale, without, education, places[1][where], born)
    entry = np.full(count, 10**6)
    entry[participations["person"]] = participations["period"] - FIRST_QUARTER + BURN_IN_QUARTERS
    employed = _work(draws, skill, entry)
    leaves = rng.geometric(0.0008, count) - 1
    resident = np.arange(quarters)[None, :] < np.maximum(leaves, _quarters_needed(participations, count))[:, None]
    resident |= not scale.oddities.departures
    return Persons(
        born=born, sex=rng.integers(1, 3, count), education=education,
        municipality=places[0][where], region=places[1][where],
        employed=employed[:, BURN_IN_QUARTERS:] & resident, employed_without=without[:, BURN_IN_QUARTERS:] & resident,
        resident=resident, participations=participations, employed_before=employed[:, :BURN_IN_QUARTERS],
    )


def _quarters_needed(participations: pd.DataFrame, count: int) -> np.ndarray:
    """A participant lived here when the course began."""
    needed = np.zeros(count, dtype=int)
    needed[participations["person"]] = participations["period"] - FIRST_QUARTER + 1
    return needed


def _work(draws: np.ndarray, skill: np.ndarray, entry: np.ndarray) -> np.ndarray:
    """(P, all quarters) in work: a Markov chain on common draws, so that both potential outcomes share their luck."""
    count, quarters = draws.shape
    work = np.empty((count, quarters), dtype=bool)
    work[:, 0] = draws[:, 0] < 0.7
    for q in range(1, quarters):
        since = q - entry
        lock_in = (since >= 0) & (since < LOCK_IN)
        helped = (since >= LOCK_IN) & (since <= LONGEST)
        leave = -3.3 - 0.8 * skill + np.where(helped, LEAVING, 0.0)
        find = -1.6 + 0.8 * skill + np.where(helped, FINDING, 0.0) + np.where(lock_in, -0.7, 0.0)
        stays = draws[:, q] >= 1.0 / (1.0 + np.exp(-leave))
        finds = draws[:, q] < 1.0 / (1.0 + np.exp(-find))
        work[:, q] = np.where(work[:, q - 1], stays, finds)
    return work


def _draw_participants(
    rng: np.random.Generator, scale: Scale, work: np.ndarray, education: np.ndarray, region: np.ndarray,
    born: np.ndarray,
) -> pd.DataFrame:
    taken = np.zeros(work.shape[0], dtype=bool)
    low = np.isin(education, ["10", "35"])
    rows = []
    for position, plan in enumerate(TYPES):
        periods = _entry_quarters(plan.persons)
        total = round(plan.persons * scale.share)
        for index, period in enumerate(periods):
            wanted = total * (index + 1) // len(periods) - total * index // len(periods)
            q = period - FIRST_QUARTER + BURN_IN_QUARTERS
            age = period // 4 - (born.astype("datetime64[Y]").astype(int) + 1970)
            history = work[:, q - 4:q]
            lost = history[:, :3].any(axis=1) & ~history[:, 3]
            utility = 0.9 * ~history[:, 3] + 0.8 * lost - 0.6 * history.mean(axis=1) + 0.4 * low + 0.01 * (45 - age)
            able = ~taken & (age >= 20) & (age <= 58) & (region == NORTH_JUTLAND)
            chosen = choose_top(rng, np.where(able, utility, -np.inf), wanted)
            taken[chosen] = True
            before = np.where(history[chosen, 3], 0, np.where(history[chosen].any(axis=1), 1, 2))
            status = np.array(STATUSES)[before]
            rows.append(pd.DataFrame({"person": chosen, "type": position, "period": period, "status": status}))
    return pd.concat(rows, ignore_index=True).sort_values(["person", "period"], ignore_index=True)


def _entry_quarters(persons: int) -> list[int]:
    if persons == 0:
        return []
    every = range(FIRST_COHORT, LAST_COHORT + 1)
    return [q for q in every if persons >= 1000 or q % 4 == 0]


def person_truth(persons: Persons) -> pd.DataFrame:
    """Own average effect on employment by type and quarter since the start, for residents; as `company_truth`."""
    table = persons.participations
    unit, entry = table["person"].to_numpy(), table["period"].to_numpy() - FIRST_QUARTER
    gain = persons.employed[unit].astype(float) - persons.employed_without[unit].astype(float)
    rows = []
    for position, plan in enumerate(TYPES):
        mine = table["type"].to_numpy() == position
        for event in EVENT_QUARTERS:
            column = np.minimum(entry + event, persons.quarters.size - 1)
            seen = mine & (entry + event < persons.quarters.size) & persons.resident[unit, column]
            if seen.any():
                effect = float(gain[seen, column[seen]].mean())
                rows.append((plan.code, "person", "employed", event, effect, int(seen.sum())))
    return pd.DataFrame(rows, columns=["initiative_type", "unit", "outcome", "event_time", "att", "n_treated"])


def seat_persons(persons: Persons, heads: np.ndarray, seed: int) -> np.ndarray:
    """(P, Q) position of each person's employer; −1 without work, N (one beyond the firms) for the public sector.

    `heads` (N firms, years of BFL) are the job slots. Whoever keeps both work and firm stays; vacancies are filled at
    random. Raises ValueError when there are more vacancies than hands.
    """
    rng = stream(seed, "seats")
    count, quarters = persons.employed.shape
    public = heads.shape[0]
    seat = np.empty((count, quarters), dtype=np.int32)
    previous = np.full(count, -1, dtype=np.int32)
    for q in range(quarters):
        seat[:, q] = previous = _reseat(rng, persons.employed[:, q], previous, heads[:, q // 4], public)
    return seat


def _reseat(
    rng: np.random.Generator, employed: np.ndarray, previous: np.ndarray, slots: np.ndarray, public: int
) -> np.ndarray:
    """(P,) seats of a quarter. Where a firm has fewer slots than sitting workers, who must go is drawn."""
    seat = np.where(employed, previous, -1)
    sitting = np.flatnonzero((seat >= 0) & (seat < public))
    shuffled = sitting[np.argsort(rng.random(sitting.size))]
    shuffled = shuffled[np.argsort(seat[shuffled], kind="stable")]
    firm = seat[shuffled]
    first = np.searchsorted(firm, firm, side="left")
    keeps = np.arange(firm.size) - first < slots[firm]
    seat[shuffled[~keeps]] = -1
    taken = np.bincount(firm[keeps], minlength=public)
    vacant = np.repeat(np.arange(public, dtype=np.int32), np.maximum(slots - taken, 0))
    free = np.flatnonzero(employed & ((seat < 0) | (seat == public)))
    if free.size < vacant.size:
        raise ValueError(f"the world has {free.size} free hands for {vacant.size} vacant jobs: more persons are needed")
    hired = rng.permutation(free)
    seat[hired[:vacant.size]] = rng.permutation(vacant)
    seat[hired[vacant.size:]] = public
    return seat
