"""Oddities that a writer is handed ready: old municipalities, economic units, odd workplaces, firms that FIRM left out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.draws import decimal_column, draw_pseudonyms, stream
from pipelines.world.extracts import write_table
from pipelines.world.firms import Firms
from schemas.contract import codes

WIDER_FROM = 2022
UNIT_SHARE = 0.04                    # of the numbers belong to a unit that another number heads
WIDER_SHARE = 88_500 / 812_500       # rows that came to FIRM in 2022, for each that it held before
WORKPLACE_SHARE = (0.004, 0.006, 0.002)      # of persons: abroad, unknown, missing


def old_municipalities(firms: Firms, seed: int) -> np.ndarray:
    """(N,) municipality of each firm's seat before 2007: one of those that were merged into the later one.

    The code list has North Jutland's; elsewhere the later code is carried back, as region codes are everywhere.
    """
    draw = stream(seed, "old municipalities").random(firms.municipality.size)
    table = codes("municipalities_before_2007").to_pandas()
    found = firms.municipality.copy()
    for municipality, rows in table.groupby("municipality"):
        mine = firms.municipality == municipality
        merged = rows["old_municipality"].to_numpy(dtype="U16")
        found[mine] = merged[(draw[mine] * merged.size).astype(int)]
    return found


def unit_heads(firms: Firms, seed: int) -> np.ndarray:
    """(N,) position of the number that heads each firm's economic unit from 2019 on: mostly its own."""
    rng = stream(seed, "economic units")
    count = firms.region.size
    head = np.arange(count)
    inside = np.flatnonzero(rng.random(count) < UNIT_SHARE)
    others = np.setdiff1d(head, inside)
    head[inside] = rng.choice(others, size=inside.size)
    return head


def odd_workplaces(persons: int, seed: int) -> np.ndarray:
    """(P,) 0 for most; 1 works abroad (950), 2 somewhere unknown, 3 somewhere that is not told, while at a firm."""
    draw = stream(seed, "odd workplaces").random(persons)
    place = np.searchsorted(np.cumsum(WORKPLACE_SHARE), draw, side="right") + 1
    return np.where(place > len(WORKPLACE_SHARE), 0, place)


def widen_definition(directory: Path, years: np.ndarray, seed: int) -> None:
    """Adds to FIRM of 2022 and later the firms without employees that it left out before: like others, under new numbers."""
    rng = stream(seed, "wider definition")
    names = np.empty(0, dtype="U32")
    for year in years[years >= WIDER_FROM].tolist():
        path = directory / f"FIRM{year}.parquet"
        table = pq.read_table(path)
        count = round(table.num_rows * WIDER_SHARE)
        names = np.append(names, draw_pseudonyms(rng, max(count - names.size, 0)))
        more = table.take(pa.array(np.sort(rng.integers(0, table.num_rows, count))))
        nothing = {name: pa.array(np.zeros(count, dtype=np.int32)) for name in ("GF_ANSATTE", "GF_INKLEJER")}
        nothing |= {"CVRNR": pa.array(names[:count]), "HOVED_CVR_NR": pa.array(names[:count])}
        nothing |= {"GF_AARSV": decimal_column(np.zeros(count), 12, 2), "GF_LGAGMV": decimal_column(np.zeros(count), 18, 2)}
        columns = {name: nothing.get(name, more[name]) for name in table.column_names}
        whole = pa.concat_tables([table, pa.table(columns, schema=table.schema)]).sort_by("CVRNR")
        write_table(path, dict(zip(whole.column_names, whole.columns, strict=True)))
