"""Planning a project: the effect to expect, how sure that is, whether it could be measured, and how large it would have to be.

Belongs here: the arithmetic of one project. What a release says of its type is in `evidence`, words are the page's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from pipelines.chains.cost import cost_per_job
from pipelines.chains.evidence import CONTROLS_EACH, Evidence, PlanError, Released, Z, evidence, headline_horizon
from schemas.contract import code_values, codes

HORIZONS = range(6)                  # years since the start
WANTED_POWER = 0.80
MOST = 1_000_000                     # participants; a number beyond is no answer
SIZES = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000)
TARGET_KINDS = ("net", "gross")
GRID_COLUMNS = (
    "initiative_type", "participants", "horizon", "expected_net", "low", "high", "power", "minimum_detectable",
    "participants_needed", "pooled_projects", "verdict", "basis",
)


@dataclass(frozen=True)
class Plan:
    """What to expect of a project. Jobs are FTE that exist at the horizon, years after the start.

    expected_net, low, high     net jobs with a 95 % prediction interval
    expected_gross              the participants' own change; by definition never a net effect
    target, target_kind         what is to be reached, and whether it is told net or gross (ERDF's CO08 is gross)
    probability                 of reaching the target; None without one
    effect                      net FTE a participant whose detection is planned: the target's, else the expected one
    standard_error, power       of the project's own estimate, and the power for `effect`, two-sided at 5 %; power None without effect
    minimum_detectable          FTE a participant: 2.80 × the standard error
    participants_needed         fewest with a power of 80 % for `effect`; None where none is enough
    pooled_projects             how many projects of this size hold as many; None with participants_needed
    verdict                     measurable; pool; unmeasurable (no number is enough); without_effect (the target needs none)
    basis                       "type", or "other_types": the type's own effect cannot be used
    budget_dkk, cost_*          budget, and DKK a net job as the set that low and high allow; past support a participant without a budget
    """

    initiative_type: str
    participants: int
    horizon: int
    expected_net: float
    low: float
    high: float
    expected_gross: float
    target: float | None
    target_kind: str | None
    probability: float | None
    effect: float
    standard_error: float
    power: float | None
    minimum_detectable: float
    participants_needed: int | None
    pooled_projects: int | None
    verdict: str
    basis: str
    budget_dkk: float | None
    budget_given: bool
    cost_low: float | None
    cost_high: float | None
    cost_set: str


def plan_project(
    released: Released, initiative_type: str, participants: int, horizon: int | None = None, budget_dkk: float | None = None,
    target: float | None = None, target_kind: str = "net", size_mix: Mapping[str, float] | None = None,
    industry_mix: Mapping[str, float] | None = None,
) -> Plan:
    """What N participants of a type can be expected to give, from the figures of one release.

    Expected net is N × mean. Its prediction interval is ± 1.96 × the root of N² (variance + between) + N unit_variance: what
    is not known of the type's mean effect, how far projects lie from it, and which participants happen to come. A gross
    target is held against N × the past gross change, of variance N² gross_between + N unit_variance, and asks for the net
    effect target / N − (gross − mean). horizon None is the release's headline.
    Raises PlanError in one sentence for anything that cannot be planned.
    """
    _check(initiative_type, participants, horizon, budget_dkk, target, target_kind)
    horizon = headline_horizon(released) if horizon is None else horizon
    known = evidence(released, initiative_type, horizon, size_mix=size_mix, industry_mix=industry_mix)
    return _planned(known, initiative_type, participants, horizon, budget_dkk, target, target_kind)


def plan_grid(released: Released) -> pd.DataFrame:
    """`chain.plan`: every type with each number of participants of `SIZES` at the headline horizon; no rows without an effect."""
    rows = []
    companies = released.summary.query("unit == 'company' and outcome == 'fte'")
    for kind in sorted(companies["initiative_type"].unique()):
        try:
            horizon = headline_horizon(released)
            known = evidence(released, kind, horizon)
        except PlanError:            # nothing of this release can be planned from
            continue
        plans = [_planned(known, kind, size, horizon) for size in SIZES]
        rows += [{name: getattr(plan, name) for name in GRID_COLUMNS} for plan in plans]
    whole = dict.fromkeys(("participants", "horizon", "participants_needed", "pooled_projects"), "Int32")
    return pd.DataFrame(rows, columns=list(GRID_COLUMNS)).astype(whole)


def spread(known: Evidence, participants: int) -> float:
    """Standard deviation of a project's net jobs about what is expected, in the outcome's unit."""
    return float(np.sqrt(participants**2 * (known.variance + known.between) + participants * known.unit_variance))


def standard_error(known: Evidence, participants: float) -> float:
    """Of the average effect of N participants, each with five controls: s² (1/N + 1/(5 N) + reuse), its root.

    s² and reuse come from the standard error that the release has for the type with n participants and c controls
    (Kish): se² = s² (1/n + 1/c), 1/c = 1/(5 n) + reuse. With N = n it is that standard error again.
    """
    return float(np.sqrt(known.unit_variance * ((1 + 1 / CONTROLS_EACH) / participants + known.reuse)))


def power(effect: float, error: float) -> float:
    """Probability that a two-sided test at 5 % finds the effect: Φ(e − 1.96) + Φ(−e − 1.96), e the effect in standard errors."""
    return float(special.ndtr(effect / error - Z) + special.ndtr(-effect / error - Z))


def minimum_detectable(error: float) -> float:
    """2.80 × the standard error (Bloom 1995; code table thresholds)."""
    factors = dict(zip(*codes("thresholds").select(["threshold", "value"]).to_pydict().values(), strict=True))
    return float(factors["power_factor"]) * error


def participants_needed(known: Evidence, effect: float) -> int | None:
    """Fewest participants with a power of 80 % for the effect; None for no effect, and where controls alone leave too much noise."""
    if power(effect, standard_error(known, MOST)) < WANTED_POWER:
        return None
    low, high = 0, MOST              # power rises with N: too few in low, enough in high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, standard_error(known, middle)) >= WANTED_POWER else (middle, high)
    return high


def _planned(
    known: Evidence, initiative_type: str, participants: int, horizon: int, budget_dkk: float | None = None,
    target: float | None = None, target_kind: str = "net",
) -> Plan:
    net, sd = participants * known.mean, spread(known, participants)
    effect = known.mean if target is None else target / participants
    if target is not None and target_kind == "gross":
        effect -= known.gross - known.mean
    needless = target is not None and effect <= 0
    error = standard_error(known, participants)
    needed = None if needless else participants_needed(known, effect)
    reached = None if needless else power(effect, error)
    budget = participants * known.support_dkk if budget_dkk is None else budget_dkk
    cost = _cost(budget, net, net - Z * sd, net + Z * sd)
    return Plan(
        initiative_type, participants, horizon, net, net - Z * sd, net + Z * sd, participants * known.gross,
        target, None if target is None else target_kind, None if target is None else _probability(known, participants, target, target_kind),
        effect, error, reached, minimum_detectable(error), needed, None if needed is None else int(np.ceil(needed / participants)),
        _verdict(needless, reached, needed), known.basis, None if np.isnan(budget) else float(budget), budget_dkk is not None, **cost,
    )


def _check(kind: str, participants: int, horizon: int | None, budget: float | None, target: float | None, target_kind: str) -> None:
    """Raise PlanError for the first thing that is no project."""
    if kind not in code_values("initiative_types"):
        raise PlanError(f"no type of initiative is called that: --type takes one of {', '.join(code_values('initiative_types'))}")
    if participants < 1:
        raise PlanError("a project has at least one participant: give --participants 1 or more")
    if horizon is not None and horizon not in HORIZONS:
        raise PlanError(f"effects are known {HORIZONS[0]} to {HORIZONS[-1]} years after the start: give --horizon within them")
    if target_kind not in TARGET_KINDS:
        raise PlanError(f"a target is told in one of two ways: --target-kind takes {' or '.join(TARGET_KINDS)}")
    for name, value in (("budget", budget), ("target", target)):
        if value is not None and not 0 < value < np.inf:
            raise PlanError(f"a {name} is a number above 0: give --{name} again or leave it out")


def _probability(known: Evidence, participants: int, target: float, kind: str) -> float:
    if kind == "net":
        return float(special.ndtr((participants * known.mean - target) / spread(known, participants)))
    sd = np.sqrt(participants**2 * known.gross_between + participants * known.unit_variance)
    return float(special.ndtr((participants * known.gross - target) / sd))


def _verdict(needless: bool, reached: float | None, needed: int | None) -> str:
    if needless:
        return "without_effect"
    if reached is not None and reached >= WANTED_POWER:
        return "measurable"
    return "unmeasurable" if needed is None else "pool"


def _cost(budget: float, net: float, low: float, high: float) -> dict[str, object]:
    """Lowest and highest DKK a net job, None where there is none, and the kind of set."""
    row = cost_per_job(pd.DataFrame({"support_dkk": [budget], "net": [net], "net_low": [low], "net_high": [high]})).iloc[0]
    ends = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("cost_low", "cost_high")}
    return {**ends, "cost_set": str(row["cost_set"])}
