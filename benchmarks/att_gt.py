"""att_gt beside csdid on the same panel, in one run, each in a process of its own pinned to one core.

    python benchmarks/att_gt.py                           100,000 units, csdid beside it
    python benchmarks/att_gt.py --units 1000000 --alone   only ours

Reported for each: seconds from the long frame to the event-time aggregate with its simultaneous band, and the highest
memory of the process, the input frame included. Goals: 100,000 × 12 with 999 draws ≤ 2 s and ≥ 20 × csdid;
1,000,000 × 12 ≤ 20 s and ≤ 2 GiB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

PERIODS, DRAWS = 12, 999
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    arguments = _arguments()
    if arguments.run:
        print(json.dumps(_measure(arguments.run, arguments.units, arguments.varying)))
        return
    found = {}
    for name in ("ours",) if arguments.alone else ("ours", "csdid"):
        found[name] = _in_own_process(name, arguments)
        print(f"{name:6s} {arguments.units:>9,} units × {PERIODS}: {_line(**found[name])}")
    if "csdid" in found:
        print(f"ratio {found['csdid']['seconds'] / found['ours']['seconds']:.1f} ×")


def _line(seconds, gib, att, se, critical_value) -> str:
    return f"{seconds:8.2f} s   peak {gib:.2f} GiB   at +2: {att:.6f} (se {se:.6f})   band ± {critical_value:.3f} se"


def make_panel(n_units: int, varying: bool = False, seed: int = 1):
    """A long frame: half never treated, cohorts 3 to 12, three covariates that select into treatment and drive trends.

    varying: the covariates change from period to period, so that nothing is shared between the cells of a cohort.
    """
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    x = random.normal(size=(3, n_units))
    ever = random.uniform(size=n_units) < 1 / (1 + np.exp(-0.4 * (x[0] + x[1])))
    cohort = np.where(ever, random.integers(3, PERIODS + 1, n_units), np.nan)
    period = np.tile(np.arange(1, PERIODS + 1), n_units)
    frame = pd.DataFrame({"id": np.repeat(np.arange(n_units), PERIODS), "t": period, "g": np.repeat(cohort, PERIODS)})
    for j in range(3):
        frame[f"x{j + 1}"] = np.repeat(x[j], PERIODS)
        if varying:
            frame[f"x{j + 1}"] += 0.1 * random.normal(size=len(frame))
    untreated = random.normal(size=len(frame)) + 0.1 * period * np.repeat(x[0], PERIODS)
    frame["y"] = untreated + (frame["t"] >= frame["g"])
    return frame


def run_ours(frame):
    from pipelines.effects import att_gt

    result = att_gt(frame, "id", "t", "g", "y", covariates=("x1", "x2", "x3"))
    found = result.aggregate("event_time", draws=DRAWS, seed=1)
    at_two = found.table.set_index("level").loc[2]
    return at_two["att"], at_two["se"], found.critical_value


def run_csdid(frame):
    """The same work: analytic cells, draws for the event-time aggregate only."""
    import contextlib
    import io
    import warnings

    from csdid.att_gt import ATTgt

    warnings.simplefilter("ignore")
    frame["g"] = frame["g"].fillna(0)
    with contextlib.redirect_stdout(io.StringIO()):
        fitted = ATTgt("y", "t", "id", "g", frame, xformla="y~x1+x2+x3", biters=DRAWS, cband=True)
        fitted = fitted.fit(est_method="dr", bstrap=False)
        fitted.aggte(typec="dynamic", bstrap=True, biters=DRAWS, cband=True)
    effects = fitted.atte
    at_two = list(effects["egt"]).index(2)
    return effects["att_egt"][at_two], effects["se_egt"].ravel()[at_two], float(effects["crit_val_egt"])


def _measure(name: str, n_units: int, varying: bool) -> dict:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    frame = make_panel(n_units, varying)
    run = {"ours": run_ours, "csdid": run_csdid}[name]
    run(make_panel(500))  # imports and first calls are not what is measured
    start = time.perf_counter()
    att, se, critical_value = run(frame)
    seconds = time.perf_counter() - start
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "gib": gib, "att": float(att), "se": float(se), "critical_value": critical_value}


def _in_own_process(name: str, arguments) -> dict:
    command = [sys.executable, __file__, "--run", name, "--units", str(arguments.units)]
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = os.environ | ONE_CORE | {"PYTHONPATH": here}
    command += ["--varying"] * arguments.varying
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--alone", action="store_true", help="without csdid")
    parser.add_argument("--varying", action="store_true", help="covariates that change from period to period")
    parser.add_argument("--run", choices=("ours", "csdid"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
