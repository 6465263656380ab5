"""Types side by side: shared controls make them move together, and those that cannot be compared are not ranked."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.effects.across_types import DRAWS, SEED, Compared, compare_types, shrink_projects
from pipelines.effects.comparison import rank_confidence_sets, shrink
from pipelines.effects.horizon import Effect, effect_at
from pipelines.effects.multiplicity import romano_wolf
from pipelines.effects.stacking import stack_cohorts
from tests.pipelines.effects.drawn_samples import (
    Drawn,
    add_traits,
    draw_pairs,
    draw_panel,
    effect_by_hand,
    fte_of,
    sample_of,
)

RANKED = ["rank_low", "rank_high", "may_be_best"]
SHRUNKEN = ["shrunken", "shrunken_low", "shrunken_high"]
KINDS = ("clusters", "food", "tourism")


def draw_types() -> tuple[dict[str, Drawn], pd.DataFrame]:
    """Three types whose participants share few controls, and the panel of them all."""
    random = np.random.default_rng(11)
    pairs = {
        kind: draw_pairs(random, [(cohort, f"{kind}-{n}") for n, cohort in enumerate([2009] * 6 + [2010] * 5)], [f"c{n}" for n in range(6)])
        for kind in KINDS
    }
    samples = {kind: add_traits(random, sample_of(pair)) for kind, pair in pairs.items()}
    panel = draw_panel(random, pd.concat(samples.values(), ignore_index=True))
    return {kind: Drawn(samples[kind], pairs[kind], panel, pd.DataFrame()) for kind in KINDS}, panel


@pytest.fixture(scope="module")
def types():
    return draw_types()


@pytest.fixture(scope="module")
def compared(types) -> list[Compared]:
    found = []
    for kind, drawn in types[0].items():
        stack = stack_cohorts(drawn.sample, drawn.panel, "company", ("fte",), drawn.pair)
        found.append(Compared(kind, "fte", 2, effect_at(stack, "fte", 2), stack.units, "effect"))
    return found


def influence_of(types) -> list[dict[str, float]]:
    """ψ of every type by the unit's name, by hand."""
    return [effect_by_hand(drawn.sample, fte_of(drawn.panel))[1] for drawn in types[0].values()]


def covariance_by_hand(influence: list[dict[str, float]]) -> np.ndarray:
    """Σ of the products of ψ over the units that two estimates share."""
    return np.array([[sum(one[unit] * other[unit] for unit in one.keys() & other.keys()) for other in influence] for one in influence])


def effect_of(att: float, influence) -> Effect:
    influence = np.asarray(influence, dtype=float)
    return Effect(att, float(np.sqrt(influence @ influence)), 20, influence)


def one_type(kind: str, att: float, influence, units, outcome="fte", verdict="effect") -> Compared:
    return Compared(kind, outcome, 2, effect_of(att, influence), np.array(units), verdict)


def test_types_that_share_controls_are_compared_with_the_covariance_that_these_make(types, compared):
    covariance = covariance_by_hand(influence_of(types))
    assert np.abs(covariance[np.triu_indices(3, 1)]).min() > 0.001  # they do share
    att = np.array([one.effect.att for one in compared])
    table = compare_types(compared)
    expected = shrink(att, covariance)
    np.testing.assert_allclose(table[SHRUNKEN], np.column_stack([expected.att, expected.low, expected.high]), rtol=1e-8)
    apart = shrink(att, np.diag(np.diagonal(covariance)))
    assert np.abs(table["shrunken"] - apart.att).max() > 1e-4  # and it matters


def test_ranks_are_those_of_the_shared_covariance():
    # alone each error is 1, and a gap of 1 says nothing; nearly all of it is shared, and the gap is beyond doubt
    shared, names = [0.7, -0.7], ["x", "y"]
    parts = [one_type(kind, att, [*shared, 0.01, -0.01], [*names, f"{kind}1", f"{kind}2"])
             for kind, att in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
    table = compare_types(parts)
    assert table["rank_low"].tolist() == table["rank_high"].tolist() == [3, 1, 2]
    assert table["may_be_best"].tolist() == [False, True, False]
    apart = [replace(part, units=np.array([f"{part.kind}{n}" for n in range(4)])) for part in parts]
    table = compare_types(apart)
    assert table["rank_low"].tolist() == [1, 1, 1]
    assert table["rank_high"].tolist() == [3, 3, 3]
    assert table["may_be_best"].all()


def test_ranks_hold_together_and_not_only_one_by_one():
    found = rank_confidence_sets(np.array([0.0, 2.28, 0.0]), np.eye(3) / 2, draws=DRAWS, seed=SEED)
    assert found.low[1] == found.high[1] == 1
    assert found.simultaneous_high[1] == 3  # by itself b is the best, with all ranks at once it may be the last
    table = compare_types([one_type(kind, att, [0.5, -0.5], [f"{kind}1", f"{kind}2"]) for kind, att in (("a", 0.0), ("b", 2.28), ("c", 0.0))])
    assert table["rank_low"].tolist() == found.simultaneous_low.tolist()
    assert table["rank_high"].tolist() == found.simultaneous_high.tolist()
    assert table["may_be_best"].tolist() == found.best.tolist()


def test_a_row_tells_the_unshrunken_effect_as_it_was_given(compared):
    table = compare_types(compared)
    assert table["initiative_type"].tolist() == list(KINDS)
    for row, one in zip(table.itertuples(), compared, strict=True):
        assert (row.att, row.se, row.n_treated, row.outcome, row.horizon, row.verdict) == (
            one.effect.att, one.effect.se, one.effect.n_treated, "fte", 2, "effect")
        assert (row.low, row.high) == (one.effect.interval["low"], one.effect.interval["high"])
        assert row.p_value == pytest.approx(2 * stats.norm.sf(abs(row.att) / row.se))


def five_rows() -> list[Compared]:
    """Three types on fte, one of them not comparable and one missing, and two on turnover; all rest on the units x and y."""
    return [
        one_type("a", 2.6, [0.6, -0.6, 0.5, -0.5], ["x", "y", "a1", "a2"]),
        one_type("b", 9.0, [0.7, -0.7, 0.5, -0.5], ["x", "y", "b1", "b2"], verdict="not_comparable"),
        replace(one_type("c", np.nan, [0.0, 0.0], ["c1", "c2"], verdict="too_few_to_tell"),
                effect=Effect(np.nan, np.nan, 0, np.zeros(2), "no cohort")),
        one_type("a", 250.0, [60.0, -60.0, 50.0], ["x", "y", "a1"], outcome="turnover"),
        one_type("d", 1.0, [0.5, 0.5], ["d1", "y"]),
    ]


def test_p_and_q_values_are_over_all_rows_whatever_the_outcome_or_the_verdict():
    rows = five_rows()
    table = compare_types(rows)
    every = sorted({unit for row in rows for unit in row.units})
    psi = np.zeros((len(every), len(rows)))
    for column, row in enumerate(rows):
        for unit, one in zip(row.units, row.effect.influence, strict=True):
            psi[every.index(unit), column] = one
    known = [0, 1, 3, 4]
    expected = romano_wolf(np.array([2.6, 9.0, np.nan, 250.0, 1.0]), psi, draws=DRAWS, seed=SEED)
    np.testing.assert_array_equal(table["p_romano_wolf"], expected)
    p = table.loc[known, "p_value"]
    by_hand = [min(4 / (p <= larger).sum() * larger for larger in p if larger >= one) for one in p]  # m / rank × p, from the top
    assert table.loc[known, "q_value"].tolist() == pytest.approx(by_hand)
    assert table.loc[2, ["p_value", "p_romano_wolf", "q_value"]].isna().all()


def test_what_is_not_comparable_or_not_estimated_is_not_ranked_and_says_so():
    table = compare_types(five_rows())
    assert table.loc[1:3, "reason"].tolist() == [
        "not ranked: not comparable", "not ranked: not estimated", "not ranked: nothing to compare with",
    ]
    assert table.loc[[0, 4], "reason"].fillna("").str.startswith("ranked, not shrunken: fewer than three types").all()
    assert table.loc[1:3, [*RANKED, *SHRUNKEN]].isna().all(axis=None)
    # a and d are left on fte: two ranks, and the largest of all, which is not comparable, is no rival
    assert table.loc[[0, 4], "rank_low"].tolist() == [1, 1]
    assert table.loc[[0, 4], "rank_high"].tolist() == [2, 2]
    assert table.loc[[0, 4], SHRUNKEN].isna().all(axis=None)  # two have no distribution to shrink towards
    assert table["rank_low"].dtype == table["rank_high"].dtype == "Int32"
    assert table["may_be_best"].dtype == "boolean"


def test_types_that_are_not_ranked_do_not_move_the_shrunken_estimates_of_the_others(compared):
    alone = compare_types(compared)
    beside = compare_types([one_type("maritime", 40.0, [0.3, -0.3], ["c0", "c1"], verdict="not_comparable"), *compared])
    pd.testing.assert_frame_equal(
        beside.loc[1:, [*SHRUNKEN, *RANKED]].reset_index(drop=True), alone[[*SHRUNKEN, *RANKED]], check_exact=False)


def test_two_types_that_are_alike_have_the_same_shrunken_effect_and_rank():
    rows = [one_type(kind, att, [0.4, -0.4], [f"{kind}1", f"{kind}2"]) for kind, att in (("a", 1.0), ("b", 3.0), ("c", 1.0), ("d", -2.0))]
    table = compare_types(rows).set_index("initiative_type")
    for column in SHRUNKEN:
        assert table.loc["a", column] == pytest.approx(table.loc["c", column], rel=1e-9)
    assert table.loc["a", RANKED].tolist() == table.loc["c", RANKED].tolist()
    assert -2.0 < table.loc["d", "shrunken"] < table.loc["a", "shrunken"] < table.loc["b", "shrunken"] < 3.0


def test_rows_of_other_outcomes_in_between_change_no_rank_and_no_shrunken_effect(compared):
    other = [replace(one, outcome="turnover", effect=effect_of(5.0, 2 * one.effect.influence[::-1])) for one in compared]
    mixed = compare_types([row for both in zip(other, compared, strict=True) for row in both])
    assert mixed["outcome"].tolist() == ["turnover", "fte"] * 3  # rows come back in the order in which they were given
    found, alone = mixed[mixed["outcome"] == "fte"], compare_types(compared)
    for column in (*SHRUNKEN, *RANKED):
        assert found[column].tolist() == pytest.approx(alone[column].tolist(), rel=1e-12)


def test_a_type_that_is_a_copy_of_another_is_ranked_beside_it_and_nothing_is_shrunken():
    rows = [one_type(kind, 1.0, [0.4, -0.4], ["x", "y"]) for kind in ("a", "b")] + [one_type("c", 9.0, [0.3, -0.3], ["c1", "c2"])]
    table = compare_types(rows)
    assert table["rank_low"].tolist() == [2, 2, 1]
    assert table["rank_high"].tolist() == [3, 3, 1]
    assert table[SHRUNKEN].isna().all(axis=None)


def project_rows() -> pd.DataFrame:
    """`effect.subgroup` of two types: projects, one too small, and groups that are no projects, one by the name of one."""
    rows = [
        ("a", "fte", "region", "1081"), ("a", "fte", "project", "p1"), ("a", "fte", "project", "p2"), ("a", "fte", "project", "small"),
        ("b", "fte", "project", "p1"), ("b", "fte", "overall", "all"), ("b", "employed", "project", "p9"), ("a", "fte", "fund", "p1"),
    ]
    return pd.DataFrame(rows, columns=["initiative_type", "outcome", "dimension", "level"]).assign(att=0.5)


def three_projects() -> dict[tuple[str, str], tuple[Effect, np.ndarray]]:
    """Projects of two types that share the control x; p1 is a name of either type."""
    return {
        ("b", "p1"): (effect_of(3.0, [0.5, -0.5, 0.2]), np.array(["b1", "b2", "x"])),
        ("a", "p1"): (effect_of(1.0, [0.4, -0.4, 0.3]), np.array(["a1", "a2", "x"])),
        ("a", "p2"): (effect_of(2.0, [0.6, -0.6, -0.3]), np.array(["a3", "a4", "x"])),
    }


def test_only_projects_that_were_estimated_are_shrunken_all_of_an_outcome_together():
    given = project_rows()
    table = shrink_projects(given, three_projects())
    pd.testing.assert_frame_equal(table[given.columns], given)
    assert table.index[table["shrunken"].notna()].tolist() == [1, 2, 4]
    # in the order of the rows: a p1, a p2, b p1, which share ψ 0.3, −0.3 and 0.2 of x
    covariance = np.array([[0.41, -0.09, 0.06], [-0.09, 0.81, -0.06], [0.06, -0.06, 0.54]])
    expected = shrink(np.array([1.0, 2.0, 3.0]), covariance)
    np.testing.assert_allclose(table.loc[[1, 2, 4], SHRUNKEN], np.column_stack([expected.att, expected.low, expected.high]), rtol=1e-10)


def test_fewer_than_three_projects_are_not_shrunken():
    two = {key: found for key, found in three_projects().items() if key != ("a", "p2")}
    table = shrink_projects(project_rows(), two)
    assert table[SHRUNKEN].isna().all(axis=None)
    assert shrink_projects(project_rows(), {})[SHRUNKEN].isna().all(axis=None)
