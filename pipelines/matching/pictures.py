"""The picture of a matching as PNG: how alike treated and controls are before and after, covariate by covariate.

Belongs here: drawing what `effect.balance` says, with the data of `balance.love_plot`. Sizes are fixed, so the same rows
give the same bytes. The specification is Vega-Lite as a plain dict: building and validating it with altair takes longer
than the drawing, every night, for every type.
"""

import math

import pandas as pd

from pipelines.drawing import INK, Layer, marks, on_scale, render_png, text_at
from pipelines.matching.balance import GOAL, love_plot
from schemas.contract import codes

COVARIATES = {
    "log_fte": "Size (log FTE)",
    "fte_before": "Size (FTE)",
    "fte_change": "Growth, last year (FTE)",
    "growth": "Growth, last year (relative)",
    "growth_path": "Growth a year, up to three years",
    "log_productivity": "Productivity (log DKK per FTE)",
    "age": "Age (years)",
    "employed_share": "In work, last year (share)",
    "employed_share_before": "In work, last two years (share)",
    "earnings": "Earnings, last year (DKK 1,000)",
}  # as a reader calls them; any other is shown by its own name, without underscores
UNITS = {"company": "companies", "person": "persons"}
WIDTH, MARGIN, ROW = 800, 20, 34                      # pixels; a mark's x and y count from the plot's upper left corner
GREY, RULE = "#667077", "#e6e9eb"
BEFORE, BETWEEN, AFTER, BEYOND = "#76818a", "#d3d8db", "#0b5f6a", "#a8641c"
AXIS = {
    "title": None, "grid": False, "gridColor": RULE, "domain": False, "ticks": False, "labelOverlap": False, "labelFlush": False,
    "labelColor": GREY, "labelFontSize": 12, "labelPadding": 8,
}
NOTES = {
    "infinite": "Infinite: treated and controls differ in what varies on neither side.",
    "missing": "Missing: no value is known on one of the sides.",
}


def love_plot_picture(
    balance: pd.DataFrame, name: str | None = None, n_treated: int | None = None, n_control: int | None = None
) -> bytes:
    """Standardised differences before and after matching: a PNG 800 pixels wide and 34 higher for each covariate.

    `balance`: rows of `effect.balance` of one type and unit. A row a covariate, the worst before matching first: |SMD| among
    all candidates (hollow) and among the matched controls (filled; amber beyond the goal of 0.1). One that is infinite
    is an arrow at the edge, one that is missing has no mark; both are named beside their row and explained below.
    `name` is the type's name in the title (None: the code table's English one); the counts are told where given.
    Raises ValueError for no rows, rows of several types or units, or missing columns.
    """
    needed = ("initiative_type", "unit", "covariate", "smd_before", "smd_after")
    missing = [column for column in needed if column not in balance.columns]
    if missing:
        raise ValueError(f"a picture lacks the columns {', '.join(missing)}; give the rows of effect.balance")
    found = len(balance[["initiative_type", "unit"]].drop_duplicates())
    if found != 1:
        raise ValueError(f"a picture is of one initiative_type and unit, the rows given hold {found}; select those of one")
    rows = _rows(love_plot(balance[list(needed)]))
    kind, unit = balance["initiative_type"].iloc[0], balance["unit"].iloc[0]
    counted = ((n_treated, f"treated {UNITS[unit]}"), (n_control, "controls"))
    counts = ", ".join(f"{count:,} {whom}" for count, whom in counted if count is not None)
    notes = [words for state, words in NOTES.items() if any(state in (row["before_told"], row["after_told"]) for row in rows)]
    left, right, top, height, bottom = 250, 154, 128, ROW * len(rows), 66 + 18 * len(notes)
    width = WIDTH - left - right
    told = "How alike they were before the start, before and after matching" + (counts and f" · {counts}")
    axis = "Absolute standardised difference of means (standard deviations)"
    words = [
        text_at(name or _name(kind), MARGIN - left, 26 - top, size=18, weight="bold"),
        text_at(told, MARGIN - left, 51 - top, size=14),
        *_key(MARGIN - left, 78 - top),
        text_at("Before", width + 72, -16, size=12, colour=GREY, align="right"),
        text_at("After", width + 134, -16, size=12, colour=GREY, align="right"),
        text_at(axis, width / 2, height + 44, colour=GREY, align="center"),
        *(text_at(note, MARGIN - left, height + 68 + 18 * place, size=12, colour=GREY) for place, note in enumerate(notes)),
    ]
    layers = [*_differences(rows, width), *_beside(rows, MARGIN - left, width), *words]
    return render_png(layers, width, height, {"left": left, "right": right, "top": top, "bottom": bottom})


def _rows(plotted: pd.DataFrame) -> list[dict[str, object]]:
    """One row a covariate in the order of the plot: both absolute differences, None where not finite, and how they are told."""
    rows = []
    for position, pair in plotted.groupby("position", sort=True):
        covariate, of = pair["covariate"].iloc[0], dict(zip(pair["sample"], pair["absolute_smd"], strict=True))
        row = {"row": position - 0.5, "name": COVARIATES.get(covariate, covariate.replace("_", " ").capitalize())}
        for sample in ("before", "after"):
            smd = float(of[sample])
            told = "missing" if math.isnan(smd) else "infinite" if math.isinf(smd) else f"{smd:.2f}"
            row |= {sample: smd if math.isfinite(smd) else None, f"{sample}_told": told}
        rows.append(row | {"colour": BEYOND if row["after"] is None or row["after"] >= GOAL else AFTER})
    return rows


def _name(kind: str) -> str:
    """The type's English name; a code that the table does not hold stands for itself."""
    listed = codes("initiative_types").to_pydict()
    return dict(zip(listed["initiative_type"], listed["name_en"], strict=True)).get(kind, kind)


def _differences(rows: list[dict[str, object]], width: int) -> list[Layer]:
    """The goal, and for each covariate the two differences with what lies between them."""
    known = [row[sample] for row in rows for sample in ("before", "after") if row[sample] is not None]
    scaled = {"axis": AXIS | {"grid": True, "tickCount": 6}, "scale": {"domain": [0, max(2 * GOAL, *known, 0)], "nice": 6}}
    own, y = {"field": "colour", "type": "nominal", "scale": None}, _row(rows)
    before, after = ([row for row in rows if row[sample] is not None] for sample in ("before", "after"))
    both = [row for row in before if row["after"] is not None]
    edge = {"x": width, "filled": True, "opacity": 1, "size": 90, "shape": "triangle-right"}
    goal = [{"goal": GOAL}]
    return [
        marks("rule", goal, x=on_scale("goal", scaled), color=GREY, strokeDash=[4, 3]),
        marks("text", goal, x=on_scale("goal", scaled), text=f"goal {GOAL}", y=-16, fontSize=12, color=GREY),
        marks("rule", both, x=on_scale("before", scaled), x2={"field": "after"}, y=y, strokeWidth=3, color=BETWEEN),
        marks("point", before, x=on_scale("before", scaled), y=y, size=90, fill="#ffffff", stroke=BEFORE, strokeWidth=1.8, opacity=1),
        marks("point", after, x=on_scale("after", scaled), y=y, size=100, filled=True, opacity=1, color=own),
        marks("point", [row for row in rows if row["before_told"] == "infinite"], y=y, color=BEFORE, **edge),
        marks("point", [row for row in rows if row["after_told"] == "infinite"], y=y, color=BEYOND, **edge),
    ]


def _row(rows: list[dict[str, object]]) -> dict[str, object]:
    return on_scale("row", {"axis": None, "scale": {"domain": [0, len(rows)], "reverse": True, "nice": False}})


def _beside(rows: list[dict[str, object]], x: int, width: int) -> list[Layer]:
    """Names on the left, both differences on the right, a fine line between the covariates."""
    y, number = _row(rows), {"fontSize": 13, "align": "right"}
    own = {"field": "colour", "type": "nominal", "scale": None}
    between = [{"row": row} for row in range(len(rows) + 1)]
    return [
        marks("rule", between, y=y, x=x, x2=width + 154 - MARGIN, color=RULE),
        marks("text", rows, y=y, text={"field": "name"}, x=x, align="left", fontSize=13, color=INK),
        marks("text", rows, y=y, text={"field": "before_told"}, x=width + 72, color=GREY, **number),
        marks("text", rows, y=y, text={"field": "after_told"}, x=width + 134, color=own, fontWeight="bold", **number),
    ]


def _key(x: float, y: float) -> list[Layer]:
    """What the two marks mean, each mark before its words."""
    return [
        marks("point", [{}], x=x + 6, y=y, size=90, fill="#ffffff", stroke=BEFORE, strokeWidth=1.8, opacity=1),
        text_at("Before: all candidates", x + 20, y, size=12, colour=GREY),
        marks("point", [{}], x=x + 186, y=y, size=100, filled=True, opacity=1, color=AFTER),
        text_at("After: matched controls, amber where the goal is missed", x + 200, y, size=12, colour=GREY),
    ]
