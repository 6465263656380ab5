"""Every type's row says what can be said: a cost as the set that it is, a verdict with its reason, and why a figure is missing."""

import pytest

COSTS = (
    ("Fiskeri", "mellem 61.000 og 118.000", "Fishery", "between 61,000 and 118,000"),
    ("Turisme", "mindst 197.000; ingen øvre grænse", "Tourism", "at least 197,000; no upper bound"),
    ("Sundheds", "intet beløb: intervallet rummer ikke ét nettojob", "Health", "no amount: the interval holds no net job"),
    ("Klynger", "(mellem 41.000 og 94.000)", "Clusters", "(between 41,000 and 94,000)"),
)


@pytest.mark.parametrize(("da", "danish", "en", "english"), COSTS)
def test_the_cost_of_a_net_job_is_told_as_a_set(pages, da, danish, en, english):
    assert pages["da"].row(da)[6] == danish
    assert pages["en"].row(en)[6] == english


def test_a_type_shows_gross_deadweight_net_and_interval(pages):
    assert pages["da"].row("Fiskeri")[1:6] == ["1.000", "1.864", "614", "1.250", "850 til 1.650"]
    assert pages["en"].row("Health")[1:6] == ["60", "−15", "30", "−45", "−75 to −15"]


def test_figures_below_ten_keep_a_decimal_so_that_an_interval_shows_its_sign(pages):
    assert pages["da"].row("Uddannelse")[2:6] == ["1,2", "0,5", "0,7", "−0,1 til 1,5"]


def test_a_verdict_comes_with_what_it_rests_on(pages):
    said = {name: pages["da"].row(name)[7] for name in ("Fiskeri", "Turisme", "Uddannelse", "Sundheds")}
    assert said == {
        "Fiskeri": "Effekt 12 % flere årsværk end uden støtten (8 til 17)",
        "Turisme": "Ingen effekt større end grænsen Hele intervallet ligger inden for ±0,5 årsværk pr. virksomhed",
        "Uddannelse": "For få til at afgøre Først en effekt på 1,2 årsværk pr. virksomhed ville være set",
        "Sundheds": "Effekt 8 % færre årsværk end uden støtten (2 til 14)",
    }


def test_every_verdict_in_use_is_explained_and_no_other(pages):
    assert "Det er ikke et tegn på, at effekten mangler." in pages["da"].words
    assert "no number should be quoted" in pages["en"].words
    assert "Ingen årgang er endnu observeret på denne horisont." in pages["da"].words


def test_what_cannot_be_compared_stands_in_brackets_except_what_was_observed(pages):
    row = pages["da"].row("Klynger")
    assert row[1:6] == ["139", "435", "(199)", "(236)", "(143 til 328)"]
    assert "Tal i parentes bør ikke citeres" in row[7]
    assert "Totalen omfatter også Klynger og netværk, hvis egen sammenligning ikke holder." in pages["da"].words


def test_a_missing_figure_is_a_dash_with_its_reason(pages):
    row = pages["da"].row("Maritim")
    assert row[1] == "0"
    assert set(row[2:7]) == {"–kan ikke opgøres: for tidligt"}


def test_the_total_names_the_overlap_and_has_no_cost(pages):
    row = pages["da"].row("Alle typer")
    assert row[1:6] == ["1.310", "2.314", "867", "1.447", "1.100 til 1.794"]
    assert row[6] == "– opgøres pr. type"
    assert row[7] == "Typernes egne nettotal giver tilsammen 1.600; forskellen på 153 er overlap."


def test_persons_are_shown_with_and_without_the_course_and_in_percentage_points(pages):
    rows = [row for row in pages["da"].rows if row[0].startswith("Fiskeri") and "76,2 %" in row]
    assert rows == [["Fiskeri, akvakultur og fødevarer", "395", "76,2 %", "70,7 %", "−2,0 −6,0 til 3,0", "+1,3 −4,0 til 6,0",
                     "+5,5 0,3 til 10,7", "Effekt"]]


def test_a_chain_holds_each_link_against_its_target_in_one_scale(pages):
    chain = [row[1:] for row in pages["en"].rows if row[0].startswith("What happened")]
    assert chain == [
        ["1,094", "1,029", "–a count, not an effect", "Behind"],
        ["114", "114", "–a count, not an effect", "Reached"],
        ["–no target set", "1,332", "802 667 to 936", "Not covered"],
        ["2,066", "3,755", "2,507 2,082 to 2,933", "Reached"],
    ]


def test_every_heading_of_a_table_has_its_scope_and_every_table_a_caption(pages):
    for page in pages.values():
        assert {attributes.get("scope") for attributes in page.all("th")} == {"col", "row"}
        assert len(page.all("caption")) == len(page.all("table")) > 5
