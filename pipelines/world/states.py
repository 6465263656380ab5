"""Writes what registers tell of persons beside jobs: AKM (class of the year) and DREAM (benefits week by week).

Both follow from when a person has work: who is without it may have a benefit, and who works has none.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.draws import stream, text_column
from pipelines.world.extracts import write_table
from pipelines.world.persons import FIRST_QUARTER, Persons
from pipelines.world.plan import FIRST_JOB_YEAR

FIRST_WEEK_YEAR = 2005               # DREAM begins here in the synthetic Denmark
CHUNK = 60_000                       # persons a row group of DREAM
# A state is one benefit, or its absence: DREAM's code (`schemas/codes/benefit_codes.csv`) and the class that a year of
# it gives (`schemas/codes/socio13.csv`).
STATES = (
    ("work", None, "139"), ("none", None, "410"), ("insured", "111", "210"), ("activated", "211", "210"),
    ("assistance", "130", "330"), ("activated_assistance", "731", "330"), ("sick", "890", "220"),
    ("student", "651", "310"), ("early_retired", "611", "323"), ("disabled", "781", "321"),
    ("pensioner", "998", "322"), ("emigrated", "997", "0"), ("dead", "999", "0"),
)
STATE = {name: position for position, (name, _, _) in enumerate(STATES)}
KINDS = ("insured", "assistance", "none", "sick")        # what a person turns to when work is lost
KIND_SHARE = (0.56, 0.22, 0.12, 0.10)
INSURED_QUARTERS = 8                 # then the insurance has run out
WORKING_CLASS = {"10": "135", "20": "134", "35": "134", "40": "133", "50": "133", "70": "132", "90": "139"}
# BESKST13, the main source of income, in a few groups of our own: wages, unemployment, other benefits, pension, else.
SOURCE = {"210": "06", "330": "07", "220": "07", "321": "09", "322": "09", "323": "09"}
WAGES, ELSE = "04", "08"


def benefit_states(persons: Persons, seed: int) -> np.ndarray:
    """(P, quarters from 2005) int8, a position in STATES for every person and quarter."""
    rng = stream(seed, "benefits")
    employed = np.hstack([persons.employed_before[:, -4 * (FIRST_JOB_YEAR - FIRST_WEEK_YEAR):], persons.employed])
    count, quarters = employed.shape
    kind = rng.choice(len(KINDS), size=count, p=KIND_SHARE)
    dead = rng.random(count) < 0.5
    studies = rng.random(count) < 0.6
    birth_year = persons.born.astype("datetime64[Y]").astype(int) + 1970
    away = np.hstack([np.zeros((count, quarters - persons.resident.shape[1]), bool), ~persons.resident])
    gone = np.where(dead, STATE["dead"], STATE["emigrated"])
    states = np.empty((count, quarters), dtype=np.int8)
    since = np.zeros(count, dtype=np.int16)
    for q in range(quarters):
        since = np.where(employed[:, q], 0, since + 1)
        age = FIRST_WEEK_YEAR + q // 4 - birth_year
        states[:, q] = np.where(away[:, q], gone, _state(kind, since, age, studies))
    return states


def _state(kind: np.ndarray, since: np.ndarray, age: np.ndarray, studies: np.ndarray) -> np.ndarray:
    """(P,) state in a quarter, from what a person turns to and the quarters since work was lost (0: works)."""
    on = dict(zip(KINDS, (kind == position for position in range(len(KINDS))), strict=True))
    rules = (
        (since == 0, "work"),
        (age >= 65, "pensioner"),
        ((age >= 61) & on["insured"], "early_retired"),
        ((age < 24) & studies, "student"),
        ((age >= 50) & on["sick"] & (since > 6), "disabled"),
        (on["sick"] & (since <= 3), "sick"),
        (on["insured"] & (since >= 3) & (since <= 4), "activated"),
        (on["insured"] & (since <= INSURED_QUARTERS), "insured"),
        (on["none"], "none"),
        (since % 5 == 4, "activated_assistance"),
    )
    return np.select([rule for rule, _ in rules], [STATE[name] for _, name in rules], STATE["assistance"])


def write_akm(directory: Path, persons: Persons, names: np.ndarray, states: np.ndarray) -> None:
    """AKM<year>.parquet: the class of every resident at the end of the year, by what most of its quarters were."""
    order = np.argsort(names)
    classes = sorted({code for _, _, code in STATES} | set(WORKING_CLASS.values()))
    place = np.array([classes.index(code) for _, _, code in STATES])
    levels, level = np.unique(persons.education, return_inverse=True)
    working = np.array([classes.index(WORKING_CLASS[code]) for code in levels])[level]
    sources = sorted({*SOURCE.values(), WAGES, ELSE})
    source = np.array([
        sources.index(WAGES if "130" <= code < "140" else SOURCE.get(code, ELSE)) for code in classes
    ])
    for year in range(FIRST_JOB_YEAR, FIRST_WEEK_YEAR + states.shape[1] // 4):
        rows = order[persons.resident[order, year * 4 + 3 - FIRST_QUARTER]]
        most = _commonest(states[rows, (year - FIRST_WEEK_YEAR) * 4:][:, :4])
        found = np.where(most == STATE["work"], working[rows], place[most])
        write_table(directory / f"AKM{year}.parquet", {
            "PNR": text_column(rows, names),
            "BESKST13": text_column(source[found], sources),
            "SOCIO13": text_column(found, classes),
        })


def _commonest(states: np.ndarray) -> np.ndarray:
    """(n,) the commonest of the four quarters' states; the first in STATES where two are."""
    counts = np.stack([(states == state).sum(axis=1, dtype=np.int8) for state in range(len(STATES))], axis=1)
    return counts.argmax(axis=1)


def write_dream(directory: Path, names: np.ndarray, states: np.ndarray, seed: int) -> None:
    """DREAM<last year>12.parquet: a row a person, a column `Y_YYWW` an ISO week from 2005; missing without benefit.

    A week takes the state of the quarter that its Thursday lies in; a benefit begins up to three weeks after work was
    lost, and ends up to two weeks before it is found.
    """
    rng = stream(seed, "weeks")
    late, early = rng.integers(0, 4, names.size), rng.integers(0, 3, names.size)
    last_year = FIRST_WEEK_YEAR + states.shape[1] // 4 - 1
    code_of = np.array([code for _, code, _ in STATES], dtype=object)
    values = sorted({code for code in code_of if code})
    place = np.array([values.index(code) if code else -1 for code in code_of], dtype=np.int8)
    after_work = np.hstack([np.zeros((names.size, 1), bool), (states[:, :-1] == 0) & (states[:, 1:] != 0)])
    before_work = np.hstack([(states[:, 1:] == 0) & (states[:, :-1] != 0), np.zeros((names.size, 1), bool)])
    weeks = iso_weeks(last_year)
    schema = pa.schema([("PNR", pa.string())] + [(name, pa.dictionary(pa.int8(), pa.string())) for name, *_ in weeks])
    order = np.argsort(names)
    path = directory / f"DREAM{last_year}12.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True, store_schema=False) as writer:
        for start in range(0, order.size, CHUNK):
            rows = order[start:start + CHUNK]
            parts = [np.ascontiguousarray(whole[rows].T) for whole in (place[states], after_work, before_work)]
            columns = [pa.array(names[rows])]
            for _, quarter, since_start, to_end in weeks:
                benefit, fresh, ending = (part[quarter] for part in parts)
                blank = (benefit < 0) | fresh & (since_start < late[rows]) | ending & (to_end < early[rows])
                columns.append(pa.DictionaryArray.from_arrays(pa.array(np.where(blank, 0, benefit), mask=blank), values))
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=CHUNK)


def iso_weeks(last_year: int) -> list[tuple[str, int, int, int]]:
    """Column, quarter (from 2005), weeks since the quarter's first and to its last, of every ISO week to the year's end."""
    days = range(date(FIRST_WEEK_YEAR, 1, 6).toordinal(), date(last_year, 12, 31).toordinal() + 1, 7)     # Thursdays
    thursdays = [date.fromordinal(day) for day in days]
    quarter = np.array([(day.year - FIRST_WEEK_YEAR) * 4 + (day.month - 1) // 3 for day in thursdays])
    since = np.arange(quarter.size) - np.searchsorted(quarter, quarter, side="left")
    to_end = np.searchsorted(quarter, quarter, side="right") - 1 - np.arange(quarter.size)
    names = [f"Y_{day.year % 100:02d}{day.isocalendar().week:02d}" for day in thursdays]
    return list(zip(names, quarter.tolist(), since.tolist(), to_end.tolist(), strict=True))
