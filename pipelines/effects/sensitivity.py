"""Doubt: the headline under other defensible choices, under bent assumptions, and where it should be zero.

What each check means to a reader is in `schemas/codes/checks.csv`; which of them turn the verdict is in `verdicts`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from pipelines.effects.errors import EstimationError
from pipelines.effects.few_clusters import wild_interval
from pipelines.effects.honest import breakdown_relative, breakdown_smoothness, relative_magnitudes, smoothness
from pipelines.effects.horizon import Effect, effect_at, no_effect_found
from pipelines.effects.inference import PreTrend, wald_test
from pipelines.effects.nuisance import NotEstimable, fit_propensity
from pipelines.effects.stacking import Stack, keep_treated

CRISIS = (2008, 2009, 2010)
WILD_DRAWS, SEED = 1999, 2013
POWER = 0.8


def lead_test(events, outcome: str) -> PreTrend | None:
    """Joint Wald test that the event-time leads before −1 are zero; None where the outcome has no leads (survival).

    Leads by event time rather than by cohort: with cohorts of a few firms a test of every cell has no size to speak of.
    What such a test can and cannot show: Roth (2022).
    """
    leads = _leads(events)
    if outcome == "survival" or not leads.size:
        return None
    return wald_test(events.table["att"].to_numpy()[leads], events.covariance[np.ix_(leads, leads)], 0)


def control_definitions(stack: Stack, first: pd.Series, outcome: str, horizon: int) -> dict[str, Effect]:
    """The effect with controls untreated at the start and kept, and with the same censored at their own entry.

    stack: of the variant untreated_at_start; first: unit → period of its first participation in any type.
    """
    return {
        "untreated_at_start": effect_at(stack, outcome, horizon),
        "censored_at_entry": effect_at(censor_at_entry(stack, first, horizon), outcome, horizon),
    }


def censor_at_entry(stack: Stack, first: pd.Series, horizon: int) -> Stack:
    """Controls without their observations from their own entry on; those who stay to the horizon weigh for those who left.

    The weight is divided by the estimated probability of no entry up to the horizon given the covariates (logit). That the
    probabilities are estimated is not in the errors, which are therefore rather too wide (Hirano, Imbens & Ridder 2003).
    """
    copies = stack.copies
    control = ~copies["took_part"].to_numpy()
    entry = first.reindex(stack.units[copies["unit_id"]]).to_numpy(dtype=float)
    left = control & (entry <= copies["cohort"].to_numpy() + horizon)
    order = np.concatenate([np.flatnonzero(left), np.flatnonzero(control & ~left)])
    chance = np.full(len(order), left[control].mean() if control.any() else 0.0)
    if 0 < left.sum() < control.sum():
        x = copies[list(stack.covariates)].to_numpy(dtype=float)[order]
        spread = x.std(axis=0)
        x = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
        with suppress(NotEstimable):  # too few left to model who leaves: the same chance for all
            chance = fit_propensity(x, int(left.sum()), copies["weight"].to_numpy()[order]).probability
    weight = copies["weight"].to_numpy().copy()
    weight[order] /= np.maximum(1 - chance, np.finfo(float).eps)  # who leaves for certain has no weight left to give
    ends = pd.Series(np.where(control, entry, np.nan), index=copies["copy"]).reindex(stack.frame["copy"]).to_numpy()
    seen = ~(stack.frame["period"].to_numpy() >= ends)
    return replace(stack, frame=stack.frame[seen], copies=copies.assign(weight=weight))


def doubt(
    context, stack: Stack, variants: dict[str, Stack], headline: Effect, events, leads: PreTrend | None, others: dict[str, Effect]
) -> pd.DataFrame:
    """`effect.sensitivity` rows of one type: the leading outcome at its horizon, one row a check.

    context: the `Type` being estimated; variants: stacks by name of the matching's variants; headline: its effect; events: its
    average by event time; others: what `control_definitions` found.
    """
    rows = [{"check": "headline", **headline.told()}]
    rows += list(_before_the_start(context, events, leads))
    rows += [{"check": check, **effect.told()} for check, effect in others.items()]
    for check, changed, options in _choices(context, stack, variants):
        effect = _too_few_apart(context, stack, changed) or effect_at(changed, context.outcome, context.horizon, **options)
        rows.append({"check": check, **effect.told()})
    rows += list(_without_one_project(context, stack))
    rows += list(_by_cluster(context, stack, headline))
    rows += list(_surroundings(context, stack))
    return pd.DataFrame(rows).assign(horizon=context.horizon)


def _leads(events) -> np.ndarray:
    return np.flatnonzero((events.table["level"] < -1) & (events.table["se"] > 0))


def _before_the_start(context, events, leads: PreTrend | None) -> Iterator[dict]:
    """The joint test with its power against a steady drift, and the bounds of Rambachan and Roth."""
    if leads is None or not leads.df:
        for check in ("pretrend", "pretrend_detectable", "rambachan_roth_relative", "rambachan_roth_smoothness"):
            yield {"check": check, "reason": "no period before the reference is observed"}
        return
    table, places = events.table, _leads(events)
    drift = table["level"].to_numpy()[places] + 1.0
    covariance = events.covariance[np.ix_(places, places)]
    per_slope = float(drift @ np.linalg.pinv(covariance) @ drift)
    span = context.horizon + 1
    critical = stats.chi2.isf(context.thresholds["pretrend_p"], leads.df)
    power = float(stats.ncx2.sf(critical, leads.df, per_slope * (context.bound / span) ** 2))
    slope = np.sqrt(_noncentrality(critical, leads.df) / per_slope)
    yield {
        "check": "pretrend", "statistic": leads.statistic, "degrees_of_freedom": leads.df, "p_value": leads.p_value, "power": power,
    }
    yield {"check": "pretrend_detectable", "statistic": float(slope * span), "power": POWER}
    yield from _bent(context, events)


def _noncentrality(critical: float, df: int) -> float:
    """The noncentrality at which a χ² test with this critical value has the power POWER: found by bisection."""
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if stats.ncx2.sf(critical, df, middle) < POWER else (low, middle)
    return high


def _bent(context, events) -> Iterator[dict]:
    table = events.table
    use = np.flatnonzero((table["se"] > 0) & (table["level"] != -1))
    level = table["level"].to_numpy()[use]
    att, covariance = table["att"].to_numpy()[use], events.covariance[np.ix_(use, use)]
    n_pre, target = int((level < -1).sum()), (level[level >= 0] == context.horizon).astype(float)
    for check, bounds, breakdown, at in (
        ("rambachan_roth_relative", relative_magnitudes, breakdown_relative, 1.0),
        ("rambachan_roth_smoothness", smoothness, breakdown_smoothness, 0.0),
    ):
        if not target.any() or not n_pre or len(level) != level.max() - level.min():  # every period but the reference
            yield {"check": check, "reason": "the horizon, or a period between the first one and the last, is missing"}
            continue
        try:
            interval = bounds(att, covariance, n_pre, target, at)
            yield {"check": check, "low": interval.low, "high": interval.high, "statistic": breakdown(att, covariance, n_pre, target)}
        except EstimationError as error:
            yield {"check": check, "reason": str(error)}


def _choices(context, stack: Stack, variants: dict[str, Stack]) -> Iterator[tuple[str, Stack, dict]]:
    """Every check that is the same estimate on another sample or with another option: (check, stack, options)."""
    outcome, copies = context.outcome, stack.copies
    for check, variant in (("same_area_controls", "same_area"), ("late_starts", "late_starts"), ("placebo_cohort", "placebo")):
        if variant in variants:
            yield check, variants[variant], {}
    yield "anticipation_1", stack, {"anticipation": 1}
    yield "method_reg", stack, {"method": "reg"}
    yield "method_ipw", stack, {"method": "ipw"}
    yield "no_covariates", stack, {"covariates": ()}
    yield "all_covariates", *_with_all_covariates(stack, context.unit)
    yield "single_participants", keep_treated(stack, stack.treated.loc[~_of(stack, stack.treated, context.multiple), "copy"]), {}
    if context.unit == "company":
        cap = stack.frame[outcome].quantile(0.99)
        yield "winsorised", replace(stack, frame=stack.frame.assign(**{outcome: stack.frame[outcome].clip(upper=cap)})), {}
        crisis = copies["cohort"].isin(CRISIS)
        yield "without_crisis", _some(stack, ~crisis), {}
        yield "crisis_only", _some(stack, crisis), {}


def _too_few_apart(context, stack: Stack, changed: Stack) -> Effect | None:
    """The empty effect where a check divides the treated themselves and one side is below `subgroup_minimum`, else None.

    The difference to the headline would speak of individuals. A variant of the matching has other controls, so its does not.
    """
    if changed.units is not stack.units:
        return None
    minimum = int(context.thresholds["subgroup_minimum"])
    everyone, kept = (one.frame.loc[one.frame["cohort"].notna(), "copy"].nunique() for one in (stack, changed))
    few = 0 < kept < minimum or 0 < everyone - kept < minimum
    return no_effect_found(stack, f"keeps or leaves out fewer than {minimum} treated units") if few else None


def _of(stack: Stack, copies: pd.DataFrame, units: set[str]) -> np.ndarray:
    """Which copies are of these units."""
    return np.isin(stack.units[copies["unit_id"]], list(units))


def _some(stack: Stack, keep: pd.Series) -> Stack:
    return replace(stack, frame=stack.frame[stack.frame["copy"].isin(stack.copies.loc[keep, "copy"])])


def _with_all_covariates(stack: Stack, unit: str) -> tuple[Stack, dict]:
    """What the matching balanced beyond the headline's covariates, added to them."""
    more = {"company": ("log_productivity",), "person": ("employed_share_before",)}[unit]
    values = stack.copies.set_index("copy")[list(more)].reindex(stack.frame["copy"])
    frame = stack.frame.assign(**{name: values[name].to_numpy(dtype=float) for name in more})
    return replace(stack, frame=frame), {"covariates": (*stack.covariates, *(name for name in more if values[name].nunique() > 1))}


def _without_one_project(context, stack: Stack) -> Iterator[dict]:
    """The lowest and the highest effect without any one project; ties go to the lower project code.

    Projects below `subgroup_minimum` participants are not left out: the difference to the headline would speak of individuals.
    """
    treated, minimum = stack.treated, int(context.thresholds["subgroup_minimum"])
    project = context.project.reindex(stack.units[treated["unit_id"]]).reset_index(drop=True)
    size = project.value_counts()
    found = []
    for name in sorted(size.index[size >= minimum]):
        effect = effect_at(keep_treated(stack, treated.loc[(project != name).to_numpy(), "copy"]), context.outcome, context.horizon)
        if np.isfinite(effect.se):
            found.append(effect)
    reason = f"fewer than two projects of {minimum} participants or more can be left out"
    for end, choose in (("lowest", min), ("highest", max)):
        chosen = choose(found, key=lambda effect: effect.att) if len(found) > 1 else no_effect_found(stack, reason)
        yield {"check": f"leave_one_project_out_{end}", **chosen.told()}


def _by_cluster(context, stack: Stack, headline: Effect) -> Iterator[dict]:
    """The headline with errors by project (controls by themselves) and, for companies, by commuting area."""
    own = pd.Series(stack.units, dtype=object)
    took_part = own.index.isin(stack.treated["unit_id"])
    project = context.project.reindex(stack.units).reset_index(drop=True).where(took_part)
    labels = {"clustered_project": project.where(project.notna(), own)}
    if context.unit == "company":
        labels["clustered_area"] = _areas(stack)
    for check, label in labels.items():
        yield {"check": check, "n_treated": headline.n_treated, **_by(label, headline, stack)}


def _areas(stack: Stack) -> pd.Series:
    """The commuting area of each unit before the first cohort that it serves."""
    first = stack.copies.sort_values(["unit_id", "cohort"]).drop_duplicates("unit_id").set_index("unit_id")["commuting_area"]
    return first.reindex(range(len(stack.units))).reset_index(drop=True)


def _by(label: pd.Series, effect: Effect, stack: Stack) -> dict[str, object]:
    """The error from ψ summed within labels, the critical value from a wild bootstrap of those that hold participants.

    However many controls there are, a handful of projects or areas that took part is a handful: the critical value of their
    sums alone is used for the whole, which is cautious, and with fewer than four there is no interval.
    """
    if not np.isfinite(effect.se):
        return {"reason": effect.reason}
    code = pd.factorize(label, sort=True)[0]
    sums = np.bincount(code, weights=effect.influence)
    taking_part = np.unique(code[stack.treated["unit_id"].unique()])
    se, own = np.sqrt(sums @ sums), np.sqrt(sums[taking_part] @ sums[taking_part])
    found = wild_interval(effect.att * own / se, sums[taking_part], draws=WILD_DRAWS, seed=SEED)
    width = found.critical_value * se
    return {
        "att": effect.att, "se": se, "low": effect.att - width, "high": effect.att + width, "p_value": found.p_value,
        "reason": found.reason or None,
    }


def _surroundings(context, stack: Stack) -> Iterator[dict]:
    """The effect on the entry of new companies around the participants, with errors by area."""
    if context.surroundings is None:
        return
    place = stack.copies.set_index("copy")[["section", "commuting_area"]].reindex(stack.frame["copy"])
    keys = pd.MultiIndex.from_arrays([place["section"], place["commuting_area"], stack.frame["period"]])
    changed = replace(stack, frame=stack.frame.assign(surroundings=context.surroundings.reindex(keys).to_numpy()))
    effect = effect_at(changed, "surroundings", context.horizon, covariates=())
    yield {"check": "placebo_surroundings", "n_treated": effect.n_treated, **_by(_areas(stack), effect, stack)}

