"""What is planted in a world, said before anything is estimated: the tables of `sample_data/README.md`.

`python -m pipelines.world.statement` prints the sample's, `… statement region` the region's claim and what is true of it. The minimum detectable effect needs the world's untreated changes,
which no estimator sees.
"""

import sys
from dataclasses import dataclass

import numpy as np

from pipelines.world import DEFAULT_SEED, World, draw_world
from pipelines.world.firms import draw_firms, year_index
from pipelines.world.persons import person_truth
from pipelines.world.plan import LAST_COHORT, SCALES, TYPES, Scale, TypePlan
from pipelines.world.programme import Programme, company_truth, eligible, run_programme

HEADLINE = 2                         # years after the start
CONTROLS = 5                         # matched to each participant
POWER = 2.80                         # two-sided 5 per cent, power 80 per cent: 1.96 + 0.84
EVENTS = (0, 1, 2, 4, 8)           # quarters after a person's start


@dataclass(frozen=True)
class PlantedType:
    """One initiative type: planted FTE a firm at event times 0–5, and what so many firms can show at +2."""

    initiative_type: str
    effect: tuple[float, ...]
    first: int                       # companies whose first participation is of this type
    later: int                       # companies that join it after another type
    persons: int
    sd: float                        # of the untreated change from −1 to +2 among candidates that never take part
    truth: float                     # own average effect at +2 of the firms drawn

    @property
    def detectable(self) -> float:
        """Minimum detectable effect at +2, FTE a firm."""
        return minimum_detectable(self.sd, self.first)

    @property
    def reading(self) -> str:
        """The planted effect at +2 against what so many firms can show."""
        planted = self.effect[HEADLINE]
        return "none planted" if planted == 0 else "larger" if planted > self.detectable else "smaller"


def planted(scale: str, seed: int) -> list[PlantedType]:
    """One row an initiative type, in the order of the plan."""
    return planted_types(draw_world(SCALES[scale], seed))


def minimum_detectable(sd: float, treated: int) -> float:
    """2.80 × sd / √n × √(1 + 1/5): a difference of means between n treated and five controls each."""
    return POWER * sd / np.sqrt(treated) * np.sqrt(1 + 1 / CONTROLS)


def planted_types(world: World) -> list[PlantedType]:
    """As `planted`, for a world that is drawn."""
    table = world.programme.participations
    truth = company_truth(world.firms, world.programme)
    truth = truth[(truth["outcome"] == "fte") & (truth["event_time"] == HEADLINE)].set_index("initiative_type")["att"]
    persons = world.persons.participations["type"]
    rows = []
    for position, plan in enumerate(world.size.types):
        mine = table[table["type"] == position]
        first = int(mine["first"].sum())
        rows.append(PlantedType(
            plan.code, plan.effect, first, len(mine) - first, int((persons == position).sum()),
            float(np.std(untreated_changes(world, plan), ddof=1)), float(truth[plan.code]),
        ))
    return rows


def untreated_changes(world: World, plan: TypePlan) -> np.ndarray:
    """FTE at +2 minus at −1 (closed = 0) of the firms that could have joined in a cohort of the type but never join."""
    alive, fte = world.programme.alive_without, world.programme.fte_without
    never = np.ones(alive.shape[0], dtype=bool)
    never[world.programme.participations["firm"]] = False
    changes = []
    for year in plan.cohorts:
        t = year_index(year)
        candidate = never & alive[:, t - 2] & eligible(world.firms, alive, plan, year)
        changes.append(fte[candidate, t + HEADLINE] - fte[candidate, t - 1])
    return np.concatenate(changes)


def company_table(rows: list[PlantedType]) -> str:
    """The rows as a Markdown table."""
    header = ["type", *(f"+{event}" for event in range(len(TYPES[0].effect))), "companies, first here", "joining later",
              "persons", "sd of change", "truth at +2", "detectable at +2", "planted at +2 is"]
    lines = [
        [row.initiative_type, *(f"{effect:.1f}" for effect in row.effect), f"{row.first:,}", str(row.later),
         f"{row.persons:,}", f"{row.sd:.2f}", f"{row.truth:.2f}", f"{row.detectable:.2f}", row.reading]
        for row in rows
    ]
    return _markdown(header, lines)


def person_table(world: World) -> str:
    """Own effect on the share in employment by type, in percentage points, as a Markdown table."""
    truth = person_truth(world.persons).set_index(["initiative_type", "event_time"])
    codes = [plan.code for plan in TYPES if plan.persons]
    lines = [
        [code, *(f"{100 * truth['att'][code, event]:+.1f}" for event in EVENTS), f"{truth['n_treated'][code, 0]:,}"]
        for code in codes
    ]
    return _markdown(["type", *(f"quarter +{event}" for event in EVENTS), "persons"], lines)


def claim_table(programme: Programme, size: Scale) -> str:
    """What a forum would claim for 2007–2013, and what is true of it, by type and in all, as a Markdown table.

    Gross: FTE in 2013 minus those of the year before the start, summed over the companies whose first participation is
    of the type (closed = 0). Net: the same companies in 2013 against the world without any programme. Displaced: FTE that
    competitors lost to them in 2013, which no row of net holds.
    """
    first = programme.participations[programme.participations["first"]]
    unit, before, last = first["firm"].to_numpy(), year_index(first["year"].to_numpy()) - 1, year_index(LAST_COHORT)
    gross = programme.fte[unit, last] - programme.fte[unit, before]
    net = programme.fte[unit, last] - programme.fte_without[unit, last]
    lost = {} if programme.displaced is None else {programme.displaced.initiative_type: programme.displaced.fte[last]}
    lines = []
    for position, plan in enumerate(size.types):
        mine = first["type"].to_numpy() == position
        lines.append((plan.code, mine.sum(), gross[mine].sum(), net[mine].sum(), lost.get(plan.code, 0.0)))
    lines.append(("all", unit.size, gross.sum(), net.sum(), sum(lost.values())))
    header = ["type", "companies, first here", "gross FTE in 2013", "net FTE in 2013", "displaced FTE in 2013"]
    return _markdown(header, [[code, *(f"{amount:,.0f}" for amount in amounts)] for code, *amounts in lines])


def _markdown(header: list[str], lines: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *lines))


if __name__ == "__main__":
    if sys.argv[1:] == ["region"]:
        region = SCALES["region"]
        print(claim_table(run_programme(draw_firms(region, DEFAULT_SEED), region, DEFAULT_SEED), region), end="")
        sys.exit()
    sample = draw_world(SCALES["sample"], DEFAULT_SEED)
    print(company_table(planted_types(sample)), person_table(sample), sep="\n", end="")
