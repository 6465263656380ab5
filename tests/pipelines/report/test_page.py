"""The page answers in words first, shows every figure as its language writes it, and needs nothing from outside."""

import re

import pytest

from pipelines.report import FILES, VALIDATION, render
from pipelines.report.answer import headline, paragraph
from pipelines.report.numbers import NO_BREAK
from tests.pipelines.report.drawn import drawn, warehouse
from tests.pipelines.report.reading import Page

TOTAL_ROW = {
    "horizon": 2, "companies": 1310, "n_not_estimated": 33, "gross": 2314.45, "deadweight": 867.25, "net": 1447.2,
    "net_low": 1100.5, "net_high": 1793.9,
}


def rendered(place, language="da", **changed) -> Page:
    page = render(warehouse(place, **changed), place, language)
    return Page(page.read_text(encoding="utf-8"))


def test_the_danish_page_answers_in_words_and_numbers_as_danes_write_them(pages):
    words = pages["da"].words
    assert "1.310 virksomheder: 1.447 job, som ellers ikke var kommet" in words
    assert "To år efter start havde 1.310 virksomheder tilsammen 2.314 årsværk flere end i året før start" in words
    assert "Heraf ville 867 være kommet alligevel" in words
    assert "nettoeffekt på 1.447 job med et 95 %-interval fra 1.100 til 1.794" in words
    assert "Bruttotallet alene siger ikke, hvad der var sket uden støtten, og kan ikke efterprøves" in words
    assert "Opgjort pr. 31. december 2015 · udgave 2015-12-31-abc" in words


def test_the_english_page_says_the_same_in_english(pages):
    words = pages["en"].words
    assert "1,310 companies: 1,447 jobs that would not have come otherwise" in words
    assert "Two years after the start, 1,310 companies had 2,314 full-time equivalents more" in words
    assert "Of these, 867 would have come anyway" in words
    assert "a net effect of 1,447 jobs, with a 95% interval from 1,100 to 1,794" in words
    assert "As of 31 December 2015 · release 2015-12-31-abc" in words


def test_the_pages_have_the_same_sections_and_point_to_each_other(pages):
    headings = {language: [attributes.get("id") for attributes in page.all("h2")] for language, page in pages.items()}
    assert headings["da"] == headings["en"] == ["results", "picture", "persons", "chains", "planning", "limits", "behind"]
    for language, other in (("da", "en"), ("en", "da")):
        assert pages[language].all("html") == [{"lang": language}]
        assert [link["href"] for link in pages[language].all("a")] == [FILES[other], VALIDATION[language]]


def test_types_stand_in_the_order_of_their_names_in_each_language(pages):
    for page, names in (
        (pages["da"], ["Fiskeri", "Klynger", "Maritim", "Sundheds", "Turisme", "Uddannelse", "Alle typer"]),
        (pages["en"], ["Clusters", "Fishery", "Health", "Maritime", "Tourism", "Training", "All types"]),
    ):
        firsts = [row[0] for row in page.rows]
        assert [firsts[at][: len(name)] for at, name in enumerate(names, start=1)] == names


def test_nothing_is_loaded_from_outside_and_nothing_runs(sources, pages):
    for language, source in sources.items():
        assert "http" not in source
        assert not re.search(r"url\(|@import|<script|<img|<iframe|javascript:", source)
        assert [link["href"] for link in pages[language].all("link")] == [FILES["en" if language == "da" else "da"]]
        assert not [name for _, attributes in pages[language].elements for name in attributes if name.startswith("on")]


def test_every_element_is_closed_in_order(pages):
    assert [page.open for page in pages.values()] == [[], []]


def test_the_same_warehouse_gives_the_same_bytes_and_another_run_of_it_too(drawn_warehouse, sources, tmp_path):
    again = render(drawn_warehouse, tmp_path, "da", release="2015-12-31-abc").read_text(encoding="utf-8")
    other_run = render(warehouse(tmp_path / "other", run="run 2"), tmp_path, "da", release="2015-12-31-abc")
    assert again == sources["da"]
    assert other_run.read_text(encoding="utf-8") == sources["da"]


def test_hostile_text_in_the_tables_is_shown_as_text(tmp_path):
    hostile = '<script>alert("x")</script>&{language}'
    links = [row | {"name_da": hostile, "measure_unit": hostile} for row in drawn()["chain.link"]]
    project = dict.fromkeys(("project", "initiative", "name", "operator"), hostile)
    project |= {"initiative_type": "food", "delivery": "first"}
    support = [row | {"reason": hostile} for row in drawn()["effect.support"]]
    page = render(
        warehouse(tmp_path, chain__link=links, participation__project=[project], effect__support=support), tmp_path, "da",
        release=hostile,
    ).read_text(encoding="utf-8")
    assert "<script" not in page
    assert hostile in Page(page).words


def test_a_strip_and_a_limit_say_that_the_data_are_synthetic_only_when_they_are(pages, tmp_path):
    real = rendered(tmp_path, synthetic=False)
    assert pages["da"].words.count("yntetiske") == 2
    assert "yntetiske" not in real.words


def test_an_interval_that_holds_zero_is_no_claim():
    open_answer = TOTAL_ROW | {"net_low": -12.4}
    assert headline(open_answer, "da").endswith("for usikkert til at sige, om støtten gav job")
    assert "men 95 %-intervallet fra −12 til 1.794 rummer nul" in paragraph(open_answer, "da").replace(NO_BREAK, " ")


def test_a_loss_of_jobs_is_told_as_one_and_no_share_of_it_is_called_deadweight():
    lost = TOTAL_ROW | {"gross": -100.0, "deadweight": 50.0, "net": -150.0, "net_low": -200.0, "net_high": -100.0}
    assert headline(lost, "en").replace(NO_BREAK, " ") == "1,310 companies: 150 jobs fewer than without the support"
    told = paragraph(lost, "en").replace(NO_BREAK, " ")
    assert "had 100 full-time equivalents fewer" in told
    assert "did not take part grew by the equivalent of 50 full-time equivalents" in told
    assert "Of these" not in told


def test_comparable_companies_that_shrank_are_not_called_deadweight():
    told = paragraph(TOTAL_ROW | {"deadweight": -30.0}, "da").replace(NO_BREAK, " ")
    assert "gik i samme tid tilbage svarende til 30 årsværk" in told
    assert "Heraf" not in told


def test_what_would_have_happened_anyway_is_not_told_when_nobody_knows():
    unknown = TOTAL_ROW | {"deadweight": None, "net": None, "net_low": None, "net_high": None}
    assert "cannot be told yet" in paragraph(unknown, "en")
    assert headline(unknown, "en").endswith("too uncertain to tell whether the support gave jobs")


def test_nothing_is_claimed_where_most_of_the_companies_cannot_be_compared(pages):
    assert headline(TOTAL_ROW, "en", weak=655).endswith("jobs that would not have come otherwise")
    assert headline(TOTAL_ROW, "en", weak=656).endswith("the comparison is too weak to tell whether the support gave jobs")
    assert "Tallene omfatter 139 virksomheder i indsatstyper, hvis egen sammenligning ikke holder." in pages["da"].words


def test_one_company_and_one_job_are_singular():
    one = TOTAL_ROW | {"companies": 1, "n_not_estimated": 1, "net": 1.0, "net_low": 0.5, "net_high": 1.4}
    assert headline(one, "en").replace(NO_BREAK, " ").startswith("1 company: 1 job that")
    assert "Another 1 company took part" in paragraph(one, "en").replace(NO_BREAK, " ")


def test_a_warehouse_without_any_result_gives_a_page_that_says_so(tmp_path):
    empty = {name.replace(".", "__"): [] for name in drawn()}
    page = rendered(tmp_path, "en", **empty)
    assert "No result for the companies yet" in page.words
    assert "There is no effect to draw yet." in page.words
    assert "No rows are in quarantine." in page.words


def test_a_language_that_the_page_is_not_written_in_is_refused(drawn_warehouse, tmp_path):
    with pytest.raises(ValueError, match="da and en"):
        render(drawn_warehouse, tmp_path, "de")


def test_what_lies_behind_adds_up_and_names_reasons(pages):
    words = pages["da"].words
    assert "7.537 læst = 7.535 godkendt + 2 i karantæne" in words
    assert "1.000 af 1.029 (97,2 %)" in words
    assert pages["da"].row("Slutdatoen ligger før startdatoen.")[1] == "2"
    assert pages["en"].row("Companies: fewer than two years before the start")[1] == "29"
