"""Writes FIRM, BFL, BEF and UDDA as Statistics Denmark documents them, pseudonymised, one file a period."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.draws import decimal_column, draw_pseudonyms, stream, text_column
from pipelines.world.firms import Firms, year_index
from pipelines.world.persons import FIRST_QUARTER, Persons
from pipelines.world.plan import FIRST_JOB_YEAR, FIRST_YEAR
from pipelines.world.programme import Programme
from schemas.contract import codes

MONTH_CENTIHOURS = 16_033            # 160.33 paid hours make one full-time month
OWNER_FORMS = ("10", "30")
REFORM, UNITS_FROM = 2007, 2019        # breaks: 98 municipalities; economic units
ODD_TOWNS = ("950", "UKENDT_KOMKODE")
REGIONS = ("1081", "1082", "1083", "1084", "1085")


def write_firm(
    directory: Path, firms: Firms, programme: Programme, names: np.ndarray, first_year: int = FIRST_YEAR,
    heads: np.ndarray | None = None, old_town: np.ndarray | None = None, unit: np.ndarray | None = None,
) -> None:
    """FIRM<year>.parquet for every published year: one row a living firm, sorted by its pseudonym.

    `heads` (N, T) where they are not those of `job_slots`; `old_town` (N,) municipality before 2007 and `unit` (N,) head
    of the economic unit from 2019 on, where they are other than the firm's own.
    """
    deflator = price_index()
    order = np.argsort(names)
    for year in range(first_year, int(firms.years[-1]) + 1):
        t = year_index(year)
        rows = order[programme.alive[order, t]]
        hundredths = np.round(programme.fte[rows, t] * 100).astype(np.int64)
        turnover = np.round(programme.turnover[rows, t] * deflator[year]).astype(np.int64)
        share, without_accounts = np.nan_to_num(firms.value_added_share[rows]), np.isnan(firms.value_added_share[rows])
        closes = closing(programme.alive, rows, year)
        employed = job_slots(programme.fte[rows, t]) if heads is None else heads[rows, t]
        town = firms.municipality if old_town is None or year >= REFORM else old_town
        head = rows if unit is None or year < UNITS_FROM else unit[rows]
        owner = np.isin(firms.legal_form[rows], OWNER_FORMS)
        write_table(directory / f"FIRM{year}.parquet", {
            "CVRNR": pa.array(names[rows]),
            "HOVED_CVR_NR": pa.array(names[head]),
            "GF_AARSV": decimal_column(hundredths, 12, 2),
            "GF_ANSATTE": pa.array(employed.astype(np.int32)),
            "GF_INKLEJER": pa.array((employed + owner).astype(np.int32)),
            "GF_OMS": _whole_dkk(turnover),
            "GF_VTV": _whole_dkk(turnover * share, without_accounts),
            "GF_EKSP": _whole_dkk(turnover * firms.export_share[rows]),
            "GF_LGAGMV": _whole_dkk(hundredths * 3_600 * deflator[year]),
            "GF_BRANCHE": pa.array(firms.industry[rows]),
            "JUR_VIRK_FORM": pa.array(firms.legal_form[rows]),
            "JUR_SEKTORKODE": pa.array(np.where(owner, "1400", "1100")),
            "JUR_BEL_KOM_KODE": pa.array(town[rows]),
            "JUR_BEL_REGION_KODE": pa.array(firms.region[rows]),
            "JUR_FRA_DATO": pa.array(firms.born[rows]),
            "JUR_TIL_DATO": pa.array(np.where(closes, np.datetime64(f"{year}-12-31"), np.datetime64("NaT"))),
        })


def closing(alive: np.ndarray, rows: np.ndarray, year: int) -> np.ndarray:
    """(rows,) whose last year it is; nobody's in the last year of all, after which nothing is known."""
    t = year_index(year)
    return ~alive[rows, t + 1] if t + 1 < alive.shape[1] else np.zeros(rows.size, bool)


def _whole_dkk(amount: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    return decimal_column(np.round(amount).astype(np.int64) * 100, 18, 2, missing)


def job_slots(fte: np.ndarray) -> np.ndarray:
    """Heads that a firm employs for its full-time equivalents."""
    return np.maximum(np.ceil(fte), 1.0).astype(np.int64)


def price_index() -> dict[int, float]:
    """Consumer prices by year relative to 2015."""
    table = codes("price_index").to_pydict()
    return {int(year): float(index) / 100.0 for year, index in zip(table["year"], table["index"], strict=True)}


def write_bfl(
    directory: Path, firms: Firms, programme: Programme, persons: Persons, seat: np.ndarray,
    names: np.ndarray, person_names: np.ndarray, seed: int,
    same_as: np.ndarray | None = None, name: np.ndarray | None = None, odd_town: np.ndarray | None = None,
) -> None:
    """BFL<year>12.parquet: one row a job and month; the paid hours of a firm's year add up to its FTE × 160.33 × 12.

    Where rows of `persons` are not persons with a name of their own: `same_as` (P,) the person, `name` (P,) its position
    in `person_names`. `odd_town` (P,) as `odd_workplaces`.
    """
    rng = stream(seed, "jobs")
    everyone = np.arange(persons.born.size)
    same_as, name = (everyone if given is None else given for given in (same_as, name))
    rate = rng.integers(14_000, 38_000, same_as.max() + 1)[same_as]   # øre an hour in 2015 prices
    employers = np.concatenate([names, draw_pseudonyms(rng, len(REGIONS))])          # one public employer a region
    public_seat = firms.fte.shape[0] + np.searchsorted(REGIONS, persons.region)
    towns, town = np.unique(np.concatenate([firms.municipality, persons.municipality]), return_inverse=True)
    away = np.zeros(everyone.size, dtype=np.int64) if odd_town is None else odd_town
    industries, industry = np.unique(np.append(firms.industry, "841100"), return_inverse=True)
    for year in range(FIRST_JOB_YEAR, int(firms.years[-1]) + 1):
        total = np.round(programme.fte[:, year_index(year)] * MONTH_CENTIHOURS).astype(np.int64)
        months = []
        for quarter in range(4):
            column = year * 4 + quarter - FIRST_QUARTER
            worker = np.flatnonzero(seat[:, column] >= 0)
            worker = worker[np.argsort(seat[worker, column], kind="stable")]
            firm = seat[worker, column]
            is_public = firm == firms.fte.shape[0]
            hours = np.where(is_public, 14_800, _share_hours(total, firm, is_public))
            for month in range(quarter * 3 + 1, quarter * 3 + 4):
                months.append((month, worker, firm, is_public, hours))
        _write_jobs(directory / f"BFL{year}12.parquet", year, months, {
            "employers": employers, "public_seat": public_seat, "towns": towns, "town": town, "industries": industries,
            "industry": industry, "firms": firms.fte.shape[0], "rate": rate, "person_names": person_names,
            "name": name, "away": away,
        })


def _share_hours(total: np.ndarray, firm: np.ndarray, is_public: np.ndarray) -> np.ndarray:
    """A firm's monthly centi-hours over its workers: even shares, neighbours trade a tenth, the rest to the first."""
    first = np.searchsorted(firm, firm, side="left")
    rank = np.arange(firm.size) - first
    size = np.searchsorted(firm, firm, side="right") - first
    mine = total[np.where(is_public, 0, firm)]
    share = mine // size + (rank < mine % size)
    paired = rank - rank % 2 + 1 < size
    trade = np.where(paired, (mine // size) // 10, 0)
    return share + np.where(rank % 2 == 0, trade, -trade)


def _write_jobs(path: Path, year: int, months: list[tuple], world: dict[str, np.ndarray]) -> None:
    month = np.concatenate([np.full(worker.size, m, dtype=np.int64) for m, worker, *_ in months])
    worker, firm, is_public, hours = (np.concatenate([part[i] for part in months]) for i in range(1, 5))
    employer = np.where(is_public, world["public_seat"][worker], firm)
    town = world["town"][np.where(is_public, world["firms"] + worker, firm)]
    away = np.where(is_public, 0, world["away"][worker])
    town = np.where(away == 0, town, np.where(away > len(ODD_TOWNS), -1, world["towns"].size + away - 1))
    towns = np.append(world["towns"], ODD_TOWNS) if away.any() else world["towns"]
    industry = world["industry"][np.where(is_public, world["firms"], firm)]
    wage = hours * world["rate"][worker] // 100 * round(price_index()[year] * 1000) // 1000
    first_day = (np.datetime64(f"{year}-01", "M") + np.arange(12)).astype("datetime64[D]")
    last_day = (np.datetime64(f"{year}-02", "M") + np.arange(12)).astype("datetime64[D]") - 1
    write_table(path, {
        "PNR": text_column(world["name"][worker], world["person_names"]),
        "AJO_CVR_NR_FRA_PROD_JOB": text_column(employer, world["employers"]),
        "AJO_ARB_KOMKODE": text_column(town, towns),
        "AJO_BRANCHE07": text_column(industry, world["industries"]),
        "AJO_LOENTIMER": decimal_column(hours, 9, 2),
        "AJO_FULDTID_BESKAEFTIGET": decimal_column(hours * 10_000 // MONTH_CENTIHOURS, 9, 4),
        "AJO_SMALT_LOENBELOEB": decimal_column(wage, 18, 2),
        "AJO_BREDT_LOENBELOEB": decimal_column(wage * 112 // 100, 18, 2),
        "AJO_LOENTIME_KODE": text_column(is_public.astype(np.int64), ["1", "2"]),
        "AJO_JOB_START_DATO": pa.array(first_day[month - 1]),
        "AJO_JOB_SLUT_DATO": pa.array(last_day[month - 1]),
        "SEKTORKODE": text_column(is_public.astype(np.int64), ["1100", "1313"]),
    })


def write_bef(
    directory: Path, persons: Persons, names: np.ndarray, seed: int, same_as: np.ndarray | None = None
) -> None:
    """BEF<year><month>.parquet: one row a resident at the end of each quarter; `same_as` as in `write_bfl`."""
    rng = stream(seed, "population")
    same_as = np.arange(names.size) if same_as is None else same_as
    civil_status = rng.choice(4, size=same_as.max() + 1, p=[0.35, 0.48, 0.14, 0.03])[same_as]
    origin = rng.choice(3, size=same_as.max() + 1, p=[0.9, 0.07, 0.03])[same_as]
    order = np.argsort(names)
    towns, town = np.unique(persons.municipality, return_inverse=True)
    for column, quarter in enumerate(persons.quarters):
        rows = order[persons.resident[order, column]]
        year, month = quarter // 4, quarter % 4 * 3 + 3
        ends = date(year, month, 31 if month in (3, 12) else 30)
        write_table(directory / f"BEF{year}{month:02d}.parquet", {
            "PNR": text_column(rows, names),
            "REFERENCETID": pa.array(np.full(rows.size, np.datetime64(ends))),
            "FOED_DAG": pa.array(persons.born[rows]),
            "KOEN": text_column(persons.sex[rows] - 1, ["1", "2"]),
            "KOM": text_column(town[rows], towns),
            "REG": text_column(np.searchsorted(REGIONS, persons.region[rows]), list(REGIONS)),
            "CIVST": text_column(civil_status[rows], ["U", "G", "F", "E"]),
            "IE_TYPE": text_column(origin[rows], ["1", "2", "3"]),
            "OPR_LAND": text_column((origin[rows] == 1).astype(np.int64), ["5100", "5999"]),
        })


def write_udda(directory: Path, persons: Persons, names: np.ndarray) -> None:
    """UDDA<year>09.parquet: highest completed education at the end of September."""
    order = np.argsort(names)
    for year in range(FIRST_JOB_YEAR - 1, int(persons.quarters[-1]) // 4 + 1):
        column = max(year * 4 + 2 - FIRST_QUARTER, 0)
        rows = order[persons.resident[order, column]]
        completed = persons.born[rows].astype("datetime64[Y]") + 24
        write_table(directory / f"UDDA{year}09.parquet", {
            "PNR": pa.array(names[rows]),
            "HFAUDD": pa.array(persons.education[rows]),
            "HF_VFRA": pa.array(completed.astype("datetime64[D]")),
        })


def write_table(path: Path, columns: dict[str, pa.Array]) -> None:
    """One extract under its final name, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    pq.write_table(pa.table(columns), aside, compression="zstd", write_page_checksum=True, store_schema=False)
    aside.replace(path)
