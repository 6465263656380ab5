"""match_controls beside a bare cKDTree search of the same rows, in one run, each in a process of its own on one core.

    python benchmarks/matching.py                  every case
    python benchmarks/matching.py --case firms     one of firms, persons, cohort

The bound gets numbers only: whitened covariates sorted by cell, then one tree and one query a cell. It checks nothing,
resolves no ties and knows no ids, no order of rows, no missing values. Reported: CPU seconds, and the highest memory of
the process, the input included. Goals: firms (22,000 × 5 among 5 M) and persons (100,000 × 5 among 3 M) ≤ 4 CPU-s and
≤ 1 GiB each; cohort (150 persons × 5 among 120,000, ids as text) little above 10 ms a call.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from functools import partial

RATIO = 5
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
FIRMS = {
    "exact": ("section", "size_band", "age_band"),
    "covariates": ("log_fte", "growth", "growth_before", "productivity"),
}
PERSONS = {"exact": ("age_band", "sex", "education", "employed"), "covariates": ("age", "benefit_weeks", "wage")}


def make_firms(n: int, first: int, seed: int, treated: bool):
    """Continuous covariates in 20 × 5 × 4 cells, rows in no order."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    frame = {"id": random.permutation(n) + first}
    for name, levels in zip(FIRMS["exact"], (20, 5, 4), strict=True):
        frame[name] = random.integers(0, levels, n, dtype=np.int32)
    for name in FIRMS["covariates"]:
        frame[name] = random.normal(0.5 * treated, 1.0, n)
    return pd.DataFrame(frame)


def make_persons(n: int, first: int, seed: int, treated: bool, text: bool = False):
    """Whole years of age, weeks of benefits with half of them 0, wages with a third 0, in 5 × 2 × 4 × 2 cells."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    age = random.integers(18, 65, n)
    frame = {
        "id": random.permutation(n) + first,
        "age_band": age // 10,
        "sex": random.integers(1, 3, n),
        "education": random.integers(0, 4, n),
        "employed": random.random(n) < 0.6,
        "age": age,
        "benefit_weeks": np.maximum(random.integers(-104, 105, n) + 20 * treated, 0),
        "wage": np.where(random.random(n) < 1 / 3, 0.0, random.lognormal(11, 0.5, n)),
    }
    if text:
        letters = np.frombuffer(b"abcdefghijklmnop", "u1")[random.integers(0, 16, (n, 32))]
        frame["id"] = pd.array(letters.view("S32").ravel().astype("U32"), dtype="str")
    return pd.DataFrame(frame)


CASES = {
    "firms": (make_firms, FIRMS, 22_000, 5_000_000, 1),
    "persons": (make_persons, PERSONS, 100_000, 3_000_000, 1),
    "cohort": (partial(make_persons, text=True), PERSONS, 150, 120_000, 20),
}


def run_ours(treated, controls, columns) -> int:
    from pipelines.matching import match_controls

    return len(match_controls(treated, controls, unit="id", ratio=RATIO, **columns).table)


def run_bound(treated, controls, columns) -> int:
    """Pairs found by one cKDTree a cell, preparation of the arrays included."""
    import numpy as np
    from scipy.spatial import cKDTree

    x, y = (side[list(columns["covariates"])].to_numpy(float) for side in (treated, controls))
    whitening = np.linalg.inv(np.linalg.cholesky(np.cov(np.vstack([x, y]), rowvar=False))).T
    cells = []
    for side in (treated, controls):
        cell = np.zeros(len(side), np.int64)
        for name in columns["exact"]:
            cell = cell * 64 + side[name].to_numpy(np.int64)
        cells.append(cell)
    orders = [np.argsort(cell, kind="stable") for cell in cells]
    held = [cell[order] for cell, order in zip(cells, orders, strict=True)]
    x, y = (np.take(rows, order, axis=0) @ whitening for rows, order in zip((x, y), orders, strict=True))
    found = 0
    for cell in np.unique(held[0]):
        (a, b), (c, d) = (np.searchsorted(sorted_cells, [cell, cell + 1]) for sorted_cells in held)
        if d > c:
            tree = cKDTree(y[c:d], leafsize=32, balanced_tree=False, compact_nodes=False)  # the cheapest that was found
            distance, _ = tree.query(x[a:b], k=min(RATIO, d - c))
            found += distance.size
    return found


def main() -> None:
    arguments = _arguments()
    if arguments.run:
        print(json.dumps(_measure(arguments.run, arguments.case)))
        return
    for case in [arguments.case] if arguments.case else CASES:
        _, _, n_treated, n_controls, _ = CASES[case]
        found = {name: _in_own_process(name, case) for name in ("ours", "bound")}
        if found["ours"]["pairs"] != found["bound"]["pairs"]:
            raise SystemExit(f"{case}: the two found different numbers of pairs")
        for name, line in found.items():
            size = f"{n_treated:,} × {RATIO} among {n_controls:,}"
            print(f"{case:8s} {name:6s} {size:28s} {line['seconds']:8.3f} CPU-s   peak {line['gib']:.2f} GiB")
        print(f"{case:8s} ratio  {found['ours']['seconds'] / found['bound']['seconds']:.2f} × the bound")


def _measure(name: str, case: str) -> dict:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    make, columns, n_treated, n_controls, calls = CASES[case]
    run = {"ours": run_ours, "bound": run_bound}[name]
    run(make(50, 10**8, 1, True), make(500, 0, 2, False), columns)  # imports are not what is measured
    treated, controls = make(n_treated, 10**8, 1, True), make(n_controls, 0, 2, False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.process_time()
    for _ in range(calls):
        pairs = run(treated, controls, columns)
    seconds = (time.process_time() - start) / calls
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "gib": peak, "gib_before": before, "pairs": pairs}


def _in_own_process(name: str, case: str) -> dict:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = [sys.executable, __file__, "--run", name, "--case", case]
    environment = os.environ | ONE_CORE | {"PYTHONPATH": here}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=tuple(CASES))
    parser.add_argument("--run", choices=("ours", "bound"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
