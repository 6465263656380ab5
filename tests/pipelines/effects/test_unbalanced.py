"""Units that are not seen in every period: dropped, paired within a cell, or every observation used."""

import numpy as np
import pandas as pd
import pytest

from pipelines.effects import att_gt
from tests.pipelines.effects.drawn_panels import draw_panel


def estimate(data, **choices):
    return att_gt(data, "id", "t", "g", "y", **choices)


def exits(seed=1, share=0.4):
    """A panel in which a share of the units leaves for good after a period drawn for each."""
    data = draw_panel(seed, n_units=150)
    random = np.random.default_rng(seed)
    last = pd.Series(np.where(random.uniform(size=150) < share, random.integers(2, 5, 150), 9), index=range(1, 151))
    return data[data["t"] <= data["id"].map(last)]


def test_balanced_drops_incomplete_units_and_counts_them():
    data = exits()
    complete = data.groupby("id")["t"].transform("size") == 5
    result = estimate(data, covariates=("x1",))
    assert result.dropped["not_in_every_period"] == data.loc[~complete, "id"].nunique() > 0
    pd.testing.assert_frame_equal(result.table, estimate(data[complete], covariates=("x1",)).table)


def test_pairs_use_the_units_seen_in_both_periods_of_the_cell():
    data = exits(2)
    table = estimate(data, covariates=("x1",), balanced="pairs").table
    for cell in table.itertuples():
        two = data[data["t"].isin([cell.base, cell.period]) & (data["g"].isna() | (data["g"] == cell.cohort))]
        both = two[two.groupby("id")["t"].transform("size") == 2].assign(g=lambda d: d["g"].notna() * 1.0)
        both = both.assign(g=np.where(both["g"] == 1, cell.period, np.nan))
        alone = estimate(both, covariates=("x1",)).table.iloc[0]
        np.testing.assert_allclose([cell.att, cell.se], [alone["att"], alone["se"]], rtol=1e-9)
        assert (cell.n_treated, cell.n_control) == (alone["n_treated"], alone["n_control"])


def test_all_observations_without_covariates_are_four_means_with_influence_summed_over_the_unit():
    data = exits(3)
    result = estimate(data, balanced=False)
    cell = result.table.iloc[-1]
    psi = pd.Series(0.0, index=result.units)
    att = 0.0
    for sign_period, period in ((1, cell["period"]), (-1, cell["base"])):
        for sign_group, group in ((1, data["g"] == cell["cohort"]), (-1, data["g"].isna())):
            seen = data[(data["t"] == period) & group].set_index("id")["y"]
            sign = sign_period * sign_group
            att += sign * seen.mean()
            psi = psi.add(sign * (seen - seen.mean()) / len(seen), fill_value=0.0)
    assert cell["att"] == pytest.approx(att, abs=1e-12)
    assert cell["se"] == pytest.approx(np.sqrt((psi**2).sum()), abs=1e-12)
    np.testing.assert_allclose(result.influence.toarray()[:, -1], psi, atol=1e-12)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_all_observations_of_a_balanced_panel_are_estimated_as_a_panel(method):
    data = draw_panel(4)
    choices = {"covariates": ("x1",), "method": method}
    expected = estimate(data, **choices).table
    for balanced in (False, "pairs"):
        pd.testing.assert_frame_equal(estimate(data, balanced=balanced, **choices).table, expected)


def test_a_missing_outcome_is_not_an_observation_and_is_counted():
    data = draw_panel(5)
    gone = np.random.default_rng(5).uniform(size=len(data)) < 0.2
    with_gaps = data.assign(y=data["y"].mask(gone), x1=data["x1"].mask(gone))
    for balanced in (False, "pairs"):
        result = estimate(with_gaps, covariates=("x1",), balanced=balanced)
        expected = estimate(data[~gone], covariates=("x1",), balanced=balanced)
        assert result.dropped["missing_outcome"] == gone.sum()
        pd.testing.assert_frame_equal(result.table, expected.table)


def test_a_unit_without_a_single_outcome_counts_for_nothing():
    data = draw_panel(6)
    ghosts = data["id"].isin([1, 2, 3])
    result = estimate(data.assign(y=data["y"].mask(ghosts)), balanced="pairs")
    expected = estimate(data[~ghosts], balanced="pairs")
    assert result.dropped["never_observed"] == 3
    assert result.aggregate("simple").se == expected.aggregate("simple").se


def test_a_cell_whose_treated_have_all_left_is_kept_with_its_reason():
    data = draw_panel(7)
    data = data[~((data["g"] == 4) & (data["t"] == 5))]
    for balanced, reason in (
        (False, "no treated unit is observed in one of the two periods"),
        ("pairs", "no treated unit is observed"),
    ):
        table = estimate(data, balanced=balanced).table.set_index(["cohort", "period"])
        assert table.loc[(4, 5), "reason"] == reason
        assert np.isnan(table.loc[(4, 5), "att"])
        assert table["att"].isna().sum() == 1


def test_weights_that_change_over_time_count_at_their_own_observation():
    data = draw_panel(8, varying=True, missing=0.2)
    table = estimate(data, weights="w", balanced=False).table
    cell = table.iloc[-1]
    att = 0.0
    for sign_period, period in ((1, cell["period"]), (-1, cell["base"])):
        for sign_group, group in ((1, data["g"] == cell["cohort"]), (-1, data["g"].isna())):
            seen = data[(data["t"] == period) & group]
            att += sign_period * sign_group * np.average(seen["y"], weights=seen["w"])
    assert cell["att"] == pytest.approx(att, abs=1e-12)
