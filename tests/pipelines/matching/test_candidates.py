"""Who may be compared with whom, on four drawn companies and three persons."""

import numpy as np
import pandas as pd
import pytest

from pipelines.matching.candidates import (
    HEADLINE,
    Variant,
    company_candidates,
    company_covariates,
    company_history,
    person_candidates,
    person_history,
)


def firm(name: str, fte: dict[int, float], area: str = "far", section: str = "C") -> pd.DataFrame:
    """One company: FTE by year, 0 for a closed year."""
    return pd.DataFrame(
        {
            "company": name,
            "year": list(fte),
            "alive": [value > 0 for value in fte.values()],
            "fte": list(fte.values()),
            "turnover": [1e6 * value for value in fte.values()],
            "section": section,
            "commuting_area": area,
            "born": pd.Timestamp(f"{min(fte)}-03-01"),
            "first_year": min(fte),
        }
    )


STEADY = dict.fromkeys(range(2004, 2012), 4.0)


@pytest.fixture
def panel() -> pd.DataFrame:
    return pd.concat(
        [
            firm("treated", {2004: 1, 2005: 2, 2006: 3, 2007: 4, 2008: 6, 2009: 7, 2010: 8, 2011: 8}, area="near"),
            firm("young", {2008: 2.0, 2009: 2.0, 2010: 2.0, 2011: 2.0}, area="near"),
            firm("closed", {**STEADY, 2009: 0.0, 2010: 0.0, 2011: 0.0}, area="near"),
            firm("neighbour", STEADY, area="near"),
            firm("far", STEADY),
            firm("later", STEADY, area="near"),
            firm("gone", {**STEADY, 2009: 0.0}),
        ],
        ignore_index=True,
    )


def cohorts(**years: int) -> pd.DataFrame:
    """Entries: one first participation a unit, in January."""
    return pd.DataFrame({
        "unit_id": list(years), "initiative_type": "food", "cohort": list(years.values()), "position": 1,
        "start": [pd.Timestamp(year, 1, 15) for year in years.values()],
    })


def found(
    panel: pd.DataFrame, table: pd.DataFrame, cohort: int, variant: Variant = HEADLINE
) -> tuple[set[str], set[str], dict[str, int]]:
    history = company_history(panel)
    one = next(c for c in company_candidates(history, table, variant) if c.cohort == cohort)
    return (
        set(history.units[one.treated["unit"]]),
        set(history.units[one.controls["unit"]]),
        {k: n for k, n in one.support.items() if n},
    )


def test_controls_are_active_untreated_up_to_the_horizon_and_from_other_areas(panel):
    treated, controls, _ = found(panel, cohorts(treated=2009, later=2011), 2009)
    assert treated == {"treated"}
    assert controls == {"far"}


def test_the_same_area_variant_lets_neighbours_in(panel):
    _, controls, _ = found(panel, cohorts(treated=2009, later=2011), 2009, Variant(own_areas=True))
    assert controls == {"far", "neighbour"}


def test_controls_untreated_at_the_start_may_be_treated_later_but_not_in_the_same_year(panel):
    table = cohorts(treated=2009, later=2011, neighbour=2009)
    _, controls, _ = found(panel, table, 2009, Variant(to_horizon=False, own_areas=True))
    assert controls == {"far", "later"}


def test_those_with_earlier_support_of_another_type_are_a_variant_of_their_own(panel):
    table = cohorts(treated=2009)
    earlier = cohorts(neighbour=2008).assign(initiative_type="maritime")
    again = cohorts(neighbour=2009).assign(position=2)
    table = pd.concat([table, earlier, again], ignore_index=True)
    assert found(panel, table, 2009)[0] == {"treated"}
    treated, controls, _ = found(panel, table, 2009, Variant(supported_before=True))
    assert (treated, controls) == ({"neighbour"}, {"far"})


def test_starts_in_the_fourth_quarter_may_be_counted_for_the_next_year(panel):
    table = cohorts(treated=2009, later=2010)
    table.loc[0, "start"] = pd.Timestamp(2009, 10, 1)
    history = company_history(panel)
    assert [one.cohort for one in company_candidates(history, table, HEADLINE)] == [2009, 2010]
    moved = list(company_candidates(history, table, Variant(late_starts=True)))
    assert [(one.cohort, len(one.treated)) for one in moved] == [(2010, 2)]
    table.loc[0, "start"] = pd.Timestamp(2009, 9, 30)
    assert [one.cohort for one in company_candidates(history, table, Variant(late_starts=True))] == [2009, 2010]


def test_participants_that_cannot_be_measured_are_counted_by_reason(panel):
    treated, _, support = found(panel, cohorts(treated=2009, young=2009, closed=2009, stranger=2009), 2009)
    assert treated == {"treated"}
    assert support == {"not in the register": 1, "not active in the start year": 1, "fewer than two years before": 1}


def test_where_every_area_is_the_types_own_the_rule_is_dropped(panel):
    _, controls, _ = found(panel, cohorts(treated=2009, gone=2011), 2009)
    assert controls == {"far", "neighbour", "later"}


def test_covariates_look_back_from_the_year_before_and_no_further_ahead(panel):
    history = company_history(panel)
    rows = company_covariates(history, 2009).set_index(history.units)
    row = rows.loc["treated"]
    assert row["log_fte"] == pytest.approx(np.log(6))
    assert row["growth"] == pytest.approx(2 * (6 - 4) / (6 + 4))
    assert row["growth_path"] == pytest.approx((6 - 2) / 3 / 7)
    assert row["log_productivity"] == pytest.approx(np.log(1e6))
    changed = panel.assign(fte=panel["fte"].where(panel["year"] < 2009, 99.0))
    assert company_covariates(company_history(changed), 2009).equals(company_covariates(history, 2009))


def test_a_company_with_two_years_has_the_growth_path_of_one(panel):
    history = company_history(panel)
    row = company_covariates(history, 2010).set_index(history.units).loc["young"]
    assert row["growth_path"] == 0.0


def quarters(name: str, work: dict[int, bool]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": name,
            "period": list(work),
            "year": [p // 4 for p in work],
            "employed": list(work.values()),
            "wage": [1000.0 * at_work for at_work in work.values()],
            "age": 40,
            "sex": "1",
            "education": "basic",
        }
    )


def test_persons_are_compared_at_a_pseudo_start_with_their_history_before_it():
    start = 2010 * 4
    always = {start + q: True for q in range(-6, 4)}
    panel = pd.concat(
        [
            quarters("treated", {**always, start - 1: False, start - 2: False}),
            quarters("control", always),
            quarters("moved", {start + q: True for q in range(-2, 4)}),
        ]
    )
    history = person_history(panel)
    table = pd.DataFrame({
        "unit_id": ["treated", "stranger"], "initiative_type": "training", "cohort": [start, start], "position": 1,
        "start": pd.Timestamp(2010, 1, 15),
    })
    one = next(person_candidates(history, table, HEADLINE))
    assert history.units[one.treated["unit"]].tolist() == ["treated"]
    assert history.units[one.controls["unit"]].tolist() == ["control"]
    assert one.support["not in the register"] == 1
    row = one.treated.iloc[0]
    assert (row["employed_before"], row["employed_share"], row["earnings"]) == (0, 0.5, 2.0)
