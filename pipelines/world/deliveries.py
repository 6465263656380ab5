"""What five operators would send for this world, planted mistakes included; how each writes a file is in `habits`."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipelines.world.draws import stream
from pipelines.world.firms import Firms
from pipelines.world.numbers import draw_cpr, draw_cvr, spoil_check_digit
from pipelines.world.persons import FIRST_QUARTER, Persons
from pipelines.world.plan import CENTRAL_JUTLAND, NORTH_JUTLAND, OPERATORS, TYPES, TypePlan
from pipelines.world.programme import Programme
from schemas.contract import codes

ACTIVITIES = (
    "Vækstforløb", "Rådgivning", "Netværksmøder", "Prøvning på værksted", "Forretningsudvikling", "Øvelse i eksport",
)
NOTES = (
    None, None, None,
    "Fulgt op på møde i Løgstør", "Mangler regnskab fra året før", "Ønsker også hjælp til salg i Færøerne",
)
ACTORS = (
    "Væksthuset", "Jobcenter Aalborg", "Erhvervsskolen Nord", "Kommunens erhvervskontor", "Fiskerihavnen i Hirtshals",
)
PURPOSES = ("Opsøgende besøg", "Vækstplan", "Rekruttering", "Efteruddannelse")
FUNDS = {"training": "esf", "tourism": "regional", "clusters": "national"}
TARGET_SHARE = {"participants": 1.05, "completed": 0.9}
INITIATIVE_NAMES = {
    "growth_programme": ("Vækst i små virksomheder", "Growth in small firms"),
    "production_sme": ("Vækstløft og væksttjek i produktionen", "Growth lift and growth check in production"),
    "maritime": ("Det Blå Nordjylland", "The Blue North Jutland"),
    "food": ("Fisk, skaldyr og fødevarer", "Fish, shellfish and food"),
    "digital_creative": ("Digitale og kreative erhverv", "Digital and creative industries"),
    "sustainable_energy": ("Bæredygtig energi", "Sustainable energy"),
    "health_innovation": ("Sundhedsinnovation", "Health innovation"),
    "green_business": ("Grøn forretning og industriel symbiose", "Green business and industrial symbiosis"),
    "clusters": ("Klynger og innovationsnetværk", "Clusters and innovation networks"),
    "training": ("Kompetenceløft på tværs", "Skills lift across industries"),
    "tourism": ("Turisme og oplevelser", "Tourism and experiences"),
}


@dataclass(frozen=True)
class Numbers:
    """Raw synthetic numbers of the units that some delivery names: position in the world → number."""

    cvr: dict[int, str] = field(repr=False)
    cpr: dict[int, str] = field(repr=False)


@dataclass(frozen=True)
class Delivery:
    """One file before it is written: `rows` hold Python values, keys are the contract's column names."""

    operator: str
    kind: str
    period: str
    rows: list[dict] = field(repr=False)


def draw_deliveries(
    firms: Firms, programme: Programme, persons: Persons, seat: np.ndarray, seed: int
) -> tuple[list[Delivery], Numbers]:
    """Every file of every operator in a fixed order, each with rows that the gateway must put aside."""
    rng = stream(seed, "deliveries")
    contacted = _contacted(rng, firms, programme)
    employers = _employers(persons, seat, firms.fte.shape[0])
    named = np.unique(np.concatenate([programme.participations["firm"], contacted, employers[employers >= 0]]))
    spare = draw_cvr(rng, named.size + 400)
    trained = persons.participations["person"].tolist()
    numbers = Numbers(
        cvr=dict(zip(named.tolist(), spare[:named.size], strict=True)),
        cpr=dict(zip(trained, draw_cpr(rng, len(trained)), strict=True)),
    )
    strangers = iter(spare[named.size:])              # valid numbers that no register knows
    companies = _company_rows(rng, firms, programme, numbers)
    people = _person_rows(rng, persons, employers, numbers)
    found = []
    for operator in OPERATORS:
        plans = [plan for plan in TYPES if plan.operator == operator]
        found += _frame_deliveries(operator, plans, companies, next(strangers))
        found += _company_deliveries(rng, operator, companies, strangers)
        found += _person_deliveries(operator, people)
    found += _contact_deliveries(rng, contacted, numbers, strangers)
    return found, numbers


def _contacted(rng: np.random.Generator, firms: Firms, programme: Programme) -> np.ndarray:
    north = np.flatnonzero((firms.region == NORTH_JUTLAND) & programme.alive[:, -4])
    taking_part = np.unique(programme.participations["firm"])
    some = rng.choice(taking_part, size=taking_part.size // 8, replace=False)
    return np.union1d(some, rng.choice(north, size=min(400, north.size // 20), replace=False))


def _employers(persons: Persons, seat: np.ndarray, firms: int) -> np.ndarray:
    """Per person participation: the firm of the quarter before, −1 without work or in the public sector."""
    table = persons.participations
    before = seat[table["person"], table["period"] - FIRST_QUARTER - 1]
    return np.where(before < firms, before, -1)


def _company_rows(rng: np.random.Generator, firms: Firms, programme: Programme, numbers: Numbers) -> pd.DataFrame:
    table = programme.participations.copy()
    count = len(table)
    plans = [TYPES[position] for position in table["type"]]
    new_year = (table["year"].to_numpy() - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    start = new_year + rng.integers(0, 365, count)
    weight = np.round(np.exp(0.5 * rng.standard_normal(count) - 0.125), 2)
    support = np.array([plan.support_dkk for plan in plans]) * weight // 100 * 100
    applied = rng.random(count) < 0.4
    table["operator"] = [plan.operator for plan in plans]
    table["cvr"] = [numbers.cvr[firm] for firm in table["firm"]]
    table["project"] = [
        _project(plan, firms.region[firm], firm) for plan, firm in zip(plans, table["firm"], strict=True)
    ]
    table["start"] = start
    table["end"] = start + rng.integers(120, 500, count)
    table["support_dkk"] = support.astype(int)
    table["private_match_dkk"] = (support * rng.choice([0.0, 0.25, 0.5], count) // 100 * 100).astype(int)
    table["hours"] = rng.integers(20, 400, count) / 2
    table["activity"] = np.array(ACTIVITIES)[rng.integers(0, len(ACTIVITIES), count)]
    table["application_date"] = np.where(applied, start - rng.integers(20, 200, count), np.datetime64("NaT"))
    table["note"] = np.array(NOTES, dtype=object)[rng.integers(0, len(NOTES), count)]
    return table.sort_values(["operator", "start", "cvr", "project"], ignore_index=True)


def _project(plan: TypePlan, region: str, unit: int) -> str:
    """Projects of a type: `plan.projects` in North Jutland by turns, one in Central Jutland."""
    short = "".join(part[0] for part in plan.code.split("_")).upper() + plan.code[:3].upper()
    return f"{short}-MJ-1" if region == CENTRAL_JUTLAND else f"{short}-NJ-{unit % plan.projects + 1}"


def _person_rows(rng: np.random.Generator, persons: Persons, employers: np.ndarray, numbers: Numbers) -> pd.DataFrame:
    table = persons.participations.copy()
    count = len(table)
    plans = [TYPES[position] for position in table["type"]]
    quarter = table["period"].to_numpy()
    first_day = ((quarter // 4 - 1970) * 12 + quarter % 4 * 3).astype("datetime64[M]").astype("datetime64[D]")
    start = first_day + rng.integers(0, 85, count)
    table["operator"] = [plan.operator for plan in plans]
    table["cpr"] = [numbers.cpr[person] for person in table["person"]]
    table["project"] = [
        _project(plan, NORTH_JUTLAND, person) for plan, person in zip(plans, table["person"], strict=True)
    ]
    table["start"] = start
    table["end"] = start + rng.integers(20, 200, count)
    table["employer_cvr"] = [numbers.cvr.get(int(firm)) for firm in employers]
    table["completed"] = rng.random(count) < 0.86
    table["hours"] = rng.integers(10, 300, count)
    table["status_at_start"] = table["status"]
    return table.sort_values(["operator", "start", "cpr"], ignore_index=True)


def _frame_deliveries(operator: str, plans: list[TypePlan], companies: pd.DataFrame, stranger: str) -> list[Delivery]:
    """Initiatives, projects and targets of one operator, each with a row that cannot be used."""
    regions = {NORTH_JUTLAND: "NJ", CENTRAL_JUTLAND: "MJ"}
    region_name = dict(zip(*[codes("regions").column(i).to_pylist() for i in (0, 1)], strict=True))
    initiatives, projects, targets = [], [], []
    first, last = np.datetime64("2007-01-01"), np.datetime64("2013-12-31")
    for plan in plans:
        danish, english = INITIATIVE_NAMES[plan.code]
        for region, short in regions.items():
            initiative = f"{plan.code}-{short}"
            initiatives.append({
                "initiative": initiative, "name": f"{danish}, {region_name[region]}", "name_en": english,
                "initiative_type": plan.code, "region": region, "fund": FUNDS.get(plan.code, "erdf"),
                "start": first, "end": last,
            })
            for number in range(plan.projects if region == NORTH_JUTLAND else 1):
                code = _project(plan, region, number)
                mine = companies[companies["project"] == code]
                projects.append({
                    "project": code, "initiative": initiative, "name": f"{danish} {number + 1}", "operator": operator,
                    "start": first, "end": last,
                    "grant_dkk": int(mine["support_dkk"].sum() * 1.15 // 1000 * 1000) + 500_000,
                })
                targets += _targets(plan, code, mine)
    initiatives.append({**initiatives[0], "initiative": "ukendt-område", "initiative_type": "broadband"})
    projects.append({**projects[0], "project": "SLUT-FØR-START", "start": last, "end": first})
    targets.append({"project": projects[0]["project"], "indicator": "smiles", "target": 10})
    period = "2007-2013"
    return [Delivery(operator, kind, period, rows)
            for kind, rows in (("initiatives", initiatives), ("projects", projects), ("targets", targets))]


def _targets(plan: TypePlan, project: str, mine: pd.DataFrame) -> list[dict]:
    """What the project promised when it was set up: round numbers, hopeful about jobs whatever the type can do."""
    companies = max(len(mine), 1)
    persons = round(plan.persons / plan.projects) if "-NJ-" in project else 0
    hoped = {
        "participants": round(companies * TARGET_SHARE["participants"]) + 1,
        "completed": round((companies + persons) * TARGET_SHARE["completed"]),
        "support_dkk": int(mine["support_dkk"].sum() // 10_000 * 10_000) + 50_000,
        "jobs_1": round(companies * 0.8, 1),
        "jobs_3": round(companies * 1.5, 1),
        "turnover_3": companies * 2_000_000,
    }
    if persons:
        hoped["persons"] = persons
        hoped["employed_8"] = round(persons * 0.1)
    return [{"project": project, "indicator": indicator, "target": target} for indicator, target in hoped.items()]


COMPANY_COLUMNS = (
    "cvr", "project", "start", "end", "support_dkk", "activity", "hours", "private_match_dkk", "application_date",
    "note",
)
PERSON_COLUMNS = ("cpr", "project", "start", "end", "employer_cvr", "completed", "hours", "status_at_start")


def _company_deliveries(
    rng: np.random.Generator, operator: str, companies: pd.DataFrame, strangers: Iterator[str]
) -> list[Delivery]:
    """Two periods, each with numbers that no register knows and with mistakes; one operator corrects itself later."""
    mine = companies[companies["operator"] == operator]
    early = mine["year"] <= 2010
    found = []
    for period, part in (("2007-2010", mine[early]), ("2011-2013", mine[~early])):
        rows = part[list(COMPANY_COLUMNS)].to_dict("records")
        if not rows:
            continue
        unknown = [{**rows[i], "cvr": next(strangers)} for i in rng.integers(0, len(rows), 2)]
        everything = [*rows, *unknown, *_spoiled_companies(rows, strangers)]
        found.append(Delivery(operator, "company_participations", period, everything))
    if operator == "nordvaekst":
        late = mine[~early][list(COMPANY_COLUMNS)].to_dict("records")[:3]
        corrected = [{**row, "support_dkk": row["support_dkk"] + 5_000} for row in late]
        spoiled = _spoiled_companies(late, strangers)[0]
        found.append(Delivery(operator, "company_participations", "2014", [*corrected, spoiled]))
    return found


def _spoiled_companies(rows: list[dict], strangers: Iterator[str]) -> list[dict]:
    """Mistakes that people make; each has a number of its own, so that no true participation is lost with it."""
    return [
        {**rows[0], "cvr": spoil_check_digit(rows[0]["cvr"])},
        {**rows[-1]},                                                                  # the same row once more
        {**rows[0], "cvr": next(strangers), "start": rows[0]["end"], "end": rows[0]["start"]},
        {**rows[0], "cvr": next(strangers), "support_dkk": -25_000},
    ]


def _person_deliveries(operator: str, people: pd.DataFrame) -> list[Delivery]:
    """Two periods, each with a replacement number, the same row once more, and a day of birth that no month has."""
    mine = people[people["operator"] == operator]
    early = mine["period"] < 2012 * 4
    found = []
    for period, part in (("2009-2011", mine[early]), ("2012-2013", mine[~early])):
        rows = part[list(PERSON_COLUMNS)].to_dict("records")
        if rows:
            replacement = f"{int(rows[0]['cpr'][:2]) % 28 + 61:02d}{rows[0]['cpr'][2:]}"
            spoiled = [{**rows[0], "cpr": replacement}, {**rows[-1]}, {**rows[0], "cpr": "99" + rows[0]["cpr"][2:]}]
            found.append(Delivery(operator, "person_participations", period, [*rows, *spoiled]))
    return found


def _contact_deliveries(
    rng: np.random.Generator, contacted: np.ndarray, numbers: Numbers, strangers: Iterator[str]
) -> list[Delivery]:
    """Contacts of companies with the advisers of two operators, and one on a day that no calendar has."""
    found = []
    for operator, share in (("nordvaekst", contacted[::2]), ("energiforum", contacted[1::2])):
        rows = []
        for firm in share.tolist():
            for actor in rng.choice(len(ACTORS), size=int(rng.integers(1, 4)), replace=False):
                day = np.datetime64("2010-01-01") + int(rng.integers(0, 4 * 365))
                purpose = PURPOSES[int(rng.integers(0, len(PURPOSES)))]
                rows.append({"cvr": numbers.cvr[firm], "actor": ACTORS[actor], "date": day, "purpose": purpose})
        rows.append({**rows[0], "cvr": next(strangers), "date": "31-02-2011"})
        found.append(Delivery(operator, "company_contacts", "2010-2013", rows))
    return found
