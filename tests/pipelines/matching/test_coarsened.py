"""Coarsened exact matching by hand: cells, weights and who is left out."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.matching import cem_weights, coarsen, match_controls

CUTS = {"fte": [10, 50]}


def test_a_value_at_a_cut_belongs_to_the_upper_class_and_a_missing_one_stays_missing():
    table = pd.DataFrame({"fte": [9.99, 10.0, 49.0, 50.0, -1.0, np.nan], "section": list("ABCABC")})
    coarse = coarsen(table, CUTS)
    assert coarse["fte"].tolist()[:5] == [0, 1, 1, 2, 0]
    assert coarse["fte"].isna().tolist() == [False] * 5 + [True]
    assert coarse["section"].tolist() == list("ABCABC")
    arrow = coarsen(pa.Table.from_pandas(table, preserve_index=False), CUTS)
    assert arrow.column("fte").to_pylist() == [0, 1, 1, 2, 0, None]
    assert table["fte"][0] == 9.99


def firms(rows):
    return coarsen(pd.DataFrame(rows, columns=["id", "section", "fte"]), CUTS)


TREATED = firms([(1, "C", 5.0), (2, "C", 7.0), (3, "C", 30.0), (4, "F", 60.0), (5, "F", np.nan)])
CONTROLS = firms([(11, "C", 1.0), (12, "C", 20.0), (13, "C", 11.0), (14, "C", 49.0), (15, "J", 5.0), (16, None, 5.0)])


def test_weights_are_those_of_iacus_king_and_porro():
    found = cem_weights(TREATED, CONTROLS, unit="id", cells=("section", "fte"))
    # Cell C/small: 2 treated, 1 control; C/middle: 1 treated, 3 controls. Kept: 3 treated, 4 controls.
    # Control weights: (2/1)(4/3) = 8/3 and (1/3)(4/3) = 4/9, three times; their sum is 4.
    assert found.table["unit"].tolist() == [1, 2, 3, 11, 12, 13, 14]
    assert found.table["side"].tolist() == ["treated"] * 3 + ["control"] * 4
    np.testing.assert_allclose(found.table["weight"], [1, 1, 1, 8 / 3, 4 / 9, 4 / 9, 4 / 9], rtol=1e-15)
    cell = found.table.set_index("unit")["cell"]
    assert (cell[1] == cell[2] == cell[11], cell[3] == cell[12] == cell[13], cell[1] == cell[3]) == (True, True, False)
    assert found.lost.to_numpy().tolist() == [
        ["treated", 4, "no control in its cell"],
        ["treated", 5, "missing covariate"],
        ["control", 15, "no treated in its cell"],
        ["control", 16, "missing covariate"],
    ]


def test_weights_do_not_depend_on_the_order_of_rows():
    draw = np.random.default_rng(2)
    sides = [
        pd.DataFrame({"id": np.arange(n) + first, "a": draw.integers(0, 4, n), "b": draw.integers(0, 3, n)})
        for n, first in ((40, 0), (300, 1000))
    ]
    first = cem_weights(*sides, unit="id", cells=("a", "b"))
    again = cem_weights(*(side.sample(frac=1, random_state=1) for side in sides), unit="id", cells=("a", "b"))
    pd.testing.assert_frame_equal(again.table, first.table, check_exact=True)


def test_cells_without_any_overlap_leave_everyone_out_with_a_reason():
    found = cem_weights(TREATED, CONTROLS.assign(section="Q"), unit="id", cells="section")
    assert (len(found.table), len(found.lost)) == (0, 11)
    assert repr(found) == "CellWeights(weighted=0, lost=11)"


def test_coarse_columns_serve_as_exact_columns_of_nearest_matching():
    found = match_controls(TREATED, CONTROLS, unit="id", exact=("section", "fte"), ratio=1)
    assert found.table[["treated", "control"]].to_numpy().tolist() == [[1, 11], [2, 11], [3, 12]]


@pytest.mark.parametrize("cuts", [[2, 1], [1, 1], [np.nan], [np.inf]])
def test_cuts_that_are_not_rising_numbers_are_refused(cuts):
    with pytest.raises(ValueError, match="cuts of 'fte' must be finite and rising"):
        coarsen(pd.DataFrame({"fte": [1.0]}), {"fte": cuts})


def test_units_on_both_sides_are_refused_by_count():
    with pytest.raises(ValueError, match="2 units stand on both sides"):
        cem_weights(TREATED, pd.concat([CONTROLS, TREATED.iloc[:2]]), unit="id", cells="section")
