"""Intervals when few clusters carry an estimate: the wild cluster bootstrap on sums of ψ. Which clusters there are, and
the sums within them (`inference.by_cluster`), come from the caller.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from pipelines.effects.errors import EstimationError
from pipelines.effects.inference import multiplier_draws

FEWEST = 4
WEBB_BELOW = 12
SIGNS = np.array([-1.0, 1.0])
SIX_POINTS = np.sqrt([1.5, 1.0, 0.5, 0.5, 1.0, 1.5]) * [-1, -1, -1, 1, 1, 1]


@dataclass(frozen=True)
class WildInterval:
    """att ± critical_value × se, in the outcome's unit; p_value of "no effect"; n_clusters that have influence.

    se is √Σ(cluster sum)², as everywhere here; only the critical value differs from the normal one, and is never less.
    It may be infinite, and the interval with it. NaN, and the reason why, where there is no interval.
    """

    se: float
    critical_value: float
    low: float
    high: float
    p_value: float
    n_clusters: int
    reason: str


def wild_interval(att: float, sums: np.ndarray, draws: int = 9999, seed: int = 0, level: float = 0.95) -> WildInterval:
    """Symmetric bootstrap-t interval of one estimate from the sums (G,) of its ψ within clusters (Σψ = 0 over all).

    A draw multiplies each cluster's sum by a random weight w_g and is studentised as the estimate is: with centred sums,
    t* = Σ w_g S_g / √Σ(w_g S_g − mean)². The critical value is the level quantile of |t*|. Clusters without influence do
    not count. Weights, after Webb (2023), Canadian Journal of Economics 56: six points below 12 clusters, where signs
    alone give too few different draws; signs from there on. All combinations are gone through once whenever they are no
    more than `draws` (w and −w are one: up to 5 clusters, and 12 to 14, of the default), else `draws` of them are drawn.

    Cameron, Gelbach & Miller (2008), Review of Economics and Statistics 90 (bootstrap-t, unrestricted: the null is not
    imposed, hence one critical value for all nulls); Kline & Santos (2012), Journal of Econometric Methods 1 (weights on
    scores instead of re-estimation). Centring takes each cluster to weigh alike: with very unequal clusters, or very
    skewed sums, the interval is still too short. Where one cluster outweighs all others the draws say less than the
    normal quantile; then the normal interval and p value stand.
    Raises EstimationError for sums that are missing, or draws that cannot support the level.
    """
    sums = np.asarray(sums, dtype=float)
    missing = int((~np.isfinite(sums)).sum())
    if missing:
        raise EstimationError(f"{missing} of {len(sums)} cluster sums of influence are missing; leave such estimates out")
    if not 0 < level < 1 or _position(level, draws, False) > draws:
        raise EstimationError(f"{draws} draws cannot support a level of {level:g}; ask for more draws")
    sums = np.sort(sums[sums != 0])  # sorted: the draws do not depend on how clusters are numbered
    se = float(np.sqrt(sums @ sums))
    if not np.isfinite(att) or len(sums) < FEWEST:
        reason = "no estimate" if not np.isfinite(att) else f"{len(sums)} clusters with influence; {FEWEST} are needed"
        return WildInterval(se if len(sums) else np.nan, np.nan, np.nan, np.nan, np.nan, len(sums), reason)
    drawn, complete = _studentised(sums, draws, seed)
    position = _position(level, len(drawn), complete) - 1
    critical = float(max(np.partition(drawn, position)[position], special.ndtri((1 + level) / 2)))
    att, t = float(att), float(abs(att) / se)
    exceeding = int((drawn >= t).sum())
    p_value = exceeding / len(drawn) if complete else (1 + exceeding) / (1 + len(drawn))
    p_value = float(max(p_value, 2 * special.ndtr(-t)))
    return WildInterval(se, critical, att - critical * se, att + critical * se, p_value, len(sums), "")


def _position(level: float, count: int, complete: bool) -> int:
    """Which of the ordered |t*| is the critical value, so that the interval excludes 0 just when p ≤ 1 − level."""
    return int(np.ceil(level * (count if complete else count + 1) - 1e-9))


def _studentised(sums: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, bool]:
    """|t*|, and whether every combination of weights is among them once."""
    n = len(sums)
    points = SIX_POINTS if n < WEBB_BELOW else SIGNS
    complete = len(points) ** n // 2 <= draws
    if complete or n < WEBB_BELOW:
        weights = _combinations(points, n) if complete else np.random.default_rng(seed).choice(points, (draws, n))
        moved, squares = weights @ sums, weights**2 @ sums**2
    else:
        moved, squares = multiplier_draws(sums[:, None], draws, seed)[:, 0], np.full(draws, sums @ sums)
    centred = squares - moved**2 / n
    # all sums alike after weighting: no spread to studentise by, so t* is beyond any t
    spread = np.where(centred > 1e-12 * squares, centred, np.nan)
    return np.nan_to_num(np.abs(moved) / np.sqrt(spread), nan=np.inf, posinf=np.inf), complete


def _combinations(points: np.ndarray, n: int) -> np.ndarray:
    """(combinations, n) of the points, the first weight positive: the other half has the same |t*|."""
    half = len(points) // 2
    chosen = np.indices((half,) + (len(points),) * (n - 1)).reshape(n, -1).T
    chosen[:, 0] += half
    return points[chosen]
