"""Shrinkage and ranks: by hand, against linear programmes and loops, and their coverage in drawn samples."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy import optimize, stats

from pipelines.effects import EstimationError
from pipelines.effects.comparison import rank_confidence_sets, robust_critical_value, shrink

Z = stats.norm.ppf(0.975)


def draw_covariance(seed, m):
    loadings = np.random.default_rng(seed).normal(size=(m, m))
    return loadings @ loadings.T / m + 0.3 * np.eye(m)


def non_coverage(b, chi):
    return stats.norm.cdf(-chi - b) + stats.norm.cdf(b - chi)


def worst_by_linear_programme(m2, kurtosis, chi):
    """Largest non-coverage over distributions of |b| on a grid with the given second and at most the given fourth moment."""
    b = np.unique(np.append(np.linspace(0, max(chi + 8, 2 * np.sqrt(m2)), 2000), np.sqrt(m2)))
    bound = {"A_ub": [b**4 / (kurtosis * m2**2)], "b_ub": [1]} if np.isfinite(kurtosis) else {}
    equal = {"A_eq": np.stack([np.ones_like(b), b**2 / m2]), "b_eq": [1, 1]}
    return -optimize.linprog(-non_coverage(b, chi), **equal, **bound, method="highs").fun


def test_without_bias_the_critical_value_is_the_normal_one():
    assert robust_critical_value(0.0) == pytest.approx(1.959963984540054, abs=1e-12)
    assert robust_critical_value(0.0, 3, alpha=0.1) == pytest.approx(1.6448536269514722, abs=1e-12)
    assert robust_critical_value(1e-9) == pytest.approx(1.959963984540054, abs=1e-8)


@pytest.mark.parametrize(
    ("bias", "kurtosis", "alpha", "published"),
    [
        (5, 3, 0.05, 11.88358367),
        (10, 3, 0.05, 24.86172217),
        (1, 3, 0.2, 1.8494683),
        (2.8, 8, 0.1, 7.0779747158),
    ],
)
def test_critical_values_are_those_the_authors_publish(bias, kurtosis, alpha, published):
    # numbers from the tests of the programs that Armstrong, Kolesár & Plagborg-Møller publish with the paper (MIT)
    assert robust_critical_value(bias**2, kurtosis, alpha) == pytest.approx(published, abs=2e-8)


@pytest.mark.parametrize("m2", [0.2, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("kurtosis", [1.2, 3.0, 9.0, np.inf])
def test_critical_values_are_those_of_a_linear_programme(m2, kurtosis):
    found = robust_critical_value(m2, kurtosis)
    assert worst_by_linear_programme(m2, kurtosis, found) == pytest.approx(0.05, abs=2e-5)


def test_a_bias_that_is_always_as_large_needs_the_quantile_of_a_shifted_normal():
    found = robust_critical_value(4.0, kurtosis=1)
    assert non_coverage(2.0, found) == pytest.approx(0.05, abs=1e-9)


def test_moments_that_no_distribution_has_are_refused():
    for m2, kurtosis in ((-1.0, 3), (np.nan, 3), (np.inf, 3), (1.0, 0.9)):
        with pytest.raises(EstimationError, match="none of a distribution's"):
            robust_critical_value(m2, kurtosis)


def test_more_bias_or_heavier_tails_need_a_larger_critical_value():
    assert (np.diff([robust_critical_value(m2) for m2 in (0, 0.1, 0.5, 1, 2, 5, 20, 100)]) > 0).all()
    values = [robust_critical_value(2.0, kurtosis) for kurtosis in (1, 1.5, 2, 3, 5, 8, 1e6, np.inf)]
    assert (np.diff(values) >= 0).all()
    assert values[0] < values[3] < values[-1] == values[-2]


def test_shrinkage_of_independent_equal_errors_by_hand():
    # mean 4, squares about it 16 + 4 + 0 + 36 = 56: over 3, less 2, the effects' variance is 50/3 and 0.893 is kept
    found = shrink(np.array([0.0, 2.0, 4.0, 10.0]), 2 * np.eye(4))
    keep = (50 / 3) / (56 / 3)
    assert found.mean == pytest.approx(4.0)
    assert found.between_variance == pytest.approx(50 / 3, rel=1e-9)
    np.testing.assert_allclose(found.att, 4 + keep * np.array([-4.0, -2.0, 0.0, 6.0]), rtol=1e-9)
    own, other = keep + (1 - keep) / 4, (1 - keep) / 4
    se = np.sqrt(2 * (own**2 + 3 * other**2))
    bias = (50 / 3) * ((1 - own) ** 2 + 3 * other**2) / se**2
    np.testing.assert_allclose(found.se, se, rtol=1e-9)
    np.testing.assert_allclose(found.bias_moment, bias, rtol=1e-9)
    np.testing.assert_allclose(found.high - found.att, robust_critical_value(bias) * se, rtol=1e-9)
    np.testing.assert_allclose(found.att - found.low, robust_critical_value(bias) * se, rtol=1e-9)


def test_with_many_effects_the_bias_is_that_of_a_known_mean():
    # with mean and variance known it is σ² / τ²
    att = np.tile([-3.0, 3.0], 50)
    found = shrink(att, 2 * np.eye(100))
    np.testing.assert_allclose(found.bias_moment, 2 / found.between_variance, rtol=0.03)


def test_the_whole_covariance_enters_mean_variance_and_shrinkage():
    covariance = draw_covariance(1, 6)
    att = np.array([1.0, -2.0, 0.5, 4.0, 2.5, -1.0])
    found = shrink(att, covariance)
    total = np.linalg.inv(found.between_variance * np.eye(6) + covariance)
    mean = total.sum(axis=0) @ att / total.sum()
    assert found.mean == pytest.approx(mean, rel=1e-9)
    assert (att - mean) @ total @ (att - mean) == pytest.approx(5.0, rel=1e-9)  # m − 1 decides the variance
    np.testing.assert_allclose(found.att, mean + found.between_variance * total @ (att - mean), rtol=1e-9)
    np.testing.assert_allclose(found.weights @ att, found.att, rtol=1e-12)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(found.se**2, np.diag(found.weights @ covariance @ found.weights.T), rtol=1e-9)
    alone = shrink(att, np.diag(np.diag(covariance)))
    assert np.abs(found.att - alone.att).max() > 0.05


def test_errors_common_to_all_are_no_reason_to_shrink():
    # a shared error moves all estimates alike: their differences, and so what is kept of them, are as without it
    att = np.array([0.0, 2.0, 4.0, 10.0])
    found, without = shrink(att, 2 * np.eye(4) + 5), shrink(att, 2 * np.eye(4))
    np.testing.assert_allclose(found.att, without.att, rtol=1e-9)
    np.testing.assert_allclose(found.se**2, without.se**2 + 5, rtol=1e-9)


def test_estimates_that_hardly_differ_keep_a_floor_of_variance_between_effects():
    found = shrink(np.array([1.0, 1.1, 0.9, 1.0, 1.0]), 2 * np.eye(5))
    assert found.moment_variance == 0
    assert found.between_variance == pytest.approx(2 * 2 / 4)  # 2σ² / (m − 1)
    assert (found.high - found.low > 2 * Z * np.sqrt(2 / 5)).all()  # wider than the interval of the mean of five


def test_precise_estimates_stay_and_imprecise_ones_move():
    found = shrink(np.array([-6.0, 6.0, -6.0, 6.0]), np.diag([0.01, 0.01, 40.0, 40.0]))
    moved = np.abs(found.att - [-6.0, 6.0, -6.0, 6.0])
    assert moved[:2].max() < 0.01
    assert moved[2:].min() > 2
    assert (found.critical_value[2:] > found.critical_value[:2] + 0.3).all()


def test_a_bound_on_the_kurtosis_shortens_the_intervals():
    att = np.random.default_rng(2).normal(size=8)
    wide, narrow = (shrink(att, draw_covariance(3, 8), kurtosis) for kurtosis in (np.inf, 3))
    assert (narrow.high - narrow.low < wide.high - wide.low).all()
    np.testing.assert_array_equal(narrow.att, wide.att)
    # the bias is a sum of independent effects: of kurtosis 3 all of it, whatever their weights
    np.testing.assert_allclose(narrow.critical_value, [robust_critical_value(m2, 3) for m2 in narrow.bias_moment])


def test_reordering_shifting_and_rescaling_carry_through_the_shrinkage():
    att, covariance, order = np.random.default_rng(4).normal(size=6) * 2, draw_covariance(5, 6), [4, 0, 5, 2, 1, 3]
    found = shrink(att, covariance)
    other = shrink(att[order], covariance[np.ix_(order, order)])
    for name in ("att", "low", "high", "bias_moment"):
        np.testing.assert_allclose(getattr(other, name), getattr(found, name)[order], rtol=1e-8)
    moved = shrink(7 + 1000 * att, 1e6 * covariance)
    np.testing.assert_allclose(moved.low, 7 + 1000 * found.low, rtol=1e-8)
    assert moved.between_variance == pytest.approx(1e6 * found.between_variance, rel=1e-8)


def test_with_rare_large_effects_robust_intervals_cover_where_those_for_normal_effects_fall_short():
    # the interval's own mean and variance of effects taken as true; neighbours share controls
    m, random = 40, np.random.default_rng(6)
    covariance = np.eye(m) + 0.4 * (np.eye(m, k=1) + np.eye(m, k=-1))
    found = shrink(0.9 * random.normal(size=m), covariance)
    half = {"robust": found.high - found.att, "normal": Z * found.se * np.sqrt(1 + found.bias_moment)}
    worst = {"robust": 1.0, "normal": 1.0}
    for share in (0.02, 0.05, 0.1, 0.2, 0.4, 1.0):
        effects = random.choice([-1, 0, 1], p=[share / 2, 1 - share, share / 2], size=(5_000, m))
        bias = effects * np.sqrt(found.between_variance / share) @ (found.weights - np.eye(m)).T
        for kind, width in half.items():
            covered = 1 - non_coverage(np.abs(bias) / found.se, width / found.se)
            worst[kind] = min(worst[kind], covered.mean(axis=0).min())
    assert worst["robust"] > 0.95 - 0.003
    assert worst["normal"] < 0.92
    assert (half["robust"] < Z).all()  # and shorter than the interval of the estimate itself


@pytest.mark.parametrize("kind", ["all the same", "normal", "rare and large"])
def test_intervals_cover_on_average_though_mean_and_variance_are_estimated_from_ten_effects(kind):
    random, m, repeats = np.random.default_rng(7), 10, 60
    covariance = 0.8 * np.eye(m) + 0.2
    root, covered = np.linalg.cholesky(covariance), np.empty(repeats)
    for repeat in range(repeats):
        effects = {
            "all the same": np.zeros(m),
            "normal": np.sqrt(0.5) * random.normal(size=m),
            "rare and large": 3.0 * (random.random(m) < 0.06),
        }[kind]
        found = shrink(effects + root @ random.normal(size=m), covariance)
        covered[repeat] = ((found.low <= effects) & (effects <= found.high)).mean()
    assert covered.mean() > 0.95 - 3 * covered.std() / np.sqrt(repeats)
    assert covered.mean() > 0.925


@pytest.mark.parametrize(
    ("att", "covariance", "choices", "words"),
    [
        ([1.0, np.nan, 2.0], np.eye(3), {}, "1 of 3 estimates or their covariances are missing"),
        ([1.0, 2.0], np.eye(2), {}, "2 effects have no distribution"),
        ([1.0, 2.0, 3.0], np.eye(2), {}, r"shape \(2, 2\) does not belong to 3 estimates"),
        ([1.0, 2.0, 3.0], np.ones((3, 3)), {}, "the 3 estimates are linearly dependent"),
        ([1.0, 2.0, 3.0], np.diag([1.0, 0.0, 1.0]), {}, "the 3 estimates are linearly dependent"),
        ([1.0, 2.0, 3.0], np.eye(3), {"kurtosis": 0.5}, "a kurtosis of 0.5 does not exist"),
        ([1.0, 2.0, 3.0], np.eye(3), {"level": 95}, "a level of 95 is no probability"),
    ],
)
def test_what_cannot_be_shrunken_is_refused(att, covariance, choices, words):
    with pytest.raises(EstimationError, match=words):
        shrink(np.array(att), covariance, **choices)


def test_two_effects_are_ranked_once_they_differ_by_1_96_errors():
    covariance = np.array([[1.0, 0.5], [0.5, 1.0]])  # a difference has variance 1
    for gap, low, high, best in ((2.05, [1, 2], [1, 2], [True, False]), (1.87, [1, 1], [2, 2], [True, True])):
        found = rank_confidence_sets(np.array([gap, 0.0]), covariance, draws=40_000)
        for lows, highs in ((found.low, found.high), (found.simultaneous_low, found.simultaneous_high)):
            np.testing.assert_array_equal(lows, low)
            np.testing.assert_array_equal(highs, high)
        np.testing.assert_array_equal(found.best, best)


def test_three_effects_are_ranked_by_the_tables_of_dunnett_and_tukey():
    # one against two others at once: 2.21; all three pairs: 3.31 / √2 = 2.34, in errors of a difference
    assert stats.studentized_range.ppf(0.95, 3, np.inf) / np.sqrt(2) == pytest.approx(2.344, abs=1e-3)
    for gap, marginal, simultaneous in ((2.13, 3, 3), (2.28, 1, 3), (2.42, 1, 1)):
        found = rank_confidence_sets(np.array([0.0, gap, 0.0]), np.eye(3) / 2, draws=40_000)
        assert (found.low[1], found.high[1]) == (1, marginal)
        assert (found.simultaneous_low[1], found.simultaneous_high[1]) == (1, simultaneous)
        np.testing.assert_array_equal(found.best, [simultaneous == 3, True, simultaneous == 3])
        np.testing.assert_array_equal(found.rank, [2, 1, 2])


def ranks_by_loops(att, covariance, own, drawn):
    """Lowest and highest rank of each, from the pairs (j, k) "k exceeds j" that are rejected; own: which pairs of each."""
    m, result = len(att), []

    def t(j, k, values):
        return (values[k] - values[j]) / np.sqrt(covariance[j, j] + covariance[k, k] - 2 * covariance[j, k])

    for i in range(m):
        remaining = {(j, k) for j in range(m) for k in range(m) if j != k and (not own or i in (j, k))}
        rejected = set()
        while remaining - rejected:
            critical = np.quantile(np.max([t(j, k, drawn) for j, k in remaining - rejected], axis=0), 0.95)
            more = {pair for pair in remaining - rejected if t(*pair, att) > critical}
            rejected |= more
            if not more:
                break
        better = sum((i, k) in rejected for k in range(m))
        worse = sum((j, i) in rejected for j in range(m))
        result.append((1 + better, m - worse))
    return np.array(result).T


def test_rank_sets_are_those_of_loops_over_all_pairs():
    for seed in range(8):
        random, covariance = np.random.default_rng(seed), draw_covariance(seed, 4)
        att = random.normal(size=4) * 2.5
        drawn = random.multivariate_normal(np.zeros(4), covariance, size=40_000).T
        found = rank_confidence_sets(att, covariance, draws=40_000, seed=seed)
        np.testing.assert_array_equal([found.low, found.high], ranks_by_loops(att, covariance, True, drawn))
        simultaneous = ranks_by_loops(att, covariance, False, drawn)
        np.testing.assert_array_equal([found.simultaneous_low, found.simultaneous_high], simultaneous)


def test_effects_far_apart_leave_more_room_for_those_that_are_close():
    # all six pairs at once need 3.63 / √2 = 2.57; once five are told apart, 2.47 is enough for the sixth
    assert stats.studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2) == pytest.approx(2.569, abs=1e-3)
    far = rank_confidence_sets(np.array([0.0, 2.47, 8.0, 16.0]), np.eye(4) / 2, draws=40_000)
    np.testing.assert_array_equal(far.simultaneous_high, [4, 3, 2, 1])
    near = rank_confidence_sets(np.array([0.0, 2.47, 1.2, 1.2]), np.eye(4) / 2, draws=40_000)
    np.testing.assert_array_equal(near.simultaneous_high, [4, 4, 4, 4])


def test_rank_sets_cover_the_true_ranks_and_all_that_are_best():
    effects = np.array([0.8, 0.8, 0.2, 0.0, 0.0])  # two best ones, two worst ones
    better, worse = (effects[:, None] < effects).sum(axis=1), (effects[:, None] > effects).sum(axis=1)
    covariance = 0.1 * draw_covariance(7, 5)
    root, random, repeats = np.linalg.cholesky(covariance), np.random.default_rng(8), 500
    each, together, best, length = np.zeros(5), 0, 0, 0
    for seed in range(repeats):
        found = rank_confidence_sets(effects + root @ random.normal(size=5), covariance, draws=399, seed=seed)
        # equal effects share their ranks: 1 + those that are better, to m − those that are worse
        each += (found.low <= 1 + better) & (5 - worse <= found.high)
        together += ((found.simultaneous_low <= 1 + better) & (5 - worse <= found.simultaneous_high)).all()
        best += found.best[:2].all()
        length += (found.high - found.low < 4).any()
    noise = 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert (each / repeats > 0.95 - noise).all()
    assert together / repeats > 0.95 - noise
    assert best / repeats > 0.95 - noise
    assert length / repeats > 0.5  # and they say something


def test_reordering_and_rescaling_leave_every_rank_set_as_it_is():
    att, covariance, order = np.random.default_rng(9).normal(size=7) * 2, draw_covariance(10, 7), [6, 2, 0, 5, 3, 1, 4]
    found = rank_confidence_sets(att, covariance, draws=999)
    reordered = rank_confidence_sets(att[order], covariance[np.ix_(order, order)], draws=999)
    rescaled = rank_confidence_sets(3 + 100 * att, 1e4 * covariance, draws=999)
    for one, other, third in zip(astuple(found), astuple(reordered), astuple(rescaled), strict=True):
        np.testing.assert_array_equal(other, one[order])
        np.testing.assert_array_equal(third, one)
    assert (found.low > 1).any()


def test_shared_errors_are_taken_out_of_the_differences():
    att = np.array([0.0, 1.0, 2.0])
    loud = rank_confidence_sets(att, 0.02 * np.eye(3) + 50)
    np.testing.assert_array_equal(loud.low, [3, 2, 1])
    np.testing.assert_array_equal(loud.high, [3, 2, 1])


def test_a_difference_without_variance_is_no_finding():
    found = rank_confidence_sets(np.array([1.0, 1.0 + 1e-9, 9.0]), np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]]))
    np.testing.assert_array_equal(found.high, [3, 3, 1])
    np.testing.assert_array_equal(found.low, [2, 2, 1])
    alone = rank_confidence_sets(np.array([2.0]), np.eye(1))
    assert (alone.low[0], alone.high[0], alone.best[0]) == (1, 1, True)


def test_ranks_of_missing_estimates_are_refused_by_their_count():
    covariance = np.eye(4)
    covariance[3, 3] = np.nan
    with pytest.raises(EstimationError, match="2 of 4 estimates or their covariances are missing"):
        rank_confidence_sets(np.array([1.0, np.nan, 2.0, 3.0]), covariance)
    with pytest.raises(EstimationError, match=r"shape \(3, 3\) does not belong to 2 estimates"):
        rank_confidence_sets(np.ones(2), np.eye(3))
    with pytest.raises(EstimationError, match="50 draws"):
        rank_confidence_sets(np.ones(2), np.eye(2), draws=50)
