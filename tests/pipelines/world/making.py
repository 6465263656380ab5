"""Makes a tiny world as a user would, under fixed keys, and reads raw deliveries back without the gateway's help."""

import csv
import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import openpyxl

from pipelines.identity import pseudonyms
from pipelines.world import DEFAULT_SEED, make_world
from schemas.contract import load

KEYS = {"company": bytes(range(32)), "person": bytes(range(100, 132))}
KINDS = ("initiatives", "projects", "targets", "company_participations", "person_participations", "company_contacts")
CSV_HABITS = {"nordvaekst": ("cp1252", ";"), "digitalhub": ("utf-8", ","), "energiforum": ("utf-8-sig", ";")}


@dataclass(frozen=True)
class RawFile:
    """A delivery as it lies on disk: `rows` hold the written cells as text under the contract's column names."""

    operator: str
    kind: str
    period: str
    ending: str
    rows: list[dict[str, str]]

    def column(self, name: str) -> list[str]:
        return [row[name] for row in self.rows if row.get(name)]


def pseudonym_of(domain: str, numbers: list[str]) -> list[str]:
    return pseudonyms(KEYS[domain], numbers)


def make_tiny(place: Path, seed: int = DEFAULT_SEED) -> Path:
    """`deliveries/` and `home/` of a tiny world under the place."""
    make_world(scale="tiny", seed=seed, deliveries=place / "deliveries", home=place / "home", pseudonym_of=pseudonym_of)
    return place


def digests(place: Path) -> dict[str, str]:
    """SHA-256 of every file under the place, by its path there."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kind_of(path: Path) -> str:
    return next(kind for kind in KINDS if f"_{kind}_" in path.name)


def read_raw(path: Path) -> RawFile:
    kind = kind_of(path)
    operator, period = path.stem.split(f"_{kind}_")
    if path.suffix == ".xlsx":
        with closing(openpyxl.load_workbook(path, read_only=True)) as book:
            lines = [["" if value is None else str(value) for value in row] for row in book.active.values]
    else:
        encoding, separator = CSV_HABITS[operator]
        with path.open(encoding=encoding, newline="") as file:
            lines = list(csv.reader(file, delimiter=separator))
    columns = load(f"deliveries.{kind}").columns
    names = {column.label: column.name for column in columns} | {column.name: column.name for column in columns}
    header = [names[cell] for cell in lines[0]]
    return RawFile(operator, kind, period, path.suffix, [dict(zip(header, line, strict=True)) for line in lines[1:]])
