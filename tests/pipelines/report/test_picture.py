"""The picture has a panel a type on one scale, tells in words what it shows, and marks the reference."""

import re

from pipelines.report.numbers import NO_BREAK
from pipelines.report.picture import extent
from tests.pipelines.report.reading import Page


def panels(source: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", source, re.DOTALL)


def test_each_type_with_effects_has_a_panel_that_says_what_it_shows(sources, pages):
    told = [attributes["aria-label"].replace(NO_BREAK, " ") for attributes in pages["da"].all("svg")]
    assert len(told) == 2
    assert told[0] == (
        "Fiskeri, akvakultur og fødevarer: 1,7 årsværk pr. virksomhed to år efter start, 95 %-interval 1,0 til 2,4. Konklusion: effekt.")
    assert "Konklusion: kan ikke sammenlignes." in told[1]
    assert {attributes["role"] for attributes in pages["da"].all("svg")} == {"img"}


def test_panels_share_their_axes_and_number_them_in_the_language(sources):
    texts = {language: [re.findall(r"<text[^>]*>([^<]*)<", panel) for panel in panels(source)] for language, source in sources.items()}
    for shown in texts.values():
        assert shown[0] == shown[1]
        assert {"−2", "−1", "0", "1", "2"} <= set(shown[0])
    assert "0,5" in texts["da"][0]
    assert "0.5" in texts["en"][0]


def test_the_reference_is_hollow_and_without_an_interval(sources):
    panel = panels(sources["da"])[0]
    assert len(re.findall(r'fill="#fff" stroke="#0b5f6a"', panel)) == 1
    assert len(re.findall(r'stroke="#dcebec" stroke-width="12"', panel)) == 4  # five years, one of them the reference


def test_nothing_in_a_panel_has_a_name_that_another_panel_could_share(sources):
    for panel in panels(sources["da"]):
        assert " id=" not in panel
        assert "xmlns" not in panel


def test_the_figures_behind_the_picture_are_there_as_a_table(pages: dict[str, Page]):
    row = [row for row in pages["en"].rows if row[0] == "Clusters and networks" and "+1.68" in row]
    assert row == [["Clusters and networks", "−0.03", "0.00", "+0.38", "+0.85", "+1.68"]]


def test_the_scale_holds_every_band_and_zero():
    rows = [{"event_time": time, "att": 1.0, "low": 0.5, "high": 1.5, "band_low": 0.2, "band_high": 2.6} for time in (-3, 0, 4)]
    times, (low, high) = extent(rows)
    assert times == (-3, 4)
    assert low == 0.0
    assert 2.6 <= high <= 3.0
