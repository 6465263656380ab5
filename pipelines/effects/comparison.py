"""Types of initiative beside each other: estimates shrunken towards their mean, and what is known of their ranks.

Headlines stay unshrunken: these are tables for comparing types, never a replacement of a type's own estimate.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from pipelines.effects.errors import EstimationError

SINGULAR = 1e-12  # of the covariance's scale: below it a direction has no variance


@dataclass(frozen=True, eq=False)
class Shrunken:
    """Of `shrink`, in the outcome's unit; m estimates in the given order.

    att, low, high        (m,) shrunken estimates and robust 95 % (level) intervals
    mean, between_variance  of the true effects, as used; the variance is never below the floor told in `shrink`
    moment_variance       the moment estimate before the floor, 0 or more
    weights               (m, m) row i: the weights of all m estimates in shrunken estimate i; each row sums to 1
    se                    (m,) sampling error of the shrunken estimate with the effects held fixed
    bias_moment           (m,) expected squared bias / se²
    critical_value        (m,) by which se is multiplied; 1.96 without bias
    """

    att: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: float
    between_variance: float
    moment_variance: float
    weights: np.ndarray
    se: np.ndarray
    bias_moment: np.ndarray
    critical_value: np.ndarray


@dataclass(frozen=True, eq=False)
class Ranks:
    """Of `rank_confidence_sets`; rank 1 is the largest effect, equal effects share the better rank.

    rank                                    (m,) of the estimates
    low, high                               (m,) each effect's rank lies between, with the level for that effect
    simultaneous_low, simultaneous_high     (m,) all m ranks lie between, with the level for all at once
    best                                    (m,) may be the best: the set holds all the largest effects with the level
    """

    rank: np.ndarray
    low: np.ndarray
    high: np.ndarray
    simultaneous_low: np.ndarray
    simultaneous_high: np.ndarray
    best: np.ndarray


def shrink(att: np.ndarray, covariance: np.ndarray, kurtosis: float = np.inf, level: float = 0.95) -> Shrunken:
    """Empirical Bayes estimates of m effects whose estimates share firms and controls. The headlines stay unshrunken.

    att         (m,) unbiased estimates, normal given the effects; covariance (m, m) V of them, all of it used
    kurtosis    bound on the effects' kurtosis, then taken to be independent; the default bounds the variance alone

    Effects have mean μ and variance τ² and are uncorrelated with each other; nothing else is assumed of them. τ² solves
    Q(τ²) = m − 1, Q the generalised sum of squares about the GLS mean under τ²I + V (Paule & Mandel 1982, with the whole
    V): an unbiased equation whatever the distribution. As m is small τ² may come out as 0, which would take all types to
    be the same; it is held above Var(τ̂²) / |smallest τ̂²| = 2 / tr P at τ² = 0, P the GLS residual maker, their remedy
    (Armstrong, Kolesár & Plagborg-Møller 2022) in this equation's weights.

    Shrunken: μ̂ + τ²(τ²I + V)⁻¹(att − μ̂), which is A att with rows A of known weights, μ̂ being the GLS mean. Hence, off
    the diagonal too, A att − effects has variance diag(A V A') given the effects and bias (A − I) effects, of second
    moment τ² Σⱼ(A − I)ᵢⱼ². Their ratio goes into `robust_critical_value`; for a diagonal V and a known mean this is
    Armstrong, Kolesár & Plagborg-Møller (2022), "Robust empirical Bayes confidence intervals", Econometrica 90. The
    level holds on average over the effects, under any distribution with those moments. That τ² is estimated only the
    floor allows for: 95 % intervals of 5 to 40 drawn effects cover 93 to 99 %.
    Raises EstimationError for missing input, fewer than 3 estimates, or a singular covariance.
    """
    att, covariance = _checked(att, covariance, level)
    if len(att) < 3:
        raise EstimationError(f"{len(att)} effects have no distribution to shrink towards; give 3 or more")
    if not kurtosis >= 1:
        raise EstimationError(f"a kurtosis of {kurtosis:g} does not exist; give 1 or more")
    values, vectors = np.linalg.eigh(covariance)
    scale = np.sqrt(np.diagonal(covariance))
    if not (scale > 0).all() or np.linalg.eigvalsh(covariance / np.outer(scale, scale))[0] <= SINGULAR * len(att):
        raise EstimationError(f"the {len(att)} estimates are linearly dependent; leave out those that others add up to")
    moment, floor = _between_variance(vectors.T @ att, vectors.sum(axis=0), values)
    variance = max(moment, floor)
    inverse = vectors / (values + variance) @ vectors.T
    mean_weights = inverse.sum(axis=1) / inverse.sum()
    keep = variance * inverse
    weights = keep + np.outer(1 - keep.sum(axis=1), mean_weights)
    se = np.sqrt(np.einsum("ij,jk,ik->i", weights, covariance, weights))
    off = weights - np.eye(len(att))
    bias = variance * (off**2).sum(axis=1) / se**2
    spread = (off**4).sum(axis=1) / (off**2).sum(axis=1) ** 2
    kurtoses = 3 + (kurtosis - 3) * spread  # of a sum of independent effects with these weights
    critical = np.array([robust_critical_value(m2, k, 1 - level) for m2, k in zip(bias, kurtoses, strict=True)])
    shrunken = weights @ att
    return Shrunken(
        shrunken, shrunken - critical * se, shrunken + critical * se, float(mean_weights @ att), variance, moment,
        weights, se, bias, critical,
    )


def robust_critical_value(m2: float, kurtosis: float = np.inf, alpha: float = 0.05) -> float:
    """Smallest χ with P(|Z + b| > χ) ≤ alpha for standard normal Z and any independent b of E b² = m2 and the kurtosis.

    E b⁴ ≤ kurtosis × m2². Armstrong, Kolesár & Plagborg-Møller (2022), Econometrica 90: cva.
    Raises EstimationError for a moment that does not exist.
    """
    if not (0 <= m2 < np.inf and kurtosis >= 1):
        raise EstimationError(f"a second moment of {m2:g} and a kurtosis of {kurtosis:g} are none of a distribution's")
    exact = -special.ndtri(alpha / 2)
    if m2 == 0:
        return float(exact)
    # Chebyshev: P(|Z + b| > χ) ≤ (1 + m2) / χ²
    highest = np.sqrt((1 + m2) / alpha)
    return float(optimize.brentq(lambda chi: _worst_non_coverage(m2, kurtosis, chi) - alpha, exact, highest, xtol=1e-10))


def rank_confidence_sets(
    att: np.ndarray, covariance: np.ndarray, level: float = 0.95, draws: int = 9999, seed: int = 0
) -> Ranks:
    """Which ranks each of m effects may have. att (m,) estimates, covariance (m, m) of them, both unshrunken.

    Effect k is better than j when "k is no larger than j" is rejected; the lowest rank of j is 1 + those better than j,
    the highest m − those worse. The hypotheses of a set are tested together, by the largest studentised difference of
    normal draws with the given covariance, and again without the rejected ones until none is added: for the rank of j
    the 2(m − 1) that concern j, for all ranks the m(m − 1) of all pairs. `best` has a simultaneous lowest rank of 1.
    A difference without variance is never called one. Mogstad, Romano, Shaikh & Wilhelm (2024), Review of Economic
    Studies 91, "Inference for ranks", with its stepwise improvement.
    Raises EstimationError for missing input (with the count), a covariance of another shape, or fewer than 100 draws.
    """
    att, covariance = _checked(att, covariance, level)
    if draws < 100:
        raise EstimationError(f"{draws} draws cannot support a {level:.0%} quantile; ask for 100 or more")
    m, variances = len(att), np.diagonal(covariance)
    order = np.lexsort((variances, -att))  # the draws do not depend on the order in which types are given
    drawn = np.empty((m, draws))
    drawn[order] = _normal_draws(covariance[np.ix_(order, order)], draws, seed)
    both = variances[:, None] + variances
    differences = both - 2 * covariance
    errors = np.sqrt(np.maximum(differences, 0))
    testable = (differences > SINGULAR * both) & ~np.eye(m, dtype=bool)
    gaps = att[:, None] - att
    low, high = np.empty(m, dtype=int), np.empty(m, dtype=int)
    for j in range(m):
        concerned = np.zeros((m, m), dtype=bool)
        concerned[j] = concerned[:, j] = True
        larger = _larger(gaps, errors, drawn, testable & concerned, level)
        low[j], high[j] = 1 + larger[:, j].sum(), m - larger[j].sum()
    larger = _larger(gaps, errors, drawn, testable, level)
    lowest = 1 + larger.sum(axis=0)
    return Ranks((1 + (gaps < 0).sum(axis=1)), low, high, lowest, m - larger.sum(axis=1), lowest == 1)


def _checked(att: np.ndarray, covariance: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    att, covariance = np.asarray(att, dtype=float), np.asarray(covariance, dtype=float)
    if covariance.shape != (len(att), len(att)):
        raise EstimationError(f"a covariance of shape {covariance.shape} does not belong to {len(att)} estimates; give (m, m)")
    missing = int((~np.isfinite(att) | ~np.isfinite(covariance).all(axis=1)).sum())
    if missing:
        raise EstimationError(f"{missing} of {len(att)} estimates or their covariances are missing; leave them out")
    if not 0 < level < 1:
        raise EstimationError(f"a level of {level:g} is no probability; give one between 0 and 1")
    return att, (covariance + covariance.T) / 2


def _between_variance(att: np.ndarray, ones: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The moment estimate of τ² and its floor, from att, 1 and V in the basis in which V is diagonal with `values`."""
    freedom = len(att) - 1

    def excess(variance: float) -> float:
        precision = 1 / (values + variance)
        mean = (ones * precision) @ att / (ones**2 @ precision)
        return precision @ (att - mean * ones) ** 2 - freedom

    # P ≤ (residual maker of the plain mean) / τ², so Q ≤ m − 1 at the variance about the plain mean
    highest = ((att - (ones @ att / (ones @ ones)) * ones) ** 2).sum() / freedom
    moment = 0.0 if excess(0.0) <= 0 else float(optimize.brentq(excess, 0.0, highest, rtol=1e-14, xtol=1e-300))
    trace = (1 / values).sum() - (ones**2 / values**2).sum() / (ones**2 / values).sum()
    return moment, float(2 / trace)


def _worst_non_coverage(m2: float, kurtosis: float, chi: float) -> float:
    """Largest E P(|Z + b| > χ) over distributions of b with E b² = m2 and E b⁴ ≤ kurtosis × m2².

    The worst distribution of t = b² has two points. Without the fourth moment they are 0 and some t ≥ m2 (the concave
    hull of the probability as a function of t, which is first convex, then concave). If that has too large a fourth
    moment, both moments bind: the upper point decides the lower one and its mass.
    """
    top = (chi + 8) ** 2  # beyond it the interval is missed for certain: nothing is gained by going further

    def from_zero(t):
        return _miss(0.0, chi) + m2 / t * (_miss(t, chi) - _miss(0.0, chi))

    def both_moments_bind(t):
        below = (kurtosis - 1) * m2**2 / (t - m2)
        mass = below / (t - m2 + below)
        return (1 - mass) * _miss(np.maximum(m2 - below, 0), chi) + mass * _miss(t, chi)

    if kurtosis <= 1 + 1e-9:  # b² is constant
        return float(_miss(m2, chi))
    point, largest = _maximise(from_zero, m2, top)
    if point > kurtosis * m2:
        largest = _maximise(both_moments_bind, kurtosis * m2, top)[1]
    return largest


def _miss(t, chi: float):
    """P(|Z + √t| > χ)."""
    b = np.sqrt(t)
    return special.ndtr(-chi - b) + special.ndtr(b - chi)


def _maximise(value, low: float, high: float) -> tuple[float, float]:
    """Where in low ≤ t ≤ high, and how large: a grid in √t finer than the normal's spread, then finer around the best."""
    roots = np.sqrt(low), np.sqrt(max(low, high))
    points = 50 + int(10 * (roots[1] - roots[0]))
    for _ in range(3):
        grid = np.linspace(*roots, points) ** 2
        on_grid = value(grid)
        best = int(np.argmax(on_grid))
        roots = np.sqrt(grid[max(best - 1, 0)]), np.sqrt(grid[min(best + 1, points - 1)])
        points = 50
    return float(grid[best]), float(on_grid[best])


def _normal_draws(covariance: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(m, draws) of N(0, covariance), by its symmetric root; directions without variance are left out."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    return root @ np.random.default_rng(seed).standard_normal((len(covariance), draws))


def _larger(gaps: np.ndarray, errors: np.ndarray, drawn: np.ndarray, family: np.ndarray, level: float) -> np.ndarray:
    """(m, m) bool: [j, k] where "j is no larger than k", one of the family (m, m), is rejected; step-down."""
    rejected = np.zeros_like(family)
    while (remaining := family & ~rejected).any():
        largest = np.full(drawn.shape[1], -np.inf)
        for j in np.flatnonzero(remaining.any(axis=1)):
            others = np.flatnonzero(remaining[j])
            np.maximum(largest, ((drawn[j] - drawn[others]) / errors[j, others, None]).max(axis=0), out=largest)
        critical = np.quantile(largest, level, method="inverted_cdf")
        found = remaining & (gaps > critical * errors)
        if not found.any():
            break
        rejected |= found
    return rejected
