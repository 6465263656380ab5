"""Pictures of estimates are crisp, small, the same every time, and change with every number that they show."""

import json
import re
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import vl_convert

from pipelines.effects import pictures
from pipelines.effects.errors import EstimationError
from pipelines.effects.pictures import event_time_picture, forest_picture

EVENT_TIME = pd.DataFrame({
    "initiative_type": "food", "unit": "company", "outcome": "fte", "event_time": range(-3, 4),
    "att": [-0.1, 0.05, 0.0, 0.4, 0.8, 1.1, 1.2],
    "low": [-0.3, -0.1, np.nan, 0.2, 0.5, 0.8, 0.7], "high": [0.1, 0.2, np.nan, 0.6, 1.1, 1.4, 1.7],
    "band_low": [-0.4, -0.2, np.nan, 0.1, 0.4, 0.6, 0.4], "band_high": [0.2, 0.3, np.nan, 0.7, 1.2, 1.6, 2.0],
    "n_treated": [140, 147, 150, 150, 150, 149, 93], "n_control": [600, 613, 613, 613, 613, 610, 346],
})
TYPES = pd.DataFrame({
    "initiative_type": ["clusters", "tourism", "food", "training", "maritime"], "unit": "company", "outcome": "fte", "horizon": 2,
    "att": [1.2, 0.06, 1.2, np.nan, 1.5], "se": [0.3, 0.2, 0.2, np.nan, 0.2],
    "low": [0.6, -0.3, 0.8, np.nan, 1.1], "high": [1.8, 0.4, 1.6, np.nan, 1.9], "n_treated": [139, 110, 150, 4, 169],
    "verdict": ["not_comparable", "no_effect", "effect", "too_early", "effect"],
    "shrunken": [np.nan, 0.2, 1.1, np.nan, 1.4], "shrunken_low": [np.nan, -0.1, 0.8, np.nan, 1.0],
    "shrunken_high": [np.nan, 0.5, 1.4, np.nan, 1.8],
})


def pixels(png: bytes) -> np.ndarray:
    """Rows and columns of colours, decoded here so that the test does not trust what it tests."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + size]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[at + 8 + size:at + 12 + size])[0]
        chunks[kind], at = data, at + 12 + size
    width, height, bits, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (bits, kind) == (8, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[lines[:, 1:]]


def near(image: np.ndarray, colour: str) -> np.ndarray:
    """Where the picture has that colour, to what five bits can tell."""
    wanted = [int(colour[place:place + 2], 16) for place in (1, 3, 5)]
    return (np.abs(image.astype(int) - wanted) <= 8).all(axis=2)


class Asked(Exception):
    """The renderer was asked; what it was asked for is all that a test wants."""


def drawn(monkeypatch, draw, *given, **named) -> dict:
    """The specification that a picture hands to the renderer, which is not waited for."""

    def ask(spec: str, scale: float) -> None:
        raise Asked(spec)

    monkeypatch.setattr(vl_convert, "vegalite_to_png", ask)
    with pytest.raises(Asked) as asked:
        draw(*given, **named)
    return json.loads(str(asked.value))


def words(spec: dict) -> list[str]:
    """Every text of a picture in the order it is drawn."""
    told = []
    for layer in spec["layer"]:
        if layer["mark"]["type"] == "text":
            field = layer["encoding"].get("text", {}).get("field")
            told += [row[field] for row in layer["data"]["values"]] if field else [layer["mark"]["text"]]
    return told


@pytest.mark.parametrize(("draw", "table"), [(event_time_picture, EVENT_TIME), (forest_picture, TYPES)])
def test_a_picture_is_a_small_png_with_more_than_one_colour_and_the_same_every_time(draw, table):
    png = draw(table)
    image = pixels(png)
    assert image.shape[1] == 800
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 20
    assert near(image, "#ffffff").mean() > 0.5
    assert near(image, pictures.EFFECT).sum() > 100
    assert len(png) < 60_000
    assert draw(table.sample(frac=1, random_state=1)) == png


def test_a_picture_changes_with_an_estimate():
    moved = EVENT_TIME.assign(att=EVENT_TIME["att"].where(EVENT_TIME["event_time"] != 1, 0.83))
    assert event_time_picture(moved) != event_time_picture(EVENT_TIME)
    moved = TYPES.assign(att=TYPES["att"].where(TYPES["initiative_type"] != "food", 1.23))
    assert forest_picture(moved) != forest_picture(TYPES)


@pytest.mark.parametrize("column", ["att", "low", "high", "band_low", "band_high", "n_treated", "n_control"])
def test_every_number_of_an_event_time_is_in_what_is_drawn(monkeypatch, column):
    changed = EVENT_TIME.copy()
    changed[column] = changed[column].astype(float)
    changed.loc[4, column] *= 1.13
    changed = changed.astype({"n_treated": int, "n_control": int})
    assert drawn(monkeypatch, event_time_picture, changed) != drawn(monkeypatch, event_time_picture, EVENT_TIME)


@pytest.mark.parametrize("column", ["att", "low", "high", "shrunken", "shrunken_low", "shrunken_high", "n_treated", "verdict"])
def test_every_number_of_a_type_is_in_what_is_drawn_of_the_forest(monkeypatch, column):
    changed = TYPES.copy()
    changed.loc[2, column] = {"verdict": "too_few_to_tell", "n_treated": 151}.get(column, 1.25)
    assert drawn(monkeypatch, forest_picture, changed) != drawn(monkeypatch, forest_picture, TYPES)


def test_the_reference_is_hollow_at_zero_and_what_is_before_the_start_is_grey(monkeypatch):
    spec = drawn(monkeypatch, event_time_picture, EVENT_TIME)
    points = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point" and layer["data"]["values"]]
    found = {layer["mark"]["fill"]: [(row["time"], row["att"]) for row in layer["data"]["values"]] for layer in points}
    assert found["#ffffff"] == [(-1, 0.0)]
    assert found[pictures.OTHER] == [(-3, -0.1), (-2, 0.05)]
    assert [time for time, _ in found[pictures.EFFECT]] == [0, 1, 2, 3]


def test_the_headline_is_the_large_point_and_named(monkeypatch):
    spec = drawn(monkeypatch, event_time_picture, EVENT_TIME, headline=2)
    (large,) = [layer for layer in spec["layer"] if layer["mark"].get("size") == 200]
    assert [row["time"] for row in large["data"]["values"]] == [2]
    assert "Large: the headline, 2 years after the start." in words(spec)[-1]


def test_the_picture_tells_type_outcome_measure_and_both_counts(monkeypatch):
    told = words(drawn(monkeypatch, event_time_picture, EVENT_TIME))
    assert "Fishery, aquaculture and food" in told
    assert "Employment: effect by year since the start · 150 treated companies, 613 controls" in told
    assert "FTE per company" in told
    assert "Years since the start" in told


@pytest.mark.parametrize(
    ("unit", "outcome", "factor", "measure", "axis"),
    [
        ("company", "turnover", 0.001, "DKK 1,000 per company", "Years since the start"),
        ("person", "employed", 100.0, "Percentage points", "Quarters since the start"),
    ],
)
def test_money_is_in_thousands_and_shares_in_percentage_points(monkeypatch, unit, outcome, factor, measure, axis):
    spec = drawn(monkeypatch, event_time_picture, EVENT_TIME.assign(unit=unit, outcome=outcome))
    assert {measure, axis} <= set(words(spec))
    heights = [row["att"] for layer in spec["layer"] if layer["mark"]["type"] == "point" for row in layer["data"]["values"]]
    assert sorted(heights) == sorted(EVENT_TIME["att"] * factor)


def test_a_missing_or_infinite_band_breaks_the_shade_and_a_missing_interval_has_no_bar(monkeypatch):
    broken = EVENT_TIME.copy()
    broken.loc[5, ["low", "high"]], broken.loc[5, ["band_low", "band_high"]] = np.nan, (-np.inf, np.inf)
    spec = drawn(monkeypatch, event_time_picture, broken)
    (area,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "area"]
    runs = {row["time"]: row["run"] for row in area["data"]["values"]}
    assert set(runs) == {-3, -2, -1, 0, 1, 3}
    assert len({runs[time] for time in (-3, -2, -1, 0, 1)}) == 1
    assert runs[3] != runs[1]
    bars = [row["time"] for layer in spec["layer"] if layer["encoding"].get("y2", {}).get("field") == "high" for row in layer["data"]["values"]]
    assert sorted(bars) == [-3, -2, 0, 1, 3]
    assert re.search("NaN|Infinity", json.dumps(spec)) is None


def test_a_table_without_any_estimate_is_still_a_picture():
    empty = EVENT_TIME.assign(**dict.fromkeys(pictures.INTERVALS, np.nan))
    assert near(pixels(event_time_picture(empty)), pictures.EFFECT).sum() == 0


def test_many_event_times_are_written_every_second_one(monkeypatch):
    quarters = pd.concat([EVENT_TIME, EVENT_TIME.assign(event_time=EVENT_TIME["event_time"] + 7)])
    spec = drawn(monkeypatch, event_time_picture, quarters)
    written = [row["time"] for layer in spec["layer"] if layer["encoding"].get("text") == {"field": "treated"} for row in layer["data"]["values"]]
    assert written == [-2, 0, 2, 4, 6, 8, 10]


def test_types_are_sorted_by_effect_then_by_code_and_those_without_one_come_last(monkeypatch):
    told = words(drawn(monkeypatch, forest_picture, TYPES))
    order = ["Maritime industry development", "Clusters and networks", "Fishery, aquaculture and food", "Tourism and experience economy"]
    assert [text for text in told if text in {*order, "Training and upskilling"}] == [*order, "Training and upskilling"]
    assert told[told.index("1.50 (1.10 to 1.90)"):][:5] == [
        "1.50 (1.10 to 1.90)", "1.20 (0.60 to 1.80)", "1.20 (0.80 to 1.60)", "0.06 (−0.30 to 0.40)", "no estimate",
    ]
    assert {"Not comparable", "Too early", "No effect larger than the", "bound"} <= set(told)


def test_what_cannot_be_compared_is_grey_in_the_forest(monkeypatch):
    spec = drawn(monkeypatch, forest_picture, TYPES)
    colours = {row["treated"]: row["colour"] for layer in spec["layer"] for row in layer["data"]["values"] if "colour" in row}
    assert colours["139"] == pictures.OTHER
    assert {colours["169"], colours["150"], colours["110"]} == {pictures.EFFECT}


def test_the_horizon_is_told_where_the_types_share_one(monkeypatch):
    assert "Employment: effect 2 years after the start, FTE per company" in words(drawn(monkeypatch, forest_picture, TYPES))
    mixed = TYPES.assign(horizon=[2, 3, 2, 2, 2])
    assert "Employment: effect at the horizon fixed for each type, FTE per company" in words(drawn(monkeypatch, forest_picture, mixed))


def test_danish_letters_are_drawn_and_not_a_box_or_nothing():
    assert len({forest_picture(TYPES[:1].assign(initiative_type=text)) for text in (*"æøåÆØÅ", "\ue000", " ")}) == 8


@pytest.mark.parametrize(
    ("draw", "table", "sentence"),
    [
        (event_time_picture, EVENT_TIME[:0], "the rows given hold 0"),
        (event_time_picture, pd.concat([EVENT_TIME, EVENT_TIME.assign(outcome="turnover")]), "the rows given hold 2"),
        (event_time_picture, EVENT_TIME.drop(columns=["band_low"]), "lacks the columns band_low"),
        (forest_picture, pd.concat([TYPES, TYPES.assign(unit="person")]), "the rows given hold 2"),
        (forest_picture, TYPES.drop(columns=["verdict", "shrunken"]), "lacks the columns shrunken, verdict"),
    ],
)
def test_what_is_not_one_estimate_is_refused_in_a_sentence(draw, table, sentence):
    with pytest.raises(EstimationError, match=sentence):
        draw(table)
