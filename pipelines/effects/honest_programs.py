"""The two optimisation problems behind `honest`: the moment-inequality test of relative magnitudes and the best linear
estimator under smoothness. Arrays in, arrays out; no input checks and no knowledge of panels here.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr, ndtr, ndtri

ANGLES = 1024  # quadrature points for the least favourable critical value: its relative error is below 1e-5
BISECTIONS = 50
FIRST_STAGE = 0.1  # share of the size given to the least favourable stage; Andrews, Roth and Pakes (2023) use a tenth
CONDITIONAL_REACH = 40.0  # standardised distance within which the purely conditional set is searched


@dataclass(frozen=True)
class MagnitudeTest:
    """Test of a value of the target under each elementary set of Delta^RM: one row per (lead s, sign), S rows in all.

    Only the target's estimate T and the signed pre-period step p enter, so the dual of the linear programme of Andrews,
    Roth and Pakes (2023) has at most four solutions that can matter; each is a linear function of (T - theta, p).

    target: T, a number. steps: p, (S,). duals: coefficients on (T - theta, p), (S, 4, 2).
    moments: covariance of the four scores, (S, 4, 4). critical: first-stage critical value, (S,); infinite without it.
    size: size of the conditional stage. reach: search limits for theta, (S, 2).
    """

    target: float
    steps: np.ndarray
    duals: np.ndarray
    moments: np.ndarray
    critical: np.ndarray
    size: float
    reach: np.ndarray

    def rejects(self, theta: np.ndarray) -> np.ndarray:
        """Whether each theta (S, K) is rejected under its own row's restriction: booleans (S, K)."""
        scores = (self.target - theta)[..., None] * self.duals[:, None, :, 0]
        scores += (self.steps[:, None] * self.duals[:, :, 1])[:, None, :]
        best = scores.argmax(axis=2)
        top = np.take_along_axis(scores, best[..., None], axis=2)
        shared = np.take_along_axis(self.moments, best[..., None], axis=1)  # (S, K, 4): covariance with the largest
        variance = np.take_along_axis(shared, best[..., None], axis=2)
        low, high = _truncation(scores, top, shared, variance)
        top, sd, critical = top[..., 0], np.sqrt(variance[..., 0]), self.critical[:, None]
        tail = _upper_tail(top, low, np.minimum(high, critical), sd)
        return (top > critical) | ((top > 0) & (tail < self.size))


def magnitude_test(att, covariance, n_pre: int, weights, m_bar: float, level: float, hybrid: bool) -> MagnitudeTest:
    """The test for given data, one row per lead s and sign.

    Delta^RM is the union over s and sign of {|d_t| <= m_bar * sign * d_s for t >= 0} in steps d of the trend
    (Rambachan and Roth 2023). Written in the steps of the effects, with e_t free but for sum of w_t e_t = theta and
    w_t = sum of l_u, u >= t, the cone of dual solutions has these extreme rays: w on the inequalities that bound the
    target from above, w on those from below, and for each t the pair of opposite inequalities. All such pairs are the
    same step p on different scales, so that only the smallest and the largest scale can come first.
    """
    before, after = _step_maps(n_pre, len(att) - n_pre)
    signed = np.concatenate([before, -before])
    aim = np.concatenate([np.zeros(n_pre), weights])
    pull = np.cumsum(weights[::-1])[::-1]
    above, below = (_deviations(sign * after, m_bar * signed, covariance) for sign in (1.0, -1.0))  # (S, n_post) each
    scale = np.abs(pull)
    up = (np.where(pull > 0, above, below) * scale).sum(axis=1)
    down = (np.where(pull > 0, below, above) * scale).sum(axis=1)
    pairs = above + below
    drag = m_bar * scale.sum()
    zero = np.zeros(len(signed))
    duals = np.stack([
        np.stack([1 / up, -drag / up], axis=1),
        np.stack([-1 / down, -drag / down], axis=1),
        np.stack([zero, -2 * m_bar / pairs.min(axis=1)], axis=1),
        np.stack([zero, -2 * m_bar / pairs.max(axis=1)], axis=1),
    ], axis=1)
    joint = _joint_covariance(aim, signed, covariance)
    alpha = 1 - level
    first = FIRST_STAGE * alpha if hybrid else 0.0
    critical = _least_favourable(duals @ _root(joint), first) if hybrid else np.full(len(signed), np.inf)
    target, steps = float(aim @ att), signed @ att
    limit = critical if hybrid else np.full(len(signed), CONDITIONAL_REACH)
    reach = np.stack([target - drag * steps - limit * up, target + drag * steps + limit * down], axis=1)
    moments = duals @ joint @ duals.transpose(0, 2, 1)
    return MagnitudeTest(target, steps, duals, moments, critical, (alpha - first) / (1 - first), reach)


def accepted_range(test: MagnitudeTest, grid: int) -> tuple[float, float]:
    """Smallest and largest value that some row does not reject: a grid of `grid` points a row, ends then bisected.

    The target's own estimate is never rejected, so the range is never empty. An end still accepted at the limit of the
    search of the purely conditional test is infinite.
    """
    low, high = test.reach.min(axis=1), test.reach.max(axis=1)
    theta = np.linspace(low, high, grid, axis=1)
    kept = ~test.rejects(theta)
    some = kept.any(axis=1)
    first, last = kept.argmax(axis=1), grid - 1 - kept[:, ::-1].argmax(axis=1)
    rows = np.arange(len(theta))
    lows = _edge(test, theta[rows, first], theta[rows, np.maximum(first - 1, 0)])[some]
    highs = _edge(test, theta[rows, last], theta[rows, np.minimum(last + 1, grid - 1)])[some]
    if not np.isfinite(test.critical).all():
        lows = np.where(first[some] == 0, -np.inf, lows)
        highs = np.where(last[some] == grid - 1, np.inf, highs)
    return float(min(lows.min(initial=np.inf), test.target)), float(max(highs.max(initial=-np.inf), test.target))


def _edge(test: MagnitudeTest, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """The border between an accepted and a rejected value of each row, on the accepted side."""
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        rejected = test.rejects(middle[:, None])[:, 0]
        inside, outside = np.where(rejected, inside, middle), np.where(rejected, middle, outside)
    return inside


def _step_maps(n_pre: int, n_post: int) -> tuple[np.ndarray, np.ndarray]:
    """Linear maps from the coefficients to the steps before (n_pre, k) and after (n_post, k) the reference period."""
    levels = np.zeros((n_pre + n_post + 1, n_pre + n_post))
    levels[:n_pre, :n_pre] = np.eye(n_pre)
    levels[n_pre + 1 :, n_pre:] = np.eye(n_post)
    steps = np.diff(levels, axis=0)
    return steps[:n_pre], steps[n_pre:]


def _deviations(moments: np.ndarray, bounds: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Standard deviation of each moment (n_post, k) less each bound (S, k): (S, n_post)."""
    gap = moments[None] - bounds[:, None]
    return np.sqrt(np.einsum("sti,ij,stj->st", gap, covariance, gap))


def _joint_covariance(aim: np.ndarray, signed: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Covariance of (T, p) for each row: (S, 2, 2)."""
    rows = np.stack([np.broadcast_to(aim, signed.shape), signed], axis=1)
    return rows @ covariance @ rows.transpose(0, 2, 1)


def _root(joint: np.ndarray) -> np.ndarray:
    """A square root of each 2 x 2 covariance, also where it is singular."""
    values, vectors = np.linalg.eigh(joint)
    return vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]


def _least_favourable(loadings: np.ndarray, size: float) -> np.ndarray:
    """The 1 - size quantile of the largest score when every moment binds: (S,) from loadings (S, 4, 2) on two normals.

    In polar coordinates the radius integrates out: given the angle, the largest score is radius times h(angle), so its
    tail is the mean of exp(-c^2 / 2 h^2) over angles with h > 0. No draws are needed.
    """
    angle = (np.arange(ANGLES) + 0.5) * (2 * np.pi / ANGLES)
    largest = (loadings @ np.stack([np.cos(angle), np.sin(angle)])).max(axis=1)  # (S, ANGLES)
    precision = np.where(largest > 0, 0.5 / np.maximum(largest, 1e-150) ** 2, np.inf)
    low, high = np.zeros(len(loadings)), largest.max(axis=1) * np.sqrt(-2 * np.log(size))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        heavy = np.exp(-precision * middle[:, None] ** 2).mean(axis=1) > size
        low, high = np.where(heavy, middle, low), np.where(heavy, high, middle)
    return high


def _truncation(scores, top, shared, variance) -> tuple[np.ndarray, np.ndarray]:
    """Values of the largest score between which it stays the largest, the rest of the data held fixed: (S, K) each."""
    slope = shared / np.where(variance > 0, variance, 1.0)
    gain = 1 - slope
    tied = np.abs(gain) < 1e-10  # moves with the largest score: it restricts nothing
    crossing = (scores - slope * top) / np.where(tied, 1.0, gain)
    low = np.where(~tied & (gain > 0), crossing, -np.inf).max(axis=2)
    high = np.where(~tied & (gain < 0), crossing, np.inf).min(axis=2)
    return low, high


def _upper_tail(value, low, high, sd) -> np.ndarray:
    """P(Z >= value) for Z ~ N(0, sd^2) given low <= Z <= high; 1, never rejecting, where the range has no width."""
    sd = np.where(sd > 0, sd, 1.0)
    at, floor, ceiling = (log_ndtr(-x / sd) for x in (value, np.minimum(low, value), np.maximum(high, value)))
    width = -np.expm1(ceiling - floor)
    share = np.exp(at - floor) * -np.expm1(ceiling - at)
    return np.where(width > 0, share / np.where(width > 0, width, 1.0), 1.0)


@dataclass(frozen=True)
class SmoothFrontier:
    """Linear estimators that trade worst-case bias against variance, from least bias to least variance.

    weights: on the coefficients, (P, k). bias: worst-case bias per unit of M, (P,). Between two neighbouring rows the
    weights, and with them the bias, move along a straight line.
    """

    weights: np.ndarray
    bias: np.ndarray


def smooth_frontier(covariance: np.ndarray, n_pre: int, weights: np.ndarray) -> SmoothFrontier:
    """Every estimator of least variance given its worst-case bias under Delta^SD.

    With times counted from the reference period, a trend is a slope plus kinks, and an estimator v sees kink u through
    K_u. The kernel of the kinks after the reference is fixed by l; that of the earlier ones, q, is free; K_0 must equal
    sum of t * l_t, or a straight line would bias without bound. Then v_t is the second difference of K, the worst bias
    M * (fixed + sum |q|), and least variance given bias is a lasso in q (the problem: Rambachan and Roth 2023).
    """
    n_post = len(weights)
    reached = np.arange(1, n_post + 1)[None, :] - np.arange(n_post)[:, None]
    after = np.maximum(reached, 0) @ weights  # K_0, K_1, ...: the first is also the slope that the leads must undo
    second = np.eye(n_pre) - 2 * np.eye(n_pre, k=-1) + np.eye(n_pre, k=-2)
    kinks = np.concatenate([second[:, :-1], np.zeros((n_post, n_pre - 1))])
    last = np.concatenate([second[:, -1] * after[0], weights])
    path = _lasso_path(kinks.T @ covariance @ kinks, kinks.T @ covariance @ last)
    moved = np.abs(np.diff(path, axis=0)).sum(axis=1) > 1e-9 * np.abs(last).max()
    path = path[np.concatenate([[True], moved])]  # the search below needs stretches that have a length
    return SmoothFrontier(last + path @ kinks.T, np.abs(after).sum() + np.abs(path).sum(axis=1))


def _lasso_path(curvature: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Knots of argmin_q q'Hq/2 + g'q + penalty * sum|q| as the penalty falls from where q = 0 to nothing: (P, len(g)).

    The solution is linear in the penalty between knots; at a knot a coordinate enters or returns to zero.
    """
    n = len(gradient)
    penalty = np.abs(gradient).max(initial=0.0)
    knots, active, signs = [np.zeros(n)], np.zeros(n, bool), np.zeros(n)
    for _ in range(50 * n):
        if penalty <= 0:
            break
        slope, pressure = np.zeros(n), -(gradient + curvature @ knots[-1])
        free = np.flatnonzero(active)
        if free.size:
            slope[free] = np.linalg.solve(curvature[np.ix_(free, free)], signs[free])
        fall, event, entering = _next_event(knots[-1], slope, pressure, curvature @ slope, penalty, active)
        penalty -= fall
        knots.append(knots[-1] + fall * slope)
        if event < 0:
            break
        active[event] = entering
        if entering:
            signs[event] = np.sign(pressure[event] - fall * (curvature @ slope)[event])
        else:
            knots[-1][event] = 0.0
    return np.array(knots)


def _next_event(at, slope, pressure, relief, penalty, active) -> tuple[float, int, bool]:
    """How far the penalty falls until a coordinate enters or leaves, which one (-1: none), and whether it enters."""
    fall, event, entering = penalty, -1, False
    for j in range(len(at)):
        if active[j]:
            steps = [-at[j] / slope[j]] if at[j] * slope[j] < 0 else []
        else:  # one that has just left recedes from its old side, so only the other side can take it back
            gaps = ((penalty - side * pressure[j], 1 - side * relief[j]) for side in (1.0, -1.0))
            steps = [max(gap, 0.0) / speed for gap, speed in gaps if speed > 1e-12]
        for step in steps:
            if step < fall:
                fall, event, entering = step, j, not active[j]
    return fall, event, entering


def shortest_interval(frontier: SmoothFrontier, att, covariance, m: float, level: float) -> tuple[float, float]:
    """Centre and half length of the shortest interval centre +- cv(bias / sd) * sd along the frontier.

    cv(t) is the `level` quantile of |N(t, 1)| (Armstrong and Kolesar 2018). The half length first falls, then rises
    along the frontier, so the best knot and its two neighbours enclose the best place.
    """
    places = np.arange(len(frontier.bias))

    def weights(place: float) -> np.ndarray:
        return np.array([np.interp(place, places, column) for column in frontier.weights.T])

    def half(place: float) -> float:
        v = weights(place)
        sd = np.sqrt(v @ covariance @ v)
        bias = m * np.interp(place, places, frontier.bias)
        return bias + folded_excess(bias / sd, level) * sd

    best = min(places, key=half)
    bounds = (max(best - 1, 0), min(best + 1, places[-1]))
    inner = minimize_scalar(half, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x if places[-1] else best
    place = min((best, inner), key=half)
    return float(weights(place) @ att), float(half(place))


def folded_excess(shift: float, level: float) -> float:
    """How far the `level` quantile of |N(shift, 1)|, shift >= 0, lies above the shift; between one- and two-sided z."""
    two_sided = ndtri((1 + level) / 2)
    low = max(ndtri(level), two_sided - shift) - 1e-9
    return float(brentq(lambda x: ndtr(x) - ndtr(-x - 2 * shift) - level, low, two_sided + 1e-9, xtol=1e-14))
