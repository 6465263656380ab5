"""Who may be compared with whom: treated and candidate controls of a cohort, and what they were like before treatment.

Reads panel tables only. Nothing after the period before treatment enters a covariate; being active in the start period is
asked of both sides (DOMAIN.md, Identification 1).
"""

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
    section: np.ndarray
    area: np.ndarray                 # commuting area of the seat in each year

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
        section=sections[dense(section, 0, np.int32)], area=areas[dense(area, 0, np.int32)],
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
            "section": history.at(history.section, before),
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


def company_candidates(
    history: CompanyHistory, cohorts: pd.DataFrame, *, same_area: bool = False
) -> list[Candidates]:
    """Candidates by type and cohort.

    Treated: first participation in any type is in this type and year. Controls: no participation up to five years on, in a
    commuting area that is not one of the type's own (`same_area` lifts that). Both active in the start year and two before.
    """
    unit = np.searchsorted(history.units, cohorts["company"].to_numpy(dtype=str))
    known = np.isin(cohorts["company"].to_numpy(dtype=str), history.units)
    first = np.full(history.units.size, np.inf)
    first[unit[known]] = cohorts["cohort"].to_numpy()[known]
    found = []
    for (kind, cohort), rows in cohorts.groupby(["initiative_type", "cohort"], sort=True):
        mine = known[rows.index]
        treated = unit[rows.index][mine]
        if cohort - 2 < history.years[0] or cohort > history.years[-1]:
            found.append(Candidates(kind, int(cohort), _none(), _none(), {"outside the years of the register": len(rows)}))
            continue
        table = company_covariates(history, int(cohort))
        active = history.at(history.alive, cohort)
        established = history.at(history.alive, cohort - 1) & history.at(history.alive, cohort - 2)
        untreated = first > cohort + WINDOW
        if not same_area:
            untreated &= ~np.isin(history.at(history.area, cohort - 1), _own_areas(history, cohorts, unit, known, kind))
        ready = treated[active[treated] & established[treated]]
        support = {
            "not in the register": int((~mine).sum()),
            "not active in the start year": int((~active[treated]).sum()),
            "fewer than two years before": int((active[treated] & ~established[treated]).sum()),
        }
        found.append(Candidates(
            kind, int(cohort), table.iloc[np.sort(ready)], table.iloc[np.flatnonzero(active & established & untreated)], support,
        ))
    return found


def _none() -> pd.DataFrame:
    return pd.DataFrame({"unit": np.array([], dtype=np.int64)})


def _own_areas(
    history: CompanyHistory, cohorts: pd.DataFrame, unit: np.ndarray, known: np.ndarray, kind: str
) -> np.ndarray:
    """Commuting areas that hold at least two per cent of a type's participants; none if that would leave no area over."""
    mine = known & (cohorts["initiative_type"] == kind).to_numpy()
    area = history.area[unit[mine], -1]
    names, count = np.unique(area, return_counts=True)
    own = names[count >= COMMON_AREA * max(area.size, 1)]
    return own if own.size < np.unique(history.area[:, -1]).size else np.array([], dtype=str)


@dataclass(frozen=True)
class PersonHistory:
    """Persons × quarters: employed (1, 0, −1 = not resident or not adult), wage, and traits in the last row seen."""

    units: np.ndarray
    periods: np.ndarray
    employed: np.ndarray
    wage: np.ndarray
    birth_year: np.ndarray
    sex: np.ndarray
    education: np.ndarray


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
        traits[name] = values[kept]
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


def person_candidates(history: PersonHistory, cohorts: pd.DataFrame) -> list[Candidates]:
    """Candidates by type and quarter. A control gets the quarter of the treated as its pseudo-start and stays untreated for two years."""
    person = cohorts["person"].to_numpy(dtype=str)
    known = np.isin(person, history.units)
    unit = np.searchsorted(history.units, person)
    first = np.full(history.units.size, np.inf)
    first[unit[known]] = cohorts["cohort"].to_numpy()[known]
    found = []
    for (kind, cohort), rows in cohorts.groupby(["initiative_type", "cohort"], sort=True):
        mine = known[rows.index]
        treated = unit[rows.index][mine]
        now = int(cohort) - int(history.periods[0])
        if now < 4 or now >= history.periods.size:
            found.append(Candidates(kind, int(cohort), _none(), _none(), {"fewer than four quarters before": len(rows)}))
            continue
        resident = (history.employed[:, now - 4:now + 1] >= 0).all(axis=1)
        table = person_covariates(history, int(cohort))
        support = {"not in the register": int((~mine).sum()), "not resident in the year before": int((~resident[treated]).sum())}
        untreated = first > cohort + PERSON_WINDOW
        found.append(Candidates(
            kind, int(cohort), table.iloc[np.sort(treated[resident[treated]])], table.iloc[np.flatnonzero(resident & untreated)], support,
        ))
    return found
