"""Runs the study: truth once, every world through every estimator, and what the rows add up to.

Rows are written as worlds are done, so that an interrupted run goes on where it stopped. Seeds are fixed here and were
not chosen by results; designs were tried on other seeds (7,000,000 and up) before.
"""

import csv
import multiprocessing
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.coverage.comparison import compare
from benchmarks.coverage.estimators import ESTIMANDS, ESTIMATORS
from benchmarks.coverage.verdicts import PLANS, judge_world
from benchmarks.coverage.world import Design, make_world

DESIGN = Design()
FIRST_SEED, TRUTH_SEED = 2_013_000, 9_000_000
TRUTH_WORLDS = 4000                            # as many worlds are pooled for the superpopulation's effect
Z = 1.959963984540054
LEVEL, INTERVAL = 0.95, 0.99                   # nominal coverage; confidence of the interval around the one found
DIGITS = 6
KEYS = {"results": ("world", "estimator", "estimand"), "verdicts": ("plan", "world")}


def truth_of(world: int) -> tuple[float, ...]:
    """(treated, Σ effect at each event time, in the order of `_times`) of one of the pooled worlds."""
    drawn = make_world(DESIGN, TRUTH_SEED + world)
    treated = np.flatnonzero(drawn.treated)
    return (float(len(treated)), *(float(drawn.effect(treated, time).sum()) for time in _times()))


def pooled_truth(parts: np.ndarray) -> pd.DataFrame:
    """estimand, truth, error (Monte Carlo standard error), n_treated, from rows of `truth_of`.

    The error is that of a ratio of means over worlds (the worlds are independent draws).
    """
    n, sums = parts[:, 0], dict(zip(_times(), parts[:, 1:].T, strict=True))
    rows = []
    for estimand, times in ESTIMANDS.items():
        total = np.mean([sums[time] for time in times], axis=0)
        truth = total.sum() / n.sum()
        error = (total - truth * n).std(ddof=1) / np.sqrt(len(n)) / n.mean()
        rows.append({"estimand": estimand, "truth": round(truth, DIGITS), "error": round(error, DIGITS), "n_treated": int(n.sum())})
    return pd.DataFrame(rows)


def run_world(world: int, truth: dict[str, float]) -> list[dict[str, object]]:
    """A row an estimator and estimand of one world, figures rounded to six decimals.

    `sample_att`: what joining changed on average for the treated that were drawn and matched.
    """
    drawn = make_world(DESIGN, FIRST_SEED + world)
    found = compare(drawn)
    by_time = {time: drawn.effect(found.treated, time).mean() for time in _times()}
    rows = []
    for estimator, estimate in ESTIMATORS.items():
        for estimand, figure in estimate(drawn, found).items():
            sample_att = float(np.mean([by_time[time] for time in ESTIMANDS[estimand]]))
            reach = Z * figure.se
            rows.append({
                "world": world, "seed": FIRST_SEED + world, "estimator": estimator, "estimand": estimand,
                "estimate": round(figure.estimate, DIGITS), "se": round(figure.se, DIGITS), "sample_att": round(sample_att, DIGITS),
                "covers_truth": int(abs(figure.estimate - truth[estimand]) <= reach),
                "covers_sample": int(abs(figure.estimate - sample_att) <= reach),
                "n_treated": len(found.treated), "n_lost": found.n_lost, "n_controls": int(found.pairs["control"].nunique()),
                "imbalance": round(found.imbalance, DIGITS), "left_out": figure.left_out,
            })
    return rows


def run_plan(task: tuple[str, int]) -> list[dict[str, object]]:
    """One planted world as a row, rounded."""
    row = judge_world(*task)
    return [{name: round(float(value), DIGITS) if isinstance(value, float) else value for name, value in row.items()}]


def exact_interval(covered: int, n: int, confidence: float = INTERVAL) -> tuple[float, float]:
    """Clopper & Pearson's (1934) interval of a share: the shares whose binomial tails both hold at least (1 − confidence) / 2."""
    if not 0 <= covered <= n or n < 1:
        raise ValueError("the number covered must lie between 0 and the number of worlds, of which there is at least one")
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, covered, n - covered + 1) if covered else 0.0
    high = stats.beta.ppf(1 - tail, covered + 1, n - covered) if covered < n else 1.0
    return float(low), float(high)


def summarise(results: pd.DataFrame, truth: dict[str, float]) -> pd.DataFrame:
    """A row an estimator and estimand: bias, errors, and coverage of the superpopulation's and of the drawn firms' effect.

    sd: spread of the estimates over worlds; se_ratio: mean se / sd; rms_se: root of the mean squared se, which few worlds
    with little overlap pull up. holds: the 99 % interval of the coverage
    contains 95 %. sample_holds: its upper end reaches 95 % (only too little counts, since firms' own effects differ).
    """
    rows = []
    for (estimator, estimand), part in results.groupby(["estimator", "estimand"], sort=False):
        n, spread = len(part), part["estimate"].std(ddof=1)
        row = {
            "estimator": estimator, "estimand": estimand, "worlds": n, "truth": truth[estimand], "mean_estimate": part["estimate"].mean(),
            "bias": part["estimate"].mean() - truth[estimand], "bias_error": spread / np.sqrt(n), "mean_se": part["se"].mean(),
            "rms_se": np.sqrt((part["se"] ** 2).mean()), "sd": spread, "se_ratio": part["se"].mean() / spread,
        }
        for prefix, column in (("", "covers_truth"), ("sample_", "covers_sample")):
            low, high = exact_interval(int(part[column].sum()), n)
            row |= {f"{prefix}coverage": part[column].mean(), f"{prefix}low": low, f"{prefix}high": high}
        rows.append(row | {"holds": int(row["low"] <= LEVEL <= row["high"]), "sample_holds": int(row["sample_high"] >= LEVEL)})
    order = [list(ESTIMANDS), list(ESTIMATORS)]
    table = pd.DataFrame(rows)
    places = [table[name].map({key: place for place, key in enumerate(keys)}) for name, keys in zip(("estimand", "estimator"), order, strict=True)]
    return table.iloc[np.lexsort(places[::-1])].round(4).reset_index(drop=True)


def run(out: Path, worlds: int, planted: int, workers: int) -> None:
    """Truth, results, verdicts and summary as CSV files in `out`; what is there already is not done again."""
    out.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        truth = read_truth(out, pool)
        todo = missing_tasks(out / "results.csv", range(worlds), lambda row: int(row["world"]), len(ESTIMATORS) * len(ESTIMANDS))
        write_as_done(out / "results.csv", pool.imap_unordered(partial(run_world, truth=truth), todo), len(todo))
        tasks = [(name, world) for name in PLANS for world in range(planted)]
        todo = missing_tasks(out / "verdicts.csv", tasks, lambda row: (row["plan"], int(row["world"])), 1)
        write_as_done(out / "verdicts.csv", pool.imap_unordered(run_plan, todo), len(todo))
    in_order(out / "results.csv", "results")
    in_order(out / "verdicts.csv", "verdicts")
    summarise(pd.read_csv(out / "results.csv"), truth).to_csv(out / "summary.csv", index=False, lineterminator="\n")


def read_truth(out: Path, pool) -> dict[str, float]:
    """Truth by estimand; found once, then read from truth.csv."""
    file = out / "truth.csv"
    if not file.exists():
        parts = np.array(pool.map(truth_of, range(TRUTH_WORLDS), chunksize=20))
        pooled_truth(parts).to_csv(file, index=False, lineterminator="\n")
    table = pd.read_csv(file)
    return dict(zip(table["estimand"], table["truth"], strict=True))


def missing_tasks(file: Path, tasks: Iterable, key: Callable[[dict], object], rows: int) -> list:
    """Tasks without all their rows in the file; the rows of those, and a line cut short, are removed from it."""
    tasks = list(tasks)
    if not file.exists():
        return tasks
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        names = reader.fieldnames or []
        found = [row for row in reader if None not in row.values() and None not in row]
    if not found:
        file.unlink()
        return tasks
    counts: dict[object, int] = {}
    for row in found:
        counts[key(row)] = counts.get(key(row), 0) + 1
    whole = [row for row in found if counts[key(row)] == rows]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(whole)
    return [task for task in tasks if counts.get(task) != rows]


def write_as_done(file: Path, parts: Iterable[list[dict]], n: int) -> None:
    """Append each task's rows as they come, flushed, with a line of progress every 25."""
    if not n:
        return
    header = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        for place, rows in enumerate(parts, start=1):
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            if header:
                writer.writeheader()
                header = False
            writer.writerows(rows)
            stream.flush()
            if place % 25 == 0 or place == n:
                print(f"{file.stem}: {place} of {n}", flush=True)


def in_order(file: Path, kind: str) -> None:
    """Rows by task, whatever the order in which the workers were done."""
    if not file.exists():
        return
    ranks = {"estimator": list(ESTIMATORS), "estimand": list(ESTIMANDS), "plan": list(PLANS)}
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows.sort(key=lambda row: [ranks[name].index(row[name]) if name in ranks else int(row[name]) for name in KEYS[kind]])
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _times() -> tuple[int, ...]:
    return tuple(sorted({time for times in ESTIMANDS.values() for time in times}))
