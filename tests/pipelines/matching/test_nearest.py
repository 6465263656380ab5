"""The nearest controls are those that measuring every distance would find, under any order of rows."""

from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from pipelines.matching import control_weights, match_controls, search
from tests.pipelines.matching.brute_force import match_by_hand

DRAWN = settings(max_examples=60, deadline=None, derandomize=True)
NAMES = {"unit": "id", "exact": ("cell", "band"), "covariates": ("x", "y")}


def table(rows, columns=("id", "cell", "band", "x", "y")):
    """A DataFrame of rows; covariates as floats, missing as NaN."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: float for name in ("x", "y") if name in columns})


@st.composite
def two_sides(draw):
    """Treated and controls with few distinct values, so that ties, equal rows, empty cells and own controls abound."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_treated, n_controls, shared = draw(st.integers(1, 9)), draw(st.integers(2, 40)), draw(st.integers(0, 3))
    numbers = rng.permutation(np.arange(-5, 70))
    text, levels, missing = draw(st.booleans()), draw(st.integers(1, 5)), draw(st.sampled_from([0.0, 0.1]))

    def side(units):
        frame = pd.DataFrame(
            {
                "id": [f"virksomhed {number}" for number in units] if text else units,
                "cell": rng.choice([0, 1, 1, 1], len(units)),
                "band": pd.Series(rng.choice(["a", "a", "b"], len(units)), dtype="str"),
                "x": rng.integers(0, levels, len(units)).astype(float),
                "y": rng.integers(0, 3, len(units)) / 10,
            }
        )
        return frame.mask(np.column_stack([np.zeros((len(units), 2)), rng.random((len(units), 3)) < missing]) == 1)

    first = n_treated - min(shared, n_treated)
    return side(numbers[:n_treated]), side(numbers[first : first + n_controls])


def assert_same(found, expected):
    pairs, lost = expected
    assert found.table[["treated", "control"]].to_numpy().tolist() == pairs[["treated", "control"]].to_numpy().tolist()
    np.testing.assert_allclose(found.table["distance"], pairs["distance"].astype(float), atol=1e-8)
    np.testing.assert_allclose(found.table["weight"], pairs["weight"].astype(float), atol=1e-15)
    assert found.lost.to_numpy().tolist() == lost.to_numpy().tolist()


@pytest.mark.parametrize("scanned", [0, 16], ids=["by tree", "by scan"])
@pytest.mark.parametrize("replace", [True, False], ids=["with replacement", "without replacement"])
@given(two_sides(), st.integers(1, 4), st.sampled_from([None, 0.0, 0.5, 1.5]))
@DRAWN
def test_pairs_and_losses_equal_those_of_measuring_every_distance(scanned, replace, sides, ratio, caliper):
    choices = {**NAMES, "ratio": ratio, "caliper": caliper, "replace": replace}
    with patch.object(search, "SCAN_TREATED", scanned), patch.object(search, "RANK_PAIRS", 20):
        found = match_controls(*sides, **choices)
    assert_same(found, match_by_hand(*sides, **choices))


@pytest.mark.parametrize("distance", ["mahalanobis", "propensity"])
@pytest.mark.parametrize("replace", [True, False], ids=["with replacement", "without replacement"])
def test_no_bit_of_the_result_depends_on_the_order_of_rows(distance, replace):
    draw = np.random.default_rng(3)
    treated, controls = drawn_firms(draw, 80, 0, shift=0.4), drawn_firms(draw, 900, 1000)
    choices = {"unit": "id", "exact": "cell", "covariates": ("x", "y", "z"), "distance": distance, "replace": replace}
    first = match_controls(treated, controls, **choices)
    for seed in range(3):
        shuffled = (side.sample(frac=1, random_state=seed) for side in (treated, controls))
        again = match_controls(*shuffled, **choices)
        pd.testing.assert_frame_equal(again.table, first.table, check_exact=True)
        pd.testing.assert_frame_equal(again.lost, first.lost, check_exact=True)


def drawn_firms(draw, n, first, shift=0.0):
    return pd.DataFrame(
        {
            "id": draw.permutation(np.arange(first, first + 3 * n, 3)),
            "cell": draw.integers(0, 3, n),
            "x": draw.normal(shift, 1, n),
            "y": draw.normal(0, 5, n).round(1),
            "z": draw.integers(0, 4, n).astype(float),
        }
    )


def test_a_large_cell_with_continuous_covariates_is_searched_exactly():
    draw = np.random.default_rng(4)
    treated, controls = drawn_firms(draw, 60, 0), drawn_firms(draw, 700, 5000)
    choices = {"unit": "id", "covariates": ("x", "y"), "ratio": 3}
    assert_same(match_controls(treated, controls, **choices), match_by_hand(treated, controls, **choices))


@pytest.mark.parametrize("scanned", [0, 16], ids=["by tree", "by scan"])
def test_a_tie_across_the_last_place_goes_to_the_lowest_ids_however_many_tie(scanned):
    controls = table([(number, 0, "a", x, 0.0) for number, x in zip(range(400, 0, -1), [-1.0, 1.0] * 200, strict=True)])
    treated = table([(1000 + number, 0, "a", 0.0, 0.0) for number in range(20)])
    with patch.object(search, "SCAN_TREATED", scanned):
        found = match_controls(treated, controls, **NAMES, ratio=7)
    assert found.table["control"].tolist() == [1, 2, 3, 4, 5, 6, 7] * 20


def test_equal_rows_beyond_the_sample_that_looks_for_them_are_still_found():
    draw = np.random.default_rng(5)
    many = pd.DataFrame({"id": np.arange(6000), "x": draw.normal(size=6000)})
    many.loc[many["id"].isin([10, 21, 32, 43]), "x"] = 9.0
    treated = pd.DataFrame({"id": -np.arange(1, 40), "x": 9.0})
    with patch.object(search, "EQUALS_SAMPLE", 7):
        found = match_controls(treated, many, unit="id", covariates="x", ratio=2)
    assert found.table["control"].tolist() == [10, 21] * 39


@pytest.mark.parametrize(
    "columns",
    [{"exact": "cell", "covariates": "y"}, {"covariates": ("x", "z")}],
    ids=["rows differ in their cell", "rows differ in covariates"],
)
def test_a_hash_that_takes_all_rows_for_equal_costs_time_but_no_pair(columns):
    draw = np.random.default_rng(10)
    treated, controls = drawn_firms(draw, 40, 0), drawn_firms(draw, 300, 5000)
    controls["y"] = (controls["id"] % 50 == 0).astype(float)
    controls = pd.concat([controls, controls.assign(id=controls["id"] + 1)])
    choices = {"unit": "id", **columns, "ratio": 3}
    expected = match_controls(treated, controls, **choices)
    with patch.object(search, "hash_of", lambda rows, places, columns: np.zeros(len(places), np.uint64)):
        pd.testing.assert_frame_equal(match_controls(treated, controls, **choices).table, expected.table)


@pytest.mark.parametrize("scanned", [0, 16], ids=["by tree", "by scan"])
def test_own_rows_do_not_take_the_place_of_a_control(scanned):
    firms = drawn_firms(np.random.default_rng(11), 50, 0)
    choices = {"unit": "id", "covariates": ("x", "y"), "ratio": 3}
    for replace in (True, False):
        with patch.object(search, "SCAN_TREATED", scanned):
            found = match_controls(firms, firms, **choices, replace=replace)
        assert_same(found, match_by_hand(firms, firms, **choices, replace=replace))


@given(st.sets(st.text(max_size=12), min_size=4, max_size=30))
@DRAWN
def test_text_ids_rank_by_code_points(names):
    controls = pa.table({"id": pa.array(names, pa.string())})
    found = match_controls(pa.table({"id": ["a treated unit of its own"]}), controls, unit="id", ratio=3)
    assert found.table["control"].to_pylist() == sorted(names - {"a treated unit of its own"})[:3]


@given(st.sets(st.integers(-(2**62), 2**62) | st.integers(0, 40), min_size=4, max_size=30))
@DRAWN
def test_whole_number_ids_rank_by_size(numbers):
    controls = pd.DataFrame({"id": np.array(list(numbers), dtype=np.int64)})
    found = match_controls(pd.DataFrame({"id": [2**62 + 1]}), controls, unit="id", ratio=3)
    assert found.table["control"].tolist() == sorted(numbers)[:3]


def test_the_distance_is_mahalanobis_under_the_covariance_of_both_sides():
    # Pooled rows: x = 0, 2, -2, 0, 0 and y = 0, 0, 0, 3, -3. Uncorrelated; variances 8/4 = 2 and 18/4 = 4.5.
    treated = table([(1, 0, "a", 0.0, 0.0)])
    controls = table([(2, 0, "a", 2.0, 0.0), (3, 0, "a", -2.0, 0.0), (4, 0, "a", 0.0, 3.0), (5, 0, "a", 0.0, -3.0)])
    found = match_controls(treated, controls, **NAMES, ratio=4)
    # 2 / √2 = √2 and 3 / √4.5 = √2: all four tie.
    assert found.table["control"].tolist() == [2, 3, 4, 5]
    np.testing.assert_allclose(found.table["distance"], np.sqrt(2.0), rtol=1e-15)
    assert found.table["weight"].tolist() == [0.25] * 4


def test_the_covariance_is_that_of_all_complete_rows_also_those_in_cells_without_treated():
    treated = table([(1, 0, "a", 0.0, 0.0)])
    controls = table([(2, 0, "a", 1.0, 0.0), (3, 1, "a", 5.0, 0.0), (4, 1, "a", None, 0.0)])
    # Known x: 0, 1, 5: mean 2, variance (4 + 1 + 9) / 2 = 7.
    found = match_controls(treated, controls, unit="id", exact="cell", covariates="x")
    np.testing.assert_allclose(found.table["distance"], [1 / np.sqrt(7)], rtol=1e-15)


def test_redundant_covariates_are_named_and_leave_the_distance_as_it_is():
    draw = np.random.default_rng(6)
    treated, controls = drawn_firms(draw, 30, 0), drawn_firms(draw, 200, 1000)
    for side in (treated, controls):
        side["sum"], side["same"] = 2 * side["x"] - side["y"] + 7, 0.1
    plain = match_controls(treated, controls, unit="id", covariates=("x", "y"))
    found = match_controls(treated, controls, unit="id", covariates=("same", "x", "y", "sum"))
    assert (plain.redundant, found.redundant) == ((), ("same", "sum"))
    pd.testing.assert_frame_equal(found.table, plain.table, rtol=1e-9)


def test_large_levels_do_not_blur_small_differences():
    draw = np.random.default_rng(7)
    treated, controls = drawn_firms(draw, 20, 0), drawn_firms(draw, 150, 1000)
    plain = match_controls(treated, controls, unit="id", covariates=("x", "z"))
    for side in (treated, controls):
        side["z"] = side["z"] + 2.0**40
    moved = match_controls(treated, controls, unit="id", covariates=("x", "z"))
    pd.testing.assert_frame_equal(moved.table, plain.table, rtol=1e-9)


def test_the_propensity_distance_is_the_difference_of_linear_predictors():
    # Treated: 3 of x = 1, 1 of x = 0; controls: 2 of x = 1, 4 of x = 0. Slope = log odds ratio = log(3·4 / (1·2)).
    treated = pd.DataFrame({"id": [1, 2, 3, 4], "x": [1.0, 1.0, 1.0, 0.0]})
    controls = pd.DataFrame({"id": [5, 6, 7, 8, 9, 10], "x": [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]})
    found = match_controls(treated, controls, unit="id", covariates="x", ratio=3, distance="propensity").table
    slope = np.log(6.0)
    np.testing.assert_allclose(found["distance"], [0, 0, slope] * 3 + [0, 0, 0], atol=1e-9)
    assert found["control"].tolist() == [5, 6, 7] * 3 + [7, 8, 9]
    near = match_controls(
        treated, controls, unit="id", covariates="x", ratio=3, distance="propensity", caliper=slope - 1e-6
    )
    assert near.table["weight"].tolist() == [0.5] * 6 + [1 / 3] * 3


def test_the_propensity_is_found_where_plain_newton_overshoots():
    draw = np.random.default_rng(18)
    x = {"treated": draw.standard_cauchy(3) + 20, "controls": draw.standard_cauchy(40)}
    sides = [pd.DataFrame({"id": np.arange(len(v)) + 100 * i, "x": v}) for i, v in enumerate(x.values())]
    found = match_controls(*sides, unit="id", covariates="x", ratio=50, distance="propensity").table
    slope = found["distance"].max() / np.abs(x["treated"][:, None] - x["controls"]).max()

    def score(slope):
        """Derivative of the log likelihood by the slope, the constant being chosen best."""
        values, y = np.concatenate(list(x.values())), np.repeat([1.0, 0.0], [3, 40])
        best = brentq(lambda constant: np.sum(y - expit(constant + slope * values)), -50, 50, xtol=1e-14)
        return values @ (y - expit(best + slope * values))

    assert abs(score(slope)) < 1e-6 * abs(score(1.1 * slope))


def test_without_replacement_treated_choose_in_id_order_even_when_near_controls_run_out():
    controls = pd.DataFrame({"id": np.arange(100, 160), "x": np.arange(60.0)})
    treated = pd.DataFrame({"id": np.arange(29, -1, -1), "x": 0.0})
    found = match_controls(treated, controls, unit="id", covariates="x", ratio=2, replace=False)
    assert found.table["treated"].tolist() == np.repeat(np.arange(30), 2).tolist()
    assert found.table["control"].tolist() == list(range(100, 160))


def test_without_replacement_a_crowd_of_equal_firms_is_served_in_id_order():
    controls = pd.DataFrame({"id": np.arange(30_000), "x": 0.0})
    treated = pd.DataFrame({"id": -np.arange(1, 6_001), "x": 0.0})
    with patch.object(search, "RANK_PAIRS", 20_000):
        found = match_controls(treated, controls, unit="id", covariates="x", ratio=6, replace=False)
    assert found.table["control"].tolist() == list(range(30_000))
    assert found.table["treated"].tolist() == np.repeat(np.arange(-6_000, -1_000), 6).tolist()
    assert found.lost["reason"].tolist() == ["no control left in its cell"] * 1_000


def test_a_control_weighs_the_sum_of_its_shares():
    # Treated 1 and 2 both take 10 and 11 (½ each); treated 3 stands in a cell where only 12 is (1).
    treated = pd.DataFrame({"id": [1, 2, 3], "cell": ["a", "a", "b"]})
    controls = pd.DataFrame({"id": [10, 11, 12], "cell": ["a", "a", "b"]})
    weights = control_weights(match_controls(treated, controls, unit="id", exact="cell"))
    assert weights.to_dict("list") == {"control": [10, 11, 12], "weight": [1.0, 1.0, 1.0], "uses": [2, 2, 1]}


def test_arrow_and_pandas_give_the_same_and_each_gets_its_own_kind_back():
    draw = np.random.default_rng(8)
    frames = drawn_firms(draw, 20, 0), drawn_firms(draw, 100, 1000)
    for side in frames:
        side["cell"] = side["cell"].map({0: "a", 1: "b", 2: "c"})
    choices = {"unit": "id", "exact": "cell", "covariates": ("x", "y")}
    from_pandas = match_controls(*frames, **choices)
    from_arrow = match_controls(*(pa.Table.from_pandas(side, preserve_index=False) for side in frames), **choices)
    encoded = [side.astype({"cell": "category", "id": "int32"}) for side in frames]
    from_categories = match_controls(*encoded, **choices)
    assert isinstance(from_arrow.table, pa.Table)
    assert isinstance(from_arrow.lost, pa.Table)
    pd.testing.assert_frame_equal(from_arrow.table.to_pandas(), from_pandas.table)
    pd.testing.assert_frame_equal(from_categories.table, from_pandas.table)


def test_many_fine_cells_are_told_apart():
    draw = np.random.default_rng(9)
    names = [f"c{number}" for number in range(4)]
    treated, controls = (
        pd.DataFrame({"id": np.arange(n) + first, **{name: draw.integers(0, 300, n) for name in names}})
        for n, first in ((400, 0), (4000, 10_000))
    )
    controls.loc[:199, names] = treated.loc[:199, names]
    found = match_controls(treated, controls, unit="id", exact=names, ratio=1)
    assert found.table["control"].tolist() == list(range(10_000, 10_200))
    assert found.lost["reason"].tolist() == ["no control in its cell"] * 200
