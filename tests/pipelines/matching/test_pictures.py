"""The love plot shows every covariate, also where the difference is infinite or missing, and is the same every time."""

import json
import struct

import numpy as np
import pandas as pd
import pytest
import vl_convert

from pipelines.matching import pictures
from pipelines.matching.pictures import love_plot_picture

BALANCE = pd.DataFrame({
    "initiative_type": "food", "unit": "company", "covariate": ["log_productivity", "log_fte", "growth", "weeks_on_benefits"],
    "smd_before": [-0.13, 0.52, -0.36, 0.2], "smd_after": [0.04, -0.02, 0.125, -0.05],
})


class Asked(Exception):
    """The renderer was asked; what it was asked for is all that a test wants."""


def drawn(monkeypatch, *given, **named) -> dict:
    """The specification that the picture hands to the renderer, which is not waited for."""

    def ask(spec: str, scale: float) -> None:
        raise Asked(spec)

    monkeypatch.setattr(vl_convert, "vegalite_to_png", ask)
    with pytest.raises(Asked) as asked:
        love_plot_picture(*given, **named)
    return json.loads(str(asked.value))


def words(spec: dict) -> list[str]:
    return [layer["mark"]["text"] for layer in spec["layer"] if "text" in layer["mark"]]


def column(spec: dict, name: str) -> list[str]:
    """What is written in a column beside the plot, from the top."""
    (layer,) = [layer for layer in spec["layer"] if layer["encoding"].get("text") == {"field": name}]
    return [row[name] for row in sorted(layer["data"]["values"], key=lambda row: row["row"])]


def marks(spec: dict, **asked: str) -> list[str]:
    """The covariates that have the mark."""
    found = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point" and asked.items() <= layer["mark"].items()]
    return [row["name"] for layer in found for row in layer["data"]["values"] if "name" in row]


def test_the_picture_is_a_small_png_the_same_every_time_and_as_high_as_its_rows():
    png = love_plot_picture(BALANCE)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (800, 128 + 4 * pictures.ROW + 66)
    assert len(set(png[png.index(b"PLTE") + 4:][:60])) > 10  # not blank: many colours
    assert len(png) < 60_000
    assert love_plot_picture(BALANCE.copy()) == png


@pytest.mark.parametrize("name", ["smd_before", "smd_after"])
def test_every_difference_is_seen_in_the_picture_and_its_sign_is_not(name):
    changed, png = BALANCE.copy(), love_plot_picture(BALANCE)
    changed.loc[1, name] *= 1.1
    assert love_plot_picture(changed) != png
    assert love_plot_picture(BALANCE.assign(**{name: -BALANCE[name]})) == png


def test_the_worst_before_matching_comes_first_under_a_readers_name(monkeypatch):
    spec = drawn(monkeypatch, BALANCE)
    assert column(spec, "name") == ["Size (log FTE)", "Growth, last year (relative)", "Weeks on benefits", "Productivity (log DKK per FTE)"]
    assert column(spec, "before_told") == ["0.52", "0.36", "0.20", "0.13"]
    assert column(spec, "after_told") == ["0.02", "0.12", "0.05", "0.04"]


def test_only_what_misses_the_goal_is_amber(monkeypatch):
    spec = drawn(monkeypatch, BALANCE)
    colours = {row["name"]: row["colour"] for layer in spec["layer"] for row in layer["data"]["values"] if "colour" in row}
    assert [name for name, colour in colours.items() if colour == pictures.BEYOND] == ["Growth, last year (relative)"]
    assert [row["goal"] for layer in spec["layer"] for row in layer["data"]["values"] if "goal" in row] == [0.1, 0.1]


def test_infinite_and_missing_differences_keep_their_row_and_are_explained(monkeypatch):
    broken = BALANCE.assign(smd_before=[-np.inf, 0.5, np.nan, 0.2], smd_after=[np.nan, np.inf, 0.01, 0.05])
    assert love_plot_picture(broken)[:4] == b"\x89PNG"
    spec = drawn(monkeypatch, broken)
    assert column(spec, "before_told") == ["infinite", "0.50", "0.20", "missing"]
    assert column(spec, "after_told") == ["missing", "infinite", "0.05", "0.01"]
    assert marks(spec, shape="triangle-right", color=pictures.BEFORE) == ["Productivity (log DKK per FTE)"]
    assert marks(spec, shape="triangle-right", color=pictures.BEYOND) == ["Size (log FTE)"]
    assert marks(spec, fill="#ffffff") == ["Size (log FTE)", "Weeks on benefits"]
    assert words(spec)[-2:] == list(pictures.NOTES.values())


def test_nothing_is_explained_where_every_difference_is_a_number(monkeypatch):
    assert not set(pictures.NOTES.values()) & set(words(drawn(monkeypatch, BALANCE)))


def test_the_title_names_the_type_and_the_counts_that_are_given(monkeypatch):
    assert words(drawn(monkeypatch, BALANCE))[1:3] == [
        "Fishery, aquaculture and food", "How alike they were before the start, before and after matching",
    ]
    told = words(drawn(monkeypatch, BALANCE.assign(unit="person"), "Fødevarer", n_treated=1200, n_control=9741))
    assert told[1] == "Fødevarer"
    assert told[2].endswith("matching · 1,200 treated persons, 9,741 controls")


def test_danish_letters_are_drawn_as_themselves():
    assert len({love_plot_picture(BALANCE[:1], name) for name in (*"æøåao", "\ue000", " ")}) == 7


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (BALANCE[:0], "the rows given hold 0"),
        (pd.concat([BALANCE, BALANCE.assign(unit="person")]), "the rows given hold 2"),
        (BALANCE.drop(columns=["smd_after"]), "lacks the columns smd_after"),
    ],
)
def test_what_is_not_one_matching_is_refused_in_a_sentence(table, sentence):
    with pytest.raises(ValueError, match=sentence):
        love_plot_picture(table)
