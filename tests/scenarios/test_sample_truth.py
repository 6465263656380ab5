"""On the sample world, at its full size, the companies' planted effects lie in the reported intervals, and naive answers miss them.

Register, panel, matching and effects stages as in the nightly run, without the registers of persons, which cost most of its time;
`make test-long` does the same through the whole run, persons included.
"""

import ibis
import numpy as np
import pandas as pd
import pytest

from pipelines import effects, matching, panel, registers
from pipelines.world import DEFAULT_SEED
from pipelines.world.extracts import write_firm
from pipelines.world.firms import draw_firms
from pipelines.world.plan import SCALES, TYPES
from pipelines.world.programme import company_truth, run_programme
from schemas.contract import codes

HEADLINE = 2


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> tuple[effects.Estimates, pd.DataFrame, pd.DataFrame]:
    """Estimates, truth and firm panel of the sample world's companies."""
    scale, home = SCALES["sample"], tmp_path_factory.mktemp("sample")
    firms = draw_firms(scale, DEFAULT_SEED)
    programme = run_programme(firms, scale, DEFAULT_SEED)
    names = np.array([f"{position:06d}" for position in range(firms.section.size)])
    write_firm(home / "registers", firms, programme, names)
    con = ibis.duckdb.connect()
    none = ibis.memtable(pd.DataFrame({"company": ["x"], "year": [1900], "paid_hours": [0.0]})).cast({"year": "int32"})
    table = codes("price_index").to_pandas()
    prices = ibis.memtable(pd.DataFrame({"year": table["year"].astype("int32"), "index": table["index"].astype(float)}))
    firm = registers.import_firm(registers.read_extracts(con, home / "registers", "FIRM"))
    coded = [ibis.memtable(codes(name)) for name in ("industries", "municipalities")]
    firm_year = con.create_table("firm_year", panel.firm_year(firm, none, *coded, prices))
    parts = programme.participations
    first = parts[parts["first"]]
    cohorts = pd.DataFrame({
        "company": names[first["firm"]], "initiative_type": [TYPES[kind].code for kind in first["type"]],
        "cohort": first["year"].to_numpy(), "support_dkk": 100_000.0, "project": "P", "region": "1081", "fund": "erdf",
    })
    entries = pd.DataFrame({
        "unit": "company", "unit_id": names[parts["firm"]], "initiative_type": [TYPES[kind].code for kind in parts["type"]],
        "cohort": parts["year"].to_numpy(), "position": np.where(parts["first"], 1, 2),
        "start": pd.to_datetime({"year": parts["year"], "month": 1, "day": 15}),
    }).sort_values(["unit_id", "initiative_type", "position"]).drop_duplicates(["unit_id", "initiative_type"])
    frame = firm_year.mutate(fte=firm_year.fte.cast("float64"), turnover=firm_year.turnover.cast("float64")).to_pandas()
    matched = matching.match_companies(frame, entries)
    fixed = {name: codes(name).to_pandas() for name in ("outcomes", "headlines", "thresholds")}
    found = {"sample": matched.sample, "pair": matched.pair, "balance": matched.balance}
    given = effects.give("company", found, firm_year, cohorts, entries, fixed)
    return effects.estimate_effects(given), company_truth(firms, programme), frame


@pytest.fixture(scope="module")
def held(sample) -> pd.DataFrame:
    """One row a planted effect: type, outcome, event time, truth, estimate and interval."""
    estimates, truth, _ = sample
    keys = ["initiative_type", "unit", "outcome", "event_time"]
    return truth.merge(estimates.event_time, on=keys, how="left", validate="one_to_one", suffixes=("_true", ""))


def test_every_planted_effect_is_estimated(held):
    assert set(held["initiative_type"]) == {plan.code for plan in TYPES}
    assert held["se"].gt(0).all()


def test_85_to_100_per_cent_of_the_truths_lie_in_the_intervals(held):
    inside = held["att_true"].between(held["low"], held["high"])
    assert 0.85 <= inside.mean() <= 1.0


def test_the_zero_type_has_zero_in_its_intervals(held):
    zero = held[(held["initiative_type"] == "tourism") & (held["event_time"] == HEADLINE)]
    assert (zero["att_true"] == 0).all()
    assert ((zero["low"] <= 0) & (zero["high"] >= 0)).all()


def test_net_is_nearer_to_the_truth_than_gross_for_most_types(sample, held):
    summary = sample[0].summary.query("headline and outcome == 'fte'").set_index("initiative_type")
    truth = held.query("outcome == 'fte' and event_time == @HEADLINE").set_index("initiative_type")["att_true"]
    nearer = (summary["att"] - truth).abs() < (summary["gross_mean"] - truth).abs()
    assert nearer.sum() > len(truth) / 2


def test_raw_before_and_after_misses_the_truth_by_more_than_two_standard_errors_in_most_types(sample, held):
    frame = sample[2].pivot(index="company", columns="year", values="fte")
    treated = sample[0].influence  # the matched treated are those whose cells were estimated
    truth = held.query("outcome == 'fte' and event_time == @HEADLINE").set_index("initiative_type")["att_true"]
    gross = sample[0].gross.assign(event=lambda cells: cells["period"] - cells["cohort"]).query("event == @HEADLINE")
    missed = 0
    for kind, cells in gross.groupby("initiative_type"):
        n = cells["n_treated"].sum()
        units = treated.query("initiative_type == @kind")["unit_id"].unique()
        spread = (frame.loc[units, 2012] - frame.loc[units, 2009]).std()          # three years, as from −1 to +2
        missed += abs(cells["gross"].sum() / n - truth[kind]) > 2 * spread / np.sqrt(n)
    assert missed > len(truth) / 2


def test_the_type_with_an_unobserved_trend_is_not_comparable_and_no_other_is(sample):
    summary = sample[0].summary.query("headline and outcome == 'fte'").set_index("initiative_type")["verdict"]
    trending = {plan.code for plan in TYPES if plan.trend}
    assert set(summary[summary == "not_comparable"].index) == trending


def test_the_two_small_types_are_too_few_to_tell(sample):
    summary = sample[0].summary.query("headline and outcome == 'fte'").set_index("initiative_type")
    assert (summary.loc[["health_innovation", "training"], "verdict"] == "too_few_to_tell").all()


def test_no_group_of_fewer_than_ten_has_an_effect_and_it_says_so(sample):
    groups = sample[0].subgroup.query("dimension != 'overall'")
    small = groups["n_treated"] < 10
    assert small.any()
    assert groups.loc[small, ["att", "se", "low", "high"]].isna().all(axis=None)
    assert groups.loc[small, "reason"].fillna("").str.startswith("fewer than 10").all()
    assert groups.loc[groups["dimension"] == "cohort", "att"].notna().all()
