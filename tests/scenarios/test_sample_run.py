"""The README's command on the sample: a whole run, its truth, and the same run again. Takes minutes: `make test-long`."""

import json

import duckdb
import pytest

from tests.conftest import effekt

pytestmark = pytest.mark.long
HELD = """
    SELECT t.initiative_type, t.unit, t.outcome, t.event_time, t.att BETWEEN e.low AND e.high AS inside
    FROM read_parquet($truth) t LEFT JOIN effect.event_time e USING (initiative_type, unit, outcome, event_time)"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = tmp_path_factory.mktemp("sample")
    run = effekt("run", "--sample", home=place / "home", keys=place / "keys")
    assert run.returncode == 0, run.stderr
    return place / "home"


def test_the_truth_of_companies_and_persons_lies_in_85_to_100_per_cent_of_the_intervals(home):
    with duckdb.connect(str(home / "releases" / "current" / "warehouse.duckdb"), read_only=True) as con:
        held = con.execute(HELD, {"truth": str(home / "world" / "truth.parquet")}).df()
    assert held["inside"].notna().all()
    assert 0.85 <= held["inside"].mean() <= 1.0
    zero = held.query("initiative_type == 'tourism' and event_time == 2")
    assert zero["inside"].all()


def test_running_again_gives_the_same_content_hash(home):
    manifest = home / "releases" / "current" / "manifest.json"
    before = json.loads(manifest.read_text())["content_hash"]
    again = effekt("run", "--sample", home=home, keys=home.parent / "keys")
    assert again.returncode == 0, again.stderr
    assert json.loads(manifest.read_text())["content_hash"] == before
