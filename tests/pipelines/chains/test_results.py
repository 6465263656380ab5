"""A chain is held against its targets: counts as they are, register effects net, and a verdict that tells nothing is passed on."""

from datetime import date

import pandas as pd
import pytest

from pipelines.chains import chain_links, chain_results
from pipelines.chains.results import status
from schemas.contract import codes, load


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    day = pd.Timestamp("2012-01-01")
    return {
        "links": chain_links(codes("chain_links").to_pandas(), codes("indicators").to_pandas()).query("initiative_type == 'food'"),
        "targets": pd.DataFrame({
            "project": ["P1", "P2", "P1", "P1"], "indicator": ["participants", "participants", "jobs_1", "jobs_3"],
            "target": [2.0, 3.0, 4.0, 4.0],
        }),
        "projects": pd.DataFrame({"project": ["P1", "P2"], "initiative_type": "food", "end": day}),
        "companies": pd.DataFrame({
            "company": ["a", "a", "b"], "initiative_type": "food", "support_dkk": [10.0, 20.0, 30.0],
            "end": [day, pd.NaT, pd.Timestamp("2020-01-01")],
        }),
        "persons": pd.DataFrame({"person": ["p", "q"], "initiative_type": "food", "completed": [True, None]}),
        "summary": pd.DataFrame({
            "initiative_type": "food", "unit": "company", "outcome": "fte", "horizon": [1, 3], "att": [2.0, 1.0], "low": [1.0, -1.0],
            "high": [3.0, 3.0], "n_treated": [5, 5], "gross_mean": [4.0, 4.0], "verdict": ["effect", "too_few_to_tell"],
        }),
    }


@pytest.fixture
def results(tables) -> pd.DataFrame:
    return chain_results(**tables, as_of=date(2015, 12, 31)).set_index("indicator")


def test_a_company_that_took_part_twice_counts_once(results):
    assert results.loc["participants", ["achieved", "target", "status"]].tolist() == [2.0, 5.0, "behind"]


def test_support_is_what_all_participations_got(results):
    assert results.loc["support_dkk", "achieved"] == 60.0


def test_only_courses_that_ended_by_the_as_of_date_and_persons_who_completed_count(results):
    assert results.loc["completed", "achieved"] == 2.0


def test_an_effect_is_judged_net_and_shows_gross_beside(results):
    row = results.loc["jobs_1"]
    assert row[["achieved", "net", "low", "high"]].tolist() == [20.0, 10.0, 5.0, 15.0]
    assert row["status"] == "reached"


def test_a_verdict_that_tells_nothing_is_the_status(results):
    assert results.loc["jobs_3", "status"] == "too_few_to_tell"


def test_a_link_without_a_target_is_not_covered(results):
    assert results.loc["turnover_3", "status"] == "not_covered"


@pytest.mark.parametrize(("net", "high", "running", "told"), [
    (10.0, 12.0, False, "reached"), (9.0, 12.0, False, "on_the_way"), (5.0, 8.0, True, "on_the_way"), (5.0, 8.0, False, "behind"),
])
def test_a_net_link_is_reached_on_the_way_or_behind(net, high, running, told):
    assert status({"target": 10.0, "net": net, "high": high, "achieved": 99.0, "verdict": "effect"}, running) == told


def test_every_type_has_a_chain_from_activity_to_long_term_with_known_indicators():
    links = chain_links(codes("chain_links").to_pandas(), codes("indicators").to_pandas())
    found = links.groupby("initiative_type")["link"].agg(set)
    assert set(found.index) == set(codes("initiative_types")["initiative_type"].to_pylist())
    assert all(links >= {"activity", "output", "short_term", "long_term"} for links in found)
    load("chain.link").conform(links)


def test_a_chain_that_names_an_unknown_indicator_is_refused_by_name():
    links = codes("chain_links").to_pandas().assign(indicator="smiles")
    with pytest.raises(ValueError, match="smiles"):
        chain_links(links, codes("indicators").to_pandas())
