"""Averages of group-time effects: one number, by cohort, by event time, by calendar period.

Callaway & Sant'Anna (2021), Section 3, Table 1; the weights are cohort shares estimated from the same units, so each
average's ψ has the shares' ψ in it (Corollary 2). Estimating cells does not belong here.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipelines.effects.errors import EstimationError
from pipelines.effects.inference import (
    NORMAL_95,
    bootstrap_standard_errors,
    by_cluster,
    multiplier_draws,
    simultaneous_critical_value,
)

KINDS = ("simple", "cohort", "event_time", "period")


@dataclass(frozen=True, eq=False)
class Aggregate:
    """One average over all levels (att, se), and one a level.

    table   level, att, se, low, high (pointwise 95 %), n_treated, band_low, band_high (simultaneous 95 %, if draws were
            asked for), reason (why att or se is missing). The level of "simple" is "overall".
    critical_value     of the bands: sup-t of the draws; 1.96 without draws
    influence          (n, levels) ψ, and overall_influence (n,): SCALED SO THAT se² = Σᵢ ψᵢ² (by cluster: sums first)
    covariance         (levels, levels) of the levels' estimates, by cluster if the result is
    n_treated          treated units behind att     left_out  cells that could not be estimated and are not averaged
    """

    kind: str
    att: float
    se: float
    table: pd.DataFrame
    critical_value: float
    n_treated: int
    left_out: int
    reason: str | None
    influence: np.ndarray = field(repr=False)
    overall_influence: np.ndarray = field(repr=False)
    covariance: np.ndarray = field(repr=False)

    @property
    def low(self) -> float:
        return self.att - NORMAL_95 * self.se

    @property
    def high(self) -> float:
        return self.att + NORMAL_95 * self.se


@dataclass(frozen=True, eq=False)
class Average:
    """An average of cells: the treated units behind it, and a reason if its se means nothing. Its ψ is kept apart."""

    att: float
    n_treated: int
    reason: str | None


def aggregate(result, kind: str, draws: int | None, seed: int, window) -> Aggregate:
    """See GroupTime.aggregate. Raises EstimationError on an unknown kind, no cells, or fewer than 100 draws."""
    if kind not in KINDS:
        raise EstimationError(f"kind must be one of {', '.join(map(repr, KINDS))}")
    if draws is not None and draws < 100:
        raise EstimationError(f"{draws} draws cannot support a 95 % quantile; ask for 100 or more")
    cells = _cells_in(result, kind, window)
    estimated = cells[cells["att"].notna()]
    by_level = [("overall", estimated)] if kind == "simple" else list(estimated.groupby(kind))
    influence = np.zeros((result.n_units, len(by_level) + 1), order="F")  # levels, then the overall average
    levels = {
        level: (_mean if kind == "cohort" else _mean_by_size)(result, part, influence[:, column])
        for column, (level, part) in enumerate(by_level)
    }
    overall = _overall(result, kind, estimated, levels, influence)
    return _with_inference(result, kind, levels, overall, influence, len(cells) - len(estimated), draws, seed)


def _cells_in(result, kind: str, window) -> pd.DataFrame:
    """The cells that are averaged, with their position as index."""
    cells = result.table if kind == "event_time" else result.table[result.table["phase"] == "post"]
    if window is not None:
        cells = cells[cells["event_time"].between(*window)]
    if cells.empty:
        raise EstimationError("there is no cell to average" + ("" if window is None else " within the window"))
    return cells


def _mean(result, cells: pd.DataFrame, psi: np.ndarray) -> Average:
    """The plain mean of a cohort's cells; psi (n,) is added to."""
    result.psi.combine(cells.index, np.full(len(cells), 1 / len(cells)), psi)
    return Average(float(cells["att"].mean()), _treated(cells), _common_reason(cells["reason"]))


def _mean_by_size(result, cells: pd.DataFrame, psi: np.ndarray) -> Average:
    """Σ att × share, share = cohort's size over the sum of sizes, a cohort counted once for each of its cells."""
    if cells.empty:
        return Average(np.nan, 0, "no cell could be estimated")
    shares, theta = _add_shares(result, cells["cohort"], cells["att"], psi)
    result.psi.combine(cells.index, shares, psi)
    return Average(theta, _treated(cells), _common_reason(cells["reason"]))


def _overall(result, kind: str, cells: pd.DataFrame, levels: dict, influence: np.ndarray) -> Average:
    """θ: all post cells by cohort size; cohorts by size; or the plain mean of the levels (event times from 0 on)."""
    psi, treated = influence[:, -1], _treated(cells[cells["phase"] == "post"])
    if kind == "simple":
        psi[:] = influence[:, 0]
        return levels.get("overall", Average(np.nan, 0, "no cell could be estimated"))
    used = [level for level in levels if kind != "event_time" or level >= 0]
    columns = [list(levels).index(level) for level in used]
    if not used:
        return Average(np.nan, 0, "no post-treatment cell could be estimated")
    atts = pd.Series([levels[level].att for level in used])
    if kind == "cohort":
        weights, theta = _add_shares(result, pd.Series(used), atts, psi)
    else:
        weights, theta = np.full(len(used), 1 / len(used)), float(atts.mean())
    for weight, column in zip(weights, columns, strict=True):
        psi += weight * influence[:, column]
    return Average(theta, treated, _common_reason(pd.Series([levels[level].reason for level in used], dtype=object)))


def _add_shares(result, cohorts: pd.Series, atts: pd.Series, psi: np.ndarray) -> tuple[np.ndarray, float]:
    """(shares, θ = Σ share × att), and the ψ of the estimated shares added to psi (n,).

    The share of k is P(G = gₖ) / Σⱼ P(G = gⱼ). The derivative of θ gives unit i of cohort g
    massᵢ × Σ_{k: gₖ = g} (attₖ − θ) / Σ sizes; the terms of −P(G = g) cancel in the sum.
    """
    sizes = {cohort: result.mass[result.cohort == cohort].sum() for cohort in cohorts.unique()}
    total = sum(sizes[cohort] for cohort in cohorts)
    shares = np.array([sizes[cohort] / total for cohort in cohorts])
    theta = float(shares @ atts)
    for cohort, gain in (atts - theta).groupby(cohorts).sum().items():
        members = np.flatnonzero(result.cohort == cohort)
        psi[members] += result.mass[members] * gain / total
    return shares, theta


def _treated(cells: pd.DataFrame) -> int:
    """Treated units behind the cells, each once."""
    return int(cells.groupby("cohort")["n_treated"].max().sum())


def _common_reason(reasons: pd.Series) -> str | None:
    """The first reason if all have one; an average with one sound part in it stands."""
    return str(reasons.iloc[0]) if len(reasons) and reasons.notna().all() else None


def _with_inference(result, kind, levels, overall, influence, left_out: int, draws, seed) -> Aggregate:
    sums = by_cluster(influence, result.psi.cluster)
    if draws is None:
        se, critical = np.sqrt(np.einsum("ij,ij->j", sums, sums)), NORMAL_95
    else:
        drawn = multiplier_draws(sums, draws, seed)
        se = bootstrap_standard_errors(drawn)
        critical = simultaneous_critical_value(drawn[:, :-1], se[:-1])
    sound = [average.reason is None for average in (*levels.values(), overall)]
    se = np.where(sound, se, np.nan)
    return Aggregate(
        kind=kind,
        att=overall.att,
        se=float(se[-1]),
        table=_table(levels, se[:-1], critical if draws else None),
        critical_value=critical,
        n_treated=overall.n_treated,
        left_out=left_out,
        reason=overall.reason,
        influence=influence[:, :-1],
        overall_influence=influence[:, -1],
        covariance=sums[:, :-1].T @ sums[:, :-1],
    )


def _table(levels: dict[object, Average], se: np.ndarray, critical: float | None) -> pd.DataFrame:
    att = np.array([level.att for level in levels.values()])
    columns = {
        "level": list(levels),
        "att": att,
        "se": se,
        "low": att - NORMAL_95 * se,
        "high": att + NORMAL_95 * se,
        "n_treated": [level.n_treated for level in levels.values()],
    }
    if critical is not None:
        columns |= {"band_low": att - critical * se, "band_high": att + critical * se}
    columns["reason"] = pd.array([level.reason for level in levels.values()], dtype="str")
    return pd.DataFrame(columns)
