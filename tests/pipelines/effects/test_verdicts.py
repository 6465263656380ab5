"""Five verdicts, and the order in which they are decided."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.effects.verdicts import Evidence, claim, judge, minimum_detectable, participants_needed
from schemas.contract import codes

TABLE = codes("thresholds").to_pydict()
THRESHOLDS = dict(zip(TABLE["threshold"], map(float, TABLE["value"]), strict=True))
CLEAR = Evidence(att=1.0, se=0.2, bound=0.5, pretrend_p=0.4, imbalance=0.08, covered=0.98, observed=True)

CASES = {
    "an interval that excludes zero is an effect": ({}, "effect"),
    "so is one below zero": ({"att": -1.0}, "effect"),
    "an interval inside the bound is no effect": ({"att": 0.1, "se": 0.1}, "no_effect"),
    "an interval that holds zero and more than the bound is too few to tell": ({"att": 0.3, "se": 0.3}, "too_few_to_tell"),
    "an interval that just reaches the bound is too few to tell": ({"att": 0.0, "se": 0.5 / 1.95}, "too_few_to_tell"),
    "leads that differ make it not comparable, however clear": ({"pretrend_p": 0.001}, "not_comparable"),
    "so does a matching that left them unlike": ({"imbalance": 0.3}, "not_comparable"),
    "and one that covers less than half": ({"covered": 0.4}, "not_comparable"),
    "an outcome without leads is judged without them": ({"pretrend_p": np.nan}, "effect"),
    "without a cohort at the horizon it is too early": ({"observed": False, "att": np.nan, "se": np.nan}, "too_early"),
    "cohorts too small to estimate are too few": ({"att": np.nan, "se": np.nan, "covered": 0.0}, "too_few_to_tell"),
}


@pytest.mark.parametrize("case", CASES)
def test_verdict(case):
    changed, wanted = CASES[case]
    verdict, reason = judge(replace(CLEAR, **changed), THRESHOLDS)
    assert verdict == wanted
    assert reason.endswith(".")


# what the interval alone says at a bound of 0.5, the verdict that follows from it, and estimates that say so
SAYS = {
    "more": ("effect", ((1.0, 0.2), (0.3, 0.1), (9.0, 4.0))),
    "less": ("effect", ((-1.0, 0.2), (-0.3, 0.1), (-9.0, 4.0))),
    "no_effect": ("no_effect", ((0.1, 0.1), (-0.1, 0.15), (0.0, 0.25))),
    "nothing": ("too_few_to_tell", ((0.3, 0.3), (-0.3, 0.2), (0.0, 0.26))),
}


@pytest.mark.parametrize("said", SAYS)
def test_an_interval_says_more_less_no_effect_or_nothing(said):
    assert {claim(att, se, 0.5) for att, se in SAYS[said][1]} == {said}


@pytest.mark.parametrize("other", SAYS)
@pytest.mark.parametrize("mine", SAYS)
def test_another_definition_of_a_control_turns_the_verdict_only_when_it_says_something_else(mine, other):
    verdict, ((att, se), *_) = SAYS[mine]
    for changed in SAYS[other][1]:
        found, reason = judge(replace(CLEAR, att=att, se=se, others=(("censored_at_entry", *changed),)), THRESHOLDS)
        assert found == (verdict if mine == other else "not_comparable")
        assert ("censored_at_entry" in reason) == (mine != other)


def test_the_first_definition_that_disagrees_is_named_and_one_that_could_not_be_estimated_is_not_heard():
    def judged(*others):
        return judge(replace(CLEAR, others=others), THRESHOLDS)

    agrees, missing = ("untreated_at_start", 0.8, 0.2), ("censored_at_entry", np.nan, np.nan)
    assert judged(agrees, missing)[0] == judged(missing)[0] == judged(("censored_at_entry", -1.0, np.nan))[0] == "effect"
    verdict, reason = judged(agrees, ("censored_at_entry", 0.1, 0.2), ("same_area_controls", -1.0, 0.2))
    assert verdict == "not_comparable"
    assert "censored_at_entry" in reason
    assert "same_area" not in reason


def test_what_is_too_early_or_not_estimated_stays_so_whatever_others_say():
    others = (("censored_at_entry", 1.0, 0.2),)
    missing = replace(CLEAR, att=np.nan, se=np.nan, others=others)
    assert judge(missing, THRESHOLDS)[0] == "too_few_to_tell"
    assert judge(replace(missing, observed=False), THRESHOLDS)[0] == "too_early"


def test_leads_that_differ_are_told_before_another_definition_of_a_control():
    both = replace(CLEAR, pretrend_p=0.001, others=(("censored_at_entry", -1.0, 0.2),))
    assert "before the start" in judge(both, THRESHOLDS)[1]


def test_every_verdict_is_a_known_code():
    known = set(codes("verdicts")["verdict"].to_pylist())
    assert {wanted for _, wanted in CASES.values()} == known


def test_the_minimum_detectable_effect_is_2_80_standard_errors():
    assert minimum_detectable(0.5, THRESHOLDS) == pytest.approx(1.4)


@pytest.mark.parametrize(("n", "se", "bound"), [(40, 0.31, 0.5), (100, 0.05, 0.5), (11, 2.3, 0.5), (250, 0.021, 0.03), (17, 180_000.0, 250_000.0)])
def test_with_the_participants_needed_the_minimum_detectable_effect_is_the_bound(n, se, bound):
    needed = participants_needed(n, se, bound, THRESHOLDS)

    def detectable(number):  # errors fall with the root of the number
        return minimum_detectable(se * np.sqrt(n / number), THRESHOLDS)

    assert isinstance(needed, int)
    assert detectable(needed) <= bound < detectable(needed - 1)  # the smallest number: rounded up


def test_four_times_the_participants_are_needed_to_see_half_the_effect():
    assert participants_needed(30, 0.5, 1.4, THRESHOLDS) == 30  # 2.80 × 0.5 is 1.4 already
    assert participants_needed(30, 0.5, 0.7, THRESHOLDS) == 120
    assert participants_needed(30, 0.5, 0.69, THRESHOLDS) == 124  # 30 × 4.1168 = 123.5


@pytest.mark.parametrize(("n", "se"), [(30, np.nan), (0, 0.5), (0, np.nan)])
def test_without_participants_or_an_error_nobody_knows_how_many_are_needed(n, se):
    assert participants_needed(n, se, 0.5, THRESHOLDS) is None
