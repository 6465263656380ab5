"""The effects stage: ATT(g,t), event time, summary and verdict of every type and outcome, and what jobs are counted from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.effects.group_time import att_gt
from pipelines.effects.inference import PreTrend
from pipelines.effects.sensitivity import doubt, lead_test
from pipelines.effects.stacking import Stack, stack_cohorts
from pipelines.effects.verdicts import Evidence, judge, minimum_detectable

Z = 1.959963984540054
DRAWS, SEED = 999, 2013
HORIZONS = {"company": (1, 2, 3, 5), "person": (2, 4, 8)}
HEADLINE_OUTCOME = {"company": "fte", "person": "employed"}
COMPANIES_ONLY = ("influence", "gross")
CHOICES = {"control": "never", "base_period": "universal", "balanced": "pairs", "cluster": "unit_id"}


@dataclass(frozen=True)
class Estimates:
    """Tables of the stage, named as in the warehouse; `influence` and `gross` stay in the store (companies' fte only)."""

    group_time: pd.DataFrame
    event_time: pd.DataFrame
    summary: pd.DataFrame
    subgroup: pd.DataFrame
    sensitivity: pd.DataFrame
    influence: pd.DataFrame
    gross: pd.DataFrame


@dataclass(frozen=True)
class Given:
    """What the stage reads: the matched sample, panel, cohorts and balance of one kind of unit, and what was fixed beforehand.

    panel: unit_id, period, one float column an outcome; outcomes: outcome, headline, bound; thresholds: name → value.
    """

    unit: str
    sample: pd.DataFrame
    panel: pd.DataFrame
    cohorts: pd.DataFrame
    balance: pd.DataFrame
    outcomes: pd.DataFrame
    thresholds: dict[str, float]


def estimate_effects(given: Given) -> Estimates:
    """Estimate every type of one kind of unit. See `Estimates` for what comes out."""
    parts = [_estimate_type(given, kind) for kind in sorted(given.cohorts["initiative_type"].unique())]
    return Estimates(**{
        name: pd.concat([part[name] for part in parts if not part[name].empty] or [parts[0][name]], ignore_index=True)
        for name in Estimates.__dataclass_fields__
    })


def _estimate_type(given: Given, kind: str) -> dict[str, pd.DataFrame]:
    sample = given.sample[given.sample["initiative_type"] == kind]
    headline = sample[sample["variant"] == "headline"]
    names = tuple(given.outcomes["outcome"])
    stack = stack_cohorts(headline, given.panel, given.unit, names)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in Estimates.__dataclass_fields__}
    for plan in given.outcomes.itertuples():
        result = att_gt(stack.frame, "copy", "period", "cohort", plan.outcome, stack.covariates, weights=stack.weights, **CHOICES)
        events = result.aggregate("event_time")
        leads = lead_test(events, plan.outcome)
        by_event = _event_time(result, events, stack)
        made = {
            "group_time": _group_time(result), "event_time": by_event, "subgroup": _subgroups(result),
            "summary": _summary(given, kind, plan, stack, by_event, result, leads),
        }
        if plan.outcome == HEADLINE_OUTCOME[given.unit]:
            made["sensitivity"] = doubt(sample, given.panel, stack, plan, result, leads, CHOICES, given.unit)
        if (given.unit, plan.outcome) == ("company", "fte"):
            made["influence"] = _influence(result, stack)
            tables["gross"].append(_gross(given, kind, stack, result))
        for name, table in made.items():
            tables[name].append(table.assign(outcome=plan.outcome))
    named = {"initiative_type": kind, "unit": given.unit}
    return {
        name: (pd.concat(found, ignore_index=True) if found else pd.DataFrame()).assign(
            **{key: value for key, value in named.items() if key == "initiative_type" or name not in COMPANIES_ONLY})
        for name, found in tables.items()
    }


def _group_time(result) -> pd.DataFrame:
    table = result.table[["cohort", "period", "att", "se", "n_treated", "n_control"]].copy()
    return _with_interval(table.assign(event_time=table["period"] - table["cohort"]))


def _event_time(result, events, stack: Stack) -> pd.DataFrame:
    """Analytic pointwise intervals, simultaneous bands from the multiplier bootstrap, and how many units they rest on."""
    drawn = result.aggregate("event_time", draws=DRAWS, seed=SEED).table
    table = events.table[["level", "att", "se", "low", "high", "n_treated"]].rename(columns={"level": "event_time"})
    cells = result.table[result.table["att"].notna()]
    controls = stack.frame[stack.frame["cohort"].isna()].drop_duplicates("copy").set_index("copy")["unit_id"]
    use = stack.weights[stack.weights["unit"].isin(controls.index)]
    by_cohort = {cohort: controls.loc[part["unit"]].to_numpy() for cohort, part in use.groupby("cohort")}
    n_control = [
        np.unique(np.concatenate([by_cohort[g] for g in part["cohort"]])).size for _, part in cells.groupby("event_time")
    ]
    return table.assign(band_low=drawn["band_low"], band_high=drawn["band_high"], n_control=n_control)


def _with_interval(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(low=table["att"] - Z * table["se"], high=table["att"] + Z * table["se"])


def _summary(given: Given, kind: str, plan, stack: Stack, by_event: pd.DataFrame, result, leads: PreTrend | None) -> pd.DataFrame:
    table = by_event.set_index("event_time")
    changes = _treated_changes(stack, plan.outcome, result)
    largest = given.balance.loc[given.balance["initiative_type"] == kind, "smd_after"].abs().max()
    start = given.cohorts.loc[given.cohorts["initiative_type"] == kind, "cohort"]
    last = int(given.panel["period"].max())
    rows = []
    for horizon in HORIZONS[given.unit]:
        reached = int((start + horizon <= last).sum())
        row = table.loc[horizon] if horizon in table.index else pd.Series({"att": np.nan, "se": np.nan, "n_treated": 0, "n_control": 0})
        here = changes[changes["event_time"] == horizon]
        treated = int(row["n_treated"])
        evidence = Evidence(
            att=row["att"], se=row["se"], bound=plan.bound, pretrend_p=np.nan if leads is None else leads.p_value, imbalance=largest,
            covered=treated / reached if reached else 0.0, observed=reached > 0,
        )
        verdict, reason = judge(evidence, given.thresholds)
        after = here["after"].mean() if len(here) else np.nan
        counterfactual = after - row["att"]
        low, high = row["att"] - Z * row["se"], row["att"] + Z * row["se"]
        rows.append({
            "horizon": horizon, "headline": horizon == plan.headline, "att": row["att"], "se": row["se"], "low": low, "high": high,
            "gross_mean": here["change"].mean() if len(here) else np.nan, "counterfactual_mean": counterfactual,
            **_percent(after, row["att"], low, high), "n_treated": treated, "n_control": int(row["n_control"]),
            "n_not_estimated": int(len(start) - treated), "verdict": verdict, "reason": reason,
            "minimum_detectable": minimum_detectable(row["se"], given.thresholds),
        })
    return pd.DataFrame(rows)


def _percent(after: float, att: float, low: float, high: float) -> dict[str, float]:
    """ATT ÷ counterfactual mean, each end of the interval with the counterfactual that belongs to it; missing if that is ≤ 0."""
    ends = {"percent": att, "percent_low": low, "percent_high": high}
    safe = np.isfinite(after) and after - high > 0
    return {name: 100.0 * value / (after - value) if safe else np.nan for name, value in ends.items()}


def _treated_changes(stack: Stack, outcome: str, result) -> pd.DataFrame:
    """Treated units seen in the period and in the one before their start, in cells that are estimated."""
    frame = stack.frame[stack.frame["cohort"].notna() & stack.frame[outcome].notna()]
    base = frame[frame["period"] == frame["cohort"] - 1].set_index("copy")[outcome]
    estimated = result.table.loc[result.table["att"].notna(), ["cohort", "period"]]
    rows = frame.merge(estimated, on=["cohort", "period"], validate="many_to_one")
    rows = rows[rows["copy"].isin(base.index)]
    before = base.reindex(rows["copy"]).to_numpy()
    return pd.DataFrame({
        "copy": rows["copy"].to_numpy(), "unit_id": rows["unit_id"].to_numpy(), "cohort": rows["cohort"].to_numpy(dtype=int),
        "period": rows["period"].to_numpy(), "event_time": (rows["period"] - rows["cohort"]).to_numpy(dtype=int),
        "after": rows[outcome].to_numpy(), "change": rows[outcome].to_numpy() - before,
    })


def _subgroups(result) -> pd.DataFrame:
    """The overall number and the effect by cohort; `level` is the cohort or "all"."""
    simple, cohorts = result.aggregate("simple"), result.aggregate("cohort")
    overall = pd.DataFrame([{"dimension": "overall", "level": "all", "att": simple.att, "se": simple.se}])
    by_cohort = cohorts.table.assign(dimension="cohort", level=cohorts.table["level"].astype(int).astype(str))
    treated = result.table[result.table["att"].notna() & (result.table["period"] >= result.table["cohort"])]
    largest = treated.groupby("cohort")["n_treated"].max()
    overall["n_treated"] = int(largest.sum())
    columns = ["dimension", "level", "att", "se", "n_treated"]
    by_cohort["n_treated"] = cohorts.table["level"].map(largest).fillna(0).astype(int).to_numpy()
    return _with_interval(pd.concat([overall, by_cohort[columns]], ignore_index=True))


def _influence(result, stack: Stack) -> pd.DataFrame:
    """Influence of each original company on each ATT(g,t) from the start year on: se² = Σ influence²."""
    table = result.table.reset_index(drop=True)
    wanted = table.index[table["att"].notna() & (table["period"] >= table["cohort"])]
    by_copy = stack.frame.drop_duplicates("copy").set_index("copy")["unit_id"]
    part = result.influence[:, wanted].tocoo()
    frame = pd.DataFrame({
        "unit_id": by_copy.reindex(np.asarray(result.units)[part.row]).to_numpy(), "cell": part.col, "influence": part.data,
    }).groupby(["cell", "unit_id"], sort=True)["influence"].sum().reset_index()
    cell = table.iloc[wanted].reset_index(drop=True).loc[frame["cell"]].reset_index(drop=True)
    return pd.DataFrame({
        "cohort": cell["cohort"].astype(int), "period": cell["period"].astype(int), "unit_id": stack.units[frame["unit_id"]],
        "influence": frame["influence"], "n_treated": cell["n_treated"].astype(int),
    })


def _gross(given: Given, kind: str, stack: Stack, result) -> pd.DataFrame:
    """`effect.gross`: per cohort and year, the estimated companies' summed change, n and support, and the same of the others."""
    cohorts = given.cohorts[given.cohorts["initiative_type"] == kind]
    values = given.panel[given.panel["unit_id"].isin(cohorts["unit_id"])].set_index(["unit_id", "period"])["fte"]
    estimated = _treated_changes(stack, "fte", result)
    estimated["unit_id"] = stack.units[estimated["unit_id"]]
    rows = []
    for cohort, members in cohorts.groupby("cohort", sort=True):
        base = values.reindex(pd.MultiIndex.from_product([members["unit_id"], [cohort - 1]])).to_numpy()
        for period in range(int(cohort), int(given.panel["period"].max()) + 1):
            inside = estimated[(estimated["cohort"] == cohort) & (estimated["period"] == period)]
            covered = members["unit_id"].isin(inside["unit_id"]).to_numpy()
            now = values.reindex(pd.MultiIndex.from_product([members["unit_id"], [period]])).to_numpy()
            rows.append({
                "cohort": int(cohort), "period": period, "n_treated": len(inside), "n_not_estimated": int((~covered).sum()),
                "gross": float(inside["change"].sum()), "gross_not_estimated": float(np.nansum((now - base)[~covered])),
                "support_dkk": int((members.loc[covered, "support_dkk"] * 100).round().astype("int64").sum()) / 100,
            })
    return pd.DataFrame(rows)
