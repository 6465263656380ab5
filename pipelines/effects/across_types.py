"""Types side by side: p values for all that is asked at once, shrunken estimates, and which rank a type may have.

The mathematics is in `multiplicity` and `comparison`; here the influence of every estimate is laid on the same units, so
that types which share firms and controls are compared with the covariance that they have. Headlines stay unshrunken.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse, stats

from pipelines.effects.comparison import rank_confidence_sets, shrink
from pipelines.effects.errors import EstimationError
from pipelines.effects.horizon import Effect
from pipelines.effects.multiplicity import benjamini_hochberg, romano_wolf

DRAWS, SEED = 9999, 2013
LEFT_OUT = {
    "not_comparable": "not ranked: not comparable", "missing": "not ranked: not estimated", "alone": "not ranked: nothing to compare with",
    "unshrunken": "ranked, not shrunken: fewer than three types, or estimates that are linear in each other",
}


@dataclass(frozen=True)
class Compared:
    """One type's effect on one outcome at its headline horizon, with ψ on the units (pseudonyms) that it rests on."""

    kind: str
    outcome: str
    horizon: int
    effect: Effect
    units: np.ndarray = field(repr=False)
    verdict: str


def compare_types(compared: list[Compared]) -> pd.DataFrame:
    """`effect.comparison` of one kind of unit: a row a type and outcome.

    p_romano_wolf and q_value are over all rows; shrunken estimates and ranks are among the types of an outcome, without those
    that are not comparable or not estimated.
    """
    influence = _on_common_units([(one.effect, one.units) for one in compared])
    att, se = (np.array([getattr(one.effect, name) for one in compared], dtype=float) for name in ("att", "se"))
    p_value = 2 * stats.norm.sf(np.abs(att / se))
    table = pd.DataFrame({
        "initiative_type": [one.kind for one in compared], "outcome": [one.outcome for one in compared],
        "horizon": [one.horizon for one in compared], **pd.DataFrame([one.effect.interval for one in compared]).to_dict("list"),
        "n_treated": [one.effect.n_treated for one in compared], "verdict": [one.verdict for one in compared],
        "p_value": p_value, "p_romano_wolf": romano_wolf(np.where(np.isfinite(se), att, np.nan), influence, draws=DRAWS, seed=SEED),
        "q_value": benjamini_hochberg(p_value),
    })
    parts = [_ranked(part, influence[:, part.index]) for _, part in table.groupby("outcome", sort=False)]
    return pd.concat(parts).sort_index().astype({"rank_low": "Int32", "rank_high": "Int32", "may_be_best": "boolean"})


def shrink_projects(subgroups: pd.DataFrame, projects: dict[tuple[str, str], tuple[Effect, np.ndarray]]) -> pd.DataFrame:
    """`effect.subgroup` with the projects' shrunken estimates, every project of every type of one outcome at once."""
    empty = pd.DataFrame(np.nan, subgroups.index, ["shrunken", "shrunken_low", "shrunken_high"])
    table = pd.concat([subgroups, empty], axis=1)
    for _, rows in table[table["dimension"] == "project"].groupby("outcome"):
        keys = list(zip(rows["initiative_type"], rows["level"], strict=True))
        known = [place for place, key in enumerate(keys) if key in projects]
        if not known:
            continue
        chosen = [projects[keys[place]] for place in known]
        influence = _on_common_units(chosen)
        covariance = (influence.T @ influence).toarray()
        table.loc[rows.index[known], list(empty)] = _shrunken(np.array([effect.att for effect, _ in chosen]), covariance)
    return table


def _ranked(part: pd.DataFrame, influence: sparse.csc_matrix) -> pd.DataFrame:
    """Shrunken estimates and rank sets of one outcome's rows."""
    part = part.assign(
        shrunken=np.nan, shrunken_low=np.nan, shrunken_high=np.nan, rank_low=None, rank_high=None, may_be_best=None,
        reason=np.where(part["verdict"] == "not_comparable", LEFT_OUT["not_comparable"], None),
    )
    part.loc[part["se"].isna(), "reason"] = LEFT_OUT["missing"]
    use = part["reason"].isna().to_numpy()
    if use.sum() < 2:
        part.loc[use, "reason"] = LEFT_OUT["alone"]
        return part
    chosen, att = influence[:, np.flatnonzero(use)], part["att"].to_numpy()[use]
    covariance = (chosen.T @ chosen).toarray()
    ranks = rank_confidence_sets(att, covariance, draws=DRAWS, seed=SEED)
    part.loc[use, "rank_low"], part.loc[use, "rank_high"] = ranks.simultaneous_low, ranks.simultaneous_high
    part.loc[use, "may_be_best"] = ranks.best
    part.loc[use, ["shrunken", "shrunken_low", "shrunken_high"]] = _shrunken(att, covariance)
    part.loc[use & part["shrunken"].isna().to_numpy(), "reason"] = LEFT_OUT["unshrunken"]
    return part


def _shrunken(att: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(m, 3) shrunken estimates and their intervals; missing for fewer than three, or where one is a copy of another."""
    try:
        found = shrink(att, covariance)
    except EstimationError:
        return np.full((len(att), 3), np.nan)
    return np.column_stack([found.att, found.low, found.high])


def _on_common_units(effects: list[tuple[Effect, np.ndarray]]) -> sparse.csc_matrix:
    """ψ of all estimates on all their units: (units, estimates), units in order of their pseudonym."""
    every = np.unique(np.concatenate([units for _, units in effects]))
    rows, columns, values = [], [], []
    for column, (effect, units) in enumerate(effects):
        inside = np.flatnonzero(effect.influence)
        rows.append(np.searchsorted(every, units[inside]))
        columns.append(np.full(inside.size, column))
        values.append(effect.influence[inside])
    return sparse.csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(every.size, len(effects))
    )
