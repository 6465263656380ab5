"""Effect chains held against their targets: what was promised, what happened, what would have happened anyway."""

from datetime import date

import pandas as pd


def chain_links(links: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """`chain.link`: the links of every type's chain (code table `chain_links`) with the names of their indicators.

    Many links to one indicator; a link that names an unknown indicator is an error that names it.
    """
    unknown = sorted(set(links["indicator"]) - set(indicators["indicator"]))
    if unknown:
        raise ValueError(f"chain_links.csv names indicators that indicators.csv lacks: {', '.join(unknown)}")
    table = links.merge(indicators[["indicator", "name_en", "name_da", "measure_unit"]], on="indicator", validate="many_to_one")
    whole = ["position", "event_time", "expected_sign"]
    table[whole] = table[whole].replace("", None).astype("Int32")
    table["outcome"] = table["outcome"].replace("", None)
    return table.sort_values(["initiative_type", "position"], ignore_index=True)


def chain_results(
    links: pd.DataFrame, targets: pd.DataFrame, projects: pd.DataFrame, companies: pd.DataFrame, persons: pd.DataFrame,
    summary: pd.DataFrame, as_of: date,
) -> pd.DataFrame:
    """`chain.result`: one row a link of a type's chain.

    Targets are the sum of what the type's projects promised. Counts come from the participations themselves; register
    effects from `effect.summary`: achieved is the gross change, net what the support made of it.
    """
    promised = targets.merge(projects[["project", "initiative_type", "end"]], on="project", validate="many_to_one")
    target = promised.groupby(["initiative_type", "indicator"])["target"].sum().astype(float)
    ends = projects.groupby("initiative_type")["end"].max()
    counted = _counts(companies, persons, as_of)
    rows = []
    for link in links.itertuples():
        key = (link.initiative_type, link.indicator)
        figures = _effect(link, summary) if link.source == "register" else {"achieved": counted.get(key, 0.0)}
        row = {"target": target.get(key), "net": None, "low": None, "high": None, "verdict": None, **figures}
        running = pd.Timestamp(ends[link.initiative_type]).date() > as_of if link.initiative_type in ends.index else False
        rows.append({
            "initiative_type": link.initiative_type, "indicator": link.indicator, "link": link.link,
            **{name: row[name] for name in ("target", "achieved", "net", "low", "high")},
            "status": status(row, running), "as_of": as_of,
        })
    return pd.DataFrame(rows)


def _counts(companies: pd.DataFrame, persons: pd.DataFrame, as_of: date) -> dict[tuple[str, str], float]:
    """Participants, support and completed courses by type. A company or person counts once a type."""
    ended = companies[pd.to_datetime(companies["end"]).dt.date <= as_of]
    by_type = {
        "participants": companies.groupby("initiative_type")["company"].nunique(),
        "persons": persons.groupby("initiative_type")["person"].nunique(),
        "support_dkk": companies.groupby("initiative_type")["support_dkk"].sum(),
        "completed": ended.groupby("initiative_type").size().add(
            persons[persons["completed"].fillna(False).astype(bool)].groupby("initiative_type").size(), fill_value=0),
    }
    return {(kind, name): float(value) for name, series in by_type.items() for kind, value in series.items()}


def _effect(link, summary: pd.DataFrame) -> dict[str, object]:
    """Gross and net of a register effect, summed over the estimated participants."""
    unit = "person" if link.outcome == "employed" else "company"
    found = summary[
        (summary["initiative_type"] == link.initiative_type) & (summary["unit"] == unit)
        & (summary["outcome"] == link.outcome) & (summary["horizon"] == link.event_time)
    ]
    if found.empty:
        return {"achieved": None, "verdict": "too_early"}
    row = found.iloc[0]
    scale = float(row["n_treated"])
    figures = {"net": row["att"] * scale, "low": row["low"] * scale, "high": row["high"] * scale, "verdict": row["verdict"]}
    return {**figures, "achieved": row["gross_mean"] * scale}


def status(row: dict, running: bool) -> str:
    """How a link stands. Net links are judged by net; a verdict that tells nothing is passed on as it is."""
    if row["target"] is None or pd.isna(row["target"]):
        return "not_covered"
    if row["verdict"] in {"too_early", "too_few_to_tell", "not_comparable"}:
        return row["verdict"]
    if row["net"] is None:
        return _against(row["achieved"], row["achieved"], row["target"], running)
    return _against(row["net"], row["high"], row["target"], running)


def _against(value: float | None, at_best: float | None, target: float, running: bool) -> str:
    if value is not None and value >= target:
        return "reached"
    return "on_the_way" if running or (at_best is not None and at_best >= target) else "behind"
