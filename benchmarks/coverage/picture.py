"""The study's picture: coverage of each estimator with its exact interval, and where the estimates lie against the truth.

Reads summary.csv only; the same table gives the same picture.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import altair as alt

NAMES = {
    "matched_clustered": "Matched, clustered on the firm (ours)",
    "copies_as_rows": "Matched, copies as rows",
    "two_way": "Matched, two-way regression",
    "unmatched_did": "All never treated, no matching",
    "before_after": "Participants before and after",
}
TARGETS = {"": "effect expected of participants (superpopulation)", "sample_": "effect on the firms drawn"}
COLOURS = ("#0b5f6a", "#b5651d")
INK, PALE, FONT = "#3a444a", "#e8ebed", "Arial, Helvetica, sans-serif"
ESTIMAND = "plus_two"


def draw(out: Path) -> None:
    """Write coverage.png beside summary.csv."""
    import vl_convert

    spec = chart(pd.read_csv(out / "summary.csv")).to_dict()
    (out / "coverage.png").write_bytes(vl_convert.vegalite_to_png(json.dumps(spec), scale=2))


def chart(summary: pd.DataFrame) -> "alt.HConcatChart":
    """Left: share of intervals that hold the truth; right: mean estimate and its spread over worlds; both two years after the start."""
    import altair as alt

    table = summary[summary["estimand"] == ESTIMAND].assign(name=lambda t: t["estimator"].map(NAMES))
    worlds = int(table["worlds"].max())
    text = {"title": alt.TitleConfig(anchor="start", fontSize=13, subtitleFontSize=11, color=INK, subtitleColor=INK, offset=10)}
    return alt.hconcat(_coverage(table, worlds), _estimates(table), spacing=36).configure(
        font=FONT, background="white", view=alt.ViewConfig(stroke=None), padding=14, **text,
        axis=alt.AxisConfig(labelColor=INK, titleColor=INK, titleFontWeight="normal", gridColor=PALE, domain=False, ticks=False, labelFontSize=11),
        legend=alt.LegendConfig(labelFontSize=11, labelLimit=420, labelColor=INK),
    )


def _coverage(table: pd.DataFrame, worlds: int) -> "alt.LayerChart":
    import altair as alt

    rows = pd.concat([
        table[["name"]].assign(target=label, **{key: 100 * table[prefix + key] for key in ("coverage", "low", "high")})
        for prefix, label in TARGETS.items()
    ])
    base = alt.Chart(alt.Data(values=rows.to_dict("records"))).encode(y=_by_name(True), yOffset=alt.YOffset("target:N", sort=list(TARGETS.values())))
    colour = alt.Color(
        "target:N", scale=alt.Scale(domain=list(TARGETS.values()), range=list(COLOURS)), legend=alt.Legend(title=None, orient="bottom", direction="vertical"),
    )
    share = alt.Scale(domain=[20, 102], nice=False, zero=False)
    axis = alt.Axis(title="intervals that hold the truth, %", values=[20, 40, 60, 80, 95], labelOverlap=False, labelFlush=False)
    bars = base.mark_rule(strokeWidth=5, opacity=0.4).encode(x=alt.X("low:Q", scale=share, axis=axis), x2="high:Q", color=colour)
    points = base.mark_point(filled=True, size=45, opacity=1).encode(x=alt.X("coverage:Q", scale=share, axis=axis), color=colour)
    nominal = alt.Chart(alt.Data(values=[{"at": 95}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x=alt.X("at:Q", scale=share, axis=axis))
    title = alt.TitleParams("How often a 95 % interval holds the truth", subtitle=f"{worlds} worlds, two years after the start; bars: exact 99 % intervals; dashed: 95 %")
    return alt.layer(bars, nominal, points).properties(width=400, height=250, title=title)


def _estimates(table: pd.DataFrame) -> "alt.LayerChart":
    import altair as alt

    rows = table[["name", "mean_estimate", "truth"]].assign(
        spread_low=table["mean_estimate"] - 1.96 * table["sd"], spread_high=table["mean_estimate"] + 1.96 * table["sd"],
    )
    base = alt.Chart(alt.Data(values=rows.to_dict("records"))).encode(y=_by_name(False))
    low, high = min(0.0, rows["spread_low"].min()), rows["spread_high"].max()
    scale, axis = alt.Scale(domain=[low, high], nice=True, zero=False), alt.Axis(title="effect, FTE a firm", tickCount=5, labelFlush=False)
    bars = base.mark_rule(strokeWidth=5, opacity=0.4, color=COLOURS[0]).encode(x=alt.X("spread_low:Q", scale=scale, axis=axis), x2="spread_high:Q")
    points = base.mark_point(filled=True, size=45, opacity=1, color=COLOURS[0]).encode(x=alt.X("mean_estimate:Q", scale=scale, axis=axis))
    truth = alt.Chart(alt.Data(values=[{"at": float(rows["truth"].iloc[0])}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x=alt.X("at:Q", scale=scale, axis=axis))
    title = alt.TitleParams("Where the estimates lie", subtitle="mean over worlds ± 1.96 standard deviations; dashed: truth")
    return alt.layer(bars, truth, points).properties(width=330, height=250, title=title)


def _by_name(shown: bool) -> "alt.Y":
    import altair as alt

    axis = alt.Axis(title=None, labelLimit=260, grid=False, labelPadding=8) if shown else None
    return alt.Y("name:N", sort=list(NAMES.values()), axis=axis, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.3))
