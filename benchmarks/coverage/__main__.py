"""`python -m benchmarks.coverage`: the whole study, resumed where it stopped; tables and picture in docs/coverage."""

import argparse
import os
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--worlds", type=int, default=500)
    parser.add_argument("--planted", type=int, default=100, help="worlds of each plan of a verdict")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/coverage"))
    arguments = parser.parse_args()

    from benchmarks.coverage.picture import draw
    from benchmarks.coverage.study import run
    from benchmarks.coverage.tables import fill_in

    run(arguments.out, arguments.worlds, arguments.planted, arguments.workers)
    draw(arguments.out)
    fill_in(arguments.out)


if __name__ == "__main__":
    main()
