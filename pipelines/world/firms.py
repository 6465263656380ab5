"""Firms without any programme: size, growth, exit, productivity. Their potential outcome untreated, year by year.

The law of motion is in levels, so that differencing removes the fixed firm effect:
FTE(t) − FTE(t−1) = momentum × last change + drift(industry, year) × size + heavy-tailed shock × scale of the firm.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.world.draws import stream
from pipelines.world.plan import BURN_IN_FROM, NORTH_JUTLAND, Scale
from schemas.contract import codes

MOMENTUM = 0.5
SMALLEST = 0.2                       # FTE; a living employer is never below
SECTION_SHARE = {
    "A": 0.06, "C": 0.22, "F": 0.13, "G": 0.19, "H": 0.06, "I": 0.09,
    "J": 0.07, "M": 0.10, "N": 0.04, "Q": 0.02, "R": 0.02,
}
CYCLE = {2007: 0.015, 2008: -0.01, 2009: -0.07, 2010: -0.015, 2011: 0.01}      # beside the normal drift
EXPOSED = "CFH"                      # industries that the crisis hits twice as hard
EXPANDING = "CFHJM"                  # industries that grow by 2.8 per cent a year, others by 0.8


@dataclass(frozen=True)
class Firms:
    """N firms × T years. `fte`, `turnover` are what a firm has while alive; a closed firm has none."""

    industry: np.ndarray             # (N,) text, DB07 six digits
    section: np.ndarray              # (N,) text, one letter
    municipality: np.ndarray         # (N,) text
    region: np.ndarray               # (N,) text
    legal_form: np.ndarray           # (N,) text
    born: np.ndarray                 # (N,) datetime64[D]
    fixed_effect: np.ndarray         # (N,) unobserved, raises the level and the wish to take part
    fte: np.ndarray                  # (N, T) full-time equivalents, untreated
    change: np.ndarray               # (N, T) the last change relative to the firm's own scale
    exit_draw: np.ndarray            # (N, T) uniform; below the hazard means that the year is the last
    hazard: np.ndarray               # (N, T) untreated exit hazard
    productivity: np.ndarray         # (N, T) turnover per FTE, DKK, fixed prices
    value_added_share: np.ndarray    # (N,) of turnover; missing where the industry has no account statistics
    export_share: np.ndarray         # (N,) of turnover

    @property
    def years(self) -> np.ndarray:
        """(T,) calendar years, from the burn-in on."""
        return np.arange(BURN_IN_FROM, BURN_IN_FROM + self.fte.shape[1])

    @property
    def birth_year(self) -> np.ndarray:
        """(N,) first calendar year of activity."""
        return self.born.astype("datetime64[Y]").astype(int) + 1970

    def alive(self, hazard: np.ndarray) -> np.ndarray:
        """(N, T) active in the year, if exit comes at `hazard`: born by then, not closed at an earlier year's end."""
        started = self.years[None, :] >= self.birth_year[:, None]
        closed = (self.exit_draw < hazard) & started
        before = np.zeros_like(closed)
        before[:, 1:] = np.cumsum(closed, axis=1)[:, :-1] > 0
        return started & ~before


def year_index(year: int) -> int:
    """Column of a calendar year."""
    return year - BURN_IN_FROM


def draw_firms(scale: Scale, seed: int) -> Firms:
    """The untreated firms of a world: a stock in the first year, and entrants of about seven per cent a year."""
    rng = stream(seed, "firms")
    years = np.arange(BURN_IN_FROM, scale.last_year + 1)
    entrants = int(scale.firms * 0.07)
    count = scale.firms + entrants * (years.size - 1)
    born = _draw_births(rng, scale.firms, entrants, years)
    section, industry, with_accounts = _draw_industries(rng, count)
    municipality, region = _draw_places(rng, count, scale.north)
    fixed_effect = rng.standard_normal(count)
    base = np.clip(np.exp(0.65 + 1.0 * rng.standard_normal(count) + 0.12 * fixed_effect), 0.3, 400.0)
    young = born >= np.datetime64(f"{BURN_IN_FROM}-01-01")
    base = np.where(young, np.clip(base * 0.6, 0.3, 60.0), base)
    fte, change = _walk(rng, base, section, born, years)
    return Firms(
        industry=industry, section=section, municipality=municipality, region=region,
        legal_form=_draw_legal_forms(rng, base), born=born, fixed_effect=fixed_effect, fte=fte, change=change,
        exit_draw=rng.random(fte.shape), hazard=_exit_hazard(fte, born, section, years),
        productivity=_draw_productivity(rng, years, section, fixed_effect),
        value_added_share=np.where(with_accounts, rng.uniform(0.25, 0.5, count), np.nan),
        export_share=np.where(rng.random(count) < 0.3, rng.uniform(0.02, 0.6, count), 0.0),
    )


def _draw_births(rng: np.random.Generator, stock: int, entrants: int, years: np.ndarray) -> np.ndarray:
    old = BURN_IN_FROM - 1 - np.minimum(rng.geometric(0.08, stock), 60)
    new = np.repeat(years[1:], entrants)
    born = np.concatenate([old, new])
    return (born - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 330, born.size)


def _draw_industries(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = codes("industries").to_pandas()
    letters = sorted(SECTION_SHARE)
    share = np.array([SECTION_SHARE[letter] for letter in letters])
    section = np.array(letters)[rng.choice(len(letters), size=count, p=share / share.sum())]
    industry = np.empty(count, dtype=object)
    with_accounts = np.empty(count, dtype=bool)
    for letter in letters:
        rows = table[table["section"] == letter]
        mine = np.flatnonzero(section == letter)
        pick = rng.integers(0, len(rows), mine.size)
        industry[mine] = rows["industry"].to_numpy()[pick]
        with_accounts[mine] = rows["value_added"].to_numpy()[pick] == "yes"
    return section, industry.astype("U6"), with_accounts


def _draw_places(rng: np.random.Generator, count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """A share of the firms in North Jutland, the others anywhere else; a large town weighs six small ones."""
    table = codes("municipalities").to_pandas()
    table = table[table["region"].str.fullmatch(r"\d{4}")]
    north = (table["region"] == NORTH_JUTLAND).to_numpy()
    weight = np.where(table["municipality"].isin(["851", "751", "101", "461"]), 6.0, 1.0)
    weight = np.where(north, share * weight / weight[north].sum(), (1 - share) * weight / weight[~north].sum())
    pick = rng.choice(len(table), size=count, p=weight)
    return table["municipality"].to_numpy(dtype="U16")[pick], table["region"].to_numpy(dtype="U4")[pick]


def _draw_legal_forms(rng: np.random.Generator, base: np.ndarray) -> np.ndarray:
    draw = rng.random(base.size)
    small = np.where(draw < 0.5, "10", np.where(draw < 0.6, "30", "80"))
    large = np.where(draw < 0.45, "60", np.where(draw < 0.95, "80", "140"))
    return np.where(base < 4.0, small, large).astype("U3")


def _walk(
    rng: np.random.Generator, base: np.ndarray, section: np.ndarray, born: np.ndarray, years: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N, T) size and (N, T) last change, by the law of motion above."""
    count = base.size
    spread = 0.05 + 0.11 * base**0.85
    exposed = np.isin(section, list(EXPOSED))
    trend = np.where(np.isin(section, list(EXPANDING)), 0.028, 0.008)
    shocks = rng.standard_t(4, size=(count, years.size)) / np.sqrt(2.0)
    fte = np.empty((count, years.size))
    change = np.zeros((count, years.size))
    fte[:, 0] = base
    start = np.maximum(born.astype("datetime64[Y]").astype(int) + 1970 - BURN_IN_FROM, 0)
    for t in range(1, years.size):
        cycle = CYCLE.get(int(years[t]), 0.0) * np.where(exposed, 1.6, 0.8)
        size_bonus = 0.02 * np.exp(-0.5 * (np.log(fte[:, t - 1]) - 1.2) ** 2)      # mid-sized firms outgrow both ends
        step = MOMENTUM * change[:, t - 1] + (trend + cycle + size_bonus) * fte[:, t - 1] + spread * shocks[:, t]
        moved = np.maximum(fte[:, t - 1] + step, SMALLEST)
        before_start = t <= start
        fte[:, t] = np.where(before_start, base, moved)
        change[:, t] = np.where(before_start, 0.0, fte[:, t] - fte[:, t - 1])
    return fte, change


def _exit_hazard(fte: np.ndarray, born: np.ndarray, section: np.ndarray, years: np.ndarray) -> np.ndarray:
    age = years[None, :] - (born.astype("datetime64[Y]").astype(int) + 1970)[:, None]
    crisis = np.isin(years, [2008, 2009, 2010]).astype(float)[None, :]
    index = -2.55 - 0.55 * np.log(fte) + 0.45 * (age < 4) + 0.25 * crisis + 0.2 * np.isin(section, ["I", "R"])[:, None]
    return 1.0 / (1.0 + np.exp(-index))


def _draw_productivity(
    rng: np.random.Generator, years: np.ndarray, section: np.ndarray, fixed_effect: np.ndarray
) -> np.ndarray:
    other = np.where(np.isin(section, ["C", "F", "H"]), 1_500_000.0, 1_000_000.0)
    level = np.where(section == "G", 2_400_000.0, other)
    firm = np.exp(0.3 * rng.standard_normal(section.size) + 0.15 * fixed_effect)
    noise = np.exp(0.08 * rng.standard_normal((section.size, years.size)))
    return (level * firm)[:, None] * noise * (1.01 ** (years - 2010))[None, :]
