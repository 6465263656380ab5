"""Do participants' gains come from their competitors? Growth of untreated firms in the same industry and commuting area.

A measured check, not an assumption: within industry × area, and within industry × year, do untreated firms lose employment
in the two years after more of their competitors took part? A placebo lead asks the same of the two years before.
"""

import numpy as np
import pandas as pd

Z = 1.959963984540054
YEARS_AFTER = 2                      # over which competitors' employment is followed
TELLING = 1.0                        # jobs lost a participant that a useful test must be able to see


def measure_displacement(firm_year: pd.DataFrame, cohorts: pd.DataFrame) -> pd.DataFrame:
    """`effect.displacement`: one row a type.

    firm_year: company, year, alive, fte, section, commuting_area; cohorts: company, initiative_type, cohort. `estimate` is
    full-time equivalents that untreated competitors lose (positive) for each new participant in their industry and area;
    standard errors are clustered on industry × area, where participation varies. Cells weigh by their untreated firms.
    """
    cells, entrants = _cells(firm_year, cohorts)
    rows = []
    for kind in sorted(cohorts["initiative_type"].unique()):
        own = entrants[entrants["initiative_type"] == kind]
        after = _regress(_with_density(cells, own, "change_after"))
        before = _regress(_with_density(cells, own, "change_before"))
        rows.append({"initiative_type": kind, **after, **{f"placebo_{name}": before[name] for name in ("estimate", "low", "high")}})
    table = pd.DataFrame(rows)
    table["verdict"] = [_verdict(*row) for row in zip(
        table["low"], table["se"], table["placebo_low"], table["placebo_high"], strict=True)]
    return table


def _verdict(low: float, se: float, placebo_low: float, placebo_high: float) -> str:
    quiet_before = placebo_low <= 0 <= placebo_high
    if low > 0 and quiet_before:
        return "found"
    return "not_found" if 2.80 * se <= TELLING else "too_few_to_tell"


def _cells(firm_year: pd.DataFrame, cohorts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells of industry section × commuting area × year with the employment change of untreated firms alive in that year."""
    panel = firm_year[["company", "year", "alive", "fte", "section", "commuting_area"]].copy()
    panel["fte"] = panel["fte"].astype(float)
    first = cohorts.set_index("company")["cohort"]
    panel["cohort"] = panel["company"].map(first)
    by_firm = panel.sort_values(["company", "year"]).groupby("company", sort=False)["fte"]
    panel = panel.sort_values(["company", "year"])
    panel["change_after"] = by_firm.shift(-YEARS_AFTER) - panel["fte"]
    panel["change_before"] = by_firm.shift(1) - by_firm.shift(1 + YEARS_AFTER)
    untreated = panel[panel["alive"] & panel["cohort"].isna()]
    keys = ["section", "commuting_area", "year"]
    cells = untreated.groupby(keys).agg(
        change_after=("change_after", "mean"), change_before=("change_before", "mean"), firms=("company", "size"),
        alive=("alive", "size"),
    ).reset_index()
    placed = cohorts.merge(panel[["company", "year", "section", "commuting_area"]], left_on=["company", "cohort"], right_on=["company", "year"])
    entrants = placed.groupby(["initiative_type", *keys]).size().rename("entrants").reset_index()
    return cells, entrants


def _with_density(cells: pd.DataFrame, entrants: pd.DataFrame, change: str) -> pd.DataFrame:
    """Cells in the sections of the type: y = mean change of a competitor, x = new participants a competitor.

    Years in which the type had participants, and the quiet years that end before the first of them.
    """
    years = cells["year"].isin(entrants["year"]) | (cells["year"] <= entrants["year"].min() - YEARS_AFTER)
    table = cells[cells["section"].isin(entrants["section"]) & years].merge(
        entrants[["section", "commuting_area", "year", "entrants"]], on=["section", "commuting_area", "year"], how="left",
    )
    table["x"] = table["entrants"].fillna(0.0) / table["firms"]
    return table.assign(y=table[change]).dropna(subset=["y"])


def _regress(table: pd.DataFrame) -> dict[str, float]:
    """Weighted least squares of y on x within industry × area and industry × year, clustered on industry × area; sign turned."""
    empty = {"estimate": np.nan, "se": np.nan, "low": np.nan, "high": np.nan}
    counts = {"n_firms": int(table["firms"].sum()), "n_cells": len(table)}
    if table["x"].nunique() < 2:
        return {**empty, **counts}
    x, y = np.concatenate([_within(part) for _, part in table.groupby("section", sort=True)]).T
    table = table.sort_values("section", kind="stable")
    if x @ x < 1e-12:
        return {**empty, **counts}
    beta = (x @ y) / (x @ x)
    scores = pd.Series(x * (y - beta * x)).groupby((table["section"] + table["commuting_area"]).to_numpy()).sum()
    se = float(np.sqrt((scores**2).sum()) / (x @ x))
    return {"estimate": -beta, "se": se, "low": -beta - Z * se, "high": -beta + Z * se, **counts}


def _within(table: pd.DataFrame) -> np.ndarray:
    """(n, 2) x and y of one section, weighted, less what its areas and its years explain."""
    weight = np.sqrt(table["firms"].to_numpy(dtype=float))[:, None]
    dummies = [pd.get_dummies(table[name], dtype=float) for name in ("commuting_area", "year")]
    frame = np.hstack([d.to_numpy() for d in dummies]) * weight
    both = table[["x", "y"]].to_numpy(dtype=float) * weight
    return both - frame @ np.linalg.lstsq(frame, both, rcond=None)[0]
