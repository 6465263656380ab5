"""Random numbers that depend on nothing but seed, name and position, and columns that are cheap to write.

So any file can be made alone, and in any order. What the numbers mean belongs to the writers.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contract import codes, load

_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_LETTERS = np.frombuffer(b"abcdefghijklmnop", dtype=np.uint8)
_PAIRS = np.stack([np.repeat(_LETTERS, 16), np.tile(_LETTERS, 16)], axis=1).reshape(-1).view("<u2")


def hashed(seed: int, name: str, position: np.ndarray) -> np.ndarray:
    """64 random bits for each position: the sequence SplitMix64 (Steele, Lea and Flood 2014) entered at the position."""
    start = np.random.SeedSequence([seed, *name.encode()]).generate_state(1, np.uint64)[0]
    return split_mix(start, position)


def split_mix(start: np.uint64, position: np.ndarray) -> np.ndarray:
    """The outputs of SplitMix64 at the positions, 1 for the first, of the generator that begins at `start`."""
    bits = position.astype(np.uint64)
    bits *= _STEP
    bits += start
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits


def below(bits: np.ndarray, bound: int | np.ndarray, part: int = 0) -> np.ndarray:
    """Whole numbers from 0 to bound − 1 as int64, from 16 of the 64 bits: `part` 0–3. Bounds up to 65,536."""
    cut = (bits >> np.uint64(16 * part)).astype(np.uint16).astype(np.int64)
    return cut * bound >> 16


def pseudonyms(seed: int, domain: str, unit: np.ndarray) -> pa.StringArray:
    """A pseudonym of 32 letters a–p (128 bits) for each unit; units that differ have pseudonyms that differ."""
    halves = np.empty((unit.size, 2), dtype="<u8")
    doubled = unit.astype(np.uint64) * np.uint64(2)
    halves[:, 0] = hashed(seed, f"denmark {domain} names", doubled)
    halves[:, 1] = hashed(seed, f"denmark {domain} names", doubled + np.uint64(1))
    letters = _PAIRS[halves.view(np.uint8)]
    offsets = np.arange(unit.size + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(unit.size, pa.py_buffer(offsets), pa.py_buffer(letters))


def text(position: np.ndarray, values: Iterable[str], missing: np.ndarray | None = None) -> pa.Array:
    """A text column from positions in distinct values."""
    return pa.DictionaryArray.from_arrays(pa.array(position, mask=missing), pa.array(values, type=pa.string()))


def exact(units: np.ndarray, precision: int, scale: int, missing: np.ndarray | None = None) -> pa.Array:
    """Whole numbers of the smallest unit as a DECIMAL, in 4 bytes up to nine digits and in 8 above: Parquet's own way."""
    small = precision <= 9
    kind = (pa.decimal32 if small else pa.decimal64)(precision, scale)
    data = np.ascontiguousarray(units, dtype=np.int32 if small else np.int64)
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, data.size, [valid, pa.py_buffer(data)])


def write_rows(
    path: Path, register: str, blocks: Iterable[dict[str, pa.Array]], plain: tuple[str, ...], gaps: tuple[str, ...]
) -> Iterator[int]:
    """Write a file of one row group a block, aside and then renamed; yields the rows of each block once written.

    `plain` are columns whose values hardly repeat, which a dictionary would only slow down; `gaps` those that may be
    empty: the others save a fifth of the time by being written as required. Arrow's own types are left out, so that a
    reader finds the contract's: text, and decimals of 128 bits.
    """
    contract = load(f"registers.{register}")
    names = [column.name for column in contract.columns]
    numbers = [column.name for column in contract.columns if column.physical != "VARCHAR"]
    aside = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = None
    try:
        for block in blocks:
            if writer is None:
                schema = pa.schema([pa.field(name, block[name].type, name in gaps) for name in names])
                writer = pq.ParquetWriter(
                    aside, schema, compression="zstd", compression_level=1, store_schema=False,
                    use_dictionary=[name for name in names if name not in plain], write_statistics=numbers,
                    store_decimal_as_integer=True, dictionary_pagesize_limit=64 << 20, write_page_checksum=True,
                )
            table = pa.Table.from_arrays([block[name] for name in names], schema=schema)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            yield table.num_rows
        writer.close()
        aside.replace(path)
    finally:
        if writer is not None:
            writer.close()
        aside.unlink(missing_ok=True)


def price_permille(year: int) -> int:
    """Consumer prices of a year in thousandths of those of 2015; two per cent a year after the last that is listed."""
    table = codes("price_index").to_pydict()
    listed = {int(of): round(float(index) * 10) for of, index in zip(table["year"], table["index"], strict=True)}
    last = max(listed)
    price = listed[min(year, last)]
    for _ in range(last, year):
        price = price * 102 // 100
    return price
