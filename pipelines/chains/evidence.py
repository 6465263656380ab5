"""What a release says that a new project can be planned from: the effect to expect of a type, and how far projects lie apart.

Belongs here: reading the released tables and drawing what is to be expected from them. What a project of some size makes
of it is in `plan`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

Z = 1.959963984540054                # two-sided 95 % of the normal distribution
CONTROLS_EACH = 5                    # that matching finds for a participant
FEWEST = 3                           # estimates that have a distribution to shrink towards
MIXES = {"size_mix": "size_band", "industry_mix": "section"}


class PlanError(ValueError):
    """A project that cannot be planned as asked: one sentence on what to change."""


@dataclass(frozen=True, eq=False)
class Released:
    """The tables of one release that a plan rests on, as their contracts have them."""

    summary: pd.DataFrame
    event_time: pd.DataFrame
    comparison: pd.DataFrame
    subgroup: pd.DataFrame
    jobs: pd.DataFrame
    links: pd.DataFrame = field(default_factory=pd.DataFrame)
    results: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Evidence:
    """What to expect of a participant of one type, in the outcome's unit, at one horizon (years since the start).

    mean, variance       net effect a participant, shrunken towards the other types, and the variance of the type's mean about it
    between              variance of a new project's mean effect about that of the type's past projects: ω² (1 + Σ share²), ω² the
                         variance between projects, share each past project's part of the participants
    unit_variance        of one participant's or control's change, given what was matched on
    reuse                variance that no further participant removes, in unit variances: controls that serve several
    gross, gross_between participants' own change, and its variance between types; missing outside FTE
    support_dkk          paid a participant; missing outside FTE
    basis                "type", or "other_types" where the type's own effect cannot be used
    """

    mean: float
    variance: float
    between: float
    unit_variance: float
    reuse: float
    gross: float
    gross_between: float
    support_dkk: float
    basis: str


def read_released(warehouse: Path) -> Released:
    """The tables of a warehouse, which is opened read-only."""
    tables = {
        "summary": "effect.summary", "event_time": "effect.event_time", "comparison": "effect.comparison",
        "subgroup": "effect.subgroup", "jobs": "effect.jobs", "links": "chain.link", "results": "chain.result",
    }
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return Released(**{name: con.table(table).df() for name, table in tables.items()})


def headline_horizon(released: Released) -> int:
    """The horizon that the release leads with for jobs. Raises PlanError where it has no effect on jobs."""
    found = released.summary.query("headline and unit == 'company' and outcome == 'fte'")["horizon"]
    if found.empty:
        raise PlanError("the release holds no effect on jobs to plan from: run the job with companies first")
    return int(found.min())


def evidence(
    released: Released, initiative_type: str, horizon: int, outcome: str = "fte", **mixes: Mapping[str, float] | None
) -> Evidence:
    """What to expect of a participant of the type. `size_mix` and `industry_mix` give shares by size band and section.

    The mean is the release's shrunken effect where it has one at this horizon (`effect.comparison`); at other horizons the
    same idea with independent errors: μ + b (att − μ), b = τ² / (τ² + se²), of variance b se² + (1 − b)² var(μ). A type that
    is not comparable or not estimated is given the mean of the others, with variance τ² + var(μ).
    Raises PlanError where nothing was estimated at the horizon, or for an unknown level of a mix.
    """
    types = types_at(released, outcome, horizon)
    usable = types[types["usable"]]
    if usable.empty:
        raise PlanError(f"the release holds no comparable effect {horizon} years after the start: plan with another --horizon")
    mean, variance, mu, tau = _expected(released, usable, initiative_type, outcome, horizon)
    pace = _pace(released, mu, outcome, horizon)
    projects = _subgroups(released, outcome, "project")
    between = between_variance(projects["att"], projects["se"], projects["initiative_type"])
    between = tau if np.isnan(between) else between * pace**2
    unit_variance, reuse = _noise(types, initiative_type)
    shift, extra = 0.0, 0.0
    for mix, shares in mixes.items():
        if shares:
            found = _mixed(released, initiative_type, outcome, MIXES[mix], shares)
            shift, extra, unit_variance = shift + pace * found[0], extra + pace**2 * found[1], unit_variance * found[2]
    gross, gross_between, support = _jobs(released, initiative_type, horizon) if outcome == "fte" else (np.nan,) * 3
    return Evidence(
        mean + shift, variance + extra, between * (1 + _concentration(projects, initiative_type)), unit_variance, reuse,
        gross + shift, gross_between, support, "type" if initiative_type in usable.index else "other_types",
    )


def types_at(released: Released, outcome: str, horizon: int) -> pd.DataFrame:
    """By type: att, se, n_treated, effective_controls at a horizon, and whether the estimate is usable.

    A horizon that `effect.summary` leaves out is judged by the verdict of the headline's.
    """
    path = released.event_time.query("unit == 'company' and outcome == @outcome")
    table = path[path["event_time"] == horizon].set_index("initiative_type")[["att", "se", "n_treated", "n_control"]].astype(float)
    judged = released.summary.query("unit == 'company' and outcome == @outcome")
    kish = judged.groupby("initiative_type")["effective_controls"].max()
    most = path.groupby("initiative_type")["n_control"].max()
    share = table["n_control"] / most.reindex(table.index)      # `effective_controls` counts before cohorts end
    table["effective_controls"] = (kish.reindex(table.index) * share).astype(float)
    own = judged[judged["horizon"] == horizon].set_index("initiative_type")["verdict"]
    verdict = own.reindex(table.index).fillna(judged[judged["headline"]].set_index("initiative_type")["verdict"].reindex(table.index))
    table["usable"] = (table["se"] > 0) & table["att"].notna() & ~verdict.isin(["not_comparable"])
    return table.sort_index()


def between_variance(estimate: pd.Series, error: pd.Series, group: pd.Series) -> float:
    """Variance of true effects about their group's mean, from estimates (n,) with standard errors; missing without a pair.

    DerSimonian & Laird (1986) summed over groups: (Q − df) / tr P, P the residual maker of weighted means. As few estimates
    can make it 0 it is held above Var / |smallest| = 2 / tr P (Armstrong, Kolesár & Plagborg-Møller 2022), as types are.
    Errors are taken as independent: shared controls make projects of a type lie closer, so that this is rather small.
    """
    table = pd.DataFrame({"x": estimate, "w": 1.0 / error.astype(float) ** 2, "group": group}).dropna()
    excess = trace = 0.0
    for _, part in table.groupby("group", sort=True):
        weights, x = part["w"].to_numpy(), part["x"].to_numpy(dtype=float)
        total = weights.sum()
        excess += weights @ (x - weights @ x / total) ** 2 - (len(x) - 1)
        trace += total - weights @ weights / total if len(x) > 1 else 0.0
    return max(excess, 2.0) / trace if trace > 0 else np.nan


def _expected(
    released: Released, usable: pd.DataFrame, kind: str, outcome: str, horizon: int
) -> tuple[float, float, float, float]:
    """Mean and variance of the type's effect, mean over the types, variance between them."""
    att, se = usable["att"].to_numpy(), usable["se"].to_numpy()
    tau = between_variance(usable["att"], usable["se"], pd.Series(0, usable.index))
    if len(usable) < FEWEST:
        tau = np.inf if np.isnan(tau) else tau
    weight = 1.0 / (se**2 + (0.0 if np.isinf(tau) else tau))
    mu, mu_variance = float(weight @ att / weight.sum()), float(1 / weight.sum())
    if kind not in usable.index:
        if len(usable) < FEWEST:
            raise PlanError(f"{kind} has no usable effect at this horizon and too few other types do: plan with another --horizon")
        return mu, tau + mu_variance, mu, tau
    own = usable.loc[kind]
    shrunken = released.comparison.query(
        "initiative_type == @kind and unit == 'company' and outcome == @outcome and horizon == @horizon").dropna(subset=["shrunken"])
    if len(shrunken):
        row = shrunken.iloc[0]
        return float(row["shrunken"]), float((row["shrunken_high"] - row["shrunken_low"]) / (2 * Z)) ** 2, mu, tau
    if len(usable) < FEWEST:
        return float(own["att"]), float(own["se"] ** 2), mu, 0.0 if np.isinf(tau) else tau
    keep = tau / (tau + own["se"] ** 2)
    return float(mu + keep * (own["att"] - mu)), float(keep * own["se"] ** 2 + (1 - keep) ** 2 * mu_variance), mu, tau


def _pace(released: Released, mu: float, outcome: str, horizon: int) -> float:
    """Mean effect at the horizon over that at the headline, where projects and mixes were estimated: they grow alike."""
    path = types_at(released, outcome, headline_horizon(released))
    path = path[path["usable"]]
    if path.empty:
        return 1.0
    tau = between_variance(path["att"], path["se"], pd.Series(0, path.index))
    weight = 1.0 / (path["se"] ** 2 + (0.0 if np.isnan(tau) else tau))
    at_headline = float((weight * path["att"]).sum() / weight.sum())
    return max(mu / at_headline, 0.0) if at_headline > 0 else 1.0


def _concentration(projects: pd.DataFrame, kind: str) -> float:
    """Σ share² over the type's projects; 0 without any, where the other types stand for it."""
    n = projects.loc[projects["initiative_type"] == kind, "n_treated"].to_numpy(dtype=float)
    return float((n**2).sum() / n.sum() ** 2) if n.sum() > 0 else 0.0


def _noise(types: pd.DataFrame, kind: str) -> tuple[float, float]:
    """Unit variance and reuse: se² = s² (1/n + 1/c), 1/c = 1/(5 n) + reuse.

    c is Kish's number of controls; without reuse each participant brings five of her own. s² is taken to be the same on both
    sides. A type without an estimate has the others' mean, weighted by participants.
    """
    known = types[types["se"] > 0]
    n = known["n_treated"]
    controls = known["effective_controls"].clip(upper=CONTROLS_EACH * n).fillna(CONTROLS_EACH * n)
    unit_variance = known["se"] ** 2 / (1 / n + 1 / controls)
    reuse = 1 / controls - 1 / (CONTROLS_EACH * n)
    if kind in known.index:
        return float(unit_variance[kind]), float(max(reuse[kind], 0.0))
    return float((unit_variance * n).sum() / n.sum()), float(max((reuse * n).sum() / n.sum(), 0.0))


def _mixed(released: Released, kind: str, outcome: str, dimension: str, shares: Mapping[str, float]) -> tuple[float, float, float]:
    """By how much a mix of levels moves the mean effect, the variance of that, and by what the unit variance is multiplied.

    A level's deviation from the type's own mean is shrunken to b (att − mean), b = κ² / (κ² + se²), κ² the variance between
    levels of all types; a level without an estimate has deviation 0 and variance κ². Unit variances are those of the level
    over all types, against the type's past mix.
    """
    every = _subgroups(released, outcome, dimension)
    unknown = sorted(set(shares) - set(every["level"]))
    if unknown:
        raise PlanError(f"the release knows no {dimension} {', '.join(unknown)}: give shares of {', '.join(sorted(set(every['level'])))}")
    if abs(sum(shares.values()) - 1) > 0.01 or min(shares.values()) < 0:
        raise PlanError(f"the shares of the {dimension} must be 0 or more and add up to 1")
    kappa = between_variance(every["att"], every["se"], every["initiative_type"])
    kappa = 0.0 if np.isnan(kappa) else kappa
    own = every[every["initiative_type"] == kind].set_index("level")
    known = own.dropna(subset=["se"])
    centre = (known["att"] * known["n_treated"]).sum() / known["n_treated"].sum() if len(known) else 0.0
    shift = variance = 0.0
    for level, share in sorted(shares.items()):
        keep = kappa / (kappa + known.at[level, "se"] ** 2) if level in known.index and kappa > 0 else 0.0
        shift += share * keep * (known.at[level, "att"] - centre) if keep else 0.0
        variance += share**2 * kappa * (1 - keep)
    estimated = every.dropna(subset=["se"])
    noise = (estimated["se"] ** 2 * estimated["n_treated"] ** 2).groupby(estimated["level"]).sum()
    noise = noise / estimated.groupby("level")["n_treated"].sum()
    usual = float((noise.reindex(own.index).fillna(noise.mean()) * own["n_treated"]).sum() / own["n_treated"].sum()) if len(own) else np.nan
    mixed = sum(share * noise.get(level, noise.mean()) for level, share in sorted(shares.items()))
    return float(shift), float(variance), float(mixed / usual) if usual > 0 else 1.0


def _subgroups(released: Released, outcome: str, dimension: str) -> pd.DataFrame:
    """Subgroups at their own event time, in order; estimates missing where there were too few."""
    table = released.subgroup.query("unit == 'company' and outcome == @outcome and dimension == @dimension")
    columns = ["initiative_type", "level", "att", "se", "n_treated"]
    return table[columns].sort_values(["initiative_type", "level"], ignore_index=True)


def _jobs(released: Released, kind: str, horizon: int) -> tuple[float, float, float]:
    """Gross change a participant, its variance between types, and support a participant; the mean of all for a type without."""
    table = released.jobs[(released.jobs["event_time"] == horizon) & (released.jobs["n_treated"] > 0)].set_index("initiative_type")
    gross = (table["gross"] / table["n_treated"]).astype(float)
    support = table["support_dkk"].astype(float) / table["n_treated"]
    spread = float(gross.var(ddof=1)) if len(gross) > 1 else 0.0
    return float(gross.get(kind, gross.mean())), spread, float(support.get(kind, support.mean()))
