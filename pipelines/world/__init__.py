"""A synthetic Denmark with planted effects: register extracts, raw deliveries and the truth. No stage imports it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.deliveries import Delivery, Numbers, draw_deliveries
from pipelines.world.denmark import make_denmark_at_home
from pipelines.world.draws import draw_pseudonyms, stream
from pipelines.world.extracts import job_slots, write_bef, write_bfl, write_firm, write_udda
from pipelines.world.firms import Firms, draw_firms, year_index
from pipelines.world.habits import write_delivery
from pipelines.world.installing import installing
from pipelines.world.persons import Persons, draw_persons, person_truth, seat_persons
from pipelines.world.plan import FIRST_JOB_YEAR, LAST_YEAR, SCALES, Scale
from pipelines.world.programme import Programme, company_truth, run_programme

__all__ = ["DEFAULT_SEED", "DENMARK", "World", "WorldError", "draw_world", "make_world"]

DEFAULT_SEED = 2013                  # the year of the agreement; chosen before any estimate was seen
DENMARK = "denmark"                  # the scale of real sizes, in which nothing is planted
HANDS_PER_JOB = 1.32                 # adults for every job slot at firms; who works elsewhere is in the public sector

PseudonymOf = Callable[[str, list[str]], list[str]]


class WorldError(ValueError):
    """A world that cannot be made as asked, in one sentence."""


@dataclass(frozen=True)
class World:
    """All that is drawn before anything is written: `seat` as in `seat_persons`, `deliveries` in order of writing."""

    seed: int
    firms: Firms
    programme: Programme
    persons: Persons
    seat: np.ndarray
    deliveries: list[Delivery]
    numbers: Numbers


def make_world(
    *, scale: str, seed: int = DEFAULT_SEED, deliveries: Path, home: Path | None = None,
    pseudonym_of: PseudonymOf | None = None, only: str | None = None,
) -> list[Path]:
    """Make a world: raw deliveries into `deliveries`; with a home, also `registers/` and `world/truth.parquet` in it.

    `pseudonym_of(domain, numbers)` turns raw numbers of a domain ("company" or "person") into pseudonyms; it is asked
    only for units that a delivery names, all others get a pseudonym drawn directly. The same seed gives the same
    deliveries, and with the same keys the same registers. Registers and truth of a world before are replaced as a
    whole, at the end. Returns the paths of the deliveries. Raises WorldError for an unknown scale, or a home without
    pseudonyms.

    The scale `denmark` is made file by file, `only` those that are named, and has neither deliveries nor a truth: see
    `make_denmark_at_home`.
    """
    if scale not in {*SCALES, DENMARK}:
        raise WorldError(f"there is no world of that scale: it is one of {', '.join([*SCALES, DENMARK])}")
    if scale == DENMARK:
        if home is None:
            raise WorldError("a world of scale denmark has registers only: give it a home")
        make_denmark_at_home(home, seed, only)
        return []
    if only is not None:
        raise WorldError("a part of a world can be made at the scale denmark only: leave out what to make, or ask for that")
    if home is not None and pseudonym_of is None:
        raise WorldError("a world in a home needs pseudonyms for the units that its deliveries name: give pseudonym_of")
    world = draw_world(SCALES[scale], seed)
    deliveries.mkdir(parents=True, exist_ok=True)
    paths = [write_delivery(delivery, deliveries) for delivery in world.deliveries]
    if home is not None:
        with installing(home) as part:
            _write_registers(part / "registers", world, pseudonym_of)
            _write_truth(part / "world", world)
    return paths


def draw_world(size: Scale, seed: int) -> World:
    """Draw firms, their programme, persons in the firms' job slots, and what operators tell of them; write nothing."""
    firms = draw_firms(size, seed)
    programme = run_programme(firms, size, seed)
    published = slice(year_index(FIRST_JOB_YEAR), year_index(LAST_YEAR) + 1)
    heads = np.where(programme.alive, job_slots(programme.fte), 0)[:, published]
    count = int(heads.sum(axis=0).max() * HANDS_PER_JOB)
    persons = draw_persons(size, seed, count, (firms.municipality, firms.region))
    seat = seat_persons(persons, heads, seed)
    found, numbers = draw_deliveries(firms, programme, persons, seat, seed)
    return World(seed, firms, programme, persons, seat, found, numbers)


def _write_registers(directory: Path, world: World, pseudonym_of: PseudonymOf) -> None:
    names = draw_pseudonyms(stream(world.seed, "company names"), world.firms.section.size)
    names[list(world.numbers.cvr)] = pseudonym_of("company", list(world.numbers.cvr.values()))
    person_names = draw_pseudonyms(stream(world.seed, "person names"), world.persons.born.size)
    person_names[list(world.numbers.cpr)] = pseudonym_of("person", list(world.numbers.cpr.values()))
    write_firm(directory, world.firms, world.programme, names)
    write_bfl(directory, world.firms, world.programme, world.persons, world.seat, names, person_names, world.seed)
    write_bef(directory, world.persons, person_names, world.seed)
    write_udda(directory, world.persons, person_names)


def _write_truth(directory: Path, world: World) -> None:
    truth = pd.concat([company_truth(world.firms, world.programme), person_truth(world.persons)], ignore_index=True)
    truth["att"] = truth["att"].round(6)               # processors differ in the last bits of an exponential
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(truth, preserve_index=False), directory / "truth.parquet")
