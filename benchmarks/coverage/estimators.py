"""The estimators that stand side by side: ours, two ways to get the error or the comparison wrong, and a regression.

Each takes a world and its matched comparison and gives one `Figure` an estimand; truth is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.coverage.comparison import ADJUSTED, Comparison, by_cohort, by_pair, long_frame
from benchmarks.coverage.world import NEVER, YEARS, World
from pipelines.effects import att_gt

ESTIMANDS = {"plus_two": (2,), "one_to_three": (1, 2, 3)}      # event times that an estimand averages
CHOICES = {"control": "never", "base_period": "universal", "balanced": "pairs"}


@dataclass(frozen=True)
class Figure:
    """An estimate and its standard error, in FTE; left_out: cells of its event times that could not be estimated."""

    estimate: float
    se: float
    left_out: int = 0


def ours(world: World, found: Comparison) -> dict[str, Figure]:
    """Doubly robust on the matched weights; a copy a cohort, influence summed over the original firm."""
    frame, weights = long_frame(world, by_cohort(found))
    result = att_gt(frame, "copy", "period", "cohort", "fte", ADJUSTED, weights=weights, cluster="unit_id", **CHOICES)
    return _read(result)


def copies_as_rows(world: World, found: Comparison) -> dict[str, Figure]:
    """The same estimate, with every use of a control as a firm of its own."""
    frame, weights = long_frame(world, by_pair(found))
    return _read(att_gt(frame, "copy", "period", "cohort", "fte", ADJUSTED, weights=weights, **CHOICES))


def before_after(world: World, found: Comparison) -> dict[str, Figure]:
    """The participants' own change since the year before their start."""
    start = world.cohort[found.treated]
    before = world.fte[found.treated, start - 2]
    figures = {}
    for estimand, times in ESTIMANDS.items():
        change = np.mean([world.fte[found.treated, start + time - 1] for time in times], axis=0) - before
        figures[estimand] = Figure(float(change.mean()), float(change.std(ddof=1) / np.sqrt(len(change))))
    return figures


def unmatched(world: World, found: Comparison) -> dict[str, Figure]:
    """Participants against all firms that never took part: difference in differences, no matching, no covariates."""
    firms = np.flatnonzero(np.isin(np.arange(len(world.cohort)), found.treated) | ~world.treated)
    start = world.cohort[firms]
    frame = pd.DataFrame({
        "unit": np.repeat(firms, YEARS), "period": np.tile(np.arange(1, YEARS + 1), len(firms)),
        "cohort": np.repeat(np.where(start == NEVER, np.nan, start), YEARS), "fte": world.fte[firms].ravel(),
    })
    return _read(att_gt(frame, "unit", "period", "cohort", "fte", control="never", base_period="universal"))


def two_way(world: World, found: Comparison) -> dict[str, Figure]:
    """Firm and year effects with one dummy after the start, on the matched firms and their weights, clustered on the firm.

    The participants' start year and the years beyond +3 are left out, so that the dummy stands for the years +1 to +3;
    what remains is what the regression itself does with staggered starts.
    """
    weight = found.sample.groupby("unit", sort=True)["weight"].sum()
    firms = weight.index.to_numpy()
    start = np.where(world.treated[firms], world.cohort[firms], NEVER)[:, None]
    since = np.arange(1, YEARS + 1)[None, :] - start
    used = (since < 0) | ((since >= 1) & (since <= 3))
    figure = two_way_regression(world.fte[firms], (since >= 1).astype(float), used * weight.to_numpy()[:, None])
    return dict.fromkeys(ESTIMANDS, figure)


def two_way_regression(outcome: np.ndarray, dummy: np.ndarray, weight: np.ndarray) -> Figure:
    """Coefficient of the dummy with unit and period effects; outcome, dummy, weight (n, T), weight 0 where not used.

    Least squares on deviations from unit means (Frisch–Waugh–Lovell); variance clustered on the unit, no small-sample factor.
    """
    n, periods = outcome.shape
    columns = np.empty((n, periods, periods + 1))
    columns[:, :, 0], columns[:, :, 1] = outcome, dummy
    columns[:, :, 2:] = np.eye(periods)[:, 1:]
    columns -= (np.einsum("nt,ntk->nk", weight, columns) / weight.sum(axis=1)[:, None])[:, None, :]
    y, x = columns[:, :, 0], columns[:, :, 1:]
    weighted = x * weight[:, :, None]
    bread = np.linalg.inv(np.einsum("ntj,ntk->jk", weighted, x, optimize=True))
    beta = bread @ np.einsum("ntj,nt->j", weighted, y)
    scores = np.einsum("ntj,nt->nj", weighted, y - x @ beta) @ bread[:, 0]
    return Figure(float(beta[0]), float(np.sqrt(scores @ scores)))


def _read(result) -> dict[str, Figure]:
    """The estimands from the event-time averages, with the covariance of their influence."""
    events = result.aggregate("event_time")
    figures = {}
    for estimand, times in ESTIMANDS.items():
        share = events.table["level"].isin(times).to_numpy() / len(times)
        used = share > 0
        att, covariance = events.table["att"].to_numpy()[used], events.covariance[np.ix_(used, used)]
        missing = result.table.loc[result.table["event_time"].isin(times), "att"].isna().sum()
        figures[estimand] = Figure(float(share[used] @ att), float(np.sqrt(share[used] @ covariance @ share[used])), int(missing))
    return figures


ESTIMATORS: dict[str, Callable[[World, Comparison], dict[str, Figure]]] = {
    "matched_clustered": ours,
    "copies_as_rows": copies_as_rows,
    "before_after": before_after,
    "unmatched_did": unmatched,
    "two_way": two_way,
}
