"""The matched sample as the long frame that `att_gt` takes: every unit once a cohort, followed through its event window.

A control may serve several cohorts. Each use is a row set of its own (`copy`) with covariates as they were before that
cohort; `unit_id` is the cluster, so every variance is that of the original unit.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

COVARIATES = {"company": ("log_fte", "growth", "growth_path"), "person": ("age", "employed_share", "earnings")}
WINDOW = {"company": 5, "person": 8}           # periods before and after the start


@dataclass(frozen=True)
class Stack:
    """One type and variant.

    frame       copy, unit_id (position in units), period, event_time, cohort (missing for controls), outcomes, covariates
    copies      copy, unit_id, cohort, took_part, weight and the sample's covariates and traits, a row a copy
    pairs       treated_copy, control_copy, weight: who stands in for whom; empty where no pairs were given
    units       pseudonym of each unit_id
    covariates  those that vary, in the order of the sample
    """

    frame: pd.DataFrame
    copies: pd.DataFrame
    pairs: pd.DataFrame
    units: np.ndarray
    covariates: tuple[str, ...]

    @property
    def weights(self) -> pd.DataFrame:
        """cohort, unit (= copy), weight: the table that `att_gt` takes."""
        return self.copies[["cohort", "copy", "weight"]].rename(columns={"copy": "unit"})

    @property
    def treated(self) -> pd.DataFrame:
        """The copies that took part."""
        return self.copies[self.copies["took_part"]]


def stack_cohorts(
    sample: pd.DataFrame, panel: pd.DataFrame, unit: str, outcomes: tuple[str, ...], pair: pd.DataFrame | None = None
) -> Stack:
    """Join the matched sample of one type to the panel within the event window; many to one on unit and period.

    sample: `matching.sample` rows of one type and variant; pair: `matching.pair` rows of the same; panel: unit_id, period
    and the outcome columns as floats.
    """
    copies = sample.sort_values(["cohort", "unit_id"], ignore_index=True)
    code, units = pd.factorize(copies["unit_id"], sort=True)
    copies = copies.assign(copy=np.arange(len(copies)), code=code)
    covariates = tuple(name for name in COVARIATES[unit] if copies.groupby("cohort")[name].nunique().max() > 1)
    long = copies[["copy", "code", "unit_id", "cohort", "took_part", *COVARIATES[unit]]].merge(panel, on="unit_id", how="inner")
    event = long["period"] - long["cohort"]
    inside = (event >= -WINDOW[unit]) & (event <= WINDOW[unit])
    long, event = long[inside], event[inside]
    frame = pd.DataFrame({
        "copy": long["copy"].to_numpy(), "unit_id": long["code"].to_numpy(), "period": long["period"].to_numpy(),
        "event_time": event.to_numpy(), "cohort": np.where(long["took_part"], long["cohort"], np.nan),
        **{name: long[name].to_numpy(dtype=float) for name in (*outcomes, *COVARIATES[unit])},
    })
    pairs = _pairs_of_copies(copies, pair)
    return Stack(frame, copies.assign(unit_id=code).drop(columns="code"), pairs, units.to_numpy(dtype=str), covariates)


def keep_event_times(stack: Stack, event_times: tuple[int, ...], outcome: str) -> Stack:
    """The same copies, seen at these event times only; those whose outcome is seen at none of them keep all their rows.

    No change of theirs enters either way, but they count in the size of their cohort, by which cohorts are averaged.
    """
    frame = stack.frame
    inside = frame["event_time"].isin(event_times)
    seen = frame.loc[inside & frame[outcome].notna(), "copy"]
    return replace(stack, frame=frame[inside | ~frame["copy"].isin(seen)])


def keep_treated(stack: Stack, copies: pd.Series) -> Stack:
    """Only these treated copies and the controls that stand in for them, weighted anew from their pairs."""
    pairs = stack.pairs[stack.pairs["treated_copy"].isin(copies)]
    weight = pairs.groupby("control_copy")["weight"].sum()
    kept = stack.copies[stack.copies["copy"].isin(pd.concat([pairs["treated_copy"], pairs["control_copy"]]))]
    weights = np.where(kept["took_part"], 1.0, weight.reindex(kept["copy"]).to_numpy())
    frame = stack.frame[stack.frame["copy"].isin(kept["copy"])]
    return replace(stack, frame=frame, copies=kept.assign(weight=weights), pairs=pairs)


def _pairs_of_copies(copies: pd.DataFrame, pair: pd.DataFrame | None) -> pd.DataFrame:
    """Pairs by copy; many to one on cohort and unit on either side."""
    if pair is None:
        return pd.DataFrame({"treated_copy": [], "control_copy": [], "weight": []})
    of = copies.set_index(["cohort", "unit_id"])["copy"]
    sides = {
        f"{side}_copy": of.reindex(pd.MultiIndex.from_frame(pair[["cohort", side]])).to_numpy() for side in ("treated", "control")
    }
    return pd.DataFrame({**sides, "weight": pair["weight"].to_numpy()})
