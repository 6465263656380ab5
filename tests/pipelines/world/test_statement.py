"""`sample_data/README.md` says what is planted, and it is what the world holds; two types are too small to tell anything."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.world.plan import SCALES, TYPES
from pipelines.world.statement import (
    company_table,
    minimum_detectable,
    person_table,
    planted,
    planted_types,
    untreated_changes,
)

README = Path(__file__).parents[3] / "sample_data" / "README.md"


@pytest.fixture(scope="module")
def rows(sample):
    return {row.initiative_type: row for row in planted_types(sample)}


def test_the_minimum_detectable_effect_is_that_of_n_treated_and_five_controls_each():
    """2.80 × 10 / √120 × √1.2 = 2.80 × 10 × 0.1."""
    assert minimum_detectable(10.0, 120) == pytest.approx(2.8)


def test_the_readme_holds_exactly_the_tables_of_what_is_planted(rows, sample):
    text = README.read_text(encoding="utf-8")
    tables = [block + "\n" for block in text.split("\n\n") if block.startswith("| type |")]
    assert tables == [company_table(list(rows.values())), person_table(sample)]


def test_the_readme_says_how_it_is_made_again_and_from_which_seed():
    text = README.read_text(encoding="utf-8")
    assert "effekt world --scale sample --deliveries sample_data" in text
    assert "2013" in text


@pytest.mark.parametrize("code", ["health_innovation", "training"])
def test_two_types_are_too_small_for_what_is_planted_in_them(rows, code):
    assert 0 < rows[code].effect[2] < rows[code].detectable
    assert rows[code].reading == "smaller"


@pytest.mark.parametrize("code", ["growth_programme", "production_sme"])
def test_the_large_types_can_show_what_is_planted_in_them(rows, code):
    assert rows[code].effect[2] > rows[code].detectable
    assert rows[code].reading == "larger"


def test_nothing_is_planted_in_tourism(rows):
    assert set(rows["tourism"].effect) == {0.0}
    assert rows["tourism"].truth == 0.0
    assert rows["tourism"].reading == "none planted"


def test_the_spread_is_that_of_firms_that_could_have_joined_and_never_did(sample, rows):
    for plan in TYPES:
        changes = untreated_changes(sample, plan)
        assert changes.size > 5 * plan.companies
        assert rows[plan.code].sd == pytest.approx(np.sqrt(((changes - changes.mean()) ** 2).sum() / (changes.size - 1)))


def test_a_smaller_world_is_planted_with_the_same_effects_and_a_share_of_the_participants():
    share = SCALES["tiny"].share
    for row, plan in zip(planted("tiny", seed=1), TYPES, strict=True):
        assert (row.initiative_type, row.effect) == (plan.code, plan.effect)
        assert row.first == max(len(plan.cohorts) * 2, round(plan.companies * share))
        assert row.persons == round(plan.persons * share)
