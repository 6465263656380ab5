"""A plan is arithmetic that can be done by hand on a small release, and says in words' stead what a project is too small for."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pipelines.chains import PlanError, columns_to_collect, draft_chain, plan_grid, plan_project
from pipelines.chains.evidence import CONTROLS_EACH, Released, between_variance, evidence
from pipelines.chains.plan import Evidence, minimum_detectable, participants_needed, power, standard_error
from pipelines.matching.stage import RATIO
from pipelines.participations import check
from schemas.contract import load

Z = 1.959963984540054
STUDY = Path(__file__).parents[3] / "docs" / "plan"
TYPES = ("food", "maritime", "tourism", "training")


def release(**changed) -> Released:
    """Four types of 100 participants and 250 controls' worth, se 0.3; each a shrunken effect at two years, and one project."""
    summary = pd.DataFrame({
        "initiative_type": TYPES, "unit": "company", "outcome": "fte", "horizon": 2, "headline": True,
        "att": [2.0, 1.0, 0.0, 1.0], "se": 0.3, "n_treated": 100, "n_control": 400, "effective_controls": 250.0, "verdict": "effect",
    })
    event_time = summary.assign(event_time=2).drop(columns=["horizon", "verdict", "headline", "effective_controls"])
    later = event_time.assign(event_time=3, att=[4.0, 2.0, 0.0, 2.0], se=0.4)
    tables = {
        "summary": summary, "event_time": pd.concat([event_time, later], ignore_index=True),
        "comparison": pd.DataFrame({
            "initiative_type": TYPES, "unit": "company", "outcome": "fte", "horizon": 2, "shrunken": [1.8, 1.0, 0.2, 1.0],
            "shrunken_low": np.array([1.8, 1.0, 0.2, 1.0]) - Z * 0.2, "shrunken_high": np.array([1.8, 1.0, 0.2, 1.0]) + Z * 0.2,
        }),
        "subgroup": pd.DataFrame({
            "initiative_type": ["food", "food", "food", "food"], "unit": "company", "outcome": "fte",
            "dimension": ["project", "project", "size_band", "size_band"], "level": ["P1", "P2", "2-4", "5-9"],
            "att": [3.0, 1.0, 1.0, 3.0], "se": 0.5, "n_treated": 50,
        }),
        "jobs": pd.DataFrame({
            "initiative_type": TYPES, "event_time": 2, "n_treated": 100, "gross": [300.0, 200.0, 100.0, 200.0], "support_dkk": 1e7,
        }),
        "links": pd.DataFrame({
            "initiative_type": "food", "indicator": ["participants", "support_dkk", "completed", "jobs_3", "persons"],
            "position": range(5), "source": ["participations"] * 3 + ["register", "participations"],
            "outcome": [None] * 3 + ["fte", None], "event_time": [None] * 3 + [3, None],
        }),
        "results": pd.DataFrame({
            "initiative_type": "food", "indicator": ["participants", "persons", "completed"], "achieved": [100.0, 100.0, 150.0],
        }),
    }
    return Released(**tables | changed)


@pytest.fixture
def released() -> Released:
    return release()


def test_the_standard_error_of_as_many_participants_as_the_release_has_is_the_released_one(released):
    # 0.09 = s² (1/100 + 1/250), s² = 45/7; reuse = 1/250 − 1/500 = 0.002; with 50: s² (1.2/50 + 0.002) = 45/7 × 0.026
    known = evidence(released, "food", 2)
    assert known.unit_variance == pytest.approx(45 / 7)
    assert known.reuse == pytest.approx(0.002)
    assert standard_error(known, 100) == pytest.approx(0.3)
    assert standard_error(known, 50) == pytest.approx(np.sqrt(45 / 7 * 0.026))
    assert CONTROLS_EACH == RATIO


def test_expected_net_is_the_shrunken_effect_times_the_participants_and_its_interval_has_three_parts(released):
    # projects 3 and 1 with se 0.5: w = 4, Q = 8, df = 1, tr P = 4, ω² = 7/4; × (1 + 1/2) for two equal past projects = 2.625
    plan = plan_project(released, "food", 50)
    sd = np.sqrt(50**2 * (0.2**2 + 2.625) + 50 * 45 / 7)
    assert plan.expected_net == pytest.approx(90.0)
    assert (plan.low, plan.high) == (pytest.approx(90 - Z * sd), pytest.approx(90 + Z * sd))
    assert plan.minimum_detectable == pytest.approx(2.8 * np.sqrt(45 / 7 * 0.026))
    assert plan.expected_gross == pytest.approx(150.0)
    assert (plan.budget_dkk, plan.budget_given) == (pytest.approx(5e6), False)


def test_at_another_horizon_types_are_shrunken_towards_their_mean_and_projects_spread_as_effects_grow(released):
    # att 4 2 0 2, se 0.4: w = 6.25, Q = 6.25 × 8 = 50, df = 3, tr P = 18.75, τ² = 47/18.75; μ = 2; pace = 2 / 1
    tau = 47 / 18.75
    keep = tau / (tau + 0.16)
    known = evidence(released, "food", 3)
    assert known.mean == pytest.approx(2 + keep * 2)
    assert known.variance == pytest.approx(keep * 0.16 + (1 - keep) ** 2 * (tau + 0.16) / 4)
    assert known.between == pytest.approx(2.625 * 4)


def test_power_is_that_of_a_two_sided_test_at_five_percent():
    assert power(0.0, 1.0) == pytest.approx(0.05)
    assert power(2.8016, 1.0) == pytest.approx(0.80, abs=1e-4)
    assert power(-1.0, 0.5) == power(1.0, 0.5)
    assert minimum_detectable(0.5) == pytest.approx(1.4)


def test_the_participants_needed_are_the_fewest_with_enough_power_and_none_where_controls_alone_hide_the_effect():
    plain = Evidence(1.0, 0.0, 0.0, 10.0, 0.0, 1.0, 0.0, 0.0, "type")
    needed = participants_needed(plain, 1.0)
    assert needed == 95                                    # 12 × 2.80159² = 94.2
    assert power(1.0, standard_error(plain, needed)) >= 0.8 > power(1.0, standard_error(plain, needed - 1))
    assert participants_needed(plain, -1.0) == needed
    assert participants_needed(plain, 0.0) is None
    crowded = Evidence(1.0, 0.0, 0.0, 10.0, 0.02, 1.0, 0.0, 0.0, "type")     # se never below √0.2
    assert participants_needed(crowded, 1.0) is None
    assert participants_needed(crowded, 1.5) is not None


def test_a_project_too_small_to_be_measured_is_to_be_pooled(released):
    plan = plan_project(released, "maritime", 10)
    needed = plan.participants_needed
    assert (plan.verdict, plan.pooled_projects) == ("pool", -(-needed // 10))
    assert plan.power < 0.8
    assert plan_project(released, "maritime", needed).verdict == "measurable"
    assert plan_project(released, "maritime", needed - 1).verdict == "pool"


def test_a_net_target_is_reached_by_half_the_projects_when_it_is_what_is_expected(released):
    assert plan_project(released, "food", 50, target=90).probability == pytest.approx(0.5)
    plan = plan_project(released, "food", 50, target=60)
    assert plan.probability > 0.5
    assert plan.effect == pytest.approx(1.2)               # whose power and participants are told


def test_a_gross_target_is_held_against_the_gross_change_and_asks_only_for_what_does_not_come_anyway(released):
    # gross 3 a participant, of which 3 − 1.8 = 1.2 would come anyway; gross 3, 2, 1, 2 has variance 2/3
    plan = plan_project(released, "food", 50, target=100, target_kind="gross")
    assert plan.effect == pytest.approx(2.0 - 1.2)
    z = (150 - 100) / np.sqrt(2500 * 2 / 3 + 50 * 45 / 7)
    assert plan.probability == pytest.approx(norm.cdf(z))
    needless = plan_project(released, "food", 50, target=60, target_kind="gross")
    assert (needless.verdict, needless.power, needless.participants_needed) == ("without_effect", None, None)


def test_a_type_that_is_not_comparable_is_planned_from_the_others(released):
    summary = released.summary.copy()
    summary.loc[0, "verdict"] = "not_comparable"
    # 1 0 1 with se 0.3: w = 100/9, Q = w × 2/3, df = 2, tr P = 2 w, τ² = (Q − 2) / tr P
    w = 100 / 9
    tau = (w * 2 / 3 - 2) / (2 * w)
    known = evidence(release(summary=summary), "food", 2)
    assert known.basis == "other_types"
    assert known.mean == pytest.approx(2 / 3)
    assert known.variance == pytest.approx(tau + (tau + 0.09) / 3)


def test_a_mix_moves_the_mean_by_shrunken_deviations_and_shares_must_add_up(released):
    # bands 1 and 3 with se 0.5: κ² = 7/4, b = 7/8; the type's own mean of them is 2; only the larger: + 7/8
    assert evidence(released, "food", 2, size_mix={"5-9": 1.0}).mean == pytest.approx(1.8 + 7 / 8)
    assert evidence(released, "food", 2, size_mix={"2-4": 0.5, "5-9": 0.5}).mean == pytest.approx(1.8)
    assert evidence(released, "maritime", 2, size_mix={"5-9": 1.0}).mean == pytest.approx(1.0)    # none of its own
    with pytest.raises(PlanError, match="add up to 1"):
        plan_project(released, "food", 5, size_mix={"2-4": 0.4})
    with pytest.raises(PlanError, match="2-4, 5-9"):
        plan_project(released, "food", 5, size_mix={"huge": 1.0})


def test_the_variance_between_projects_is_never_taken_to_be_nothing():
    same = between_variance(pd.Series([1.0, 1.0]), pd.Series([0.5, 0.5]), pd.Series(["a", "a"]))
    assert same == pytest.approx(2 / 4)
    assert np.isnan(between_variance(pd.Series([1.0, 5.0]), pd.Series([0.5, 0.5]), pd.Series(["a", "b"])))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"initiative_type": "unknown"}, "growth_programme, production_sme"),
        ({"participants": 0}, "--participants 1 or more"),
        ({"horizon": 6}, "0 to 5 years"),
        ({"horizon": -1}, "0 to 5 years"),
        ({"horizon": 5}, "another --horizon"),
        ({"target": -1.0}, "a number above 0"),
        ({"target": 1.0, "target_kind": "both"}, "net or gross"),
        ({"budget_dkk": 0.0}, "--budget"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_one_sentence(released, asked, told):
    with pytest.raises(PlanError, match=told) as refused:
        plan_project(released, **{"initiative_type": "food", "participants": 5} | asked)
    assert "\n" not in str(refused.value)


def test_the_grid_holds_what_single_plans_say_and_is_as_its_contract_has_it(released):
    grid = plan_grid(released)
    load("chain.plan").conform(grid)
    assert grid.groupby("initiative_type").size().to_dict() == dict.fromkeys(TYPES, 11)
    plan, row = plan_project(released, "tourism", 75), grid.query("initiative_type == 'tourism' and participants == 75").iloc[0]
    assert [row[name] for name in ("expected_net", "low", "high", "power", "minimum_detectable")] == [
        plan.expected_net, plan.low, plan.high, plan.power, plan.minimum_detectable]
    empty = release(**{name: getattr(released, name).iloc[:0] for name in ("summary", "event_time", "comparison", "subgroup", "jobs")})
    load("chain.plan").conform(plan_grid(empty))
    with pytest.raises(PlanError, match="no effect on jobs"):
        plan_project(empty, "food", 5)


def test_the_draft_is_a_delivery_of_targets_that_the_door_takes(released, tmp_path):
    plan = plan_project(released, "food", 40, budget_dkk=4_000_000)
    draft = draft_chain(released, plan)
    assert [(indicator, target) for _, indicator, target in draft.rows[:3]] == [
        ("participants", 40.0), ("support_dkk", 4e6), ("completed", 30.0)]
    assert draft.rows[3][2] == pytest.approx(40 * evidence(released, "food", 3).mean, abs=0.05)
    assert draft.left_out == ("persons",)
    agreed = draft_chain(released, plan_project(released, "food", 40, horizon=3, target=90))
    assert ("NYT-PROJEKT", "jobs_3", 90.0) in agreed.rows
    file = tmp_path / "x_targets_2016.csv"
    file.write_text(draft.csv(), encoding="utf-8")
    receipt = check(file, "targets", synthetic=True)
    assert (receipt.status, receipt.accepted, receipt.quarantined) == ("taken", 4, 0)


def test_what_must_be_collected_is_what_the_deliveries_require():
    required = {(one["delivery"], one["column"]) for one in columns_to_collect() if one["required"]}
    assert {("company_participations", name) for name in ("cvr", "project", "start")} <= required
    assert ("targets", "indicator") in required


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("plan_study", STUDY / "study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_study_keeps_its_rules(study):
    for row in pd.read_csv(STUDY / "power.csv").to_dict("records"):
        assert abs(row["predicted"] - row["simulated"]) <= study.WITHIN, row
    (held,) = pd.read_csv(STUDY / "intervals.csv")["held"]
    assert study.HOLDS[0] <= held <= study.HOLDS[1]


def test_predicted_power_lies_within_five_points_of_the_power_that_drawn_projects_have(study):
    """The committed study on 20 worlds, by its own rule."""
    for row in study.study_power(worlds=20, projects=30, seed=4, sizes=(15, 60, 240)):
        assert abs(row["predicted"] - row["simulated"]) <= study.WITHIN, row
