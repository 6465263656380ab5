"""Weights: as a column, and as a table of each cohort's own controls, where a unit used twice is one unit."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.effects import EstimationError, att_gt
from tests.pipelines.effects.drawn_panels import draw_panel


def estimate(data, **choices):
    return att_gt(data, "id", "t", "g", "y", **choices)


def draw_controls(data, seed, share=0.7):
    """A weights table: for every cohort some of the never-treated, with weights like matching's; many serve twice."""
    random = np.random.default_rng(seed)
    never = data.loc[data["g"].isna(), "id"].unique()
    parts = []
    for cohort in sorted(data["g"].dropna().unique()):
        unit = random.permutation(never)[: int(share * len(never))]
        weight = random.choice([0.2, 0.5, 1.5], len(unit))
        parts.append(pd.DataFrame({"cohort": cohort, "unit": unit, "weight": weight}))
    return pd.concat(parts, ignore_index=True)


def stack_uses(data, table):
    """Every use of a unit as rows of its own: the cohort's treated with weight 1, its listed controls with theirs."""
    parts = []
    for cohort, listed in table.groupby("cohort"):
        controls = data.merge(listed[["unit", "weight"]], left_on="id", right_on="unit").drop(columns="unit")
        parts.append(pd.concat([data[data["g"] == cohort].assign(weight=1.0), controls]).assign(use=cohort))
    stacked = pd.concat(parts, ignore_index=True)
    return stacked.assign(copy=stacked["use"] * 10_000 + stacked["id"])


def test_overlap_is_judged_without_weights_and_trimming_with_them():
    # stratum 1: 10 treated of weight 2000 and 10 controls of weight 1: a propensity of 0.5 without, of 0.9995 with weights
    random = np.random.default_rng(14)
    x = np.repeat([1.0, 0.0, 1.0, 0.0], [10, 20, 10, 40])
    before = pd.DataFrame({"id": range(80), "t": 1, "g": [2.0] * 30 + [np.nan] * 50, "y": 0.0, "x": x})
    before["w"] = np.repeat([2000.0, 1.0], [10, 70])
    change = random.normal(size=80)
    cell = estimate(pd.concat([before, before.assign(t=2, y=change)]), covariates=("x",), method="ipw", weights="w").table
    assert cell["n_trimmed"].item() == 10
    assert cell["max_propensity"].item() == pytest.approx(20_000 / 20_010)
    treated = np.average(change[:30], weights=before["w"][:30])
    assert cell["att"].item() == pytest.approx(treated - change[40:].mean(), abs=1e-9)


def test_only_the_scale_of_weights_is_irrelevant():
    data = draw_panel(1, varying=True)
    table, scaled, unweighted = (
        estimate(frame, covariates=("x1",), weights=weights).table
        for frame, weights in ((data, "w"), (data.assign(w=1000 * data["w"]), "w"), (data, None))
    )
    np.testing.assert_allclose(scaled[["att", "se"]], table[["att", "se"]], rtol=1e-10)
    assert not np.allclose(unweighted["att"], table["att"], rtol=1e-3)


def test_a_whole_weight_counts_as_so_many_units_in_effects():
    data = draw_panel(2)
    data["w"] = 1.0 + data["id"] % 3
    copies = pd.concat([data[data["w"] > k].assign(id=lambda d, k=k: d["id"] + 1000 * k) for k in range(3)])
    for method in ("dr", "ipw", "reg"):
        weighted = estimate(data, covariates=("x1",), weights="w", method=method)
        copied = estimate(copies, covariates=("x1",), method=method)
        np.testing.assert_allclose(weighted.table["att"], copied.table["att"], rtol=1e-8)
        for kind in ("simple", "cohort", "event_time", "period"):
            assert weighted.aggregate(kind).att == pytest.approx(copied.aggregate(kind).att, rel=1e-8)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
@pytest.mark.parametrize("balanced", [True, "pairs", False])
def test_a_weights_table_equals_stacking_with_influence_summed_over_the_original_unit(method, balanced):
    data = draw_panel(3, n_units=200, cohorts=(3, 4, 5), missing=0.0 if balanced is True else 0.1)
    table = draw_controls(data, 3)
    result = estimate(data, covariates=("x1",), method=method, weights=table, balanced=balanced)
    stacked, start = stack_uses(data, table), 0
    for cohort, uses in stacked.groupby("use"):
        alone = att_gt(
            uses, "copy", "t", "g", "y", covariates=("x1",), method=method, weights="weight", balanced=balanced
        )
        cells = result.table[result.table["cohort"] == cohort]
        np.testing.assert_allclose(cells[["att", "se"]], alone.table[["att", "se"]], rtol=1e-8)
        original = pd.Series(np.arange(len(result.units)), index=result.units)[alone.units % 10_000]
        summed = np.zeros((len(result.units), len(cells)))
        np.add.at(summed, original.to_numpy(), alone.influence.toarray())
        own = result.influence.toarray()[:, start : start + len(cells)]
        np.testing.assert_allclose(own, summed, atol=1e-9)
        start += len(cells)


def test_averages_of_a_weights_table_are_those_of_the_summed_influence_and_copies_as_rows_are_not():
    data = draw_panel(4, n_units=150, cohorts=(3, 4, 5))
    data = data[data["g"].notna() | (data["id"] % 4 == 0)]  # few controls, each used by all three cohorts
    table = draw_controls(data, 4, share=1.0)
    right = estimate(data, weights=table).aggregate("simple")
    copies = stack_uses(data, table)
    listed = copies.drop_duplicates("copy").rename(columns={"use": "cohort", "copy": "unit"})
    as_rows = att_gt(copies, "copy", "t", "g", "y", weights=listed[["cohort", "unit", "weight"]])
    by_unit = att_gt(copies, "copy", "t", "g", "y", weights=listed[["cohort", "unit", "weight"]], cluster="id")
    assert as_rows.aggregate("simple").att == pytest.approx(right.att, abs=1e-12)
    assert by_unit.aggregate("simple").se == pytest.approx(right.se, rel=1e-10)
    assert as_rows.aggregate("simple").se < 0.97 * right.se


def test_treated_units_count_as_listed_and_one_otherwise():
    data = draw_panel(5, cohorts=(3,))
    treated = data.loc[data["g"] == 3, "id"].unique()
    table = pd.concat(
        [
            draw_controls(data, 5),
            pd.DataFrame({"cohort": 3.0, "unit": treated[:2], "weight": [0.0, 5.0]}),
        ]
    )
    cell = estimate(data, weights=table).table.iloc[-1]
    weight = data["id"].map({treated[0]: 0.0, treated[1]: 5.0}).fillna(1.0)
    listed = table[table["unit"].isin(data.loc[data["g"].isna(), "id"])].set_index("unit")["weight"]
    weight = weight.where(data["g"].notna(), data["id"].map(listed).fillna(0.0))
    expected = estimate(data.assign(weight=weight), weights="weight").table.iloc[-1]
    assert cell["att"] == pytest.approx(expected["att"], abs=1e-12)
    assert cell["se"] == pytest.approx(expected["se"], abs=1e-12)
    assert cell["n_treated"] == len(treated) - 1


def test_a_cohort_is_as_large_as_the_listed_weights_of_its_treated():
    data = draw_panel(12, cohorts=(3, 4))
    treated = data.loc[data["g"] == 3, "id"].unique()
    table = pd.concat([draw_controls(data, 12), pd.DataFrame({"cohort": 3.0, "unit": treated, "weight": 4.0})])
    result = estimate(data, weights=table)
    cells = result.table[result.table["phase"] == "post"]
    size = cells["cohort"].map({3: 4.0 * len(treated), 4: (data["g"] == 4).sum() / 5})
    assert result.aggregate("simple").att == pytest.approx(np.average(cells["att"], weights=size), abs=1e-12)


@pytest.mark.parametrize("balanced", [True, False])
def test_weights_that_vary_count_in_a_cohorts_size_by_the_first_period_or_if_unbalanced_by_their_mean(balanced):
    data = draw_panel(13, varying=True, missing=0.0 if balanced else 0.1)
    result = estimate(data, weights="w", balanced=balanced)
    cells = result.table[result.table["phase"] == "post"]
    by_unit = data.sort_values("t").groupby("id").agg(g=("g", "first"), first=("w", "first"), mean=("w", "mean"))
    size = cells["cohort"].map(by_unit.groupby("g")["first" if balanced else "mean"].sum())
    assert result.aggregate("simple").att == pytest.approx(np.average(cells["att"], weights=size), abs=1e-12)


def test_several_rows_of_one_control_add_up():
    data = draw_panel(6)
    table = draw_controls(data, 6)
    halves = pd.concat([table, table]).assign(weight=lambda d: d["weight"] / 2)
    pd.testing.assert_frame_equal(estimate(data, weights=halves).table, estimate(data, weights=table).table)


def test_listed_controls_leave_when_they_are_treated():
    data = draw_panel(7, cohorts=(3, 5))
    later = data.loc[data["g"] == 5, "id"].unique()
    table = pd.concat([draw_controls(data, 7), pd.DataFrame({"cohort": 3.0, "unit": later, "weight": 1.0})])
    cells = estimate(data, weights=table, control="not_yet").table.set_index(["cohort", "period"])
    assert cells.loc[(3, 4), "n_control"] - cells.loc[(3, 5), "n_control"] == len(later)
    never = estimate(data, weights=table, control="never")
    assert never.dropped["weights_of_treated_controls"] == len(later)


def test_rows_of_a_weights_table_that_concern_nobody_are_counted():
    data = draw_panel(8)
    table = draw_controls(data, 8)
    others = pd.DataFrame({"cohort": [3.0, 11.0], "unit": [99_999, 1], "weight": 1.0})
    result = estimate(data, weights=pa.Table.from_pandas(pd.concat([table, others]), preserve_index=False))
    assert result.dropped["weights_of_other_units"] == 1
    assert result.dropped["weights_of_other_cohorts"] == 1
    pd.testing.assert_frame_equal(result.table, estimate(data, weights=table).table)


def test_a_cohort_without_listed_controls_is_kept_with_its_reason():
    data = draw_panel(9)
    table = draw_controls(data, 9)
    cells = estimate(data, weights=table[table["cohort"] == 3]).table
    assert (cells.loc[cells["cohort"] == 4, "reason"] == "no control is left").all()
    assert cells.loc[cells["cohort"] == 3, "se"].notna().all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": -1.0}, "negative in 1 rows"),
        ({"weight": np.nan}, "missing, infinite or negative in 1 rows"),
        ({"cohort": np.nan}, "'cohort' is missing in 1 rows"),
    ],
)
def test_a_faulty_weights_table_is_refused(change, words):
    data = draw_panel(10)
    table = draw_controls(data, 10)
    table.loc[0, list(change)] = list(change.values())
    with pytest.raises(EstimationError, match=words):
        estimate(data, weights=table)


def test_a_weights_table_without_its_columns_or_with_nobody_in_it_is_refused():
    data = draw_panel(11)
    table = draw_controls(data, 11)
    with pytest.raises(EstimationError, match="'weight' is in the data 0 times"):
        estimate(data, weights=table.drop(columns="weight"))
    with pytest.raises(EstimationError, match="no row names a unit and a cohort"):
        estimate(data, weights=table.assign(unit=table["unit"] + 10**6))
