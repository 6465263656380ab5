"""Draws the worlds of the coverage study: firms, years, who joins, and what each firm would have been without joining.

Nothing is matched or estimated here. Every number of a world follows from its design and its seed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

YEARS = 12                                     # years 1 … 12
INTAKES = (6, 7, 8, 9)                         # years in which firms may join; three years after the last are seen
NEVER = 9999
INDUSTRY_SHARE = (0.40, 0.25, 0.20, 0.15)
AREA_SHARE = (0.50, 0.30, 0.20)
INDUSTRY_TREND = (0.000, 0.010, 0.020, -0.010)      # log growth a year
AREA_TREND = (0.005, 0.000, -0.005)
CALENDAR = (0.01, 0.01, 0.02, 0.02, 0.01, 0.01, -0.02, 0.00, 0.01, 0.02, 0.02, 0.01)   # a dip in year 7
MOMENTUM, REVERSION, SHOCK = 0.50, 0.01, 0.08              # of log growth: persistence, pull to the median, scale of shocks
SHOCK_FREEDOM, SHOCK_LIMIT = 5, 6.0                        # t-distributed, cut so that means in levels exist
TAIL_SHARE, TAIL_INDEX, SMALLEST = 0.10, 2.0, 1.0
COHORT_FACTOR = {6: 1.4, 7: 1.1, 8: 0.8, 9: 0.6}
PROFILE = (0.3, 0.7, 1.0, 1.2, 1.3, 1.3, 1.3)              # of the effect, by years since the start


@dataclass(frozen=True)
class Design:
    """What a world is drawn from. Sizes in FTE; median, spread (of the logarithm) and largest are of year 1.

    pool: share of firms that ask to join, once, in a year drawn without regard to anything; who of them is admitted
    depends on size and growth in the year before (`admit`: constant, log size, growth, growth path).
    effect: scale of the effect, in FTE at the median; closing: factor on the yearly chance of closing after the start year.
    hidden_trend: log growth a year that firms which ask have in every year, and others never; it breaks parallel trends.
    """

    firms: int = 5000
    median: float = 6.0
    spread: float = 0.85
    largest: float = 120.0
    pool: float = 0.85
    admit: tuple[float, float, float, float] = (-2.3, 0.2, 2.0, 3.0)
    effect: float = 1.0
    closing: float = 0.7
    hidden_trend: float = 0.0
    intakes: tuple[int, ...] = INTAKES


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """n firms × 12 years. A closed firm has 0 FTE.

    fte          (n, 12) as observed                 untreated  (n, 12) had nobody joined
    cohort       (n,) year of joining, NEVER else    treated    (n,) bool: admitted and alive in that year
    candidate    (n,) bool: never asked to join      industry, area  (n,) exact cells
    """

    fte: np.ndarray
    untreated: np.ndarray
    cohort: np.ndarray
    treated: np.ndarray
    candidate: np.ndarray
    industry: np.ndarray
    area: np.ndarray

    def effect(self, rows: np.ndarray, event_time: int) -> np.ndarray:
        """(rows,) what joining changed for each firm, `event_time` years after its start, in FTE."""
        column = self.cohort[rows] + event_time - 1
        return self.fte[rows, column] - self.untreated[rows, column]

    def covariates(self, cohort: int) -> pd.DataFrame:
        """All firms as they were in the year before `cohort`, as `pipelines.matching` describes companies."""
        last, earlier, then = (self.fte[:, cohort - 1 - back] for back in (1, 2, 4))
        with np.errstate(divide="ignore", invalid="ignore"):
            return pd.DataFrame({
                "unit": np.arange(len(last)), "industry": self.industry, "area": self.area,
                "fte_before": last, "log_fte": np.log(last), **growth_of(last, earlier, then),
            })


def growth_of(last: np.ndarray, earlier: np.ndarray, then: np.ndarray) -> dict[str, np.ndarray]:
    """growth: last year's change relative to the mean of both years; growth_path: mean change of three years, relative to size + 1."""
    return {"growth": 2.0 * (last - earlier) / (last + earlier), "growth_path": (last - then) / 3.0 / (last + 1.0)}


def make_world(design: Design, seed: int) -> World:
    """One world.

    Sizes and growth are Markov in (log size, last growth), closing depends on size: given these before the start, joining
    tells nothing of what would have been, before or after. So parallel trends hold given the matched covariates, without
    them they do not. Firms that asked and were refused are known to be no candidates; they serve the naive comparisons.
    """
    random = np.random.default_rng(seed)
    n = design.firms
    industry = random.choice(len(INDUSTRY_SHARE), n, p=INDUSTRY_SHARE)
    area = random.choice(len(AREA_SHARE), n, p=AREA_SHARE)
    intake = np.where(random.random(n) < design.pool, random.choice(design.intakes, n), NEVER)
    lottery, chance = random.random(n), random.random((n, YEARS))
    gain = random.exponential(1.0, n)
    log_size = _first_sizes(random, design)
    shocks = np.clip(random.standard_t(SHOCK_FREEDOM, (n, YEARS)), -SHOCK_LIMIT, SHOCK_LIMIT) * SHOCK
    shocks += (1 - MOMENTUM) * design.hidden_trend * (intake != NEVER)[:, None]
    size = _sizes(log_size, shocks, industry, area, design)
    admitted = _admitted(size, intake, lottery, design)
    closes = _closing(size, design)
    alive = np.logical_and.accumulate(chance >= closes, axis=1)
    year = np.arange(1, YEARS + 1)
    start = np.where(admitted, intake, NEVER)[:, None]
    treated = admitted & alive[np.arange(n), np.minimum(intake, YEARS) - 1]
    helped = np.logical_and.accumulate(chance >= closes * np.where(year > start, design.closing, 1.0), axis=1)
    with_effect = np.maximum(size + _effects(design, size, start, gain, year), 0.0)
    untreated = np.where(alive, size, 0.0)
    fte = np.where(treated[:, None], np.where(helped, with_effect, 0.0), untreated)
    return World(fte, untreated, np.where(treated, intake, NEVER), treated, intake == NEVER, industry, area)


def _first_sizes(random: np.random.Generator, design: Design) -> np.ndarray:
    """(n,) log FTE in year 1: log-normal, and a tenth of the firms from a Pareto tail above twice the median."""
    size = design.median * np.exp(design.spread * random.standard_normal(design.firms))
    tail = 2 * design.median * (1 - random.random(design.firms)) ** (-1 / TAIL_INDEX)
    return np.log(np.clip(np.where(random.random(design.firms) < TAIL_SHARE, tail, size), SMALLEST, design.largest))


def _sizes(log_size, shocks, industry, area, design: Design) -> np.ndarray:
    """(n, 12) FTE while alive."""
    trend = np.asarray(INDUSTRY_TREND)[industry] + np.asarray(AREA_TREND)[area]
    path = np.empty_like(shocks)
    path[:, 0], growth = log_size, shocks[:, 0]
    for t in range(1, YEARS):
        pull = REVERSION * (path[:, t - 1] - np.log(design.median))
        growth = trend + CALENDAR[t] + MOMENTUM * growth - pull + shocks[:, t]
        path[:, t] = path[:, t - 1] + growth
    return np.exp(path)


def _closing(size: np.ndarray, design: Design) -> np.ndarray:
    """(n, 12) chance of closing in a year, by the size of the year before: 5 % at the median, more for the small; none in year 1."""
    chance = np.clip(0.05 * (size / design.median) ** -0.5, 0.005, 0.20)
    return np.concatenate([np.zeros((len(size), 1)), chance[:, :-1]], axis=1)


def _admitted(size: np.ndarray, intake: np.ndarray, lottery: np.ndarray, design: Design) -> np.ndarray:
    """(n,) bool: asked to join, and drawn with a chance that rises with size and growth before."""
    asked = np.flatnonzero(intake != NEVER)
    last, earlier, then = (size[asked, intake[asked] - 1 - back] for back in (1, 2, 4))
    constant, by_size, by_growth, by_path = design.admit
    grown = growth_of(last, earlier, then)
    index = constant + by_size * np.log(last / design.median) + by_growth * grown["growth"] + by_path * grown["growth_path"]
    admitted = np.zeros(len(size), dtype=bool)
    admitted[asked] = lottery[asked] < 1.0 / (1.0 + np.exp(-index))
    return admitted


def _effects(design: Design, size: np.ndarray, start: np.ndarray, gain: np.ndarray, year: np.ndarray) -> np.ndarray:
    """(n, 12) FTE added: firm (exponential, mean 1) × √(size before / median) × cohort × years since the start."""
    joined = start[:, 0] != NEVER
    before = size[np.arange(len(size)), np.where(joined, start[:, 0] - 2, 0)]
    factor = np.where(joined, np.array([COHORT_FACTOR.get(int(g), 1.0) for g in start[:, 0]]), 0.0)
    since = year[None, :] - start
    profile = np.where(since >= 0, np.asarray(PROFILE)[np.clip(since, 0, len(PROFILE) - 1)], 0.0)
    return design.effect * (gain * np.sqrt(before / design.median) * factor)[:, None] * profile
