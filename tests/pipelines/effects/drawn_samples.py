"""Matched samples that the tests of the stage draw: a few dozen units, their pairs and their panel, and arithmetic by loops.

Nothing here calls the code that is tested. Without covariates the effect at a horizon is the mean, over the treated, of the
own change less the weighted change of the own controls: `contrast` goes through the pairs, `effect_by_hand` through weights.
Values are asked for by (unit, cohort, event time), since a control is another neighbour in every cohort that it serves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from pipelines.effects.estimation import Type
from schemas.contract import codes

KIND = "growth_programme"
POOL = [f"c{n:02d}" for n in range(30)]
FIRST = pd.Series({"c00": 2009, "c01": 2010, "c02": 2012, "c03": 2018, "c04": 2011})  # own entries of some of these
TREATED = {2008: 12, 2009: 14, 2011: 16}
PERIODS = range(2000, 2022)
AREAS = ("Aalborg", "Aarhus", "Odense", "Esbjerg", "Herning", "Vejle")
COVARIATES = {
    "company": ("log_fte", "growth", "growth_path", "log_productivity"),
    "person": ("age", "employed_share", "earnings", "employed_share_before"),
}
TABLE = codes("thresholds").to_pydict()
THRESHOLDS = dict(zip(TABLE["threshold"], map(float, TABLE["value"]), strict=True))

Value = Callable[[str, int, int], float]


@dataclass(frozen=True)
class Drawn:
    """One type. sample, pair as the matching makes them; panel: unit_id, period, fte; cohorts: one row a participant."""

    sample: pd.DataFrame
    pair: pd.DataFrame
    panel: pd.DataFrame
    cohorts: pd.DataFrame


def draw_sample(
    seed: int = 0, treated: dict[int, int] | None = None, controls: int = 30, adjusted: bool = False, projects: int = 5,
    unit: str = "company",
) -> Drawn:
    """Treated "t<cohort>-<n>" with two or three controls "c<n>" each, of a pool that serves all cohorts; effect 1 FTE.

    adjusted: covariates that vary and move the outcome; else they are constant, and a stack of the sample has none.
    """
    random = np.random.default_rng(seed)
    members = [(cohort, f"t{cohort}-{n:02d}") for cohort, count in (treated or TREATED).items() for n in range(count)]
    pair = draw_pairs(random, members, [f"c{n:02d}" for n in range(controls)])
    sample = add_traits(random, sample_of(pair), unit, adjusted)
    cohorts = pd.DataFrame([
        {"unit_id": name, "initiative_type": KIND, "cohort": cohort, "project": f"p{number % projects}",
         "region": ("1081", "1082")[number % 2], "fund": ("erdf", "regional", "erdf")[number % 3]}
        for number, (cohort, name) in enumerate(members)
    ])
    return Drawn(sample, pair, draw_panel(random, sample, unit), cohorts)


def draw_pairs(random, members: list[tuple[int, str]], pool: list[str]) -> pd.DataFrame:
    """`matching.pair` of these (cohort, treated): two or three controls of the pool each, never the unit itself."""
    return pd.DataFrame([
        {"cohort": cohort, "treated": name, "control": control, "weight": 1 / k}
        for cohort, name in members
        for k in [int(random.integers(2, 4))]
        for control in random.choice([one for one in pool if one != name], k, replace=False)
    ])


def sample_of(pair: pd.DataFrame) -> pd.DataFrame:
    """Every unit of the pairs once a cohort: weight 1 for the treated, the sum over its pairs for a control."""
    treated = pair[["cohort", "treated"]].drop_duplicates().rename(columns={"treated": "unit_id"})
    controls = pair.groupby(["cohort", "control"], as_index=False)["weight"].sum().rename(columns={"control": "unit_id"})
    return pd.concat([treated.assign(took_part=True, weight=1.0), controls.assign(took_part=False)], ignore_index=True)


def add_traits(random, sample: pd.DataFrame, unit: str = "company", adjusted: bool = False) -> pd.DataFrame:
    """The sample with covariates and traits, drawn afresh for every cohort that a unit serves."""
    n = len(sample)
    drawn = {name: random.normal(size=n) + 0.4 * sample["took_part"] if adjusted else np.zeros(n) for name in COVARIATES[unit]}
    if unit == "person":
        return sample.assign(**drawn, employed_before=random.choice(["yes", "no"], n))
    return sample.assign(
        **drawn, section=random.choice(["C", "G"], n), size_band=random.choice(["under 2", "2-4"], n, p=[0.8, 0.2]),
        commuting_area=random.choice(AREAS, n),
    )


def draw_panel(random, sample: pd.DataFrame, unit: str = "company") -> pd.DataFrame:
    """unit_id, period, fte of every unit: a level, a slope that its first covariate moves, noise, and 1 from the start on."""
    first = sample.drop_duplicates("unit_id").set_index("unit_id").sort_index()
    starts = sample[sample["took_part"]].set_index("unit_id")["cohort"]
    period, parts = np.array(PERIODS), []
    for name, moved in first[COVARIATES[unit][0]].items():
        level, slope, noise = random.uniform(3, 12), 0.2 + 0.2 * moved, random.normal(size=len(PERIODS))
        parts.append(level + slope * (period - PERIODS[0]) + noise + (period >= starts.get(name, np.inf)))
    return pd.DataFrame({
        "unit_id": np.repeat(first.index, period.size), "period": np.tile(period, len(first)), "fte": np.concatenate(parts),
    })


def draw_variants(drawn: Drawn) -> dict[str, pd.DataFrame]:
    """Other samples of the same companies, each of other pairs: the participants of 2011 serve as controls of 2008 too."""
    random, members = np.random.default_rng(8), [(row.cohort, row.unit_id) for row in drawn.cohorts.itertuples()]
    later = [unit for cohort, unit in members if cohort == 2011]
    pairs = {
        "untreated_at_start": pd.concat([
            draw_pairs(random, [one for one in members if one[0] == 2008], [*POOL, *later]),
            draw_pairs(random, [one for one in members if one[0] > 2008], POOL),
        ]),
        "same_area": draw_pairs(random, members, POOL),
        "late_starts": draw_pairs(random, [(cohort + (number % 3 == 0), unit) for number, (cohort, unit) in enumerate(members)], POOL),
        "placebo": draw_pairs(random, [(2009, unit) for unit in POOL[:12]], POOL[12:]),
    }
    return {name: add_traits(random, sample_of(pair)) for name, pair in pairs.items()}


def first_entries(drawn: Drawn) -> pd.Series:
    """unit → year of its first participation in any type."""
    return pd.concat([drawn.cohorts.set_index("unit_id")["cohort"], FIRST])


def draw_surroundings(random) -> pd.Series:
    """New companies per 100 by section, commuting area and year."""
    keys = pd.MultiIndex.from_product([["C", "G"], AREAS, PERIODS], names=["section", "commuting_area", "year"])
    return pd.Series(random.uniform(2, 12, len(keys)), keys)


def type_of(drawn: Drawn, also_joined: dict[str, set[str]] | None = None, surroundings: pd.Series | None = None, **changes) -> Type:
    """The context that the stage hands on: the drawn type, its headline fte two periods after the start."""
    settled = {"kind": KIND, "unit": "company", "outcome": "fte", "horizon": 2, "bound": 0.5, "thresholds": THRESHOLDS}
    return Type(**(settled | changes), cohorts=drawn.cohorts, also_joined=also_joined or {}, surroundings=surroundings)


def fte_of(panel: pd.DataFrame) -> Value:
    """Look up the panel's fte by unit, cohort and event time."""
    values = dict(zip(zip(panel["unit_id"], panel["period"], strict=True), panel["fte"], strict=True))
    return lambda unit, cohort, event_time: values[unit, cohort + event_time]


def surroundings_of(sample: pd.DataFrame, surroundings: pd.Series) -> Value:
    """Look up the entry of new companies where the unit was before the cohort, in the year asked for."""
    values, place = surroundings.to_dict(), {(row.unit_id, row.cohort): (row.section, row.commuting_area) for row in sample.itertuples()}
    return lambda unit, cohort, event_time: values[(*place[unit, cohort], cohort + event_time)]


def contrast(pair: pd.DataFrame, value: Value, horizon: int = 2, base: int = -1) -> float:
    """Mean over the treated of the own change from base to the horizon, less the weighted change of the own controls."""
    differences = []
    for (cohort, treated), controls in pair.groupby(["cohort", "treated"]):
        own = value(treated, cohort, horizon) - value(treated, cohort, base)
        differences.append(own - sum(
            row.weight * (value(row.control, cohort, horizon) - value(row.control, cohort, base)) for row in controls.itertuples()
        ))
    return float(np.mean(differences))


def effect_by_hand(sample: pd.DataFrame, value: Value, horizon: int = 2) -> tuple[float, dict[str, float]]:
    """(effect, ψ by original unit) of a sample without covariates, all of it seen.

    Within a cohort a treated adds (change − mean) / n, a control −weight × (change − weighted mean) / Σ weight. Over cohorts
    each is multiplied by its share of the treated, and a treated adds (effect of its cohort − effect) / all treated.
    """
    total, cells = int(sample["took_part"].sum()), []
    for cohort, part in sample.groupby("cohort"):
        change = np.array([value(unit, cohort, horizon) - value(unit, cohort, -1) for unit in part["unit_id"]])
        took_part = part["took_part"].to_numpy()
        share = np.where(took_part, 1.0, part["weight"])
        share = share / np.where(took_part, share[took_part].sum(), share[~took_part].sum())
        own, other = (float(share[side] @ change[side]) for side in (took_part, ~took_part))
        psi = np.where(took_part, share * (change - own), -share * (change - other))
        cells.append((own - other, part["unit_id"].tolist(), psi, took_part))
    effect = sum(att * took_part.sum() for att, _, _, took_part in cells) / total
    influence: dict[str, float] = {}
    for att, units, psi, took_part in cells:
        for unit, one, taking_part in zip(units, psi, took_part, strict=True):
            more = one * took_part.sum() / total + taking_part * (att - effect) / total
            influence[unit] = influence.get(unit, 0.0) + more
    return effect, influence


def error_by_hand(influence: dict[str, float], label: dict[str, str] | None = None) -> float:
    """√Σψ², or √Σ(sum within a label)²; units without a label stand by themselves."""
    sums: dict[str, float] = {}
    for unit, psi in influence.items():
        own = unit if label is None else label.get(unit, unit)
        sums[own] = sums.get(own, 0.0) + psi
    return float(np.sqrt(sum(one**2 for one in sums.values())))


def adjusted_by_hand(sample: pd.DataFrame, value: Value, names: tuple[str, ...], method: str, horizon: int = 2) -> float:
    """Cohort by cohort, weighted by its treated: least squares among the controls, a logit, or both (doubly robust)."""
    effects, sizes = [], []
    for cohort, part in sample.groupby("cohort"):
        change = np.array([value(unit, cohort, horizon) - value(unit, cohort, -1) for unit in part["unit_id"]])
        x = np.column_stack([np.ones(len(part)), part[list(names)].to_numpy()])
        took_part, weight = part["took_part"].to_numpy(), part["weight"].to_numpy()
        predicted, odds = np.zeros(len(part)), np.where(took_part, 0.0, weight)
        if method != "ipw":
            root = np.sqrt(weight[~took_part])
            predicted = x @ np.linalg.lstsq(x[~took_part] * root[:, None], change[~took_part] * root, rcond=None)[0]
        if method != "reg":
            odds = odds * np.exp(x @ logit_by_hand(x, took_part, weight))
        residual = change - predicted
        other = 0.0 if method == "reg" else odds @ residual / odds.sum()
        effects.append(residual[took_part].mean() - other)
        sizes.append(took_part.sum())
    return float(np.average(effects, weights=sizes))


def logit_by_hand(x: np.ndarray, yes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficients that maximise Σ w (y x'b − log(1 + exp x'b))."""
    def negative(b):
        return -(weight * (yes * (x @ b) - np.logaddexp(0, x @ b))).sum()

    def slope(b):
        return -x.T @ (weight * (yes - 1 / (1 + np.exp(-x @ b))))
    return optimize.minimize(negative, np.zeros(x.shape[1]), jac=slope, method="BFGS", options={"gtol": 1e-9}).x
