"""Extracts that are not what they should be: refused by name before anything is computed, and no value is told."""

import datetime as dt
import hashlib
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.registers import RegisterError, check_extracts, manifest
from pipelines.registers import checking as checking_module
from schemas.contract import load
from tests.pipelines.registers.drawn import EVERY, put, put_every, table

CANARY = "kfkfkfkfkfkfkfkfkfkfkfkfkfkfkfkf"
IDS = {"company": "ours", "person": "ourstoo"}


def refusal(directory, **how) -> str:
    with pytest.raises(RegisterError) as refused:
        check_extracts(directory, **how)
    assert CANARY not in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_was_read_is_told_by_register_and_period_with_rows_bytes_and_hash(tmp_path):
    put_every(tmp_path)
    path = put(tmp_path, "2016-10-31/FIRM2015.parquet", "FIRM", CVRNR="a")
    read = manifest(check_extracts(tmp_path))
    assert read.schema.equals(load("meta.extract").arrow_schema())
    rows = read.to_pylist()
    assert [(row["register"], row["period"]) for row in rows] == [
        ("BEF", "201512"), ("BFL", "201512"), ("FIRM", "2015"), ("UDDA", "201509"),
    ]
    assert rows[2] == {
        "register": "FIRM", "period": "2015", "file": "2016-10-31/FIRM2015.parquet", "published": dt.date(2016, 10, 31),
        "preliminary": True, "rows": 1, "bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert (rows[0]["published"], rows[0]["preliminary"]) == (None, None)


@pytest.mark.parametrize("register", ["FIRM", "BFL", "BEF", "UDDA", "LONG_DEMO", "FIKS", "AKM", "DREAM"])
def test_every_column_that_is_missing_is_named(tmp_path, register):
    put_every(tmp_path)
    for column in load(f"registers.{register}").columns:
        path = put(tmp_path, f"{register}2015.parquet" if register in ("FIRM", "AKM") else f"{register}201412.parquet", register)
        pq.write_table(pq.read_table(path).drop_columns([column.name]), path)
        assert refusal(tmp_path).startswith(f"{path.name} lacks the column {column.name}:")


def test_a_column_that_is_there_in_two_spellings_is_named(tmp_path):
    path = put(put_every(tmp_path), "FIRM2015.parquet", "FIRM", CVRNR=CANARY)
    pq.write_table(pq.read_table(path).append_column("cvrnr", pa.array([CANARY])), path)
    assert refusal(tmp_path).startswith("FIRM2015.parquet has more than one column CVRNR:")


def large(path, register: str, rows: int = 4000) -> bytes:
    """A file whose pages fill most of it; its bytes."""
    rng = np.random.default_rng(1)
    names = pa.array(["".join(rng.choice(list("abcdefghijklmnop"), 32)) for _ in range(rows)])
    whole = pa.table({
        column.name: names if column.type == pa.string() else pa.array(np.arange(rows)).cast(column.type)
        if pa.types.is_integer(column.type) else pa.nulls(rows, column.type)
        for column in load(f"registers.{register}").columns
    })
    pq.write_table(whole, path, write_page_checksum=True)
    return path.read_bytes()


def test_a_file_that_is_cut_off_anywhere_is_refused_by_name(tmp_path):
    put_every(tmp_path)
    path = tmp_path / "BFL201512.parquet"
    content = large(path, "BFL", 500)
    for length in (0, 3, 8, len(content) // 3, len(content) // 2, len(content) - 9, len(content) - 1):
        path.write_bytes(content[:length])
        assert refusal(tmp_path) == "BFL201512.parquet cannot be read as Parquet: copy the extract again"


def test_a_bit_flipped_in_any_page_is_found_by_name(tmp_path):
    put_every(tmp_path)
    path = tmp_path / "FIRM2015.parquet"
    content = large(path, "FIRM")
    column = pq.read_metadata(path).row_group(0).column(0)
    first = column.dictionary_page_offset or column.data_page_offset
    for place in np.linspace(first + 60, first + column.total_compressed_size - 60, 12).astype(int):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (int(place) % 8)
        path.write_bytes(flipped)
        assert refusal(tmp_path) == "FIRM2015.parquet cannot be read as Parquet: copy the extract again"
    path.write_bytes(content)
    check_extracts(tmp_path)


def test_a_file_is_read_through_once_and_again_only_when_it_was_changed(tmp_path, monkeypatch):
    registers = put_every(tmp_path / "registers")
    read = []
    whole = checking_module._read_through
    monkeypatch.setattr(checking_module, "_read_through", lambda one: read.append(one.name) or whole(one))
    first = check_extracts(registers)
    assert check_extracts(registers) == first
    assert read == [f"{name}.parquet" for name in EVERY]
    put(registers, "BEF201512.parquet", "BEF", PNR=CANARY)
    assert check_extracts(registers) != first
    assert read[4:] == ["BEF201512.parquet"]
    (tmp_path / "imported" / "known.json").write_text("{damaged")
    check_extracts(registers)
    assert len(read) == 9


def test_a_known_file_still_has_its_columns_looked_at(tmp_path, monkeypatch):
    registers = put_every(tmp_path / "registers")
    check_extracts(registers)
    path = registers / "UDDA201509.parquet"
    before = os.stat(path)
    pq.write_table(table("UDDA", PNR=CANARY).drop_columns(["HFAUDD"]), path)
    monkeypatch.setattr(checking_module, "still_known", lambda one, known: known[one.name])
    assert refusal(registers).startswith("UDDA201509.parquet lacks the column HFAUDD")
    assert before.st_size != 0


@pytest.mark.parametrize(("note", "told"), [
    ({"company": "theirs", "person": "ourstoo"}, "FIRM2015.parquet holds pseudonyms of another company key than the deliveries'"),
    ({"company": "ours", "person": "theirs"}, "BFL201512.parquet holds pseudonyms of another person key than the deliveries'"),
    ({"person": "theirs"}, "BFL201512.parquet holds pseudonyms of another person key"),
])
def test_extracts_under_another_key_than_the_deliveries_are_refused_by_name(tmp_path, note, told):
    put_every(tmp_path)
    (tmp_path / "keys.json").write_text(json.dumps(note))
    assert refusal(tmp_path, key_ids=IDS).startswith(told)
    check_extracts(tmp_path, key_ids={})


def test_a_publication_may_say_itself_under_which_keys_it_was_made(tmp_path):
    put_every(tmp_path)
    put(tmp_path, "2016-10-31/FIRM2015.parquet", "FIRM")
    (tmp_path / "keys.json").write_text(json.dumps(IDS))
    check_extracts(tmp_path, key_ids=IDS)
    (tmp_path / "2016-10-31" / "keys.json").write_text(json.dumps({**IDS, "company": "theirs"}))
    told = refusal(tmp_path, key_ids=IDS)
    assert told.startswith("2016-10-31/FIRM2015.parquet holds pseudonyms of another company key")
    assert "(2016-10-31/keys.json says so)" in told
    check_extracts(tmp_path, dt.date(2015, 12, 31), key_ids=IDS)


@pytest.mark.parametrize("note", ["", "[", "[1]", "3", "null"])
def test_a_note_of_keys_that_cannot_be_read_is_refused(tmp_path, note):
    put_every(tmp_path)
    (tmp_path / "keys.json").write_text(note)
    assert refusal(tmp_path, key_ids=IDS).startswith("keys.json cannot be read")


@pytest.mark.parametrize(("names", "told"), [
    ({"Y_1502": "Y_1505"}, "DREAM201512.parquet: DREAM lacks the weeks between columns"),
    ({"Y_1502": "Y_1560"}, "DREAM201512.parquet: DREAM column Y_1560 names a week that its year does not have"),
    ({"Y_1502": "y_1501"}, "DREAM201512.parquet: DREAM columns Y_1501 and y_1501 name the same week"),
])
def test_dream_with_a_week_that_is_missing_or_there_twice_is_refused(tmp_path, names, told):
    path = put(put_every(tmp_path), "DREAM201512.parquet", "DREAM")
    dream = pq.read_table(path)
    pq.write_table(dream.rename_columns([names.get(name, name) for name in dream.column_names]), path)
    assert refusal(tmp_path).startswith(told)


def test_dream_with_a_week_of_dates_is_refused(tmp_path):
    put(put_every(tmp_path), "DREAM201512.parquet", "DREAM", Y_1502=dt.date(2015, 1, 5))
    assert refusal(tmp_path).startswith("DREAM201512.parquet has 1 week columns of the wrong kind, the first is Y_1502:")
