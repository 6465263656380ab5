"""`verify` finds whatever is no longer as it was published; each finding is shown red here once."""

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.release import WAREHOUSE, ReleaseError, build, current, publish, verify
from tests.pipelines.release.drawn import AS_OF, FACTS, drawn_tables


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    home = tmp_path_factory.mktemp("published")
    publish(build(drawn_tables(), home, AS_OF, FACTS))
    return home


@pytest.fixture
def home(published, tmp_path):
    return Path(shutil.copytree(published, tmp_path / "home", symlinks=True))


def change_warehouse(home, *statements: str) -> None:
    with duckdb.connect(str(current(home) / WAREHOUSE)) as con:
        for statement in statements:
            con.execute(statement)


def findings(home) -> set[tuple[str, str]]:
    return {(found.where, found.rule) for found in verify(home)}


def test_a_release_as_it_was_published_is_sound(home):
    assert verify(home) == ()
    assert not (home / "tmp" / f"verify-{os.getpid()}").exists()


def test_without_a_release_there_is_nothing_to_verify(tmp_path):
    with pytest.raises(ReleaseError):
        verify(tmp_path)


def test_a_changed_figure_is_found_in_the_file_the_table_and_the_hash(home):
    change_warehouse(home, "UPDATE effect.total SET net = net + 1e-9 WHERE event_time = 2")
    assert findings(home) == {(WAREHOUSE, "files"), ("effect.total", "content"), ("manifest.json", "content_hash")}


def test_a_vanished_row_breaks_the_accounts(home):
    change_warehouse(home, "DELETE FROM participation.company WHERE company = 'berta'")
    assert ("participation.delivery", "current = rows in the tables") in findings(home)
    assert ("participation.company", "content") in findings(home)


def test_rows_of_a_delivery_that_nobody_knows_break_the_accounts(home):
    change_warehouse(home, "UPDATE participation.company SET delivery = 'third' WHERE company = 'clara'")
    found = [one for one in verify(home) if one.rule == "current = rows in the tables"]
    assert [one.detail for one in found] == ["2 deliveries do not add up"]


@pytest.mark.parametrize(
    ("column", "account"),
    [
        ("read", "read = accepted + quarantined"),
        ("superseded", "accepted = current + superseded + withdrawn"),
        ("quarantined", "quarantined = rows in the quarantine"),
    ],
)
def test_every_figure_of_the_ledger_is_held_to_an_account(home, column, account):
    wrong = "UPDATE participation.delivery SET {0} = {0} + 1 WHERE delivery = 'first'"
    change_warehouse(home, wrong.format(column))
    assert ("participation.delivery", account) in findings(home)


def test_a_broken_contract_is_found_with_the_number_of_rows_and_without_their_values(home):
    change_warehouse(home, "UPDATE participation.company SET initiative_type = 'secret', support_dkk = -12345")
    found = {(one.where, one.rule): one.detail for one in verify(home)}
    assert found[("participation.company.initiative_type", "in_codes")] == "3 rows break it"
    assert found[("participation.company.support_dkk", "between")] == "3 rows break it"
    assert not any("secret" in str(one) or "12345" in str(one) for one in verify(home))


def test_a_table_or_a_column_that_is_gone_is_found(home):
    change_warehouse(home, "DROP TABLE effect.jobs", "ALTER TABLE effect.total DROP COLUMN overlap")
    assert {("effect.jobs", "content"), ("effect.jobs", "contract"), ("effect.total", "columns")} <= findings(home)


def test_files_that_come_and_go_are_found(home):
    release = current(home)
    (release / "public" / "extra.csv").write_text("type,n\n")
    assert findings(home) == {("public/extra.csv", "files")}
    (release / "public" / "extra.csv").unlink()
    (release / WAREHOUSE).unlink()
    assert {(WAREHOUSE, "files"), (WAREHOUSE, "readable")} <= findings(home)


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_an_unreadable_manifest_is_the_one_thing_found(home, text):
    (current(home) / "manifest.json").write_text(text)
    assert findings(home) == {("manifest.json", "manifest")}


def test_a_manifest_that_claims_another_content_is_found(home):
    path = current(home) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["effect.total"]["rows"] = 3
    path.write_text(json.dumps(manifest))
    assert findings(home) == {("effect.total", "content")}


@pytest.mark.parametrize("place", [10, 4200, 20000, 300000])
def test_flipped_bits_anywhere_in_the_warehouse_are_found(home, place):
    path = current(home) / WAREHOUSE
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    assert (WAREHOUSE, "files") in findings(home)
