"""The table at a terminal fits between 100 and 140 columns and says a cost as the set that it is."""

import pytest

from pipelines.report.table import printed, result_rows
from tests.pipelines.report.drawn import drawn, warehouse


@pytest.fixture(scope="module")
def rows(drawn_warehouse):
    return result_rows(drawn_warehouse)


def line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_there_is_a_row_for_every_type_by_name_and_then_the_total(rows):
    kinds = [row["initiative_type"] for row in rows]
    assert kinds == ["clusters", "food", "health_innovation", "maritime", "tourism", "training", "total"]
    assert rows[-1]["net"] == pytest.approx(1447.2)


@pytest.mark.parametrize("width", [60, 100, 120, 140, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut(rows, width):
    text = printed(rows, width)
    assert max(map(len, text.splitlines())) <= min(max(width, 100), 140)
    assert "…" not in text
    for word in ("aquaculture", "development", "comparable", "welfare", "bound", "1,794"):
        assert word in text


def test_costs_are_sets(rows):
    text = printed(rows, 140)
    assert "61–118" in line(text, "Fishery")
    assert "from 197, no upper bound" in line(text, "Tourism")
    assert "no net job" in line(text, "Health")
    assert "(41–94)" in line(text, "Clusters")


def test_what_is_missing_is_a_dash_and_what_is_not_comparable_is_in_brackets(rows):
    text = printed(rows, 140)
    assert line(text, "Maritime").split()[3:] == ["0", "–", "–", "–", "–", "–", "too", "early"]
    assert "(236)" in line(text, "Clusters")
    assert "Figures in brackets should not be quoted." in text


def test_a_warehouse_without_results_is_told_in_words(tmp_path):
    empty = {name.replace(".", "__"): [] for name in drawn()}
    rows = result_rows(warehouse(tmp_path, **empty))
    assert rows == []
    assert printed(rows) == "No type of initiative has a headline result."
