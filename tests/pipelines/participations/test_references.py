"""A row of a project that the home does not know is a warning in `check` and in the receipt, never a finding."""

import json

import pyarrow.parquet as pq

from pipelines.participations import assemble, check
from tests.pipelines.participations.drawing import COMPANIES, CVRS, INITIATIVES, PERSONS, PROJECTS, deliver, put

NAME = "nord_company_participations_2010.csv"
UNKNOWN = COMPANIES + f"{CVRS[3]};P9;01-05-2010;;\n"


def test_nothing_is_warned_of_before_any_project_has_come(tmp_path):
    assert deliver(tmp_path, NAME, UNKNOWN).warnings == {}
    assert check(tmp_path / NAME, "company_participations", synthetic=True, home=tmp_path / "home").warnings == {}


def test_an_unknown_project_is_a_warning_with_its_row_and_the_row_is_accepted(tmp_path):
    deliver(tmp_path, "nord_projects_2010.csv", PROJECTS)
    told = check(put(tmp_path, NAME, UNKNOWN), "company_participations", synthetic=True, home=tmp_path / "home")
    receipt = deliver(tmp_path, NAME, UNKNOWN)
    for one in (told, receipt):
        assert (one.status, one.accepted, one.quarantined, one.by_rule) == ("taken", 4, 0, {})
        assert one.warnings == one.as_dict()["warnings"] == {"unknown_project": 1}
        assert one.waiting.to_pylist() == [{"row": 5, "rule": "unknown_project", "column": "project"}]
    assert check(tmp_path / NAME, "company_participations", synthetic=True).warnings == {}


def test_a_later_delivery_of_the_project_ends_the_warning_and_frees_the_row(tmp_path):
    deliver(tmp_path, "nord_initiatives_2010.csv", INITIATIVES)
    deliver(tmp_path, "nord_projects_2010.csv", PROJECTS)
    deliver(tmp_path, NAME, UNKNOWN)
    assert assemble(tmp_path / "home" / "deliveries")["participation.company"].num_rows == 3
    deliver(tmp_path, "nord_projects_2011.csv", PROJECTS + "P9;I1;Ny;nord;;;\n")
    again = deliver(tmp_path, NAME, UNKNOWN)
    assert (again.status, again.warnings) == ("duplicate", {})
    assert assemble(tmp_path / "home" / "deliveries")["participation.company"].num_rows == 4


def test_persons_targets_and_projects_are_warned_of_too_and_contacts_refer_to_nothing(tmp_path):
    deliver(tmp_path, "nord_initiatives_2010.csv", INITIATIVES.replace("I1", "I8"))
    assert deliver(tmp_path, "nord_projects_2010.csv", PROJECTS).warnings == {"unknown_initiative": 2}
    assert deliver(tmp_path, "nord_person_participations_2010.csv", PERSONS.replace("P2", "P9")).warnings == {"unknown_project": 1}
    targets = "Projekt;Indikator;Mål\nP9;jobs_1;3\nP1;jobs_1;3\n"
    assert deliver(tmp_path, "nord_targets_2010.csv", targets).warnings == {"unknown_project": 1}
    contacts = f"CVR-nr.;Aktør;Dato\n{CVRS[0]};Kommunen;01-05-2010\n"
    assert deliver(tmp_path, "nord_company_contacts_2010.csv", contacts).warnings == {}


def test_what_is_stored_does_not_depend_on_what_had_come_before(tmp_path):
    deliver(tmp_path, "nord_projects_2010.csv", PROJECTS)
    receipt = deliver(tmp_path, NAME, UNKNOWN)
    stored = tmp_path / "home" / "deliveries" / receipt.delivery
    assert json.loads((stored / "receipt.json").read_text())["warnings"] == {}
    assert pq.read_table(stored / "quarantined.parquet").num_rows == 0


def test_a_damaged_delivery_of_projects_only_means_that_less_is_known(tmp_path):
    damaged = tmp_path / "home" / "deliveries" / deliver(tmp_path, "nord_projects_2010.csv", PROJECTS).delivery
    (damaged / "accepted.parquet").write_bytes(b"x")
    told = check(put(tmp_path, NAME, UNKNOWN), "company_participations", synthetic=True, home=tmp_path / "home")
    assert (told.status, told.warnings) == ("taken", {})


def test_a_check_against_a_home_writes_nothing_there(tmp_path):
    file = put(tmp_path, NAME, UNKNOWN)
    check(file, "company_participations", synthetic=True, home=tmp_path / "home")
    assert not (tmp_path / "home").exists()
