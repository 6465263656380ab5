"""Who is withdrawn leaves no byte: not in deliveries, register extracts, store or older releases, and not in the next."""

import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.lock import hold
from pipelines.identity import Keys, NumberChanges, pseudonym, write_keys
from pipelines.participations import (
    DamagedDelivery,
    HomeError,
    Refused,
    assemble,
    open_home,
    remove_waiting,
    withdraw,
    withdraw_from_new_extracts,
)
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, KEYS, PERSONS, deliver, put
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

GONE = (pseudonym(KEYS.company, CVRS[0]), pseudonym(KEYS.person, CPRS[1]))
STAYING = (pseudonym(KEYS.company, CVRS[1]), pseudonym(KEYS.person, CPRS[0]))


def take_out(place, *numbers, keys=KEYS, **more):
    return withdraw(put(place, "out.txt", "\n".join(numbers)), keys=keys, home=place / "home", **more)


def test_no_byte_of_who_is_withdrawn_is_left_but_in_the_current_release_until_the_next_one(tmp_path):
    home = draw_home(tmp_path)
    assert len(files_with(home, *GONE)) > 10, "the search finds nothing in a home that holds them"
    done = take_out(tmp_path, CVRS[0], CPRS[1])
    assert (done.companies, done.persons, done.rows, done.deliveries, done.cells_emptied) == (1, 1, 3, 3, 1)
    assert (done.releases_removed, done.releases_waiting) == (1, 1)
    assert files_with(home, *GONE) == ["releases/2010-new/warehouse.duckdb"]
    assert not (home / "store").exists()
    assert not (home / "tmp").exists()
    fill_store(home)
    release(home, "2010-next")
    assert remove_waiting(home) == 1
    assert files_with(home, *GONE) == []
    assert sorted(path.name for path in (home / "releases").iterdir()) == ["2010-next", "current"]
    assert len(files_with(home, *STAYING)) > 8


def test_nothing_of_the_file_of_numbers_is_left(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0], CPRS[1])
    assert files_with(home, CVRS[0], CPRS[1], CVRS[0].lstrip("0"), "out.txt") == []


def test_the_accounts_add_up_and_say_how_many_rows_were_withdrawn(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0], CPRS[1])
    assert accounts(home) == [
        ("company_contacts", 2, 2, 0, 1, 0, 1),
        ("company_participations", 3, 3, 0, 2, 0, 1),
        ("initiatives", 1, 1, 0, 1, 0, 0),
        ("person_participations", 2, 2, 0, 1, 0, 1),
        ("projects", 2, 2, 0, 2, 0, 0),
    ]
    take_out(tmp_path, CVRS[1])
    assert ("company_participations", 3, 3, 0, 1, 0, 2) in accounts(home)


def test_a_person_stays_when_the_employer_is_withdrawn(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0])
    persons = assemble(home / "deliveries")["participation.person"]
    assert (persons.num_rows, set(persons["employer"].to_pylist())) == (2, {None})
    jobs = pq.read_table(home / "registers" / "BFL201012.parquet")
    assert jobs.num_rows == len(CPRS) * len(CVRS)
    assert jobs["AJO_CVR_NR_FRA_PROD_JOB"].null_count == len(CPRS)


def test_rows_of_register_extracts_go_whatever_the_columns_are_called_and_the_rest_stays_as_it_was(tmp_path):
    home = draw_home(tmp_path)
    before = {path.name: pq.read_table(path) for path in (home / "registers").iterdir()}
    take_out(tmp_path, CVRS[0], CPRS[1])
    after = {path.name: pq.read_table(path) for path in (home / "registers").iterdir()}
    lost = {name: before[name].num_rows - after[name].num_rows for name in before}
    assert lost == {"FIRM2010.parquet": 1, "BFL201012.parquet": len(CVRS), "BEF201012.parquet": 1, "LINKS2010.parquet": 1}
    assert {name: (t.column_names, t.schema.types) for name, t in before.items()} == {
        name: (t.column_names, t.schema.types) for name, t in after.items()
    }
    firm = after["FIRM2010.parquet"]
    assert firm["HOVED_CVR_NR"].null_count == 1, "a group head that was withdrawn is emptied, its companies stay"


def test_rows_that_wait_for_their_project_are_withdrawn_too(tmp_path):
    receipt = deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    assert accounts(tmp_path / "home") == [("company_participations", 3, 0, 3, 0, 0, 0)]
    take_out(tmp_path, CVRS[0])
    assert accounts(tmp_path / "home") == [("company_participations", 3, 1, 2, 0, 0, 1)]
    written = json.loads((tmp_path / "home" / "deliveries" / receipt.delivery / "receipt.json").read_text())
    assert (written["read"], written["accepted"], written["withdrawn"]) == (3, 3, 1)


def test_the_same_file_again_does_not_bring_them_back_and_neither_does_a_corrected_one(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0], CPRS[1])
    again = deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    assert (again.status, again.withdrawn) == ("duplicate", 1)
    corrected = deliver(tmp_path, "nord_company_participations_2011.csv", COMPANIES.replace("1.234,50", "9"))
    assert (corrected.status, corrected.read, corrected.accepted, corrected.withdrawn) == ("taken", 3, 3, 1)
    deliver(tmp_path, "nord_person_participations_2011.csv", PERSONS.replace("nej", "ja"))
    assert files_with(home / "deliveries", *GONE) == []
    assert ("company_participations", 3, 3, 0, 2, 0, 1) in accounts(home)


def test_whoever_was_withdrawn_before_the_first_delivery_never_comes_in(tmp_path):
    open_home(tmp_path / "home", True)
    done = take_out(tmp_path, CPRS[1])
    assert (done.persons, done.rows) == (1, 0)
    assert deliver(tmp_path, "nord_person_participations_2010.csv", PERSONS).withdrawn == 1
    assert files_with(tmp_path / "home", GONE[1]) == []
    other = Keys(bytes(range(60, 92)), KEYS.person)
    refused = deliver(tmp_path, "nord_person_participations_2011.csv", PERSONS.replace("nej", "ja"), keys=other)
    assert refused.status == "refused", "under other keys nobody who was withdrawn would be known"


def test_extracts_that_come_later_lose_them_before_a_run(tmp_path):
    home = draw_home(tmp_path)
    (tmp_path / "keys").mkdir()
    write_keys(tmp_path / "keys", KEYS)
    assert withdraw_from_new_extracts(home, keys=tmp_path / "nowhere") is None, "nobody was withdrawn yet"
    take_out(tmp_path, CVRS[0], CPRS[1])
    assert withdraw_from_new_extracts(home, keys=tmp_path / "keys") is None, "all extracts were seen"
    draw_registers(home / "registers", 2011)
    fill_store(home)
    done = withdraw_from_new_extracts(home, keys=tmp_path / "keys")
    assert (done.extracts, done.extract_rows, done.rows) == (4, 1 + len(CVRS) + 1 + 1, 0)
    assert files_with(home / "registers", *GONE) == []
    assert not (home / "store").exists()
    assert withdraw_from_new_extracts(home, keys=tmp_path / "keys") is None


def test_inside_a_run_the_store_that_it_fills_stays(tmp_path):
    home = draw_home(tmp_path)
    (tmp_path / "keys").mkdir()
    write_keys(tmp_path / "keys", KEYS)
    take_out(tmp_path, CVRS[0])
    draw_registers(home / "registers", 2011)
    fill_store(home)
    with hold(home):
        assert withdraw_from_new_extracts(home, keys=tmp_path / "keys", in_run=True).extracts == 2
    assert (home / "store").exists()


def test_while_a_run_is_at_work_nobody_is_withdrawn(tmp_path):
    home = draw_home(tmp_path)
    before = every_byte(home)
    with hold(home), pytest.raises(HomeError, match="a run is at work"):
        take_out(tmp_path, CVRS[0])
    after = every_byte(home)
    after.pop("run.lock")
    assert after == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("01000005\n", "1 lines hold no number that this home could have stored (line 1)"),
        (f"{CVRS[0]}\n\nhello\n1234\n", "2 lines hold no number that this home could have stored (line 3, 4)"),
        ("\n".join(["x1"] * 7), "7 lines hold no number that this home could have stored (line 1, 2, 3, 4, 5 and others)"),
        ("CPR-nr.\n\n", "the file holds no number"),
    ],
)
def test_a_line_that_is_no_number_withdraws_nobody(tmp_path, text, words):
    home = draw_home(tmp_path)
    before = every_byte(home)
    with pytest.raises(Refused) as refused:
        take_out(tmp_path, text)
    assert words in str(refused.value)
    assert every_byte(home) == before
    assert not any(number in str(refused.value) for number in (*CVRS, "01000005", "hello"))


def test_numbers_are_read_as_people_write_them_under_a_heading(tmp_path):
    draw_home(tmp_path)
    done = take_out(tmp_path, "CVR- og CPR-numre", "1000004", "", "150238-6001;", "DK 02 55 55 57")
    assert (done.companies, done.persons, done.rows) == (2, 1, 5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_numbers_may_be_saved_by_a_windows_editor(tmp_path, encoding):
    draw_home(tmp_path)
    file = put(tmp_path, "out.txt", f"{CVRS[0]}\r\n{CPRS[1]}\r\n", encoding)
    assert withdraw(file, keys=KEYS, home=tmp_path / "home").rows == 3


def test_numbers_that_the_table_of_changes_links_are_withdrawn_together(tmp_path):
    draw_home(tmp_path)
    keys = Keys(KEYS.company, KEYS.person, changes=NumberChanges(((CPRS[3], CPRS[1], ""), (CPRS[1], CPRS[2], ""))))
    done = take_out(tmp_path, CPRS[1], keys=keys)
    assert done.persons == 3
    left = (pseudonym(KEYS.person, CPRS[number]) for number in (1, 2, 3))
    assert not [name for name in files_with(tmp_path / "home", *left) if not name.startswith("releases/2010-new")]


def test_another_key_a_damaged_delivery_and_an_unreadable_extract_stop_it_before_anything_changes(tmp_path):
    home = draw_home(tmp_path)
    before = every_byte(home)
    other = Keys(bytes(range(60, 92)), KEYS.person)
    with pytest.raises(HomeError, match="is kept under other keys"):
        take_out(tmp_path, CVRS[0], keys=other)
    (home / "registers" / "DREAM202606.sas7bdat").write_bytes(b"x")
    with pytest.raises(HomeError, match=r"registers/DREAM202606\.sas7bdat cannot be read as Parquet"):
        take_out(tmp_path, CVRS[0])
    (home / "registers" / "DREAM202606.sas7bdat").unlink()
    damaged = next((home / "deliveries").iterdir()) / "accepted.parquet"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-4])
    with pytest.raises(DamagedDelivery):
        take_out(tmp_path, CVRS[0])
    damaged.write_bytes(content)
    after = every_byte(home)
    after.pop("run.lock")
    assert after == before


def test_the_log_and_the_list_hold_counts_and_marks_that_only_the_keys_can_make(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0], CPRS[1])
    line = log_of(home)[-1]
    dt.datetime.fromisoformat(line.pop("received"))
    assert line.pop("status") == "withdrawn"
    assert set(map(type, line.values())) == {int}
    memory = json.loads((home / "withdrawn.json").read_text())
    assert sorted(memory["marks"]) == sorted(pseudonym(KEYS.mark, one) for one in GONE)
    assert memory["releases"] == ["2010-new"]


def test_a_damaged_list_is_an_error_and_never_an_empty_one(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0])
    for content in ("", "{}", "[]", '{"marks": 1, "extracts": {}, "releases": []}'):
        (home / "withdrawn.json").write_text(content)
        with pytest.raises(HomeError, match=r"withdrawn\.json is damaged"):
            deliver(tmp_path, "nord_company_participations_2012.csv", COMPANIES.replace("1.234,50", "8"))


def test_a_release_that_holds_nobody_of_them_stays(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CPRS[3])  # in the registers, in no delivery
    assert sorted(path.name for path in (home / "releases").iterdir()) == ["2010-new", "2010-old", "current"]
    assert len(FILES) == len(list((home / "deliveries").iterdir()))


def test_withdrawing_twice_changes_nothing_more(tmp_path):
    home = draw_home(tmp_path)
    take_out(tmp_path, CVRS[0], CPRS[1])
    before = assemble(home / "deliveries")
    done = take_out(tmp_path, CVRS[0], CPRS[1])
    assert (done.rows, done.extract_rows, done.releases_waiting) == (0, 0, 1)
    assert assemble(home / "deliveries") == before
    assert isinstance(before["participation.company"], pa.Table)
