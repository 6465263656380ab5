"""A type and a number of participants are chosen without anything running, and a plan too small to be measured says so."""

import re

from pipelines.report import render
from pipelines.report.planning import told
from tests.pipelines.report.drawn import warehouse
from tests.pipelines.report.reading import Page

PLAN = {
    "type": "Food", "participants": 30, "horizon": 2, "expected_net": 34.6, "low": -1.2, "high": 70.4, "expected_gross": 50.0,
    "basis": "type", "probability": None, "target": None, "target_kind": None, "minimum_detectable": 1.691, "verdict": "pool",
    "effect": 1.14, "power": 0.474, "participants_needed": 68, "pooled_projects": 3, "cost_set": "unbounded", "cost_low": 57451.0,
    "cost_high": None, "budget_dkk": 4e6, "budget_given": True,
}


def test_a_row_tells_what_to_expect_and_whether_it_could_be_measured(pages):
    rows = {(row[0], row[1]): row[2:] for row in pages["da"].rows if len(row) == 8 and row[1] in ("10", "50")}
    assert rows["Fiskeri, akvakultur og fødevarer", "10"] == [
        "12", "−3 til 28", "1,73", "43 %", "25", "Kun sammen: 3 projekter som dette"]
    assert rows["Fiskeri, akvakultur og fødevarer", "50"][-1] == "Ja, alene"
    assert rows["Turisme og oplevelsesøkonomi", "50"][-1] == "Nej, intet antal er nok"
    assert "er skønnet de øvrige typers gennemsnit" in pages["da"].words


def test_what_is_chosen_leaves_its_rows_by_style_alone(pages, sources):
    values = [option["value"] for option in pages["en"].all("option")]
    assert values == ["", "clusters", "food", "tourism", "", "n-10", "n-50"]
    assert [option["value"] for option in pages["en"].all("option") if "selected" in option] == ["", "n-50"]
    classes = {row["class"] for row in pages["en"].all("tr") if re.search(r"n-\d", row.get("class") or "")}
    assert classes == {f"{kind} n-{size}" for kind in ("clusters", "food", "tourism") for size in (10, 50)}
    for value in filter(None, values):
        assert f'.planning:has([value="{value}"]:checked) tbody tr:not(.{value}) {{ display: none; }}' in sources["en"]
    labels = [label["for"] for label in pages["en"].all("label")]
    assert labels == [select["id"] for select in pages["en"].all("select")]


def test_without_an_effect_the_section_says_so(tmp_path):
    page = Page(render(warehouse(tmp_path, chain__plan=[]), tmp_path, "en").read_text(encoding="utf-8"))
    assert "There is no effect to plan from yet." in page.words
    assert not page.all("select")


def test_a_plan_in_words_says_that_it_is_too_small_and_how_many_to_pool():
    words = " ".join(told(PLAN, "en")).replace("\N{NO-BREAK SPACE}", " ")
    assert "Food: 30 participants, two years after the start" in words
    assert "Expected: 35 net jobs (FTE), 95% prediction interval −1 to 70" in words
    assert "too small to be measured alone: the chance to see an effect of 1.14 FTE a participant is 47%. That takes 68 participants" in words
    assert "3 projects like this in all" in words
    assert "Budget DKK 4,000,000; a net job: at least 57,000; no upper bound." in words


def test_other_outcomes_of_a_plan_have_their_own_words():
    def advice(**changed) -> str:
        return " ".join(told(PLAN | changed, "da")).replace("\N{NO-BREAK SPACE}", " ")

    assert "Projektet kan måles" in advice(verdict="measurable", power=0.9)
    assert "kan ikke måles, uanset hvor mange" in advice(verdict="unmeasurable", participants_needed=None)
    assert "Bruttomålet nås uden nogen effekt" in advice(verdict="without_effect", power=None, participants_needed=None)
    assert "Målet på 60 job brutto nås med en sandsynlighed på 51 %" in advice(target=60.0, target_kind="gross", probability=0.51)
    assert "Med typens hidtidige tilskud pr. deltager: 4.000.000 kr." in advice(budget_given=False)
    assert "øvrige typers gennemsnit" in advice(basis="other_types")
    assert "er over 99 %; 68 deltagere er nok" in advice(verdict="measurable", power=0.9999)
    assert "sandsynlighed på under 1 %" in advice(target=600.0, target_kind="net", probability=0.0)
