"""Five verdicts, and the order in which they are decided."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.effects.verdicts import Evidence, judge, minimum_detectable
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


def test_every_verdict_is_a_known_code():
    known = set(codes("verdicts")["verdict"].to_pylist())
    assert {wanted for _, wanted in CASES.values()} == known


def test_the_minimum_detectable_effect_is_2_80_standard_errors():
    assert minimum_detectable(0.5, THRESHOLDS) == pytest.approx(1.4)
