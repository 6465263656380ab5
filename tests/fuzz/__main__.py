"""`python -m tests.fuzz [SECONDS] [READER …]`: each reader for its share of the time; findings are kept as fixtures.

Exits with 1 when something new was found. Inputs that reached new code stay under .fuzz/ for the next run.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.participations.contained import ALLOCATOR, ONE_THREAD
from schemas.contract import load
from tests.pipelines.participations.corpus import CASES
from tests.pipelines.participations.corpus.case import COMPANY

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / "tests" / "pipelines" / "participations" / "findings"
BRED = ROOT / ".fuzz"
ENDINGS = {"delimited": "csv", "workbook": "xlsx", "parquet": "parquet"}
SECONDS, MOST_FOUND = 60, 5  # in all; findings a reader, after which it is to be mended first
LARGEST_SEED, LARGEST, SLOWEST = 2**14, 2**16, 20  # bytes, bytes, seconds for one input
TOKENS = {
    "delimited": ('""', '";"', "\r\n", "\r", "sep=;", "\ufeff", "01000004", "0101405000", "1.234,50", "1. maj 2010", "=1", "\u200b"),
    "workbook": ("<row>", "<c r=", ' t="s"', ' s="1"', "<v>", "<f/>", "</row>", "<!--", "-->", "_x0000_", "1E+300", "<!DOCTYPE a>", "&#10;"),
    "parquet": ("PAR1", "cvr", "project", "support_dkk"),
}


def main() -> int:
    words = sys.argv[1:]
    seconds = int(words.pop(0)) if words and words[0].isdigit() else SECONDS
    readers = words or list(ENDINGS)
    found = []
    for reader in readers:
        runs, reached, new = fuzz(reader, seconds / len(readers))
        print(f"{reader}: {runs:,} inputs, {reached:,} places of the code reached, {len(new)} findings", flush=True)
        found += new
    for path in found:
        print(f"kept: {path.relative_to(ROOT)}")
    return bool(found)


def fuzz(reader: str, seconds: float) -> tuple[int, int, list[Path]]:
    """How many inputs were tried, how many places of the code they reached, and the files that broke a promise. A run
    that ends at one is begun again, unless it ends at the same: then that is to be mended first."""
    end, runs, reached, found = time.monotonic() + seconds, 0, 0, []
    bred = BRED / reader
    bred.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        sow(Path(place) / "seeds", reader)
        while (left := int(end - time.monotonic())) > 0 and len(found) < MOST_FOUND:
            ended, said = run(reader, Path(place), bred, left)
            runs += max(map(int, re.findall(r"^#(\d+)", said, re.MULTILINE)), default=0)
            reached = max(map(int, re.findall(r" cov: (\d+)", said)), default=reached)
            new = [kept(path, reader) for path in sorted(Path(place).glob("found-*"))]
            if ended and not new:
                raise SystemExit(f"the fuzz run of {reader} could not be started or ended early:\n{said[-2000:]}")
            if set(new) & set(found):
                break
            found += new
            if new:
                print(said[said.find("=== Uncaught") :][:2000] if "=== Uncaught" in said else said[-1000:])
    return runs, reached, found


def run(reader: str, place: Path, bred: Path, seconds: int) -> tuple[int, str]:
    """One process of the harness: its exit code and what it said."""
    options = {
        "max_total_time": seconds, "max_len": LARGEST, "timeout": SLOWEST, "rss_limit_mb": 4096, "len_control": 0,
        "artifact_prefix": f"{place}/found-", "dict": place / "seeds.dict", "print_final_stats": 1,
    }
    command = [sys.executable, "-m", "tests.fuzz.harness", reader, *(f"-{name}={value}" for name, value in options.items())]
    ended = subprocess.run(
        [*command, str(bred), str(place / "seeds")], cwd=ROOT, env=os.environ | ONE_THREAD | ALLOCATOR,
        capture_output=True, text=True, errors="replace", check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def sow(place: Path, reader: str) -> None:
    """The seeds: the small files of the corpus that such a reader takes, and the tokens that its language has."""
    place.mkdir()
    for case in CASES:
        if case.kind != COMPANY or case.places or case.contained or case.ending != ENDINGS[reader]:
            continue
        content = case.make()
        if 0 < len(content) <= LARGEST_SEED:
            (place / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
    labels = [column.label for column in load(f"deliveries.{COMPANY}").columns]
    tokens = [*TOKENS[reader], *labels * (reader != "parquet")]
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in token.encode()) + '"' for token in tokens)
    place.with_suffix(".dict").write_text("\n".join(lines) + "\n", encoding="ascii")


def kept(path: Path, reader: str) -> Path:
    """The finding under a name of its own among the fixtures."""
    content = path.read_bytes()
    FINDINGS.mkdir(exist_ok=True)
    target = FINDINGS / f"{reader}-{hashlib.sha256(content).hexdigest()[:12]}.{ENDINGS[reader]}"
    target.write_bytes(content)
    path.unlink()
    return target


if __name__ == "__main__":
    sys.exit(main())
