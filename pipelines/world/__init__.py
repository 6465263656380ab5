"""A synthetic Denmark with planted effects: register extracts, raw deliveries and the truth. No stage imports it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.deliveries import Numbers, draw_deliveries
from pipelines.world.draws import draw_pseudonyms, stream
from pipelines.world.extracts import job_slots, write_bef, write_bfl, write_firm, write_udda
from pipelines.world.firms import draw_firms, year_index
from pipelines.world.habits import write_delivery
from pipelines.world.persons import draw_persons, person_truth, seat_persons
from pipelines.world.plan import FIRST_JOB_YEAR, LAST_YEAR, SCALES
from pipelines.world.programme import company_truth, run_programme

__all__ = ["DEFAULT_SEED", "make_world"]

DEFAULT_SEED = 2013                  # the year of the agreement; chosen before any estimate was seen
HANDS_PER_JOB = 1.32                 # adults for every job slot at firms; who works elsewhere is in the public sector


def make_world(*, scale: str, seed: int = DEFAULT_SEED, deliveries: Path, home: Path | None = None, pseudonym_of=None) -> list[Path]:
    """Make a world: raw deliveries into `deliveries`; with a home, also `registers/` and `world/truth.parquet` in it.

    `pseudonym_of(domain, numbers)` turns raw numbers of a domain ("company" or "person") into pseudonyms; it is asked only
    for units that a delivery names, all others get a pseudonym drawn directly. The same seed gives the same deliveries, and
    with the same keys the same registers. Returns the paths of the deliveries.
    """
    size = SCALES[scale]
    firms = draw_firms(size, seed)
    programme = run_programme(firms, size, seed)
    published = slice(year_index(FIRST_JOB_YEAR), year_index(LAST_YEAR) + 1)
    heads = np.where(programme.alive, job_slots(programme.fte), 0)[:, published]
    count = int(heads.sum(axis=0).max() * HANDS_PER_JOB)
    persons = draw_persons(size, seed, count, (firms.municipality, firms.region))
    seat = seat_persons(persons, heads, seed)
    found, numbers = draw_deliveries(firms, programme, persons, seat, seed)
    deliveries.mkdir(parents=True, exist_ok=True)
    paths = [write_delivery(delivery, deliveries) for delivery in found]
    if home is not None:
        names, person_names = _name_units(numbers, len(firms.section), count, seed, pseudonym_of)
        registers = home / "registers"
        write_firm(registers, firms, programme, names)
        write_bfl(registers, firms, programme, persons, seat, names, person_names, seed)
        write_bef(registers, persons, person_names, seed)
        write_udda(registers, persons, person_names)
        _write_truth(home / "world", pd.concat([company_truth(firms, programme), person_truth(persons)], ignore_index=True))
    return paths


def _name_units(numbers: Numbers, firms: int, persons: int, seed: int, pseudonym_of) -> tuple[np.ndarray, np.ndarray]:
    names = draw_pseudonyms(stream(seed, "company names"), firms)
    names[list(numbers.cvr)] = pseudonym_of("company", list(numbers.cvr.values()))
    person_names = draw_pseudonyms(stream(seed, "person names"), persons)
    person_names[list(numbers.cpr)] = pseudonym_of("person", list(numbers.cpr.values()))
    return names, person_names


def _write_truth(directory: Path, truth: pd.DataFrame) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(truth, preserve_index=False), directory / "truth.parquet")
