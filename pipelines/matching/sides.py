"""Reads the two sides of a matching into arrays: rows in id order, exact cells as numbers, covariates as floats.

No distance is computed here and nothing is chosen. Because everything downstream sees rows in id order only, no result
can depend on the order in which rows were handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Table = pd.DataFrame | pa.Table

# Cell numbers are looked up in an array of this size at most; finer partitions are numbered anew first.
LARGEST_LOOKUP = 1 << 22


@dataclass(frozen=True)
class Side:
    """The rows of one side: n given, m of them complete (exact columns and covariates all known), p covariates."""

    ids: pa.ChunkedArray  # (n,) int64 or large_string, in the order given
    rows: np.ndarray  # (m,) int64: the row given of each complete row, in id order
    missing: np.ndarray  # (n - m,) int64: the rows given that miss a covariate or an exact column, in id order
    x: np.ndarray  # (m, p) float64, in id order
    cell: np.ndarray  # (m,) int64, in id order: number of the treated's cell, -1 where no complete treated row stands

    def units(self, positions: np.ndarray) -> pa.ChunkedArray:
        """Ids at positions (in id order) among the complete rows."""
        return self.ids.take(pa.array(self.rows[positions]))


def read_sides(
    treated: Table, controls: Table, *, unit: str, exact: Sequence[str], covariates: Sequence[str]
) -> tuple[Side, Side]:
    """Both sides as arrays; cells are numbered 0 … c-1 over the cells in which a complete treated row stands.

    Raises ValueError naming the column and the count when a column is absent, a unit is missing or stands twice on one
    side, a covariate is not numeric or not finite, or the two sides hold a column as different kinds.
    """
    tables = {"treated": treated, "controls": controls}
    for side, table in tables.items():
        require_columns(table, (unit, *exact, *covariates), side)
    ids = [read_ids(table, unit, side) for side, table in tables.items()]
    ids = [column if len(column) else pa.chunked_array([], type=ids[1 - i].type) for i, column in enumerate(ids)]
    if ids[0].type != ids[1].type:
        raise ValueError(f"column {unit!r} holds whole numbers on one side and text on the other; give both one kind")
    orders = [order_of_ids(column, unit, side) for column, side in zip(ids, tables, strict=True)]
    codes, known, cardinality = code_cells(treated, controls, exact)
    values = [[read_floats(table, name, side) for name in covariates] for side, table in tables.items()]
    rows, missing = [], []
    for complete, columns, order in zip(known, values, orders, strict=True):
        for column in columns:
            complete &= ~np.isnan(column)
        kept = complete[order]
        rows.append(order if kept.all() else order[kept])
        missing.append(order[~kept])
    cells = number_treated_cells(codes, rows, cardinality)
    x = [gather(columns, kept) for columns, kept in zip(values, rows, strict=True)]
    return tuple(Side(*parts) for parts in zip(ids, rows, missing, x, cells, strict=True))


def require_columns(table: Table, names: Sequence[str], side: str) -> None:
    """Raises unless the table is a pandas DataFrame or an Arrow table that holds every named column once."""
    if not isinstance(table, pd.DataFrame | pa.Table):
        raise TypeError(f"{side} must be a pandas DataFrame or an Arrow table, not {type(table).__name__}")
    held = list(table.columns if isinstance(table, pd.DataFrame) else table.column_names)
    absent = sorted({name for name in names if name not in held})
    if absent:
        raise ValueError(f"{side} has no column {', '.join(map(repr, absent))}")
    doubled = sorted({name for name in names if held.count(name) > 1})
    if doubled:
        raise ValueError(f"{side} has more than one column {', '.join(map(repr, doubled))}")


def read_column(table: Table, name: str, side: str) -> pa.ChunkedArray:
    """A column as Arrow, NaN as null, categories as their values. Messages name the column, never a value."""
    if isinstance(table, pa.Table):
        column = table.column(name)
    else:
        try:
            column = pa.array(table[name], from_pandas=True)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"column {name!r} of {side} mixes kinds of values; give it one type") from None
        column = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def read_ids(table: Table, unit: str, side: str) -> pa.ChunkedArray:
    """The unit column as int64 or large_string. Raises on a missing unit or another kind of value."""
    column = read_column(table, unit, side)
    if column.null_count:
        raise ValueError(f"column {unit!r} of {side} is missing in {column.null_count} rows; every row needs its unit")
    if pa.types.is_integer(column.type):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            raise ValueError(f"column {unit!r} of {side} holds numbers beyond 64 bits with sign; use text") from None
    if is_text(column.type):
        return column.cast(pa.large_string())
    if len(column) == 0:
        return pa.chunked_array([], type=pa.int64())
    raise ValueError(f"column {unit!r} of {side} must hold whole numbers or text, not {column.type}")


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def order_of_ids(ids: pa.ChunkedArray, unit: str, side: str) -> np.ndarray:
    """Rows in rising order of the id, (n,) int64, text by code points. Raises, with the count, on repeated units."""
    if pa.types.is_integer(ids.type):
        numbers = ids.to_numpy()
        if np.all(numbers[1:] > numbers[:-1]):
            return np.arange(len(numbers))
        order, doubled = order_of_numbers(numbers)
    else:
        order, doubled = order_of_text(pa.concat_arrays(ids.chunks) if ids.num_chunks else pa.array([], ids.type))
    if doubled:
        raise ValueError(
            f"column {unit!r} of {side} repeats a unit in {doubled} rows; a unit may stand once on a side "
            "(match each cohort or period by itself)"
        )
    return order


def order_of_numbers(numbers: np.ndarray) -> tuple[np.ndarray, int]:
    """Order by size and the number of repeats: by counting where the numbers lie dense, else by sorting."""
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < 2 * len(numbers):
        row_of_number = np.full(high - low + 1, -1, np.int32)
        row_of_number[numbers - low] = np.arange(len(numbers), dtype=np.int32)
        order = row_of_number[row_of_number >= 0].astype(np.int64)
        return order, len(numbers) - len(order)
    order = np.argsort(numbers)
    return order, int(np.count_nonzero(np.diff(numbers[order]) == 0))


def order_of_text(texts: pa.Array) -> tuple[np.ndarray, int]:
    """Order by code points and the number of repeats: by the first eight bytes, then in full where these are equal."""
    first = leading_bytes(texts)
    order = np.argsort(first)
    equal = first[order[1:]] == first[order[:-1]]
    if not equal.any():
        return order, 0
    tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
    part = texts.take(pa.array(order[tied]))
    inner = pc.sort_indices(part)
    order[tied] = order[tied][inner.to_numpy()]
    part = part.take(inner)
    return order, pc.sum(pc.equal(part[1:], part[:-1])).as_py() or 0


def leading_bytes(texts: pa.Array) -> np.ndarray:
    """The first eight bytes of each text as a number of the same order, short texts filled with zeros: (n,) uint64."""
    n = len(texts)
    if n == 0:
        return np.empty(0, np.uint64)
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + n + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    lengths = np.diff(offsets)
    width = lengths[0]
    if width >= 8 and np.all(lengths == width):
        words = data[offsets[0] : offsets[-1]].reshape(n, width)[:, :8]
        return np.ascontiguousarray(words).view(">u8").ravel().astype(np.uint64)
    number = np.zeros(n, np.uint64)
    for byte in range(8):
        inside = lengths > byte
        found = np.zeros(n, np.uint64)
        found[inside] = data[offsets[:-1][inside] + byte]
        number = (number << np.uint64(8)) | found
    return number


def read_floats(table: Table, name: str, side: str) -> np.ndarray:
    """A covariate as float64 (n,), missing as NaN. Raises when it is not numeric or holds an infinite value."""
    if isinstance(table, pd.DataFrame) and isinstance(table[name].dtype, np.dtype) and table[name].dtype.kind in "fiub":
        values = np.asarray(table[name], dtype=np.float64)
    else:
        column = read_column(table, name, side)
        kind = column.type
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if not (numeric or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
            raise ValueError(f"covariate {name!r} of {side} must be numeric, not {kind}")
        column = column.cast(pa.uint8()) if pa.types.is_boolean(kind) else column
        values = column.cast(pa.float64(), safe=False).to_numpy()
    infinite = np.count_nonzero(np.isinf(values))
    if infinite:
        raise ValueError(f"covariate {name!r} of {side} is infinite in {infinite} rows; mend or remove them")
    return values


def code_cells(treated: Table, controls: Table, exact: Sequence[str]) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """A cell number for each row of each side, whether its exact columns are known, and how many numbers there are."""
    sizes = (len(treated), len(controls))
    codes = [np.zeros(n, np.int64) for n in sizes]
    known = [np.ones(n, bool) for n in sizes]
    cardinality = 1
    for name in exact:
        parts = (read_column(treated, name, "treated"), read_column(controls, name, "controls"))
        column_codes, levels = encode_together(*parts, name)
        for code, complete, number in zip(codes, known, column_codes, strict=True):
            complete &= number >= 0
            code *= levels
            code += np.maximum(number, 0)
        cardinality *= levels
        if cardinality > LARGEST_LOOKUP:
            codes, cardinality = encode_together(*(pa.chunked_array([code]) for code in codes), name)
    return codes, known, cardinality


def encode_together(treated: pa.ChunkedArray, controls: pa.ChunkedArray, name: str) -> tuple[list[np.ndarray], int]:
    """Levels of one column numbered over both sides, -1 where missing; and the number of levels (at least 1)."""
    try:
        parts = [pa.table({"level": part}) for part in (treated, controls)]
        both = pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise ValueError(f"column {name!r} is {treated.type} in treated and {controls.type} in controls") from None
    column = both.column("level")
    if pa.types.is_null(column.type):
        return [np.full(len(part), -1, np.int64) for part in (treated, controls)], 1
    encoded = column.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    indices = encoded.indices
    numbers = pc.fill_null(indices, -1).to_numpy() if indices.null_count else indices.to_numpy()
    parts = np.split(numbers.astype(np.int64), [len(treated)])
    return parts, max(len(encoded.dictionary), 1)


def number_treated_cells(codes: list[np.ndarray], rows: list[np.ndarray], cardinality: int) -> list[np.ndarray]:
    """Codes of the complete rows as numbers of the cells where treated stand, by their lowest id; -1 for all others."""
    lookup = np.full(cardinality, -1, np.int64)
    held, first = np.unique(codes[0][rows[0]], return_index=True)
    lookup[held[np.argsort(first)]] = np.arange(len(held))
    return [lookup[code[kept]] for code, kept in zip(codes, rows, strict=True)]


def gather(columns: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Columns side by side, (m, p), in the order of rows."""
    x = np.empty((len(rows), len(columns)))
    for position, column in enumerate(columns):
        x[:, position] = column[rows]
    return x


def own_rows(treated: Side, controls: Side) -> np.ndarray:
    """Position among the complete controls of each complete treated row's own unit, (m,) int64; -1 if it has none."""
    own = np.full(len(treated.rows), -1, np.int64)
    if not len(treated.rows) or not len(controls.rows):
        return own
    found = pc.index_in(controls.ids, value_set=treated.ids)
    if found.null_count == len(found):
        return own
    position_of_row = np.full(len(treated.ids), -1, np.int64)
    position_of_row[treated.rows] = np.arange(len(treated.rows))
    given = pc.fill_null(found, -1).to_numpy()[controls.rows]
    positions = np.flatnonzero(given >= 0)
    mine = position_of_row[given[positions]]
    own[mine[mine >= 0]] = positions[mine >= 0]
    return own
