"""Pictures of estimates as PNG: effects by time since the start, and the types of initiative beside each other.

Belongs here: drawing what `effect.event_time` and `effect.comparison` say. Nothing is estimated, and no text of a row is
shown but codes by their names. Sizes are fixed, so the same rows give the same bytes. The specifications are Vega-Lite as
plain dicts: building and validating them with altair takes twice the time of the drawing, every night, for every type.
"""

import math
import textwrap

import pandas as pd

from pipelines.drawing import INK, Layer, marks, on_scale, render_png, text_at
from pipelines.effects.errors import EstimationError
from schemas.contract import codes

REFERENCE = -1
WIDTH, MARGIN = 800, 20                               # pixels; a mark's x and y count from the plot's upper left corner
GREY, RULE = "#667077", "#e6e9eb"
EFFECT, PALE_EFFECT, BAND = "#0b5f6a", "#8ab6bc", "#e3eff0"
OTHER, PALE_OTHER = "#76818a", "#bfc6cb"              # what is no effect: before the start, or not comparable
PERIODS = {"company": ("year", "years"), "person": ("quarter", "quarters")}
UNITS = {"company": "companies", "person": "persons"}
INTERVALS = ("att", "low", "high", "band_low", "band_high")
SHRUNKEN = ("shrunken", "shrunken_low", "shrunken_high")
ROW = 42                                              # pixels of one type in the forest
CROWDED = 12                                          # event times; above it every second one is written
AXIS = {
    "title": None, "grid": False, "gridColor": RULE, "domain": False, "ticks": False, "labelOverlap": False, "labelFlush": False,
    "labelColor": GREY, "labelFontSize": 12, "labelPadding": 8,
}


def event_time_picture(event_time: pd.DataFrame, name: str | None = None, headline: int | None = None) -> bytes:
    """Effects by time since the start: a PNG of 800 × 494 pixels.

    `event_time`: rows of `effect.event_time` of one type, unit and outcome, in any order; money is drawn in thousand DKK,
    shares in percentage points. Points with pointwise 95 % bars, the simultaneous band shaded, the reference hollow at 0,
    treated and controls under the times; a missing number is not drawn, its counts stay. `name` is the type's name in the
    title (None: the code table's English one), `headline` the event time whose point is large.
    Raises EstimationError for no rows, rows of several estimates, or missing columns.
    """
    rows = _of_one(event_time, ("initiative_type", "unit", "outcome"), ("event_time", *INTERVALS, "n_treated", "n_control"))
    rows = rows.sort_values("event_time", kind="stable")
    unit, outcome = rows["unit"].iloc[0], rows["outcome"].iloc[0]
    factor, measure = _measure(outcome, unit)
    points = _points(rows, factor, headline)
    left, top, height, bottom = 74, 112, 240, 142
    width = WIDTH - left - MARGIN
    counts = f"{rows['n_treated'].max():,} treated {UNITS[unit]}, {rows['n_control'].max():,} controls"
    effect = f"{_name('outcomes', outcome)}: effect by {PERIODS[unit][0]} since the start · {counts}"
    words = [
        text_at(name or _name("initiative_types", rows["initiative_type"].iloc[0]), MARGIN - left, 26 - top, size=18, weight="bold"),
        text_at(effect, MARGIN - left, 51 - top, size=14),
        text_at(measure[0].upper() + measure[1:], MARGIN - left, 90 - top, colour=GREY),
        text_at(f"{PERIODS[unit][1].capitalize()} since the start", width / 2, height + 44, colour=GREY, align="center"),
        *(text_at(line, MARGIN - left, height + 108 + 17 * at, size=12, colour=GREY) for at, line in enumerate(_caption(unit, headline))),
    ]
    layers = [*_grounds(points), *_estimates(points), *_counts(points, MARGIN - left, height), *words]
    return render_png(layers, width, height, {"left": left, "right": MARGIN, "top": top, "bottom": bottom})


def forest_picture(comparison: pd.DataFrame) -> bytes:
    """The types of initiative beside each other: a PNG 800 pixels wide and 42 higher for each type.

    `comparison`: rows of `effect.comparison` of one unit and outcome. A row a type, the largest effect first
    (equal ones by code, those without an estimate last): the estimate with its 95 % interval, grey where the verdict is
    that it cannot be compared; beside it, lighter, the shrunken one with its own; the verdict in words. Measures and
    errors are those of `event_time_picture`.
    """
    rows = _of_one(comparison, ("unit", "outcome"), ("initiative_type", "horizon", *INTERVALS[:3], *SHRUNKEN, "n_treated", "verdict"))
    rows = rows.sort_values(["att", "initiative_type"], ascending=[False, True], kind="stable", na_position="last")
    unit, outcome, horizons = rows["unit"].iloc[0], rows["outcome"].iloc[0], rows["horizon"].unique()
    factor, measure = _measure(outcome, unit)
    types = [_type(row, factor) | {"row": place + 0.5} for place, row in enumerate(rows.to_dict("records"))]
    left, right, top, height, bottom = 282, 196, 128, ROW * len(types), 62
    width = WIDTH - left - right
    when = _after(int(horizons[0]), unit) if len(horizons) == 1 else "at the horizon fixed for each type"
    effect = f"{_name('outcomes', outcome)}: effect {when}, {measure}"
    words = [
        text_at("Types of initiative beside each other", MARGIN - left, 26 - top, size=18, weight="bold"),
        text_at(effect, MARGIN - left, 51 - top, size=14),
        *_key(MARGIN - left, 78 - top),
        text_at(f"Treated {UNITS[unit]}", -16, -16, size=12, colour=GREY, align="right"),
        text_at("Verdict and estimate", width + 18, -16, size=12, colour=GREY),
        text_at(measure[0].upper() + measure[1:], width / 2, height + 42, size=13, colour=GREY, align="center"),
    ]
    layers = [*_forest(types), *_beside(types, MARGIN - left, width), *words]
    return render_png(layers, width, height, {"left": left, "right": right, "top": top, "bottom": bottom})


def _of_one(table: pd.DataFrame, key: tuple[str, ...], needed: tuple[str, ...]) -> pd.DataFrame:
    missing = [name for name in (*key, *needed) if name not in table.columns]
    if missing:
        raise EstimationError(f"a picture lacks the columns {', '.join(missing)}; give the table as its contract has it")
    found = len(table[list(key)].drop_duplicates())
    if found != 1:
        raise EstimationError(f"a picture is of one {', '.join(key)}, the rows given hold {found}; select those of one")
    return table


def _name(table: str, code: str, column: str = "name_en") -> str:
    """What a code is called; a code that its table does not hold stands for itself."""
    listed = codes(table)
    return dict(zip(listed.column(0).to_pylist(), listed.column(column).to_pylist(), strict=True)).get(code) or code


def _measure(outcome: str, unit: str) -> tuple[float, str]:
    """By what an effect is multiplied before it is drawn, and the unit of measure that it then has."""
    kind = _name("outcomes", outcome, "measure_unit")
    if kind == "share":
        return 100.0, "percentage points"
    return (0.001, f"DKK 1,000 per {unit}") if kind == "DKK" else (1.0, f"{kind} per {unit}")


def _after(horizon: int, unit: str) -> str:
    return f"{horizon} {PERIODS[unit][horizon != 1]} after the start"


def _caption(unit: str, headline: int | None) -> tuple[str, str]:
    large = "" if headline is None else f" Large: the headline, {_after(headline, unit)}."
    return (
        "Bars: pointwise 95 % intervals. Shaded: simultaneous 95 % band. Grey: before the start, where no effect can be.",
        f"Hollow: the reference, the last untouched {PERIODS[unit][0]}, 0 by construction.{large}",
    )


def _points(rows: pd.DataFrame, factor: float, headline: int | None) -> list[dict[str, object]]:
    """What is drawn at each event time, None where the table has no number. `run` breaks the band where it is missing."""
    points, run, crowded = [], 0, len(rows) > CROWDED
    for row in rows.to_dict("records"):
        time, numbers = int(row["event_time"]), {name: _finite(row[name], factor) for name in INTERVALS}
        kind = "reference" if time == REFERENCE else "before" if time < REFERENCE else "headline" if time == headline else "after"
        if kind == "reference" and numbers["band_low"] is None:
            numbers |= {"band_low": numbers["att"], "band_high": numbers["att"]}
        run += not _known(numbers, "band_low", "band_high")
        counts = {"treated": f"{row['n_treated']:,}", "controls": f"{row['n_control']:,}"}
        points.append({"time": time, "kind": kind, "run": run, "written": not (crowded and time % 2), **numbers, **counts})
    return points


def _finite(value: float | None, factor: float) -> float | None:
    return float(value) * factor if value is not None and math.isfinite(value) else None


def _known(row: dict[str, object], *names: str) -> bool:
    return all(row[name] is not None for name in names)


def _grounds(points: list[dict[str, object]]) -> list[Layer]:
    """What the estimates lie on: the simultaneous band, the line at zero and the line at the start."""
    x, effect = _time(points), _effect(points, INTERVALS)
    banded = [point for point in points if _known(point, "band_low", "band_high")]
    run = {"field": "run", "type": "nominal"}
    start = [{"time": REFERENCE / 2}]
    return [
        marks("area", banded, x=x, y=on_scale("band_low", effect), y2={"field": "band_high"}, detail=run, color=BAND),
        marks("rule", [{"zero": 0}], y=on_scale("zero", effect), color=INK, strokeWidth=1),
        marks("rule", start, x=x, color=GREY, strokeDash=[4, 3]),
        marks("text", start, x=x, text="start", y=-8, color=GREY, fontSize=12),
    ]


def _estimates(points: list[dict[str, object]]) -> list[Layer]:
    """Bars and points: grey before the start, hollow at the reference, large at the headline."""
    x, effect, layers = _time(points), _effect(points, INTERVALS), []
    for kind, size, colour, pale in (
        ("before", 64, OTHER, PALE_OTHER), ("after", 64, EFFECT, PALE_EFFECT), ("headline", 200, EFFECT, PALE_EFFECT),
        ("reference", 76, INK, INK),
    ):
        mine = [point for point in points if point["kind"] == kind and _known(point, "att")]
        barred = [point for point in mine if _known(point, "low", "high")]
        point = {"size": size, "fill": "#ffffff" if kind == "reference" else colour, "stroke": colour, "strokeWidth": 1.5, "opacity": 1}
        layers += [
            marks("rule", barred, x=x, y=on_scale("low", effect), y2={"field": "high"}, strokeWidth=4, color=pale),
            marks("point", mine, x=x, y=on_scale("att", effect), **point),
        ]
    return layers


def _time(points: list[dict[str, object]]) -> dict[str, object]:
    times, written = [point["time"] for point in points], [point["time"] for point in points if point["written"]]
    domain = [min(times) - 0.5, max(times) + 0.5]
    return on_scale("time", {"axis": AXIS | {"values": written, "format": "d"}, "scale": {"domain": domain, "nice": False}})


def _effect(rows: list[dict[str, object]], names: tuple[str, ...]) -> dict[str, object]:
    """Axis and scale that hold every number of the columns, and zero."""
    reach = [0.0, *(row[name] for row in rows for name in names if row[name] is not None)]
    domain = [min(reach), max(reach)] if max(reach) > min(reach) else [-1.0, 1.0]
    return {"axis": AXIS | {"grid": True, "tickCount": 5}, "scale": {"domain": domain, "nice": 5}}


def _counts(points: list[dict[str, object]], x: int, height: int) -> list[Layer]:
    """Treated and controls under the event times, since the cohorts that reach them differ."""
    layers, written = [], [point for point in points if point["written"]]
    for column, y in (("treated", height + 66), ("controls", height + 84)):
        numbers = marks("text", written, x=_time(points), text={"field": column}, y=y, fontSize=12, color=GREY)
        layers += [numbers, text_at(column.capitalize(), x, y, size=12, colour=GREY)]
    return layers


def _type(row: dict[str, object], factor: float) -> dict[str, object]:
    """One type in the forest: its numbers, and what is written beside them."""
    numbers = {name: _finite(row[name], factor) for name in (*INTERVALS[:3], *SHRUNKEN)}
    largest = max(abs(numbers[name] or 0.0) for name in INTERVALS[:3])
    att, low, high = ("" if numbers[name] is None else _number(numbers[name], largest) for name in INTERVALS[:3])
    estimate = (f"{att} ({low} to {high})" if low and high else att) if att else "no estimate"
    return numbers | {
        "name": textwrap.wrap(_name("initiative_types", row["initiative_type"]), 32),
        "treated": f"{row['n_treated']:,}",
        "verdict": textwrap.wrap(_name("verdicts", row["verdict"]), 26),
        "estimate": estimate,
        "colour": OTHER if row["verdict"] == "not_comparable" else EFFECT,
    }


def _number(value: float, largest: float) -> str:
    """Two decimals where the largest of what is read together is below ten, one below a hundred, else none; a real minus."""
    text = f"{abs(value):,.{2 if largest < 10 else 1 if largest < 100 else 0}f}"
    return ("−" if value < 0 and text.strip("0.,") else "") + text


def _forest(types: list[dict[str, object]]) -> list[Layer]:
    """The estimates with their intervals, and beside each, lighter and a little lower, the shrunken one with its own."""
    effect, layers = _effect(types, (*INTERVALS[:3], *SHRUNKEN)), []
    own, pale = {"field": "colour", "type": "nominal", "scale": None}, {"value": PALE_EFFECT}
    for (att, low, high), down, colour, wide, point in (
        (SHRUNKEN, 8, pale, 1.5, {"size": 46, "shape": "diamond"}), (INTERVALS[:3], -5, own, 2.5, {"size": 90}),
    ):
        known = [one for one in types if _known(one, att)]
        whole = [one for one in known if _known(one, low, high)]
        row = {"y": _row(types), "color": colour, "yOffset": down}
        layers += [
            marks("rule", whole, x=on_scale(low, effect), x2={"field": high}, strokeWidth=wide, **row),
            marks("point", known, x=on_scale(att, effect), filled=True, opacity=1, **point, **row),
        ]
    return [marks("rule", [{"zero": 0}], x=on_scale("zero", effect), color=INK, strokeWidth=1), *layers]


def _row(types: list[dict[str, object]]) -> dict[str, object]:
    return on_scale("row", {"axis": None, "scale": {"domain": [0, len(types)], "reverse": True, "nice": False}})


def _beside(types: list[dict[str, object]], x: int, width: int) -> list[Layer]:
    """Names and counts on the left, verdicts and estimates on the right, a fine line between the types."""
    lines = {"name": [], "treated": [], "verdict": [], "estimate": []}
    for one in types:
        told = len(one["verdict"])
        for name, texts, count in (
            ("name", one["name"], len(one["name"])), ("treated", [one["treated"]], 1),
            ("verdict", one["verdict"], told + 1), ("estimate", [*[None] * told, one["estimate"]], told + 1),
        ):
            at = [one["row"] + 15 / ROW * (place - (count - 1) / 2) for place in range(len(texts))]
            lines[name] += [{"row": row, "text": text} for row, text in zip(at, texts, strict=True) if text is not None]
    placed = (
        ("name", x, {"fontSize": 13, "color": INK, "align": "left"}), ("treated", -16, {"fontSize": 13, "color": INK, "align": "right"}),
        ("verdict", width + 18, {"fontSize": 12, "fontWeight": "bold", "color": INK, "align": "left"}),
        ("estimate", width + 18, {"fontSize": 12, "color": GREY, "align": "left"}),
    )
    between = [{"row": row} for row in range(len(types) + 1)]
    return [
        marks("rule", between, y=_row(types), x=x, x2=width + 196 - MARGIN, color=RULE),
        *(marks("text", lines[name], y=_row(types), text={"field": "text"}, x=at, **style) for name, at, style in placed),
    ]


def _key(x: float, y: float) -> list[Layer]:
    """What the two marks of the forest mean, each mark before its words."""
    told = "Estimate with 95 % interval, grey if not comparable", "Shrunken towards the mean of the types, with 95 % interval"
    return [
        marks("point", [{}], x=x + 6, y=y, filled=True, opacity=1, color=EFFECT, size=90),
        marks("point", [{}], x=x + 344, y=y, filled=True, opacity=1, color=PALE_EFFECT, size=46, shape="diamond"),
        text_at(told[0], x + 20, y, size=12, colour=GREY), text_at(told[1], x + 358, y, size=12, colour=GREY),
    ]
