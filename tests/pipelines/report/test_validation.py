"""The validation page: every rule of every contract with the rows that break it, the accounts of deliveries, no value."""

import re

import duckdb
import pytest

from pipelines.report import FILES, VALIDATION, render_validation
from pipelines.report.kept_rules import count_kept
from schemas.contract import contracts
from tests.pipelines.report.drawn import delivery, drawn, warehouse
from tests.pipelines.report.reading import Page

RULES = sum(len(contract.rules()) for contract in contracts("warehouse"))
TABLES = len(contracts("warehouse"))


def rendered(place, warehouse_path, language: str) -> Page:
    page = render_validation(warehouse_path, place, language, release="2015-12-31-abc")
    assert page.name == VALIDATION[language]
    return Page(page.read_text(encoding="utf-8"))


def spoil(place) -> object:
    """A copy of the drawn warehouse in which two totals are negative and one type is on no list."""
    path = warehouse(place)
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE effect.total SET n_treated = -1")
        con.execute("UPDATE effect.jobs SET initiative_type = 'a canary' WHERE initiative_type = 'food'")
    return path


@pytest.fixture(scope="module")
def sound(drawn_warehouse, tmp_path_factory) -> dict[str, Page]:
    place = tmp_path_factory.mktemp("validation")
    return {language: rendered(place, drawn_warehouse, language) for language in VALIDATION}


def test_every_rule_of_every_table_is_there_and_holds(sound):
    for language, yes in (("da", "ja"), ("en", "yes")):
        rules = [found for found in sound[language].rows if len(found) == 4 and found[2] == "0"]
        assert len(rules) == RULES
        assert {found[3] for found in rules} == {yes}
    assert f"{RULES} regler for {TABLES} tabeller: alle holder" in sound["da"].words
    assert f"{RULES} rules on {TABLES} tables: all of them hold" in sound["en"].words
    assert not [table for table in sound["en"].all("details") if "open" in table]


def test_a_rule_is_told_in_words_of_the_language(sound):
    danish = [found[:2] for found in sound["da"].rows if len(found) == 4]
    assert ["Indsatstype", "står på kodelisten initiative_types"] in danish
    assert ["Virksomhed × Projekt × Startdato", "findes kun én gang i tabellen"] in danish
    english = [found[:2] for found in sound["en"].rows if len(found) == 4]
    assert ["status", "is one of the words taken, empty"] in english
    assert ["start", "lies from 2000-01-01 to 2030-12-31"] in english
    assert ["support_dkk", "is at least 0"] in english


def test_a_broken_rule_is_counted_opened_and_told_at_the_top_without_a_value(tmp_path):
    page = rendered(tmp_path, spoil(tmp_path), "en")
    assert f"2 of {RULES} rules on {TABLES} tables are broken" in page.words
    broken = sorted(tuple(found) for found in page.rows if len(found) == 4 and found[3] == "no")
    assert broken == [("initiative_type", "is on the code list initiative_types", "1", "no"), ("n_treated", "is at least 0", "2", "no")]
    assert len([table for table in page.all("details") if "open" in table]) == 2
    assert "a canary" not in page.source


def test_repeated_keys_are_counted(tmp_path):
    path = warehouse(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE effect.again AS FROM effect.total")
        con.execute("DROP TABLE effect.total")
        con.execute("CREATE TABLE effect.total AS (FROM effect.again UNION ALL FROM effect.again)")
    kept = {one.contract.name: one for one in count_kept(path, "en").tables}["effect.total"]
    assert (kept.rows, {rule.name: count for rule, count in kept.violations.items() if count}) == (4, {"unique": 4})


def test_the_accounts_of_deliveries_add_up_and_one_that_does_not_is_told(sound, tmp_path):
    assert sound["da"].row("Virksomhedsdeltagelser") == ["Virksomhedsdeltagelser", "1", "7.537", "7.535", "2", "7.535", "0", "0", "ja"]
    assert sound["en"].row("The end date lies before")[1:] == ["company participations", "2"]
    off = rendered(tmp_path, warehouse(tmp_path, participation__delivery=[delivery() | {"accepted": "7534"}]), "en")
    assert off.row("company participations")[-1] == "no"


def test_the_page_says_so_when_nothing_was_delivered(tmp_path):
    page = rendered(tmp_path, warehouse(tmp_path, **{name.replace(".", "__"): [] for name in drawn()}), "en")
    assert "There are no deliveries." in page.words
    assert "No rows are in quarantine." in page.words


def test_pages_point_to_each_other_and_to_nothing_outside(sound):
    for language, other in (("da", "en"), ("en", "da")):
        assert [link["href"] for link in sound[language].all("a")] == [VALIDATION[other], FILES[language]]
        assert not re.search(r"http|url\(|@import|<script|<img", sound[language].source)
        assert sound[language].open == []


def test_the_same_warehouse_gives_the_same_bytes_and_so_does_another_run(sound, drawn_warehouse, tmp_path):
    assert rendered(tmp_path, drawn_warehouse, "da").source == sound["da"].source
    assert rendered(tmp_path, warehouse(tmp_path / "other", run="run 2"), "da").source == sound["da"].source


def test_another_language_is_refused(drawn_warehouse, tmp_path):
    with pytest.raises(ValueError, match="da and en"):
        render_validation(drawn_warehouse, tmp_path, "de")
