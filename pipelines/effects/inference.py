"""Variances, multiplier draws, simultaneous bands and the Wald pre-test, all from ψ (se² = Σ ψ²), by unit or cluster.

Callaway & Sant'Anna (2021): Theorems 2 and 3, Algorithm 1, Remark 10 (clusters: sums of ψ, one multiplier a cluster, no
small-sample factor). What ψ is, is decided in the estimators.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

NORMAL_95 = float(stats.norm.ppf(0.975))
QUARTILES = float(stats.norm.ppf(0.75) - stats.norm.ppf(0.25))
ROWS = 1 << 16  # units whose ψ is dense at a time


@dataclass(frozen=True, eq=False, repr=False)
class Influence:
    """ψ of every cell, sparsely: parts[cell] = ((positions, ψ), …), positions sorted within a part, none in two parts.

    n_units rows; cluster (n,) codes without gaps, or None.
    """

    parts: tuple
    n_units: int
    cluster: np.ndarray | None

    @property
    def n_clusters(self) -> int:
        return self.n_units if self.cluster is None else int(self.cluster.max()) + 1

    def matrix(self) -> sparse.csc_matrix:
        """(n_units × cells) sparse."""
        lengths = [sum(len(rows) for rows, _ in parts) for parts in self.parts]
        rows = [rows for parts in self.parts for rows, _ in parts] or [np.empty(0, np.int32)]
        values = [psi for parts in self.parts for _, psi in parts] or [np.empty(0)]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        matrix = sparse.csc_matrix((np.concatenate(values), np.concatenate(rows), ends), (self.n_units, len(lengths)))
        matrix.sort_indices()
        return matrix

    def combine(self, cells, weights, total: np.ndarray | None = None) -> np.ndarray:
        """(n,) Σ weight × ψ of the cells, added to total if one is given."""
        total = np.zeros(self.n_units) if total is None else total
        for cell, weight in zip(cells, weights, strict=True):
            for rows, psi in self.parts[cell]:
                total[rows] += weight * psi
        return total

    def covariance(self, cells) -> np.ndarray:
        """(m, m) of the given cells' estimates."""
        if self.cluster is not None:
            sums = np.array([self.cluster_sums(cell) for cell in cells]).reshape(len(cells), self.n_clusters)
            return sums @ sums.T
        total = np.zeros((len(cells), len(cells)))
        for start in range(0, self.n_units, ROWS):
            block = self._block(cells, start, min(start + ROWS, self.n_units))
            total += block.T @ block
        return total

    def cluster_sums(self, cell: int) -> np.ndarray:
        """(clusters,) Σψ of one cell within each cluster."""
        sums = np.zeros(self.n_clusters)
        for rows, psi in self.parts[cell]:
            sums += np.bincount(self.cluster[rows], weights=psi, minlength=len(sums))
        return sums

    def _block(self, cells, start: int, stop: int) -> np.ndarray:
        """(stop − start, m) dense ψ of the units in between."""
        block = np.zeros((stop - start, len(cells)), order="F")
        for column, cell in enumerate(cells):
            for rows, psi in self.parts[cell]:
                first, last = np.searchsorted(rows, (start, stop))
                block[rows[first:last] - start, column] = psi[first:last]
        return block


def standard_error(psi: Influence, cell: int) -> float:
    """√Σψ² of one cell, by cluster if there are any."""
    if psi.cluster is None:
        return float(np.sqrt(sum(values @ values for _, values in psi.parts[cell])))
    sums = psi.cluster_sums(cell)
    return float(np.sqrt(sums @ sums))


def by_cluster(influence: np.ndarray, cluster: np.ndarray | None) -> np.ndarray:
    """(clusters, m) sums of influence (n, m) within clusters; the same array without clusters."""
    if cluster is None:
        return influence
    return np.stack([np.bincount(cluster, weights=column) for column in influence.T], axis=1)


def multiplier_draws(influence: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(draws, m) Σᵢ vᵢ ψᵢ with independent Rademacher vᵢ (±1), for influence (n, m); Algorithm 1 without the √n.

    Signs are drawn as bits b for a block of rows at a time: v = 2b − 1, so Σ vψ = 2 Σ bψ − Σ ψ.
    """
    random = np.random.default_rng(seed)
    rows = max(8, min(512, (1 << 22) // draws))
    total = np.zeros((influence.shape[1], draws))
    signs = np.empty((rows, draws))
    for start in range(0, len(influence), rows):
        block = influence[start : start + rows]
        bits = np.frombuffer(random.bytes((len(block) * draws + 7) // 8), dtype=np.uint8)
        used = signs[: len(block)]
        used[...] = np.unpackbits(bits, count=len(block) * draws).reshape(used.shape)
        total += block.T @ used
    return (2 * total - influence.sum(axis=0)[:, None]).T


def bootstrap_standard_errors(drawn: np.ndarray) -> np.ndarray:
    """(m,) interquartile range of the draws (draws, m) over that of the normal, as did does."""
    low, high = (np.quantile(drawn, share, axis=0, method="inverted_cdf") for share in (0.25, 0.75))
    return (high - low) / QUARTILES


def simultaneous_critical_value(drawn: np.ndarray, se: np.ndarray, level: float = 0.95) -> float:
    """Quantile of max |draw| / se over the columns with se > 0 (sup-t); NaN if there is none."""
    usable = se > 0
    if not usable.any():
        return float("nan")
    largest = np.max(np.abs(drawn[:, usable] / se[usable]), axis=1)
    return float(np.quantile(largest, level, method="inverted_cdf"))


@dataclass(frozen=True)
class PreTrend:
    """Wald statistic, degrees of freedom, p-value of χ²; note says what was left out, or why there is no test."""

    statistic: float
    df: int
    p_value: float
    note: str


def wald_test(att: np.ndarray, covariance: np.ndarray, left_out: int = 0) -> PreTrend:
    """att'V⁻¹att; with a singular V, on its estimable directions only, and the note says so.

    att (m,) and covariance (m, m). The null of Callaway & Sant'Anna (2021), Section 4: all are zero.
    """
    note = f"{left_out} pre-treatment cells without a standard error are left out" if left_out else ""
    if not len(att):
        note = "; ".join(filter(None, ["no pre-treatment cell can be tested", note]))
        return PreTrend(float("nan"), 0, float("nan"), note)
    scale = np.sqrt(np.diagonal(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    estimable = values > len(att) * 1e-13 * values[-1]
    projected = (vectors.T @ (att / scale))[estimable]
    rank = int(estimable.sum())
    statistic = float(projected @ (projected / values[estimable]))
    if rank < len(att):
        singular = f"the {len(att)} pre-treatment effects are linearly dependent; {rank} dimensions of them are tested"
        note = "; ".join(filter(None, [singular, note]))
    return PreTrend(statistic, rank, float(stats.chi2.sf(statistic, rank)), note)
