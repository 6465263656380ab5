"""Many tests at once: p values adjusted for the family-wise error and for the false discovery rate. Which estimates make
a family, and what is said of them, is decided by the caller.
"""

import numpy as np
from scipy import sparse

from pipelines.effects.errors import EstimationError
from pipelines.effects.inference import ROWS, multiplier_draws


def romano_wolf(att: np.ndarray, influence, draws: int = 9999, seed: int = 0) -> np.ndarray:
    """(m,) p values of "no effect", adjusted so that P(any true null called an effect at level α) ≤ α in large samples.

    att        (m,) estimates, each in its own unit
    influence  (n, m) their ψ over the same n units, dense or sparse, se² = Σψ²; for clusters, sums within clusters first.
               One multiplier a unit is shared by all columns: estimates that share firms move together in the draws as
               they do in the data, and strongly correlated estimates cost less than Bonferroni.
    draws      Rademacher multiplier draws; the smallest p value is 1 / (draws + 1)

    Step-down max-|t|: the largest |t| is held against the largest of all drawn |t|, the next against the largest of those
    that remain, and no p value is smaller than one of a larger |t|. Missing estimates, and those whose error is missing
    or 0, stay NaN and take no part. Romano & Wolf (2005), Econometrica 73; p values as in Romano & Wolf (2016), Statistics
    & Probability Letters 113; two-sided; the draws are those of the bands.
    Raises EstimationError when the columns of influence are not the estimates, or for fewer than 100 draws.
    """
    att = np.asarray(att, dtype=float)
    rows = influence.tocsr() if sparse.issparse(influence) else np.asarray(influence, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != len(att):
        raise EstimationError(
            f"influence of shape {rows.shape} does not belong to {len(att)} estimates; give one column an estimate"
        )
    if draws < 100:
        raise EstimationError(f"{draws} draws cannot support a 5 % level; ask for 100 or more")
    squares = rows.power(2) if sparse.issparse(rows) else rows**2
    se = np.sqrt(np.asarray(squares.sum(axis=0)).ravel())
    used = np.flatnonzero(np.isfinite(att) & np.isfinite(se) & (se > 0))
    found = np.full(len(att), np.nan)
    if used.size:
        drawn = np.abs(_draw(rows[:, used], draws, seed)) / se[used]
        found[used] = _step_down(np.abs(att[used]) / se[used], drawn)
    return found


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """(m,) q values: calling an effect wherever q ≤ α keeps the expected share of false calls among them at most α.

    p (m,) unadjusted p values; NaN stay NaN and do not count among the m. Valid for independent and positively dependent
    tests: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57; Benjamini & Yekutieli (2001), Annals of Statistics 29.
    Raises EstimationError for a p value outside 0–1.
    """
    p = np.asarray(p, dtype=float)
    outside = int(((p < 0) | (p > 1)).sum())
    if outside:
        raise EstimationError(f"{outside} of {len(p)} p values lie outside 0 to 1; give probabilities")
    q = np.full(len(p), np.nan)
    order = np.flatnonzero(~np.isnan(p))
    order = order[np.argsort(-p[order], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    q[order] = np.minimum.accumulate(p[order] * len(order) / ranks)
    return q


def _draw(rows, draws: int, seed: int) -> np.ndarray:
    """(draws, m) multiplier draws of (n, m) rows, few of which are dense at a time; units without influence are passed over."""
    rows = rows[np.asarray(abs(rows).sum(axis=1)).ravel() > 0]
    total = np.zeros((draws, rows.shape[1]))
    for number, start in enumerate(range(0, rows.shape[0], ROWS)):
        block = rows[start : start + ROWS]
        total += multiplier_draws(block.toarray() if sparse.issparse(block) else block, draws, [seed, number])
    return total


def _step_down(t: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(m,) adjusted p values of |t| (m,) from drawn |t| (draws, m)."""
    order = np.argsort(-t, kind="stable")
    largest_remaining = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    exceeding = (largest_remaining >= t[order]).sum(axis=0)
    p = np.empty(len(t))
    p[order] = np.maximum.accumulate((1 + exceeding) / (1 + len(drawn)))
    return p
