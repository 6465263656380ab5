"""The wild interval against enumeration by hand, and its coverage with few heavy-tailed clusters."""

import itertools

import numpy as np
import pytest
from scipy import stats

from pipelines.effects import EstimationError
from pipelines.effects.few_clusters import wild_interval
from pipelines.effects.inference import NORMAL_95

WEBB = [sign * np.sqrt(square) for sign in (-1, 1) for square in (0.5, 1.0, 1.5)]


def sums_of(seed, n_clusters):
    drawn = np.random.default_rng(seed).normal(size=n_clusters)
    return (drawn - drawn.mean()) / n_clusters


def every_t(sums, points):
    """|t*| of every combination of weights, one by one."""
    found = []
    for weights in itertools.product(points, repeat=len(sums)):
        moved = [w * s for w, s in zip(weights, sums, strict=True)]
        centred = [x - sum(moved) / len(moved) for x in moved]
        found.append(abs(sum(moved)) / np.sqrt(sum(x**2 for x in centred)))
    return np.sort(found)


@pytest.mark.parametrize(("n_clusters", "points"), [(4, WEBB), (5, WEBB), (12, [-1, 1])])
def test_with_few_combinations_every_one_of_them_is_gone_through(n_clusters, points):
    sums = sums_of(1, n_clusters)
    drawn = every_t(sums, points)
    se = np.sqrt((sums**2).sum())
    found = wild_interval(2.6 * se, sums)
    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.critical_value == pytest.approx(drawn[int(np.ceil(0.95 * len(drawn))) - 1], rel=1e-9)
    assert found.p_value == pytest.approx(np.mean(drawn >= 2.6), abs=1e-12)
    assert found.low == pytest.approx((2.6 - found.critical_value) * se, rel=1e-12)
    assert found.high == pytest.approx((2.6 + found.critical_value) * se, rel=1e-12)
    assert (found.n_clusters, found.reason) == (n_clusters, "")
    assert wild_interval(2.6 * se, sums, seed=5) == found  # nothing is drawn


@pytest.mark.parametrize(("n_clusters", "points"), [(8, WEBB), (20, [-1, 1])])
def test_with_many_combinations_as_many_as_asked_for_are_drawn(n_clusters, points):
    sums = sums_of(2, n_clusters)
    weights = np.random.default_rng(3).choice(points, (200_000, n_clusters))
    moved = weights * sums
    drawn = np.abs(moved.sum(axis=1)) / np.sqrt(((moved - moved.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    se = np.sqrt((sums**2).sum())
    found = wild_interval(2.2 * se, sums, draws=40_000)
    assert found.critical_value == pytest.approx(np.quantile(drawn, 0.95), abs=0.03)
    assert found.p_value == pytest.approx(np.mean(drawn >= 2.2), abs=0.004)
    assert wild_interval(2.2 * se, sums, draws=40_000) == found
    assert wild_interval(2.2 * se, sums, draws=40_000, seed=1) != found


def test_with_many_clusters_the_interval_is_the_normal_one():
    assert wild_interval(0.0, sums_of(4, 600), draws=20_000).critical_value == pytest.approx(NORMAL_95, abs=0.04)


def test_twelve_equal_clusters_by_hand():
    # sums ±1: Σ w S = T in −12, −10 … 12, t* = |T| / √(12 − T²/12). P(|T| ≥ 8) = 2 (66 + 12 + 1) / 4096 = 0.0386 and
    # P(|T| ≥ 6) = 0.146, so the quantile is that of |T| = 6: 6 / √9 = 2; and |T| = 8 is 3.10, beyond 2.5
    found = wild_interval(2.5 * np.sqrt(12), np.tile([1.0, -1.0], 6))
    assert found.critical_value == pytest.approx(2.0, rel=1e-12)
    assert found.p_value == pytest.approx(158 / 4096, rel=1e-12)
    assert found.high == pytest.approx(4.5 * np.sqrt(12), rel=1e-12)


def test_another_level_gives_another_width():
    widths = [wild_interval(0.0, sums_of(5, 9), level=level).critical_value for level in (0.8, 0.9, 0.95, 0.99)]
    assert (np.diff(widths) > 0.2).all()


@pytest.mark.parametrize("n_clusters", [5, 9, 13, 40])
def test_the_interval_excludes_zero_just_when_the_p_value_is_at_most_five_percent(n_clusters):
    sums = sums_of(6, n_clusters)
    decided = []
    for t in np.linspace(1.5, 4.5, 61):
        found = wild_interval(t * np.sqrt(sums @ sums), sums, draws=399)
        decided.append(found.low > 0)
        assert (found.low > 0) == (found.p_value <= 0.05)
    assert 0 < sum(decided) < 61


def test_with_eight_heavy_tailed_clusters_it_covers_where_the_normal_interval_falls_short():
    random, repeats, wild, normal = np.random.default_rng(7), 1000, 0, 0
    for seed in range(repeats):
        drawn = random.standard_t(3, size=8)
        att, sums = drawn.mean(), (drawn - drawn.mean()) / 8
        found = wild_interval(att, sums, draws=399, seed=seed)
        wild += found.low <= 0 <= found.high
        normal += abs(att) <= NORMAL_95 * found.se
    noise = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert wild / repeats > 0.95 - noise
    assert wild / repeats < 0.95 + noise
    assert normal / repeats < 0.95 - noise


def test_neither_the_numbering_of_clusters_nor_the_unit_or_sign_of_the_outcome_matters():
    sums = sums_of(8, 9)
    found = wild_interval(0.5, sums)
    assert wild_interval(0.5, sums[[4, 1, 8, 0, 3, 2, 7, 6, 5]]) == found
    scaled = wild_interval(500.0, sums * 1000)
    assert scaled.low == pytest.approx(found.low * 1000, rel=1e-9)
    assert scaled.p_value == found.p_value
    mirrored = wild_interval(-0.5, -sums, draws=40_000)
    assert mirrored.high == pytest.approx(-found.low, abs=0.02)


@pytest.mark.parametrize("n_clusters", [0, 1, 3])
def test_fewer_than_four_clusters_have_no_interval_and_the_reason_says_so(n_clusters):
    # a cluster without influence is no cluster of this estimate
    found = wild_interval(1.0, np.r_[np.arange(1.0, n_clusters + 1), np.zeros(6)])
    assert found.n_clusters == n_clusters
    assert found.reason == f"{n_clusters} clusters with influence; 4 are needed"
    assert np.isnan([found.critical_value, found.low, found.high, found.p_value]).all()
    assert np.isnan(found.se) == (n_clusters == 0)


def test_clusters_without_influence_change_nothing():
    sums = sums_of(9, 7)
    assert wild_interval(0.3, np.insert(sums, [2, 5], 0.0)) == wild_interval(0.3, sums)


def test_a_missing_estimate_has_no_interval():
    found = wild_interval(float("nan"), sums_of(10, 6))
    assert found.reason == "no estimate"
    assert np.isnan(found.low)
    assert found.se > 0


def test_one_cluster_that_outweighs_all_others_does_not_shorten_the_interval():
    # thirty clusters against one: |t*| is (30 ± 5) / 30 or so, whatever the signs
    sums = np.r_[30.0, -np.ones(30)]
    found = wild_interval(2.1 * np.sqrt(sums @ sums), sums)
    assert found.critical_value == pytest.approx(NORMAL_95, rel=1e-12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(2.1), rel=1e-9)


def test_equal_clusters_are_no_error_though_some_draws_have_no_spread():
    for n_clusters in (4, 8, 12, 20):
        found = wild_interval(1.0, np.tile([1.0, -1.0], n_clusters // 2))
        assert NORMAL_95 <= found.critical_value < 12
        assert 0 < found.p_value <= 1


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(EstimationError, match="1 of 3 cluster sums of influence are missing"):
        wild_interval(1.0, np.array([1.0, np.nan, 2.0]))
    for choices in ({"draws": 10}, {"level": 1.0}, {"level": 0.9999, "draws": 999}):
        with pytest.raises(EstimationError, match="draws cannot support a level"):
            wild_interval(1.0, sums_of(11, 8), **choices)
