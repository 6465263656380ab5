"""Arithmetic that anyone can redo with pencil and paper. ψ is each unit's influence, se² = Σ ψ²."""

import numpy as np
import pandas as pd
import pytest

from pipelines.effects import att_gt

EXACT = {"atol": 1e-10, "rtol": 0}

# unit  cohort   y in period 1, 2, 3     changes 1→2   1→3   2→3
EIGHT_UNITS = {
    "A": (2, (1, 4, 6)),  #                     3       5
    "B": (2, (2, 3, 7)),  #                     1       5
    "C": (3, (0, 2, 8)),  #                     2             6
    "D": (3, (3, 3, 7)),  #                     0             4
    "E": (None, (1, 2, 2)),  #                  1       1     0
    "F": (None, (2, 2, 4)),  #                  0       2     2
    "G": (None, (0, 1, 1)),  #                  1       1     0
    "H": (None, (1, 1, 3)),  #                  0       2     2
}


@pytest.fixture
def result():
    rows = [
        {"firm": firm, "year": year, "start": cohort, "fte": float(y)}
        for firm, (cohort, outcomes) in EIGHT_UNITS.items()
        for year, y in zip((1, 2, 3), outcomes, strict=True)
    ]
    return att_gt(pd.DataFrame(rows), unit="firm", period="year", cohort="start", outcome="fte")


def test_the_four_cells_of_eight_units_are_differences_of_mean_changes(result):
    # (2,2): (3+1)/2 − (1+0+1+0)/4 = 2 − 0.5 = 1.5     (2,3): 5 − (1+2+1+2)/4 = 3.5
    # (3,2): (2+0)/2 − 0.5 = 0.5, before treatment       (3,3): (6+4)/2 − (0+2+0+2)/4 = 4
    table = result.table
    assert table[["cohort", "period", "phase"]].to_numpy().tolist() == [
        [2, 2, "post"],
        [2, 3, "post"],
        [3, 2, "pre"],
        [3, 3, "post"],
    ]
    np.testing.assert_allclose(table["att"], [1.5, 3.5, 0.5, 4.0], **EXACT)
    assert (table["n_treated"] == 2).all()
    assert (table["n_control"] == 4).all()


def test_influence_is_the_deviation_from_the_own_mean_over_the_size_of_the_group(result):
    # (2,2): A (3−2)/2, B (1−2)/2; E −(1−0.5)/4, F −(0−0.5)/4, G as E, H as F
    expected = pd.DataFrame(
        {
            "A": [0.5, 0, 0, 0],
            "B": [-0.5, 0, 0, 0],
            "C": [0, 0, 0.5, 0.5],
            "D": [0, 0, -0.5, -0.5],
            "E": [-0.125, 0.125, -0.125, 0.25],
            "F": [0.125, -0.125, 0.125, -0.25],
            "G": [-0.125, 0.125, -0.125, 0.25],
            "H": [0.125, -0.125, 0.125, -0.25],
        }
    )
    assert result.units.tolist() == list("ABCDEFGH")
    np.testing.assert_allclose(result.influence.toarray(), expected.T, **EXACT)


def test_squared_errors_are_the_sums_of_squared_influence(result):
    # (2,2): 2 × 0.25 + 4 / 64 = 0.5625   (2,3): 4 / 64   (3,2): as (2,2)   (3,3): 2 × 0.25 + 4 / 16 = 0.75
    np.testing.assert_allclose(result.table["se"] ** 2, [0.5625, 0.0625, 0.5625, 0.75], **EXACT)


def test_the_pre_test_is_the_squared_ratio_of_its_only_cell(result):
    found = result.pretrend()
    np.testing.assert_allclose(found.statistic, 0.5**2 / 0.5625, **EXACT)
    assert found.df == 1
    assert found.note == ""


def test_one_number_weighs_cells_by_cohort_size_and_knows_that_sizes_are_estimated(result):
    # θ = (1.5 + 3.5 + 4) / 3 = 3. Shares: a unit of cohort 2 adds ((1.5−3) + (3.5−3)) / 6 = −1/6, of 3 (4−3) / 6.
    # ψ: A (0.5+0)/3 − 1/6 = 0   B −1/6 − 1/6 = −1/3   C 1/6 + 1/6 = 1/3   D −1/6 + 1/6 = 0
    #    E, G (−0.125 + 0.125 + 0.25)/3 = 1/12         F, H −1/12          Σψ² = 2/9 + 4/144 = 1/4
    found = result.aggregate("simple")
    third, twelfth = 1 / 3, 1 / 12
    np.testing.assert_allclose(found.att, 3.0, **EXACT)
    np.testing.assert_allclose(
        found.overall_influence, [0, -third, third, 0, twelfth, -twelfth, twelfth, -twelfth], **EXACT
    )
    np.testing.assert_allclose(found.se, 0.5, **EXACT)
    assert found.table["level"].tolist() == ["overall"]
    assert found.n_treated == 4


def test_event_time_zero_is_half_of_each_cohort(result):
    # θ₀ = (1.5 + 4) / 2 = 2.75; shares: cohort 2 (1.5−2.75)/4 = −0.3125, cohort 3 +0.3125
    # ψ: A 0.25−0.3125   B −0.25−0.3125   C 0.25+0.3125   D −0.25+0.3125   E (−0.125+0.25)/2 = 0.0625 …
    # Σψ² = 2 (0.0625² + 0.5625²) + 4 × 0.0625² = 0.65625
    found = result.aggregate("event_time")
    assert found.table["level"].tolist() == [-1, 0, 1]
    np.testing.assert_allclose(found.table["att"], [0.5, 2.75, 3.5], **EXACT)
    np.testing.assert_allclose(found.table["se"] ** 2, [0.5625, 0.65625, 0.0625], **EXACT)
    np.testing.assert_allclose(found.att, (2.75 + 3.5) / 2, **EXACT)
    assert found.table["n_treated"].tolist() == [2, 4, 2]


def test_cohorts_are_plain_means_and_their_mean_is_by_size(result):
    # cohort 2: (1.5 + 3.5)/2 = 2.5, ψ: A 0.25, B −0.25, controls 0          → 0.125;     cohort 3: 4 → 0.75
    # overall 3.25; shares ∓(0.75)/4 = ∓0.1875
    # ψ: A 0.125−0.1875  B −0.125−0.1875  C 0.25+0.1875  D −0.25+0.1875  E, G 0.125  F, H −0.125   Σψ² = 0.359375
    found = result.aggregate("cohort")
    np.testing.assert_allclose(found.table["att"], [2.5, 4.0], **EXACT)
    np.testing.assert_allclose(found.table["se"] ** 2, [0.125, 0.75], **EXACT)
    np.testing.assert_allclose([found.att, found.se**2], [3.25, 0.359375], **EXACT)


def test_calendar_periods_hold_the_cohorts_treated_by_then(result):
    # period 2: 1.5; period 3: (3.5 + 4)/2 = 3.75, shares ∓0.0625
    # ψ₃: A, B −0.0625   C 0.25+0.0625   D −0.25+0.0625   E, G (0.125+0.25)/2   F, H −0.1875     Σψ² = 0.28125
    found = result.aggregate("period")
    np.testing.assert_allclose(found.table["att"], [1.5, 3.75], **EXACT)
    np.testing.assert_allclose(found.table["se"] ** 2, [0.5625, 0.28125], **EXACT)
    np.testing.assert_allclose(found.att, 2.625, **EXACT)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_with_one_binary_covariate_all_methods_are_the_mean_of_the_strata(method):
    # change and x:   treated (2, x=0) (4, x=0) (9, x=1)      controls (1, 0) (3, 0) (2, 1) (4, 1) (6, 1)
    # stratum 0: 3 − 2 = 1, stratum 1: 9 − 4 = 5; ATT = 2/3 × 1 + 1/3 × 5 = 7/3
    # ψ treated: (change − stratum's mean)/3 + (stratum's effect − 7/3)/3:  −1/3−4/9, 1/3−4/9, 8/9
    # ψ control: −(share of treated in the stratum)(change − mean)/n:       ±(2/3)/2, −(1/3)(∓2, 0)/3
    # Σψ² = (49 + 1 + 64)/81 + 2/9 + 8/81 = 140/81
    change = [2, 4, 9, 1, 3, 2, 4, 6]
    x = [0, 0, 1, 0, 0, 1, 1, 1]
    before = pd.DataFrame({"i": range(8), "t": 1, "g": [2.0] * 3 + [np.nan] * 5, "y": 10.0, "x": x})
    after = before.assign(t=2, y=before["y"] + change)
    found = att_gt(pd.concat([before, after]), "i", "t", "g", "y", covariates=("x",), method=method)
    np.testing.assert_allclose(found.table["att"], [7 / 3], **EXACT)
    np.testing.assert_allclose(
        found.influence.toarray()[:, 0] * 9, [-7, -1, 8, 3, -3, 2, 0, -2], **EXACT
    )
    np.testing.assert_allclose(found.table["se"] ** 2, [140 / 81], **EXACT)
    if method != "reg":  # propensities are 2/4 and 1/4
        np.testing.assert_allclose(found.table["max_propensity"], [0.5], **EXACT)
