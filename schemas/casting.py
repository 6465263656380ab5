"""Exact casts: turns a column into the type its contract states, or says in words why that would lose something.

Only the change of type belongs here. Which columns a table has, and what they mean, is `contract.py`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TYPES = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
}


class CastError(ValueError):
    """A column cannot take a type without loss. The text names types only, never a value."""


def type_of(physical: str) -> pa.DataType:
    """The Arrow type of a DuckDB type as contracts write it (`DECIMAL(18,2)`, `VARCHAR`); ValueError when unknown."""
    if physical in TYPES:
        return TYPES[physical]
    if physical.startswith("DECIMAL(") and physical.endswith(")"):
        precision, scale = physical.removeprefix("DECIMAL(").removesuffix(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    raise ValueError(f"{physical} is not a type that contracts use")


def as_arrow(frame) -> pa.Table:
    """A pandas frame as an Arrow table, an Arrow table as it is; CastError names columns that mix kinds of values."""
    if isinstance(frame, pa.Table):
        return frame
    names, arrays, mixed = [str(name) for name in frame.columns], [], []
    for position, name in enumerate(names):
        try:
            arrays.append(pa.array(frame.iloc[:, position], from_pandas=True))
        except (pa.ArrowException, OverflowError):  # its text would show a value
            mixed.append(name)
    if mixed:
        raise CastError(mixed)
    return pa.table(arrays, names=names)


def cast(column: pa.ChunkedArray, wanted: pa.DataType, round_decimals: bool = False) -> pa.ChunkedArray:
    """The column as `wanted`, every value unchanged, NaN as null; CastError when that is impossible.

    Text never becomes a number and a number never becomes text. With `round_decimals`, digits beyond a DECIMAL's
    scale are rounded half away from zero; without it they are an error.
    """
    column = _plain(column)
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), wanted)])
    if _kind(column.type) != _kind(wanted):
        raise CastError(f"is {spoken(column.type)} and should be {spoken(wanted)}")
    rounding = round_decimals and pa.types.is_decimal(wanted)
    try:
        found = _cast(column, wanted, rounding)
        exact = rounding or _unchanged(column, found)
    except pa.ArrowException:  # its text would show a value
        exact = False
    if not exact:
        raise CastError(f"holds values that do not fit {spoken(wanted)}")
    return found


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionary and short floats, and with one form for a missing number: null, never NaN."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not pa.types.is_floating(column.type):
        return column
    column = column.cast(pa.float64())
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType, rounding: bool) -> pa.ChunkedArray:
    if pa.types.is_decimal(wanted) and pa.types.is_integer(column.type):
        # Arrow asks for room for every value of the integer type, not for those that are there
        column = column.cast(pa.decimal128(38, wanted.scale))
    elif rounding:
        column = pc.round(column, ndigits=wanted.scale, round_mode="half_towards_infinity")
    return column.cast(wanted)


def _unchanged(before: pa.ChunkedArray, after: pa.ChunkedArray) -> bool:
    """Whether the way back gives the same values: Arrow's safe cast alone rounds floats and drops the hour of a day."""
    if before.type == after.type or pa.types.is_integer(before.type):
        return True
    back = _cast(after, before.type, rounding=False)
    if pa.types.is_decimal(after.type) and pa.types.is_floating(before.type):
        return _within_ulps(back, before)
    return back.equals(before)


def _within_ulps(back: pa.ChunkedArray, before: pa.ChunkedArray) -> bool:
    """Whether doubles agree but for the last bits, which Arrow's way from DECIMAL to double may move."""
    there, here = back.drop_null().to_numpy(), before.drop_null().to_numpy()
    return len(there) == len(here) and bool((np.abs(there - here) <= 4 * np.spacing(np.abs(here))).all())


def _kind(given: pa.DataType) -> str:
    types = pa.types
    if types.is_boolean(given):
        return "boolean"
    if types.is_integer(given) or types.is_floating(given) or types.is_decimal(given):
        return "number"
    if types.is_string(given) or types.is_large_string(given) or types.is_string_view(given):
        return "text"
    if types.is_date(given) or (types.is_timestamp(given) and given.tz is None):
        return "time"
    return "other"


def spoken(given: pa.DataType) -> str:
    """A type as contracts write it where they know it, else as Arrow does."""
    if pa.types.is_decimal(given):
        return f"DECIMAL({given.precision},{given.scale})"
    if _kind(given) == "text":
        return "VARCHAR"
    return next((name for name, known in TYPES.items() if known == given), str(given))
