"""The last two years of FIRM as they were published: preliminary after ten months, final after eighteen."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.world.draws import decimal_column, stream
from pipelines.world.extracts import write_table

MOVING = {"GF_AARSV": (12, 0.03), "GF_OMS": (18, 0.06), "GF_VTV": (18, 0.08), "GF_LGAGMV": (18, 0.03)}     # precision, sd
COMES_LATER = 0.03                   # of the final rows, which the preliminary lacks
GOES_AGAIN = 0.2                     # of the firms that closed the year before, which the preliminary still holds


def preliminary_day(year: int) -> str:
    """The day on which a year is first published."""
    return f"{year + 1}-10-31"


def final_day(year: int) -> str:
    """The day on which a year is published for good."""
    return f"{year + 2}-06-30"


def write_vintages(directory: Path, last_year: int, seed: int) -> None:
    """Both publications of the last two years as <published>/FIRM<year>.parquet; the undated file moves to the final one."""
    rng = stream(seed, "vintages")
    before = {year: pq.read_table(directory / f"FIRM{year - 1}.parquet") for year in (last_year - 1, last_year)}
    for year, earlier in before.items():
        path = directory / f"FIRM{year}.parquet"
        final = pq.read_table(path)
        write = _preliminary(rng, final, earlier)
        write_table(directory / preliminary_day(year) / path.name, dict(zip(write.column_names, write.columns, strict=True)))
        (directory / final_day(year)).mkdir(exist_ok=True)
        path.rename(directory / final_day(year) / path.name)


def _preliminary(rng: np.random.Generator, final: pa.Table, earlier: pa.Table) -> pa.Table:
    """Some rows are not there yet, some that will go still are as they were the year before, and amounts are guesses."""
    known = final.filter(pa.array(rng.random(final.num_rows) >= COMES_LATER))
    gone = earlier.filter(pc.invert(pc.is_in(earlier["CVRNR"], final["CVRNR"])))
    kept = gone.filter(pa.array(rng.random(gone.num_rows) < GOES_AGAIN))
    unsaid = pa.nulls(kept.num_rows, pa.date32())           # nobody knows yet that they closed
    kept = kept.set_column(kept.column_names.index("JUR_TIL_DATO"), "JUR_TIL_DATO", unsaid)
    for name, (precision, spread) in MOVING.items():
        known = known.set_column(
            known.column_names.index(name), name, _moved(rng, known[name].combine_chunks(), precision, spread)
        )
    return pa.concat_tables([known, kept.cast(known.schema)]).sort_by("CVRNR").combine_chunks()


def _moved(rng: np.random.Generator, amounts: pa.Array, precision: int, spread: float) -> pa.Array:
    """Two decimals, moved in three rows of four by a few per cent; what is missing stays so."""
    missing = np.asarray(amounts.is_null())
    units = np.array([0 if amount is None else int(amount.scaleb(2)) for amount in amounts.to_pylist()], dtype=np.int64)
    factor = 1 + spread * rng.standard_normal(units.size) * (rng.random(units.size) < 0.75)
    return decimal_column(np.maximum(np.round(units * factor), 0).astype(np.int64), precision, 2, missing)
