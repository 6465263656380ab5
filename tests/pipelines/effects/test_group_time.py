"""Which periods and units a cell compares, whatever the order, type and shape of the rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.effects import att_gt
from tests.pipelines.effects.drawn_panels import draw_panel


def estimate(data, **choices):
    return att_gt(data, "id", "t", "g", "y", **choices)


def mean_change(data, who, period, base):
    """Mean over the units of y in period minus y in base."""
    wide = data.pivot(index="id", columns="t", values="y")
    return (wide[period] - wide[base])[who.reindex(wide.index)].mean()


def unit_cohorts(data):
    return data.drop_duplicates("id").set_index("id")["g"]


def test_the_rows_may_come_in_any_order():
    data = draw_panel(1, varying=True)
    choices = {"covariates": ("x1", "x2"), "weights": "w", "cluster": "c"}
    one, other = estimate(data, **choices), estimate(data.sample(frac=1, random_state=3), **choices)
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    drawn = [result.aggregate("event_time", draws=200, seed=5).table for result in (one, other)]
    pd.testing.assert_frame_equal(*drawn, check_exact=True)


def test_an_arrow_table_and_other_column_types_give_the_same():
    data = draw_panel(2, missing=0.1)
    named = data.assign(id=data["id"].map("firm {:03d}".format), g=data["g"].astype("Int64"))
    named["t"] = named["t"].astype("int16")
    arrow = pa.concat_tables([pa.Table.from_pandas(named[:50]), pa.Table.from_pandas(named[50:])])
    decimal = arrow.set_column(
        arrow.column_names.index("x2"), "x2", arrow["x2"].cast(pa.decimal128(5, 2))
    )
    expected = estimate(data, covariates=("x1", "x2"), balanced=False).table
    for table in (named, arrow, decimal):
        found = estimate(table, covariates=("x1", "x2"), balanced=False).table
        pd.testing.assert_frame_equal(found, expected)


def test_wide_apart_and_negative_ids_are_as_good_as_dense_ones():
    data = draw_panel(3)
    apart = data.assign(id=data["id"] * 10**12 - 5)
    found = estimate(apart)
    pd.testing.assert_frame_equal(found.table, estimate(data).table)
    assert found.units.tolist() == (np.arange(1, 121) * 10**12 - 5).tolist()


def test_varying_base_compares_pre_periods_with_the_one_before_and_the_rest_with_the_last_untouched():
    result = estimate(draw_panel(4, cohorts=(4,)))
    assert result.table[["period", "base", "phase"]].to_numpy().tolist() == [
        [2, 1, "pre"],
        [3, 2, "pre"],
        [4, 3, "post"],
        [5, 3, "post"],
    ]


def test_universal_base_compares_every_period_with_the_last_untouched_and_says_why_it_has_no_error():
    data = draw_panel(4, cohorts=(4,))
    table = estimate(data, base_period="universal").table
    assert table[["period", "base", "phase"]].to_numpy().tolist() == [
        [1, 3, "pre"],
        [2, 3, "pre"],
        [3, 3, "base"],
        [4, 3, "post"],
        [5, 3, "post"],
    ]
    g = unit_cohorts(data)
    expected = [
        mean_change(data, g == 4, period, 3) - mean_change(data, g.isna(), period, 3) for period in (1, 2, 3, 4, 5)
    ]
    np.testing.assert_allclose(table["att"], expected, atol=1e-12)
    assert table.loc[2, "reason"] == "base period: 0 by construction"
    assert np.isnan(table.loc[2, "se"])
    assert table["reason"].notna().sum() == 1


def test_with_anticipation_the_window_is_compared_with_the_period_before_it_and_kept_out_of_the_pre_test():
    data = draw_panel(5, periods=(1, 2, 3, 4, 5, 6), cohorts=(5,))
    result = estimate(data, anticipation=2)
    assert result.table[["period", "base", "phase"]].to_numpy().tolist() == [
        [2, 1, "pre"],
        [3, 2, "anticipation"],
        [4, 2, "anticipation"],
        [5, 2, "post"],
        [6, 2, "post"],
    ]
    assert result.pretrend().df == 1
    assert result.aggregate("simple").att == pytest.approx(result.table["att"][3:].mean())
    assert result.aggregate("event_time").table["level"].tolist() == [-3, -2, -1, 0, 1]


def test_a_response_ahead_of_treatment_does_not_speak_against_parallel_trends_once_it_is_declared():
    data = draw_panel(6, n_units=400, periods=(1, 2, 3, 4, 5, 6), cohorts=(5,))
    data["y"] += 3.0 * ((data["t"] >= data["g"] - 2) & (data["t"] < data["g"]))
    assert estimate(data).pretrend().p_value < 1e-6
    assert estimate(data, anticipation=2).pretrend().p_value > 0.01


def test_not_yet_treated_controls_leave_once_they_are_treated_or_anticipate():
    data = draw_panel(7, n_units=160, cohorts=(3, 5))
    g = unit_cohorts(data)
    for anticipation, controls in ((0, {3: g.isna() | (g == 5), 4: g.isna() | (g == 5), 5: g.isna()}), (1, {})):
        table = estimate(data, control="not_yet", anticipation=anticipation).table.set_index(["cohort", "period"])
        if anticipation:
            controls = {3: g.isna() | (g == 5), 4: g.isna(), 5: g.isna()}
        for period, who in controls.items():
            cell = table.loc[(3, period)]
            own = mean_change(data, g == 3, period, cell["base"]) - mean_change(data, who, period, cell["base"])
            assert cell["att"] == pytest.approx(own, abs=1e-12)
            assert cell["n_control"] == who.sum()


def test_without_never_treated_the_last_cohort_is_the_control_until_it_is_treated():
    data = draw_panel(8, cohorts=(3, 4, 5), never=False)
    result = estimate(data, control="not_yet")
    assert sorted(result.table["period"].unique()) == [2, 3, 4]
    assert sorted(result.table["cohort"].unique()) == [3, 4]
    assert result.dropped["period_without_controls"] == 1
    ahead = estimate(data, control="not_yet", anticipation=1)
    assert sorted(ahead.table["period"].unique()) == [2, 3]
    assert ahead.dropped["period_without_controls"] == 2


def test_gaps_between_periods_are_no_periods():
    data = draw_panel(9, periods=(1, 2, 4, 7), cohorts=(3, 7))
    table = estimate(data).table.set_index(["cohort", "period"])
    assert table["base"].to_dict() == {
        (3, 2): 1,
        (3, 4): 2,
        (3, 7): 2,
        (7, 2): 1,
        (7, 4): 2,
        (7, 7): 4,
    }
    assert table.loc[(3, 4), "phase"] == "post"
    assert table.loc[(3, 4), "event_time"] == 1


def test_cohorts_after_the_last_period_are_never_treated_within_the_data():
    data = draw_panel(10, cohorts=(3, 9))
    expected = estimate(data.assign(g=data["g"].where(data["g"] != 9)))
    pd.testing.assert_frame_equal(estimate(data).table, expected.table)


def test_an_infinite_cohort_is_never_treated_too():
    data = draw_panel(11)
    pd.testing.assert_frame_equal(estimate(data.assign(g=data["g"].fillna(np.inf))).table, estimate(data).table)


def test_units_treated_from_the_first_period_on_are_dropped_and_counted():
    data = draw_panel(12, cohorts=(1, 3))
    result = estimate(data)
    assert result.dropped["always_treated"] == 40
    assert result.n_units == 80
    assert set(result.table["cohort"]) == {3}


def test_covariates_are_taken_before_the_change_they_explain():
    data = draw_panel(13, cohorts=(3,), varying=True)
    later = data["t"] >= 3
    disturbed = data.assign(x1=np.where(later, 100.0 - data["id"], data["x1"]))
    table, other = (estimate(frame, covariates=("x1",)).table for frame in (data, disturbed))
    pd.testing.assert_frame_equal(table, other)


def test_no_scale_or_unit_of_a_covariate_changes_an_estimate():
    data = draw_panel(14)
    in_kroner = data.assign(x1=2e7 + 1e6 * data["x1"], x2=data["x2"] * 1e-5)
    for method in ("dr", "ipw", "reg"):
        one, other = (estimate(frame, covariates=("x1", "x2"), method=method).table for frame in (data, in_kroner))
        np.testing.assert_allclose(other[["att", "se"]], one[["att", "se"]], rtol=1e-8)


def test_a_cohort_that_no_control_resembles_is_kept_with_its_reason():
    data = draw_panel(15, cohorts=(3, 4))
    data["x2"] = ((data["g"] == 4) | (data["id"] % 3 == 0)).astype(float)
    data.loc[data["g"] == 4, "x1"] += 50
    table = estimate(data, covariates=("x1", "x2")).table
    refused = table[table["cohort"] == 4]
    assert refused["att"].isna().all()
    assert (refused["reason"] == "no overlap: the largest propensity is 0.999 or more").all()
    assert (refused["max_propensity"] > 0.999).all()
    assert table.loc[table["cohort"] == 3, "att"].notna().all()
    found = estimate(data, covariates=("x1", "x2")).aggregate("simple")
    assert found.left_out == 2
    assert found.att == pytest.approx(table.loc[(table["cohort"] == 3) & (table["phase"] == "post"), "att"].mean())


def test_covariates_that_are_collinear_among_the_controls_of_a_cell_refuse_that_cell_only():
    data = draw_panel(16, cohorts=(3, 5))
    data["x2"] = np.where(data["g"].isna(), 1.0, data["id"] % 2)  # only the later cohort varies among the controls
    table = estimate(data, covariates=("x1", "x2"), method="reg", control="not_yet").table
    table = table.set_index(["cohort", "period"])
    refused = table["reason"] == "the covariates are collinear among the controls"
    assert table.index[~refused].tolist() == [(3, 2), (3, 3), (3, 4), (5, 2)]
    assert table.loc[~refused, "se"].notna().all()


def test_controls_with_a_propensity_from_0_995_on_get_no_weight():
    # stratum 1: 299 treated and one control, so a propensity of 0.9967; stratum 0: 100 treated, 200 controls
    random = np.random.default_rng(17)
    x = np.repeat([1.0, 0.0, 1.0, 0.0], [299, 100, 1, 200])
    before = pd.DataFrame({"id": range(600), "t": 1, "g": [2.0] * 399 + [np.nan] * 201, "y": 0.0, "x": x})
    change = random.normal(size=600)
    result = estimate(pd.concat([before, before.assign(t=2, y=change)]), covariates=("x",), method="ipw")
    cell = result.table.iloc[0]
    assert cell["n_trimmed"] == 1
    assert cell["max_propensity"] == pytest.approx(299 / 300)
    assert cell["att"] == pytest.approx(change[:399].mean() - change[400:].mean(), abs=1e-10)


def test_a_cohort_of_one_has_an_effect_without_an_error_and_says_so():
    data = draw_panel(18, cohorts=(3, 4))
    lonely = data["id"] == data.loc[data["g"] == 4, "id"].iloc[0]
    data = data[(data["g"] != 4) | lonely]
    table = estimate(data).table
    alone = table[table["cohort"] == 4]
    assert alone["att"].notna().all()
    assert alone["se"].isna().all()
    assert (alone["reason"] == "one treated unit: the effect has no variance").all()
    assert table.loc[table["cohort"] == 3, "se"].notna().all()


def test_an_outcome_without_variation_has_no_error_and_says_so():
    data = draw_panel(19, cohorts=(3,))
    table = estimate(data.assign(y=data["t"] * 1.0)).table
    assert table["att"].abs().max() < 1e-12
    assert (table["reason"] == "no variation: the standard error is zero").all()


@pytest.mark.parametrize("base_period", ["varying", "universal"])
def test_nothing_is_missing_without_a_reason(base_period):
    data = draw_panel(20, n_units=60, cohorts=(2, 3, 5), missing=0.3)
    for balanced in (False, "pairs"):
        table = estimate(data, covariates=("x1", "x2"), base_period=base_period, balanced=balanced).table
        missing = table["att"].isna() | table["se"].isna()
        assert (table["reason"].notna() == missing).all()


def test_a_window_limits_the_event_times_that_are_averaged():
    result = estimate(draw_panel(21))
    found = result.aggregate("event_time", window=(-1, 1))
    assert found.table["level"].tolist() == [-1, 0, 1]
    assert found.att == pytest.approx(found.table["att"][1:].mean())


def test_no_unit_shows_up_where_a_result_is_printed():
    data = draw_panel(22)
    result = estimate(data.assign(id=data["id"].map("secret{:04d}".format)))
    assert "secret" not in repr(result) + repr(result.aggregate("event_time")) + repr(result.pretrend())
