"""New keys for a home: every pseudonym replaced, nothing else changed, and every file that was taken still known."""

import datetime as dt
import json
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity import IdentityError, Keys, load_keys, new_keys, pseudonyms, write_keys
from pipelines.participations import HomeError, assemble, pseudonymise, rekey, rekeying, rotate, table_in, withdraw
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, KEYS, KINDS, deliver, put
from tests.pipelines.participations.keeping import (
    FILES,
    accounts,
    draw_home,
    draw_registers,
    every_byte,
    files_with,
    fill_store,
    log_of,
    release,
)

HOLDERS = ("company", "person", "employer")


@pytest.fixture
def numbers_at_hand(monkeypatch):
    """The whole space of synthetic numbers takes half a minute: here it is what the drawn home holds, and more."""
    monkeypatch.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter([[*CVRS, "01000020"]]))
    monkeypatch.setattr("pipelines.identity.rotation.cpr_numbers", lambda *_, **__: iter([[*CPRS, "0101405001"]]))


@pytest.fixture
def place(tmp_path, numbers_at_hand):
    (tmp_path / "keys").mkdir()
    write_keys(tmp_path / "keys", KEYS)
    draw_home(tmp_path)
    return tmp_path


def old(place):
    return load_keys(place / "keys", place / "home")


def new(place):
    return load_keys(place / "new", place / "home")


def rotated(place):
    return rotate(place / "keys", place / "new", place / "home")


def rekeyed(place):
    return rekey(place / "home", old=old(place), new=new(place), table=table_in(place / "new"))


def all_of(keys):
    return pseudonyms(keys.company, list(CVRS)) + pseudonyms(keys.person, list(CPRS))


def test_new_keys_and_table_lie_together_for_one_user_only_and_the_old_keys_stay(place):
    (place / "keys" / "changes.csv").touch(0o600)
    (place / "keys" / "changes.csv").write_text(f"old;new\n{CVRS[3]};{CVRS[4]}\n")
    before = {file.name: file.read_bytes() for file in (place / "keys").iterdir()}
    home = every_byte(place / "home")
    made = rotated(place)
    assert (made.drawn, made.missing, made.translated) == (True, 0, len(CVRS) + len(CPRS))
    assert {file.name: file.read_bytes() for file in (place / "keys").iterdir()} == before
    files = sorted((place / "new").iterdir())
    assert [file.name for file in files] == [
        "changes.csv", "company.key", "earlier.key", "old-to-new.parquet", "person.key"
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((place / "new").stat().st_mode) == 0o700
    assert not {old(place).company, old(place).person} & {new(place).company, new(place).person}
    assert new(place).changes == old(place).changes, "the number changes would be forgotten"
    assert every_byte(place / "home") == home
    pairs = pq.read_table(table_in(place / "new")).to_pydict()
    assert dict(zip(pairs["old"], pairs["new"], strict=True)) == dict(
        zip(all_of(old(place)), all_of(new(place)), strict=True)
    )


def test_every_pseudonym_is_replaced_and_nothing_else_changes(place):
    before, home = assemble(place / "home" / "deliveries"), place / "home"
    registers = {path.name: pq.read_table(path) for path in (home / "registers").iterdir()}
    rotated(place)
    done = rekeyed(place)
    assert (done.deliveries, done.extracts, done.pseudonyms, done.releases) == (len(FILES), 4, 10, 2)
    assert not [name for name in files_with(home, *all_of(old(place))) if not name.startswith("releases/")]
    table = dict(zip(all_of(old(place)), all_of(new(place)), strict=True))
    after = assemble(home / "deliveries")
    for name, expected in before.items():
        columns = [column for column in expected.column_names if column != "key_id"]
        assert rows(after[name], columns) == rows(expected, columns, table), name
    for name, expected in registers.items():
        found = pq.read_table(home / "registers" / name)
        assert found.schema.types == expected.schema.types
        assert found.to_pylist() == translated(expected, table), name
    assert not (home / "store").exists()


def test_notes_of_keys_beside_extracts_name_the_new_keys(place):
    rotated(place)
    registers = place / "home" / "registers"
    (registers / "2011-10-31").mkdir()
    for note in (registers / "keys.json", registers / "2011-10-31" / "keys.json"):
        note.write_text(json.dumps({"company": old(place).company_id, "person": old(place).person_id}))
    rekeyed(place)
    for note in registers.rglob("keys.json"):
        assert json.loads(note.read_text()) == {"company": new(place).company_id, "person": new(place).person_id}


def test_receipts_and_home_name_the_new_keys_and_accounts_still_add_up(place):
    before = accounts(place / "home")
    rotated(place)
    rekeyed(place)
    assert accounts(place / "home") == before
    ledger = assemble(place / "home" / "deliveries")["participation.delivery"]
    assert set(ledger["key_id"].to_pylist()) == {new(place).company_id, new(place).person_id}
    line = log_of(place / "home")[-1]
    assert line["status"] == "rekeyed"
    assert line["key_ids"] == {"company": new(place).company_id, "person": new(place).person_id}
    refused = again(place, "nord_company_participations_2010.csv", old(place))
    assert "kept under other keys" in refused.reason


def test_every_file_taken_before_is_still_known_even_after_a_second_rotation(place):
    rotated(place)
    rekeyed(place)
    receipts = [again(place, name, new(place)) for name in FILES]
    assert [receipt.status for receipt in receipts] == ["duplicate"] * len(FILES)
    later = put(place, "syd_company_participations_2011.csv", COMPANIES.replace("1.234,50", "7"))
    first = pseudonymise(later, "company_participations", keys=new(place), home=place / "home")
    assert first.status == "taken"
    rotate(place / "new", place / "newer", place / "home")
    newer = load_keys(place / "newer", place / "home")
    rekey(place / "home", old=new(place), new=newer, table=table_in(place / "newer"))
    assert [again(place, name, newer).status for name in FILES] == ["duplicate"] * len(FILES)
    assert pseudonymise(later, "company_participations", keys=newer, home=place / "home").delivery == first.delivery


def test_whoever_was_withdrawn_stays_out_under_the_new_keys(place):
    withdraw(put(place, "out.txt", f"{CVRS[0]}\n{CPRS[1]}\n"), keys=old(place), home=place / "home")
    rotated(place)
    rekeyed(place)
    corrected = put(place, "nord_company_participations_2011.csv", COMPANIES.replace("1.234,50", "9"))
    receipt = pseudonymise(corrected, "company_participations", keys=new(place), home=place / "home")
    assert (receipt.accepted, receipt.withdrawn) == (3, 1)
    gone = pseudonyms(new(place).company, [CVRS[0]])
    assert files_with(place / "home", *gone) == []


def test_releases_made_under_the_old_keys_go_when_somebody_is_withdrawn_under_the_new(place):
    rotated(place)
    rekeyed(place)
    fill_store(place / "home")
    release(place / "home", "2011-one")
    done = withdraw(put(place, "out.txt", CPRS[3]), keys=new(place), home=place / "home")
    assert (done.releases_removed, done.releases_waiting) == (2, 0), "nobody can look for a new pseudonym in them"
    assert [path.name for path in sorted((place / "home" / "releases").iterdir())] == ["2011-one", "current"]


def test_a_delivery_that_came_after_the_table_stops_it_until_the_table_is_made_anew(place):
    drawn = rotated(place).keys
    text = COMPANIES.splitlines()[0] + "\n01000020;P1;01-05-2010;;\n"
    deliver(place, "syd_company_participations_2012.csv", text, keys=old(place))
    before = every_byte(place / "home")
    with pytest.raises(HomeError, match=r"1 pseudonyms in .* are not in the table"):
        rekeyed(place)
    after = every_byte(place / "home")
    after.pop("run.lock")
    assert after == before
    made = rotated(place)
    assert (made.drawn, made.keys.company_id, made.translated) == (False, drawn.company_id, 11)
    assert rekeyed(place).pseudonyms == 11


def test_an_extract_made_under_other_keys_stops_it_in_a_real_home(tmp_path, numbers_at_hand):
    new_keys(tmp_path / "keys")
    born = (dt.date(2030, 1, 1), dt.date(2060, 1, 1))
    file = put(tmp_path, "nord_person_participations_2010.csv", f"cpr;project;start;end\n{CPRS[0]};P1;01-05-2010;\n")
    keys = load_keys(tmp_path / "keys", tmp_path / "home")
    assert pseudonymise(file, "person_participations", keys=keys, home=tmp_path / "home", births=born).accepted == 1
    assert rotated(tmp_path).missing == 0
    draw_registers(tmp_path / "home" / "registers", 2010, Keys(bytes(range(32)), bytes(range(40, 72))))
    assert rotated(tmp_path).missing == len(CVRS) + len(CPRS)
    with pytest.raises(HomeError, match=r"10 pseudonyms in .* are not in the table"):
        rekeyed(tmp_path)


def test_a_register_row_that_no_number_made_keeps_one_pseudonym_of_its_own_in_a_synthetic_home(place):
    drawn = "abcdefghijklmnop" * 2
    jobs = {"PNR": [drawn, drawn, None], "AJO_CVR_NR_FRA_PROD_JOB": [drawn[::-1], "", "abc"]}
    pq.write_table(pa.table(jobs), place / "home" / "registers" / "BFL201112.parquet")
    assert rotated(place).missing == 0
    rekeyed(place)
    after = pq.read_table(place / "home" / "registers" / "BFL201112.parquet")
    one, two, nobody = after["PNR"].to_pylist()
    assert one == two != drawn
    assert nobody is None
    assert after["AJO_CVR_NR_FRA_PROD_JOB"].to_pylist()[1:] == ["", "abc"]


def test_a_pseudonym_that_is_suddenly_there_is_never_given_its_neighbours(place):
    for pairs in ({"old": ["b" * 32], "new": ["c" * 32]}, {"old": [], "new": []}):
        translated = rekeying._translated(pa.table(pairs, pa.schema([("old", pa.string()), ("new", pa.string())])))
        with pytest.raises(HomeError, match="changed while they were read"):
            translated(pa.array(["a" * 32]))


def test_twice_is_refused_in_words(place):
    rotated(place)
    rekeyed(place)
    with pytest.raises(HomeError, match="is kept under the new keys already"):
        rekeyed(place)
    with pytest.raises(HomeError, match="is kept under other keys"):
        rotated(place)


def test_a_directory_with_foreign_keys_or_inside_the_home_is_refused_and_nothing_is_written(place):
    new_keys(place / "new")
    before = sorted(place.rglob("*"))
    with pytest.raises(IdentityError, match="holds keys that were not made from those"):
        rotated(place)
    with pytest.raises(IdentityError, match="inside the home"):
        rotate(place / "keys", place / "home" / "keys", place / "home")
    assert sorted(place.rglob("*")) == before


def test_a_table_for_other_keys_a_damaged_one_and_one_that_others_can_read_are_refused(place):
    rotated(place)
    rotate(place / "keys", place / "other", place / "home")
    with pytest.raises(IdentityError, match="translates between other keys"):
        rekey(place / "home", old=old(place), new=new(place), table=table_in(place / "other"))
    table_in(place / "other").write_bytes(b"PAR1")
    with pytest.raises(IdentityError, match="is damaged"):
        rekey(place / "home", old=old(place), new=new(place), table=table_in(place / "other"))
    table_in(place / "new").chmod(0o644)
    with pytest.raises(IdentityError, match="can be read by others"):
        rekeyed(place)
    table_in(place / "new").unlink()
    with pytest.raises(IdentityError, match=r"is missing; `effekt keys rotate` makes it"):
        rekeyed(place)


def again(place, name, keys):
    kind = next(kind for kind in KINDS if f"_{kind}_" in name)
    return pseudonymise(place / name, kind, keys=keys, home=place / "home")


def translated(table, pairs):
    return [{name: pairs.get(value, value) for name, value in row.items()} for row in table.to_pylist()]


def rows(table, columns, pairs=None):
    """Rows without their order, which is that of the pseudonyms."""
    found = translated(table.select(columns), pairs or {})
    return sorted(found, key=lambda row: [str(value) for value in row.values()])
