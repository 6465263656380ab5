"""A synthetic Denmark with planted effects: register extracts, raw deliveries and the truth. No stage imports it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.world.business import write_fiks, write_long_demo
from pipelines.world.deliveries import Delivery, Numbers, draw_deliveries
from pipelines.world.denmark import make_denmark_at_home
from pipelines.world.draws import draw_pseudonyms, stream
from pipelines.world.extracts import job_slots, write_bef, write_bfl, write_firm, write_udda
from pipelines.world.firms import Firms, draw_firms, year_index
from pipelines.world.habits import write_delivery
from pipelines.world.installing import installing
from pipelines.world.oddities import odd_workplaces, old_municipalities, unit_heads, widen_definition
from pipelines.world.persons import Persons, draw_persons, person_truth, seat_persons
from pipelines.world.plan import FIRST_JOB_YEAR, SCALES, Oddities, Scale
from pipelines.world.programme import Programme, company_truth, run_programme
from pipelines.world.registration import Registered, register
from pipelines.world.states import benefit_states, write_akm, write_dream
from pipelines.world.vintages import write_vintages

__all__ = ["DEFAULT_SEED", "DENMARK", "Oddities", "World", "WorldError", "draw_world", "make_world"]

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
    size: Scale


def make_world(
    *, scale: str, seed: int = DEFAULT_SEED, deliveries: Path, home: Path | None = None,
    pseudonym_of: PseudonymOf | None = None, key_ids: Mapping[str, str] | None = None,
    oddities: Oddities | None = None, only: str | None = None,
) -> list[Path]:
    """Make a world: raw deliveries into `deliveries`; with a home, also `registers/` and `world/` in it.

    `pseudonym_of(domain, numbers)` turns raw numbers of a domain ("company" or "person") into pseudonyms; it is asked
    only for units that a delivery names, all others get a pseudonym drawn directly; `key_ids` names the keys behind it by
    domain, which `registers/keys.json` then says. The same seed gives the same
    deliveries, and with the same keys the same registers. `oddities` in place of the scale's own. Registers and truth of
    a world before are replaced as a whole, at the end. Returns the paths of the deliveries. Raises WorldError for an
    unknown scale, or a home without pseudonyms.

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
    size = SCALES[scale] if oddities is None else replace(SCALES[scale], oddities=oddities)
    world = draw_world(size, seed)
    deliveries.mkdir(parents=True, exist_ok=True)
    paths = [write_delivery(delivery, deliveries) for delivery in world.deliveries]
    if home is not None:
        with installing(home) as part:
            _write_registers(part / "registers", world, pseudonym_of)
            if key_ids:
                (part / "registers" / "keys.json").write_text(json.dumps(dict(key_ids)) + "\n", encoding="utf-8")
            _write_truth(part / "world", world)
    return paths


def draw_world(size: Scale, seed: int) -> World:
    """Draw firms, their programme, persons in the firms' job slots, and what operators tell of them; write nothing."""
    firms = draw_firms(size, seed)
    if not size.oddities.missing_value_added:
        firms = replace(firms, value_added_share=np.nan_to_num(firms.value_added_share, nan=0.35))
    programme = run_programme(firms, size, seed)
    published = slice(year_index(FIRST_JOB_YEAR), year_index(size.last_year) + 1)
    heads = np.where(programme.alive, job_slots(programme.fte), 0)[:, published]
    count = int(heads.sum(axis=0).max() * HANDS_PER_JOB)
    persons = draw_persons(size, seed, count, (firms.municipality, firms.region))
    seat = seat_persons(persons, heads, seed)
    found, numbers = draw_deliveries(firms, programme, persons, seat, seed)
    return World(seed, firms, programme, persons, seat, found, numbers, size)


def _write_registers(directory: Path, world: World, pseudonym_of: PseudonymOf) -> None:
    size, seed = world.size, world.seed
    shown = register(world.firms, world.programme, world.persons, world.seat, size, seed)
    names, person_names = _names(world, shown, pseudonym_of)
    _write_of_firms(directory, shown, names, size, seed)
    people = shown.people
    odd_town = odd_workplaces(people.last.size, seed)[people.same_as] if size.oddities.unknown_workplaces else None
    write_bfl(
        directory, shown.firms, shown.programme, shown.persons, shown.seat, names, person_names, seed,
        people.same_as, people.name, odd_town,
    )
    write_bef(directory, shown.persons, person_names, seed, people.same_as)
    write_udda(directory, shown.persons, person_names)
    states = benefit_states(world.persons, seed)
    write_akm(directory, shown.persons, person_names, states[people.same_as])
    known = ~people.shares
    write_dream(directory, person_names[people.last[known]], states[known], seed)


def _names(world: World, shown: Registered, pseudonym_of: PseudonymOf) -> tuple[np.ndarray, np.ndarray]:
    """Pseudonyms of firms' and persons' numbers; those that deliveries name get the project's, all later ones new ones."""
    found = []
    for domain, known, count, rows in (
        ("company", world.numbers.cvr, world.firms.section.size, shown.firms.section.size),
        ("person", world.numbers.cpr, world.persons.born.size, shown.people.same_as.size),
    ):
        names = draw_pseudonyms(stream(world.seed, f"{domain} names"), count)
        names[list(known)] = pseudonym_of(domain, list(known.values()))
        more = draw_pseudonyms(stream(world.seed, f"new {domain} names"), rows - count)
        found.append(np.append(names, more) if more.size else names)
    return found[0], found[1]


def _write_of_firms(directory: Path, shown: Registered, names: np.ndarray, size: Scale, seed: int) -> None:
    oddities = size.oddities
    write_firm(
        directory, shown.firms, shown.programme, names, size.first_year, shown.heads,
        old_municipalities(shown.firms, seed) if oddities.old_municipalities else None,
        unit_heads(shown.firms, seed) if oddities.economic_units else None,
    )
    write_long_demo(directory, shown.firms, shown.programme.alive, names, shown.events, size.first_year)
    write_fiks(directory, shown.firms, shown.programme, names, seed, oddities.vat_periods)
    if oddities.wider_definition:
        widen_definition(directory, shown.firms.years, seed)
    if oddities.vintages:
        write_vintages(directory, size.last_year, seed)


def _write_truth(directory: Path, world: World) -> None:
    truth = pd.concat([company_truth(world.firms, world.programme), person_truth(world.persons)], ignore_index=True)
    truth["att"] = truth["att"].round(6)               # processors differ in the last bits of an exponential
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(truth, preserve_index=False), directory / "truth.parquet")
    if world.programme.displaced is not None:
        lost = world.programme.displaced.table()
        pq.write_table(pa.Table.from_pandas(lost, preserve_index=False), directory / "displaced.parquet")
