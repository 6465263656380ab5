"""Worlds planted for each verdict, and what the pipeline's own rules say of them: matching, att_gt, test of the leads, judge."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.coverage.comparison import ADJUSTED, by_cohort, compare, long_frame
from benchmarks.coverage.estimators import CHOICES
from benchmarks.coverage.world import YEARS, Design, make_world
from pipelines.effects import att_gt
from pipelines.effects.sensitivity import lead_test
from pipelines.effects.verdicts import Evidence, judge

HORIZON = 2
CODES = Path(__file__).parents[2] / "schemas" / "codes"
SMALL_FIRMS = {"median": 3.0, "spread": 0.5, "largest": 20.0}


@dataclass(frozen=True)
class Plan:
    """A kind of world, the verdict it deserves, and the first of its seeds."""

    expected: str
    design: Design
    first_seed: int


PLANS = {
    "large_effect": Plan("effect", Design(effect=3.0), 3_013_000),
    "no_effect": Plan("no_effect", Design(firms=24_000, effect=0.0, closing=1.0, **SMALL_FIRMS), 3_014_000),
    "few_participants": Plan("too_few_to_tell", Design(firms=2_000, pool=0.16, effect=0.5), 3_015_000),
    "horizon_ahead": Plan("too_early", Design(intakes=(11, 12)), 3_016_000),
    "hidden_trend": Plan("not_comparable", Design(pool=0.5, hidden_trend=0.10), 3_017_000),
    "weaker_hidden_trend": Plan("not_comparable", Design(pool=0.5, hidden_trend=0.04), 3_018_000),
}


def thresholds() -> dict[str, float]:
    """What was fixed beforehand: schemas/codes/thresholds.csv."""
    return {row["threshold"]: float(row["value"]) for row in _rows("thresholds")}


def bound() -> float:
    """X of "no effect larger than X" for employment, in FTE: schemas/codes/outcomes.csv."""
    return next(float(row["no_effect_bound"]) for row in _rows("outcomes") if row["outcome"] == "fte")


def judge_world(name: str, index: int, first_seed: int | None = None) -> dict[str, object]:
    """One world of a plan: its figures at the horizon and its verdict."""
    plan = PLANS[name]
    seed = (plan.first_seed if first_seed is None else first_seed) + index
    world = make_world(plan.design, seed)
    found = compare(world)
    frame, weights = long_frame(world, by_cohort(found))
    events = att_gt(
        frame, "copy", "period", "cohort", "fte", ADJUSTED, weights=weights, cluster="unit_id", **CHOICES,
    ).aggregate("event_time")
    leads = lead_test(events, "fte")
    at = events.table.set_index("level").reindex([HORIZON]).iloc[0]
    reached = int((world.cohort[world.treated] + HORIZON <= YEARS).sum())
    treated = int(np.nan_to_num(at["n_treated"]))
    evidence = Evidence(
        att=at["att"], se=at["se"], bound=bound(), pretrend_p=np.nan if leads is None else leads.p_value, imbalance=found.imbalance,
        covered=treated / reached if reached else 0.0, observed=reached > 0,
    )
    verdict, _ = judge(evidence, thresholds())
    return {
        "plan": name, "world": index, "seed": seed, "n_treated": int(world.treated.sum()), "att": evidence.att, "se": evidence.se,
        "pretrend_p": evidence.pretrend_p, "imbalance": evidence.imbalance, "expected": plan.expected, "verdict": verdict,
    }


def _rows(name: str) -> list[dict[str, str]]:
    with (CODES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
