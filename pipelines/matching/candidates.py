"""Who may be compared with whom: treated and candidate controls of a cohort, and what they were like before treatment.

Reads panel tables only. Nothing after the period before treatment enters a covariate; being active in the start period is
asked of both sides (DOMAIN.md, Identification 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

COMPANY_EXACT = ("section", "size_band", "age_band")
COMPANY_COVARIATES = ("log_fte", "growth", "growth_path", "log_productivity")
PERSON_EXACT = ("age_band", "sex", "education", "employed_before")
PERSON_COVARIATES = ("age", "employed_share", "employed_share_before", "earnings")
SIZE_BANDS = (2, 5, 10, 20, 50, 100)           # FTE in the year before
AGE_BANDS = (5, 15)                            # years since the company was founded
PERSON_AGE_BANDS = (25, 30, 40, 50, 60)
WINDOW = 5                                     # years or, for persons, eight quarters in which a control stays untreated
PERSON_WINDOW = 8
COMMON_AREA = 0.02                             # share of a type's participants from which a commuting area counts as its own


FOURTH_QUARTER = 10                            # month from which a start is late in its year


@dataclass(frozen=True)
class Variant:
    """Who is compared with whom; the headline is the variant with every default.

    to_horizon: controls stay untreated up to the horizon, else only up to the start. own_areas: controls from the type's
    own commuting areas allowed. supported_before: the participants are those with earlier support of another type.
    late_starts: starts in the fourth quarter count for the next year. placebo: the nearest control of each participant
    takes its place, and the participants are gone.
    """

    name: str = "headline"
    to_horizon: bool = True
    own_areas: bool = False
    supported_before: bool = False
    late_starts: bool = False
    placebo: bool = False


HEADLINE = Variant()
COMPANY_VARIANTS = (
    HEADLINE,
    Variant("untreated_at_start", to_horizon=False),
    Variant("same_area", own_areas=True),
    Variant("supported_before", supported_before=True),
    Variant("late_starts", late_starts=True),
    Variant("placebo", placebo=True),
)
PERSON_VARIANTS = (
    HEADLINE,
    Variant("untreated_at_start", to_horizon=False),
    Variant("supported_before", supported_before=True),
    Variant("placebo", placebo=True),
)


@dataclass(frozen=True)
class Candidates:
    """One cohort of one type. `support` counts participants by the reason they are not among `treated`."""

    initiative_type: str
    cohort: int
    treated: pd.DataFrame            # unit, exact cells, covariates
    controls: pd.DataFrame
    support: dict[str, int]


@dataclass(frozen=True)
class CompanyHistory:
    """Companies × years as dense arrays; a year without a row is not alive. `units` is sorted: its order breaks ties."""

    units: np.ndarray
    years: np.ndarray
    alive: np.ndarray
    fte: np.ndarray
    turnover: np.ndarray
    founded: np.ndarray
    section: np.ndarray              # position in sections
    sections: np.ndarray
    area: np.ndarray                 # position in areas of the seat's commuting area
    areas: np.ndarray

    def at(self, table: np.ndarray, year: int) -> np.ndarray:
        """Column of `table` for a calendar year."""
        return table[:, int(np.searchsorted(self.years, year))]


def company_history(firm_year: pd.DataFrame) -> CompanyHistory:
    """Dense arrays of `panel.firm_year` (company, year, alive, fte, turnover, section, commuting_area, born)."""
    row, units = _coded(firm_year["company"])
    years, column = np.unique(firm_year["year"].to_numpy(), return_inverse=True)
    shape = (units.size, years.size)

    def dense(values: np.ndarray, empty: object, dtype: object) -> np.ndarray:
        table = np.full(shape, empty, dtype=dtype)
        table[row, column] = values
        return table

    founded = np.zeros(units.size)
    founded[row] = pd.to_datetime(firm_year["born"]).dt.year.fillna(firm_year["first_year"]).to_numpy(dtype=float)
    section, sections = _coded(firm_year["section"])
    area, areas = _coded(firm_year["commuting_area"])
    return CompanyHistory(
        units=units, years=years,
        alive=dense(firm_year["alive"].to_numpy(dtype=bool), False, bool),
        fte=dense(firm_year["fte"].to_numpy(dtype=float), np.nan, float),
        turnover=dense(firm_year["turnover"].to_numpy(dtype=float), np.nan, float),
        founded=founded,
        section=dense(section, 0, np.int32), sections=sections, area=dense(area, 0, np.int32), areas=areas,
    )


def _coded(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the sorted distinct texts, and those texts; a missing text is the empty one."""
    codes, values = pd.factorize(column.fillna(""), sort=True)
    return codes, values.to_numpy(dtype=str)


def company_covariates(history: CompanyHistory, cohort: int) -> pd.DataFrame:
    """All companies as they were in the year before `cohort`; row i is unit i.

    fte_before and fte_change (last year's) are levels in FTE; growth is last year's change of FTE relative to the mean of both years; growth_path the mean yearly change over up to
    three years, relative to size + 1; log_productivity the log of turnover per FTE.
    """
    years, before = history.years, cohort - 1
    last, earlier = history.at(history.fte, before), history.at(history.fte, before - 1)
    position = int(np.searchsorted(years, before))
    seen = history.alive[:, : position + 1]
    first_seen = np.where(seen.any(axis=1), seen.argmax(axis=1), position)
    start = np.maximum(position - 3, np.minimum(first_seen, position - 1))
    then = history.fte[np.arange(history.units.size), start]
    turnover = history.at(history.turnover, before)
    age = cohort - history.founded
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame({
            "unit": np.arange(history.units.size),
            "section": pd.Categorical.from_codes(history.at(history.section, before), history.sections),
            "commuting_area": pd.Categorical.from_codes(history.at(history.area, before), history.areas),
            "size_band": np.digitize(np.nan_to_num(last), SIZE_BANDS),
            "age_band": np.digitize(age, AGE_BANDS),
            "fte_before": last,
            "fte_change": last - earlier,
            "log_fte": _finite(np.log(last)),
            "growth": _finite(2.0 * (last - earlier) / (last + earlier)),
            "growth_path": _finite((last - then) / (position - start) / (last + 1.0)),
            "log_productivity": _finite(np.log(turnover / last)),
        })


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def company_candidates(history: CompanyHistory, entries: pd.DataFrame, variant: Variant) -> Iterator[Candidates]:
    """Candidates by type and cohort, companies of `panel.entry` given.

    Both sides are active in the start year and in the two years before it. Controls come from commuting areas that are
    not among the type's own, unless the variant lets them in.
    """
    for group in _groups(history.units, entries, variant, WINDOW):
        cohort, treated = group.cohort, group.treated
        if cohort - 2 < history.years[0] or cohort > history.years[-1]:
            yield Candidates(group.initiative_type, cohort, _none(), _none(), {"outside the years of the register": group.n})
            continue
        table = company_covariates(history, cohort)
        active = history.at(history.alive, cohort)
        established = history.at(history.alive, cohort - 1) & history.at(history.alive, cohort - 2)
        untreated = group.untreated
        if not variant.own_areas:
            untreated = untreated & ~np.isin(history.at(history.area, cohort - 1), _own_areas(history, group.participants))
        ready = treated[active[treated] & established[treated]]
        support = {
            "not in the register": group.n - treated.size,
            "not active in the start year": int((~active[treated]).sum()),
            "fewer than two years before": int((active[treated] & ~established[treated]).sum()),
        }
        controls = table.iloc[np.flatnonzero(active & established & untreated)]
        yield Candidates(group.initiative_type, cohort, table.iloc[np.sort(ready)], controls, support)


@dataclass(frozen=True)
class Group:
    """One type and cohort: n participants, positions of those in the register, of all its type's, and who is untreated."""

    initiative_type: str
    cohort: int
    n: int
    treated: np.ndarray
    participants: np.ndarray
    untreated: np.ndarray            # (units,) whether a unit may be a control by its own participations


def _groups(units: np.ndarray, entries: pd.DataFrame, variant: Variant, window: int) -> Iterator[Group]:
    """Types and cohorts in order, as the variant has them; units is the sorted register that positions refer to."""
    moved = entries["cohort"] + (variant.late_starts & (pd.to_datetime(entries["start"]).dt.month >= FOURTH_QUARTER))
    names = entries["unit_id"].to_numpy(dtype=str)
    known = np.isin(names, units)
    position = np.searchsorted(units, names)
    first = np.full(units.size, np.inf)
    np.minimum.at(first, position[known], moved.to_numpy(dtype=float)[known])
    taking_part = (entries["position"] == 1) != variant.supported_before
    table = pd.DataFrame({
        "initiative_type": entries["initiative_type"], "cohort": moved, "place": np.where(known, position, -1),
    })[taking_part.to_numpy()]
    participants = {kind: np.unique(rows[rows >= 0]) for kind, rows in table.groupby("initiative_type")["place"]}
    for (kind, cohort), place in table.groupby(["initiative_type", "cohort"], sort=True)["place"]:
        untreated = first > cohort + (window if variant.to_horizon else 0)
        treated = place.to_numpy()[place.to_numpy() >= 0]
        yield Group(kind, int(cohort), len(place), treated, participants[kind], untreated)


def _none() -> pd.DataFrame:
    return pd.DataFrame({"unit": np.array([], dtype=np.int64)})


def _own_areas(history: CompanyHistory, participants: np.ndarray) -> np.ndarray:
    """Commuting areas that hold at least two per cent of a type's participants; none if that would leave no area over."""
    area = history.area[participants, -1]
    names, count = np.unique(area, return_counts=True)
    own = names[count >= COMMON_AREA * max(area.size, 1)]
    return own if own.size < np.unique(history.area[:, -1]).size else own[:0]


@dataclass(frozen=True)
class PersonHistory:
    """Persons × quarters: employed (1, 0, −1 = not resident or not adult), wage, and traits in the last row seen."""

    units: np.ndarray
    periods: np.ndarray
    employed: np.ndarray
    wage: np.ndarray
    birth_year: np.ndarray
    sex: pd.Categorical
    education: pd.Categorical


def person_history(person_quarter: pd.DataFrame) -> PersonHistory:
    """Dense arrays of `panel.person_quarter` (person, period, employed, wage, age, year, sex, education)."""
    row, units = _coded(person_quarter["person"])
    first = int(person_quarter["period"].min())
    column = person_quarter["period"].to_numpy() - first
    shape = (units.size, int(column.max()) + 1)
    employed = np.full(shape, -1, dtype=np.int8)
    employed[row, column] = person_quarter["employed"].to_numpy(dtype=np.int8)
    wage = np.zeros(shape, dtype=np.float32)
    wage[row, column] = person_quarter["wage"].to_numpy(dtype=np.float32)
    birth_year = np.zeros(units.size, dtype=np.int32)
    birth_year[row] = person_quarter["year"].to_numpy() - person_quarter["age"].to_numpy()
    traits = {}
    for name in ("sex", "education"):
        code, values = _coded(person_quarter[name])
        kept = np.zeros(units.size, dtype=np.int32)
        kept[row] = code
        traits[name] = pd.Categorical.from_codes(kept, values)
    return PersonHistory(units, first + np.arange(shape[1]), employed, wage, birth_year, traits["sex"], traits["education"])


def person_covariates(history: PersonHistory, cohort: int) -> pd.DataFrame:
    """All persons as they were before the quarter `cohort`: work and earnings of the last four and eight quarters."""
    now = cohort - int(history.periods[0])
    last, longer = history.employed[:, now - 4:now], history.employed[:, max(now - 8, 0):now]
    age = cohort // 4 - history.birth_year
    return pd.DataFrame({
        "unit": np.arange(history.units.size),
        "age": age.astype(float),
        "age_band": np.digitize(age, PERSON_AGE_BANDS),
        "sex": history.sex,
        "education": history.education,
        "employed_before": last[:, -1],
        "employed_share": np.where((last >= 0).all(axis=1), last.mean(axis=1), np.nan),
        "employed_share_before": np.where((longer >= 0).all(axis=1), longer.mean(axis=1), np.nan),
        "earnings": history.wage[:, now - 4:now].sum(axis=1).astype(float) / 1000.0,
    })


def person_candidates(history: PersonHistory, entries: pd.DataFrame, variant: Variant) -> Iterator[Candidates]:
    """Candidates by type and quarter, persons of `panel.entry` given: resident adults in the year before and at the start.

    A control gets the quarter of the treated as its pseudo-start.
    """
    for group in _groups(history.units, entries, variant, PERSON_WINDOW):
        now, treated = group.cohort - int(history.periods[0]), group.treated
        if now < 4 or now >= history.periods.size:
            yield Candidates(group.initiative_type, group.cohort, _none(), _none(), {"fewer than four quarters before": group.n})
            continue
        resident = (history.employed[:, now - 4:now + 1] >= 0).all(axis=1)
        table = person_covariates(history, group.cohort)
        support = {
            "not in the register": group.n - treated.size,
            "not resident in the year before": int((~resident[treated]).sum()),
        }
        ready = table.iloc[np.sort(treated[resident[treated]])]
        yield Candidates(
            group.initiative_type, group.cohort, ready, table.iloc[np.flatnonzero(resident & group.untreated)], support,
        )
