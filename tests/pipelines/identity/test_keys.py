"""Key files: how they are made, and every reason to refuse them. Keys are made here and never committed."""

import os
import re
import stat

import pytest

from pipelines.identity import IdentityError, Keys, load_keys, new_keys, write_keys
from tests.pipelines.identity.killing import Killed, killed_at


@pytest.fixture
def made(tmp_path):
    new_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_new_keys_are_two_different_files_of_32_bytes_that_only_their_owner_can_read(tmp_path):
    before = os.umask(0)
    try:
        new_keys(tmp_path / "deep" / "keys")
    finally:
        os.umask(before)
    files = sorted((tmp_path / "deep" / "keys").iterdir())
    assert [file.name for file in files] == ["company.key", "person.key"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert len({file.read_bytes() for file in files}) == 2
    assert {file.stat().st_size for file in files} == {32}


def test_keys_are_loaded_as_they_were_made(tmp_path):
    new = new_keys(tmp_path / "keys")
    assert load_keys(tmp_path / "keys", tmp_path / "home") == new


@pytest.mark.parametrize("present", ["company.key", "person.key"])
def test_existing_keys_are_never_overwritten(tmp_path, present):
    (tmp_path / present).write_bytes(b"kept")
    with pytest.raises(IdentityError, match="never overwritten"):
        new_keys(tmp_path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(present, b"kept")]


def test_a_missing_key_is_named_with_the_command_that_makes_it(tmp_path, made):
    (made / "person.key").unlink()
    with pytest.raises(IdentityError, match=r"person\.key is missing; `effekt keys new`"):
        load_keys(made, tmp_path / "home")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has 0 bytes"),
        (bytes(range(31)), "has 31 bytes"),
        (bytes(range(32)) + b"\n", "has 33 bytes"),
        (bytes(32), "weak"),
        (b"ab" * 16, "weak"),
        (b"0123456789abcdef" * 2, "weak"),
    ],
)
def test_a_short_long_or_weak_key_is_refused(tmp_path, made, content, words):
    (made / "company.key").write_bytes(content)
    with pytest.raises(IdentityError, match=words):
        load_keys(made, tmp_path / "home")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_can_reach_is_refused(tmp_path, made, mode):
    (made / "company.key").chmod(mode)
    with pytest.raises(IdentityError, match="can be read by others; `chmod 600`"):
        load_keys(made, tmp_path / "home")


def test_the_same_key_for_both_domains_is_refused(tmp_path, made):
    (made / "person.key").write_bytes((made / "company.key").read_bytes())
    with pytest.raises(IdentityError, match="are the same"):
        load_keys(made, tmp_path / "home")


def test_keys_inside_the_home_are_refused_even_behind_a_link(tmp_path):
    new_keys(tmp_path / "home" / "keys")
    (tmp_path / "link").symlink_to(tmp_path / "home" / "keys")
    for directory in (tmp_path / "home" / "keys", tmp_path / "link"):
        with pytest.raises(IdentityError, match="inside the home"):
            load_keys(directory, tmp_path / "home")


def test_a_key_id_is_sixteen_letters_that_depend_on_the_key_alone(tmp_path):
    one, other = new_keys(tmp_path / "one"), new_keys(tmp_path / "other")
    ids = [one.company_id, one.person_id, other.company_id, other.person_id]
    assert len(set(ids)) == 4
    assert all(re.fullmatch("[a-p]{16}", text) for text in ids)
    assert Keys(one.company, other.person).company_id == one.company_id


def test_no_byte_of_a_key_is_in_a_repr_or_an_error(tmp_path, made):
    keys = load_keys(made, tmp_path / "home")
    (made / "company.key").write_bytes(keys.company + b"!")
    with pytest.raises(IdentityError) as refused:
        load_keys(made, tmp_path / "home")
    for shown in (repr(keys), str(refused.value)):
        assert not any(form in shown for key in (keys.company, keys.person) for form in (repr(key)[2:-1], key.hex()))


def test_a_key_that_cannot_be_read_is_an_error_that_says_why(tmp_path, made, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", denied)
    with pytest.raises(IdentityError, match=r"company\.key cannot be read: Permission denied"):
        load_keys(made, tmp_path / "home")


@pytest.mark.parametrize("step", range(1, 6))
def test_keys_are_made_both_or_not_at_all(tmp_path, monkeypatch, step):
    """Killed at any write, sync or rename, a new directory of keys is whole or missing, and the next try succeeds."""
    with monkeypatch.context() as killed:
        killed_at(killed, step)
        with pytest.raises(Killed):
            new_keys(tmp_path / "keys")
    if (tmp_path / "keys").exists():
        load_keys(tmp_path / "keys", tmp_path / "home")
    else:
        new_keys(tmp_path / "keys")
        assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_keys_go_into_a_directory_that_is_there(tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "note.txt").touch()
    assert both(new_keys(tmp_path / "keys")) == both(load_keys(tmp_path / "keys", tmp_path / "home"))


def test_delivery_keys_of_earlier_generations_are_kept_and_checked_like_keys(tmp_path):
    earlier = (bytes(range(32)), bytes(range(32, 64)))
    (tmp_path / "keys").mkdir()
    write_keys(tmp_path / "keys", Keys(bytes(range(64, 96)), bytes(range(96, 128)), earlier=earlier))
    assert load_keys(tmp_path / "keys", tmp_path / "home").earlier == earlier
    file = tmp_path / "keys" / "earlier.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for content in (b"", b"x" * 33):
        file.write_bytes(content)
        with pytest.raises(IdentityError, match=r"earlier\.key is damaged"):
            load_keys(tmp_path / "keys", tmp_path / "home")
    file.chmod(0o640)
    with pytest.raises(IdentityError, match="can be read by others"):
        load_keys(tmp_path / "keys", tmp_path / "home")


def test_the_derived_keys_are_neither_key_nor_each_other():
    keys = Keys(bytes(range(32)), bytes(range(100, 132)))
    assert len({keys.company, keys.person, keys.delivery, keys.mark}) == 4
    assert {len(keys.delivery), len(keys.mark)} == {32}


def both(keys):
    return keys.company, keys.person
