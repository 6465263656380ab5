"""Adjusted p values against enumeration by hand, and their errors and power in drawn samples."""

import itertools

import numpy as np
import pytest
from scipy import sparse, stats

from pipelines.effects import EstimationError
from pipelines.effects.multiplicity import benjamini_hochberg, romano_wolf


def estimate(outcomes):
    """Means (m,) of outcomes (n, m) and their ψ (n, m)."""
    att = outcomes.mean(axis=0)
    return att, (outcomes - att) / len(outcomes)


def draw_outcomes(random, n, m, correlation, effects=0.0):
    shared = random.normal(size=(n, 1))
    return effects + np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * random.normal(size=(n, m))


def test_q_values_by_hand():
    # sorted 0.005, 0.01, 0.03, 0.04 of four: ×4/1 = 0.02, ×4/2 = 0.02, ×4/3 = 0.04, ×4/4 = 0.04
    found = benjamini_hochberg(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.02, 0.04, np.nan, 0.04, 0.02], rtol=1e-12)
    assert benjamini_hochberg(np.array([])).shape == (0,)
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


def test_a_q_value_at_most_alpha_is_a_rejection_of_the_step_up_rule():
    random = np.random.default_rng(1)
    for alpha in (0.05, 0.2, 0.5):
        p = random.beta(0.5, 1.5, size=30)
        sorted_p = np.sort(p)
        passed = [k for k in range(1, 31) if sorted_p[k - 1] <= k * alpha / 30]
        rejected = p <= sorted_p[passed[-1] - 1] if passed else np.zeros(30, dtype=bool)
        np.testing.assert_array_equal(benjamini_hochberg(p) <= alpha, rejected)
        assert 0 < rejected.sum() < 30


def test_p_values_outside_zero_to_one_are_refused_by_their_count():
    with pytest.raises(EstimationError, match="2 of 3 p values lie outside"):
        benjamini_hochberg(np.array([-0.1, 0.5, 1.2]))


def test_adjusted_p_values_are_those_of_all_signs_gone_through_one_by_one():
    random = np.random.default_rng(2)
    influence = random.normal(size=(9, 3)) @ [[1, 0.7, 0], [0, 1, 0.5], [0, 0, 1]]
    se = np.sqrt((influence**2).sum(axis=0))
    att = np.array([-1.2, 2.1, 1.9]) * se
    t = np.abs(att) / se
    signs = np.array(list(itertools.product([-1, 1], repeat=9)))
    drawn = np.abs(signs @ influence) / se
    expected, before = np.empty(3), 0.0
    for step, j in enumerate([1, 2, 0]):  # from the largest |t| to the smallest
        remaining = [1, 2, 0][step:]
        before = max(before, np.mean([max(draw[k] for k in remaining) >= t[j] for draw in drawn]))
        expected[j] = before
    np.testing.assert_allclose(romano_wolf(att, influence, draws=40_000, seed=3), expected, atol=0.008)


def test_one_estimate_needs_no_adjustment():
    att, influence = estimate(np.random.default_rng(3).normal(0.15, 1, size=(400, 1)))
    plain = 2 * stats.norm.sf(abs(att[0]) / np.sqrt((influence**2).sum()))
    assert romano_wolf(att, influence, draws=20_000)[0] == pytest.approx(plain, abs=0.005)


def test_the_same_estimate_many_times_is_adjusted_as_one():
    att, influence = estimate(np.random.default_rng(4).normal(0.0, 1, size=(300, 1)))
    one = romano_wolf(att, influence, draws=999)
    units = np.array([1, 1000, 0.001, 1, 1])  # whatever the units of the outcomes
    np.testing.assert_allclose(romano_wolf(att * units, influence * units, draws=999), one[0], atol=0.0011)
    assert 0.001 < one[0] < 0.5


def test_the_order_is_that_of_the_plain_tests_and_nothing_gets_more_significant():
    random = np.random.default_rng(5)
    att, influence = estimate(draw_outcomes(random, 200, 12, 0.3, np.linspace(0, 0.3, 12)))
    t = np.abs(att) / np.sqrt((influence**2).sum(axis=0))
    found = romano_wolf(att, influence, draws=4999)
    assert (np.diff(found[np.argsort(-t)]) >= 0).all()
    assert (found >= 2 * stats.norm.sf(t) - 0.02).all()
    assert found.min() < 0.05 < found.max()


def test_missing_estimates_stay_missing_and_take_no_part():
    att, influence = estimate(draw_outcomes(np.random.default_rng(6), 100, 4, 0.2, 0.15))
    wide = np.insert(influence, [1, 3], [9.0, 0.0], axis=1)  # an estimate that is missing, one without an error
    found = romano_wolf(np.insert(att, [1, 3], [np.nan, 5.0]), wide, draws=999)
    np.testing.assert_array_equal(np.isnan(found), [False, True, False, False, True, False])
    np.testing.assert_array_equal(found[[0, 2, 3, 5]], romano_wolf(att, influence, draws=999))
    assert np.isnan(romano_wolf(np.full(4, np.nan), influence)).all()


def test_sparse_influence_with_empty_rows_gives_the_same_as_dense():
    random = np.random.default_rng(7)
    influence = random.normal(size=(150, 5)) * (random.random((150, 5)) < 0.3)
    influence = np.insert(influence, [0, 50, 150], 0.0, axis=0)
    att = random.normal(size=5) * 10
    dense = romano_wolf(att, influence, draws=999, seed=1)
    for kind in (sparse.csc_matrix, sparse.csr_array):
        np.testing.assert_array_equal(romano_wolf(att, kind(influence), draws=999, seed=1), dense)


def test_units_in_several_blocks_are_drawn_independently(monkeypatch):
    # the same ψ in every block: with the same signs too, the draws would be twice as wide
    att, influence = estimate(np.tile(draw_outcomes(np.random.default_rng(8), 64, 4, 0.5, 0.1), (4, 1)))
    whole = romano_wolf(att, influence, draws=20_000)
    monkeypatch.setattr("pipelines.effects.multiplicity.ROWS", 64)
    np.testing.assert_allclose(romano_wolf(att, influence, draws=20_000), whole, atol=0.015)
    assert whole.min() < 0.2


def test_reordering_estimates_reorders_their_p_values():
    att, influence = estimate(draw_outcomes(np.random.default_rng(9), 120, 6, 0.4, 0.15))
    order = np.array([3, 0, 5, 1, 4, 2])
    found = romano_wolf(att, influence, draws=999)
    np.testing.assert_allclose(romano_wolf(att[order], influence[:, order], draws=999), found[order], atol=0.0011)
    assert len(set(found)) > 3


def test_without_effects_false_calls_are_as_rare_as_promised_though_estimates_are_correlated():
    random, false, bonferroni = np.random.default_rng(10), 0, 0
    for seed in range(600):
        att, influence = estimate(draw_outcomes(random, 120, 8, 0.8))
        false += romano_wolf(att, influence, draws=399, seed=seed).min() <= 0.05
        t = np.abs(att) / np.sqrt((influence**2).sum(axis=0))
        bonferroni += 8 * 2 * stats.norm.sf(t.max()) <= 0.05
    noise = 3 * np.sqrt(0.05 * 0.95 / 600)
    assert 0.05 - noise < false / 600 < 0.05 + noise
    assert bonferroni / 600 < 0.04  # what ignoring the correlation would leave unused


def test_true_effects_beside_false_ones_are_found_more_often_than_by_bonferroni_and_step_down_helps():
    random, effects = np.random.default_rng(11), np.array([0.3, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    found = bonferroni = single_step = false = 0
    for seed in range(300):
        att, influence = estimate(draw_outcomes(random, 120, 8, 0.8, effects))
        adjusted = romano_wolf(att, influence, draws=399, seed=seed)
        t = np.abs(att) / np.sqrt((influence**2).sum(axis=0))
        found += (adjusted[:3] <= 0.05).sum()
        bonferroni += (8 * 2 * stats.norm.sf(t[:3]) <= 0.05).sum()
        # all eight are kept in the maximum when each is tested beside seven estimates that hold nothing
        alone = [romano_wolf(np.where(np.arange(8) == k, att, 0.0), influence, 399, seed)[k] for k in range(3)]
        single_step += (np.array(alone) <= 0.05).sum()
        false += adjusted[3:].min() <= 0.05
    assert found > 1.1 * bonferroni
    assert found > single_step
    assert false / 300 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_the_same_seed_gives_the_same_p_values():
    att, influence = estimate(draw_outcomes(np.random.default_rng(12), 80, 3, 0.4, 0.15))
    one, same, other = (romano_wolf(att, influence, 999, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_what_cannot_be_adjusted_is_refused():
    with pytest.raises(EstimationError, match=r"influence of shape \(5, 2\) does not belong to 3 estimates"):
        romano_wolf(np.ones(3), np.ones((5, 2)))
    with pytest.raises(EstimationError, match="50 draws"):
        romano_wolf(np.ones(2), np.ones((5, 2)), draws=50)
