"""The commands of whoever keeps a home: what they print, in words and in JSON, and what they refuse."""

import json
import sys

import pytest

from pipelines import cli
from pipelines.identity import Keys, load_keys, pseudonym, write_keys
from pipelines.participations import assemble, open_home
from tests.pipelines.participations.drawing import CPRS, CVRS, KEYS
from tests.pipelines.participations.keeping import draw_home, draw_registers, files_with


@pytest.fixture
def effekt(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty directory with synthetic numbers at hand; exit code, standard output and error."""
    for name in ("EFFEKT_HOME", "EFFEKT_KEYS", "EFFEKT_SYNTHETIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter([list(CVRS)]))
    monkeypatch.setattr("pipelines.identity.rotation.cpr_numbers", lambda *_, **__: iter([list(CPRS)]))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["effekt", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def home(effekt, tmp_path):
    (tmp_path / ".keys").mkdir()
    write_keys(tmp_path / ".keys", KEYS)
    return draw_home(tmp_path)


def test_keys_are_rotated_and_the_home_put_under_them_in_two_commands(effekt, home, tmp_path):
    code, out, _ = effekt("keys", "rotate", "--home", "home")
    assert code == 0
    assert "new keys in .keys.new" in out
    assert "then: effekt rekey --keys .keys --to .keys.new" in out
    code, out, _ = effekt("rekey", "--keys", ".keys", "--to", ".keys.new", "--home", "home")
    assert code == 0
    assert out.startswith("10 pseudonyms replaced in 5 deliveries and 4 register extracts\n")
    new = load_keys(tmp_path / ".keys.new", home)
    assert set(assemble(home / "deliveries")["participation.delivery"]["key_id"].to_pylist()) == {
        new.company_id, new.person_id
    }
    code, out, err = effekt("rekey", "--to", ".keys.new", "--home", "home")
    assert (code, out) == (1, "")
    assert "is kept under the new keys already" in err


def test_with_json_nothing_but_json_is_printed_and_it_holds_no_key(effekt, home, tmp_path):
    (tmp_path / "out.txt").write_text(f"{CVRS[0]}\n{CPRS[1]}\n")
    told = [
        json.loads(effekt(*words, "--home", "home", "--json")[1])
        for words in (
            ("withdraw", "out.txt"), ("keys", "rotate", "--to", "new"), ("rekey", "--to", "new")
        )
    ]
    assert told[0]["rows"] == 3
    assert (told[1]["keys"], told[1]["drawn"], told[1]["missing"]) == ("new", True, 0)
    assert (told[2]["deliveries"], told[2]["keys"]) == (5, "new")
    new = load_keys(tmp_path / "new", home)
    assert told[1]["company"] == told[2]["company"] == new.company_id
    assert new.company.hex() not in json.dumps(told)


def test_a_withdrawal_says_what_it_did_and_what_still_waits(effekt, home, tmp_path):
    (tmp_path / "out.txt").write_text(f"{CVRS[0]}\n{CPRS[1]}\n")
    code, out, _ = effekt("withdraw", "--keys", ".keys", "out.txt", "--home", "home")
    assert code == 0
    assert out.splitlines() == [
        "1 persons and 1 companies withdrawn: 3 rows of 3 deliveries, 9 rows of 4 register extracts",
        "1 older releases held them and were removed",
        "the current release holds them until `effekt run` has made the next one, and is removed then",
    ]


@pytest.mark.parametrize("words", [("keys", "rotate"), ("rekey", "--to", "new"), ("withdraw", "out.txt")])
def test_a_home_that_is_not_there_is_not_made(effekt, tmp_path, words):
    code, out, err = effekt(*words)
    assert (code, out) == (1, "")
    assert "there is no home at var" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_taken_as_numbers_is_one_sentence(effekt, home, tmp_path):
    (tmp_path / "out.txt").write_text("01000005\n")
    code, out, err = effekt("withdraw", "out.txt", "--home", "home")
    assert (code, out) == (1, "")
    assert "1 lines hold no number that this home could have stored (line 1)" in err
    assert "1000005" not in err
    assert "there is no such file" in effekt("withdraw", "none.txt", "--home", "home")[2]


def test_a_run_takes_the_withdrawn_out_of_new_extracts_first_and_removes_the_releases_that_waited(effekt, home, tmp_path, monkeypatch):
    keys = load_keys(tmp_path / ".keys", home)
    (tmp_path / "out.txt").write_text(f"{CVRS[0]}\n")
    effekt("withdraw", "out.txt", "--home", "home")
    draw_registers(home / "registers", 2011, keys)
    gone = pseudonym(keys.company, CVRS[0])

    def nightly(settings):
        assert files_with(home / "registers", gone) == []
        (home / "releases" / "2011-next").mkdir()
        (home / "releases" / "current").unlink()
        (home / "releases" / "current").symlink_to("2011-next")
        return {"success": True}

    monkeypatch.setattr(cli, "_require_everything", lambda settings: None)
    monkeypatch.setattr(cli, "_run_nightly", nightly)
    monkeypatch.setattr(cli, "_show_result", lambda *_: None)
    code, _, err = effekt("run", "--home", "home")
    assert code == 0
    assert "rows of 2 new register extracts were about units withdrawn before" in err
    assert "1 earlier releases held somebody who was withdrawn and were removed" in err
    assert files_with(home, gone) == []


def test_a_table_that_misses_somebody_is_exit_code_1(effekt, tmp_path):
    effekt("keys", "new")
    open_home(tmp_path / "home", False)
    draw_registers(tmp_path / "home" / "registers", 2010, Keys(bytes(range(32)), bytes(range(32, 64))))
    code, out, _ = effekt("keys", "rotate", "--home", "home")
    assert code == 1
    assert "10 pseudonyms belong to no number under the old keys" in out
