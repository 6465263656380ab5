"""Effects within groups: every dimension by hand, small groups without an effect, and what adds up to the headline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.effects.estimation import cohort_effects
from pipelines.effects.horizon import effect_at, estimate
from pipelines.effects.stacking import stack_cohorts
from pipelines.effects.subgroups import subgroup_effects
from tests.pipelines.effects.drawn_samples import (
    THRESHOLDS,
    Drawn,
    add_traits,
    contrast,
    draw_pairs,
    draw_sample,
    effect_by_hand,
    error_by_hand,
    fte_of,
    sample_of,
    type_of,
)

LATE = {f"t2011-{n:02d}" for n in range(16)}
FOOD = LATE | {f"t2008-{n:02d}" for n in range(4)} | {"never matched"}      # 20 of the matched
TOURISM = LATE | {f"t2009-{n:02d}" for n in range(3)} | {"never matched"}   # 19 of the matched


def stack_of(drawn, unit="company"):
    return stack_cohorts(drawn.sample, drawn.panel, unit, ("fte",), drawn.pair)


def earlier_stack(drawn, count):
    """A variant: `count` of the controls as participants with earlier support, matched to the others."""
    random = np.random.default_rng(5)
    pair = draw_pairs(random, [(2010, f"c{n:02d}") for n in range(count)], [f"c{n:02d}" for n in range(count, 30)])
    sample = add_traits(random, sample_of(pair))
    return sample, stack_cohorts(sample, drawn.panel, "company", ("fte",))


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw_sample(seed=6, projects=4)


@pytest.fixture(scope="module")
def found(drawn):
    context = type_of(drawn, also_joined={"food": FOOD, "tourism": TOURISM})
    return subgroup_effects(context, stack_of(drawn), {"supported_before": earlier_stack(drawn, 12)[1]})


def members_by_hand(drawn: Drawn) -> dict[tuple[str, str], set[str]]:
    """(dimension, level) → participants, read from the tables as they were drawn."""
    groups: dict[tuple[str, str], set[str]] = {("combination", "food"): FOOD - {"never matched"}}
    for row in drawn.cohorts.itertuples():
        for dimension in ("project", "region", "fund"):
            groups.setdefault((dimension, getattr(row, dimension)), set()).add(row.unit_id)
    for row in drawn.sample[drawn.sample["took_part"]].itertuples():
        for dimension in ("section", "size_band"):
            groups.setdefault((dimension, getattr(row, dimension)), set()).add(row.unit_id)
    return groups


def test_there_is_a_row_a_group_and_levels_are_in_order(drawn, found):
    table, _ = found
    keys = list(zip(table["dimension"], table["level"], strict=True))
    assert set(keys) == set(members_by_hand(drawn)) | {("supported_before", "yes")}
    assert len(set(keys)) == len(keys)
    for _, levels in table.groupby("dimension")["level"]:
        assert levels.tolist() == sorted(levels)
    assert (table["event_time"] == 2).all()


@pytest.mark.parametrize("dimension", ["project", "region", "fund", "section", "size_band", "combination"])
def test_a_group_is_its_own_participants_against_their_own_controls(drawn, found, dimension):
    value, groups, estimated = fte_of(drawn.panel), members_by_hand(drawn), 0
    for row in found[0][found[0]["dimension"] == dimension].itertuples():
        members = groups[dimension, row.level]
        assert row.n_treated == len(members)
        if len(members) < 10:
            continue
        pair, estimated = drawn.pair[drawn.pair["treated"].isin(members)], estimated + 1
        assert row.att == pytest.approx(contrast(pair, value), abs=1e-10)
        assert row.se == pytest.approx(error_by_hand(effect_by_hand(sample_of(pair), value)[1]), abs=1e-10)
        assert (row.low, row.high) == pytest.approx((row.att - 1.959964 * row.se, row.att + 1.959964 * row.se), abs=1e-6)
    assert estimated


def test_groups_that_hold_all_participants_average_to_the_headline(drawn):
    enough = type_of(drawn, thresholds=THRESHOLDS | {"subgroup_minimum": 2.0})
    stack = stack_of(drawn)
    headline, (table, _) = effect_at(stack, "fte", 2).att, subgroup_effects(enough, stack, {})
    assert table["dimension"].unique().tolist() == ["project", "region", "fund", "section", "size_band"]  # no one with earlier support
    for _, groups in table.groupby("dimension"):
        assert len(groups) > 1
        assert groups["n_treated"].sum() == len(drawn.cohorts)
        assert np.average(groups["att"], weights=groups["n_treated"]) == pytest.approx(headline, abs=1e-10)


def test_a_group_below_the_minimum_stands_with_its_number_and_the_reason():
    drawn = draw_sample(seed=6, treated={2009: 10, 2010: 9}, projects=5)
    cohorts = drawn.cohorts.assign(project=np.where(drawn.cohorts["cohort"] == 2009, "ten", "nine"))
    table, projects = subgroup_effects(type_of(replace(drawn, cohorts=cohorts)), stack_of(drawn), {})
    rows = table[table["dimension"] == "project"].set_index("level")
    assert rows["n_treated"].to_dict() == {"ten": 10, "nine": 9}
    assert rows.loc["nine", "reason"] == "fewer than 10 treated units"
    assert rows.loc["nine", ["att", "se", "low", "high"]].isna().all()
    assert rows.loc["ten", ["att", "se", "low", "high"]].notna().all()
    assert pd.isna(rows.loc["ten", "reason"])
    assert list(projects) == ["ten"]


def test_the_minimum_is_the_threshold_that_is_fixed(drawn):
    table, projects = subgroup_effects(type_of(drawn, thresholds=THRESHOLDS | {"subgroup_minimum": 11.0}), stack_of(drawn), {})
    rows = table[table["dimension"] == "project"]
    assert rows["n_treated"].tolist() == [11, 11, 10, 10]
    assert rows["reason"].tolist()[2:] == ["fewer than 11 treated units"] * 2
    assert sorted(projects) == ["p0", "p1"]


def test_combinations_are_shown_from_twenty_matched_participants_on(found):
    table, _ = found
    rows = table[table["dimension"] == "combination"]
    assert rows[["level", "n_treated"]].to_numpy().tolist() == [["food", 20]]  # tourism has 19


def test_those_with_earlier_support_are_a_sample_of_their_own(drawn, found):
    sample, _ = earlier_stack(drawn, 12)
    att, influence = effect_by_hand(sample, fte_of(drawn.panel))
    row = found[0].iloc[-1]
    assert (row["dimension"], row["level"], row["n_treated"]) == ("supported_before", "yes", 12)
    assert (row["att"], row["se"]) == pytest.approx((att, error_by_hand(influence)), abs=1e-10)


def test_too_few_with_earlier_support_have_a_number_and_a_reason(drawn):
    table, _ = subgroup_effects(type_of(drawn), stack_of(drawn), {"supported_before": earlier_stack(drawn, 9)[1]})
    row = table.iloc[-1]
    assert (row["dimension"], row["n_treated"], row["reason"]) == ("supported_before", 9, "fewer than 10 treated units")
    assert np.isnan(row["att"])


def test_projects_come_back_with_their_influence_on_the_units_of_the_whole_type(drawn, found):
    table, projects = found
    rows = table[table["dimension"] == "project"].set_index("level")
    units = stack_of(drawn).units
    assert list(projects) == ["p0", "p1", "p2", "p3"]
    for project, effect in projects.items():
        assert (effect.att, effect.se) == (rows.loc[project, "att"], rows.loc[project, "se"])
        pair = drawn.pair[drawn.pair["treated"].isin(drawn.cohorts.loc[drawn.cohorts["project"] == project, "unit_id"])]
        influence = effect_by_hand(sample_of(pair), fte_of(drawn.panel))[1]
        assert effect.influence.tolist() == pytest.approx([influence.get(unit, 0.0) for unit in units], abs=1e-10)


def test_a_group_large_enough_that_cannot_be_estimated_says_why(drawn):
    stack = stack_of(drawn)
    members = drawn.cohorts.loc[drawn.cohorts["project"] == "p1", "unit_id"]
    unseen = np.isin(stack.units[stack.frame["unit_id"]], members) & (stack.frame["event_time"] == 2)
    table, projects = subgroup_effects(type_of(drawn), replace(stack, frame=stack.frame[~unseen]), {})
    row = table[(table["dimension"] == "project") & (table["level"] == "p1")].iloc[0]
    assert np.isnan(row["att"])
    assert row["reason"]
    assert row["n_treated"] == 11
    assert "p1" not in projects


def test_persons_are_divided_by_work_before_the_start_and_not_by_what_only_companies_have():
    drawn = draw_sample(seed=7, unit="person")
    table, _ = subgroup_effects(type_of(drawn, unit="person"), stack_of(drawn, "person"), {})
    assert table["dimension"].unique().tolist() == ["project", "region", "fund", "employed_before"]
    treated = drawn.sample[drawn.sample["took_part"]]
    for row in table[table["dimension"] == "employed_before"].itertuples():
        members = treated.loc[treated["employed_before"] == row.level, "unit_id"]
        assert row.n_treated == len(members)
        assert row.att == pytest.approx(contrast(drawn.pair[drawn.pair["treated"].isin(members)], fte_of(drawn.panel)), abs=1e-10)


def test_a_cohort_below_the_smallest_subgroup_has_a_number_and_a_reason_but_no_effect(drawn):
    sizes = drawn.cohorts["cohort"].value_counts()
    result = estimate(stack_of(drawn), "fte")
    of = type_of(drawn, thresholds=THRESHOLDS | {"subgroup_minimum": float(sizes.max())})
    table = cohort_effects(of, result).query("dimension == 'cohort'").set_index("level")
    small = table["n_treated"] < sizes.max()
    assert 0 < small.sum() < len(table)
    assert table.loc[small, ["att", "se", "low", "high"]].isna().all(axis=None)
    assert table.loc[small, "reason"].fillna("").str.startswith("fewer than").all()
    assert table.loc[~small, "att"].notna().all()
