"""The matched sample as a long frame: copies and their units, weights anew for some of the treated, some event times only."""

import numpy as np
import pandas as pd
import pytest

from pipelines.effects.horizon import effect_at, estimate, read_effect
from pipelines.effects.stacking import keep_event_times, keep_treated, stack_cohorts
from tests.pipelines.effects.drawn_samples import add_traits, draw_panel, draw_sample, fte_of, sample_of

# cohort, treated, control, 1/k: later took part in 2011 and stood in for 2009; shared stands in three times
PAIRS = pd.DataFrame(
    [(2009, "early", "shared", 0.5), (2009, "early", "later", 0.5), (2009, "other", "shared", 1.0), (2011, "later", "shared", 1.0)],
    columns=["cohort", "treated", "control", "weight"],
)


def stack_of(drawn, unit="company"):
    return stack_cohorts(drawn.sample, drawn.panel, unit, ("fte",), drawn.pair)


@pytest.fixture
def small():
    random = np.random.default_rng(1)
    sample = add_traits(random, sample_of(PAIRS))
    panel = draw_panel(random, sample)
    return stack_cohorts(sample, panel, "company", ("fte",), PAIRS), panel


def test_every_use_of_a_unit_is_a_copy_and_all_copies_of_a_unit_are_one_unit(small):
    stack, _ = small
    named = stack.copies.assign(name=stack.units[stack.copies["unit_id"]])
    # in order of cohort and name: early, later, other, shared in 2009; later and shared in 2011
    assert named[["copy", "name", "cohort", "took_part", "weight"]].to_numpy().tolist() == [
        [0, "early", 2009, True, 1.0], [1, "later", 2009, False, 0.5], [2, "other", 2009, True, 1.0], [3, "shared", 2009, False, 1.5],
        [4, "later", 2011, True, 1.0], [5, "shared", 2011, False, 1.0],
    ]
    assert stack.units.tolist() == ["early", "later", "other", "shared"]
    assert named.groupby("name")["unit_id"].nunique().eq(1).all()
    assert stack.treated["copy"].tolist() == [0, 2, 4]


def test_a_unit_that_took_part_in_2011_is_a_control_of_2009_with_its_own_window_and_no_cohort(small):
    stack, panel = small
    own, stand_in = (stack.frame[stack.frame["copy"] == copy] for copy in (4, 1))
    assert (own["cohort"] == 2011).all()
    assert stand_in["cohort"].isna().all()
    assert own["unit_id"].unique().tolist() == stand_in["unit_id"].unique().tolist() == [1]
    assert own["period"].tolist() == list(range(2006, 2017))
    assert stand_in["period"].tolist() == list(range(2004, 2015))
    value = fte_of(panel)
    for rows, cohort in ((own, 2011), (stand_in, 2009)):
        assert rows["event_time"].tolist() == list(range(-5, 6))
        assert rows["fte"].tolist() == [value("later", cohort, event) for event in range(-5, 6)]


def test_persons_are_followed_eight_quarters_to_either_side():
    stack = stack_of(draw_sample(treated={2010: 4}, unit="person"), "person")
    assert sorted(stack.frame["event_time"].unique()) == list(range(-8, 9))


def test_periods_that_the_panel_does_not_have_are_not_in_the_frame(small):
    stack, panel = small
    without = panel[~((panel["unit_id"] == "early") & (panel["period"] == 2010))]
    found = stack_cohorts(add_traits(np.random.default_rng(1), sample_of(PAIRS)), without, "company", ("fte",), PAIRS)
    assert len(found.frame) == len(stack.frame) - 1
    assert 2010 not in found.frame.loc[found.frame["copy"] == 0, "period"].tolist()


def test_covariates_are_those_that_vary_within_a_cohort_and_are_as_before_that_cohort():
    drawn = draw_sample(adjusted=True)
    assert stack_of(drawn).covariates == ("log_fte", "growth", "growth_path")
    constant = drawn.sample.assign(growth=drawn.sample["cohort"] / 1000.0)  # differs between cohorts only
    stack = stack_cohorts(constant, drawn.panel, "company", ("fte",), drawn.pair)
    assert stack.covariates == ("log_fte", "growth_path")
    assert stack_of(draw_sample()).covariates == ()
    before = {(row.unit_id, row.cohort): row.log_fte for row in drawn.sample.itertuples()}
    copies = stack.copies.set_index("copy")
    for copy, rows in stack.frame.groupby("copy"):
        of = copies.loc[copy]
        assert rows["log_fte"].unique().tolist() == [before[stack.units[of["unit_id"]], of["cohort"]]]


def test_pairs_name_the_copies_of_their_own_cohort(small):
    stack, _ = small
    assert stack.pairs.to_numpy().tolist() == [[0, 3, 0.5], [0, 1, 0.5], [2, 3, 1.0], [4, 5, 1.0]]


def test_the_order_of_the_sample_changes_nothing():
    drawn = draw_sample(adjusted=True)
    shuffled = stack_cohorts(drawn.sample.sample(frac=1, random_state=3), drawn.panel, "company", ("fte",), drawn.pair)
    pd.testing.assert_frame_equal(shuffled.frame, stack_of(drawn).frame)


def test_keeping_some_of_the_treated_weighs_controls_by_the_pairs_that_are_kept(small):
    stack, _ = small
    kept = keep_treated(stack, stack.treated.loc[stack.treated["copy"].isin([0, 4]), "copy"])
    # early (1/2 each for shared and later) and later (all of shared); other is gone and takes its 1.0 of shared along
    assert kept.copies[["copy", "took_part", "weight"]].to_numpy().tolist() == [
        [0, True, 1.0], [1, False, 0.5], [3, False, 0.5], [4, True, 1.0], [5, False, 1.0],
    ]
    assert sorted(kept.frame["copy"].unique()) == [0, 1, 3, 4, 5]
    assert kept.pairs["treated_copy"].tolist() == [0, 0, 4]
    assert kept.units.tolist() == stack.units.tolist()  # influence stays on the same units


def test_controls_of_none_of_the_kept_are_gone(small):
    stack, _ = small
    kept = keep_treated(stack, pd.Series([2]))
    assert kept.weights.to_numpy().tolist() == [[2009, 2, 1.0], [2009, 3, 1.0]]


@pytest.mark.parametrize("adjusted", [False, True])
def test_keeping_some_of_the_treated_is_stacking_a_sample_of_them(adjusted):
    drawn = draw_sample(2, adjusted=adjusted)
    chosen = drawn.cohorts.loc[drawn.cohorts["project"].isin(["p0", "p2", "p3"]), "unit_id"]
    pair = drawn.pair[drawn.pair["treated"].isin(chosen)]
    covariates = drawn.sample.drop(columns=["weight", "took_part"])
    sample = sample_of(pair).merge(covariates, on=["cohort", "unit_id"], validate="one_to_one")
    by_hand = effect_at(stack_cohorts(sample, drawn.panel, "company", ("fte",), pair), "fte", 2)
    stack = stack_of(drawn)
    copies = stack.treated.loc[np.isin(stack.units[stack.treated["unit_id"]], chosen), "copy"]
    kept = effect_at(keep_treated(stack, copies), "fte", 2)
    assert kept.n_treated == by_hand.n_treated == len(chosen)
    assert (kept.att, kept.se) == pytest.approx((by_hand.att, by_hand.se), rel=1e-10)


def test_all_of_the_treated_are_the_whole_sample_again():
    stack = stack_of(draw_sample())
    kept = keep_treated(stack, stack.treated["copy"])
    pd.testing.assert_frame_equal(kept.copies, stack.copies)
    pd.testing.assert_frame_equal(kept.frame, stack.frame)


def with_holes(drawn, holes):
    """The panel without these (unit, period)."""
    return drawn.panel[~pd.MultiIndex.from_frame(drawn.panel[["unit_id", "period"]]).isin(holes)]


CLOSED = [("t2008-03", 2010), ("t2011-00", 2013), ("t2011-01", 2009), ("c04", 2010), ("c05", 2008), ("c06", 2013), ("c07", 2007)]


@pytest.mark.parametrize(("adjusted", "horizon", "holes"), [(False, 5, []), (True, 2, []), (False, 2, CLOSED), (True, 5, CLOSED)])
def test_three_event_times_are_enough_for_the_effect_at_a_horizon(adjusted, horizon, holes):
    drawn = draw_sample(4, adjusted=adjusted)
    stack = stack_cohorts(drawn.sample, with_holes(drawn, holes), "company", ("fte",), drawn.pair)
    narrow = keep_event_times(stack, (-2, -1, horizon), "fte")
    assert sorted(narrow.frame["event_time"].unique()) == [-2, -1, horizon]
    pd.testing.assert_frame_equal(narrow.copies, stack.copies)
    full, found = read_effect(estimate(stack, "fte"), stack, horizon), effect_at(stack, "fte", horizon)
    assert (found.att, found.se) == pytest.approx((full.att, full.se), abs=1e-12)
    assert found.n_treated == full.n_treated
    np.testing.assert_allclose(found.influence, full.influence, atol=1e-12, rtol=0)


def test_a_participant_seen_at_none_of_the_three_event_times_counts_alike_in_both():
    # no change of it enters either way; the size of its cohort, by which cohorts are averaged, must be the same too
    drawn = draw_sample(4)
    holes = [("t2011-00", period) for period in (2009, 2010, 2013)]
    stack = stack_cohorts(drawn.sample, with_holes(drawn, holes), "company", ("fte",), drawn.pair)
    full, found = read_effect(estimate(stack, "fte"), stack, 2), effect_at(stack, "fte", 2)
    assert (found.att, found.se) == pytest.approx((full.att, full.se), abs=1e-12)
