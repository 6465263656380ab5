"""The matching stage: candidates of every type and cohort, their nearest controls, the balance reached and who fell out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.matching.balance import weighted_balance
from pipelines.matching.candidates import (
    COMPANY_COVARIATES,
    COMPANY_EXACT,
    COMPANY_VARIANTS,
    HEADLINE,
    PERSON_COVARIATES,
    PERSON_EXACT,
    PERSON_VARIANTS,
    Candidates,
    Variant,
    company_candidates,
    company_history,
    person_candidates,
    person_history,
)
from pipelines.matching.nearest import match_controls

RATIO = 5
SIZE_NAMES = np.array(["under 2", "2-4", "5-9", "10-19", "20-49", "50-99", "100 and over"])
TRAITS = ("section", "size_band", "commuting_area", "employed_before")


@dataclass(frozen=True)
class Matching:
    """Tables of the stage: `pair` and `sample` stay in the store, `balance` and `support` are released.

    pair: initiative_type, unit, cohort, treated, control, distance, weight, of the headline. sample: every unit once a type,
    cohort and variant, with its weight (1 for the treated, Σ 1/k for a control), its covariates and traits before treatment.
    Balance and support are those of the headline.
    """

    pair: pd.DataFrame
    sample: pd.DataFrame
    balance: pd.DataFrame
    support: pd.DataFrame


def match_companies(firm_year: pd.DataFrame, entries: pd.DataFrame) -> Matching:
    """Match every type's companies: exact on section, size band and age band, nearest on size, growth path, productivity.

    firm_year: `panel.firm_year`; entries: the companies of `panel.entry`. The variants serve the sensitivity only.
    """
    history = company_history(firm_year)
    return _together([
        _match(company_candidates(history, entries, variant), variant, "company", history.units, COMPANY_EXACT, COMPANY_COVARIATES)
        for variant in COMPANY_VARIANTS
    ])


def match_persons(person_quarter: pd.DataFrame, entries: pd.DataFrame) -> Matching:
    """Match every type's persons: exact on age band, sex, education and work before, nearest on age, work history, earnings."""
    history = person_history(person_quarter)
    return _together([
        _match(person_candidates(history, entries, variant), variant, "person", history.units, PERSON_EXACT, PERSON_COVARIATES)
        for variant in PERSON_VARIANTS
    ])


def _together(parts: list[Matching]) -> Matching:
    """The headline's tables, with the samples of all variants."""
    return replace(parts[0], sample=pd.concat([part.sample for part in parts if len(part.sample)], ignore_index=True))


def _match(
    candidates: Iterable[Candidates], variant: Variant, unit: str, names: np.ndarray, exact: tuple[str, ...], covariates: tuple[str, ...]
) -> Matching:
    pairs, samples, support, compared = [], [], [], {}
    for found in candidates:
        key = {"initiative_type": found.initiative_type, "unit": unit, "cohort": found.cohort}
        reasons = dict(found.support)
        if len(found.treated):
            matches = match_controls(found.treated, found.controls, unit="unit", exact=exact, covariates=covariates, ratio=RATIO)
            if variant.placebo:
                found = _in_their_place(found, matches.table)
                matches = match_controls(found.treated, found.controls, unit="unit", exact=exact, covariates=covariates, ratio=RATIO)
            lost = matches.lost[matches.lost["side"] == "treated"]
            reasons |= lost["reason"].value_counts().to_dict()
            reasons["matched"] = int(matches.table["treated"].nunique())
            pairs.append(matches.table.assign(**key))
            samples.append(_sample(found, matches.table, covariates).assign(**key))
            compared.setdefault(found.initiative_type, []).append((found, matches.table))
        support += [{**key, "reason": reason, "n": int(n)} for reason, n in reasons.items() if n]
    if not pairs:
        return Matching(*(pd.DataFrame() for _ in range(3)), pd.DataFrame(support))
    pair, sample = pd.concat(pairs, ignore_index=True), pd.concat(samples, ignore_index=True)
    pair["treated"], pair["control"] = names[pair["treated"]], names[pair["control"]]
    sample["unit_id"], sample["variant"] = names[sample["unit_id"]], variant.name
    if variant != HEADLINE:
        return Matching(pair, sample, pd.DataFrame(), pd.DataFrame(support))
    balances = [_balance(parts, covariates).assign(initiative_type=kind, unit=unit) for kind, parts in sorted(compared.items())]
    return Matching(pair, sample, pd.concat(balances, ignore_index=True), pd.DataFrame(support))


def _in_their_place(found: Candidates, pairs: pd.DataFrame) -> Candidates:
    """Placebo: the nearest control of each participant, each once, as if it had taken part; the others stay controls."""
    nearest = pairs.sort_values(["treated", "distance", "control"]).drop_duplicates("treated")["control"].unique()
    chosen = found.controls["unit"].isin(nearest)
    return replace(found, treated=found.controls[chosen], controls=found.controls[~chosen])


def _sample(found: Candidates, pairs: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """Treated that were matched (weight 1) and their controls (Σ 1/k), each once, with covariates."""
    columns = ["unit", *covariates, *(name for name in TRAITS if name in found.treated)]
    treated = found.treated.loc[found.treated["unit"].isin(pairs["treated"]), columns].assign(took_part=True, weight=1.0)
    weight = pairs.groupby("control", sort=True)["weight"].sum()
    controls = found.controls.loc[found.controls["unit"].isin(weight.index), columns]
    controls = controls.assign(took_part=False, weight=weight.reindex(controls["unit"]).to_numpy())
    sample = pd.concat([treated, controls], ignore_index=True).rename(columns={"unit": "unit_id"})
    if "size_band" in sample:
        sample["size_band"] = SIZE_NAMES[sample["size_band"]]
    if "employed_before" in sample:
        sample["employed_before"] = np.where(sample["employed_before"] == 1, "yes", "no")
    return sample


def _balance(parts: list[tuple[Candidates, pd.DataFrame]], covariates: tuple[str, ...]) -> pd.DataFrame:
    """Balance of a type over its cohorts: a unit counts once a cohort, since its covariates are those before that cohort."""
    treated, controls = [], []
    for found, pairs in parts:
        treated.append(found.treated.assign(weight=found.treated["unit"].isin(pairs["treated"]).astype(float)))
        weight = pairs.groupby("control", sort=True)["weight"].sum()
        controls.append(found.controls.assign(weight=weight.reindex(found.controls["unit"]).fillna(0.0).to_numpy()))
    return weighted_balance(
        pd.concat(treated), pd.concat(controls), covariates, treated_weight="weight", candidate_weight="weight",
    )


def tables(*parts: Matching) -> dict[str, pd.DataFrame]:
    """The stage's tables under their names, companies and persons together."""
    names = {"pair": "matching.pair", "sample": "matching.sample", "balance": "effect.balance", "support": "effect.support"}
    return {full: pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name, full in names.items()}
