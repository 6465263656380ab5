"""What was found, to be read in the Dagster UI: verdict, figures, tables and pictures of each type of initiative and of all.

Belongs here: showing the effect tables as metadata. Nothing is estimated or stored here, and no table of units is read.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from functools import cache

import dagster as dg
import pandas as pd

from assets.failures import without_values
from assets.tables import key
from pipelines.effects.pictures import event_time_picture, forest_picture
from pipelines.matching.pictures import love_plot_picture
from schemas.contract import codes

TABLES = ("summary", "event_time", "balance", "sensitivity", "subgroup", "support")
UNITS = {"company": ("Companies", "year"), "person": ("Persons", "quarter")}
MEASURES = {"FTE": (1.0, 2, "FTE"), "DKK": (0.001, 0, "DKK 1,000"), "share": (100.0, 1, "percentage points")}  # factor, decimals
REFERENCE = -1
NOTHING, NO_BREAK = "–", "\N{NO-BREAK SPACE}"
NAMED = {"region": "regions", "fund": "funds", "section": "sections", "combination": "initiative_types"}
LEVELS = {
    ("supported_before", "yes"): "had support of another type before",
    ("employed_before", "yes"): "in work before the start",
    ("employed_before", "no"): "not in work before the start",
}
LEFT, RIGHT = ":--", "--:"
Metadata = dict[str, object]


def finding(kind: str) -> dg.AssetsDefinition:
    """The asset that shows one type of initiative; it stores nothing."""

    @dg.asset(
        key=["finding", kind],
        group_name="effects",
        description=f"{_name('initiative_types', kind)}. {_name('initiative_types', kind, 'aim_en')}",
        ins={table: dg.AssetIn(key=key(f"effect.{table}")) for table in TABLES},
    )
    def shown(
        summary: pd.DataFrame, event_time: pd.DataFrame, balance: pd.DataFrame, sensitivity: pd.DataFrame, subgroup: pd.DataFrame,
        support: pd.DataFrame,
    ) -> dg.MaterializeResult:
        with without_values(f"finding of {kind}"):
            tables = dict(zip(TABLES, (summary, event_time, balance, sensitivity, subgroup, support), strict=True))
            mine = {name: table[table["initiative_type"] == kind] for name, table in tables.items()}
            return dg.MaterializeResult(metadata=type_metadata(kind, mine))

    return shown


@dg.asset(
    key=["finding", "all_types"],
    group_name="effects",
    description="All types of initiative beside each other: their effects, shrunken effects, adjusted p values and possible ranks.",
    ins={"comparison": dg.AssetIn(key=key("effect.comparison"))},
)
def all_types(comparison: pd.DataFrame) -> dg.MaterializeResult:
    with without_values("finding of all types"):
        return dg.MaterializeResult(metadata=comparison_metadata(comparison))


def type_metadata(kind: str, tables: Mapping[str, pd.DataFrame]) -> Metadata:
    """What the UI shows of one type. `tables`: the type's rows of each of TABLES. Companies are told even if there are none."""
    told: Metadata = {}
    for unit in UNITS:
        mine = {name: table[table["unit"] == unit] for name, table in tables.items()}
        if unit == "company" or any(len(table) for table in mine.values()):
            told |= _unit_metadata(kind, unit, mine)
    return told


def comparison_metadata(comparison: pd.DataFrame) -> Metadata:
    """What the UI shows of `effect.comparison`: for each kind of unit a forest of every leading outcome, and all figures."""
    told: Metadata = {}
    leading = codes("headlines").to_pandas()
    for unit, (units, _) in UNITS.items():
        mine = comparison[comparison["unit"] == unit]
        for outcome in leading.loc[leading["unit"] == unit, "outcome"].drop_duplicates():
            rows, name = mine[mine["outcome"] == outcome], _name("outcomes", outcome)
            if len(rows):
                told[f"{units}: effect on {_name('outcomes', outcome)}"] = _picture(forest_picture(rows), f"{name} by type of initiative")
        if len(mine):
            told[f"{units}: comparison"] = _comparison_table(mine, unit)
    return told or {"Finding": dg.MetadataValue.text("No type has been estimated, so there is nothing to compare.")}


def _unit_metadata(kind: str, unit: str, tables: Mapping[str, pd.DataFrame]) -> Metadata:
    """Figures first, then pictures, then tables, each under a name that opens with the kind of unit."""
    units = UNITS[unit][0]
    leading = _leading(tables["summary"])
    told: Metadata = _without_estimate(unit, tables["support"]) if leading is None else _headline(leading, unit)
    told |= _pictures(kind, unit, leading, tables)
    shown = {"summary": _summary_table, "sensitivity": _sensitivity_table, "subgroup": _subgroup_table, "support": _support_table}
    names = {"subgroup": "subgroups"}
    told |= {names.get(name, name): write(tables[name], unit) for name, write in shown.items() if len(tables[name])}
    return {f"{units}: {name}": value for name, value in told.items()}


def _leading(summary: pd.DataFrame) -> Mapping[str, object] | None:
    """The result that was fixed for the type before estimation."""
    rows = summary[summary["leading"].astype(bool)].to_dict("records")
    return rows[0] if rows else None


def _without_estimate(unit: str, support: pd.DataFrame) -> Metadata:
    took_part = int(support["n"].sum())
    matched = int(support.loc[support["reason"] == "matched", "n"].sum())
    units = UNITS[unit][0].lower()
    why = f"of {took_part:,} {units} that took part, {matched:,} were matched" if took_part else f"no {units} took part first in this type"
    return {"verdict": dg.MetadataValue.text(f"No estimate: {why}.")}


def _headline(row: Mapping[str, object], unit: str) -> Metadata:
    """The verdict in words and its figures; an effect that could not be estimated is said, not shown as a number."""
    factor, places, words = _measure(row["outcome"])
    when = _after(row["horizon"], unit)
    sentence = " ".join(text for text in (_name("verdicts", row["verdict"], "sentence_en"), row["reason"]) if isinstance(text, str))
    told: Metadata = {
        "verdict": dg.MetadataValue.text(_name("verdicts", row["verdict"])),
        "what the verdict means": dg.MetadataValue.text(sentence),
        "result": dg.MetadataValue.text(f"{_name('outcomes', row['outcome'])}, {when}: " + _effect_in_words(row)),
        "treated": dg.MetadataValue.int(int(row["n_treated"])),
        "controls": dg.MetadataValue.int(int(row["n_control"])),
    }
    for name, column in (("effect", "att"), ("minimum detectable effect", "minimum_detectable")):
        if _is_number(row[column]):
            told[f"{name} ({words})"] = dg.MetadataValue.float(round(row[column] * factor, places + 1))
    return told


def _effect_in_words(row: Mapping[str, object]) -> str:
    if not _is_number(row["att"]):
        return "no estimate yet"
    told = f"{_figure(row['att'], row['outcome'])} {_measure(row['outcome'])[2]}"
    return f"{told}, 95 % interval {_interval(row)}" if _is_number(row["low"]) and _is_number(row["high"]) else told


def _pictures(kind: str, unit: str, leading: Mapping[str, object] | None, tables: Mapping[str, pd.DataFrame]) -> Metadata:
    """The love plot, and the effects by time on the leading outcome; none where there are no rows."""
    told, events, name = {}, tables["event_time"], _name("initiative_types", kind)
    events = events[events["outcome"] == leading["outcome"]] if leading is not None else events[:0]
    if len(tables["balance"]):
        matched = tables["support"].loc[tables["support"]["reason"] == "matched", "n"]
        controls = events.loc[events["event_time"] == REFERENCE, "n_control"]  # at the reference every matched unit counts
        counts = {"n_treated": int(matched.sum())} if len(matched) else {}
        counts |= {"n_control": int(controls.iloc[0])} if len(controls) else {}
        told["balance before and after matching"] = _picture(love_plot_picture(tables["balance"], **counts), f"{name}: balance")
    if len(events):
        picture = event_time_picture(events, headline=int(leading["horizon"]))
        told["effect by time since the start"] = _picture(picture, f"{name}: {_name('outcomes', leading['outcome'])} by time")
    return told


def _picture(png: bytes, alternative: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})")


def _summary_table(summary: pd.DataFrame, unit: str) -> dg.MarkdownMetadataValue:
    """Every outcome and horizon; the leading result in bold."""
    heads = {
        "Outcome": LEFT, "Measured in": LEFT, f"{UNITS[unit][1].capitalize()}s after": RIGHT, "Effect": RIGHT, "95 % interval": RIGHT,
        "Without support": RIGHT, "Effect, %": RIGHT, "Treated": RIGHT, "Controls": RIGHT, "Not estimated": RIGHT, "Verdict": LEFT,
        "Minimum detectable": RIGHT, "Participants needed": RIGHT,
    }
    rows = []
    for row in summary.to_dict("records"):
        outcome = row["outcome"]
        cells = [
            _name("outcomes", outcome), _measure(outcome)[2], _count(row["horizon"]), _figure(row["att"], outcome), _interval(row),
            _figure(row["counterfactual_mean"], outcome), _number(row["percent"], 1), _count(row["n_treated"]), _count(row["n_control"]),
            _count(row["n_not_estimated"]), _name("verdicts", row["verdict"]), _figure(row["minimum_detectable"], outcome),
            _count(row["participants_needed"]),
        ]
        rows.append([f"**{cell}**" for cell in cells] if row["leading"] else cells)
    return _markdown(heads, rows)


def _sensitivity_table(sensitivity: pd.DataFrame, unit: str) -> dg.MarkdownMetadataValue:
    heads = {
        "Check": LEFT, "Outcome": LEFT, "Effect": RIGHT, "95 % interval": RIGHT, "Statistic": RIGHT, "p": RIGHT, "Power": RIGHT,
        "Treated": RIGHT, "What it changes or tests": LEFT,
    }
    rows = [
        [
            _name("checks", row["check"]), f"{_name('outcomes', row['outcome'])}, {_after(row['horizon'], unit)}",
            _figure(row["att"], row["outcome"]), _interval(row), _significant(row["statistic"]), _probability(row["p_value"]),
            _number(row["power"], 2), _count(row["n_treated"]), _sentences(row["description"], row["reason"]),
        ]
        for row in sensitivity.to_dict("records")
    ]
    return _markdown(heads, rows)


def _subgroup_table(subgroup: pd.DataFrame, unit: str) -> dg.MarkdownMetadataValue:
    heads = {
        "Divided by": LEFT, "Group": LEFT, "Outcome": LEFT, "Measured in": LEFT, "Effect": RIGHT, "95 % interval": RIGHT, "Shrunken": RIGHT,
        "Treated": RIGHT, "Note": LEFT,
    }
    rows = [
        [
            row["dimension"].replace("_", " "), _level(row["dimension"], row["level"], unit),
            f"{_name('outcomes', row['outcome'])}, {_read_at(row['event_time'], unit)}", _measure(row["outcome"])[2], _figure(row["att"], row["outcome"]), _interval(row), _figure(row["shrunken"], row["outcome"]),
            _count(row["n_treated"]), _sentences(row["reason"]),
        ]
        for row in subgroup.to_dict("records")
    ]
    return _markdown(heads, rows)


def _support_table(support: pd.DataFrame, unit: str) -> dg.MarkdownMetadataValue:
    """Where the participants of all cohorts ended, the largest part first."""
    counted = support.groupby("reason", sort=True)["n"].sum().sort_values(ascending=False, kind="stable")
    rows = [[reason.replace("_", " "), _count(n), _number(100 * n / max(counted.sum(), 1), 1)] for reason, n in counted.items()]
    return _markdown({f"{UNITS[unit][0]} that took part": LEFT, "Number": RIGHT, "%": RIGHT}, rows)


def _comparison_table(comparison: pd.DataFrame, unit: str) -> dg.MarkdownMetadataValue:
    """All types and outcomes, the largest effect of an outcome first as in the forest."""
    heads = {
        "Outcome": LEFT, "Type": LEFT, "Measured in": LEFT, f"{UNITS[unit][1].capitalize()}s after": RIGHT, "Effect": RIGHT,
        "95 % interval": RIGHT, "Verdict": LEFT, "p": RIGHT, "p, all at once": RIGHT, "q": RIGHT, "Shrunken": RIGHT, "Interval": RIGHT,
        "Rank": RIGHT, "May be best": LEFT, "Treated": RIGHT,
    }
    ordered = comparison.sort_values(["att", "initiative_type"], ascending=[False, True], kind="stable", na_position="last")
    place = {outcome: at for at, outcome in enumerate(codes("outcomes").column("outcome").to_pylist())}
    ordered = ordered.sort_values("outcome", key=lambda column: column.map(place), kind="stable")
    rows = [
        [
            _name("outcomes", row["outcome"]), _name("initiative_types", row["initiative_type"]), _measure(row["outcome"])[2],
            _count(row["horizon"]), _figure(row["att"], row["outcome"]), _interval(row), _name("verdicts", row["verdict"]),
            *(_probability(row[name]) for name in ("p_value", "p_romano_wolf", "q_value")), _figure(row["shrunken"], row["outcome"]),
            _interval(row, "shrunken_low", "shrunken_high"), _ranks(row["rank_low"], row["rank_high"]),
            {True: "yes", False: "no"}.get(row["may_be_best"], NOTHING), _count(row["n_treated"]),
        ]
        for row in ordered.to_dict("records")
    ]
    return _markdown(heads, rows)


def _markdown(heads: Mapping[str, str], rows: Sequence[Sequence[str]]) -> dg.MarkdownMetadataValue:
    lines = [list(heads), list(heads.values()), *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


@cache
def _names(table: str, column: str) -> dict[str, str]:
    listed = codes(table)
    return dict(zip(listed.column(0).to_pylist(), listed.column(column).to_pylist(), strict=True))


def _name(table: str, code: str, column: str = "name_en") -> str:
    """What a code is called; a code that its table does not hold stands for itself."""
    return _names(table, column).get(code) or code


def _level(dimension: str, level: str, unit: str) -> str:
    """A group as a reader calls it: a quarter, a region's name."""
    if dimension in NAMED:
        return _name(NAMED[dimension], level)
    if dimension == "cohort" and unit == "person" and level.isdigit():
        return f"{int(level) // 4}, quarter {int(level) % 4 + 1}"
    return LEVELS.get((dimension, level), level)


def _after(horizon: float, unit: str) -> str:
    return f"{int(horizon)} {UNITS[unit][1]}{'s' * (int(horizon) != 1)} after the start"


def _read_at(event_time: float, unit: str) -> str:
    return _after(event_time, unit) if _is_number(event_time) else "average from the start on"


def _measure(outcome: str) -> tuple[float, int, str]:
    unit = _name("outcomes", outcome, "measure_unit")
    return MEASURES.get(unit, (1.0, 2, unit))


def _figure(value: object, outcome: str) -> str:
    factor, places, _ = _measure(outcome)
    return _number(value * factor, places) if _is_number(value) else NOTHING


def _interval(row: Mapping[str, object], low: str = "low", high: str = "high") -> str:
    ends = [_figure(row[end], row["outcome"]) for end in (low, high)]
    return NOTHING if NOTHING in ends else f"{NO_BREAK}to{NO_BREAK}".join(ends)


def _ranks(low: object, high: object) -> str:
    ends = [_count(low), _count(high)]
    return NOTHING if NOTHING in ends else " to ".join(dict.fromkeys(ends))


def _number(value: object, places: int) -> str:
    """With separators and a real minus; one that rounds to zero has no sign."""
    if not _is_number(value):
        return NOTHING
    text = f"{abs(value):,.{places}f}"
    return ("−" if value < 0 and text.strip("0.,") else "") + text


def _significant(value: object) -> str:
    """Three digits that count, for statistics whose size nobody knows beforehand."""
    return _number(value, max(0, 2 - math.floor(math.log10(abs(value))))) if _is_number(value) and value else _number(value, 0)


def _probability(value: object) -> str:
    return "< 0.001" if _is_number(value) and value < 0.001 else _number(value, 3)


def _count(value: object) -> str:
    return f"{int(value):,}" if _is_number(value) else NOTHING


def _is_number(value: object) -> bool:
    return value is not None and not pd.isna(value) and math.isfinite(value)


def _sentences(*texts: object) -> str:
    return " ".join(text for text in texts if isinstance(text, str) and text)


findings = [finding(kind) for kind in codes("initiative_types").column("initiative_type").to_pylist()]
