"""The effects stage: ATT(g,t), event time, summary and verdict of every type and outcome, their doubts, and types side by side."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipelines.effects.across_types import Compared, compare_types, shrink_projects
from pipelines.effects.horizon import Effect, estimate, read_effect
from pipelines.effects.inference import NORMAL_95, PreTrend
from pipelines.effects.sensitivity import control_definitions, doubt, lead_test
from pipelines.effects.stacking import Stack, stack_cohorts
from pipelines.effects.subgroups import subgroup_effects, too_small
from pipelines.effects.verdicts import Evidence, judge, minimum_detectable, participants_needed

DRAWS, SEED = 999, 2013
HORIZONS = {"company": (1, 2, 3, 5), "person": (2, 4, 8)}
HEADLINE, AT_START = "headline", "untreated_at_start"
STORED = ("influence", "gross")


@dataclass(frozen=True)
class Estimates:
    """Tables of the stage, named as in the warehouse; `influence` and `gross` stay in the store (companies' fte only)."""

    group_time: pd.DataFrame
    event_time: pd.DataFrame
    summary: pd.DataFrame
    subgroup: pd.DataFrame
    sensitivity: pd.DataFrame
    comparison: pd.DataFrame
    influence: pd.DataFrame
    gross: pd.DataFrame


@dataclass(frozen=True)
class Given:
    """What the stage reads of one kind of unit, and what was fixed beforehand.

    sample, pair, balance   `matching.sample`, `matching.pair`, `effect.balance` of this unit
    panel                   unit_id, period, one float column an outcome
    cohorts                 one row a unit: unit_id, initiative_type, cohort, project, region, fund, support_dkk
    entries                 `panel.entry` of this unit
    outcomes                outcome, bound; headlines: initiative_type, outcome, horizon; thresholds: name → value
    surroundings            entry of new companies by section, commuting area and period; None for persons
    """

    unit: str
    sample: pd.DataFrame
    pair: pd.DataFrame
    panel: pd.DataFrame
    cohorts: pd.DataFrame
    entries: pd.DataFrame
    balance: pd.DataFrame
    outcomes: pd.DataFrame
    headlines: pd.DataFrame
    thresholds: dict[str, float]
    surroundings: pd.Series | None = None


@dataclass(frozen=True)
class Type:
    """One initiative type as it is estimated: what leads, and who its participants are."""

    kind: str
    unit: str
    outcome: str                                   # the leading outcome
    horizon: int
    bound: float                                   # X of the leading outcome
    thresholds: dict[str, float]
    cohorts: pd.DataFrame = field(repr=False)
    also_joined: dict[str, set[str]] = field(repr=False)
    surroundings: pd.Series | None = field(repr=False)

    @property
    def project(self) -> pd.Series:
        """unit_id → project of the first participation."""
        return self.cohorts.set_index("unit_id")["project"]

    @property
    def multiple(self) -> set[str]:
        """Units that later took part in another type."""
        return set().union(*self.also_joined.values())


def estimate_effects(given: Given) -> Estimates:
    """Estimate every type of one kind of unit. See `Estimates` for what comes out."""
    kinds = sorted(given.cohorts["initiative_type"].unique())
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in Estimates.__dataclass_fields__}
    compared: list[Compared] = []
    projects: dict[tuple[str, str], tuple[Effect, np.ndarray]] = {}
    for kind in kinds:
        made, effects, by_project = _estimate_type(given, _type(given, kind))
        compared += effects
        projects |= by_project
        for name, table in made.items():
            tables[name].append(table)
    whole = {name: pd.concat(found, ignore_index=True) if found else pd.DataFrame() for name, found in tables.items()}
    whole["comparison"] = compare_types(compared).assign(unit=given.unit)
    whole["subgroup"] = shrink_projects(whole["subgroup"], projects)
    return Estimates(**whole)


def _type(given: Given, kind: str) -> Type:
    headline = given.headlines.set_index("initiative_type").loc[kind]
    cohorts = given.cohorts[given.cohorts["initiative_type"] == kind]
    later = given.entries[given.entries["unit_id"].isin(cohorts["unit_id"]) & (given.entries["position"] > 1)]
    return Type(
        kind=kind, unit=given.unit, outcome=headline["outcome"], horizon=int(headline["horizon"]),
        bound=float(given.outcomes.set_index("outcome")["bound"][headline["outcome"]]), thresholds=given.thresholds,
        cohorts=cohorts, also_joined={other: set(rows) for other, rows in later.groupby("initiative_type")["unit_id"]},
        surroundings=given.surroundings,
    )


def _estimate_type(given: Given, of: Type) -> tuple[dict[str, pd.DataFrame], list[Compared], dict]:
    names = tuple(given.outcomes["outcome"])
    sample = given.sample[given.sample["initiative_type"] == of.kind]
    pair = given.pair[given.pair["initiative_type"] == of.kind]
    stack = stack_cohorts(sample[sample["variant"] == HEADLINE], given.panel, given.unit, names, pair)
    variants = {
        name: stack_cohorts(part, given.panel, given.unit, names) for name, part in sample.groupby("variant") if name != HEADLINE
    }
    first = given.entries[given.entries["position"] == 1].set_index("unit_id")["cohort"]
    tables: dict[str, list[pd.DataFrame]] = {}
    compared, projects = [], {}
    for plan in given.outcomes.itertuples():
        result = estimate(stack, plan.outcome)
        events = result.aggregate("event_time")
        leads = lead_test(events, plan.outcome)
        others = control_definitions(variants[AT_START], first, plan.outcome, of.horizon) if AT_START in variants else {}
        by_event = _event_time(result, events, stack)
        summary = _summary(given, of, plan, stack, by_event, result, leads, others)
        made = {"group_time": _group_time(result), "event_time": by_event, "summary": summary, "subgroup": cohort_effects(of, result)}
        headline = read_effect(result, stack, of.horizon)
        verdict = summary.loc[summary["headline"], "verdict"].iloc[0]
        compared.append(Compared(of.kind, plan.outcome, of.horizon, headline, stack.units, verdict))
        if plan.outcome == of.outcome:
            made["sensitivity"] = doubt(of, stack, variants, headline, events, leads, others)
            groups, by_project = subgroup_effects(of, stack, variants)
            made["subgroup"] = pd.concat([made["subgroup"], groups], ignore_index=True)
            projects = {(of.kind, project): (effect, stack.units) for project, effect in by_project.items()}
        if (given.unit, plan.outcome) == ("company", "fte"):
            made["influence"] = _influence(result, stack)
            tables["gross"] = [_gross(given, of, stack, result)]
        for name, table in made.items():
            tables.setdefault(name, []).append(table.assign(outcome=plan.outcome))
    named = {"initiative_type": of.kind, "unit": given.unit}
    return {
        name: pd.concat(found, ignore_index=True).assign(
            **{key: value for key, value in named.items() if key == "initiative_type" or name not in STORED})
        for name, found in tables.items()
    }, compared, projects


def _group_time(result) -> pd.DataFrame:
    table = result.table[["cohort", "period", "att", "se", "n_treated", "n_control", "max_propensity", "n_trimmed", "reason"]].copy()
    return _with_interval(table.assign(event_time=table["period"] - table["cohort"]))


def _event_time(result, events, stack: Stack) -> pd.DataFrame:
    """Analytic pointwise intervals, simultaneous bands from the multiplier bootstrap, and how many units they rest on."""
    drawn = result.aggregate("event_time", draws=DRAWS, seed=SEED).table
    table = events.table[["level", "att", "se", "low", "high", "n_treated"]].rename(columns={"level": "event_time"})
    cells = result.table[result.table["att"].notna()]
    seen = stack.copies[~stack.copies["took_part"] & stack.copies["copy"].isin(stack.frame["copy"])]
    by_cohort = {cohort: part.to_numpy() for cohort, part in seen.groupby("cohort")["unit_id"]}
    n_control = [
        np.unique(np.concatenate([by_cohort[g] for g in part["cohort"]])).size for _, part in cells.groupby("event_time")
    ]
    return table.assign(band_low=drawn["band_low"], band_high=drawn["band_high"], n_control=n_control)


def _with_interval(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(low=table["att"] - NORMAL_95 * table["se"], high=table["att"] + NORMAL_95 * table["se"])


def _summary(
    given: Given, of: Type, plan, stack: Stack, by_event: pd.DataFrame, result, leads: PreTrend | None, others: dict[str, Effect]
) -> pd.DataFrame:
    """`effect.summary` of one outcome. The other definitions of a control speak at the headline's horizon only."""
    table = by_event.set_index("event_time")
    changes = _treated_changes(stack, plan.outcome, result)
    largest = given.balance.loc[given.balance["initiative_type"] == of.kind, "smd_after"].abs().max()
    start = of.cohorts["cohort"]
    last = int(given.panel["period"].max())
    weights = stack.copies[~stack.copies["took_part"]].groupby("unit_id")["weight"].sum().to_numpy()
    rows = []
    for horizon in HORIZONS[given.unit]:
        reached = int((start + horizon <= last).sum())
        row = table.loc[horizon] if horizon in table.index else pd.Series({"att": np.nan, "se": np.nan, "n_treated": 0, "n_control": 0})
        here = changes[changes["event_time"] == horizon]
        treated, headline = int(row["n_treated"]), horizon == of.horizon
        evidence = Evidence(
            att=row["att"], se=row["se"], bound=plan.bound, pretrend_p=np.nan if leads is None else leads.p_value, imbalance=largest,
            covered=treated / reached if reached else 0.0, observed=reached > 0,
            others=tuple((name, effect.att, effect.se) for name, effect in others.items()) if headline else (),
        )
        verdict, reason = judge(evidence, given.thresholds)
        after = here["after"].mean() if len(here) else np.nan
        low, high = row["att"] - NORMAL_95 * row["se"], row["att"] + NORMAL_95 * row["se"]
        rows.append({
            "horizon": horizon, "headline": headline, "leading": headline and plan.outcome == of.outcome,
            "att": row["att"], "se": row["se"], "low": low, "high": high,
            "gross_mean": here["change"].mean() if len(here) else np.nan, "counterfactual_mean": after - row["att"],
            **_percent(after, row["att"], low, high), "n_treated": treated, "n_control": int(row["n_control"]),
            "effective_controls": float(weights.sum() ** 2 / (weights @ weights)) if weights.size else np.nan,
            "n_not_estimated": int(len(start) - treated), "verdict": verdict, "reason": reason,
            "minimum_detectable": minimum_detectable(row["se"], given.thresholds),
            "participants_needed": participants_needed(treated, row["se"], plan.bound, given.thresholds),
        })
    return pd.DataFrame(rows).astype({"participants_needed": "Int64"})


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


def cohort_effects(of: Type, result) -> pd.DataFrame:
    """The overall number and the effect by cohort, if it is large enough; `level` is the cohort or "all"."""
    simple, cohorts = result.aggregate("simple"), result.aggregate("cohort")
    overall = pd.DataFrame([{"dimension": "overall", "level": "all", "att": simple.att, "se": simple.se}])
    by_cohort = cohorts.table.assign(dimension="cohort", level=cohorts.table["level"].astype(int).astype(str))
    treated = result.table[result.table["att"].notna() & (result.table["period"] >= result.table["cohort"])]
    largest = treated.groupby("cohort")["n_treated"].max()
    overall["n_treated"] = int(largest.sum())
    columns = ["dimension", "level", "att", "se", "n_treated"]
    by_cohort["n_treated"] = cohorts.table["level"].map(largest).fillna(0).astype(int).to_numpy()
    small = by_cohort["n_treated"] < of.thresholds["subgroup_minimum"]
    by_cohort["reason"] = np.where(small, too_small(of), cohorts.table["reason"])
    by_cohort.loc[small, ["att", "se"]] = np.nan
    overall["reason"] = simple.reason
    return _with_interval(pd.concat([overall, by_cohort[[*columns, "reason"]]], ignore_index=True))


def _influence(result, stack: Stack) -> pd.DataFrame:
    """Influence of each original company on each ATT(g,t) from the start year on: se² = Σ influence²."""
    table = result.table.reset_index(drop=True)
    wanted = table.index[table["att"].notna() & (table["period"] >= table["cohort"])]
    by_copy = stack.copies.set_index("copy")["unit_id"]
    part = result.influence[:, wanted].tocoo()
    frame = pd.DataFrame({
        "unit_id": by_copy.reindex(np.asarray(result.units)[part.row]).to_numpy(), "cell": part.col, "influence": part.data,
    }).groupby(["cell", "unit_id"], sort=True)["influence"].sum().reset_index()
    cell = table.iloc[wanted].reset_index(drop=True).loc[frame["cell"]].reset_index(drop=True)
    return pd.DataFrame({
        "cohort": cell["cohort"].astype(int), "period": cell["period"].astype(int), "unit_id": stack.units[frame["unit_id"]],
        "influence": frame["influence"], "n_treated": cell["n_treated"].astype(int),
    })


def _gross(given: Given, of: Type, stack: Stack, result) -> pd.DataFrame:
    """`effect.gross`: per cohort and year, the estimated companies' summed change, n and support, and the same of the others."""
    cohorts = of.cohorts
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
