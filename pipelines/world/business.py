"""Writes what registers tell of firms beside FIRM: LONG_DEMO (births, closures, new numbers) and FIKS (VAT by month)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.world.draws import decimal_column, stream, text_column
from pipelines.world.extracts import closing, price_index, write_table
from pipelines.world.firms import Firms, year_index
from pipelines.world.plan import FIRST_JOB_YEAR, FIRST_YEAR
from pipelines.world.programme import Programme

MONTHLY_ABOVE, QUARTERLY_ABOVE = 50_000_000, 5_000_000      # turnover of the year, DKK, from which VAT is filed so often
SEASON = np.array([92, 90, 100, 97, 101, 106, 84, 98, 104, 106, 108, 114])
# The register's own codes are not published: these are ours, for both columns. What FRA and TIL say does not need them.
BORN = CLOSED = "1"
EVENT_CODES = {"form": "2", "merger": "3", "split": "4"}
EVENT_COLUMNS = ("year", "kind", "before", "after")


def write_long_demo(
    directory: Path, firms: Firms, alive: np.ndarray, names: np.ndarray, events: pd.DataFrame | None = None,
    first_year: int = FIRST_YEAR,
) -> None:
    """LONG_DEMO<year>.parquet: one row a number and year in which it is active, or lives on under another one.

    `events` (year, kind, before, after: positions of numbers): in the file of the year, the number before says where it
    went (`CVRNR_TIL`, `L_AFG`), the number after where it came from (`CVRNR_FRA`, `L_MODT`). `DEMO_DATO` is the day of
    the event, of the birth or of the closure; missing in a year without any.
    """
    events = pd.DataFrame(columns=list(EVENT_COLUMNS)) if events is None else events
    order = np.argsort(names)
    left = set(events.loc[events["kind"] != "split", "before"])
    came = set(events.loc[events["kind"] != "merger", "after"])
    goes_on, is_new = (np.isin(np.arange(names.size), sorted(side)) for side in (left, came))
    for year in range(first_year, int(firms.years[-1]) + 1):
        now = events[events["year"] == year]
        told = alive[:, year_index(year)].copy()
        told[now["before"].to_numpy(dtype=int)] = True
        rows = order[told[order]]
        born = (firms.birth_year[rows] == year) & ~is_new[rows]
        closes = closing(alive, rows, year) & ~goes_on[rows]
        day = np.where(born, firms.born[rows], np.datetime64("NaT"))
        day = np.where(closes, np.datetime64(f"{year}-12-31"), day)
        origin, target = np.full(names.size, -1), np.full(names.size, -1)
        leaves, enters = np.full(names.size, None, dtype=object), np.full(names.size, None, dtype=object)
        leaves[rows[closes]], enters[rows[born]] = CLOSED, BORN
        for event in now.itertuples():
            target[event.before], origin[event.after] = event.after, event.before
            leaves[event.before] = enters[event.after] = EVENT_CODES[event.kind]
        day = np.where((target[rows] >= 0) | (origin[rows] >= 0), np.datetime64(f"{year}-01-01"), day)
        write_table(directory / f"LONG_DEMO{year}.parquet", {
            "CVRNR": pa.array(names[rows]),
            "CVRNR_FRA": pa.array(names[origin[rows]], mask=origin[rows] < 0),
            "CVRNR_TIL": pa.array(names[target[rows]], mask=target[rows] < 0),
            "DEMO_DATO": pa.array(day.astype("datetime64[D]")),
            "L_AFG": pa.array(leaves[rows], type=pa.string()),
            "L_MODT": pa.array(enters[rows], type=pa.string()),
        })


def write_fiks(
    directory: Path, firms: Firms, programme: Programme, names: np.ndarray, seed: int, by_size: bool = True
) -> None:
    """FIKS<year>.parquet: sales, purchases and exports by month; the twelve months of a firm are its turnover in FIRM.

    A firm files for periods (`vat_months`; monthly if not by size); each period's sum is spread evenly
    over its months, what is left over to the last, as the register does. Exports and purchases are shares of the period's sales.
    """
    rng = stream(seed, "vat")
    deflator = price_index()
    order = np.argsort(names)
    exported = np.round(firms.export_share * 1000).astype(np.int64)
    bought = 1000 - np.round(np.nan_to_num(firms.value_added_share, nan=0.4) * 1000).astype(np.int64)
    for year in range(FIRST_JOB_YEAR, int(firms.years[-1]) + 1):
        t = year_index(year)
        rows = order[programme.alive[order, t]]
        dkk = np.round(programme.turnover[rows, t] * deflator[year]).astype(np.int64)
        months = vat_months(dkk) if by_size else np.ones(rows.size, dtype=np.int64)
        sales = _period_sums(dkk * 100, months, SEASON * rng.integers(850, 1151, (rows.size, 12)))
        purchases = sales * bought[rows, None] // 1000 * rng.integers(90, 111, (rows.size, 12)) // 100
        exports = sales * exported[rows, None] // 1000
        sales, purchases, exports = (_spread(sums, months) for sums in (sales, purchases, exports))
        write_table(directory / f"FIKS{year}.parquet", {
            "CVRNR": text_column(np.repeat(rows, 12), names),
            "PERIODE_AAR": pa.array(np.full(rows.size * 12, year, dtype=np.int32)),
            "PERIODE_MD": pa.array(np.tile(np.arange(1, 13, dtype=np.int32), rows.size)),
            "SALG_IALT": decimal_column(sales.ravel(), 18, 2),
            "KOB_IALT": decimal_column(purchases.ravel(), 18, 2),
            "EKSPORT_IALT": decimal_column(exports.ravel(), 18, 2),
            "INDENLANDSK_SALG": decimal_column((sales - exports).ravel(), 18, 2),
        })


def vat_months(turnover: np.ndarray) -> np.ndarray:
    """Months of a firm's VAT period for its turnover of the year in DKK: 1 above 50 M, 3 from 5 M, 6 below."""
    return np.where(turnover > MONTHLY_ABOVE, 1, np.where(turnover >= QUARTERLY_ABOVE, 3, 6))


def _period_sums(year_sum: np.ndarray, months: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, 12) øre: each period's sum in its last month, zero in the others; they add up to the year's sum exactly."""
    upto = np.cumsum(weights, axis=1)
    total = year_sum[:, None] // upto[:, -1:] * upto + year_sum[:, None] % upto[:, -1:] * upto // upto[:, -1:]
    ends = (np.arange(1, 13) % months[:, None]) == 0
    at_end = np.maximum.accumulate(np.where(ends, total, 0), axis=1)
    return np.diff(at_end, axis=1, prepend=0)


def _spread(sums: np.ndarray, months: np.ndarray) -> np.ndarray:
    """(n, 12) øre: every period's sum, which stands in its last month, over its months; the remainder to the last."""
    last = (np.arange(12) // months[:, None] + 1) * months[:, None] - 1
    mine = np.take_along_axis(sums, last, axis=1)
    even = mine // months[:, None]
    return np.where(np.arange(12) == last, mine - even * (months[:, None] - 1), even)
