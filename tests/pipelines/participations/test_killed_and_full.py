"""Killed at any step on the disk, or out of space: a delivery, a withdrawal and new keys are whole or not there at all."""

import hashlib
import json
import resource
import shutil
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity import load_keys, new_keys, pseudonyms
from pipelines.participations import assemble, open_home, pseudonymise, rekey, rotate, store, table_in, withdraw
from tests.pipelines.identity.killing import Killed, killed_at, steps_of
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, PERSONS, deliver, put

NAME = "nord_company_participations_2010.csv"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A home with two deliveries, two extracts, a store and an older release, new keys for it, and a file of numbers."""
    place = tmp_path_factory.mktemp("drawn")
    new_keys(place / "keys")
    keys = load_keys(place / "keys", place / "home")
    deliver(place, NAME, COMPANIES, keys=keys)
    deliver(place, "nord_person_participations_2010.csv", PERSONS, keys=keys)
    (place / "home" / "registers").mkdir()
    companies, persons = pseudonyms(keys.company, list(CVRS)), pseudonyms(keys.person, list(CPRS))
    pq.write_table(pa.table({"CVRNR": companies}), place / "home" / "registers" / "FIRM2010.parquet")
    pq.write_table(pa.table({"PNR": persons}), place / "home" / "registers" / "BEF201012.parquet")
    for directory in ("store/one", "tmp", "releases/.building-1"):
        (place / "home" / directory).mkdir(parents=True)
        (place / "home" / directory / "data").touch()
    with pytest.MonkeyPatch.context() as here:
        here.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter([list(CVRS)]))
        here.setattr("pipelines.identity.rotation.cpr_numbers", lambda *_, **__: iter([list(CPRS)]))
        rotate(place / "keys", place / "new", place / "home")
    put(place, "out.txt", f"{CVRS[0]}\n{CPRS[1]}\n")
    put(place, "syd_company_participations_2011.csv", COMPANIES.replace("1.234,50", "7"))
    return place


def take_a_delivery(place):
    file = place / "syd_company_participations_2011.csv"
    pseudonymise(file, "company_participations", keys=load_keys(place / "keys", place / "home"), home=place / "home")


def withdraw_two(place):
    withdraw(place / "out.txt", keys=load_keys(place / "keys", place / "home"), home=place / "home")


def put_under_new_keys(place):
    old, new = (load_keys(place / name, place / "home") for name in ("keys", "new"))
    rekey(place / "home", old=old, new=new, table=table_in(place / "new"))


WORKS = {"a delivery": take_a_delivery, "a withdrawal": withdraw_two, "new keys": put_under_new_keys}


@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_step_the_home_is_the_old_or_the_new_and_the_next_try_succeeds(drawn, tmp_path, monkeypatch, name):
    work = WORKS[name]
    old = state(copied(drawn, tmp_path / "old"))
    whole = copied(drawn, tmp_path / "new")
    steps = steps_of(monkeypatch, lambda: work(whole))
    new = state(whole)
    assert old != new
    assert steps > 8
    seen = []
    for step in range(1, steps + 1):
        place = copied(drawn, tmp_path / "place")
        with monkeypatch.context() as killed:
            killed_at(killed, step)
            with pytest.raises(Killed):
                work(place)
        assemble(place / "home" / "deliveries") if step % 5 == 0 else open_home(place / "home")
        seen.append(state(place))
        assert seen[-1] in (old, new), f"step {step} of {steps} leaves a half"
        if seen[-1] == old and step % 6 == 0:
            work(place)
            assert state(place) == new
        assert not (place / "home" / ".change").exists()
    assert seen == sorted(seen, key=lambda one: one == new), "once it is done it stays done"
    assert old in seen
    assert new in seen


@pytest.mark.parametrize("name", WORKS)
def test_on_a_full_disk_the_home_stays_as_it_was_and_nothing_is_left_aside(drawn, tmp_path, name):
    old = state(copied(drawn, tmp_path / "old"))
    left = names(tmp_path / "old")
    refused = 0
    for limit in (0, 40, 300, 700, 1200, 2000):
        place = copied(drawn, tmp_path / "place")
        with disk_full_after(limit):
            try:
                WORKS[name](place)
                break
            except OSError:
                refused += 1
        assert state(place) == old, f"a limit of {limit} bytes leaves a half"
        assert names(place) - {"home/run.lock", "home/.aside"} == left
    assert refused >= 3
    WORKS[name](place)
    assert state(place) != old


def test_killed_while_a_change_that_failed_is_thrown_away_the_home_is_the_old_one(drawn, tmp_path, monkeypatch):
    """The disk fails right after the commit file got its name, and the process is killed once staged files are gone."""
    place = copied(drawn, tmp_path / "place")
    old = state(place)
    write_aside = store.write_aside

    def named_and_then_failing(path, content):
        write_aside(path, content)
        raise OSError(5, "Input/output error")

    def half_removed(directory, **_):
        for path in directory.iterdir():
            if path.name != "commit.json":
                path.unlink()
        raise Killed

    with monkeypatch.context() as failing:
        failing.setattr(store, "write_aside", named_and_then_failing)
        failing.setattr(store.shutil, "rmtree", half_removed)
        with pytest.raises(Killed):
            withdraw_two(place)
    open_home(place / "home")
    assert state(place) == old


def test_a_log_that_cannot_be_written_keeps_its_lines_whole(drawn, tmp_path):
    place = copied(drawn, tmp_path / "place")
    log = place / "home" / "log" / "gateway.jsonl"
    before = log.read_bytes()
    keys = load_keys(place / "keys", place / "home")
    with disk_full_after(len(before) + 30), pytest.raises(OSError, match="cannot be written"):
        pseudonymise(place / NAME, "company_participations", keys=keys, home=place / "home")
    assert log.read_bytes() == before


@contextmanager
def disk_full_after(size: int):
    """No file grows beyond that many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def copied(drawn, place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(drawn, place)
    return place


def names(place):
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def state(place) -> dict[str, str]:
    """What a home holds, but for clock readings: every file by its digest, the log by its outcomes."""
    home, found = place / "home", {}
    for path in sorted(path for path in home.rglob("*") if path.is_file() and path.name not in (".lock", "run.lock")):
        name, content = str(path.relative_to(home)), path.read_bytes()
        if name.startswith(".aside"):
            continue  # swept by the next delivery
        if path.name == "gateway.jsonl":  # a delivery is there before its line is: the next try notes a repeat
            content = " ".join({json.loads(line)["status"] for line in content.splitlines()} & {"withdrawn", "rekeyed"}).encode()
        if path.name in ("receipt.json", "withdrawn.json"):
            cleared = {name: value for name, value in json.loads(content).items() if name not in ("received", "extracts")}
            content = json.dumps(cleared).encode()
        found[name] = hashlib.sha256(content).hexdigest()
    return found
