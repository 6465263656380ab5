"""Doubt: every check on the sample that its name promises, by hand; tests with the power they claim; no figure missing without a reason."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.effects.few_clusters import wild_interval
from pipelines.effects.honest import breakdown_relative, breakdown_smoothness, relative_magnitudes, smoothness
from pipelines.effects.horizon import effect_at, estimate, read_effect
from pipelines.effects.sensitivity import SEED, WILD_DRAWS, censor_at_entry, control_definitions, doubt, lead_test
from pipelines.effects.stacking import stack_cohorts
from schemas.contract import codes
from tests.pipelines.effects.drawn_samples import (
    THRESHOLDS,
    Drawn,
    add_traits,
    adjusted_by_hand,
    contrast,
    draw_panel,
    draw_sample,
    draw_surroundings,
    draw_variants,
    effect_by_hand,
    error_by_hand,
    first_entries,
    fte_of,
    logit_by_hand,
    surroundings_of,
    type_of,
)

EFFECT = ["att", "se", "low", "high"]
SMALL = THRESHOLDS | {"subgroup_minimum": 1.0}  # the drawn projects are small; the limit has a test of its own
NEEDED = {  # of what is no effect of its own
    "pretrend": ["statistic", "degrees_of_freedom", "p_value", "power"], "pretrend_detectable": ["statistic", "power"],
    "rambachan_roth_relative": ["low", "high", "statistic"], "rambachan_roth_smoothness": ["low", "high", "statistic"],
}
FOOD = {"t2008-00", "t2008-05", "t2009-01", "t2011-02", "t2011-09"}
DRAWS = 400


@dataclass(frozen=True)
class Doubted:
    """A drawn type with the samples of the matching's variants, what was estimated of it and its rows by check."""

    drawn: Drawn
    samples: dict[str, pd.DataFrame]
    events: object
    surroundings: pd.Series | None
    rows: pd.DataFrame

    def att(self, check: str) -> float:
        return self.rows.loc[check, "att"]


def stack_of(drawn, unit="company"):
    return stack_cohorts(drawn.sample, drawn.panel, unit, ("fte",), drawn.pair)


def doubt_one(drawn: Drawn, samples: dict[str, pd.DataFrame] | None = None, surroundings=None, **context) -> Doubted:
    """Every check of a drawn type; samples: of the variants."""
    unit, samples = context.get("unit", "company"), samples or {}
    stack = stack_of(drawn, unit)
    variants = {name: stack_cohorts(sample, drawn.panel, unit, ("fte",)) for name, sample in samples.items()}
    result = estimate(stack, "fte")
    events = result.aggregate("event_time")
    of = type_of(drawn, surroundings=surroundings, **({"thresholds": SMALL} | context))
    others = {}
    if "untreated_at_start" in variants:
        others = control_definitions(variants["untreated_at_start"], first_entries(drawn), "fte", of.horizon)
    rows = doubt(of, stack, variants, read_effect(result, stack, of.horizon), events, lead_test(events, "fte"), others)
    assert rows["check"].is_unique
    return Doubted(drawn, samples, events, surroundings, rows.set_index("check"))


def doubt_without_leads(drawn: Drawn) -> pd.DataFrame:
    """Rows of the checks that need no period before the reference: the bounds take long."""
    events = SimpleNamespace(table=pd.DataFrame({"level": [], "se": []}))
    stack, of = stack_of(drawn), type_of(drawn, thresholds=SMALL)
    return doubt(of, stack, {}, effect_at(stack, "fte", of.horizon), events, None, {}).set_index("check")


@pytest.fixture(scope="module")
def plain() -> Doubted:
    """Without covariates, so that every effect is a difference of weighted means."""
    drawn = draw_sample(seed=10)
    joined = {"food": FOOD, "tourism": {"t2009-07"}}
    return doubt_one(drawn, draw_variants(drawn), draw_surroundings(np.random.default_rng(9)), also_joined=joined)


@pytest.fixture(scope="module")
def adjusted() -> Doubted:
    """With covariates that matter."""
    return doubt_one(draw_sample(seed=12, adjusted=True), surroundings=draw_surroundings(np.random.default_rng(9)))


@pytest.fixture(scope="module")
def persons() -> Doubted:
    """With covariates, read at another horizon."""
    return doubt_one(draw_sample(seed=13, unit="person", adjusted=True), unit="person", horizon=5)


@pytest.fixture(scope="module")
def bare() -> pd.DataFrame:
    """Rows of a type with one project, without surroundings, variants, or a period before the reference."""
    return doubt_without_leads(draw_sample(seed=15, treated={2009: 12}, projects=1))


# ---- which checks there are, and what is missing


def test_companies_have_every_check_of_the_code_table(plain):
    assert sorted(plain.rows.index) == sorted(codes("checks")["check"].to_pylist())
    assert (plain.rows["horizon"] == 2).all()


def test_persons_have_those_that_do_not_need_places_or_amounts(persons):
    variants = {"untreated_at_start", "censored_at_entry", "same_area_controls", "late_starts", "placebo_cohort"}
    companies = {"winsorised", "without_crisis", "crisis_only", "clustered_area", "placebo_surroundings"}
    assert set(persons.rows.index) == set(codes("checks")["check"].to_pylist()) - variants - companies


def assert_nothing_is_missing_without_a_reason(rows: pd.DataFrame):
    """Effects have att, se and an interval, bounds an interval, tests a statistic; or a reason, and never both."""
    reason = rows["reason"].notna()
    assert all(len(words) > 10 for words in rows.loc[reason, "reason"])
    rows = rows.reindex(columns=[*EFFECT, "n_treated", "statistic", "degrees_of_freedom", "p_value", "power"])
    missing = {check: row[NEEDED.get(check, [*EFFECT, "n_treated"])].isna().any() for check, row in rows.iterrows()}
    assert missing == reason.to_dict()
    assert rows.drop(index=NEEDED, errors="ignore")["n_treated"].notna().all()


def beyond() -> Drawn:
    """One cohort, which has not reached the horizon."""
    drawn = draw_sample(seed=17, treated={2012: 12})
    return replace(drawn, panel=drawn.panel[drawn.panel["period"] <= 2013])


SCENARIOS = {
    "one cohort outside the crisis, three projects": lambda: draw_sample(seed=14, treated={2012: 12}, projects=3),
    "two participants": lambda: draw_sample(seed=16, treated={2010: 2}),
    "the horizon is beyond the panel": beyond,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_missing_figure_has_a_reason_beside_it_and_a_reason_a_missing_figure(scenario):
    around = draw_surroundings(np.random.default_rng(9))
    rows = doubt_one(SCENARIOS[scenario](), surroundings=around, also_joined={"food": {"t2010-01"}}).rows
    assert_nothing_is_missing_without_a_reason(rows)
    assert rows["reason"].notna().any()


def test_where_all_can_be_told_there_is_no_reason(plain, adjusted, persons, bare):
    for rows in (plain.rows, adjusted.rows, persons.rows):
        assert_nothing_is_missing_without_a_reason(rows)
        assert rows["reason"].isna().all()
    assert_nothing_is_missing_without_a_reason(bare)


def test_where_no_period_before_the_reference_is_seen_every_check_of_the_leads_says_so(bare):
    assert bare.reindex(list(NEEDED))["reason"].notna().all()


# ---- the same estimate on another sample


def test_the_headline_and_the_matched_variants_are_effects_of_their_own_samples(plain):
    value = fte_of(plain.drawn.panel)
    samples = {
        "headline": plain.drawn.sample, "untreated_at_start": plain.samples["untreated_at_start"],
        "same_area_controls": plain.samples["same_area"], "late_starts": plain.samples["late_starts"],
        "placebo_cohort": plain.samples["placebo"],
    }
    for check, sample in samples.items():
        att, influence = effect_by_hand(sample, value)
        row = plain.rows.loc[check]
        assert (row["att"], row["se"]) == pytest.approx((att, error_by_hand(influence)), abs=1e-10)
        assert row["n_treated"] == sample["took_part"].sum()
        assert (row["low"], row["high"]) == pytest.approx((att - 1.959964 * row["se"], att + 1.959964 * row["se"]), abs=1e-6)
    assert plain.rows.loc[list(samples), "att"].nunique() == len(samples)


def test_without_covariates_the_choice_of_a_method_is_no_choice(plain):
    for check in ("method_reg", "method_ipw", "no_covariates", "all_covariates"):
        assert plain.att(check) == pytest.approx(plain.att("headline"), abs=1e-12)


def test_with_anticipation_the_reference_is_two_periods_before(plain):
    assert plain.att("anticipation_1") == pytest.approx(contrast(plain.drawn.pair, fte_of(plain.drawn.panel), base=-2), abs=1e-10)


def test_crisis_cohorts_are_those_of_2008_to_2010(plain):
    value, pair = fte_of(plain.drawn.panel), plain.drawn.pair
    crisis = pair["cohort"].isin([2008, 2009, 2010])
    for check, part in (("crisis_only", pair[crisis]), ("without_crisis", pair[~crisis])):
        assert plain.att(check) == pytest.approx(contrast(part, value), abs=1e-10)
        assert plain.rows.loc[check, "n_treated"] == part["treated"].nunique()


def test_cohorts_of_2007_and_2011_are_outside_the_crisis():
    drawn = draw_sample(seed=18, treated={2007: 2, 2008: 3, 2009: 4, 2010: 8, 2011: 16}, projects=1)  # no other sizes add up to 15
    rows = doubt_without_leads(drawn)
    assert rows.loc[["crisis_only", "without_crisis"], "n_treated"].tolist() == [3 + 4 + 8, 2 + 16]


def test_single_participants_are_without_those_who_later_joined_any_other_type(plain):
    alone = plain.drawn.pair[~plain.drawn.pair["treated"].isin(FOOD | {"t2009-07"})]
    assert plain.att("single_participants") == pytest.approx(contrast(alone, fte_of(plain.drawn.panel)), abs=1e-10)
    assert plain.rows.loc["single_participants", "n_treated"] == len(plain.drawn.cohorts) - 6


def test_values_above_the_99th_percentile_of_the_stacked_sample_are_drawn_in_to_it(plain):
    value = fte_of(plain.drawn.panel)
    every = [value(row.unit_id, row.cohort, event) for row in plain.drawn.sample.itertuples() for event in range(-5, 6)]
    cap = np.quantile(every, 0.99)
    capped = contrast(plain.drawn.pair, lambda *asked: min(value(*asked), cap))
    assert plain.att("winsorised") == pytest.approx(capped, abs=1e-10)
    assert abs(capped - plain.att("headline")) > 1e-3


def test_leaving_out_one_project_at_a_time_gives_the_lowest_and_the_highest_effect(plain):
    pair, project = plain.drawn.pair, plain.drawn.cohorts.set_index("unit_id")["project"]
    without = {
        name: contrast(pair[pair["treated"].map(project) != name], fte_of(plain.drawn.panel)) for name in sorted(project.unique())
    }
    for end, name in (("lowest", min(without, key=without.get)), ("highest", max(without, key=without.get))):
        row = plain.rows.loc[f"leave_one_project_out_{end}"]
        assert row["att"] == pytest.approx(without[name], abs=1e-10)
        assert row["n_treated"] == (project != name).sum()
    assert min(without.values()) < plain.att("headline") < max(without.values())


def test_with_one_project_there_is_nothing_to_leave_out(bare):
    for end in ("lowest", "highest"):
        assert np.isnan(bare.loc[f"leave_one_project_out_{end}", "att"])
        assert bare.loc[f"leave_one_project_out_{end}", "reason"] == "fewer than two projects of 1 participants or more can be left out"


def test_projects_of_fewer_than_the_smallest_subgroup_are_not_left_out(plain):
    size = plain.drawn.cohorts["project"].value_counts()
    stack = stack_of(plain.drawn)
    headline, lowest = effect_at(stack, "fte", 2), {}
    for minimum in (size.max(), size.max() + 1):
        of = type_of(plain.drawn, thresholds=THRESHOLDS | {"subgroup_minimum": float(minimum)})
        rows = doubt(of, stack, {}, headline, plain.events, None, {}).set_index("check")
        lowest[minimum - size.max()] = rows.loc["leave_one_project_out_lowest"]
    assert (size == size.max()).sum() == 2
    assert lowest[0]["att"] < headline.att
    assert np.isnan(lowest[1]["att"])
    assert lowest[1]["reason"].startswith("fewer than two projects of")


@pytest.mark.parametrize(("minimum", "told"), [(6.0, True), (7.0, False)])
def test_a_check_that_leaves_out_six_participants_is_told_only_where_six_are_enough(plain, minimum, told):
    joined = {"food": FOOD, "tourism": {"t2009-07"}}
    of = type_of(plain.drawn, also_joined=joined, thresholds=THRESHOLDS | {"subgroup_minimum": minimum})
    stack = stack_of(plain.drawn)
    rows = doubt(of, stack, {}, effect_at(stack, "fte", 2), plain.events, None, {}).set_index("check")
    row = rows.loc["single_participants"]
    if told:
        assert row["att"] == plain.att("single_participants")
        assert pd.isna(row["reason"])
    else:
        assert row[EFFECT].isna().all()
        assert (row["n_treated"], row["reason"]) == (0, "keeps or leaves out fewer than 7 treated units")
    assert np.isfinite(rows.loc["method_reg", "att"])


def test_a_check_that_keeps_fewer_than_the_smallest_subgroup_is_not_told():
    drawn = draw_sample(seed=18, treated={2007: 11, 2008: 9}, projects=1)
    stack, events = stack_of(drawn), SimpleNamespace(table=pd.DataFrame({"level": [], "se": []}))
    found = {}
    for minimum in (9.0, 10.0):
        of = type_of(drawn, thresholds=THRESHOLDS | {"subgroup_minimum": minimum})
        found[minimum] = doubt(of, stack, {}, effect_at(stack, "fte", of.horizon), events, None, {}).set_index("check")["att"]
    assert np.isfinite(found[9.0][["crisis_only", "without_crisis"]]).all()
    assert found[10.0][["crisis_only", "without_crisis"]].isna().all()


def test_a_control_that_joins_the_type_later_is_a_cluster_of_its_own_among_projects(plain):
    stack = stack_of(plain.drawn)
    headline = effect_at(stack, "fte", 2)
    control = stack.units[stack.copies.loc[~stack.copies["took_part"], "unit_id"].iloc[0]]
    later = plain.drawn.cohorts.iloc[[0]].assign(unit_id=control)
    of = type_of(replace(plain.drawn, cohorts=pd.concat([plain.drawn.cohorts, later])), thresholds=SMALL)
    rows = doubt(of, stack, {}, headline, plain.events, None, {}).set_index("check")
    assert rows.loc["clustered_project", "se"] == plain.rows.loc["clustered_project", "se"]


def test_a_project_without_which_nothing_can_be_estimated_gives_neither_end():
    drawn = draw_sample(seed=25, treated={2010: 5})
    cohorts = drawn.cohorts.assign(project=["large"] * 4 + ["small"])  # without the large one a single participant is left
    rows = doubt_without_leads(replace(drawn, cohorts=cohorts))
    for end in ("lowest", "highest"):
        assert np.isnan(rows.loc[f"leave_one_project_out_{end}", "att"])
        assert rows.loc[f"leave_one_project_out_{end}", "reason"] == "fewer than two projects of 1 participants or more can be left out"


# ---- with covariates


ALL = ("log_fte", "growth", "growth_path")
CHOICES = {
    "headline": (ALL, "dr"), "method_reg": (ALL, "reg"), "method_ipw": (ALL, "ipw"), "all_covariates": ((*ALL, "log_productivity"), "dr"),
    "no_covariates": ((), "dr"),
}


@pytest.mark.parametrize("check", CHOICES)
def test_each_method_is_its_own_arithmetic(adjusted, check):
    expected = adjusted_by_hand(adjusted.drawn.sample, fte_of(adjusted.drawn.panel), *CHOICES[check])
    assert adjusted.att(check) == pytest.approx(expected, abs=1e-6)
    assert len({round(adjusted.att(one), 4) for one in CHOICES}) == len(CHOICES)


def test_persons_add_the_longer_work_history(persons):
    sample, value = persons.drawn.sample, fte_of(persons.drawn.panel)
    names = ("age", "employed_share", "earnings")
    for check, chosen in (("headline", names), ("all_covariates", (*names, "employed_share_before"))):
        assert persons.att(check) == pytest.approx(adjusted_by_hand(sample, value, chosen, "dr", 5), abs=1e-6)


# ---- controls that leave at their own entry


# cohort 2010, horizon 2: stays; left in 2011; enters in 2013, after the horizon; left in 2012, at it
LEAVING = {"stays": (None, 1.5), "early": (2011, 1.0), "after": (2013, 0.5), "just": (2012, 1.0)}


@pytest.fixture
def leaving():
    sample = add_traits(np.random.default_rng(20), pd.DataFrame(
        [(2010, f"t{n}", True, 1.0) for n in range(4)] + [(2010, unit, False, weight) for unit, (_, weight) in LEAVING.items()],
        columns=["cohort", "unit_id", "took_part", "weight"]))
    panel = draw_panel(np.random.default_rng(21), sample)
    entries = {unit: year for unit, (year, _) in LEAVING.items() if year} | {f"t{n}": 2010 for n in range(4)}
    return sample, panel, stack_cohorts(sample, panel, "company", ("fte",)), pd.Series(entries, dtype=float)


def test_controls_leave_at_their_own_entry_and_participants_stay(leaving):
    _, _, stack, first = leaving
    censored = censor_at_entry(stack, first, 2)
    seen = {stack.units[unit]: (rows["period"].min(), rows["period"].max()) for unit, rows in censored.frame.groupby("unit_id")}
    assert seen == {
        "stays": (2005, 2015), "early": (2005, 2010), "after": (2005, 2012), "just": (2005, 2011),
    } | {f"t{n}": (2005, 2015) for n in range(4)}


def test_without_covariates_all_have_the_same_chance_to_stay_and_those_who_do_weigh_for_all(leaving):
    sample, panel, stack, first = leaving
    censored = censor_at_entry(stack, first, 2)
    weight = censored.copies.assign(name=stack.units[stack.copies["unit_id"]]).set_index("name")["weight"]
    # early and just leave up to the horizon: 2 of a weight of 4, so those who stay count twice
    assert weight.to_dict() == pytest.approx({f"t{n}": 1.0 for n in range(4)} | {"stays": 3.0, "after": 1.0, "early": 2.0, "just": 2.0})
    assert weight["stays"] + weight["after"] == pytest.approx(4.0)
    staying = sample[~sample["unit_id"].isin(["early", "just"])]
    effect = effect_at(censored, "fte", 2)
    assert effect.att == pytest.approx(effect_by_hand(staying, fte_of(panel))[0], abs=1e-10)
    # a year earlier only "early" is out: the rest of the window still uses "just"
    assert effect_at(censor_at_entry(stack, first, 1), "fte", 1).att == pytest.approx(
        effect_by_hand(sample[sample["unit_id"] != "early"], fte_of(panel), 1)[0], abs=1e-10)


def test_with_covariates_the_weight_is_divided_by_the_estimated_chance_to_stay():
    random = np.random.default_rng(22)
    drawn = draw_sample(seed=22, controls=60, treated={2009: 30, 2010: 30}, adjusted=True)
    controls = drawn.sample[~drawn.sample["took_part"]]
    large = controls.groupby("unit_id")["log_fte"].first() + random.logistic(size=controls["unit_id"].nunique()) > 0.8
    first = pd.Series(2011.0, large.index[large])
    stack = stack_of(drawn)
    found = censor_at_entry(stack, first, 2).copies
    copies = stack.copies[~stack.copies["took_part"]]
    x = np.column_stack([np.ones(len(copies)), copies[list(ALL)].to_numpy()])
    left = np.isin(stack.units[copies["unit_id"]], first.index)
    stays = 1 / (1 + np.exp(x @ logit_by_hand(x, left, copies["weight"].to_numpy())))
    np.testing.assert_allclose(found.loc[copies.index, "weight"], copies["weight"] / stays, rtol=1e-6)
    assert (found.loc[stack.treated.index, "weight"] == 1).all()
    assert stays.min() < 0.5 < 0.8 < stays.max()


def test_where_nobody_enters_nothing_changes(leaving):
    _, _, stack, _ = leaving
    for first in (pd.Series(dtype=float), pd.Series({"after": 2013.0}).loc[[]]):
        censored = censor_at_entry(stack, first, 2)
        pd.testing.assert_frame_equal(censored.frame, stack.frame)
        np.testing.assert_array_equal(censored.copies["weight"], stack.copies["weight"])


def test_too_few_leavers_for_a_model_have_the_same_chance():
    drawn = draw_sample(seed=23, treated={2010: 20}, controls=20, adjusted=True)
    stack = stack_of(drawn)
    controls = stack.copies[~stack.copies["took_part"]]
    largest = stack.units[controls["unit_id"]][np.argsort(-controls["log_fte"].to_numpy())[:2]]  # the two largest: separated
    found = censor_at_entry(stack, pd.Series(2011.0, largest), 2).copies.loc[controls.index, "weight"]
    np.testing.assert_allclose(found, controls["weight"] / (1 - 2 / len(controls)))


def test_where_every_control_leaves_there_is_no_effect_and_a_reason(leaving):
    _, _, stack, _ = leaving
    effect = effect_at(censor_at_entry(stack, pd.Series(2011.0, list(LEAVING)), 2), "fte", 2)
    assert np.isnan(effect.att)
    assert effect.reason


def test_the_two_definitions_of_a_control_keep_or_censor_those_who_enter_later(plain):
    drawn, sample = plain.drawn, plain.samples["untreated_at_start"]
    value, first = fte_of(drawn.panel), first_entries(drawn)
    assert plain.att("untreated_at_start") == pytest.approx(effect_by_hand(sample, value)[0], abs=1e-10)
    entry = sample["unit_id"].map(first).to_numpy()
    left = ~sample["took_part"] & (entry <= sample["cohort"] + 2)
    assert left.sum() > 3
    assert plain.att("censored_at_entry") == pytest.approx(effect_by_hand(sample[~left], value)[0], abs=1e-10)


# ---- before the start


def leads_of(plain):
    table = plain.events.table
    use = (table["level"] < -1).to_numpy()
    return table["level"].to_numpy()[use], table["att"].to_numpy()[use], plain.events.covariance[np.ix_(use, use)]


def test_the_joint_test_is_a_wald_test_of_the_leads_by_event_time(plain):
    level, att, covariance = leads_of(plain)
    assert level.tolist() == [-5, -4, -3, -2]
    statistic = att @ np.linalg.solve(covariance, att)
    row = plain.rows.loc["pretrend"]
    assert row["statistic"] == pytest.approx(statistic)
    assert row["degrees_of_freedom"] == 4
    assert row["p_value"] == pytest.approx(stats.chi2.sf(statistic, 4))


def test_survival_and_a_panel_without_leads_have_no_such_test(plain):
    assert lead_test(plain.events, "survival") is None
    table = plain.events.table.assign(se=plain.events.table["se"].where(plain.events.table["level"] >= -1))
    assert lead_test(SimpleNamespace(table=table, covariance=plain.events.covariance), "fte") is None


def share_found(plain, slope: float, draws: int = DRAWS) -> float:
    """How often the test of the leads finds a drift of `slope` a period, at the level of the verdict."""
    level, _, covariance = leads_of(plain)
    drawn = np.random.default_rng(24).multivariate_normal(slope * (level + 1), covariance, draws)
    found = 0
    for one in drawn:
        events = SimpleNamespace(table=pd.DataFrame({"level": level, "att": one, "se": 1.0}), covariance=covariance)
        found += lead_test(events, "fte").p_value < THRESHOLDS["pretrend_p"]
    return found / draws


def power_by_hand(plain, slope: float) -> float:
    level, _, covariance = leads_of(plain)
    drift = slope * (level + 1.0)
    return stats.ncx2.sf(stats.chi2.ppf(1 - THRESHOLDS["pretrend_p"], len(drift)), len(drift), drift @ np.linalg.inv(covariance) @ drift)


def test_power_is_the_share_of_tests_that_find_a_drift_that_makes_the_bound_at_the_horizon(plain):
    # from the reference at −1 to the horizon at 2 are three periods: the bound of 0.5 is a slope of 1/6
    power = plain.rows.loc["pretrend", "power"]
    assert power == pytest.approx(power_by_hand(plain, 0.5 / 3), rel=1e-6)
    assert 0.1 < power < 0.9
    assert share_found(plain, 0.5 / 3) == pytest.approx(power, abs=3 * np.sqrt(power * (1 - power) / DRAWS))


def test_the_drift_that_would_be_found_is_found_in_four_of_five_tests(plain):
    row = plain.rows.loc["pretrend_detectable"]
    assert row["power"] == 0.8
    assert power_by_hand(plain, row["statistic"] / 3) == pytest.approx(0.8, abs=1e-6)
    assert share_found(plain, row["statistic"] / 3) == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / DRAWS))


def test_a_later_horizon_makes_the_same_bound_a_smaller_drift(persons):
    rows = persons.rows
    assert rows.loc["pretrend", "power"] == pytest.approx(power_by_hand(persons, 0.5 / 6), rel=1e-6)
    assert power_by_hand(persons, rows.loc["pretrend_detectable", "statistic"] / 6) == pytest.approx(0.8, abs=1e-6)


def test_bent_trends_are_those_of_the_event_times_without_the_reference(plain):
    table = plain.events.table
    use = (table["level"] != -1).to_numpy()
    given = (table["att"].to_numpy()[use], plain.events.covariance[np.ix_(use, use)], 4, np.array([0, 0, 1, 0, 0, 0]))
    for check, interval, breakdown in (
        ("rambachan_roth_relative", relative_magnitudes(*given, 1.0), breakdown_relative(*given)),
        ("rambachan_roth_smoothness", smoothness(*given, 0.0), breakdown_smoothness(*given)),
    ):
        row = plain.rows.loc[check]
        assert (row["low"], row["high"], row["statistic"]) == pytest.approx((interval.low, interval.high, breakdown), rel=1e-9)
    assert plain.rows.loc[list(NEEDED), ["att", "se"]].isna().all(axis=None)


def test_bounds_need_every_period_between_the_first_and_the_last():
    drawn = draw_sample(seed=26, treated={2009: 12})
    rows = doubt_one(replace(drawn, panel=drawn.panel[drawn.panel["period"] != 2006])).rows
    for check in ("rambachan_roth_relative", "rambachan_roth_smoothness"):
        assert "is missing" in rows.loc[check, "reason"]
        assert rows.loc[check, NEEDED[check]].isna().all()
    assert rows.loc["pretrend", "degrees_of_freedom"] == 3  # the leads that are there are tested


# ---- errors by cluster, and the surroundings


def area_of(sample: pd.DataFrame) -> dict[str, str]:
    """The commuting area of every unit before the first cohort that it serves."""
    first = sample.sort_values("cohort").drop_duplicates("unit_id")
    return dict(zip(first["unit_id"], first["commuting_area"], strict=True))


def assert_clustered(row, att, influence, label, members):
    """√Σ(sum)² over all labels, and the critical value that a wild bootstrap of the labels of participants gives."""
    sums = pd.Series(influence).groupby(lambda unit: label.get(unit, unit)).sum()
    own = sums[sorted({label[unit] for unit in members})].to_numpy()
    se = error_by_hand(influence, label)
    found = wild_interval(att * np.sqrt(own @ own) / se, own, draws=WILD_DRAWS, seed=SEED)
    assert (row["att"], row["se"]) == pytest.approx((att, se), abs=1e-10)
    assert (row["low"], row["high"]) == pytest.approx((att - found.critical_value * se, att + found.critical_value * se), abs=1e-8)
    assert row["p_value"] == pytest.approx(found.p_value)
    assert row["n_treated"] == len(members)


def test_errors_by_project_sum_influence_within_it_and_leave_controls_by_themselves(plain):
    att, influence = effect_by_hand(plain.drawn.sample, fte_of(plain.drawn.panel))
    project = plain.drawn.cohorts.set_index("unit_id")["project"].to_dict()
    assert_clustered(plain.rows.loc["clustered_project"], att, influence, project, project)


def test_errors_by_area_sum_participants_and_controls_where_they_were_first(plain):
    att, influence = effect_by_hand(plain.drawn.sample, fte_of(plain.drawn.panel))
    assert_clustered(plain.rows.loc["clustered_area"], att, influence, area_of(plain.drawn.sample), set(plain.drawn.cohorts["unit_id"]))


@pytest.mark.parametrize(("projects", "interval"), [(3, False), (4, True)])
def test_fewer_than_four_projects_have_an_error_but_no_interval(projects, interval):
    drawn = draw_sample(seed=10, treated={2009: 12}, projects=projects)
    row = doubt_without_leads(drawn).loc["clustered_project"]
    _, influence = effect_by_hand(drawn.sample, fte_of(drawn.panel))
    project = drawn.cohorts.set_index("unit_id")["project"].to_dict()
    assert row["se"] == pytest.approx(error_by_hand(influence, project), abs=1e-10)
    assert row[["low", "high", "p_value"]].notna().all() == interval
    assert pd.isna(row["reason"]) if interval else "3 clusters" in row["reason"]


def test_the_surroundings_are_new_companies_of_the_own_industry_area_and_year(plain):
    sample = plain.drawn.sample
    value = surroundings_of(sample, plain.surroundings)
    att, influence = effect_by_hand(sample, value)
    assert att == pytest.approx(contrast(plain.drawn.pair, value), abs=1e-10)
    assert_clustered(plain.rows.loc["placebo_surroundings"], att, influence, area_of(sample), set(plain.drawn.cohorts["unit_id"]))


def test_without_surroundings_there_is_no_such_row(bare):
    assert "placebo_surroundings" not in bare.index


def test_covariates_do_not_enter_the_surroundings(adjusted):
    value = surroundings_of(adjusted.drawn.sample, adjusted.surroundings)
    assert adjusted.att("placebo_surroundings") == pytest.approx(contrast(adjusted.drawn.pair, value), abs=1e-10)
