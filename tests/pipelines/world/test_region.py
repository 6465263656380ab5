"""The scale region: the claim of the agreement, types that do nothing, one that displaces, and the years it covers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.world import DEFAULT_SEED, make_world
from pipelines.world.displacement import displace
from pipelines.world.firms import draw_firms, year_index
from pipelines.world.installing import installing
from pipelines.world.plan import SCALES, Scale
from pipelines.world.programme import company_truth, run_programme
from pipelines.world.statement import claim_table
from tests.pipelines.world.making import digests, pseudonym_of
from tests.pipelines.world.test_truth import drawn_firms, position

README = Path(__file__).parents[3] / "sample_data" / "README.md"
REGION = SCALES["region"]
SMALL = replace(REGION, firms=500, share=0.01)


@pytest.fixture(scope="module")
def firms():
    return draw_firms(REGION, DEFAULT_SEED)


@pytest.fixture(scope="module")
def programme(firms):
    return run_programme(firms, REGION, DEFAULT_SEED)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A small region in a home."""
    return make_small(tmp_path_factory.mktemp("region"))


def make_small(place: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCALES, "region", SMALL)
        make_world(scale="region", seed=5, deliveries=place / "raw", home=place, pseudonym_of=pseudonym_of)
    return place


def test_the_claim_is_roughly_10_000_new_jobs_and_about_half_of_them_would_have_come_anyway(programme):
    *_, last = claim_table(programme, REGION).splitlines()
    _, gross, net, displaced = (int(cell.replace(",", "")) for cell in last.strip("| ").split(" | ")[1:])
    assert 9_500 < gross < 10_500
    assert net < 0.55 * gross
    assert displaced > 150
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert f"{gross:,} FTE more in 2013" in text
    assert f"net effect planted is {net:,}" in text
    assert f"{gross - net:,} of these would have come" in text
    assert f"they had lost {displaced} FTE" in text


def test_three_types_do_nothing_to_any_outcome_there(programme):
    first = programme.participations
    alone = ~first["firm"].duplicated(keep=False)
    for code in ("health_innovation", "clusters", "tourism"):
        unit = first["firm"][alone & (first["type"] == position(code))].to_numpy()
        assert unit.size > 90
        for with_it, without in (
            (programme.fte, programme.fte_without), (programme.turnover, programme.turnover_without),
            (programme.alive, programme.alive_without),
        ):
            assert (with_it[unit] == without[unit]).all()


def test_jobs_are_lost_by_firms_of_the_same_industry_and_commuting_area_that_never_take_part_and_by_nobody_else(
    firms, programme
):
    table = programme.participations
    never = np.ones(firms.section.size, dtype=bool)
    never[table["firm"]] = False
    change = programme.fte - programme.fte_without
    assert (change[never] <= 0).all()
    food = table["firm"][table["type"] == position("food")].to_numpy()
    losing = np.flatnonzero(never & (change < 0).any(axis=1))
    assert losing.size > 1_000
    assert set(firms.industry[losing]) <= set(firms.industry[food])
    assert not change[never, :year_index(2008)].any()
    displaced = programme.displaced.table()
    assert displaced["initiative_type"].unique().tolist() == ["food"]
    lost = -change[never].sum(axis=0)[year_index(displaced["year"].to_numpy())]
    assert displaced["displaced_fte"].to_numpy() == pytest.approx(lost, abs=0.02)


def test_competitors_lose_a_share_of_what_was_gained_by_their_size_and_one_alone_in_its_market_nothing():
    """Gains of 10 and 4. In Aalborg (851) two fish factories of 30 and 10 FTE lose 6 × 3/4 and 6 × 1/4; one of Thisted nothing.

    The participants themselves lose nothing, nor does a hotel in Aalborg; in Thisted (787) the gain of 4 finds no competitor.
    """
    fish, hotel = "102020", "551010"
    firms = drawn_firms(
        6, industry=np.array([fish, fish, fish, fish, hotel, fish]),
        municipality=np.array(["851", "851", "851", "787", "851", "860"]),
    )
    fte = np.array([[20.0, 30.0, 10.0, 8.0, 40.0, 5.0]]).T
    joined = pd.DataFrame({"firm": [0, 3]})
    gained = np.array([[10.0, 0, 0, 4.0, 0, 0]]).T
    size = Scale(firms=6, share=1.0, displaces="food", displacement=0.6)
    left, displaced = displace(firms, size, joined, fte, gained, np.ones((6, 1), bool))
    assert left[:, 0] == pytest.approx([20, 25.5, 8.5, 8, 40, 5])
    assert displaced.fte == pytest.approx([6.0])
    assert displaced.table().to_dict("records") == [{"initiative_type": "food", "year": 1996, "displaced_fte": 6.0}]


def test_no_competitor_is_pushed_below_the_smallest_and_the_dead_lose_nothing():
    """A gain of 100 displaces 60, and a competitor of 5 FTE has only 4.8 to lose; the other one closed before."""
    firms = drawn_firms(3, industry=np.array(["102020"] * 3), municipality=np.array(["851"] * 3))
    size = Scale(firms=3, share=1.0, displaces="food", displacement=0.6)
    left, displaced = displace(
        firms, size, pd.DataFrame({"firm": [0]}), np.array([[200.0], [5.0], [50.0]]),
        np.array([[100.0], [0], [0]]), np.array([[True], [True], [False]]),
    )
    assert left[:, 0] == pytest.approx([200, 0.2, 50])
    assert displaced.fte == pytest.approx([4.8])


def test_the_truth_is_that_of_the_same_world_where_nothing_is_displaced():
    for displaces in ("food", None):
        size = replace(SMALL, displaces=displaces)
        firms = draw_firms(size, 5)
        truth = company_truth(firms, run_programme(firms, size, 5))
        if displaces:
            expected = truth
    pd.testing.assert_frame_equal(truth, expected)


def test_a_region_covers_2000_to_2018_and_writes_what_it_displaced_beside_the_truth(home):
    there = {path.name for path in (home / "registers").rglob("*.parquet")}
    assert {f"FIRM{year}.parquet" for year in range(2000, 2019)} <= there
    assert {f"LONG_DEMO{year}.parquet" for year in range(2000, 2019)} <= there
    assert {f"{register}{year}{month}.parquet" for year in range(2008, 2019)
            for register, month in (("BFL", "12"), ("FIKS", ""), ("AKM", ""), ("BEF", "03"), ("UDDA", "09"))} <= there
    assert "DREAM201812.parquet" in there
    lost = pq.read_table(home / "world" / "displaced.parquet").to_pydict()
    assert set(lost["initiative_type"]) == {"food"}
    assert lost["year"] == sorted(lost["year"])
    assert min(lost["displaced_fte"]) > 0
    assert (home / "world" / "truth.parquet").is_file()


def test_a_world_without_displacement_leaves_no_displaced_jobs_of_an_earlier_one(tmp_path):
    for names in (("truth.parquet", "displaced.parquet"), ("truth.parquet",)):
        with installing(tmp_path) as part:
            (part / "registers").mkdir()
            (part / "world").mkdir()
            for name in names:
                (part / "world" / name).write_text("told")
        assert sorted(path.name for path in (tmp_path / "world").iterdir()) == sorted(names)


def test_the_same_seed_gives_the_same_region_byte_for_byte(home, tmp_path):
    make_small(tmp_path)
    assert digests(tmp_path) == digests(home)
