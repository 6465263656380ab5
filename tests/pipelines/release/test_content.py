"""The digest of a table depends on what the table says and on nothing else."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.release.content import ContentError, Digest, content_hash, digest

EVERY_TYPE = pa.table({
    "key": pa.array(["a", "b", "c", "d"]),
    "number": pa.array([1, None, 3, -4], pa.int32()),
    "big": pa.array([1, 2**40, None, 4], pa.int64()),
    "ratio": pa.array([0.1, None, float("inf"), -2.5]),
    "money": pa.array([Decimal("1.25"), Decimal("-3.00"), None, Decimal("0.01")], pa.decimal128(18, 2)),
    "day": pa.array([date(2010, 1, 1), None, date(1969, 12, 31), date(2030, 1, 1)]),
    "clock": pa.array([datetime(2010, 1, 1, 12), None, None, datetime(1960, 1, 1)], pa.timestamp("us")),
    "flag": pa.array([True, None, False, True]),
    "text": pa.array(["æøå", None, "", "x" * 1000]),
})


def found(table: pa.Table, batch: int = 100, keys: tuple[str, ...] = ("key",)) -> Digest:
    return digest(table.combine_chunks().to_batches(max_chunksize=batch), table.schema, keys)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_digest_does_not_depend_on_how_the_rows_are_cut_into_batches(batch):
    assert found(EVERY_TYPE, batch) == found(EVERY_TYPE)


def test_the_digest_does_not_depend_on_what_lies_around_a_slice():
    around = pa.concat_tables([EVERY_TYPE.slice(2), EVERY_TYPE, EVERY_TYPE.slice(0, 3)]).combine_chunks()
    assert found(around.slice(2, 4)) == found(EVERY_TYPE)


def test_the_digest_does_not_depend_on_what_lies_under_a_missing_value():
    bits = pa.py_buffer(bytes([0b101]))
    values = pa.Array.from_buffers(pa.int32(), 3, [bits, pa.py_buffer(bytes([1, 0, 0, 0, 99, 99, 99, 99, 3, 0, 0, 0]))])
    schema = pa.schema([("number", pa.int32())])
    hidden, clean = pa.record_batch([values], schema), pa.record_batch([pa.array([1, None, 3], pa.int32())], schema)
    assert digest([hidden], schema) == digest([clean], schema)


def test_the_digest_has_one_spelling_of_zero():
    schema = pa.schema([("ratio", pa.float64())])
    zero, negative_zero = (pa.record_batch([pa.array([value])], schema) for value in (0.0, -0.0))
    assert digest([zero], schema) == digest([negative_zero], schema)


@pytest.mark.parametrize("column", EVERY_TYPE.column_names[1:])
@pytest.mark.parametrize("row", [0, 1])
def test_every_value_of_every_type_changes_the_digest(column, row):
    values = EVERY_TYPE[column].to_pylist()
    values[row] = EVERY_TYPE[column][3].as_py() if row == 1 or column != "flag" else False
    index, field = EVERY_TYPE.column_names.index(column), EVERY_TYPE.schema.field(column)
    changed = EVERY_TYPE.set_column(index, field, pa.array(values, field.type))
    assert found(changed).sha256 != found(EVERY_TYPE).sha256


@pytest.mark.parametrize(("column", "spelled"), [("text", ""), ("number", 0), ("flag", False), ("ratio", 0.0)])
def test_a_missing_value_is_not_an_empty_or_zero_one(column, spelled):
    kind = EVERY_TYPE.schema.field(column).type
    schema = pa.schema([(column, kind)])
    missing, there = (digest([pa.record_batch([pa.array([v], kind)], schema)], schema) for v in (None, spelled))
    assert missing.sha256 != there.sha256


def test_text_that_moves_from_one_row_to_the_next_changes_the_digest():
    schema = pa.schema([("text", pa.string())])
    first, second = (pa.record_batch([pa.array(texts)], schema) for texts in (["ab", "c"], ["a", "bc"]))
    assert digest([first], schema).sha256 != digest([second], schema).sha256


def test_names_types_and_order_of_columns_are_part_of_the_digest():
    renamed = EVERY_TYPE.rename_columns(["key", "nummer", *EVERY_TYPE.column_names[2:]])
    widened = EVERY_TYPE.set_column(1, "number", EVERY_TYPE["number"].cast(pa.int64()))
    swapped = EVERY_TYPE.select(["key", "big", "number", *EVERY_TYPE.column_names[3:]])
    assert len({found(table).sha256 for table in (EVERY_TYPE, renamed, widened, swapped)}) == 4


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_rows_that_share_a_key_have_no_definite_content(batch):
    twice = pa.concat_tables([EVERY_TYPE.slice(0, 2), EVERY_TYPE.slice(1)])
    with pytest.raises(ContentError, match="1 rows repeat the key"):
        found(twice, batch)


def test_an_empty_table_has_a_digest_that_knows_its_columns():
    empty, other = EVERY_TYPE.slice(0, 0), EVERY_TYPE.select(["key", "big"]).slice(0, 0)
    assert found(empty).rows == 0
    assert found(empty).sha256 != found(other).sha256


def test_the_hash_of_a_release_depends_on_names_rows_and_digests_but_not_on_their_order():
    one, other = Digest(1, "aa"), Digest(2, "bb")
    assert content_hash({"a.x": one, "b.y": other}) == content_hash({"b.y": other, "a.x": one})
    assert content_hash({"a.x": one, "b.y": other}) != content_hash({"a.x": other, "b.y": one})
