"""What a case of the corpus is, and the rows that its files are made of. Every number is synthetic."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.pipelines.participations.drawing import CPRS, CVRS

COMPANY, PERSON, CONTACT = "company_participations", "person_participations", "company_contacts"
HEADER = ("CVR-nr.", "Projekt", "Startdato", "Slutdato", "Tilskud (kr.)", "Aktivitet", "Bemærkning")
PERSON_HEADER = ("CPR-nr.", "Projekt", "Startdato", "Slutdato", "Arbejdsgivers CVR-nr.", "Gennemført")
ROW = {"cvr": CVRS[0], "project": "P1", "start": "01-05-2010", "end": "", "support": "5", "activity": "", "note": ""}
PERSON_ROW = {"cpr": CPRS[0], "project": "P1", "start": "01-05-2010", "end": "", "employer": "", "completed": ""}


@dataclass(frozen=True)
class Outcome:
    """What the gateway must say of a file. `rules` counts quarantined rows by rule; `quarantined` and `rows` (numbers
    of those rows in the file) are given where they do not follow from it. `words` must stand in the sentence of a
    refusal. `stored` has columns of the accepted rows as text, raw numbers where pseudonyms are stored."""

    status: str
    read: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    rows: tuple[int, ...] | None = None
    words: str = ""
    form: str | None = None
    encoding: str | None = None
    warnings: int = 0
    stored: dict[str, list[str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A file and what must become of it. `make` gives its bytes, or writes something into a directory and gives the
    path; bytes are written as `nord_<kind>_2010.<ending>`. `times`: how often it is delivered before. `contained`: only a
    process with limits may read it."""

    name: str
    make: Callable[[], bytes] | Callable[[Path], Path]
    outcome: Outcome
    kind: str = COMPANY
    ending: str = "csv"
    places: bool = False  # whether `make` writes into a directory
    times: int = 0
    contained: bool = False


def taken(read: int, *, quarantined: int | None = None, rows=None, form=None, encoding=None, warnings=0, stored=None, **rules: int) -> Outcome:
    found = sum(rules.values()) if quarantined is None else quarantined
    return Outcome("taken", read, rules, found, rows, "", form, encoding, warnings, stored or {})


def refused(words: str) -> Outcome:
    return Outcome("refused", words=words)


def empty(form: str | None = None) -> Outcome:
    return Outcome("empty", form=form)


def again(first: Outcome) -> Outcome:
    """What is said of the same bytes when they come again."""
    return replace(first, status="duplicate")


def lines(*rows: Iterable[str], header: Iterable[str] = HEADER, separator: str = ";", newline: str = "\n") -> str:
    """Header and rows as text; nothing is quoted but what the caller quotes."""
    return "".join(separator.join(row) + newline for row in (header, *rows))


def row(**cells: str) -> list[str]:
    """A sound row of company_participations with some cells replaced."""
    return list((ROW | cells).values())


def person(**cells: str) -> list[str]:
    """A sound row of person_participations with some cells replaced."""
    return list((PERSON_ROW | cells).values())


def each(column: str, values: Iterable[str], make: Callable[..., list[str]] = row) -> list[list[str]]:
    """A row for each value of a column; their starts differ, so that none repeats another."""
    return [make(**{"start": f"{n:02d}-05-2010", column: value}) for n, value in enumerate(values, 1)]
