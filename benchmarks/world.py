"""One file of the full-size Denmark, written in a process of its own pinned to one core.

    python benchmarks/world.py                            a tenth of BFL 2010, 3.5 M rows
    python benchmarks/world.py --only BFL2025 --share 1   all of the largest file, 41.5 M rows

Reported: rows a second of processor time (user and system), the highest memory of the process, bytes on disk. Goals
for BFL: 4 M rows a second, 3 GiB at any share.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    arguments = _arguments()
    if arguments.run:
        print(json.dumps(_measure(arguments.only, arguments.share)))
        return
    found = max((_in_own_process(arguments) for _ in range(arguments.times)), key=lambda one: one["rows"] / one["seconds"])
    print(
        f"{arguments.only} × {arguments.share:g}: {found['rows']:,} rows in {found['seconds']:.2f} CPU-s, "
        f"{found['rows'] / found['seconds'] / 1e6:.2f} M rows a CPU-s   peak {found['gib']:.2f} GiB   {found['bytes']:,} bytes"
    )


def _measure(only: str, share: float) -> dict:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import pyarrow.parquet as pq

    from pipelines.world import DEFAULT_SEED
    from pipelines.world.denmark import make_denmark
    from pipelines.world.denmark_plan import periods_named

    with tempfile.TemporaryDirectory() as place:
        make_denmark(Path(place), 1, periods_named(only)[:1], 0.001)    # imports and code tables are not what is measured
        start = time.process_time()
        paths = make_denmark(Path(place), DEFAULT_SEED, periods_named(only), share)
        seconds = time.process_time() - start
        rows = sum(pq.read_metadata(path).num_rows for path in paths)
        size = sum(path.stat().st_size for path in paths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"rows": rows, "seconds": seconds, "gib": peak, "bytes": size}


def _in_own_process(arguments) -> dict:
    here = str(Path(__file__).parents[1])
    command = [sys.executable, __file__, "--run", "--only", arguments.only, "--share", str(arguments.share)]
    done = subprocess.run(command, env=os.environ | ONE_CORE | {"PYTHONPATH": here}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="BFL2010", help="files, as in effekt world --only")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--times", type=int, default=3, help="runs, of which the fastest is told")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
