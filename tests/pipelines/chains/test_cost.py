"""The cost of a net job is a set: an interval of net that reaches zero leaves no upper cost."""

import numpy as np
import pandas as pd
import pytest

from pipelines.chains import cost_per_job


def priced(net: float, low: float, high: float, support: float = 1_000_000.0) -> pd.Series:
    return cost_per_job(pd.DataFrame({"support_dkk": [support], "net": [net], "net_low": [low], "net_high": [high]})).iloc[0]


def test_a_net_that_is_surely_positive_has_a_cost_between_two_ends():
    row = priced(net=10, low=5, high=20)
    assert (row.cost_set, row.cost_per_net_job, row.cost_low, row.cost_high) == ("bounded", 100_000, 50_000, 200_000)


def test_a_net_that_may_be_zero_has_no_upper_cost():
    row = priced(net=10, low=-5, high=20)
    assert (row.cost_set, row.cost_per_net_job, row.cost_low) == ("unbounded", 100_000, 50_000)
    assert np.isnan(row.cost_high)


def test_no_point_is_given_when_net_is_not_above_zero():
    row = priced(net=-1, low=-5, high=3)
    assert row.cost_set == "unbounded"
    assert np.isnan(row.cost_per_net_job)


@pytest.mark.parametrize(("low", "high"), [(-5, -1), (-5, 0), (np.nan, np.nan)])
def test_no_cost_fits_a_net_that_is_surely_not_positive_or_not_estimated(low, high):
    row = priced(net=low, low=low, high=high)
    assert row.cost_set == "none"
    assert row[["cost_per_net_job", "cost_low", "cost_high"]].isna().all()
