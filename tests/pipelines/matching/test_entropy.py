"""Entropy balancing meets its moments, is the nearest to the base weights that does, and says when nothing can."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.matching import entropy_weights, moments


def test_a_covariate_with_two_values_is_balanced_by_hand():
    controls = pd.DataFrame({"x": [0.0, 0.0, 0.0, 1.0]})
    np.testing.assert_allclose(entropy_weights(controls, {"x": 0.4}), [0.2, 0.2, 0.2, 0.4], atol=1e-12)


def test_base_weights_keep_their_proportions_within_equal_rows_and_zeros_stay_zero():
    controls = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0]})
    weights = entropy_weights(controls, {"x": 0.5}, base_weights=[3.0, 1.0, 2.0, 0.0])
    np.testing.assert_allclose(weights, [0.375, 0.125, 0.5, 0.0], atol=1e-12)


def test_without_moments_the_base_weights_are_returned_as_shares():
    assert entropy_weights(pd.DataFrame({"x": [1.0, 2.0]}), {}, base_weights=[3.0, 1.0]).tolist() == [0.75, 0.25]


@given(st.integers(0, 2**32), st.integers(1, 3), st.floats(0, 0.6), st.sampled_from([1.0, 1e-3, 1e3]))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_chosen_moments_are_met_to_1e_8_by_the_nearest_weights(seed, order, shift, scale):
    draw = np.random.default_rng(seed)
    controls = pd.DataFrame({"x": draw.normal(0, scale, 600), "y": draw.exponential(size=600)})
    controls["z"] = (draw.random(600) < 0.3).astype(float)
    treated = pd.DataFrame({"x": draw.normal(shift * scale, 0.9 * scale, 300), "y": draw.exponential(0.9, size=300)})
    treated["z"] = (draw.random(300) < 0.4).astype(float)
    base = draw.uniform(0.5, 2, 600)
    targets = moments(treated, {"x": order, "y": min(order, 2), "z": 1})
    weights = entropy_weights(controls, targets, base_weights=base)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    features = []
    for name, (mean, *higher) in targets.items():
        values, spread = controls[name].to_numpy(), controls[name].std()
        assert abs(weights @ values - mean) <= 1e-8 * spread
        features.append((values - mean) / spread)
        for power, moment in enumerate(higher, start=2):
            assert abs(weights @ (values - mean) ** power - moment) <= 1e-8 * spread**power
            features.append(((values - mean) / spread) ** power)
    # Nearest in entropy: log(w / q) is linear in the balanced moments, by the first-order conditions.
    design = np.column_stack([np.ones(600), *features])
    logs = np.log(weights / base)
    np.testing.assert_allclose(design @ np.linalg.lstsq(design, logs)[0], logs, atol=1e-7)


def test_weights_follow_their_rows_under_any_order():
    draw = np.random.default_rng(3)
    controls = pd.DataFrame({"x": draw.normal(size=500), "y": draw.normal(size=500)})
    order = draw.permutation(500)
    weights = entropy_weights(controls, {"x": 0.3, "y": (0.2, 0.8)})
    again = entropy_weights(
        pa.Table.from_pandas(controls.iloc[order], preserve_index=False), {"x": 0.3, "y": (0.2, 0.8)}
    )
    np.testing.assert_allclose(again, weights[order], atol=1e-12)


def test_a_covariate_far_off_is_still_balanced():
    draw = np.random.default_rng(4)
    controls = pd.DataFrame({"x": draw.normal(size=2000)})
    weights = entropy_weights(controls, {"x": 2.5})
    assert weights @ controls["x"] == pytest.approx(2.5, abs=1e-8)


def test_moments_that_follow_from_others_or_from_constants_are_met_with_them():
    draw = np.random.default_rng(5)
    controls = pd.DataFrame({"x": draw.normal(size=200), "y": draw.normal(size=200), "same": 0.3})
    controls["sum"] = controls["x"] + controls["y"]
    weights = entropy_weights(controls, {"x": 0.1, "y": 0.2, "sum": 0.3, "same": 0.1 + 0.2})
    assert weights @ controls["sum"] == pytest.approx(0.3, abs=1e-8)


TRIANGLE = pd.DataFrame({"x": [0.0, 1.0, 0.0, 0.2], "y": [0.0, 1.0, 1.0, 0.8], "z": [0.0, 1.0, 1.0, 0.0]})


@pytest.mark.parametrize(
    ("targets", "message", "others"),
    [
        ({"x": 1.5, "z": 0.5}, "moments of 'x': they lie outside the range", "'z'"),
        ({"z": 0.5, "x": 1.0}, "moments of 'x': they lie outside the range of the controls, or at its edge", "'z'"),
        ({"x": (0.5, 0.9)}, "moments of 'x'", "'z'"),
        ({"x": 0.9, "y": 0.1}, "moments of 'x', 'y' together", "'z'"),
        ({"x": 0.9, "y": 0.1, "z": 0.5}, "moments of 'x', 'y' together", "'z'"),
    ],
    ids=["beyond every control", "at the largest control", "a variance too large", "apart fine, together not", "named"],
)
def test_moments_that_no_weights_can_meet_are_named(targets, message, others):
    with pytest.raises(ValueError, match=f"no weights of the controls can meet the {message}") as refusal:
        entropy_weights(TRIANGLE, targets)
    assert others not in str(refusal.value)


def test_moments_that_contradict_each_other_are_named():
    controls = pd.DataFrame({"x": [0.0, 1.0, 2.0], "double": [0.0, 2.0, 4.0]})
    with pytest.raises(ValueError, match="the moments of 'double' contradict each other"):
        entropy_weights(controls, {"x": 1.2, "double": 2.0})


def test_moments_of_the_treated_are_about_their_mean():
    # x = 1, 1, 4: mean 2, squares 1 + 1 + 4 = 6 over 3, cubes -1 - 1 + 8 = 6 over 3.
    found = moments(pd.DataFrame({"x": [1.0, 1.0, 4.0], "y": [0.0, 0.0, 3.0]}), {"x": 3, "y": 1})
    assert found == {"x": pytest.approx((2.0, 2.0, 2.0)), "y": pytest.approx((1.0,))}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: entropy_weights(pd.DataFrame({"x": [1.0, np.nan]}), {"x": 1.0}),
            "'x' of controls is missing in 1 rows",
        ),
        (lambda: entropy_weights(pd.DataFrame({"x": [1.0]}), {"y": 1.0}), "controls has no column 'y'"),
        (lambda: entropy_weights(pd.DataFrame({"x": [1.0]}), {"x": np.nan}), "moments of 'x' must be one to 3 finite"),
        (
            lambda: entropy_weights(pd.DataFrame({"x": []}, dtype=float), {"x": 0.0}),
            "controls have no rows with weight",
        ),
        (lambda: entropy_weights(pd.DataFrame({"x": [1.0]}), {"x": 1.0}, [1.0, 1.0]), "base_weights are not one a row"),
        (
            lambda: entropy_weights(pd.DataFrame({"x": [1.0]}), {"x": 1.0}, [-1.0]),
            "1 weights are missing, infinite or neg",
        ),
        (lambda: moments(pd.DataFrame({"x": [np.nan]}), {"x": 1}), "'x' of treated is missing in 1 rows"),
        (lambda: moments(pd.DataFrame({"x": [1.0]}), {"x": 4}), "order of 'x' must be 1, 2 or 3"),
    ],
)
def test_bad_input_is_refused_by_column_and_count(call, message):
    with pytest.raises(ValueError, match=message):
        call()
