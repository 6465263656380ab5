"""From deliveries to participation tables: references, corrections, the ledger, and no effect of the order of
arrival."""

import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import pseudonym
from pipelines.participations import DamagedDelivery, assemble
from schemas.contract import codes, contracts, load
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, INITIATIVES, KEYS, PERSONS, PROJECTS, deliver

INDICATOR = codes("indicators").column(0)[0].as_py()
TARGETS = f"Projekt;Indikator;Mål\nP1;{INDICATOR};25\nP9;{INDICATOR};30\n"
CONTACTS = f"CVR-nr.;Aktør;Dato;Formål\n{CVRS[0]};Kommunen;01-05-2010;besøg\n{CVRS[0]};Regionen;01-05-2010;\n"
HEADER = COMPANIES.splitlines()[0] + "\n"
CORRECTED = HEADER + f"{CVRS[0]};P1;01-05-2010;31-12-2010;999\n{CVRS[4]};P9;01-05-2010;;5\n"
NAMES = {
    "region_initiatives_2010.csv": INITIATIVES,
    "region_projects_2010.csv": PROJECTS,
    "region_targets_2010.csv": TARGETS,
    "nord_company_participations_2010.csv": COMPANIES,
    "nord_company_participations_2011.csv": CORRECTED,
    "nord_person_participations_2010.csv": PERSONS,
    "region_company_contacts_2010.csv": CONTACTS,
}


def test_all_tables_are_as_their_contracts_say(tmp_path):
    tables = assembled(tmp_path, NAMES)
    made_from_them = {"participation.contact_summary", "participation.contact_pair"}
    assert set(tables) | made_from_them == {
        contract.name for contract in contracts("warehouse") if contract.name.startswith("participation.")
    }
    for name, table in tables.items():
        contract = load(name)
        assert table.schema.equals(contract.arrow_schema()), name
        assert table.num_rows > 0, name
        assert contract.check(table) == (), name
        keys = table.select(contract.keys)
        assert keys.equals(keys.sort_by([(key, "ascending") for key in contract.keys])), name


def test_a_participation_takes_its_initiative_type_and_operator_from_its_project(tmp_path):
    rows = assembled(tmp_path, NAMES)["participation.company"].to_pylist()
    found = {
        row["company"]: (row["project"], row["initiative"], row["initiative_type"], row["operator"], row["row"])
        for row in rows
    }
    assert found == {
        pseudonym(KEYS.company, CVRS[0]): ("P1", "I1", "growth_programme", "nord", 2),
        pseudonym(KEYS.company, CVRS[1]): ("P1", "I1", "growth_programme", "nord", 3),
        pseudonym(KEYS.company, CVRS[2]): ("P2", "I1", "growth_programme", "syd", 4),
    }


def test_the_other_tables_hold_what_was_delivered(tmp_path):
    tables = assembled(tmp_path, NAMES)
    project = tables["participation.project"].to_pylist()[0]
    assert (project["region"], project["fund"], project["grant_dkk"]) == ("1081", "erdf", Decimal("1000000.50"))
    person = tables["participation.person"].filter(pc.field("project") == "P1").to_pylist()[0]
    assert (person["person"], person["employer"]) == (pseudonym(KEYS.person, CPRS[0]), pseudonym(KEYS.company, CVRS[0]))
    assert (person["completed"], person["start"]) == (True, dt.date(2010, 5, 1))
    assert tables["participation.target"].to_pylist()[0]["target"] == 25
    assert tables["participation.contact"]["actor"].to_pylist() == ["Kommunen", "Regionen"]


def test_the_ledger_says_what_became_of_every_row(tmp_path):
    ledger = {
        (row["kind"], row["period"]): row for row in assembled(tmp_path, NAMES)["participation.delivery"].to_pylist()
    }
    told = {
        key: tuple(row[name] for name in ("read", "accepted", "quarantined", "current", "superseded", "withdrawn"))
        for key, row in ledger.items()
    }
    assert told == {
        ("initiatives", "2010"): (1, 1, 0, 1, 0, 0),
        ("projects", "2010"): (2, 2, 0, 2, 0, 0),
        ("targets", "2010"): (2, 1, 1, 1, 0, 0),
        ("company_participations", "2010"): (3, 3, 0, 2, 1, 0),
        ("company_participations", "2011"): (2, 1, 1, 1, 0, 0),
        ("person_participations", "2010"): (2, 2, 0, 2, 0, 0),
        ("company_contacts", "2010"): (2, 2, 0, 2, 0, 0),
    }


def test_rows_of_an_unknown_project_wait_until_a_later_delivery_brings_it(tmp_path):
    waiting = assembled(tmp_path, NAMES)["participation.quarantine"].to_pylist()
    assert {(row["kind"], row["row"], row["rule"], row["column"]) for row in waiting} == {
        ("company_participations", 3, "unknown_project", "project"),
        ("targets", 3, "unknown_project", "project"),
    }
    assert waiting[0]["reason"] == "The row refers to a project that has not been delivered."
    assert waiting[0]["reason_da"]
    freed = assembled(tmp_path, {"region_projects_2011.csv": PROJECTS.splitlines()[0] + "\nP9;I1;Ny;nord;;;\n"})
    assert freed["participation.quarantine"].num_rows == 0
    assert "P9" in freed["participation.company"]["project"].to_pylist()


def test_a_project_of_an_unknown_initiative_waits_and_its_participations_with_it(tmp_path):
    tables = assembled(tmp_path, {name: text for name, text in NAMES.items() if "initiatives" not in name})
    rules = tables["participation.quarantine"].group_by(["kind", "rule"]).aggregate([([], "count_all")]).to_pylist()
    assert {(row["kind"], row["rule"], row["count_all"]) for row in rules} == {
        ("projects", "unknown_initiative", 2),
        ("targets", "unknown_project", 2),
        ("company_participations", "unknown_project", 5),
        ("person_participations", "unknown_project", 2),
    }
    assert tables["participation.company"].num_rows == 0


def test_what_the_gateway_quarantined_is_listed_once_a_rule_with_its_reason(tmp_path):
    twice = HEADER + f"{CVRS[0]};P1;31-02-2010;31-02-2010;-1\n"
    found = assembled(tmp_path, {"nord_company_participations_2010.csv": twice})["participation.quarantine"].to_pylist()
    assert [(row["row"], row["rule"], row["column"]) for row in found] == [
        (2, "date_impossible", "start"),
        (2, "negative_amount", "support_dkk"),
    ]
    assert found[1]["reason_da"] == "Et beløb, et timetal eller et mål er under nul."


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("nord_company_participations_2010.csv", "nord_company_participations_2011.csv", "222"),  # the later period
        ("nord_company_participations_2011.csv", "nord_company_participations_2010.csv", "111"),
        ("nord_company_participations_2010.csv", "_company_participations_2012.csv", "111"),  # a period before none
        (
            "nord_company_participations_2010.csv",
            "syd_company_participations_2011.csv",
            "111",
        ),  # the project's own operator
    ],
)
def test_of_two_rows_with_the_same_identity_one_stands(tmp_path, first, second, stands):
    row = f"{CVRS[0]};P1;01-05-2010;;"
    files = {"region_initiatives_1.csv": INITIATIVES, "region_projects_1.csv": PROJECTS}
    tables = assembled(tmp_path, files | {first: HEADER + row + "111\n", second: HEADER + row + "222\n"})
    assert tables["participation.company"]["support_dkk"].to_pylist() == [Decimal(stands)]
    assert sum(tables["participation.delivery"]["superseded"].to_pylist()) == 1


def test_under_the_same_name_the_higher_delivery_id_stands(tmp_path):
    assembled(tmp_path, {"region_initiatives_1.csv": INITIATIVES, "region_projects_1.csv": PROJECTS})
    receipts = {
        deliver(
            tmp_path, "nord_company_participations_2010.csv", HEADER + f"{CVRS[0]};P1;01-05-2010;;{amount}\n"
        ).delivery: amount
        for amount in (111, 222, 333)
    }
    current = assemble(tmp_path / "home" / "deliveries")["participation.company"].to_pylist()
    assert [(row["delivery"], row["support_dkk"]) for row in current] == [(max(receipts), receipts[max(receipts)])]


@settings(max_examples=6, deadline=None)
@given(st.permutations(sorted(NAMES)))
def test_the_order_of_arrival_changes_nothing(order):
    assert in_order(tuple(order)) == in_order(tuple(NAMES))


def test_an_empty_delivery_is_in_the_ledger(tmp_path):
    ledger = assembled(tmp_path, {"nord_company_participations_2010.csv": HEADER})["participation.delivery"].to_pylist()
    assert [(row["status"], row["read"], row["current"]) for row in ledger] == [("empty", 0, 0)]


def test_without_deliveries_every_table_is_empty(tmp_path):
    assert {table.num_rows for table in assemble(tmp_path / "nowhere").values()} == {0}


@pytest.mark.parametrize("name", ["accepted.parquet", "quarantined.parquet", "receipt.json"])
def test_a_delivery_that_was_changed_is_an_error_that_names_it(tmp_path, name):
    receipt = deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    file = tmp_path / "home" / "deliveries" / receipt.delivery / name
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DamagedDelivery, match=f"delivery {receipt.delivery} is incomplete or damaged"):
        assemble(tmp_path / "home" / "deliveries")


def test_accepted_rows_that_were_exchanged_are_noticed(tmp_path):
    receipts = [
        deliver(tmp_path, f"nord_company_participations_{period}.csv", text)
        for period, text in ((1, COMPANIES), (2, COMPANIES.replace("1.234,50", "9")))
    ]
    ours, theirs = (tmp_path / "home" / "deliveries" / receipt.delivery / "accepted.parquet" for receipt in receipts)
    ours.write_bytes(theirs.read_bytes())
    with pytest.raises(DamagedDelivery, match=receipts[0].delivery):
        assemble(tmp_path / "home" / "deliveries")


def test_a_receipt_whose_rows_do_not_add_up_is_an_error(tmp_path):
    receipt = deliver(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    file = tmp_path / "home" / "deliveries" / receipt.delivery / "receipt.json"
    file.write_text(file.read_text().replace('"read": 3', '"read": 4'))
    with pytest.raises(DamagedDelivery, match="the rows of 1 deliveries do not add up"):
        assemble(tmp_path / "home" / "deliveries")


@cache
def in_order(names: tuple[str, ...]) -> dict[str, pa.Table]:
    """What a home holds after these deliveries, but for the clock."""
    with TemporaryDirectory() as directory:
        tables = assembled(Path(directory), {name: NAMES[name] for name in names})
    return tables | {"participation.delivery": tables["participation.delivery"].drop(["received"])}


def assembled(directory: Path, files: dict[str, str]) -> dict[str, pa.Table]:
    """Delivers the files in their order and assembles what the home then holds."""
    for name, text in files.items():
        assert deliver(directory, name, text).status in ("taken", "empty")
    return assemble(directory / "home" / "deliveries")
