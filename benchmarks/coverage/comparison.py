"""From a world to a matched sample: candidates a cohort, their nearest controls, and the long frame that `att_gt` takes.

Nothing is estimated here. The steps are those of the matching and effects stages: exact cells, five controls with
replacement, a copy of each unit a cohort, the original unit as cluster.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.coverage.world import YEARS, World
from pipelines.matching import match_controls, weighted_balance

EXACT, COVARIATES = ("industry", "area"), ("log_fte", "growth", "growth_path")
ADJUSTED = (*COVARIATES, "fte_before")         # a change in FTE goes with FTE, not with its logarithm
RATIO, WINDOW = 5, 5


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """One world, matched.

    pairs      cohort, treated, control, weight (1 / controls found), a row a pair
    sample     cohort, unit, took_part, weight (1, or Σ 1/k), covariates: a row a unit and cohort
    treated    (m,) matched firms that joined, rising        n_lost  those that found no control
    imbalance  largest |standardised mean difference| after matching
    """

    pairs: pd.DataFrame
    sample: pd.DataFrame
    treated: np.ndarray
    n_lost: int
    imbalance: float


def compare(world: World) -> Comparison:
    """Match every cohort of a world. Both sides are active in the start year and in the four years before it."""
    pairs, samples, sides = [], [], []
    for cohort in np.unique(world.cohort[world.treated]):
        active = world.fte[:, cohort - 1] > 0
        table = world.covariates(int(cohort))
        treated = table[world.treated & (world.cohort == cohort)]
        controls = table[world.candidate & active]
        matches = match_controls(treated, controls, unit="unit", exact=EXACT, covariates=COVARIATES, ratio=RATIO)
        pairs.append(matches.table.assign(cohort=cohort))
        weight = matches.table.groupby("control", sort=True)["weight"].sum()
        treated = treated.assign(weight=treated["unit"].isin(matches.table["treated"]).astype(float), took_part=True)
        controls = controls.assign(weight=weight.reindex(controls["unit"]).fillna(0.0).to_numpy(), took_part=False)
        sides.append((treated, controls))
        samples.append(pd.concat([treated, controls]).query("weight > 0").assign(cohort=cohort))
    balance = weighted_balance(
        *(pd.concat(side) for side in zip(*sides, strict=True)), COVARIATES, treated_weight="weight", candidate_weight="weight",
    )
    sample, matched = pd.concat(samples, ignore_index=True), pd.concat(pairs, ignore_index=True)
    treated = np.unique(matched["treated"])
    return Comparison(matched, sample, treated, int(world.treated.sum()) - len(treated), balance["smd_after"].abs().max())


def by_cohort(found: Comparison) -> pd.DataFrame:
    """One copy a unit and cohort, as the pipeline has it: copy, unit, cohort, took_part, weight, covariates."""
    return found.sample.assign(copy=np.arange(len(found.sample)))


def by_pair(found: Comparison) -> pd.DataFrame:
    """One copy a pair: a control that serves ten treated stands there ten times, as if it were ten firms."""
    described = found.sample[["cohort", "unit", *ADJUSTED]]
    controls = found.pairs[["cohort", "control", "weight"]].rename(columns={"control": "unit"})
    controls = controls.merge(described, on=["cohort", "unit"], validate="many_to_one").assign(took_part=False)
    copies = pd.concat([found.sample[found.sample["took_part"]], controls], ignore_index=True)
    return copies.assign(copy=np.arange(len(copies)))


def long_frame(world: World, copies: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(frame, weights) of copies: five years before to five after the start of the copy's cohort, as far as years are seen."""
    event = np.arange(-WINDOW, WINDOW + 1)
    period = copies["cohort"].to_numpy()[:, None] + event
    row, column = np.nonzero((period >= 1) & (period <= YEARS))
    period, chosen = period[row, column], copies.iloc[row]
    frame = pd.DataFrame({
        "copy": chosen["copy"].to_numpy(), "unit_id": chosen["unit"].to_numpy(), "period": period,
        "cohort": np.where(chosen["took_part"], chosen["cohort"], np.nan), "fte": world.fte[chosen["unit"], period - 1],
        **{name: chosen[name].to_numpy() for name in ADJUSTED},
    })
    return frame, copies[["cohort", "copy", "weight"]].rename(columns={"copy": "unit"})
