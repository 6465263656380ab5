"""Who takes part in the sample world, and why a naive comparison of them is wrong. A world that suits an estimator proves nothing."""

from dataclasses import dataclass

import numpy as np
import pytest

from pipelines.world import World
from pipelines.world.firms import year_index
from pipelines.world.plan import ALL_COHORTS, NORTH_JUTLAND, TYPES, TypePlan
from pipelines.world.programme import company_truth, eligible


@dataclass(frozen=True)
class Sides:
    """Positions of first participants and of eligible firms that never take part, cohort by cohort, with the cohort's column."""

    treated: list[np.ndarray]
    candidates: list[np.ndarray]
    column: list[int]

    def both(self, measure) -> tuple[np.ndarray, np.ndarray]:
        """`measure(firms, column)` over all cohorts: of participants, of candidates."""
        return tuple(
            np.concatenate([measure(firms, t) for firms, t in zip(side, self.column, strict=True)])
            for side in (self.treated, self.candidates)
        )


def sides(world: World, plan: TypePlan) -> Sides:
    programme = world.programme
    table = programme.participations
    never = np.ones(programme.alive.shape[0], dtype=bool)
    never[table["firm"]] = False
    found = Sides([], [], [])
    for year in plan.cohorts:
        t = year_index(year)
        settled = programme.alive_without[:, t - 1] & programme.alive_without[:, t - 2]
        mine = table[table["first"] & (table["type"] == TYPES.index(plan)) & (table["year"] == year)]["firm"].to_numpy()
        found.treated.append(mine[settled[mine]])
        found.candidates.append(np.flatnonzero(never & settled & eligible(world.firms, programme.alive_without, plan, year)))
        found.column.append(t)
    return found


@pytest.mark.parametrize("plan", TYPES, ids=lambda plan: plan.code)
def test_participants_were_larger_and_had_grown_faster_the_year_before_than_eligible_firms_that_never_took_part(sample, plan):
    fte = sample.programme.fte_without
    size = sides(sample, plan).both(lambda firms, t: np.log(fte[firms, t - 1]))
    growth = sides(sample, plan).both(lambda firms, t: fte[firms, t - 1] - fte[firms, t - 2])
    assert size[0].mean() > size[1].mean() + 0.1
    assert growth[0].mean() > growth[1].mean() + 0.1


def test_participation_depends_on_size_in_the_middle_and_not_only_on_larger(sample):
    """Of the eligible, firms near a type's size join far more often than those at either end."""
    plan = TYPES[0]
    fte = sample.programme.fte_without
    treated, candidates = sides(sample, plan).both(lambda firms, t: np.log(fte[firms, t - 1]) - plan.size)
    near, below, above = (
        [((side >= low) & (side < high)).sum() for side in (treated, candidates)]
        for low, high in ((-0.5, 0.5), (-2.0, -1.5), (1.5, 3.0))
    )
    share = [joined / (joined + not_joined) for joined, not_joined in (near, below, above)]
    assert share[0] > 2 * share[1]
    assert share[0] > 2 * share[2]


def test_the_unobserved_firm_effect_raises_both_level_and_participation(sample):
    firms = sample.firms
    taking_part = np.unique(sample.programme.participations["firm"])
    assert firms.fixed_effect[taking_part].mean() > 0.15
    assert np.corrcoef(firms.fixed_effect, np.log(firms.fte[:, -1]))[0, 1] > 0.05


def test_an_unobserved_trend_is_planted_in_clusters_only(sample):
    """Without the programme every other firm moves by the law of motion alone."""
    moved = (sample.programme.fte_without != np.round(sample.firms.fte, 2) * sample.programme.alive_without).any(axis=1)
    table = sample.programme.participations
    clusters = [plan.code for plan in TYPES].index("clusters")
    assert [plan.code for plan in TYPES if plan.trend] == ["clusters"]
    assert set(np.flatnonzero(moved)) == set(table[table["first"] & (table["type"] == clusters)]["firm"])


def test_before_and_after_misses_the_truth_by_more_than_two_standard_errors_in_most_types(sample):
    truth = company_truth(sample.firms, sample.programme)
    truth = truth[(truth["outcome"] == "fte") & (truth["event_time"] == 2)].set_index("initiative_type")["att"]
    fte = sample.programme.fte
    misses = []
    for plan in TYPES:
        gross, _ = sides(sample, plan).both(lambda firms, t: fte[firms, t + 2] - fte[firms, t - 1])
        misses.append(abs(gross.mean() - truth[plan.code]) / (gross.std(ddof=1) / np.sqrt(gross.size)))
    assert sum(miss > 2 for miss in misses) >= 7


def test_participants_against_all_eligible_firms_misses_the_truth_in_most_types_too(sample):
    truth = company_truth(sample.firms, sample.programme)
    truth = truth[(truth["outcome"] == "fte") & (truth["event_time"] == 2)].set_index("initiative_type")["att"]
    fte = sample.programme.fte
    misses = []
    for plan in TYPES:
        treated, others = sides(sample, plan).both(lambda firms, t: fte[firms, t + 2] - fte[firms, t - 1])
        spread = np.sqrt(treated.var(ddof=1) / treated.size + others.var(ddof=1) / others.size)
        misses.append((treated.mean() - others.mean() - truth[plan.code]) / spread)
    assert sum(abs(miss) > 2 for miss in misses) >= 6


def test_a_thousand_companies_join_growth_programmes_and_about_2400_take_part_in_all(sample):
    table = sample.programme.participations
    first = table[table["first"]]
    joined = first["type"].map(lambda position: TYPES[position].code).value_counts().to_dict()
    assert joined["growth_programme"] == 1_000
    assert all(60 <= joined[plan.code] <= 300 for plan in TYPES[1:])
    assert 2_350 <= first["firm"].nunique() == len(first) <= 2_450
    assert len(TYPES) == 11
    assert set(first["year"]) == set(ALL_COHORTS)
    assert 0.05 < (~table["first"]).mean() < 0.2


def test_about_3000_persons_take_part_once_each_where_the_programme_is(sample):
    table = sample.persons.participations
    assert 2_900 <= len(table) == table["person"].nunique() <= 3_100
    assert set(sample.persons.region[table["person"]]) == {NORTH_JUTLAND}
    assert set(table["status"]) == {"employed", "unemployed", "inactive"}


def test_firm_sizes_have_a_heavier_tail_than_an_exponential(sample):
    """The largest hundredth of exponential sizes holds 1 % × (1 + ln 100) = 5.6 % of all."""
    living = sample.programme.alive_without[:, year_index(2010)]
    sizes = np.sort(sample.programme.fte_without[living, year_index(2010)])[::-1]
    assert sizes[:sizes.size // 100].sum() / sizes.sum() > 0.01 * (1 + np.log(100)) * 1.3


def test_shocks_to_growth_have_a_heavier_tail_than_a_normal(sample):
    """A firm's second year tells its shock: it has no momentum yet, and its scale is 0.05 + 0.11 × first size ^ 0.85."""
    firms = sample.firms
    entrants = np.flatnonzero((firms.birth_year >= 2002) & (firms.birth_year <= 2010) & (firms.fte[:, 0] > 1.0))
    t = year_index(firms.birth_year[entrants])
    size = firms.fte[entrants, t]
    shock = (firms.fte[entrants, t + 1] - size) / (0.05 + 0.11 * size ** 0.85)
    assert shock.size > 4_000
    assert ((shock - shock.mean()) ** 4).mean() / shock.var() ** 2 > 5


def test_firms_enter_and_close_every_year_and_size_persists(sample):
    alive, fte = sample.programme.alive, sample.programme.fte
    for year in range(2003, 2016):
        t = year_index(year)
        for moved in (alive[:, t] & ~alive[:, t - 1], ~alive[:, t] & alive[:, t - 1]):
            assert 0.03 < moved.sum() / alive[:, t].sum() < 0.12
        both = alive[:, t] & alive[:, t - 1]
        assert np.corrcoef(np.log(fte[both, t]), np.log(fte[both, t - 1]))[0, 1] > 0.9
