"""Nobody vanishes: every treated unit is matched or lost for one reason; bad input is refused by column and count."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.matching import common_support, match_controls

FIRMS = {"unit": "id", "exact": ("section",), "covariates": ("log_fte", "growth")}


def firms(rows):
    return pd.DataFrame(rows, columns=["id", "section", "log_fte", "growth"]).astype(
        {"log_fte": float, "growth": float}
    )


CONTROLS = firms(
    [
        ("k1", "C", 1.0, 0.0),
        ("k2", "C", 1.1, 0.1),
        ("k3", "C", None, 0.1),
        ("k4", "F", 9.0, 2.0),
        ("k5", None, 1.0, 0.0),
        ("k6", "J", None, 0.0),
    ]
)


@pytest.mark.parametrize(
    ("treated", "reason"),
    [
        (("t", "C", None, 0.0), "missing covariate"),
        (("t", "C", 1.0, np.nan), "missing covariate"),
        (("t", None, 1.0, 0.0), "missing covariate"),
        (("t", "Q", None, 0.0), "missing covariate"),
        (("t", "Q", 1.0, 0.0), "no control in its cell"),
        (("t", "J", 1.0, 0.0), "no control in its cell"),
        (("k4", "F", 9.0, 2.0), "no control in its cell"),
        (("t", "F", 1.0, 0.0), "beyond the caliper"),
    ],
    ids=[
        "a missing covariate",
        "a covariate that is not a number",
        "a missing exact column",
        "missing comes before an empty cell",
        "no control in the cell",
        "only controls with a missing covariate in the cell",
        "only itself in the cell",
        "the nearest control too far away",
    ],
)
def test_a_treated_firm_without_a_control_is_lost_for_one_reason(treated, reason):
    found = match_controls(firms([treated, ("u", "C", 1.0, 0.0)]), CONTROLS, **FIRMS, caliper=0.5)
    lost = found.lost[found.lost["side"] == "treated"]
    assert lost[["unit", "reason"]].to_numpy().tolist() == [[treated[0], reason]]
    assert found.table["treated"].unique().tolist() == ["u"]


def test_controls_are_lost_to_missing_values_only_and_listed_after_the_treated_by_id():
    found = match_controls(firms([("z", "Q", 1.0, 0.0), ("b", "C", None, 0.0)]), CONTROLS, **FIRMS)
    assert found.lost.to_numpy().tolist() == [
        ["treated", "b", "missing covariate"],
        ["treated", "z", "no control in its cell"],
        ["control", "k3", "missing covariate"],
        ["control", "k5", "missing covariate"],
        ["control", "k6", "missing covariate"],
    ]


def test_without_replacement_latecomers_learn_whether_controls_were_far_or_taken():
    treated = firms([("t1", "C", 1.0, 0.0), ("t2", "C", 1.1, 0.1), ("t3", "C", 1.0, 0.0), ("t4", "C", 8.0, 1.0)])
    found = match_controls(treated, CONTROLS, **FIRMS, ratio=1, replace=False, caliper=1.0)
    assert found.table[["treated", "control"]].to_numpy().tolist() == [["t1", "k1"], ["t2", "k2"]]
    lost = found.lost[found.lost["side"] == "treated"]
    assert lost["reason"].tolist() == ["no control left in its cell", "beyond the caliper"]
    assert len(found.table) + len(lost) == len(treated)


def test_a_caliper_is_reached_by_a_distance_that_equals_it_up_to_rounding():
    # Pooled x: 0, 0.3, 0.9: mean 0.4, variance (0.16 + 0.01 + 0.25) / 2 = 0.21.
    treated, controls = pd.DataFrame({"id": [1], "x": [0.0]}), pd.DataFrame({"id": [2, 3], "x": [0.1 + 0.2, 0.9]})
    found = match_controls(treated, controls, unit="id", covariates="x", caliper=0.3 / np.sqrt(0.21))
    assert found.table["control"].tolist() == [2]


def test_a_unit_on_both_sides_is_never_its_own_control():
    both = pd.DataFrame({"id": np.arange(40), "x": np.repeat(np.arange(20.0), 2)})
    for replace in (True, False):
        found = match_controls(both, both, unit="id", covariates="x", ratio=1, replace=replace)
        partner = np.arange(40) + np.where(np.arange(40) % 2, -1, 1)
        assert found.table["control"].tolist() == partner.tolist()
        assert found.table["distance"].tolist() == [0.0] * 40


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.table], ids=["pandas", "Arrow"])
def test_empty_sides_give_empty_tables_with_all_columns(kind):
    some, none = (
        kind({"id": ["a", "b"], "x": [1.0, 2.0]}),
        kind({"id": pa.array([], pa.string()), "x": pa.array([], pa.float64())}),
    )
    without_treated = match_controls(none, some, unit="id", covariates="x")
    without_controls = match_controls(some, none, unit="id", covariates="x")
    assert (len(without_treated.table), len(without_treated.lost)) == (0, 0)
    frame = pd.DataFrame(without_controls.lost.to_pydict() if kind is pa.table else without_controls.lost)
    assert frame["reason"].tolist() == ["no control in its cell"] * 2
    names = without_treated.table.column_names if kind is pa.table else list(without_treated.table)
    assert names == ["treated", "control", "distance", "weight"]


def test_common_support_accounts_for_every_row_given():
    treated = firms([("t1", "C", 1.0, 0.0), ("t2", "Q", 1.0, 0.0), ("t3", "C", None, 0.0), ("t4", "F", 0.0, 0.0)])
    found = match_controls(treated, CONTROLS, **FIRMS, ratio=1, caliper=0.5)
    assert common_support(found).to_numpy().tolist() == [
        ["treated", "matched", 1],
        ["treated", "beyond the caliper", 1],
        ["treated", "missing covariate", 1],
        ["treated", "no control in its cell", 1],
        ["control", "chosen", 1],
        ["control", "not chosen", 2],
        ["control", "missing covariate", 3],
    ]


def changed(table, **columns):
    return table.assign(**columns)


GOOD = firms([("t1", "C", 1.0, 0.0), ("t2", "C", 1.2, 0.3)])


@pytest.mark.parametrize(
    ("treated", "controls", "choices", "message"),
    [
        (GOOD.drop(columns="growth"), CONTROLS, {}, "treated has no column 'growth'"),
        (GOOD, CONTROLS.drop(columns=["id", "section"]), {}, "controls has no column 'id', 'section'"),
        (GOOD, pd.concat([CONTROLS, CONTROLS[["growth"]]], axis=1), {}, "more than one column 'growth'"),
        (pd.concat([GOOD, GOOD]), CONTROLS, {}, "'id' of treated repeats a unit in 2 rows"),
        (GOOD, pd.concat([CONTROLS, CONTROLS.iloc[:3]]), {}, "'id' of controls repeats a unit in 3 rows"),
        (changed(GOOD, id=[7, 7]), changed(CONTROLS, id=range(6)), {}, "'id' of treated repeats a unit in 1 rows"),
        (
            changed(GOOD, id=[7, 9]),
            changed(CONTROLS, id=[10**9, 10**9, 1, 2, 3, 4]),
            {},
            "controls repeats a unit in 1",
        ),
        (changed(GOOD, id=["t1", None]), CONTROLS, {}, "'id' of treated is missing in 1 rows"),
        (changed(GOOD, id=[1.5, 2.5]), CONTROLS, {}, "'id' of treated must hold whole numbers or text, not double"),
        (
            changed(GOOD, id=pd.array([1, 2**64 - 1], "UInt64")),
            CONTROLS,
            {},
            "'id' of treated holds numbers beyond 64 bits",
        ),
        (changed(GOOD, id=[1, 2]), CONTROLS, {}, "'id' holds whole numbers on one side and text on the other"),
        (
            GOOD,
            changed(CONTROLS, growth=[0, 1, np.inf, 0, -np.inf, 0]),
            {},
            "'growth' of controls is infinite in 2 rows",
        ),
        (changed(GOOD, growth=["1", "2"]), CONTROLS, {}, "'growth' of treated must be numeric, not"),
        (
            changed(GOOD, growth=pd.Series([1, "hemmelig"], dtype=object)),
            CONTROLS,
            {},
            "'growth' of treated mixes kinds",
        ),
        (changed(GOOD, section=[1, 2]), CONTROLS, {}, "'section' is int64 in treated and"),
        (changed(GOOD, growth=[1e200, 0.0]), CONTROLS, {}, "covariate 'growth' is too large to be squared"),
        (GOOD, CONTROLS, {"ratio": 0}, "ratio must be a whole number of at least 1"),
        (GOOD, CONTROLS, {"ratio": 2.5}, "ratio must be a whole number"),
        (GOOD, CONTROLS, {"caliper": np.nan}, "caliper must be a finite number of at least 0"),
        (GOOD, CONTROLS, {"caliper": -1.0}, "caliper must be a finite number of at least 0"),
        (GOOD, CONTROLS, {"distance": "euclid"}, "distance must be one of 'mahalanobis', 'propensity'"),
        (changed(GOOD, growth=50.0), CONTROLS, {"distance": "propensity"}, "separate treated from controls .*'growth'"),
    ],
)
def test_bad_input_is_refused_by_column_and_count(treated, controls, choices, message):
    with pytest.raises(ValueError, match=message) as refusal:
        match_controls(treated, controls, **FIRMS, **choices)
    assert not any(value in str(refusal.value) for value in ("t1", "k1", "hemmelig", "50.0"))


def test_another_kind_of_table_is_refused():
    with pytest.raises(TypeError, match="controls must be a pandas DataFrame or an Arrow table, not list"):
        match_controls(GOOD, [1, 2], **FIRMS)


def test_a_printed_result_shows_counts_and_no_unit():
    assert repr(match_controls(GOOD, CONTROLS, **FIRMS)) == (
        "Matches(pairs=4, lost=3, n_treated=2, n_controls=6, redundant=())"
    )
