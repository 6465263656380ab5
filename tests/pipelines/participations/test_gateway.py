"""The gateway: receipts that add up, deliveries whole or not at all, and no number in any byte that is left behind."""

import datetime as dt
import hashlib
import json
import os
import re
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipelines.identity import Keys, pseudonym
from pipelines.participations import HomeError, check, contained, gateway, open_home, pseudonymise
from tests.pipelines.participations.drawing import (
    COMPANIES,
    CPRS,
    CVRS,
    INITIATIVES,
    KEYS,
    KINDS,
    PERSONS,
    PROJECTS,
    deliver,
    put,
    workbook,
)

NAME = "nord_company_participations_2010.csv"
BAD_ROWS = f"01000005;P1;01-05-2010;;\n{CVRS[4]};P1;01-05-2010;30-04-2010;-1\n{CVRS[0]};P1;2010-05-01;;\n"


def test_a_delivery_is_stored_under_pseudonyms_with_a_receipt_that_adds_up(tmp_path):
    receipt = deliver(tmp_path, NAME, COMPANIES + BAD_ROWS)
    assert (receipt.status, receipt.read, receipt.accepted, receipt.quarantined) == ("taken", 6, 3, 3)
    assert receipt.by_rule == {"cvr_check_digit": 1, "end_before_start": 1, "negative_amount": 1, "repeated_row": 1}
    assert (receipt.operator, receipt.period, receipt.format, receipt.encoding) == ("nord", "2010", "csv", "utf-8")
    assert receipt.key_id == KEYS.company_id
    assert re.fullmatch("[a-p]{32}", receipt.delivery)
    stored = tmp_path / "home" / "deliveries" / receipt.delivery
    assert sorted(file.name for file in stored.iterdir()) == ["accepted.parquet", "quarantined.parquet", "receipt.json"]
    accepted = pq.read_table(stored / "accepted.parquet")
    assert accepted["company"].to_pylist() == [pseudonym(KEYS.company, cvr) for cvr in CVRS[:3]]
    assert accepted.column_names == [
        "company",
        "project",
        "start",
        "end",
        "support_dkk",
        "activity",
        "hours",
        "private_match_dkk",
        "application_date",
        "row",
    ]
    assert pq.read_table(stored / "quarantined.parquet").to_pylist() == receipt.findings.to_pylist()
    written = json.loads((stored / "receipt.json").read_text())
    assert {**written, "sha256": None} == {**receipt.as_dict(), "sha256": None}
    assert (
        written["sha256"]["accepted.parquet"] == hashlib.sha256((stored / "accepted.parquet").read_bytes()).hexdigest()
    )


def test_persons_and_their_employers_get_pseudonyms_of_their_own_domains(tmp_path):
    receipt = deliver(tmp_path, "nord_person_participations_2010.csv", PERSONS)
    accepted = pq.read_table(tmp_path / "home" / "deliveries" / receipt.delivery / "accepted.parquet")
    assert accepted["person"].to_pylist() == [pseudonym(KEYS.person, cpr) for cpr in CPRS[:2]]
    assert accepted["employer"].to_pylist() == [pseudonym(KEYS.company, CVRS[0]), None]
    assert receipt.key_id == KEYS.person_id


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("initiatives", INITIATIVES),
        ("projects", PROJECTS),
        ("targets", "project;indicator;target\n"),
        ("company_participations", COMPANIES),
        ("person_participations", PERSONS),
        ("company_contacts", f"CVR-nr.;Aktør;Dato;Formål\n{CVRS[0]};Kommunen;01-05-2010;besøg\n"),
    ],
)
def test_every_kind_is_taken_as_csv_and_as_workbook(tmp_path, kind, text):
    rows = [line.split(";") for line in text.splitlines()]
    taken = [
        deliver(tmp_path, f"a_{kind}_1.csv", text),
        deliver(tmp_path, f"a_{kind}_1.xlsx", workbook(("Ark1", rows))),
    ]
    assert {(one.accepted, one.quarantined, one.reason) for one in taken} == {(len(rows) - 1, 0, None)}
    stored = [pq.read_table(tmp_path / "home" / "deliveries" / one.delivery / "accepted.parquet") for one in taken]
    assert stored[0].equals(stored[1])


def test_a_header_without_rows_is_an_empty_delivery_that_is_recorded(tmp_path):
    receipt = deliver(tmp_path, NAME, COMPANIES.splitlines()[0])
    assert (receipt.status, receipt.read, receipt.accepted, receipt.quarantined) == ("empty", 0, 0, 0)
    assert (tmp_path / "home" / "deliveries" / receipt.delivery / "accepted.parquet").is_file()


def test_the_same_bytes_again_change_nothing_but_the_log_whatever_the_file_is_called(tmp_path):
    first = deliver(tmp_path, NAME, COMPANIES)
    before = contents(tmp_path / "home" / "deliveries")
    again = deliver(tmp_path, "syd_company_participations_2011.csv", COMPANIES)
    assert again.status == "duplicate"
    assert again.delivery == first.delivery
    assert (again.read, again.accepted, again.quarantined, again.by_rule) == (
        first.read,
        first.accepted,
        first.quarantined,
        first.by_rule,
    )
    assert contents(tmp_path / "home" / "deliveries") == before
    assert [line["status"] for line in log(tmp_path / "home")] == ["taken", "duplicate"]


def test_the_name_of_a_delivery_depends_on_bytes_kind_and_key_and_is_no_plain_hash(tmp_path):
    other = Keys(bytes(range(60, 92)), KEYS.person)
    contacts = f"cvr;actor;date\n{CVRS[0]};A;01-05-2010\n".encode()
    ids = {
        gateway._delivery_id(keys.delivery, kind, content)
        for keys in (KEYS, other)
        for kind in KINDS
        for content in (contacts, b"x")
    }
    assert len(ids) == 2 * len(KINDS) * 2
    hexadecimal = str.maketrans("abcdefghijklmnop", "0123456789abcdef")
    plain = {hashlib.new(kind, contacts).hexdigest()[:32] for kind in ("sha256", "sha512", "md5", "sha1")}
    assert not plain & {one.translate(hexadecimal) for one in ids}


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        ("nord_company_participations_2010.csv", ("nord", "2010")),
        ("Væksthus_Nord_company_participations_2010-H1.XLSX", ("Væksthus_Nord", "2010-H1")),
        ("company_participations.csv", (None, None)),
        ("_company_participations_2010.csv", (None, None)),
        ("nord_company_participations_.csv", (None, None)),
        ("nord_projects_2010.csv", (None, None)),
        ("0101405000_company_participations_2010.csv", (None, None)),
        ("nord_company_participations_01000004.csv", (None, None)),
        ("x\n_company_participations_2010.csv", (None, None)),
        ("*'; DROP TABLE x; --_company_participations_[0-9]?.csv", ("*'; DROP TABLE x; --", "[0-9]?")),
        ("n" * 81 + "_company_participations_2010.csv", (None, None)),
    ],
)
def test_operator_and_period_come_from_the_files_name_unless_it_may_hold_a_number(tmp_path, name, sender):
    file = put(tmp_path, name, COMPANIES)
    receipt = pseudonymise(file, "company_participations", keys=KEYS, home=tmp_path / "home", synthetic=True)
    assert receipt.status == "taken"
    assert (receipt.operator, receipt.period) == sender


def test_a_refused_file_leaves_a_line_in_the_log_and_nothing_else(tmp_path):
    receipt = deliver(tmp_path, NAME, COMPANIES.replace("Startdato", CPRS[0]))
    assert receipt.status == "refused"
    assert receipt.delivery is None
    assert receipt.read == 0
    assert receipt.reason.startswith("the header of column 3 is none of company_participations")
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [".lock", "home.json", "log"]
    assert [(line["status"], line["reason"]) for line in log(tmp_path / "home")] == [("refused", receipt.reason)]


def test_what_is_no_regular_file_is_refused(tmp_path):
    file = put(tmp_path, NAME, COMPANIES)
    (tmp_path / "link.csv").symlink_to(file)
    os.mkfifo(tmp_path / "pipe.csv")
    put(tmp_path, "empty.csv", "")
    for name, words in (
        ("link.csv", "not a link"),
        ("pipe.csv", "not a regular file"),
        (".", "not a regular file"),
        ("missing.csv", "no such file"),
        ("empty.csv", "the file is empty"),
        ("/dev/null", "not a regular file"),
    ):
        assert words in check(tmp_path / name, "company_participations", synthetic=True).reason


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.participations.reading.LARGEST_FILE", 100)
    assert "is larger than" in deliver(tmp_path, NAME, COMPANIES).reason


def test_an_unknown_kind_is_an_error_that_lists_the_kinds(tmp_path):
    with pytest.raises(ValueError, match="KIND is one of company_contacts, company_participations, initiatives"):
        check(tmp_path / NAME, "participants")


def test_a_delivery_under_other_keys_is_refused_once_the_home_has_one(tmp_path):
    file = put(tmp_path, NAME, COMPANIES)
    other = Keys(KEYS.company, bytes(range(50, 82)))
    deliver(tmp_path, NAME, COMPANIES)
    receipt = pseudonymise(file, "company_participations", keys=other, home=tmp_path / "home", synthetic=True)
    assert receipt.status == "refused"
    assert "kept under other keys" in receipt.reason


def test_a_home_that_is_contradicted_takes_nothing(tmp_path):
    open_home(tmp_path / "home", False)
    with pytest.raises(HomeError, match="is a home for real numbers"):
        deliver(tmp_path, NAME, COMPANIES)
    receipt = pseudonymise(tmp_path / NAME, "company_participations", keys=KEYS, home=tmp_path / "home")
    assert (receipt.status, receipt.accepted, receipt.by_rule) == ("taken", 0, {"synthetic_in_real": 3})


def test_a_birth_in_the_future_is_refused_in_a_real_home(tmp_path):
    """A birth in 2037 is not synthetic, and nobody has it yet: the clock tells, unless the range of births is given."""
    header, unborn = "cpr;project;start;end\n", f"0101{2037 % 100}5000"
    file = put(
        tmp_path, "nord_person_participations_2010.csv", header + f"{CPRS[0]};P1;01-05-2010;\n{unborn};P1;01-05-2010;\n"
    )
    assert check(file, "person_participations", synthetic=False).by_rule == {
        "cpr_impossible": 1,
        "synthetic_in_real": 1,
    }
    births = (dt.date(2037, 1, 1), dt.date(2057, 12, 31))
    assert check(file, "person_participations", synthetic=False, births=births).accepted == 2


def test_check_says_what_pseudonymise_would_and_stores_nothing(tmp_path):
    file = put(tmp_path, NAME, COMPANIES + BAD_ROWS)
    told = check(file, "company_participations", synthetic=True)
    assert list(tmp_path.iterdir()) == [file]
    taken = deliver(tmp_path, NAME, COMPANIES + BAD_ROWS)
    assert replace(taken, delivery=None, key_id=None, received=None) == told
    assert told.findings.to_pylist() == [
        {"row": 5, "rule": "cvr_check_digit", "column": "cvr"},
        {"row": 6, "rule": "negative_amount", "column": "support_dkk"},
        {"row": 6, "rule": "end_before_start", "column": "end"},
        {"row": 7, "rule": "repeated_row", "column": None},
    ]


@pytest.mark.parametrize("step", ["rename", "fsync"])
def test_a_run_killed_while_it_stores_leaves_no_half_delivery_and_the_next_one_succeeds(tmp_path, monkeypatch, step):
    open_home(tmp_path / "home", True).remember_keys(KEYS)
    with monkeypatch.context() as killed:
        killed.setattr(gateway.store.os, step, kill)
        killed.setattr(gateway.store.shutil, "rmtree", lambda *_, **__: None)  # a killed process sweeps nothing
        with pytest.raises(KeyboardInterrupt):
            deliver(tmp_path, NAME, COMPANIES)
    assert not (tmp_path / "home" / "deliveries").exists() or not list((tmp_path / "home" / "deliveries").iterdir())
    assert (tmp_path / "home" / ".aside").exists()
    assert deliver(tmp_path, NAME, COMPANIES).status == "taken"
    assert not (tmp_path / "home" / ".aside").exists()


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gateway.store, "delivery_files", full)
    with pytest.raises(OSError, match="No space left"):
        deliver(tmp_path, NAME, COMPANIES)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [".lock", "home.json"]


def test_a_reader_that_breaks_down_is_a_refusal_that_shows_no_value_and_the_next_file_gets_a_new_one(tmp_path, monkeypatch):
    contained.close()
    monkeypatch.setattr(contained, "PROGRAM", "import os; os._exit(1)")
    receipt = deliver(tmp_path, NAME, COMPANIES)
    assert receipt.status == "refused"
    assert receipt.reason == contained.NOT_STARTED
    assert CVRS[0] not in json.dumps(receipt.as_dict())
    monkeypatch.undo()
    assert deliver(tmp_path, NAME, COMPANIES).status == "taken"


def contents(directory) -> dict[str, bytes]:
    """Every file below a directory."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def log(home) -> list[dict]:
    return [json.loads(line) for line in (home / "log" / "gateway.jsonl").read_text().splitlines()]


def kill(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("period", ["2007-2013", "2007-2010", "2010-2013", "2009-2011", "2014"])
def test_a_period_of_years_is_read_from_the_name_even_if_it_passes_a_check_digit(period):
    assert gateway._sender(f"nordvaekst_projects_{period}.csv", "projects") == ("nordvaekst", period)
