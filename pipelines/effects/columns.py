"""One column of a pandas DataFrame or an Arrow table as a numpy array: numbers, or codes of categories.

No knowledge of panels belongs here, and no message here holds a value.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.effects.errors import EstimationError

NUMERIC_ARROW = (
    pa.types.is_floating,
    pa.types.is_integer,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_null,
)
NUMERIC_OBJECTS = {"integer", "floating", "decimal", "mixed-integer-float", "boolean", "empty"}
CHUNK = 1 << 20  # rows that are handled at a time, so that no temporary is as large as a column


def numbers(table, name: str, role: str) -> np.ndarray:
    """The column as float64, missing as NaN; a plain float64 column is not copied.

    Raises EstimationError if the column is absent or holds something else than numbers.
    """
    values = column(table, name, role)
    if not _is_numeric(values):
        raise EstimationError(f"{role} column '{name}' holds something else than numbers")
    if isinstance(values, pa.ChunkedArray):
        return (values if values.type == pa.float64() else pc.cast(values, pa.float64(), safe=False)).to_numpy()
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def categories(table, name: str, role: str) -> tuple[np.ndarray, np.ndarray]:
    """(codes, labels): labels sorted and distinct, codes int32 into them, one a row.

    Raises EstimationError if the column is absent, has missing values, or its labels have no order.
    """
    values = column(table, name, role)
    missing = values.null_count if isinstance(values, pa.ChunkedArray) else int(values.isna().sum())
    if missing:
        raise EstimationError(f"{role} column '{name}' is missing in {missing} rows")
    integers = _as_integers(values)
    if integers is not None and len(integers):
        codes = _dense_codes(integers)
        if codes is not None:
            return codes
    return _sorted_codes(*_hashed_codes(values), name, role)


def column(table, name: str, role: str):
    """The column as a pandas Series or an Arrow ChunkedArray."""
    if isinstance(table, pd.DataFrame):
        found = int((table.columns == name).sum())
    elif isinstance(table, pa.Table):
        found = table.column_names.count(name)
    else:
        raise EstimationError(f"expected a pandas DataFrame or an Arrow table, got {type(table).__name__}")
    if found != 1:
        raise EstimationError(f"{role} column '{name}' is in the data {found} times; expected once")
    return table[name]


def _is_numeric(values) -> bool:
    if isinstance(values, pa.ChunkedArray):
        return any(is_kind(values.type) for is_kind in NUMERIC_ARROW)
    if values.dtype == object:  # Decimals, or integers beside None
        return pd.api.types.infer_dtype(values, skipna=True) in NUMERIC_OBJECTS
    return pd.api.types.is_numeric_dtype(values.dtype)


def _as_integers(values) -> np.ndarray | None:
    if isinstance(values, pa.ChunkedArray):
        return values.to_numpy() if pa.types.is_integer(values.type) else None
    if not pd.api.types.is_integer_dtype(values.dtype):
        return None
    return values.to_numpy() if isinstance(values.dtype, np.dtype) else values.to_numpy(dtype=np.int64)


def _dense_codes(integers: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Codes by a lookup table when the integers lie close together; None when they do not."""
    low, high = int(integers.min()), int(integers.max())
    if high - low > 4 * len(integers) + 1024:
        return None
    present = np.zeros(high - low + 1, dtype=bool)
    for start in range(0, len(integers), CHUNK):
        present[integers[start : start + CHUNK] - low] = True
    lookup = np.cumsum(present, dtype=np.int32) - np.int32(1)
    codes = np.empty(len(integers), dtype=np.int32)
    for start in range(0, len(integers), CHUNK):
        codes[start : start + CHUNK] = lookup[integers[start : start + CHUNK] - low]
    return codes, np.flatnonzero(present) + low


def _hashed_codes(values) -> tuple[np.ndarray, np.ndarray]:
    """(codes, labels) in order of appearance."""
    if isinstance(values, pa.ChunkedArray):
        encoded = values.dictionary_encode().unify_dictionaries()
        codes = np.concatenate([np.empty(0, np.int32), *(chunk.indices.to_numpy() for chunk in encoded.chunks)])
        labels = encoded.chunk(0).dictionary if encoded.num_chunks else pa.array([], values.type)
        return codes, labels.to_numpy(zero_copy_only=False)
    codes, labels = pd.factorize(values)
    return codes, np.asarray(labels)


def _sorted_codes(codes, labels, name, role) -> tuple[np.ndarray, np.ndarray]:
    try:
        order = np.argsort(labels, kind="stable")
    except TypeError:
        raise EstimationError(f"{role} column '{name}' mixes types that have no common order") from None
    rank = np.empty(len(labels), dtype=np.int32)
    rank[order] = np.arange(len(labels), dtype=np.int32)
    return rank[codes], labels[order]
