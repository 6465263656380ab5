"""One number at one event time: by hand, on the original units, and with a reason wherever it is missing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.effects.horizon import Effect, effect_at, estimate, no_effect_found, read_effect
from pipelines.effects.stacking import keep_treated, stack_cohorts
from tests.pipelines.effects.drawn_samples import (
    add_traits,
    contrast,
    draw_sample,
    effect_by_hand,
    error_by_hand,
    fte_of,
    sample_of,
)

EXACT = {"rel": 0, "abs": 1e-10}


def stack_of(drawn, panel=None):
    return stack_cohorts(drawn.sample, drawn.panel if panel is None else panel, "company", ("fte",), drawn.pair)


# unit: fte in 2009 (reference) and 2012 (two years after)   change
SIX_UNITS = {
    "a": (4, 9),  #                                               5
    "b": (3, 6),  #                                               3
    "c": (8, 9),  #                                               1
    "x": (5, 5),  #                                               0
    "y": (2, 4),  #                                               2
    "z": (7, 8),  #                                               1
}
SIX_PAIRS = pd.DataFrame(
    [(2010, "a", "x", 0.5), (2010, "a", "y", 0.5), (2010, "b", "x", 1.0), (2010, "c", "x", 0.5), (2010, "c", "z", 0.5)],
    columns=["cohort", "treated", "control", "weight"],
)


def test_six_units_without_covariates_are_a_difference_of_weighted_means():
    panel = pd.DataFrame([
        {"unit_id": unit, "period": period, "fte": float(fte)}
        for unit, both in SIX_UNITS.items() for period, fte in zip((2009, 2012), both, strict=True)
    ])
    sample = add_traits(np.random.default_rng(0), sample_of(SIX_PAIRS))
    stack = stack_cohorts(sample, panel, "company", ("fte",), SIX_PAIRS)
    effect = effect_at(stack, "fte", 2)
    # treated (5 + 3 + 1) / 3 = 3; weights x 2, y 1/2, z 1/2: (2·0 + 2/2 + 1/2) / 3 = 1/2
    assert effect.att == pytest.approx(2.5, **EXACT)
    # ψ: a (5−3)/3, b 0, c (1−3)/3; x −2(0−1/2)/3, y −(1/2)(2−1/2)/3, z −(1/2)(1−1/2)/3
    assert stack.units.tolist() == list("abcxyz")
    np.testing.assert_allclose(effect.influence, [2 / 3, 0, -2 / 3, 1 / 3, -1 / 4, -1 / 12], atol=1e-10)
    # 4/9 + 4/9 + 1/9 + 1/16 + 1/144 = (128 + 16 + 9 + 1) / 144
    assert effect.se**2 == pytest.approx(154 / 144, **EXACT)
    assert (effect.n_treated, effect.reason) == (3, None)


@pytest.mark.parametrize("horizon", [0, 2])
def test_without_covariates_cohorts_are_averaged_by_their_treated_and_each_unit_counts_once(horizon):
    drawn = draw_sample()
    stack, value = stack_of(drawn), fte_of(drawn.panel)
    effect = effect_at(stack, "fte", horizon)
    att, influence = effect_by_hand(drawn.sample, value, horizon)
    assert effect.att == pytest.approx(att, **EXACT)
    assert effect.att == pytest.approx(contrast(drawn.pair, value, horizon), **EXACT)
    assert effect.influence.tolist() == pytest.approx([influence[unit] for unit in stack.units], **EXACT)
    assert effect.se == pytest.approx(error_by_hand(influence), **EXACT)
    assert effect.n_treated == len(drawn.cohorts)
    assert stack.copies["unit_id"].duplicated().sum() > 10  # controls do serve several cohorts


def test_leads_are_compared_with_the_same_reference_as_the_horizon():
    drawn = draw_sample()
    events = estimate(stack_of(drawn), "fte").aggregate("event_time").table.set_index("level")["att"]
    for lead in (-5, -4, -3, -2):
        assert events[lead] == pytest.approx(contrast(drawn.pair, fte_of(drawn.panel), lead), **EXACT)
    assert events[-1] == 0


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_with_covariates_too_the_squared_error_is_the_sum_of_squared_influence_over_units(method):
    stack = stack_of(draw_sample(3, adjusted=True))
    effect = effect_at(stack, "fte", 2, method=method)
    assert effect.influence.shape == stack.units.shape
    assert effect.se == pytest.approx(np.sqrt((effect.influence**2).sum()), rel=1e-12)
    assert effect.att != pytest.approx(effect_at(stack, "fte", 2, covariates=()).att, abs=0.01)


def test_the_interval_is_1_96_errors_to_either_side():
    effect = Effect(2.0, 0.5, 7, np.zeros(3))
    assert effect.interval == pytest.approx({"att": 2.0, "se": 0.5, "low": 1.0200180, "high": 2.9799820})
    assert effect.told() == effect.interval | {"n_treated": 7, "reason": None}


def unseen(stack, event_time, took_part):
    """The stack without the rows of one side at an event time."""
    gone = (stack.frame["event_time"] == event_time) & (stack.frame["cohort"].notna() == took_part)
    return replace(stack, frame=stack.frame[~gone])


def constant(stack):
    return replace(stack, frame=stack.frame.assign(fte=3.0))


MISSING = {
    "nobody is left": (lambda stack: keep_treated(stack, pd.Series([], dtype=int)), 2, "no rows"),
    "no cohort has reached the horizon": (lambda stack: replace(stack, frame=stack.frame[stack.frame["period"] <= 2008]), 5, "no cohort"),
    "the window does not hold the horizon": (lambda stack: stack, 9, "no cohort"),
    "one participant has no variance": (lambda stack: keep_treated(stack, stack.treated["copy"].head(1)), 2, "only one treated"),
    "one participant of two is seen": (
        lambda stack: replace(two := keep_treated(stack, stack.treated["copy"].head(2)), frame=two.frame[
            ~((two.frame["copy"] == stack.treated["copy"].iloc[0]) & (two.frame["event_time"] == 2))]), 2, "one treated unit"),
    "no participant is seen at the horizon": (lambda stack: unseen(stack, 2, True), 2, "at this event time"),
    "no control is seen at the horizon": (lambda stack: unseen(stack, 2, False), 2, "at this event time"),
    "the outcome never varies": (constant, 2, "no variation"),
    "covariates are the same": (
        lambda stack: replace(stack, frame=stack.frame.assign(growth=stack.frame["log_fte"])), 2, "'growth'"),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_missing_effect_says_why(case):
    change, horizon, words = MISSING[case]
    stack = stack_of(draw_sample(adjusted=case == "covariates are the same"))
    effect = effect_at(change(stack), "fte", horizon)
    assert np.isnan(effect.se)
    assert words in effect.reason
    assert effect.influence.shape == stack.units.shape
    assert np.isnan([effect.told()["low"], effect.told()["high"]]).all()


def test_an_effect_whose_error_is_told_has_no_reason():
    assert effect_at(stack_of(draw_sample(3, adjusted=True)), "fte", 2).reason is None


def test_nothing_found_is_nothing_on_every_unit_and_says_why():
    stack = stack_of(draw_sample())
    effect = no_effect_found(stack, "too few")
    assert np.isnan([effect.att, effect.se]).all()
    assert effect.influence.tolist() == [0.0] * len(stack.units)
    assert effect.told()["reason"] == "too few"
    assert effect.told()["n_treated"] == 0


def test_a_result_read_where_no_cohort_has_arrived_gives_no_effect_and_says_why():
    # a type that began lately: its result has event times, but not this one
    drawn = draw_sample(treated={2010: 8, 2011: 8})
    stack = stack_of(drawn, drawn.panel[drawn.panel["period"] <= 2012])
    result = estimate(stack, "fte")
    assert read_effect(result, stack, 1).reason is None
    found = read_effect(result, stack, 5)
    assert np.isnan(found.att)
    assert found.reason
