"""The matched sample as the long frame that `att_gt` takes: every unit once a cohort, followed through its event window.

A control may serve several cohorts. Each use is a row set of its own (`copy`) with covariates as they were before that
cohort; `unit_id` is the cluster, so every variance is that of the original unit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

COVARIATES = {"company": ("log_fte", "growth", "growth_path"), "person": ("age", "employed_share", "earnings")}
WINDOW = {"company": 5, "person": 8}           # periods before and after the start


@dataclass(frozen=True)
class Stack:
    """One type. frame: copy, unit_id (integer), period, cohort (missing for controls), outcomes, covariates.

    weights: cohort, unit (= copy), weight; units: pseudonym of each integer unit_id.
    """

    frame: pd.DataFrame
    weights: pd.DataFrame
    units: np.ndarray
    covariates: tuple[str, ...]


def stack_cohorts(sample: pd.DataFrame, panel: pd.DataFrame, unit: str, outcomes: tuple[str, ...]) -> Stack:
    """Join the matched sample of one type to the panel within the event window; many to one on unit and period.

    sample: `matching.sample` rows of one type and variant; panel: unit_id, period and the outcome columns as floats.
    """
    copies = sample.sort_values(["cohort", "unit_id"], ignore_index=True)
    code, units = pd.factorize(copies["unit_id"], sort=True)
    copies = copies.assign(copy=np.arange(len(copies)), cluster=code)
    covariates = tuple(name for name in COVARIATES[unit] if copies.groupby("cohort")[name].nunique().max() > 1)
    long = copies[["copy", "cluster", "unit_id", "cohort", "took_part", *covariates]].merge(panel, on="unit_id", how="inner")
    event = long["period"] - long["cohort"]
    long = long[(event >= -WINDOW[unit]) & (event <= WINDOW[unit])]
    frame = pd.DataFrame({
        "copy": long["copy"].to_numpy(), "unit_id": long["cluster"].to_numpy(), "period": long["period"].to_numpy(),
        "cohort": np.where(long["took_part"], long["cohort"], np.nan),
        **{name: long[name].to_numpy(dtype=float) for name in (*outcomes, *covariates)},
    })
    weights = copies[["cohort", "copy", "weight"]].rename(columns={"copy": "unit"})
    return Stack(frame, weights, units.to_numpy(dtype=str), covariates)
