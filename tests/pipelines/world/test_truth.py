"""The truth is the own effect of the units drawn, against the same world without the programme: by hand, then in the world."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.world.firms import Firms, year_index
from pipelines.world.persons import Persons, person_truth
from pipelines.world.plan import BURN_IN_FROM, LAST_YEAR, TYPES
from pipelines.world.programme import Programme, company_truth
from schemas.contract import codes

WORDS = ["initiative_type", "unit", "outcome", "event_time", "att", "n_treated"]
YEARS = np.arange(BURN_IN_FROM, LAST_YEAR + 1)
QUARTERS = np.arange(2008 * 4, LAST_YEAR * 4 + 4)
GROWTH, TOURISM = "growth_programme", "tourism"


def position(code: str) -> int:
    return [plan.code for plan in TYPES].index(code)


def drawn_firms(count: int, **known) -> Firms:
    """Firms of which only what is given is known."""
    fields = dict.fromkeys(Firms.__dataclass_fields__, np.zeros(count)) | known
    return Firms(**fields)


@pytest.fixture(scope="module")
def by_hand() -> pd.DataFrame:
    """Three firms join the growth programme in 2010 and gain 1, 2 and 4 FTE from then on, the second from 2011 on.

    The third was not yet active in 2008 and is not covered. The first joins another type in 2011, which gives 10 more and
    belongs to its own effect. A fourth joins in 2013. All turn over 100 DKK an FTE; without the programme the first closes
    after 2011 and the second lives.
    """
    fte = np.full((4, YEARS.size), 5.0)
    alive_without = np.ones((4, YEARS.size), bool)
    alive_without[2, :year_index(2009)] = False
    alive = alive_without.copy()
    alive_without[0, year_index(2012):] = False
    treated = fte.copy()
    treated[0, year_index(2010):] += 1.0
    treated[0, year_index(2011):] += 10.0
    treated[1, year_index(2011):] += 2.0
    treated[2, year_index(2010):] += 4.0
    treated[3, year_index(2013):] += 8.0
    participations = pd.DataFrame(
        [(0, 0, 2010, True), (0, 1, 2011, False), (1, 0, 2010, True), (2, 0, 2010, True), (3, 0, 2013, True)],
        columns=["firm", "type", "year", "first"],
    )
    programme = Programme(
        participations, treated * alive, fte * alive_without, treated * 100 * alive, fte * 100 * alive_without, alive,
        alive_without,
    )
    firms = drawn_firms(4, value_added_share=np.array([0.5, np.nan, 0.5, 0.5]))
    return company_truth(firms, programme).set_index(["outcome", "event_time"])


def test_the_effect_of_a_type_is_the_mean_gain_of_its_covered_firms_by_year_since_the_start(by_hand):
    """+0: (1 + 0 + 8) / 3. +1: (11 + 2 + 8) / 3. +2: the first would have closed, so 16; (16 + 2 + 8) / 3; +3: two left."""
    fte = by_hand.loc["fte"]
    assert fte["att"].to_dict() == pytest.approx({0: 3.0, 1: 7.0, 2: 26 / 3, 3: 9.0, 4: 9.0, 5: 9.0})
    assert fte["n_treated"].to_dict() == {0: 3, 1: 3, 2: 3, 3: 2, 4: 2, 5: 2}


def test_survival_is_gained_by_whoever_would_have_closed_and_none_can_be_in_the_start_year(by_hand):
    assert by_hand.loc["survival"]["att"].to_dict() == pytest.approx({1: 0, 2: 1 / 3, 3: 0.5, 4: 0.5, 5: 0.5})


def test_value_added_is_told_of_firms_with_accounts_only(by_hand):
    """The second firm has none: +1 is half of (1100 + 800) / 2, of two firms."""
    assert by_hand.loc["turnover"]["att"][1] == pytest.approx(700.0)
    assert by_hand.loc["value_added"]["att"][1] == pytest.approx(475.0)
    assert by_hand.loc["value_added"]["n_treated"].to_dict() == {0: 2, 1: 2, 2: 2, 3: 1, 4: 1, 5: 1}


def test_the_effect_on_persons_is_the_mean_over_those_who_still_live_here():
    """Both find work two quarters earlier than without; the second leaves the country after the first of them."""
    quarters = QUARTERS.size
    with_course, without, resident = (np.zeros((2, quarters), bool) for _ in range(3))
    start = 8
    with_course[:, start + 1:] = True
    without[:, start + 3:] = True
    resident[0, :], resident[1, :start + 2] = True, True
    table = pd.DataFrame({"person": [0, 1], "type": position("training"), "period": QUARTERS[start], "status": "inactive"})
    empty = np.zeros(2)
    persons = Persons(empty, empty, empty, empty, empty, with_course & resident, without & resident, resident, table, empty)
    truth = person_truth(persons).set_index("event_time")
    assert truth["att"].to_dict() == {0: 0.0, 1: 1.0, 2: 1.0} | dict.fromkeys(range(3, 9), 0.0)
    assert truth["n_treated"].to_dict() == {0: 2, 1: 2} | dict.fromkeys(range(2, 9), 1)


@pytest.fixture(scope="module")
def tiny_truth(tiny) -> pd.DataFrame:
    return pq.read_table(tiny / "home" / "world" / "truth.parquet").to_pandas()


@pytest.fixture(scope="module")
def sample_truth(sample) -> pd.DataFrame:
    return pd.concat([company_truth(sample.firms, sample.programme), person_truth(sample.persons)])


def test_the_truth_is_written_in_the_words_of_the_estimates(tiny_truth):
    assert list(tiny_truth.columns) == WORDS
    outcomes = codes("outcomes").to_pandas()
    assert set(zip(tiny_truth["outcome"], tiny_truth["unit"], strict=True)) == set(
        zip(outcomes["outcome"], outcomes["unit"], strict=True)
    )
    assert set(tiny_truth["initiative_type"]) == set(codes("initiative_types")["initiative_type"].to_pylist())
    assert not tiny_truth.duplicated(WORDS[:4]).any()
    assert (tiny_truth["n_treated"] > 0).all()
    assert tiny_truth["att"].notna().all()
    of = tiny_truth.groupby("unit")["event_time"]
    assert of.unique().map(sorted).to_dict() == {"company": list(range(6)), "person": list(range(9))}


@pytest.mark.parametrize("which", ["tiny_truth", "sample_truth"])
def test_tourism_does_exactly_nothing_to_any_outcome_at_any_time(which, request):
    truth = request.getfixturevalue(which)
    mine = truth[truth["initiative_type"] == TOURISM]
    assert {outcome: set(rows["event_time"]) for outcome, rows in mine.groupby("outcome")} == {
        "fte": {0, 1, 2, 3, 4, 5}, "turnover": {0, 1, 2, 3, 4, 5}, "value_added": {0, 1, 2, 3, 4, 5},
        "survival": {1, 2, 3, 4, 5},
    }
    assert (mine["att"] == 0.0).all()


def test_effects_differ_by_type_and_grow_or_fade_with_time(sample_truth):
    fte = sample_truth[sample_truth["outcome"] == "fte"].set_index(["initiative_type", "event_time"])["att"]
    for plan in TYPES:
        if any(plan.effect):
            assert fte[plan.code, 2] > fte[plan.code, 0] > -0.05
    assert fte["sustainable_energy", 5] > 1.2 * fte["sustainable_energy", 2]
    assert fte["digital_creative", 5] < 0.7 * fte["digital_creative", 2]
    assert 0.9 < fte[GROWTH, 2] / TYPES[position(GROWTH)].effect[2] < 1.2


def test_the_unobserved_trend_of_clusters_is_no_part_of_its_truth(sample_truth):
    """0.6 FTE a year of trend would add 1.8 from −1 to +2; the planted effect is 0.6."""
    fte = sample_truth[sample_truth["outcome"] == "fte"].set_index(["initiative_type", "event_time"])["att"]
    assert fte["clusters", 2] == pytest.approx(TYPES[position("clusters")].effect[2], abs=0.2)


def test_a_course_locks_persons_in_at_first_and_helps_them_later(sample_truth):
    persons = sample_truth[sample_truth["unit"] == "person"].set_index(["initiative_type", "event_time"])["att"]
    for plan in TYPES:
        if plan.persons:
            assert max(persons[plan.code, 0], persons[plan.code, 1]) < -0.01
            assert min(persons[plan.code, 4], persons[plan.code, 8]) > 0.02
