"""Balance by hand arithmetic: one covariate, four treated, five candidates, written out."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.matching import balance, effective_sample_size, love_plot, match_controls, weighted_balance

TREATED = pd.DataFrame({"id": [1, 2, 3, 4], "cell": ["a", "a", "b", "q"], "x": [1.0, 3.0, 5.0, 7.0]})
CANDIDATES = pd.DataFrame(
    {"id": [11, 12, 13, 14, 15], "cell": ["a", "a", "b", "c", "c"], "x": [0.0, 2.0, 4.0, 1.0, 3.0]}
)


def test_differences_and_variance_ratios_are_those_of_hand_arithmetic():
    found = match_controls(TREATED, CANDIDATES, unit="id", exact="cell", ratio=2)
    row = balance(TREATED, CANDIDATES, found, ["x"], "id").iloc[0]
    # Treated: mean 4, variance (9 + 1 + 1 + 9) / 3 = 20/3. Candidates: mean 2, variance (4 + 0 + 4 + 1 + 1) / 4 = 2.5.
    spread = np.sqrt((20 / 3 + 2.5) / 2)
    # Treated 1 and 2 take 11 and 12 at ½ each, 3 takes 13, 4 finds nobody: weights 1, 1, 1 on x = 0, 2, 4.
    expected = {
        "mean_treated": 4.0,
        "mean_candidates": 2.0,
        "mean_controls": 2.0,
        "smd_before": (4 - 2) / spread,
        "smd_after": (3 - 2) / spread,  # the treated that were matched: 1, 3, 5
        "variance_ratio_before": (20 / 3) / 2.5,
        "variance_ratio_after": 4.0 / 4.0,
    }
    assert row["covariate"] == "x"
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, abs=1e-12), name


def test_unequal_weights_enter_means_and_variances():
    treated = pd.DataFrame({"x": [0.0, 2.0], "w": [1.0, 1.0]})
    candidates = pd.DataFrame({"x": [0.0, 4.0, 9.0], "w": [3.0, 1.0, 0.0]})
    row = weighted_balance(treated, candidates, "x", treated_weight="w", candidate_weight="w").iloc[0]
    # Weighted mean (0·3 + 4·1) / 4 = 1; Σw(x - 1)² = 3 + 9 = 12 over Σw - Σw²/Σw = 4 - 10/4 = 1.5: variance 8.
    assert row["mean_controls"] == pytest.approx(1.0, abs=1e-12)
    assert row["variance_ratio_after"] == pytest.approx(2.0 / 8.0, abs=1e-12)


def test_weighted_balance_of_all_rows_is_balance_before_matching():
    draw = np.random.default_rng(1)
    sides = [pd.DataFrame({"x": draw.normal(mean, 1, n), "w": 2.0}) for n, mean in ((30, 1.0), (200, 0.0))]
    row = weighted_balance(*sides, ["x"], treated_weight="w", candidate_weight="w").iloc[0]
    assert row["smd_after"] == pytest.approx(row["smd_before"], abs=1e-12)
    # The unbiased variance with equal weights does not depend on their size.
    assert row["variance_ratio_after"] == pytest.approx(row["variance_ratio_before"], abs=1e-12)


def test_each_covariate_is_judged_where_it_is_known_and_constants_are_no_division_by_zero():
    treated = pd.DataFrame({"id": [1, 2], "x": [1.0, np.nan], "same": [0.1, 0.1], "apart": [2.0, 2.0]})
    candidates = pd.DataFrame({"id": [3, 4], "x": [3.0, np.nan], "same": [0.1, 0.1], "apart": [1.0, 1.0]})
    found = match_controls(treated, candidates, unit="id")
    table = balance(treated, candidates, found, ("x", "same", "apart"), "id").set_index("covariate")
    assert table.loc["x", ["mean_treated", "mean_candidates", "mean_controls"]].tolist() == [1.0, 3.0, 3.0]
    assert table.loc["same", ["smd_before", "smd_after", "variance_ratio_before"]].tolist() == [0.0, 0.0, 1.0]
    assert table.loc["apart", ["smd_before", "smd_after"]].tolist() == [np.inf, np.inf]


def test_without_matches_only_the_figures_after_matching_are_missing():
    found = match_controls(TREATED, CANDIDATES.assign(cell="z"), unit="id", exact="cell")
    row = balance(TREATED, CANDIDATES, found, ["x"], "id").iloc[0]
    assert row[["mean_controls", "smd_after", "variance_ratio_after"]].isna().all()
    assert row[["mean_treated", "mean_candidates", "smd_before", "variance_ratio_before"]].notna().all()


def test_balance_takes_pairs_as_a_table_and_arrow_as_well():
    found = match_controls(TREATED, CANDIDATES, unit="id", exact="cell", ratio=2)
    from_pairs = balance(TREATED, CANDIDATES, found.table, ["x"], "id")
    arrow = [pa.Table.from_pandas(side, preserve_index=False) for side in (TREATED, CANDIDATES)]
    from_arrow = balance(*arrow, match_controls(*arrow, unit="id", exact="cell", ratio=2), ["x"], "id")
    assert isinstance(from_arrow, pa.Table)
    pd.testing.assert_frame_equal(from_pairs, from_arrow.to_pandas())


def test_balance_of_other_tables_than_were_matched_is_refused_by_count():
    found = match_controls(TREATED, CANDIDATES, unit="id", exact="cell", ratio=2)
    with pytest.raises(ValueError, match="2 matched units are not in candidates"):
        balance(TREATED, CANDIDATES.iloc[2:], found, ["x"], "id")
    with pytest.raises(ValueError, match="'id' of candidates repeats a unit in 5 rows"):
        balance(TREATED, pd.concat([CANDIDATES, CANDIDATES]), found, ["x"], "id")


@pytest.mark.parametrize(
    ("weights", "size"),
    [([1, 1, 1, 1], 4.0), ([2, 2], 2.0), ([1, 0, 0], 1.0), ([3, 1], 16 / 10), ([], 0.0), ([1e-200, 1e-200], 2.0)],
)
def test_effective_sample_size_is_that_of_kish(weights, size):
    assert effective_sample_size(weights) == pytest.approx(size, abs=1e-12)


@pytest.mark.parametrize("weights", [[1, np.nan], [np.inf], [1, -1e-9]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(ValueError, match="1 weights are missing, infinite or negative"):
        effective_sample_size(weights)


def test_a_love_plot_shows_each_covariate_twice_the_worst_before_first():
    balanced = pd.DataFrame(
        {"covariate": ["a", "b", "c"], "smd_before": [0.05, -0.4, 0.4], "smd_after": [0.1, -0.02, 0.0]}
    )
    table = love_plot(balanced)
    assert table["covariate"].tolist() == ["b", "b", "c", "c", "a", "a"]
    assert table["position"].tolist() == [1, 1, 2, 2, 3, 3]
    assert table["sample"].tolist() == ["before", "after"] * 3
    assert table["absolute_smd"].tolist() == [0.4, 0.02, 0.4, 0.0, 0.05, 0.1]
    assert table["within_goal"].tolist() == [False, True, False, True, True, False]
