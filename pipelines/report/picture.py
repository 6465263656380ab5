"""The picture: the effect on employment by years since the start, one panel a type, all on one scale.

Belongs here: drawing what `effect.event_time` says. Each panel is an SVG of its own, so that a narrow screen stacks
them; sizes are fixed and nothing is measured in a font, so the same rows give the same bytes on every machine.
"""

import json
import math
import re
from typing import TYPE_CHECKING

from pipelines.report.blocks import Head, missing, row, section, table
from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element, joined
from pipelines.report.numbers import interval, number, signed
from pipelines.report.wording import counted, say, years

if TYPE_CHECKING:
    import altair as alt

REFERENCE = -1
WIDTH, HEIGHT = 232, 150
PADDING = {"left": 24, "right": 6, "top": 8, "bottom": 20}
FONT = "Arial, Helvetica, sans-serif"
INK, PALE = "#4a555c", "#d5dade"
COLOURS = {
    "effect": ("#0b5f6a", "#8fbcc1", "#dcebec"),
    "no_effect": ("#3f5873", "#a9b7c7", "#e3e9ef"),
    "too_few_to_tell": ("#8a5a00", "#d6b87f", "#f3e9d6"),
}  # point, pointwise interval, band
OTHER = ("#666c72", "#bcc1c6", "#eceef0")
NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"| version="1.1"')


def picture(found: Findings) -> Html:
    """The figure: what it shows, its key, a panel a type with the verdict in its title, and the numbers behind it."""
    language, title = found.language, say("picture", found.language)
    if not found.event_time:
        return section("picture", title, element("p", say("no_picture", language)))
    caption = element("figcaption", element("p", say("picture_caption", language), class_="caption"), _key(found))
    scale = extent([one for rows in found.event_time.values() for one in rows])
    verdicts = {one["initiative_type"]: one["verdict"] for one in found.types}
    panels = [_panel(rows, verdicts.get(kind), scale, found) for kind, rows in found.event_time.items()]
    figure = element("figure", caption, element("div", *panels, class_="panels"))
    return section("picture", title, figure, element("p", say("picture_note", language), class_="note"), _numbers(found))


def extent(rows: list[Row]) -> tuple[tuple[int, int], tuple[float, float]]:
    """Event times and effects that hold every row with its band, zero included, the effects to a round step."""
    times = [one["event_time"] for one in rows]
    reach = [one[name] for one in rows for name in ("att", "low", "high", "band_low", "band_high") if one[name] is not None]
    low, high = min(0.0, *reach), max(0.0, *reach)
    step = 10 ** math.floor(math.log10(high - low)) / 2 if high > low else 1.0
    return (min(times), max(times)), (math.floor(low / step) * step, math.ceil(high / step) * step or step)


def _key(found: Findings) -> Html:
    after = years(found.horizon if found.horizon is not None else 2, found.language)
    entries = (
        ("point", say("key_point", found.language, years=after)),
        ("pointwise", say("key_interval", found.language)),
        ("band", say("key_band", found.language)),
        ("reference", say("key_reference", found.language)),
    )
    items = [element("li", element("span", class_=f"swatch {name}", aria_hidden="true"), words) for name, words in entries]
    return element("ul", *items, class_="key")


def _panel(rows: list[Row], kind: str | None, scale: tuple, found: Findings) -> Html:
    language = found.language
    treated = max((one["n_treated"] or 0 for one in rows), default=0)
    mark = element("span", found.label("verdicts", kind) or say("not_measured", language), class_=f"mark {kind or 'none'}")
    title = element("h3", rows[0]["type"], element("small", mark, " ", element("span", counted("company", treated, language))))
    return element("div", title, _drawn(rows, kind, scale, found), class_="panel")


def _drawn(rows: list[Row], kind: str | None, scale: tuple, found: Findings) -> Html:
    """The panel's SVG, with a sentence that says what it shows."""
    import vl_convert

    spec = _chart(rows, found.horizon, COLOURS.get(kind, OTHER), *scale).to_dict()
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), format_locale="da-DK" if found.language == "da" else "en-GB")
    _, start, rest = svg.partition("<svg")
    opened = f' role="img" aria-label="{_described(rows, kind, found)}"'
    return Html(start + opened + NAMESPACES.sub("", rest))


def _described(rows: list[Row], kind: str | None, found: Findings) -> Html:
    language = found.language
    told = {
        "type": rows[0]["type"],
        "years": years(found.horizon if found.horizon is not None else 2, language),
        "verdict": found.label("verdicts", kind).lower() or say("not_measured", language),
    }
    at = next((one for one in rows if one["event_time"] == found.horizon and one["low"] is not None), None)
    if at is None:
        return joined(say("panel_text_none", language, **told))
    ends = interval(at["low"], at["high"], language, 1)
    return joined(say("panel_text", language, att=number(at["att"], language, 1), interval=ends, **told))


def _chart(rows: list[Row], horizon: int | None, colours: tuple[str, str, str], times: tuple, effects: tuple) -> "alt.LayerChart":
    """Band, pointwise interval, line and points of one type; a reference line at zero and a hollow point at −1."""
    import altair as alt

    point, pointwise, band = colours
    named = ("event_time", "att", "low", "high", "band_low", "band_high")
    data = alt.Data(values=[{name: one[name] for name in named} for one in rows])
    base = alt.Chart(data).encode(x=alt.X("event_time:Q", axis=_time_axis(times), scale=_scale(times[0] - 0.5, times[1] + 0.5)))
    effect = _scale(*effects)
    at = {"is_reference": f"datum.event_time === {REFERENCE}", "is_headline": f"datum.event_time === {json.dumps(horizon)}"}
    bars = [
        base.mark_rule(strokeWidth=wide, color=colour, strokeCap="butt").encode(
            y=alt.Y(f"{low}:Q", scale=effect, axis=_effect_axis()), y2=f"{high}:Q"
        ).transform_filter(f"isValid(datum.{low})")
        for low, high, wide, colour in (("band_low", "band_high", 12, band), ("low", "high", 5, pointwise))
    ]
    estimate = base.encode(y=alt.Y("att:Q", scale=effect, axis=_effect_axis()))
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color=INK, strokeWidth=1).encode(
        y=alt.Y("zero:Q", scale=effect, axis=_effect_axis())
    )
    dots = [
        estimate.transform_filter(f"!({at['is_reference']}) && !({at['is_headline']})").mark_point(size=18, filled=True, color=point, opacity=1),
        estimate.transform_filter(at["is_headline"]).mark_point(size=64, filled=True, color=point, opacity=1),
        estimate.transform_filter(at["is_reference"]).mark_point(size=34, filled=True, fill="#fff", stroke=point, strokeWidth=1.5, opacity=1),
    ]
    line = estimate.mark_line(color=point, strokeWidth=1.2)
    return alt.layer(*bars, zero, line, *dots).properties(width=WIDTH, height=HEIGHT, autosize="none", padding=PADDING).configure(
        background="transparent", font=FONT, aria=False, view=alt.ViewConfig(stroke=None)
    )


def _scale(low: float, high: float) -> "alt.Scale":
    import altair as alt

    return alt.Scale(domain=[low, high], nice=False, zero=False)


def _time_axis(times: tuple[int, int]) -> "alt.Axis":
    import altair as alt

    return alt.Axis(
        title=None, values=list(range(times[0], times[1] + 1)), format="d", grid=False, domain=False, ticks=False,
        labelOverlap=False, labelFlush=False, labelColor=INK, labelFontSize=10, labelPadding=5,
    )


def _effect_axis() -> "alt.Axis":
    import altair as alt

    return alt.Axis(
        title=None, tickCount=5, grid=True, gridColor="#e8ebed", domain=False, ticks=False, labelOverlap=False, labelFlush=False,
        labelColor=INK, labelFontSize=10, labelPadding=4,
    )


def _numbers(found: Findings) -> Html:
    """The estimates as a table, for those who do not see the picture or want the figure."""
    language = found.language
    times = sorted({one["event_time"] for rows in found.event_time.values() for one in rows})
    heads = (Head(say("type", language)), *(Head(number(time, language), True) for time in times))
    body = []
    for rows in found.event_time.values():
        by_time = {one["event_time"]: signed(one["att"], language, 2) for one in rows}
        body.append(row(heads, rows[0]["type"], *(by_time.get(time) or missing(say("not_measured", language)) for time in times)))
    shown = table(say("picture_data_caption", language), heads, body, (), "narrow")
    scrolled = element("div", shown, class_="scrolls", tabindex="0", role="region", aria_label=say("picture_data", language))
    return element("details", element("summary", say("picture_data", language)), scrolled)
