"""Errors by cluster, multiplier draws, simultaneous bands and the Wald test, each against its definition."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from pipelines.effects import EstimationError, att_gt
from pipelines.effects.inference import (
    NORMAL_95,
    bootstrap_standard_errors,
    multiplier_draws,
    simultaneous_critical_value,
    wald_test,
)
from tests.pipelines.effects.drawn_panels import draw_panel

KINDS = ("simple", "cohort", "event_time", "period")


def estimate(data, **choices):
    return att_gt(data, "id", "t", "g", "y", **choices)


def clusters_of(data, result):
    return data.drop_duplicates("id").set_index("id")["c"].loc[result.units].to_numpy()


def test_errors_are_the_root_of_the_sum_of_squared_influence():
    result = estimate(draw_panel(1), covariates=("x1",))
    np.testing.assert_allclose(np.sqrt(result.influence.power(2).sum(axis=0)).A1, result.table["se"], rtol=1e-12)
    for kind in KINDS:
        found = result.aggregate(kind)
        np.testing.assert_allclose(np.sqrt((found.influence**2).sum(axis=0)), found.table["se"], rtol=1e-12)
        assert found.se == pytest.approx(np.sqrt((found.overall_influence**2).sum()), rel=1e-12)
        np.testing.assert_allclose(found.covariance, found.influence.T @ found.influence, rtol=1e-10)
        np.testing.assert_allclose(found.table["high"] - found.table["att"], NORMAL_95 * found.table["se"])


@pytest.mark.parametrize("balanced", [True, False])
def test_clustered_errors_sum_influence_within_clusters_without_a_small_sample_factor(balanced):
    data = draw_panel(2, missing=0.0 if balanced else 0.1)
    plain = estimate(data, covariates=("x1",), balanced=balanced)
    result = estimate(data, covariates=("x1",), balanced=balanced, cluster="c")
    group = clusters_of(data, result)
    sums = pd.DataFrame(plain.influence.toarray()).groupby(group).sum()
    np.testing.assert_allclose(result.table["se"], np.sqrt((sums**2).sum()), rtol=1e-10)
    pd.testing.assert_series_equal(result.table["att"], plain.table["att"])
    assert result.n_clusters == 20
    for kind in KINDS:
        found, alone = result.aggregate(kind), plain.aggregate(kind)
        summed = pd.Series(alone.overall_influence).groupby(group).sum()
        assert found.se == pytest.approx(np.sqrt((summed**2).sum()), rel=1e-10)
        level_sums = pd.DataFrame(alone.influence).groupby(group).sum().to_numpy()
        np.testing.assert_allclose(found.covariance, level_sums.T @ level_sums, rtol=1e-9, atol=1e-15)


def test_every_unit_its_own_cluster_is_no_cluster():
    data = draw_panel(3)
    plain, clustered = estimate(data), estimate(data, cluster="id")
    np.testing.assert_allclose(clustered.table["se"], plain.table["se"], rtol=1e-12)
    assert clustered.pretrend().statistic == pytest.approx(plain.pretrend().statistic)


def test_the_pre_test_is_the_wald_statistic_of_the_dense_covariance():
    data = draw_panel(4, periods=(1, 2, 3, 4, 5, 6), cohorts=(4, 6))
    for cluster in (None, "c"):
        result = estimate(data, covariates=("x1",), control="not_yet", cluster=cluster)
        pre = (result.table["phase"] == "pre").to_numpy()
        psi = result.influence.toarray()[:, pre]
        if cluster:
            psi = pd.DataFrame(psi).groupby(clusters_of(data, result)).sum().to_numpy()
        att = result.table["att"].to_numpy()[pre]
        expected = att @ np.linalg.solve(psi.T @ psi, att)
        found = result.pretrend()
        assert found.statistic == pytest.approx(expected, rel=1e-8)
        assert found.df == pre.sum()
        assert found.p_value == pytest.approx(stats.chi2.sf(expected, pre.sum()))


def test_a_singular_pre_test_is_done_on_what_varies_and_says_so():
    # the third effect is the sum of the first two: nothing new is tested by it
    half = np.array([[1.0, 0.2], [0.2, 2.0]])
    spread = np.array([[1, 0], [0, 1], [1, 1]])
    found = wald_test(spread @ [0.5, -1.0], spread @ half @ spread.T)
    assert found.df == 2
    assert found.statistic == pytest.approx(np.array([0.5, -1.0]) @ np.linalg.solve(half, [0.5, -1.0]))
    assert found.note == "the 3 pre-treatment effects are linearly dependent; 2 dimensions of them are tested"


def test_more_pre_treatment_cells_than_clusters_are_said_to_be_dependent():
    data = draw_panel(5, n_units=60, periods=range(1, 11), cohorts=(9, 10))
    found = estimate(data.assign(c=data["id"] % 6), cluster="c").pretrend()
    assert found.df < 15
    assert "linearly dependent" in found.note


def test_without_a_pre_period_there_is_no_pre_test_and_the_note_says_so():
    for cluster in (None, "c"):
        found = estimate(draw_panel(6, periods=(1, 2, 3), cohorts=(2,)), cluster=cluster).pretrend()
        assert (found.df, found.note) == (0, "no pre-treatment cell can be tested")
        assert np.isnan(found.p_value)


def test_a_draw_is_a_sum_of_influence_with_random_signs():
    influence = np.random.default_rng(7).normal(size=(6, 1)) * [[1], [2], [4], [8], [16], [32]]
    drawn = multiplier_draws(influence, 5000, seed=1)[:, 0]
    signs = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1)
    possible = np.sort(influence[:, 0] @ signs)
    nearest = np.abs(drawn[:, None] - possible).argmin(axis=1)
    np.testing.assert_allclose(drawn, possible[nearest], atol=1e-9)
    counts = np.bincount(nearest, minlength=64)
    assert stats.chisquare(counts).pvalue > 0.001  # every combination of signs is as likely as any other


def test_draws_have_the_covariance_of_the_estimates():
    influence = np.random.default_rng(8).normal(size=(2000, 3)) @ [[1, 0.8, 0], [0, 1, 0.5], [0, 0, 1]]
    drawn = multiplier_draws(influence, 20_000, seed=2)
    expected = influence.T @ influence
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(np.cov(drawn.T) / np.outer(scale, scale), expected / np.outer(scale, scale), atol=0.03)
    np.testing.assert_allclose(bootstrap_standard_errors(drawn), scale, rtol=0.03)


@pytest.mark.parametrize("cluster", [None, "c"])
def test_bootstrap_errors_come_close_to_analytic_ones(cluster):
    data = draw_panel(9, n_units=400).assign(c=lambda d: d["id"] % 80)
    result = estimate(data, covariates=("x1",), cluster=cluster)
    for kind in KINDS:
        analytic, drawn = result.aggregate(kind), result.aggregate(kind, draws=20_000, seed=3)
        np.testing.assert_allclose(drawn.table["se"], analytic.table["se"], rtol=0.04)
        assert drawn.se == pytest.approx(analytic.se, rel=0.04)
        assert drawn.att == analytic.att


def test_the_simultaneous_critical_value_is_that_of_the_multivariate_normal():
    result = estimate(draw_panel(10, n_units=1500), covariates=("x1",))
    found = result.aggregate("event_time", draws=25_000, seed=4)
    scale = np.sqrt(np.diag(found.covariance))
    normal = stats.multivariate_normal(cov=found.covariance / np.outer(scale, scale), seed=1)

    def excess(c):
        side = np.full(len(scale), c)
        return normal.cdf(side, lower_limit=-side) - 0.95

    assert found.critical_value == pytest.approx(optimize.brentq(excess, 1.9, 3.5, xtol=1e-4), abs=0.03)


def test_bands_are_wider_than_intervals_and_use_the_critical_value():
    found = estimate(draw_panel(11)).aggregate("event_time", draws=999, seed=5)
    table = found.table
    assert found.critical_value > 2.2
    np.testing.assert_allclose(table["band_high"] - table["att"], found.critical_value * table["se"])
    np.testing.assert_allclose(table["att"] - table["band_low"], found.critical_value * table["se"])
    assert (table["band_low"] < table["low"]).all()
    assert "band_low" not in estimate(draw_panel(11)).aggregate("event_time").table


def test_the_reference_period_takes_no_part_in_the_band():
    found = estimate(draw_panel(12), base_period="universal").aggregate("event_time", draws=999, seed=6)
    reference = found.table.set_index("level").loc[-1]
    assert reference["att"] == 0
    assert np.isnan(reference["se"])
    assert reference["reason"] == "base period: 0 by construction"
    assert 2.2 < found.critical_value < 3.2


def test_a_critical_value_without_any_error_is_missing():
    assert np.isnan(simultaneous_critical_value(np.zeros((200, 2)), np.zeros(2)))


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    result = estimate(draw_panel(13))
    one, same, other = (result.aggregate("event_time", draws=300, seed=seed).table["se"] for seed in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)
    assert result.aggregate("simple", draws=300).se == result.aggregate("simple", draws=300).se


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"kind": "dynamic"}, "kind must be one of"),
        ({"kind": "simple", "draws": 20}, "20 draws"),
        ({"kind": "event_time", "window": (7, 9)}, "no cell to average within the window"),
    ],
)
def test_an_average_that_makes_no_sense_is_refused(choices, words):
    with pytest.raises(EstimationError, match=words):
        estimate(draw_panel(14)).aggregate(**choices)


@pytest.mark.long
@pytest.mark.parametrize("choices", [{"balanced": "pairs"}, {"balanced": False, "method": "reg"}], ids=["pairs", "all"])
def test_analytic_errors_are_within_five_percent_of_a_bootstrap_of_units(choices):
    data = draw_panel(15, n_units=500, missing=0.05).sort_values("id", ignore_index=True)
    choices = {"covariates": ("x1",), **choices}
    starts = np.searchsorted(data["id"], np.arange(1, 502))
    random, drawn = np.random.default_rng(15), []
    for _ in range(1500):
        sample = random.integers(0, 500, 500)
        lengths = starts[sample + 1] - starts[sample]
        rows = np.repeat(starts[sample] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        again = data.iloc[rows].assign(id=np.repeat(np.arange(500), lengths))
        result = estimate(again, **choices)
        drawn.append([result.aggregate(kind).att for kind in KINDS])
    result = estimate(data, **choices)
    np.testing.assert_allclose([result.aggregate(kind).se for kind in KINDS], np.std(drawn, axis=0), rtol=0.05)
