"""Numbers that were replaced by others (a person's new CPR number, a company that merged): the table of changes that
lies with the keys, and what it makes of the numbers of a delivery.

The table holds raw numbers and is protected like a key. Nothing here writes; what is told are counts by reason.
"""

import csv
import datetime as dt
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.numbers import canonical_cprs, canonical_cvrs
from pipelines.identity.secret_files import IdentityError, read_secret

FILE = "changes.csv"
HEADERS = {
    "old": ("old", "old number", "gammelt nummer"),
    "new": ("new", "new number", "nyt nummer"),
    "date": ("date", "dato"),
}
DATES = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y")
Births = tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class NumberChanges:
    """The rows of the table as they are written: old number, new number, date (may be empty). Never in the repr."""

    rows: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Successors:
    """What the table says, once it is understood: for a domain and an old number the changes (date or None, new
    number), and the numbers that lie on a circle or have two successors at once, none of which is ever replaced.

    `table` counts the rows of the table by what became of them: `used`, or why not (`unreadable`, `two_domains`,
    `same_number`, `impossible_date`, `repeated`, `ambiguous`, `cyclic`).
    """

    table: dict[str, int]
    changes: dict[str, dict[str, list[tuple[dt.date | None, str]]]] = field(repr=False)
    refused: dict[str, dict[str, str]] = field(repr=False)


def load_changes(directory: Path, home: Path) -> NumberChanges:
    """The changes in `changes.csv` beside the keys, none where there is no such file. Raises IdentityError when it is
    not as safe as a key must be, or its first row does not name the columns old, new and (optional) date."""
    path = Path(directory) / FILE
    if not os.path.lexists(path):
        return NumberChanges()
    content = read_secret(path, Path(home), "restore it from a copy")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    lines = [line for line in text.splitlines() if line.strip(' \t;,"')]
    delimiter = max(";,\t", key=lambda sign: lines[0].count(sign)) if lines else ";"
    header, *rows = csv.reader(lines, delimiter=delimiter) if lines else [[]]
    places = {name: _place(header, spellings) for name, spellings in HEADERS.items()}
    if places["old"] is None or places["new"] is None:
        raise IdentityError(f"the first row of {path} must name the columns: old, new and, if dates are known, date")
    return NumberChanges(tuple(tuple(_cell(row, at) for at in places.values()) for row in rows))


def understand(changes: NumberChanges, *, synthetic: bool, births: Births = None) -> Successors:
    """Canonical numbers, dates, chains and circles of the table; `synthetic` and `births` as in canonical_cpr."""
    if not changes.rows:
        return Successors({}, {}, {})
    told, edges = Counter(), {"company": {}, "person": {}}
    old, new = (
        _canonical(pa.array([row[at] for row in changes.rows], pa.string()), synthetic, births) for at in (0, 1)
    )
    for before, after, (_, _, written) in zip(old, new, changes.rows, strict=True):
        reason, date = _judged(before, after, written)
        if reason is None:
            (domain, number), (_, successor) = before, after
            known = edges[domain].setdefault(number, {})
            if successor in known.setdefault(date, []):
                reason = "repeated"
            else:
                known[date].append(successor)
        told["used" if reason is None else reason] += 1
    refused = {domain: _refused(found) for domain, found in edges.items()}
    kept = {
        domain: {
            number: sorted(
                ((date, after[0]) for date, after in known.items()), key=lambda one: (one[0] or dt.date.min, one[1])
            )
            for number, known in found.items()
            if number not in refused[domain]
        }
        for domain, found in edges.items()
    }
    for domain, found in edges.items():
        for number, reason in refused[domain].items():
            rows = sum(len(after) for after in found.get(number, {}).values())
            told["used"] -= rows
            told[reason] += rows
    return Successors({reason: count for reason, count in sorted(told.items()) if count}, kept, refused)


def replace_numbers(
    numbers: pa.Array, dates: pa.Array, domain: str, successors: Successors
) -> tuple[pa.Array, dict[str, int]]:
    """The numbers with each replaced by the last one of its chain, and how many there are by reason.

    `numbers` (text, canonical) and `dates` (date32, the day that a row is about) have one entry a row. A change with a
    date holds for rows from that day on, one without for every row. Reasons: `changed`, `before_change` (the row is
    older than the change), `cyclic` and `ambiguous` (kept as delivered, since nobody can say which number is the
    last), `not_listed`.
    """
    numbers = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
    told = Counter({"not_listed": len(numbers) - numbers.null_count})
    listed = sorted(successors.changes.get(domain, {}).keys() | successors.refused.get(domain, {}).keys())
    found = pc.fill_null(pc.is_in(numbers, value_set=pa.array(listed, pa.string())), False)
    replaced = []
    for number, date in zip(
        pc.filter(numbers, found).to_pylist(), dates.filter(found).to_pylist(), strict=True
    ):
        last, reason = _last(number, date, domain, successors)
        told[reason] += 1
        told["not_listed"] -= 1
        replaced.append(last)
    numbers = pc.replace_with_mask(numbers, found, pa.array(replaced, pa.string()))
    return numbers, {reason: count for reason, count in sorted(told.items()) if count}


def relatives(number: str, domain: str, successors: Successors) -> set[str]:
    """The number, every number that it may be stored under (what it became, whatever the date), and every number that
    became it."""
    onward = {before: {after for _, after in known} for before, known in successors.changes.get(domain, {}).items()}
    back = defaultdict(set)
    for before, after in onward.items():
        for one in after:
            back[one].add(before)
    return _reached(number, onward) | _reached(number, back)


def _place(header: list[str], spellings: tuple[str, ...]) -> int | None:
    names = [" ".join(cell.split()).lower() for cell in header]
    return next((at for at, name in enumerate(names) if name in spellings), None)


def _cell(row: list[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _canonical(texts: pa.Array, synthetic: bool, births: Births) -> list[tuple[str, str] | None]:
    """Domain and canonical number of each text, None where it is neither kind of number."""
    cvrs = canonical_cvrs(texts, synthetic=synthetic).numbers.to_pylist()
    cprs = canonical_cprs(texts, synthetic=synthetic, births=births).numbers.to_pylist()
    return [
        ("company", cvr) if cvr else ("person", cpr) if cpr else None for cvr, cpr in zip(cvrs, cprs, strict=True)
    ]


def _judged(
    before: tuple[str, str] | None, after: tuple[str, str] | None, written: str
) -> tuple[str | None, dt.date | None]:
    """Why a row of the table cannot be used, or None and its date."""
    if before is None or after is None:
        return "unreadable", None
    if before[0] != after[0]:
        return "two_domains", None
    if before == after:
        return "same_number", None
    if not written:
        return None, None
    for form in DATES:
        try:
            return None, dt.datetime.strptime(written, form).date()
        except ValueError:
            continue
    return "impossible_date", None


def _refused(edges: dict[str, dict[dt.date | None, list[str]]]) -> dict[str, str]:
    """Numbers that have two successors from the same day, and numbers on a circle (or between two circles)."""
    ambiguous = {number for number, known in edges.items() if any(len(after) > 1 for after in known.values())}
    onward = {number: {one for after in known.values() for one in after} for number, known in edges.items()}
    back = defaultdict(set)
    for number, after in onward.items():
        for one in after:
            back[one].add(number)
    circling = _unending(onward, back) & _unending(back, onward)
    return dict.fromkeys(ambiguous, "ambiguous") | dict.fromkeys(circling, "cyclic")


def _unending(onward: dict[str, set[str]], back: dict[str, set[str]]) -> set[str]:
    """Numbers from which one can go onward for ever: what is left when ends are taken away until there are none."""
    left = {number: len(after) for number, after in onward.items()}
    ends = [number for number in back if not left.get(number)]
    while ends:
        for before in back.get(ends.pop(), ()):
            left[before] -= 1
            if not left[before]:
                ends.append(before)
    return {number for number, count in left.items() if count}


def _last(number: str, date: dt.date | None, domain: str, successors: Successors) -> tuple[str, str]:
    """The last number of a chain as it stood on the row's day, and the reason."""
    at = number
    while True:
        if at in successors.refused[domain]:
            return number, successors.refused[domain][at]
        known = successors.changes[domain].get(at, [])
        holds = [after for since, after in known if since is None or (date is not None and since <= date)]
        if not holds:
            return at, "changed" if at != number else "before_change"
        at = holds[-1]


def _reached(start: str, onward: dict[str, set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        new = onward.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached
