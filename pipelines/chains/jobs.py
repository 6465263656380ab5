"""Jobs from gross to net: by type and event time, by calendar year, and for all types together.

Gross, net, support and n refer to the same matched, observed companies; the rest is `n_not_estimated` with its gross beside
it. n_g is known, so the variance of net is that of Σ n_g × ATT(g, t) from the influence of each original company.
"""

import numpy as np
import pandas as pd

from pipelines.chains.cost import cost_per_job

TOTAL_COLUMNS = (
    "event_time", "n_treated", "n_not_estimated", "gross", "deadweight", "net", "net_low", "net_high", "sum_of_types", "overlap",
)
Z = 1.959963984540054                # two-sided 95 % of the normal distribution


def jobs_by_event_time(gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame) -> pd.DataFrame:
    """`effect.jobs`: one row a type and event time from 0 on.

    gross: `effect.gross` (initiative_type, cohort, period, n_treated, n_not_estimated, gross, gross_not_estimated, support_dkk);
    group_time: `effect.group_time`; influence: `effect.influence` (…, unit_id, influence).
    """
    return _count(gross, group_time, influence, ["initiative_type"], "event_time")


def jobs_by_year(gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame) -> pd.DataFrame:
    """`effect.jobs_by_year`: net_t = Σ over cohorts g ≤ t of n_g × ATT(g, t), one row a type and calendar year."""
    return _count(gross, group_time, influence, ["initiative_type"], "year")


def jobs_in_total(
    gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame, jobs: pd.DataFrame, companies: pd.DataFrame
) -> pd.DataFrame:
    """`effect.total`: the effect of first participation in any type, by event time.

    Each company is in one type only (its first), so the total is the sum; controls are shared, which the joint influence
    carries. `sum_of_types` is what the types would claim if each counted every company that ever took part in it
    (`companies`: company, initiative_type, start, project), at its own average effect; the excess is the overlap.
    """
    total = _count(gross, group_time, influence, [], "event_time")
    once = companies.sort_values(["company", "start", "project"]).drop_duplicates(["company", "initiative_type"])
    first = once.drop_duplicates("company")["initiative_type"].value_counts()
    claimed = jobs.assign(claim=jobs["net"] * jobs["initiative_type"].map(once["initiative_type"].value_counts() / first).astype(float))
    total["sum_of_types"] = total["event_time"].map(claimed.groupby("event_time")["claim"].sum())
    total["overlap"] = total["sum_of_types"] - total["net"]
    return total[list(TOTAL_COLUMNS)]


def _count(
    gross: pd.DataFrame, group_time: pd.DataFrame, influence: pd.DataFrame, by: list[str], axis: str
) -> pd.DataFrame:
    cells = _post_cells(gross, group_time)
    if axis == "event_time":
        cells = cells[cells["event_time"] <= cells.loc[cells["n_treated"] > 0, "event_time"].max()]
    keys = [*by, axis]
    sums = ["n_treated", "n_not_estimated", "gross", "gross_not_estimated", "support_dkk", "net"]
    table = cells.groupby(keys, sort=True)[sums].sum().reset_index()
    table["support_dkk"] = table["support_dkk"] / 100
    table["n_treated"] = table["n_treated"].astype("int32")
    table["n_not_estimated"] = table["n_not_estimated"].astype("int32")
    table["deadweight"] = table["gross"] - table["net"]
    se = _standard_error(cells, influence, keys)
    width = Z * se.reindex(pd.MultiIndex.from_frame(table[keys]) if len(keys) > 1 else pd.Index(table[keys[0]])).to_numpy()
    table["net_low"], table["net_high"] = table["net"] - width, table["net"] + width
    empty = table["n_treated"] == 0
    table.loc[empty, ["gross", "deadweight", "net", "net_low", "net_high"]] = np.nan
    return pd.concat([table, cost_per_job(table)], axis=1)


def _post_cells(gross: pd.DataFrame, group_time: pd.DataFrame) -> pd.DataFrame:
    """One row a type, cohort and year from the start year on, with net = n × ATT where it is estimated."""
    employment = group_time[(group_time["unit"] == "company") & (group_time["outcome"] == "fte")]
    atts = employment.set_index(["initiative_type", "cohort", "period"])["att"]
    cells = gross[gross["period"] >= gross["cohort"]].copy()
    att = atts.reindex(pd.MultiIndex.from_frame(cells[["initiative_type", "cohort", "period"]])).to_numpy(dtype=float)
    cells["net"] = np.where(cells["n_treated"] > 0, cells["n_treated"] * att, 0.0)
    cells["support_dkk"] = (cells["support_dkk"] * 100).round().astype("int64")          # øre, so that sums are exact
    cells["event_time"] = (cells["period"] - cells["cohort"]).astype("int32")
    cells["year"] = cells["period"].astype("int32")
    return cells


def _standard_error(cells: pd.DataFrame, influence: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Root of the sum over original companies of their squared summed influence on Σ n_g × ATT(g, t)."""
    weight = cells[["initiative_type", "cohort", "period", *[key for key in keys if key != "initiative_type"], "n_treated"]]
    joined = influence[["initiative_type", "cohort", "period", "unit_id", "influence"]].merge(weight, on=["initiative_type", "cohort", "period"], validate="many_to_one")
    joined["share"] = joined["influence"] * joined["n_treated"]
    by_unit = joined.groupby([*keys, "unit_id"], sort=True)["share"].sum()
    return np.sqrt((by_unit**2).groupby(level=list(range(len(keys)))).sum())
