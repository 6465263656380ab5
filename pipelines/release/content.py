"""What a table says, as one number: a digest of its values that no file format, chunking or compression changes.

Belongs here: the canonical encoding and its digest. Where tables lie and which of them are released does not.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Digest:
    """Number of rows of a table and the SHA-256 of its content, in hexadecimal."""

    rows: int
    sha256: str


class ContentError(ValueError):
    """A table without one definite content; the message holds counts and names only."""


def digest(batches: Iterable[pa.RecordBatch], schema: pa.Schema, keys: Sequence[str] = ()) -> Digest:
    """Digest of rows that arrive in the order of `keys`, in any number of batches, over the columns of `schema`.

    Every column is encoded for itself: the presence of each value as one byte, then the values in little-endian fixed
    width (missing = 0, one spelling each of zero and NaN), text as its lengths and its UTF-8. Names, types and the
    number of rows are part of the digest. Raises ContentError if neighbouring rows share a key (their order would be
    arbitrary) or a batch has another type than the schema.
    """
    columns = [_Column(field) for field in schema]
    rows = repeated = 0
    last: list = []
    for batch in batches:
        if not batch.num_rows:
            continue
        for column in columns:
            column.add(batch.column(column.field.name))
        if keys:
            key = batch.select(list(keys))
            repeated += _repeated(key) + (key.slice(0, 1).to_pylist() == last)
            last = key.slice(key.num_rows - 1).to_pylist()
        rows += batch.num_rows
    if repeated:
        raise ContentError(f"{repeated} rows repeat the key ({', '.join(keys)}) of another row")
    whole = hashlib.sha256(str(rows).encode())
    for column in columns:
        whole.update(column.summary())
    return Digest(rows, whole.hexdigest())


def content_hash(digests: Mapping[str, Digest]) -> str:
    """SHA-256 over the names, rows and digests of several tables, in whatever order they are given."""
    lines = (f"{name} {digests[name].rows} {digests[name].sha256}\n" for name in sorted(digests))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Column:
    """The running digests of one column."""

    def __init__(self, field: pa.Field) -> None:
        self.field = field
        self.present, self.lengths, self.values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()

    def add(self, array: pa.Array) -> None:
        if array.type != self.field.type:
            raise ContentError(f"column {self.field.name} holds {array.type}, expected {self.field.type}")
        self.present.update(np.asarray(array.is_valid()).astype(np.uint8).data)
        if pa.types.is_string(array.type):
            lengths, content = _text(array)
            self.lengths.update(lengths)
            self.values.update(content)
        else:
            self.values.update(_fixed_width(array))

    def summary(self) -> bytes:
        name = f"{self.field.name} {self.field.type} ".encode()
        return name + self.present.digest() + self.lengths.digest() + self.values.digest()


def _text(array: pa.StringArray) -> tuple[memoryview, memoryview]:
    """Lengths (int64 a row) and bytes of the strings, without what a slice or a missing value leaves in the buffers."""
    array = pc.fill_null(array, "")
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    content = array.buffers()[2]
    inside = memoryview(content)[int(offsets[0]) : int(offsets[-1])] if content else memoryview(b"")
    return np.diff(offsets).astype("<i8").data, inside


def _fixed_width(array: pa.Array) -> memoryview:
    """The values in little-endian fixed width."""
    kind = array.type
    if pa.types.is_decimal128(kind):
        array = pc.fill_null(array, pa.scalar(0, kind))
        return memoryview(array.buffers()[1])[array.offset * 16 : (array.offset + len(array)) * 16]
    if pa.types.is_floating(kind):
        values = np.asarray(pc.fill_null(array, 0.0)) + 0.0
        return np.where(np.isnan(values), np.nan, values).data
    stored = {pa.types.is_boolean: pa.uint8(), pa.types.is_date32: pa.int32(), pa.types.is_timestamp: pa.int64()}
    target = next((to for applies, to in stored.items() if applies(kind)), kind)
    if not pa.types.is_integer(target):
        raise ContentError(f"no canonical encoding of {kind}")
    return np.ascontiguousarray(pc.fill_null(array.cast(target), 0)).data


def _repeated(keys: pa.RecordBatch) -> int:
    """How many rows hold the same key as the row before them."""
    equal = [pc.equal(column.slice(1), column.slice(0, len(column) - 1)) for column in keys.columns]
    return int(pc.sum(reduce(pc.and_, equal)).as_py() or 0)
