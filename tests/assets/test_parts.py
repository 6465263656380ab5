"""Pieces kept from run to run: made once, made again when what they are made from changes or their bytes do."""

import pytest

from assets import parts
from assets.parts import Part, code_version, digest_of, drop_parts, keep_parts
from pipelines.registers import job_sums, jobs


def piece(made, period="2010", key="k" * 64, text="whole"):
    def make(directory):
        made.append(period)
        (directory / "table").write_text(text)

    return Part(period, key, make)


def test_a_piece_is_made_once_and_then_found(tmp_path):
    made = []
    first = keep_parts(tmp_path, [piece(made), piece(made, "2011")])
    assert keep_parts(tmp_path, [piece(made), piece(made, "2011")]) == first
    assert made == ["2010", "2011"]
    assert [(path / "table").read_text() for path in first] == ["whole", "whole"]


def test_only_the_piece_whose_key_changed_is_made_again(tmp_path):
    made = []
    keep_parts(tmp_path, [piece(made), piece(made, "2011")])
    changed = [piece(made, key="l" * 64, text="corrected"), piece(made, "2011")]
    kept = keep_parts(tmp_path, changed)
    assert made == ["2010", "2011", "2010"]
    assert [(path / "table").read_text() for path in kept] == ["corrected", "whole"]
    drop_parts(tmp_path, changed)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


@pytest.mark.parametrize("damage", [
    lambda path: (path / "table").write_text("wholf"),
    lambda path: (path / "table").unlink(),
    lambda path: (path / "manifest.json").unlink(),
    lambda path: (path / "manifest.json").write_text("{"),
    lambda path: (path / "more").write_text("x"),
], ids=["a bit", "a file gone", "no manifest", "half a manifest", "a file more"])
def test_a_piece_whose_bytes_are_not_as_written_is_made_again(tmp_path, damage):
    made = []
    (path,) = keep_parts(tmp_path, [piece(made)])
    damage(path)
    keep_parts(tmp_path, [piece(made)])
    assert made == ["2010", "2010"]
    assert sorted(file.name for file in path.iterdir()) == ["manifest.json", "table"]


def test_of_a_try_that_fails_nothing_is_left_and_what_was_there_stays(tmp_path):
    def fail(directory):
        (directory / "table").write_text("half")
        raise OSError("disk full")

    (kept,) = keep_parts(tmp_path, [piece([])])
    with pytest.raises(OSError, match="disk full"):
        keep_parts(tmp_path, [Part("2011", "k" * 64, fail)])
    assert list(tmp_path.iterdir()) == [kept]


def test_what_a_killed_run_left_is_dropped(tmp_path):
    (tmp_path / ".2010-x.aside").mkdir()
    (tmp_path / ".2010-x.aside" / "table").write_text("half")
    drop_parts(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_digest_tells_where_one_text_ends_and_the_next_begins():
    assert digest_of("ab", "c") != digest_of("a", "bc")


def test_the_code_version_changes_with_source_contract_and_engine(monkeypatch):
    version = code_version([jobs], ["registers.BFL"])
    assert code_version([jobs], ["registers.BFL"]) == version
    others = {code_version([job_sums], ["registers.BFL"]), code_version([jobs], ["registers.BEF"])}
    monkeypatch.setattr(parts, "version", lambda name: "0")
    others.add(code_version([jobs], ["registers.BFL"]))
    assert len(others - {version}) == 3
