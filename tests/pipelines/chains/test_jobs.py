"""Jobs are counted over the matched, observed companies, and their interval is that of the summed influence."""

import numpy as np
import pandas as pd
import pytest

from pipelines.chains import jobs_by_event_time, jobs_by_year, jobs_in_total

Z = 1.959963984540054


@pytest.fixture
def cells() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Two cohorts of food (3 and 2 estimated companies), one of maritime (4); company "c" is a control of all three."""
    keys = [("food", 2008, 2010), ("food", 2009, 2011), ("maritime", 2009, 2011)]
    gross = pd.DataFrame(keys, columns=["initiative_type", "cohort", "period"]).assign(
        n_treated=[3, 2, 4], n_not_estimated=[1, 0, 2], gross=[6.0, 5.0, 4.0], gross_not_estimated=[-1.0, 0.0, 0.5],
        support_dkk=[300_000.10, 200_000.20, 400_000.0],
    )
    group_time = gross[["initiative_type", "cohort", "period"]].assign(att=[1.0, 0.5, 0.25], unit="company", outcome="fte")
    influence = pd.DataFrame(
        [("food", 2008, 2010, "a", 0.1), ("food", 2008, 2010, "c", -0.2), ("food", 2009, 2011, "c", -0.1),
         ("maritime", 2009, 2011, "c", 0.3)],
        columns=["initiative_type", "cohort", "period", "unit_id", "influence"],
    )
    return gross, group_time, influence


def test_net_is_the_sum_of_companies_times_their_cohorts_effect(cells):
    food = jobs_by_event_time(*cells).set_index("initiative_type").loc["food"]
    assert food["n_treated"] == 5
    assert food["n_not_estimated"] == 1
    assert food["gross"] == 11.0
    assert food["net"] == pytest.approx(3 * 1.0 + 2 * 0.5)
    assert food["deadweight"] == pytest.approx(11.0 - 4.0)
    assert food["gross_not_estimated"] == -1.0
    assert food["support_dkk"] == 500_000.30


def test_a_control_of_two_cohorts_is_one_company_in_the_variance(cells):
    food = jobs_by_event_time(*cells).set_index("initiative_type").loc["food"]
    of_a, of_c = 3 * 0.1, 3 * -0.2 + 2 * -0.1
    assert food["net_high"] - food["net"] == pytest.approx(Z * np.hypot(of_a, of_c))


def test_calendar_years_hold_every_cohort_that_has_started(cells):
    years = jobs_by_year(*cells).set_index(["initiative_type", "year"])["net"]
    assert years.to_dict() == pytest.approx({("food", 2010): 3.0, ("food", 2011): 1.0, ("maritime", 2011): 1.0})


def test_the_total_carries_controls_that_types_share(cells):
    companies = pd.DataFrame({
        "company": ["a", "b", "b", "d"], "initiative_type": ["food", "food", "maritime", "maritime"],
        "start": pd.to_datetime(["2008-02-01", "2008-03-01", "2010-01-01", "2009-05-01"]), "project": "P",
    })
    total = jobs_in_total(*cells, jobs_by_event_time(*cells), companies).iloc[0]
    assert total["net"] == pytest.approx(4.0 + 1.0)
    of_a, of_c = 3 * 0.1, 3 * -0.2 + 2 * -0.1 + 4 * 0.3
    assert total["net_high"] - total["net"] == pytest.approx(Z * np.hypot(of_a, of_c))
    assert total["sum_of_types"] == pytest.approx(4.0 * 2 / 2 + 1.0 * 2 / 1)
    assert total["overlap"] == pytest.approx(6.0 - 5.0)


def test_a_cohort_that_could_not_be_estimated_adds_nothing_to_net_and_is_counted(cells):
    gross, group_time, influence = cells
    gross = pd.concat([gross, pd.DataFrame([{
        "initiative_type": "food", "cohort": 2010, "period": 2012, "n_treated": 0, "n_not_estimated": 7, "gross": 0.0,
        "gross_not_estimated": 2.0, "support_dkk": 0.0,
    }])], ignore_index=True)
    food = jobs_by_event_time(gross, group_time, influence).set_index("initiative_type").loc["food"]
    assert (food["net"], food["n_not_estimated"], food["gross_not_estimated"]) == (4.0, 8, 1.0)
