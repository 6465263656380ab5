"""The picture of a matching as PNG: how alike treated and controls are before and after, covariate by covariate.

Belongs here: drawing what `effect.balance` says, with the data of `balance.love_plot`. Sizes are fixed, so the same rows
give the same bytes. The specification is Vega-Lite as a plain dict: building and validating it with altair takes longer
than the drawing, every night, for every type.
"""

import json
import math
import struct
import zlib

import numpy as np
import pandas as pd
import vl_convert

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
FONT = "Liberation Sans, Arial, sans-serif"           # the first comes with the renderer, so text never depends on a machine
INK, GREY, RULE = "#20272b", "#667077", "#e6e9eb"
BEFORE, BETWEEN, AFTER, BEYOND = "#76818a", "#d3d8db", "#0b5f6a", "#a8641c"
AXIS = {
    "title": None, "grid": False, "gridColor": RULE, "domain": False, "ticks": False, "labelOverlap": False, "labelFlush": False,
    "labelColor": GREY, "labelFontSize": 12, "labelPadding": 8,
}
NOTES = {
    "infinite": "Infinite: treated and controls differ in what varies on neither side.",
    "missing": "Missing: no value is known on one of the sides.",
}

Layer = dict[str, object]                             # of a Vega-Lite specification


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
        _words(name or _name(kind), MARGIN - left, 26 - top, size=18, weight="bold"),
        _words(told, MARGIN - left, 51 - top, size=14),
        *_key(MARGIN - left, 78 - top),
        _words("Before", width + 72, -16, size=12, colour=GREY, align="right"),
        _words("After", width + 134, -16, size=12, colour=GREY, align="right"),
        _words(axis, width / 2, height + 44, colour=GREY, align="center"),
        *(_words(note, MARGIN - left, height + 68 + 18 * place, size=12, colour=GREY) for place, note in enumerate(notes)),
    ]
    layers = [*_differences(rows, width), *_beside(rows, MARGIN - left, width), *words]
    return _png(layers, width, height, {"left": left, "right": right, "top": top, "bottom": bottom})


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
        _layer("rule", goal, x=_on("goal", scaled), color=GREY, strokeDash=[4, 3]),
        _layer("text", goal, x=_on("goal", scaled), text=f"goal {GOAL}", y=-16, fontSize=12, color=GREY),
        _layer("rule", both, x=_on("before", scaled), x2={"field": "after"}, y=y, strokeWidth=3, color=BETWEEN),
        _layer("point", before, x=_on("before", scaled), y=y, size=90, fill="#ffffff", stroke=BEFORE, strokeWidth=1.8, opacity=1),
        _layer("point", after, x=_on("after", scaled), y=y, size=100, filled=True, opacity=1, color=own),
        _layer("point", [row for row in rows if row["before_told"] == "infinite"], y=y, color=BEFORE, **edge),
        _layer("point", [row for row in rows if row["after_told"] == "infinite"], y=y, color=BEYOND, **edge),
    ]


def _row(rows: list[dict[str, object]]) -> dict[str, object]:
    return _on("row", {"axis": None, "scale": {"domain": [0, len(rows)], "reverse": True, "nice": False}})


def _beside(rows: list[dict[str, object]], x: int, width: int) -> list[Layer]:
    """Names on the left, both differences on the right, a fine line between the covariates."""
    y, number = _row(rows), {"fontSize": 13, "align": "right"}
    own = {"field": "colour", "type": "nominal", "scale": None}
    between = [{"row": row} for row in range(len(rows) + 1)]
    return [
        _layer("rule", between, y=y, x=x, x2=width + 154 - MARGIN, color=RULE),
        _layer("text", rows, y=y, text={"field": "name"}, x=x, align="left", fontSize=13, color=INK),
        _layer("text", rows, y=y, text={"field": "before_told"}, x=width + 72, color=GREY, **number),
        _layer("text", rows, y=y, text={"field": "after_told"}, x=width + 134, color=own, fontWeight="bold", **number),
    ]


def _key(x: float, y: float) -> list[Layer]:
    """What the two marks mean, each mark before its words."""
    return [
        _layer("point", [{}], x=x + 6, y=y, size=90, fill="#ffffff", stroke=BEFORE, strokeWidth=1.8, opacity=1),
        _words("Before: all candidates", x + 20, y, size=12, colour=GREY),
        _layer("point", [{}], x=x + 186, y=y, size=100, filled=True, opacity=1, color=AFTER),
        _words("After: matched controls, amber where the goal is missed", x + 200, y, size=12, colour=GREY),
    ]


def _words(text: str, x: float, y: float, *, size: int = 13, colour: str = INK, weight: str = "normal", align: str = "left") -> Layer:
    return _layer("text", [{}], text=text, x=x, y=y, align=align, fontSize=size, fontWeight=weight, color=colour)


def _on(field: str, scaled: dict[str, object]) -> dict[str, object]:
    return {"field": field, "type": "quantitative", **scaled}


def _layer(kind: str, rows: list[dict[str, object]], **asked: object) -> Layer:
    """A mark for each row; what is asked for as a dict is read from the row or scaled, the rest is the same for all."""
    read = {name: value for name, value in asked.items() if isinstance(value, dict)}
    same = {name: value for name, value in asked.items() if name not in read}
    return {"data": {"values": rows}, "mark": {"type": kind, **same}, "encoding": read}


def _png(layers: list[Layer], width: int, height: int, padding: dict[str, int]) -> bytes:
    """The picture, exactly as wide and high as plot and padding together."""
    config = {"font": FONT, "view": {"stroke": None}, "text": {"baseline": "middle"}}
    sized = {"width": width, "height": height, "autosize": "none", "padding": padding, "background": "#ffffff", "config": config}
    return _small(vl_convert.vegalite_to_png(json.dumps({"layer": layers, **sized}), scale=1))


def _small(png: bytes) -> bytes:
    """The same picture with a palette, about a sixth of the bytes: at five bits a colour, four where that is not enough."""
    chunks, at = {}, 8
    while at < len(png):
        size = int.from_bytes(png[at:at + 4], "big")
        chunks[png[at + 4:at + 8]] = chunks.get(png[at + 4:at + 8], b"") + png[at + 8:at + 8 + size]
        at += size + 12
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    if (rows[:, 0] != 1).any():  # a renderer that differences its rows otherwise: larger, but right
        return png
    pixels = np.cumsum(rows[:, 1:].reshape(height, width, 4), axis=1, dtype=np.uint8).view("<u4").ravel().astype(np.intp)
    channels = [pixels >> shift & 255 for shift in (0, 8, 16)]
    for bits in (5, 4, 2):
        bucket = sum((channel >> 8 - bits) << bits * place for place, channel in enumerate(channels))
        count = np.bincount(bucket, minlength=1 << 3 * bits)
        if np.count_nonzero(count) <= 256:
            break
    used = np.flatnonzero(count)
    mean = [np.bincount(bucket, channel, count.size)[used] / count[used] for channel in channels]
    place = np.zeros(count.size, np.uint8)
    place[used] = np.arange(used.size)
    lines = np.pad(place[bucket].reshape(height, width), ((0, 0), (1, 0)))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", np.rint(np.column_stack(mean)).astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 8)), (b"IEND", b""),
    )
    told = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)
    return png[:8] + b"".join(told)
