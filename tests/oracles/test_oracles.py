"""att_gt against what R did 2.5.1 gave on the same panels; README.md says where the numbers come from."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.effects import att_gt

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text())
CALLS = {
    "o3_dr_nyt": (
        "o3_zero_filled_exit.csv",
        {"outcome": "fte", "covariates": ("x1", "x2"), "method": "dr", "control": "not_yet"},
    ),
    "o7_dr": ("o7_tiny_cohorts_gaps.csv", {"outcome": "y", "covariates": ("x1",), "method": "dr"}),
    "o7_reg": ("o7_tiny_cohorts_gaps.csv", {"outcome": "y", "covariates": ("x1",), "method": "reg"}),
    "o7_nocov_nyt": ("o7_tiny_cohorts_gaps.csv", {"outcome": "y", "control": "not_yet"}),
}
TOLERANCE = 1e-6


@pytest.fixture(scope="module", params=CALLS)
def case(request):
    file, choices = CALLS[request.param]
    data = pd.read_csv(HERE / file)
    data["g"] = data["g"].where(data["g"] > 0)
    return EXPECTED[request.param], att_gt(data, unit="id", period="t", cohort="g", **choices)


def test_every_case_that_came_is_compared():
    assert set(CALLS) == set(EXPECTED)


def test_every_cell_has_the_effect_and_the_error_of_r(case):
    expected, result = case
    cells = pd.DataFrame(expected["gt"]).merge(result.table, left_on=["g", "t"], right_on=["cohort", "period"])
    assert len(cells) == len(expected["gt"]) == len(result.table)
    np.testing.assert_allclose(cells["att_y"], cells["att_x"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(cells["se_y"], cells["se_x"], atol=TOLERANCE, rtol=0)
    assert result.n_units == expected["n"]


def test_the_pre_test_has_the_statistic_and_p_value_of_r(case):
    expected, result = case
    found = result.pretrend()
    np.testing.assert_allclose(found.statistic, expected["W"][0][0], rtol=TOLERANCE)
    np.testing.assert_allclose(found.p_value, expected["Wpval"][0][0], atol=5e-6)
    assert found.df == (result.table["event_time"] < 0).sum()


@pytest.mark.parametrize(
    ("theirs", "ours"), [("simple", "simple"), ("group", "cohort"), ("dynamic", "event_time"), ("calendar", "period")]
)
def test_every_average_has_the_effect_and_the_error_of_r(case, theirs, ours):
    expected, result = case[0][theirs], case[1].aggregate(ours)
    np.testing.assert_allclose([result.att, result.se], [expected["overall"], expected["se"]], atol=TOLERANCE, rtol=0)
    if theirs != "simple":
        assert result.table["level"].tolist() == expected["egt"]
        np.testing.assert_allclose(result.table["att"], expected["att"], atol=TOLERANCE, rtol=0)
        np.testing.assert_allclose(result.table["se"], expected["seegt"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(result.critical_value, case[0]["crit"], atol=1e-9)


def test_the_eight_firms_that_were_always_treated_are_counted():
    data = pd.read_csv(HERE / "o7_tiny_cohorts_gaps.csv").assign(g=lambda d: d["g"].where(d["g"] > 0))
    assert att_gt(data, "id", "t", "g", "y").dropped["always_treated"] == 8
