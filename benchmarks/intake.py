"""The intake beside a bare hmac.digest loop over the same numbers, in one run, each in a process of its own on one core.

    python benchmarks/intake.py                 every case
    python benchmarks/intake.py --case csv      one of csv, wide, xlsx, check

csv and wide take a million persons by `pseudonymise`, the code of the command, one number in fifty spelled with a
hyphen: csv in the columns that must be there, wide with employer, hours and notes as well. CPU seconds are those of the gateway and of the process that reads
for it, its start included; the highest memory is that of the two added up, though they need not reach it together.
The bound gets numbers only, as bytes, and keeps every digest: it reads no file, judges nothing and writes nothing.
xlsx takes a workbook as openpyxl writes it, check runs the whole command. Goals: csv ≤ 4 × the bound and ≤ 1 GiB;
xlsx (200,000 rows) ≤ 60 s and ≤ 1 GiB; check (10,000 rows) ≤ 3 s. Exit code 1 where one is missed.
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
ROWS = {"csv": 1_000_000, "wide": 1_000_000, "xlsx": 200_000, "check": 10_000}
RATIO, GIB, SECONDS = 4, 1, {"xlsx": 60, "check": 3}  # the goals
COMPANY_KEY, PERSON_KEY = bytes(range(32)), bytes(range(100, 132))
KIND = "person_participations"
NARROW = ("CPR-nr.", "Projekt", "Startdato", "Slutdato")
WIDE = (*NARROW, "Arbejdsgivers CVR-nr.", "Gennemført", "Timer", "Bemærkning")


def main() -> None:
    arguments = _arguments()
    if arguments.run == "write":  # in a process of its own, too: a child starts with its parent's highest memory
        write_file(arguments.case, arguments.file)
        return
    if arguments.run == "command":
        print(json.dumps(_run_check(arguments.file)))
        return
    if arguments.run:
        print(json.dumps(_measure(arguments.run, arguments.file)))
        return
    missed = []
    for case in [arguments.case] if arguments.case else ROWS:
        with tempfile.TemporaryDirectory() as place:
            _in_own_process("write", Path(place), case)
            file = next(Path(place).iterdir())
            ours = _in_own_process("command" if case == "check" else "ours", file)
            print(_line(case, "ours", **ours))
            ratio = 0.0
            if case in ("csv", "wide"):
                bound = _in_own_process("bound", file)
                print(_line(case, "bound", **bound))
                ratio = ours["cpu"] / bound["cpu"]
                print(f"{case:6s} ratio   {ratio:.2f} × the bound")
            if ratio > RATIO or ours["gib"] > GIB or ours["wall"] > SECONDS.get(case, ours["wall"]):
                missed.append(case)
    if missed:
        raise SystemExit(f"goals missed: {', '.join(missed)}")


def _line(case: str, name: str, rows: int, cpu: float, wall: float, gib: float) -> str:
    return f"{case:6s} {name:7s} {rows:>9,} rows {cpu:7.2f} CPU-s {wall:7.2f} s   peak {gib:.2f} GiB"


def make_rows(n: int, seed: int = 1) -> dict:
    """Columns of text: n persons, each once, in 40 projects; births 2038–2057, which no real number can say."""
    import numpy as np

    random = np.random.default_rng(seed)
    days = np.arange("2038-01-01", "2058-01-01", dtype="datetime64[D]")
    person = random.choice(len(days) * 4_000, n, replace=False)
    born = np.array([f"{text[8:]}{text[5:7]}{text[2:4]}" for text in days.astype(str)])[person // 4_000]
    cpr = np.char.add(born, (5_000 + person % 4_000).astype(str))
    starts = np.arange("2008-01-01", "2012-01-01", dtype="datetime64[D]")
    start = random.integers(0, len(starts), n)
    end = np.minimum(start + random.integers(0, 400, n), len(starts) - 1)
    written = np.array([f"{text[8:]}-{text[5:7]}-{text[:4]}" for text in starts.astype(str)])
    firms = _business_numbers(20_000, random)
    hyphened = random.random(n) < 0.02
    return {
        "CPR-nr.": np.where(hyphened, [f"{one[:6]}-{one[6:]}" for one in cpr], cpr).tolist(),
        "Projekt": np.char.add("P-", random.integers(0, 40, n).astype(str)).tolist(),
        "Startdato": written[start].tolist(),
        "Slutdato": np.where(random.random(n) < 0.1, "", written[end]).tolist(),
        "Arbejdsgivers CVR-nr.": firms[random.integers(0, len(firms), n)].tolist(),
        "Gennemført": np.array(["ja", "nej", ""])[random.integers(0, 3, n)].tolist(),
        "Timer": [f"{hours // 100},{hours % 100:02d}" for hours in random.integers(0, 20_000, n)],
        "Bemærkning": np.where(random.random(n) < 0.05, "talt med i maj", "").tolist(),
    }


def _business_numbers(n: int, random):
    """Numbers of eight digits that begin with 0, as only synthetic ones do, and pass modulus 11."""
    import numpy as np

    candidates = random.choice(np.arange(1_000_000, 10_000_000), 12 * n, replace=False)
    digits = candidates[:, None] // 10 ** np.arange(7, -1, -1) % 10
    sound = candidates[digits @ np.array([2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0][:n]
    return np.char.zfill(sound.astype(str), 8)


def write_file(case: str, place: Path) -> None:
    columns = make_rows(ROWS[case])
    names = NARROW if case == "csv" else WIDE
    rows = zip(*(columns[name] for name in names), strict=True)
    if case == "xlsx":
        _write_workbook(place / f"nord_{KIND}_2010.xlsx", names, rows)
        return
    import csv

    with open(place / f"nord_{KIND}_2010.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(names)
        writer.writerows(rows)


def _write_workbook(file: Path, names: tuple[str, ...], rows) -> None:
    """Dates and hours as numbers, as a person's workbook has them; CPR numbers as numbers, their zero lost."""
    import datetime as dt

    import openpyxl

    def day(text: str) -> dt.date | None:
        return dt.date(int(text[6:]), int(text[3:5]), int(text[:2])) if text else None

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Ark1")
    sheet.append(names)
    for cpr, project, start, end, employer, completed, hours, note in rows:
        number = int(cpr) if "-" not in cpr else cpr
        cells = [number, project, day(start), day(end), employer, completed, float(hours.replace(",", ".")), note]
        sheet.append([None if cell == "" else cell for cell in cells])
    book.save(file)


def run_ours(file: Path, numbers: list[bytes]) -> int:
    """The file taken into a new home, and the process that read it ended; rows accepted."""
    from pipelines.identity import Keys
    from pipelines.participations import contained, pseudonymise

    keys = Keys(COMPANY_KEY, PERSON_KEY)
    receipt = pseudonymise(file, KIND, keys=keys, home=file.parent / "home", synthetic=True)
    contained.close()  # else its time is not yet counted
    if receipt.status != "taken":
        raise SystemExit(f"refused: {receipt.reason}")
    return receipt.accepted


def run_bound(file: Path, numbers: list[bytes]) -> int:
    """One hmac.digest a number, each kept."""
    from hmac import digest

    found = []
    for number in numbers:
        found.append(digest(PERSON_KEY, number, "sha256"))
    return len(found)


def _measure(name: str, file: Path) -> dict:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    run = {"ours": run_ours, "bound": run_bound}[name]
    numbers = []
    if name == "bound":
        with open(file, "rb") as lines:
            numbers = [line.partition(b";")[0].replace(b"-", b"") for line in lines][1:]
    else:
        import pipelines.participations  # noqa: F401  what the command imports is not what is measured
    before, start = _cpu(), time.perf_counter()
    rows = run(file, numbers)
    used, wall = _cpu() - before, time.perf_counter() - start
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"rows": rows, "cpu": used, "wall": wall, "gib": sum(peaks) / 2**20}


def _cpu() -> float:
    """Seconds of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _run_check(file: Path) -> dict:
    """`effekt check` from start to end."""
    before, start = _cpu(), time.perf_counter()
    command = [sys.executable, "-m", "pipelines.cli", "check", str(file), "--as", KIND, "--json"]
    environment = _environment() | {"EFFEKT_SYNTHETIC": "1", "EFFEKT_HOME": str(file.parent / "home")}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return {"rows": json.loads(done.stdout)["read"], "cpu": _cpu() - before, "wall": wall, "gib": peak}


def _in_own_process(name: str, file: Path, case: str = "csv") -> dict:
    command = [sys.executable, __file__, "--run", name, "--file", str(file), "--case", case]
    done = subprocess.run(command, env=_environment(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def _environment() -> dict[str, str]:
    return os.environ | ONE_CORE | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=tuple(ROWS))
    parser.add_argument("--run", choices=("write", "ours", "bound", "command"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
