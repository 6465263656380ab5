"""The coverage study: its committed tables agree with each other and with the code that made them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.coverage.estimators import ESTIMANDS, ESTIMATORS, two_way_regression
from benchmarks.coverage.study import (
    FIRST_SEED,
    Z,
    exact_interval,
    in_order,
    missing_tasks,
    pooled_truth,
    run_plan,
    run_world,
    summarise,
    truth_of,
    write_as_done,
)
from benchmarks.coverage.tables import tables
from benchmarks.coverage.verdicts import PLANS
from benchmarks.coverage.world import YEARS, Design, make_world

COMMITTED = Path(__file__).parents[2] / "docs" / "coverage"
WORLDS, PLANTED = 500, 100


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    return pd.read_csv(COMMITTED / "results.csv")


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    table = pd.read_csv(COMMITTED / "truth.csv")
    return dict(zip(table["estimand"], table["truth"], strict=True))


def test_the_committed_results_hold_every_world_once_with_the_seed_fixed_beforehand(results):
    keys = results[["world", "estimator", "estimand"]]
    assert len(results) == WORLDS * len(ESTIMATORS) * len(ESTIMANDS)
    assert not keys.duplicated().any()
    assert set(results["world"]) == set(range(WORLDS))
    assert (results["seed"] == FIRST_SEED + results["world"]).all()
    assert FIRST_SEED == 2_013_000


def test_the_committed_summary_is_what_the_committed_results_add_up_to(results, truth):
    pd.testing.assert_frame_equal(pd.read_csv(COMMITTED / "summary.csv"), summarise(results, truth), check_exact=False, atol=1e-9)


def test_covered_means_that_the_interval_holds_the_effect(results, truth):
    off = (results["estimate"] - results["estimand"].map(truth)).abs()
    drawn = (results["estimate"] - results["sample_att"]).abs()
    assert (results["covers_truth"] == (off <= Z * results["se"])).all()
    assert (results["covers_sample"] == (drawn <= Z * results["se"])).all()


def test_a_world_run_again_gives_its_committed_rows(results, truth):
    world = 7
    again = pd.DataFrame(run_world(world, truth))
    pd.testing.assert_frame_equal(again, results[results["world"] == world].reset_index(drop=True), check_exact=False, rtol=0, atol=1e-9)


def test_copies_as_rows_give_the_same_effect_with_a_smaller_error(results):
    whole = results[results["left_out"].groupby(results["world"]).transform("sum") == 0]
    by = {name: part.set_index(["world", "estimand"]) for name, part in whole.groupby("estimator")}
    ours, copies = by["matched_clustered"], by["copies_as_rows"]
    assert len(ours) > WORLDS
    assert (ours["estimate"] - copies["estimate"]).abs().max() < 2e-6
    assert copies["se"].mean() < 0.95 * ours["se"].mean()


def test_a_planted_world_run_again_gives_its_committed_row():
    committed = pd.read_csv(COMMITTED / "verdicts.csv")
    assert committed.groupby("plan").size().to_dict() == dict.fromkeys(PLANS, PLANTED)
    again = pd.DataFrame(run_plan(("few_participants", 3)))
    before = committed[(committed["plan"] == "few_participants") & (committed["world"] == 3)].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, before, check_exact=False, rtol=0, atol=1e-9)


def test_the_tables_in_the_readme_are_those_of_the_committed_files():
    readme = (COMMITTED / "README.md").read_text(encoding="utf-8")
    for name, table in tables(COMMITTED).items():
        assert f"<!-- {name} -->\n{table}\n<!-- end -->" in readme


@pytest.mark.parametrize(("covered", "n"), [(475, 500), (1, 12), (11, 12), (250, 500)])
def test_each_end_of_the_exact_interval_leaves_half_a_percent_in_its_tail(covered, n):
    low, high = exact_interval(covered, n)
    assert stats.binom.sf(covered - 1, n, low) == pytest.approx(0.005, rel=1e-9)
    assert stats.binom.cdf(covered, n, high) == pytest.approx(0.005, rel=1e-9)


def test_the_exact_interval_ends_at_zero_and_one_when_none_or_all_are_covered():
    assert exact_interval(0, 20) == (0.0, pytest.approx(1 - 0.005 ** (1 / 20)))
    assert exact_interval(20, 20) == (pytest.approx(0.005 ** (1 / 20)), 1.0)
    with pytest.raises(ValueError, match="between 0 and the number of worlds"):
        exact_interval(21, 20)


@pytest.mark.parametrize(
    ("covered", "of", "holds", "sample_holds"),
    [(475, 500, 1, 1), (460, 500, 0, 0), (496, 500, 0, 1), (462, 500, 1, 1)],
)
def test_coverage_holds_when_the_exact_interval_contains_95_percent_and_for_drawn_firms_only_too_little_counts(
    covered, of, holds, sample_holds
):
    flags = (np.arange(of) < covered).astype(int)
    drawn = pd.DataFrame({
        "estimator": "two_way", "estimand": "plus_two", "estimate": np.arange(of, dtype=float), "se": 1.0,
        "covers_truth": flags, "covers_sample": flags,
    })
    row = summarise(drawn, {"plus_two": 0.0}).iloc[0]
    assert (row["holds"], row["sample_holds"]) == (holds, sample_holds)


def test_the_two_way_regression_is_least_squares_on_all_dummies():
    random = np.random.default_rng(3)
    n, periods = 9, 5
    start = np.array([3, 3, 4, 9, 9, 9, 9, 9, 9])
    outcome = random.normal(size=(n, periods)) + np.arange(n)[:, None]
    dummy = (np.arange(1, periods + 1) >= start[:, None]).astype(float)
    weight = random.uniform(0.5, 2.0, (n, 1)) * (random.random((n, periods)) < 0.9)
    unit, period = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    x = np.column_stack([dummy.ravel(), np.eye(n)[unit], np.eye(periods)[period][:, 1:]])
    root = np.sqrt(weight.ravel())
    beta = np.linalg.lstsq(x * root[:, None], outcome.ravel() * root, rcond=None)[0]
    bread = np.linalg.pinv((x * weight.ravel()[:, None]).T @ x)
    score = x * (weight.ravel() * (outcome.ravel() - x @ beta))[:, None]
    by_unit = np.array([score[unit == i].sum(axis=0) for i in range(n)])
    se = np.sqrt((bread @ by_unit.T @ by_unit @ bread)[0, 0])
    found = two_way_regression(outcome, dummy, weight)
    assert (found.estimate, found.se) == (pytest.approx(beta[0], abs=1e-10), pytest.approx(se, abs=1e-10))


def test_joining_changes_nothing_before_the_start_and_a_closed_firm_stays_closed():
    world = make_world(Design(firms=800), 11)
    before = np.arange(1, YEARS + 1)[None, :] < world.cohort[:, None]
    assert np.array_equal(world.fte[before], world.untreated[before])
    closed = world.fte == 0
    assert closed.any()
    assert (closed[:, 1:] | ~closed[:, :-1]).all()
    assert not (world.treated & world.candidate).any()
    assert not np.array_equal(world.fte[world.treated], world.untreated[world.treated])


def test_the_pooled_truth_is_the_average_effect_over_all_treated_of_the_pooled_worlds():
    parts = np.array([truth_of(world) for world in range(2)])
    table = pooled_truth(np.array([[10, 5.0, 20.0, 30.0], [30, 15.0, 20.0, 60.0]])).set_index("estimand")
    assert table.loc["plus_two", "truth"] == 1.0
    assert table.loc["one_to_three", "truth"] == pytest.approx((0.5 + 1.0 + 2.25) / 3)
    assert parts.shape == (2, 4)
    assert (parts[:, 0] > 200).all()


def test_an_interrupted_study_does_only_what_is_missing_and_ends_in_order(tmp_path):
    file = tmp_path / "verdicts.csv"
    names = list(PLANS)[:2]
    tasks = [(name, world) for name in names for world in range(2)]
    rows = [[{"plan": plan, "world": world, "figure": 1.5}] for plan, world in tasks]
    write_as_done(file, reversed(rows[1:]), 3)
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.rindex(",")], encoding="utf-8")
    assert missing_tasks(file, tasks, lambda row: (row["plan"], int(row["world"])), 1) == tasks[:2]
    write_as_done(file, rows[:2], 2)
    in_order(file, "verdicts")
    with file.open(encoding="utf-8", newline="") as stream:
        assert [(row["plan"], int(row["world"])) for row in csv.DictReader(stream)] == tasks
