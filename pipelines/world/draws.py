"""Seeded random draws and exact Arrow columns for the synthetic Denmark. Nothing here knows what is simulated."""

import numpy as np
import pyarrow as pa

_NIBBLES = np.frombuffer(b"abcdefghijklmnop", dtype=np.uint8)


def stream(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for every part of the world, so that a change in one part moves no other."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *name.encode()])))


def draw_pseudonyms(rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` distinct pseudonyms of 32 letters a–p, drawn directly (128 bits each): units that no delivery names."""
    raw = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    letters = np.empty((count, 32), dtype=np.uint8)
    letters[:, 0::2] = _NIBBLES[raw >> 4]
    letters[:, 1::2] = _NIBBLES[raw & 15]
    return letters.view("S32").ravel().astype("U32")


def choose_top(rng: np.random.Generator, utility: np.ndarray, count: int) -> np.ndarray:
    """Sorted positions of `count` units drawn without replacement with weights exp(utility) (Gumbel's trick)."""
    noisy = utility + rng.gumbel(size=utility.size)
    eligible = np.flatnonzero(np.isfinite(utility))
    if eligible.size < count:
        raise ValueError(f"the world has {eligible.size} eligible units where {count} participants are planned")
    order = eligible[np.argsort(-noisy[eligible], kind="stable")]
    return np.sort(order[:count])


def decimal_column(units: np.ndarray, precision: int, scale: int, missing: np.ndarray | None = None) -> pa.Array:
    """Whole numbers of the smallest unit (10**-scale) as a DECIMAL(precision, scale) column, exactly."""
    low = np.ascontiguousarray(units, dtype=np.int64)
    words = np.empty((low.size, 2), dtype=np.int64)
    words[:, 0], words[:, 1] = low, low >> 63
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(precision, scale), low.size, [valid, pa.py_buffer(words.tobytes())])


def text_column(codes: np.ndarray, values: np.ndarray | list[str]) -> pa.Array:
    """A text column from positions in a short list of distinct values, −1 for missing; stored dictionary-encoded.

    With a value twice, Parquet's writer puts bytes of unused memory into the file, other ones in every run.
    """
    missing = codes < 0
    places = pa.array(np.where(missing, 0, codes).astype(np.int32), mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(places, pa.array(values, type=pa.string()))
