"""Both languages say the same things, and numbers, amounts and dates look as each language writes them."""

import re
from datetime import date
from pathlib import Path

import pytest

from pipelines.report import wording
from pipelines.report.numbers import day, interval, number, percent, round_amount, signed, spelled
from pipelines.report.wording import LINKS, NOUNS, PHRASES, REASONS, UNITS, counted, name, say, years


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_is_there_in_both_languages_with_the_same_places(phrase):
    danish, english = PHRASES[phrase]
    assert danish
    assert english
    assert sorted(re.findall(r"{(\w+)}", danish)) == sorted(re.findall(r"{(\w+)}", english))


def test_every_phrase_is_used():
    room = Path(wording.__file__).parent
    used = " ".join(path.read_text(encoding="utf-8") for path in room.glob("*.py") if path.name != "wording.py")
    built = ("cost_", "unit_", "rule_")  # made of a code
    assert [phrase for phrase in PHRASES if f'"{phrase}"' not in used and not phrase.startswith(built)] == []


@pytest.mark.parametrize(
    ("value", "places", "danish", "english"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (-1234567, 0, "−1.234.567", "−1,234,567"),
        (-0.04, 1, "0,0", "0.0"),
        (0, 0, "0", "0"),
    ],
)
def test_numbers_have_the_separators_of_the_language_and_a_real_minus(value, places, danish, english):
    assert number(value, "da", places) == danish
    assert number(value, "en", places) == english


def test_percentages_intervals_signs_and_dates():
    assert percent(16.74, "da", 1) == "16,7\N{NO-BREAK SPACE}%"
    assert percent(16.74, "en", 1) == "16.7%"
    assert interval(-7.2, 106.2, "da") == "−7 til 106"
    assert signed(0.38, "en", 1) == "+0.4"
    assert signed(-0.01, "en", 1) == "0.0"
    assert day(date(2015, 12, 31), "da") == "31. december 2015"
    assert day(date(2015, 1, 2), "en") == "2 January 2015"
    assert [spelled(2, "da"), spelled(11, "en")] == ["to", "11"]


@pytest.mark.parametrize(("value", "rounded"), [(106415.7, 106000), (8049, 8000), (640.4, 640)])
def test_a_cost_is_rounded_to_what_can_be_used(value, rounded):
    assert round_amount(value) == rounded


def test_nouns_follow_the_count_that_is_shown():
    assert counted("company", 1, "da").split() == ["1", "virksomhed"]
    assert counted("company", 0.6, "en").split() == ["1", "company"]
    assert counted("company", 0, "en").split() == ["0", "companies"]
    assert counted("job", 2391, "da").split() == ["2.391", "job"]
    assert [years(1, "en"), years(2, "en"), years(2, "da")] == ["one year", "two years", "to år"]


def test_a_code_without_a_word_is_shown_spaced_and_a_phrase_without_its_places_is_an_error():
    assert name(REASONS, "some_new_reason", "da") == "some new reason"
    with pytest.raises(KeyError):
        say("cost_bounded", "da", low="1")


def test_small_lists_hold_a_danish_and_an_english_word_for_every_code():
    for words in (LINKS, UNITS, REASONS, NOUNS):
        assert all(len(pair) == 2 and all(pair) for pair in words.values())
