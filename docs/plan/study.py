"""Is the power that a plan promises the power that a project gets? Drawn populations, matched and estimated as types are.

Belongs here: the drawing, a small matched estimator and the two rules. `python docs/plan/study.py` repeats the whole study and
writes power.csv and intervals.csv beside this file; a test repeats a small one.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from pipelines.chains.evidence import Released, evidence
from pipelines.chains.plan import plan_project, power, standard_error

SIZES = (15, 30, 60, 120, 240, 480)
EFFECT = 1.0                         # mean effect a participant, FTE
RELEASED = 150                       # participants of the type in the release that the plan is made from
POOL = 3000                          # firms that never took part
EACH = 5                             # controls a participant, with replacement
WITHIN = 0.05                        # of the simulated power the predicted one must lie
HOLDS = (0.93, 0.985)                # of projects' outcomes the 95 % prediction interval must hold between
Z = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """att, its standard error, Kish's number of controls."""

    att: float
    se: float
    controls: float


def main() -> None:
    here = Path(__file__).parent
    rows = study_power(worlds=400, projects=12, seed=2013)
    _write(here / "power.csv", rows)
    cover = study_intervals(worlds=300, seed=2014)
    _write(here / "intervals.csv", [cover])
    kept = all(abs(row["predicted"] - row["simulated"]) <= WITHIN for row in rows) and HOLDS[0] <= cover["held"] <= HOLDS[1]
    sys.exit(0 if kept else "a rule is broken")


def study_power(worlds: int, projects: int, seed: int, sizes: tuple[int, ...] = SIZES) -> list[dict[str, float]]:
    """By number of participants: power simulated with worlds × projects projects, and what a release of each world predicts.

    Every world is a pool of firms and one release; its projects are matched with the same pool, each with new participants.
    simulated: of a test that is one of 5 % with few participants too, t with N − 1 degrees of freedom and N / (N − 1) in the
    variance; as_released: of |att| > 1.96 se, as effects are released, which finds too much when N is small.
    """
    found, released = dict.fromkeys(sizes, 0), dict.fromkeys(sizes, 0)
    critical = {size: stats.t.ppf(0.975, size - 1) * np.sqrt(size / (size - 1)) for size in sizes}
    predicted = {size: [] for size in sizes}
    for world in range(worlds):
        rng = np.random.default_rng([seed, world])
        pool = draw(rng, POOL)
        once = estimate(pool, draw(rng, RELEASED, EFFECT))
        known = evidence(_release([("food", once.att, once.se, RELEASED, once.controls)]), "food", 2)
        for size in sizes:
            predicted[size].append(power(EFFECT, standard_error(known, size)))
            for _ in range(projects):
                project = estimate(pool, draw(rng, size, EFFECT))
                found[size] += abs(project.att) > critical[size] * project.se
                released[size] += abs(project.att) > Z * project.se
    return [
        {
            "participants": size, "projects": worlds * projects, "simulated": found[size] / (worlds * projects),
            "as_released": released[size] / (worlds * projects), "predicted": float(np.mean(predicted[size])),
            "predicted_10": float(np.quantile(predicted[size], 0.1)), "predicted_90": float(np.quantile(predicted[size], 0.9)),
        }
        for size in sizes
    ]


def draw(rng: np.random.Generator, size: int, effect: float | None = None) -> np.ndarray:
    """(3, size): cell, log size before, change. With an effect these are participants: larger, noisier, and each with another effect.

    Noise is t with 5 degrees of freedom and grows with size; participants' has half as much variance again, and effects are
    exponential.
    """
    part = effect is not None
    cell = rng.integers(0, 4, size)
    before = rng.normal(0.3 if part else 0.0, 1.0, size)
    noise = rng.standard_t(5, size) * np.exp(0.35 * before) * (np.sqrt(1.5) if part else 1.0)
    change = 0.4 * cell + 0.5 * before + 1.6 * noise + (effect * rng.exponential(1.0, size) if part else 0.0)
    return np.vstack([cell, before, change])


def estimate(pool: np.ndarray, treated: np.ndarray) -> Estimate:
    """Five nearest of the pool in size within the cell, weights Σ 1/5, regression on cell and size, influence by original firm."""
    weight = np.zeros(pool.shape[1])
    for cell in np.unique(treated[0]):
        order = np.flatnonzero(pool[0] == cell)
        order = order[np.argsort(pool[1, order], kind="stable")]
        wanted = treated[1, treated[0] == cell]
        window = np.clip(np.searchsorted(pool[1, order], wanted)[:, None] + np.arange(-EACH, EACH), 0, len(order) - 1)
        away = np.abs(pool[1, order][window] - wanted[:, None])
        away[:, 1:][window[:, 1:] == window[:, :-1]] = np.inf          # a clipped end stands there once
        nearest = np.take_along_axis(window, np.argsort(away, axis=1, kind="stable")[:, :EACH], axis=1)
        np.add.at(weight, order[nearest.ravel()], 1 / EACH)
    used = np.flatnonzero(weight)
    w, controls = weight[used], _design(pool[:, used])
    beta = np.linalg.lstsq(controls * np.sqrt(w)[:, None], pool[2, used] * np.sqrt(w), rcond=None)[0]
    own = treated[2] - _design(treated) @ beta
    other = w * (pool[2, used] - controls @ beta)
    att = own.mean()
    variance = (((own - att) ** 2).sum() + (other**2).sum()) / own.size**2
    return Estimate(float(att), float(np.sqrt(variance)), float(w.sum() ** 2 / (w @ w)))


def study_intervals(worlds: int, seed: int, types: int = 11) -> dict[str, float]:
    """Share of new projects whose net jobs the prediction interval holds: types, projects and participants drawn.

    Each type has four projects of 15 to 80 participants in the release; a new project of 10 to 200 is planned in each.
    """
    held, width = [], []
    kinds = ["growth_programme", "production_sme", "maritime", "food", "digital_creative", "sustainable_energy",
             "health_innovation", "green_business", "clusters", "training", "tourism"][:types]
    for world in range(worlds):
        rng = np.random.default_rng([seed, world])
        means = rng.normal(1.0, 0.5, types)
        rows, projects = [], []
        for kind, mean in zip(kinds, means, strict=True):
            sizes = rng.integers(15, 81, 4)
            errors = np.sqrt(8.0 * (1 / sizes + 1 / (4 * sizes)))
            found = mean + rng.normal(0, 0.25, 4) + rng.normal(0, errors)
            share = sizes / sizes.sum()
            rows.append((kind, share @ found, np.sqrt(share**2 @ errors**2), int(sizes.sum()), 4.0 * sizes.sum()))
            projects += [(kind, f"P{place}", *one) for place, one in enumerate(zip(found, errors, sizes, strict=True))]
        released = _release(rows, projects)
        for kind, mean in zip(kinds, means, strict=True):
            size = int(rng.integers(10, 201))
            plan = plan_project(released, kind, size)
            net = size * (mean + rng.normal(0, 0.25)) + np.sqrt(8.0 * size) * rng.normal()
            held.append(plan.low <= net <= plan.high)
            width.append((plan.high - plan.low) / size)
    return {"worlds": worlds, "projects": len(held), "held": float(np.mean(held)), "width_a_participant": float(np.mean(width))}


def _design(firms: np.ndarray) -> np.ndarray:
    return np.column_stack([firms[0] == cell for cell in range(4)] + [firms[1]]).astype(float)


def _release(types: list[tuple], projects: list[tuple] = ()) -> Released:
    """A release with these types (type, att, se, n_treated, effective_controls) and projects (type, level, att, se, n_treated)."""
    table = pd.DataFrame(types, columns=["initiative_type", "att", "se", "n_treated", "effective_controls"])
    table = table.assign(unit="company", outcome="fte", horizon=2, event_time=2, headline=True, verdict="effect", n_control=500)
    shrunken = pd.DataFrame(columns=["initiative_type", "unit", "outcome", "horizon", "shrunken", "shrunken_low", "shrunken_high"])
    level = pd.DataFrame(projects, columns=["initiative_type", "level", "att", "se", "n_treated"])
    jobs = table[["initiative_type", "event_time", "n_treated"]].assign(gross=table["n_treated"] * 2.0, support_dkk=1e6)
    return Released(table, table, shrunken, level.assign(unit="company", outcome="fte", dimension="project"), jobs)


def _write(path: Path, rows: list[dict[str, float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        written.writeheader()
        written.writerows({name: f"{value:.4f}" if isinstance(value, float) else value for name, value in row.items()} for row in rows)
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
