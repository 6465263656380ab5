"""Doubt: the leads tested together, and the headline under other defensible choices."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.effects.errors import EstimationError
from pipelines.effects.group_time import att_gt
from pipelines.effects.inference import PreTrend, wald_test
from pipelines.effects.stacking import Stack, stack_cohorts

Z = 1.959963984540054
CRISIS = (2008, 2009, 2010)


def lead_test(events, outcome: str) -> PreTrend | None:
    """Joint Wald test that the event-time leads before −1 are zero; None where the outcome has no leads (survival).

    Leads by event time rather than by cohort: with cohorts of a few firms a test of every cell has no size to speak of.
    What such a test can and cannot show: Roth (2022).
    """
    table = events.table
    leads = np.flatnonzero((table["level"] < -1) & (table["se"] > 0))
    if outcome == "survival" or not leads.size:
        return None
    return wald_test(table["att"].to_numpy()[leads], events.covariance[np.ix_(leads, leads)], 0)


def doubt(sample: pd.DataFrame, panel: pd.DataFrame, stack: Stack, plan, result, leads: PreTrend | None, choices: dict, unit: str) -> pd.DataFrame:
    """`effect.sensitivity` rows of one type: the headline outcome at its headline horizon under each other choice."""
    horizon = int(plan.headline)
    test = {} if leads is None else {"statistic": leads.statistic, "degrees_of_freedom": leads.df, "p_value": leads.p_value}
    rows = [{
        "check": "pretrend", **test,
        "description": "Joint test that participants and controls moved alike before the start; a small p value speaks against.",
    }]
    rows.append({"check": "headline", **_read(result, horizon), "description": "The headline itself, for comparison."})
    for check, (variant, changed, description) in _variants(sample, panel, stack, plan, unit).items():
        rows.append({"check": check, **_estimate(variant, plan.outcome, {**choices, **changed}, horizon), "description": description})
    return pd.DataFrame(rows).assign(horizon=horizon)


def _variants(sample: pd.DataFrame, panel: pd.DataFrame, stack: Stack, plan, unit: str) -> dict[str, tuple]:
    frame, outcome = stack.frame, plan.outcome
    found = {
        "method_reg": (stack, {"method": "reg"}, "Outcome regression alone instead of the doubly robust estimator."),
        "method_ipw": (stack, {"method": "ipw"}, "Inverse probability weights alone instead of the doubly robust estimator."),
        "no_covariates": (replace(stack, covariates=()), {}, "Matched weights alone, no further adjustment."),
        "anticipation_1": (stack, {"anticipation": 1}, "The reference is the period two before the start, should firms have acted ahead."),
    }
    if unit == "company":
        cap = frame[outcome].quantile(0.99)
        found["winsorised"] = (
            replace(stack, frame=frame.assign(**{outcome: frame[outcome].clip(upper=cap)})), {},
            "Outcomes above the 99th percentile set to it: how much rests on a few large companies.",
        )
        calm = ~frame["copy"].isin(_copies_of(stack, CRISIS))
        found["without_crisis"] = (replace(stack, frame=frame[calm]), {}, "Without the cohorts of 2008, 2009 and 2010.")
        nearby = sample[sample["variant"] == "same_area"]
        if len(nearby):
            found["same_area_controls"] = (
                stack_cohorts(nearby, panel, unit, (outcome,)), {}, "Controls from the participants' own commuting areas allowed too.",
            )
    return found


def _copies_of(stack: Stack, cohorts: tuple[int, ...]) -> np.ndarray:
    return stack.weights.loc[stack.weights["cohort"].isin(cohorts), "unit"].to_numpy()


def _estimate(stack: Stack, outcome: str, choices: dict, horizon: int) -> dict[str, float]:
    """The effect at the horizon; missing, with the reason in `failed`, where the choice leaves nothing to estimate."""
    try:
        weights = stack.weights[stack.weights["unit"].isin(stack.frame["copy"])]
        result = att_gt(stack.frame, "copy", "period", "cohort", outcome, stack.covariates, weights=weights, **choices)
        return _read(result, horizon)
    except EstimationError:
        return {"att": np.nan, "se": np.nan, "low": np.nan, "high": np.nan}


def _read(result, horizon: int) -> dict[str, float]:
    table = result.aggregate("event_time").table.set_index("level")
    if horizon not in table.index:
        return {"att": np.nan, "se": np.nan, "low": np.nan, "high": np.nan}
    att, se = table.loc[horizon, "att"], table.loc[horizon, "se"]
    return {"att": att, "se": se, "low": att - Z * se, "high": att + Z * se}
