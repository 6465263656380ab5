"""Faulty input is refused with the column and the count, and without anybody's value."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.effects import EstimationError, att_gt
from tests.pipelines.effects.drawn_panels import draw_panel


def estimate(data, **choices):
    return att_gt(data, "id", "t", "g", "y", **choices)


def with_value(column, value, rows=3):
    data = draw_panel(1).astype({column: object if isinstance(value, str) else float})
    data.loc[: rows - 1, column] = value
    return data


FAULTY_COLUMNS = [
    ("y", np.nan, "outcome column 'y' is missing in 3 rows"),
    ("y", np.inf, "outcome column 'y' is infinite in 3 rows"),
    ("x1", np.nan, "covariate column 'x1' is missing or infinite in 3 rows"),
    ("x1", -np.inf, "covariate column 'x1' is missing or infinite in 3 rows"),
    ("w", np.nan, "weight column 'w' is missing or infinite in 3 rows"),
    ("w", -1.0, "weight column 'w' is negative for 3"),
    ("t", np.nan, "period column 't' is missing or infinite in 3 rows"),
    ("id", np.nan, "unit column 'id' is missing in 3 rows"),
    ("c", np.nan, "cluster column 'c' is missing in 3 rows"),
    ("g", -np.inf, "cohort column 'g' is minus infinity in 3 rows"),
    ("g", 4.5, "cohort column 'g' varies within 1 units"),
    ("c", 77.0, "cluster column 'c' varies within 1 units"),
    ("y", "many", "outcome column 'y' holds something else than numbers"),
    ("x1", "many", "covariate column 'x1' holds something else than numbers"),
]


@pytest.mark.parametrize(("column", "value", "words"), FAULTY_COLUMNS)
@pytest.mark.parametrize("as_arrow", [False, True])
def test_a_faulty_column_is_named_with_its_count(column, value, words, as_arrow):
    data = with_value(column, value)
    if as_arrow:
        data = data.astype({column: str}) if isinstance(value, str) else data
        data = pa.Table.from_pandas(data, preserve_index=False)
    with pytest.raises(EstimationError, match=words):
        estimate(data, covariates=("x1",), weights="w", cluster="c")


@pytest.mark.parametrize("balanced", [False, "pairs"])
def test_an_infinite_outcome_is_a_fault_even_where_a_missing_one_is_not(balanced):
    assert estimate(with_value("y", np.nan), balanced=balanced).dropped["missing_outcome"] == 3
    with pytest.raises(EstimationError, match="'y' is infinite in 3 rows"):
        estimate(with_value("y", np.inf), balanced=balanced)


def test_a_unit_twice_in_a_period_is_refused():
    data = draw_panel(2)
    with pytest.raises(EstimationError, match="4 rows repeat 'id' and 't'"):
        estimate(pd.concat([data, data.iloc[:4]]))


@pytest.mark.parametrize(
    "choices", [{"covariates": ("x9",)}, {"weights": "x9"}, {"cluster": "x9"}], ids=["covariate", "weight", "cluster"]
)
def test_an_unknown_column_is_named(choices):
    with pytest.raises(EstimationError, match="'x9' is in the data 0 times"):
        estimate(draw_panel(3), **choices)


def test_a_column_name_that_is_there_twice_is_refused():
    data = draw_panel(3)
    with pytest.raises(EstimationError, match="'y' is in the data 2 times"):
        estimate(pd.concat([data, data[["y"]]], axis=1))


@pytest.mark.parametrize(
    "choices",
    [
        {"method": "drimp"},
        {"control": "notyettreated"},
        {"base_period": "first"},
        {"balanced": "pair"},
        {"balanced": None},
        {"anticipation": -1},
        {"anticipation": 0.5},
        {"anticipation": True},
        {"weights": np.ones(3)},
    ],
    ids=lambda choices: next(iter(choices)),
)
def test_an_unknown_choice_is_refused(choices):
    with pytest.raises(EstimationError, match=f"^{next(iter(choices))} must be"):
        estimate(draw_panel(4), **choices)


def test_something_that_is_no_table_is_refused():
    with pytest.raises(EstimationError, match="expected a pandas DataFrame or an Arrow table, got dict"):
        estimate({"id": [1]})


def test_an_empty_table_is_refused():
    with pytest.raises(EstimationError, match="no rows"):
        estimate(draw_panel(5).iloc[:0])


def test_an_outcome_that_is_missing_everywhere_is_refused():
    with pytest.raises(EstimationError, match="'y' is missing in all"):
        estimate(draw_panel(5).assign(y=np.nan), balanced="pairs")


def test_without_never_treated_the_caller_is_told_to_use_the_not_yet_treated():
    with pytest.raises(EstimationError, match=r"no unit is never treated.*control='not_yet'"):
        estimate(draw_panel(6, never=False))


def test_a_single_cohort_without_any_other_unit_has_no_control():
    with pytest.raises(EstimationError, match="no cohort has both a period before its treatment and controls"):
        estimate(draw_panel(7, cohorts=(3,), never=False), control="not_yet")


def test_zero_for_never_treated_is_pointed_out():
    data = draw_panel(8, cohorts=(1,))
    with pytest.raises(EstimationError, match="never treated is a missing cohort, not 0"):
        estimate(data.assign(g=data["g"].where(data["id"] > 40, 0)))


def test_one_treated_unit_is_refused():
    data = draw_panel(9, cohorts=(3,))
    others = data["g"].isna() | (data["id"] == data.loc[data["g"] == 3, "id"].iloc[0])
    with pytest.raises(EstimationError, match="only one treated unit"):
        estimate(data[others])


def test_no_complete_unit_is_refused_with_the_way_out():
    data = draw_panel(10)
    with pytest.raises(EstimationError, match="no unit is observed in every period; use balanced=False"):
        estimate(data[data["id"] % 5 != data["t"] % 5])


def test_collinear_and_constant_covariates_are_named():
    data = draw_panel(11).assign(x3=lambda d: 2 * d["x1"] - d["x2"] + 7, one=5.0)
    with pytest.raises(EstimationError, match="1 of 3 covariates are collinear with those before them: 'x3'"):
        estimate(data, covariates=("x1", "x2", "x3"))
    with pytest.raises(EstimationError, match="1 of 2 covariates are constant: 'one'"):
        estimate(data, covariates=("x1", "one"))
    nearly = data.assign(x3=data["x3"] + 1e-3 * np.sin(data["id"]))
    assert estimate(nearly, covariates=("x1", "x2", "x3")).table["se"].notna().all()


def test_no_message_holds_a_value_of_anybody():
    secret = draw_panel(12).assign(id=lambda d: d["id"].map("SECRET{:03d}".format))
    faults = [
        (pd.concat([secret, secret.iloc[:1]]), {}),
        (secret.assign(g=np.where(secret.index == 0, 987.0, secret["g"])), {}),
        (secret.assign(y=np.where(secret.index == 0, np.inf, 987.0)), {}),
        (secret.assign(w=-987.0), {"weights": "w"}),
        (secret.assign(c=secret["t"].map("SECRET {}".format)), {"cluster": "c"}),
    ]
    for data, choices in faults:
        with pytest.raises(EstimationError) as refusal:
            estimate(data, **choices)
        assert "SECRET" not in str(refusal.value)
        assert "987" not in str(refusal.value)
