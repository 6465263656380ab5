"""Who takes part, and what that does to them: selection, planted effects, potential outcomes, the truth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.world.displacement import Displaced, displace
from pipelines.world.draws import choose_top, stream
from pipelines.world.firms import Firms, year_index
from pipelines.world.plan import (
    BURN_IN_FROM,
    CENTRAL_JUTLAND,
    HORIZON,
    LAST_COHORT,
    LATER_SHARE,
    NORTH_JUTLAND,
    TYPES,
    Scale,
    TypePlan,
)

NEVER = 9999
TREND_YEARS = 6                     # an unobserved trend begins so many years before the participation


@dataclass(frozen=True)
class Programme:
    """Participations of firms and both potential outcomes of every firm."""

    participations: pd.DataFrame     # firm, type (position in TYPES), year, first (bool)
    fte: np.ndarray                  # (N, T) with the programme
    fte_without: np.ndarray          # (N, T) without it
    turnover: np.ndarray             # (N, T) DKK in fixed prices, with
    turnover_without: np.ndarray
    alive: np.ndarray                # (N, T) with
    alive_without: np.ndarray
    displaced: Displaced | None = None


def run_programme(firms: Firms, scale: Scale, seed: int) -> Programme:
    """Draw participants cohort by cohort, then let the planted effects work on them."""
    rng = stream(seed, "programme")
    alive = firms.alive(firms.hazard)
    first_year = np.full(alive.shape[0], NEVER)
    first_type = np.full(alive.shape[0], -1)
    plans = list(enumerate(scale.types))
    for year in sorted({year for plan in TYPES for year in plan.cohorts}):
        for position, plan in plans:
            if year in plan.cohorts:
                wanted = _planned(plan, year, scale)
                chosen = choose_top(rng, _wish(firms, alive, first_year, plan, year), wanted)
                first_year[chosen], first_type[chosen] = year, position
    later_year, later_type = _draw_later(rng, first_year, first_type, scale.types)
    return _let_work(firms, rng, scale, _participations(first_year, first_type, later_year, later_type))


def _planned(plan: TypePlan, year: int, scale: Scale) -> int:
    total = max(len(plan.cohorts) * 2, round(plan.companies * scale.share))
    position = plan.cohorts.index(year)
    return total * (position + 1) // len(plan.cohorts) - total * position // len(plan.cohorts)


def _wish(firms: Firms, alive: np.ndarray, first_year: np.ndarray, plan: TypePlan, year: int) -> np.ndarray:
    """Utility of taking part: size (non-linearly), last year's growth shock, the unobserved firm effect, the region."""
    before = year_index(year) - 1
    size = np.log(firms.fte[:, before])
    growth = np.clip(firms.change[:, before] / (0.05 + 0.13 * firms.fte[:, before] ** 0.85), -2.5, 2.5)
    place = np.where(firms.region == NORTH_JUTLAND, 0.0, np.where(firms.region == CENTRAL_JUTLAND, -2.2, -np.inf))
    utility = -0.55 * (size - plan.size) ** 2 + 0.9 * growth + 0.3 * firms.fixed_effect + place
    young = firms.birth_year > year - 2
    return np.where(eligible(firms, alive, plan, year) & (first_year == NEVER), utility - 1.5 * young, -np.inf)


def eligible(firms: Firms, alive: np.ndarray, plan: TypePlan, year: int) -> np.ndarray:
    """(N,) whom the type addresses in a year: active then and before, 1–120 FTE, its industries, its regions."""
    now, before = year_index(year), year_index(year) - 1
    return (
        alive[:, now] & alive[:, before] & (firms.fte[:, before] >= 1.0) & (firms.fte[:, before] <= 120.0)
        & np.isin(firms.section, list(plan.sections)) & np.isin(firms.region, [NORTH_JUTLAND, CENTRAL_JUTLAND])
    )


def _draw_later(
    rng: np.random.Generator, first_year: np.ndarray, first_type: np.ndarray, types: tuple[TypePlan, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Some participants join another type one to three years on; those of the zero type never do."""
    zero = np.array([not any(plan.effect) for plan in types])
    able = (first_year < LAST_COHORT) & ~zero[first_type]
    joins = able & (rng.random(first_year.size) < LATER_SHARE)
    year = np.where(joins, np.minimum(first_year + rng.integers(1, 4, first_year.size), LAST_COHORT), NEVER)
    kind = np.full(first_year.size, -1)
    for unit in np.flatnonzero(joins):
        open_types = [
            i for i, plan in enumerate(types) if year[unit] in plan.cohorts and i != first_type[unit] and not zero[i]
        ]
        if open_types:
            kind[unit] = open_types[int(rng.integers(0, len(open_types)))]
    return np.where(kind >= 0, year, NEVER), kind


def _participations(
    first_year: np.ndarray, first_type: np.ndarray, later_year: np.ndarray, later_type: np.ndarray
) -> pd.DataFrame:
    first, later = np.flatnonzero(first_year < NEVER), np.flatnonzero(later_year < NEVER)
    table = pd.DataFrame({
        "firm": np.concatenate([first, later]),
        "type": np.concatenate([first_type[first], later_type[later]]),
        "year": np.concatenate([first_year[first], later_year[later]]),
        "first": np.concatenate([np.ones(first.size, bool), np.zeros(later.size, bool)]),
    })
    return table.sort_values(["firm", "year", "type"], ignore_index=True)


def _let_work(firms: Firms, rng: np.random.Generator, scale: Scale, participations: pd.DataFrame) -> Programme:
    count, periods = firms.fte.shape
    response = rng.gamma(4.0, 0.25, count)                # firms differ in what the same support does; mean 1
    added, trend = np.zeros((count, periods)), np.zeros((count, periods))
    hazard, uplift = firms.hazard.copy(), np.zeros((count, periods))
    gained = np.zeros((count, periods))                   # by the type that displaces
    for position, plan in enumerate(scale.types):
        mine = participations[participations["type"] == position]
        unit, event = mine["firm"].to_numpy(), firms.years[None, :] - mine["year"].to_numpy()[:, None]
        path = np.array([*plan.effect, *[plan.effect[-1]] * periods])
        gain = np.where(event >= 0, path[np.clip(event, 0, None)], 0.0) * response[unit, None]
        added[unit] += gain
        gained[unit] += gain * (plan.code == scale.displaces)
        hazard[unit] *= np.where(event >= 1, plan.exit_factor, 1.0)
        uplift[unit] += np.where(event >= 1, plan.productivity, 0.0)
        starts = mine["first"].to_numpy()
        trend[unit[starts]] += np.clip(event[starts] + TREND_YEARS, 0, None) * plan.trend
    without = np.maximum(firms.fte + trend, 0.2)
    treated = without + added
    alive, alive_without = firms.alive(hazard), firms.alive(firms.hazard)
    treated, displaced = displace(firms, scale, participations, treated, np.where(alive, gained, 0.0), alive)
    return Programme(
        participations=participations,
        fte=np.round(treated, 2) * alive, fte_without=np.round(without, 2) * alive_without,
        turnover=treated * firms.productivity * (1.0 + uplift) * alive,
        turnover_without=without * firms.productivity * alive_without,
        alive=alive, alive_without=alive_without, displaced=displaced,
    )


def company_truth(firms: Firms, programme: Programme) -> pd.DataFrame:
    """Own average effect on the treated, for the population that the estimand names, by type, outcome and event time.

    Population: first participation in any type, active in the start year and in both years before it. Columns
    initiative_type, unit, outcome, event_time, att, n_treated; money in DKK at fixed prices.
    """
    first = programme.participations[programme.participations["first"]]
    unit, year = first["firm"].to_numpy(), first["year"].to_numpy()
    at = year - BURN_IN_FROM
    covered = programme.alive[unit, at] & programme.alive[unit, at - 1] & programme.alive[unit, at - 2]
    has_accounts = ~np.isnan(firms.value_added_share[unit])
    share = np.nan_to_num(firms.value_added_share[unit])[:, None]
    gained = {
        "fte": programme.fte[unit] - programme.fte_without[unit],
        "turnover": programme.turnover[unit] - programme.turnover_without[unit],
        "value_added": share * (programme.turnover[unit] - programme.turnover_without[unit]),
        "survival": programme.alive[unit].astype(float) - programme.alive_without[unit].astype(float),
    }
    rows = []
    for position, plan in enumerate(TYPES):
        mine = covered & (first["type"].to_numpy() == position)
        for outcome, gain in gained.items():
            observed = mine & has_accounts if outcome == "value_added" else mine
            for event in range(1 if outcome == "survival" else 0, HORIZON + 1):      # all are alive in the start year
                seen = observed & (at + event < programme.fte.shape[1])
                if seen.any():
                    effect = gain[seen, at[seen] + event].mean()
                    rows.append((plan.code, "company", outcome, event, float(effect), int(seen.sum())))
    return pd.DataFrame(rows, columns=["initiative_type", "unit", "outcome", "event_time", "att", "n_treated"])
