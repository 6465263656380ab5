"""Sensitivity to failing parallel trends: against published sets, other programmes, brute force and arithmetic."""

import itertools
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from pipelines.effects import EstimationError, honest
from pipelines.effects.honest_programs import folded_excess, magnitude_test, shortest_interval, smooth_frontier

ORACLES = json.loads((Path(__file__).parents[2] / "oracles" / "honest_ehec.json").read_text())
EHEC, VAT, DRAWN = ORACLES["ehec"], ORACLES["benzarti_carloni"], ORACLES["drawn"]["designs"]
WEIGHTS = {"first": [1.0, 0.0], "mean": [0.5, 0.5]}
HAND = ([0.3, 2.0], 1e-14 * np.eye(2), 1, [1.0])  # one lead of 0.3, one effect of 2, no noise to speak of


def given(case: dict, weights) -> tuple:
    return np.array(case["att"]), np.array(case["covariance"]), case["n_pre"], np.array(weights)


def drawn_design(seed: int, n_pre: int, n_post: int) -> tuple:
    random = np.random.default_rng(seed)
    factor = random.normal(size=(n_pre + n_post, n_pre + n_post))
    covariance = factor @ factor.T / 100 + 0.01 * np.eye(n_pre + n_post)
    att = random.multivariate_normal(np.repeat([0.0, 0.5], [n_pre, n_post]), covariance)
    return att, covariance, n_pre, random.normal(size=n_post)


def rounding(printed: str) -> float:
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent


def assert_within_a_step_inside(found: float, printed: str | None, step: float, inwards: int, simulated: float = 0.0):
    if printed is not None:
        slack = rounding(printed) + simulated
        assert -slack <= inwards * (float(printed) - found) <= step + slack


def grid_step(case: dict, weights) -> float:
    _, covariance, n_pre, weights = given(case, weights)
    se = np.sqrt(weights @ covariance[n_pre:, n_pre:] @ weights)
    return 2 * case["grid_half_width_in_standard_errors"] * se / (case["grid_points"] - 1)


@pytest.mark.parametrize("target", ["first", "mean"])
def test_published_relative_magnitudes_of_the_medicaid_example(target):
    for row in EHEC[f"relative_{target}"]:
        found = honest.relative_magnitudes(*given(EHEC, WEIGHTS[target]), row["m_bar"])
        assert_within_a_step_inside(found.low, row["low"], grid_step(EHEC, WEIGHTS[target]), 1)
        assert_within_a_step_inside(found.high, row["high"], grid_step(EHEC, WEIGHTS[target]), -1)


@pytest.mark.parametrize("target", ["first", "mean"])
def test_published_plain_intervals_of_the_medicaid_example(target):
    found = honest.plain(*given(EHEC, WEIGHTS[target]))
    for end, printed in zip((found.low, found.high), EHEC["plain"][target], strict=True):
        assert end == pytest.approx(float(printed), abs=rounding(printed))


def test_published_smoothness_intervals_of_the_medicaid_example():
    simulated = 1e-4  # the published quantile of |N(t, 1)| was simulated
    for row in EHEC["smooth_first"]:
        found = honest.smoothness(*given(EHEC, WEIGHTS["first"]), row["m"])
        for end, printed in ((found.low, row["low"]), (found.high, row["high"])):
            assert end == pytest.approx(float(printed), abs=rounding(printed) + simulated)


def test_published_breakdown_values_of_the_medicaid_example():
    assert 1.5 < honest.breakdown_relative(*given(EHEC, WEIGHTS["first"])) < 2.0
    assert 0.02 < honest.breakdown_smoothness(*given(EHEC, WEIGHTS["first"])) < 0.03


def test_published_sets_of_the_tax_example():
    case = given(VAT, np.eye(4)[0])
    step = grid_step(VAT, np.eye(4)[0])  # 0.04 standard errors of the target
    # Theirs rests on 1,000 draws for the first-stage quantile: its standard deviation of 5 % moves an end by half a step.
    for row in VAT["relative"]:
        found = honest.relative_magnitudes(*case, row["m_bar"])
        assert_within_a_step_inside(found.low, row["low"], step, 1, simulated=step / 4)
        assert_within_a_step_inside(found.high, row["high"], step, -1, simulated=step / 4)
    for row in VAT["smooth"]:
        found = honest.smoothness(*case, row["m"])
        assert (found.low, found.high) == pytest.approx((row["low"], row["high"]), abs=1e-4)  # simulated quantile again
    plain = honest.plain(*case)
    assert (plain.low, plain.high) == pytest.approx([float(end) for end in VAT["plain"]], abs=1e-9)


@pytest.mark.parametrize("design", DRAWN, ids=lambda design: f"{design['n_pre']}x{len(design['l_vector'])}")
def test_another_programme_agrees_on_drawn_designs(design):
    case = given(design, design["l_vector"])
    for row in design["relative"]:
        found = honest.relative_magnitudes(*case, row["m_bar"], hybrid=row["hybrid"])
        # Its first-stage quantile is simulated; at 1,000 draws that moves an end by up to 2 % of the set's length.
        simulated = row["hybrid"] * 0.02 * np.sqrt(1000 / design["critical_value_draws"]) * (found.high - found.low)
        assert -simulated <= row["low"] - found.low <= row["step"] + simulated
        assert -simulated <= found.high - row["high"] <= row["step"] + simulated
    for row in design["smooth"]:
        found = honest.smoothness(*case, row["m"])
        half = (row["high"] - row["low"]) / 2
        assert (found.low, found.high) == pytest.approx((row["low"], row["high"]), abs=3e-3 * half)


def moments_of(n_pre, n_post, lead, sign, m_bar):
    """Rows A with A delta <= 0 for one elementary set, straight from its definition; columns as att."""
    levels = np.zeros((n_pre + n_post + 1, n_pre + n_post))
    levels[np.delete(np.arange(n_pre + n_post + 1), n_pre), np.arange(n_pre + n_post)] = 1
    steps = np.diff(levels, axis=0)
    bound = m_bar * sign * steps[lead]
    return np.concatenate([steps[n_pre:] - bound, -steps[n_pre:] - bound])


def dual_vertices(nuisance: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """All basic solutions of g >= 0, g'nuisance = 0, g'sd = 1, one by one."""
    equations = np.vstack([nuisance.T, sd])
    found = []
    for basis in itertools.combinations(range(len(sd)), len(equations)):
        square = equations[:, basis]
        if abs(np.linalg.det(square)) > 1e-12:
            solution = np.linalg.solve(square, np.eye(len(equations))[-1])
            if (solution > -1e-10).all():
                vertex = np.zeros(len(sd))
                vertex[list(basis)] = np.maximum(solution, 0)
                found.append(vertex)
    return np.unique(np.round(found, 12), axis=0)


def conditional_p_value(scores, vertices, covariance) -> float:
    """The conditional test as Andrews, Roth and Pakes define it, over every vertex."""
    best = int(scores.argmax())
    if scores[best] <= 0:
        return 1.0
    shared = vertices @ covariance @ vertices[best]
    slope = shared / shared[best]
    rest, gain = scores - slope * scores[best], 1 - slope
    low = max((rest / np.where(gain > 1e-9, gain, 1))[gain > 1e-9], default=-np.inf)
    high = min((rest / np.where(gain < -1e-9, gain, 1))[gain < -1e-9], default=np.inf)
    sd = np.sqrt(shared[best])
    at, floor, ceiling = stats.norm.sf(np.array([scores[best], low, high]) / sd)
    return (at - ceiling) / (floor - ceiling)


@pytest.mark.parametrize(("n_pre", "n_post"), [(1, 1), (2, 1), (1, 3), (3, 2), (2, 4)])
def test_four_dual_solutions_decide_as_all_vertices_of_the_programme_do(n_pre, n_post):
    att, covariance, _, weights = drawn_design(n_pre * 10 + n_post, n_pre, n_post)
    m_bar, base = 0.8, weights / (weights @ weights)
    free = np.linalg.svd(weights[None])[2][1:].T  # effects that leave the target alone
    test = magnitude_test(att, covariance, n_pre, weights, m_bar, 0.95, False)
    hybrid = magnitude_test(att, covariance, n_pre, weights, m_bar, 0.95, True)
    spread = np.sqrt(weights @ covariance[n_pre:, n_pre:] @ weights)
    theta = weights @ att[n_pre:] + spread * np.linspace(-6, 6, 25)
    rejected = test.rejects(np.broadcast_to(theta, (2 * n_pre, 25)))
    rows = [(lead, sign) for sign in (1, -1) for lead in range(n_pre)]
    for row, (lead, sign) in enumerate(rows):
        matrix = moments_of(n_pre, n_post, lead, sign, m_bar)
        moments = matrix @ covariance @ matrix.T
        vertices = dual_vertices(matrix[:, n_pre:] @ free, np.sqrt(np.diag(moments)))
        for place, value in enumerate(theta):
            scores = vertices @ (matrix @ att - matrix[:, n_pre:] @ base * value)
            assert rejected[row, place] == (conditional_p_value(scores, vertices, moments) < 0.05)
        draws = np.random.default_rng(row).standard_normal((20_000, len(att))) @ np.linalg.cholesky(covariance).T
        exceeded = ((draws @ matrix.T @ vertices.T).max(axis=1) > hybrid.critical[row]).mean()
        assert exceeded == pytest.approx(0.005, abs=0.002)  # four standard errors


def test_set_holds_the_truth_as_often_as_it_says():
    _, covariance, n_pre, _ = drawn_design(5, 2, 2)
    trend = np.array([-0.2, 1.0, 1.5, 3.0])  # steps 1.2, -1.0 before; 1.5, 1.5 after: the worst that m_bar = 1.25 allows
    weights = np.array([0.5, 0.5])
    test = magnitude_test(trend, covariance, n_pre, weights, 1.25, 0.95, True)
    signs = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    draws = np.random.default_rng(11).multivariate_normal(trend, covariance, 3000)
    held = 0
    for att in draws:  # every effect is zero, so that the target is zero
        steps = signs @ np.array([att[1] - att[0], -att[1]])
        held += not replace(test, target=weights @ att[2:], steps=steps).rejects(np.zeros((4, 1))).all()
    assert 0.94 < held / 3000 < 0.965  # two and a half standard errors of 0.004 around 0.95, and not wasteful


def worst_bias(estimator, n_pre: int, n_post: int) -> float:
    """The largest v'delta under Delta^SD(1), by linear programming."""
    second = np.diff(np.eye(n_pre + n_post + 1), n=2, axis=0)[:, np.delete(np.arange(n_pre + n_post + 1), n_pre)]
    found = optimize.linprog(-estimator, A_ub=np.vstack([second, -second]), b_ub=np.ones(2 * len(second)), bounds=(None, None))
    assert found.status == 0
    return -found.fun


@pytest.mark.parametrize(("n_pre", "n_post"), [(1, 2), (2, 1), (4, 3)])
def test_bias_along_the_frontier_is_the_worst_that_smoothness_allows(n_pre, n_post):
    _, covariance, _, weights = drawn_design(40 + n_pre, n_pre, n_post)
    frontier = smooth_frontier(covariance, n_pre, weights)
    for estimator, bias in zip(frontier.weights, frontier.bias, strict=True):
        np.testing.assert_allclose(estimator[n_pre:], weights)
        assert worst_bias(estimator, n_pre, n_post) == pytest.approx(bias, rel=1e-7)


@pytest.mark.parametrize("m", [0.0, 0.02, 0.1, 0.5, 3.0])
def test_no_other_linear_estimator_gives_a_shorter_interval(m):
    for seed in range(4):
        att, covariance, n_pre, weights = drawn_design(60 + seed, 4, 2)
        _, half = shortest_interval(smooth_frontier(covariance, n_pre, weights), att, covariance, m, 0.95)
        slope = weights @ [1.0, 2.0]

        def length(lead_weights, covariance=covariance, weights=weights, slope=slope):
            last = slope + lead_weights @ [-4.0, -3.0, -2.0]  # a straight line must not bias
            v = np.concatenate([lead_weights, [last], weights])
            kernel = [v[:1] @ [1], v[:2] @ [2, 1], v[:3] @ [3, 2, 1], weights @ [1, 2], weights @ [0, 1]]
            sd = np.sqrt(v @ covariance @ v)
            bias = m * np.abs(kernel).sum()
            return bias + folded_excess(bias / sd, 0.95) * sd

        found = [
            optimize.minimize(length, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}).fun
            for start in np.random.default_rng(seed).normal(size=(2, 3))
        ]
        assert half <= min(found) * (1 + 1e-9)
        assert half == pytest.approx(min(found), rel=0.02)  # a simplex search stops short now and then


def test_without_curvature_the_interval_is_generalised_least_squares_on_a_line():
    att, covariance, n_pre, weights = drawn_design(7, 4, 3)
    design = np.zeros((7, 4))
    design[:, 0] = [-4, -3, -2, -1, 1, 2, 3]
    design[4:, 1:] = np.eye(3)
    precision = np.linalg.inv(covariance)
    spread = np.linalg.inv(design.T @ precision @ design)
    aim = np.concatenate([[0], weights])
    centre, half = aim @ spread @ design.T @ precision @ att, 1.959963984540054 * np.sqrt(aim @ spread @ aim)
    found = honest.smoothness(att, covariance, n_pre, weights, 0.0)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0, 50.0, 1e9])
def test_folded_normal_quantile_covers_its_level(shift):
    excess = folded_excess(shift, 0.95)
    assert stats.norm.cdf(excess) - stats.norm.cdf(-excess - 2 * shift) == pytest.approx(0.95, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_no_departure_from_parallel_trends_gives_the_plain_interval(seed):
    case = drawn_design(seed, 3, 3)
    plain, found = honest.plain(*case), honest.relative_magnitudes(*case, 0.0)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), rel=1e-6)


@pytest.mark.parametrize("hybrid", [True, False])
def test_sets_widen_with_the_departure_allowed_in_the_published_examples(hybrid):
    # Not so in every design: the conditional test may reject at a larger m_bar what it accepted at a smaller one.
    for case in (given(EHEC, WEIGHTS["mean"]), given(VAT, np.eye(4)[0])):
        found = [honest.relative_magnitudes(*case, m_bar, hybrid=hybrid) for m_bar in (0, 0.25, 0.5, 1, 2, 4)]
        assert (np.diff([one.low for one in found]) < 0).all()
        assert (np.diff([one.high for one in found]) > 0).all()
        smooth = [honest.smoothness(*case, m) for m in (0, 0.01, 0.05, 0.2)]
        assert (np.diff([one.high - one.low for one in smooth]) > 0).all()


def test_turning_the_sign_or_the_unit_turns_the_answer():
    att, covariance, n_pre, weights = drawn_design(3, 3, 2)
    for name, bound in (("relative_magnitudes", 1.0), ("smoothness", 0.1)):
        make = getattr(honest, name)
        found = make(att, covariance, n_pre, weights, bound)
        turned = make(-att, covariance, n_pre, weights, bound)
        assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), rel=1e-6)
        scaled = make(att * 1e6, covariance * 1e12, n_pre, weights, bound if name == "relative_magnitudes" else bound * 1e6)
        assert (scaled.low, scaled.high) == pytest.approx((found.low * 1e6, found.high * 1e6), rel=1e-6)


@pytest.mark.parametrize(
    ("att", "n_pre", "weights", "low", "high"),
    [
        # Steps before the reference; the largest, p, bounds every later step by 2p; effects drift by 2p a period.
        ([0.3, 2.0], 1, [1.0], 2.0 - 0.6, 2.0 + 0.6),
        ([0.3, 2.0, 4.0], 1, [0.0, 1.0], 4.0 - 1.2, 4.0 + 1.2),
        ([0.3, 2.0, 4.0], 1, [0.5, 0.5], 3.0 - 0.9, 3.0 + 0.9),
        ([0.3, 2.0, 4.0], 1, [-1.0, 1.0], 2.0 - 0.6, 2.0 + 0.6),
        ([0.5, -0.1, 2.0], 2, [1.0], 2.0 - 1.2, 2.0 + 1.2),  # the step from 0.5 to -0.1 is the largest
    ],
)
def test_without_noise_relative_magnitudes_are_arithmetic(att, n_pre, weights, low, high):
    found = honest.relative_magnitudes(att, 1e-14 * np.eye(len(att)), n_pre, weights, 2.0)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-5)


def test_without_noise_smoothness_is_arithmetic():
    # The lead 0.3 one period before the reference is a slope of -0.3; the line would reach -0.3, give or take m.
    found = honest.smoothness(*HAND, 0.5)
    assert (found.low, found.high) == pytest.approx((2.3 - 0.5, 2.3 + 0.5), abs=1e-5)


def test_without_noise_breakdown_values_are_arithmetic():
    assert honest.breakdown_relative(*HAND) == pytest.approx(2.0 / 0.3, abs=10 * honest.TOLERANCE)
    assert honest.breakdown_smoothness(*HAND) == pytest.approx(2.3, abs=2.3 * honest.TOLERANCE + 1e-5)


def test_breakdown_is_nothing_for_an_insignificant_estimate_and_the_limit_for_one_beyond_it():
    noisy = ([0.3, 2.0], 4.0 * np.eye(2), 1, [1.0])
    assert honest.breakdown_relative(*noisy) == 0.0
    assert honest.breakdown_smoothness(*noisy) == 0.0
    assert honest.breakdown_relative(*HAND, largest=5.0) == 5.0
    assert honest.breakdown_smoothness(*HAND, largest=1.5) == 1.5


@pytest.mark.parametrize("seed", range(4))
def test_breakdown_is_where_the_set_first_reaches_zero(seed):
    case = given(EHEC, WEIGHTS["mean"]) if seed == 0 else drawn_design(80 + seed, 3, 2)
    for value, make, margin in (
        (honest.breakdown_relative(*case), honest.relative_magnitudes, 10 * honest.TOLERANCE),
        (honest.breakdown_smoothness(*case), honest.smoothness, 1e-3),
    ):
        assert make(*case, value).excludes_zero() == (value > 0)
        assert not make(*case, value + margin).excludes_zero()


@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize(("n_pre", "n_post"), [(1, 1), (3, 2), (6, 5)])
def test_a_covariance_of_low_rank_still_gives_an_interval_around_the_estimate(rank, n_pre, n_post):
    att, _, _, weights = drawn_design(rank, n_pre, n_post)
    factor = np.random.default_rng(rank).normal(size=(n_pre + n_post, rank))
    case = (att, factor @ factor.T, n_pre, weights)
    for found in (honest.relative_magnitudes(*case, 1.0), honest.relative_magnitudes(*case, 1.0, hybrid=False)):
        assert found.low <= weights @ att[n_pre:] <= found.high
    assert np.isfinite(honest.breakdown_relative(*case))
    smooth = honest.smoothness(*case, 0.1)
    assert np.isfinite([smooth.low, smooth.high]).all()
    assert smooth.high - smooth.low >= 0.2 * smooth_frontier(np.eye(n_pre + n_post), n_pre, weights).bias.min() * (1 - 1e-9)


def test_a_contrast_without_any_noise_divides_by_nothing():
    # Effect and lead err in opposite directions by the same amount, so that their sum, the line's answer, is certain.
    case = ([0.3, 2.0], [[1.0, -1.0], [-1.0, 1.0]], 1, [1.0])
    smooth = honest.smoothness(*case, 0.5)
    assert (smooth.low, smooth.high) == pytest.approx((1.8, 2.8), abs=1e-4)
    found = honest.relative_magnitudes(*case, 1.0)  # a moment of no variance besides moments that have some
    assert -10 < found.low < 2.0 < found.high < 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"att": [np.nan, 1.0, 1.0]}, "att has 1 values that are not finite"),
        ({"covariance": np.diag([1.0, np.inf, 1.0])}, "covariance has 1 values that are not finite"),
        ({"covariance": np.eye(2)}, "need a covariance of 3 x 3"),
        ({"covariance": np.zeros((3, 3))}, "zero or not symmetric"),
        ({"covariance": np.eye(3) + np.eye(3, k=1)}, "zero or not symmetric"),
        ({"covariance": np.diag([1.0, 1.0, -1.0])}, "negative eigenvalue"),
        ({"n_pre": 0}, "n_pre must be a whole number from 1 to 2"),
        ({"n_pre": 3}, "n_pre must be a whole number from 1 to 2"),
        ({"n_pre": 1.5}, "n_pre must be a whole number"),
        ({"l_vector": [1.0]}, "give a weight for each of 2 coefficients"),
        ({"l_vector": [0.0, 0.0]}, "zero throughout"),
        ({"att": ["a", "b", "c"]}, "arrays of numbers"),
        ({"bound": -1.0}, "finite number of at least 0"),
        ({"bound": np.nan}, "finite number of at least 0"),
        ({"level": 95}, "level is a coverage"),
    ],
)
@pytest.mark.parametrize("make", [honest.relative_magnitudes, honest.smoothness])
def test_bad_input_is_refused_in_words(make, change, words):
    case = {"att": [0.1, 1.0, 1.0], "covariance": np.eye(3), "n_pre": 1, "l_vector": [0.5, 0.5], "bound": 1.0}
    case |= {"level": 0.95} | change
    with pytest.raises(EstimationError, match=words):
        make(case["att"], case["covariance"], case["n_pre"], case["l_vector"], case["bound"], level=case["level"])


def test_the_plain_interval_needs_no_leads_and_the_grid_needs_three_values():
    assert honest.plain([1.0], [[1.0]], 0, [1.0]).low == pytest.approx(1 - 1.959963984540054)
    with pytest.raises(EstimationError, match="at least 3"):
        honest.relative_magnitudes(*HAND, 1.0, grid=2)
