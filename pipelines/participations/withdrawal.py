"""Takes persons and companies out of a home for good: out of deliveries, register extracts and every table made from
them, and keeps them out when they are delivered again.

The file of numbers is read as a delivery is; nothing of it is stored. The home remembers who was withdrawn by marks: a
pseudonym of the pseudonym, under a key of its own, so that no pseudonym of theirs lies in the home.
"""

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import (
    Keys,
    canonical_cprs,
    canonical_cvrs,
    load_keys,
    pseudonym_column,
    pseudonyms,
    relatives,
    understand,
)
from pipelines.participations import store
from pipelines.participations.delimited import decode
from pipelines.participations.extracts import PSEUDONYM, ExtractFile, extract_files, portions, rewrite, texts
from pipelines.participations.home import MEMORY, Home, HomeError, open_home
from pipelines.participations.reading import Refused, open_safely

LIST = "withdrawn.json"
DERIVED = ("store", "tmp", "imported", store.ASIDE, ".world-part")  # made from deliveries and extracts, and made again by a run
SUBJECTS, REFERENCES = ("company", "person"), ("employer",)  # of a delivery: the row goes, or the cell is emptied
MOST_TOLD = 5  # lines that an error names
NOBODY = pa.array([], pa.string())

Births = tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal did, in counts: numbers in the file, rows taken out of deliveries and how many of these
    changed, cells with an employer emptied, the same for register extracts, and releases that held somebody: removed,
    or (`releases_waiting`) removed once a new release has taken the current one's place."""

    companies: int
    persons: int
    rows: int = 0
    cells_emptied: int = 0
    deliveries: int = 0
    extract_rows: int = 0
    extracts: int = 0
    releases_removed: int = 0
    releases_waiting: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts as JSON writes them."""
        return asdict(self)


@dataclass
class _Out:
    """Who is out: pseudonyms (text) of this withdrawal, and marks (text) of all before and this one."""

    keys: Keys
    pseudonyms: pa.Array
    marks: pa.Array

    def holds(self, column: pa.Array) -> pa.Array:
        """Which pseudonyms of a column belong to somebody who is out."""
        out = pc.is_in(column, value_set=self.pseudonyms)
        if not len(self.marks):
            return out
        column = pc.if_else(pc.match_substring_regex(column, f"^{PSEUDONYM}$"), column, pa.scalar(None, pa.string()))
        return pc.or_(out, pc.is_in(pseudonym_column(self.keys.mark, column), value_set=self.marks))


def withdraw(
    file: Path, *, keys: Keys, home: Path, synthetic: bool | None = None, births: Births = None
) -> Withdrawal:
    """Takes out everyone whose CVR or CPR number stands in the file, one a line. All of it or nothing.

    Rows about them go from deliveries and register extracts, a cell that names them as an employer is emptied, tables
    of the store are dropped, and releases that hold them are removed; the current one stays until the next has taken
    its place (see `remove_waiting`). Numbers that the table of changes links to theirs count as theirs. Raises Refused
    when a line holds no number that the home could have stored, HomeError when keys or a run at work stand in the way,
    DamagedDelivery and OSError; the home is then as it was.
    """
    home = open_home(home, synthetic)
    named = _numbers(open_safely(Path(file)), keys, home.synthetic, births)
    with home.alone():
        home.require_keys(keys)
        found = [pseudonyms(getattr(keys, domain), sorted(numbers)) for domain, numbers in named.items()]
        out = _Out(keys, pa.array([*chain.from_iterable(found)], pa.string()), NOBODY)
        return _take_out(home, out, len(named["company"]), len(named["person"]), derived=DERIVED)


def withdraw_from_new_extracts(home: Path, *, keys: Path, in_run: bool = False) -> Withdrawal | None:
    """Takes everyone who was withdrawn before out of the register extracts that came since; None where there are none.
    A run begins with it; one that is at work says so with `in_run`. `keys` is their directory, which is read only if
    somebody was withdrawn. Raises as `withdraw` does, and IdentityError."""
    home = open_home(home)
    memory = recall(home)
    if not memory["marks"] or not any(_is_new(file, home, memory) for file in extract_files(home.path / "registers")):
        return None
    secrets = load_keys(keys, home.path)
    with home.locked() if in_run else home.alone():
        home.require_keys(secrets)
        return _take_out(home, _Out(secrets, NOBODY, NOBODY), 0, 0, derived=() if in_run else DERIVED)


def without_withdrawn(accepted: pa.Table, home: Home, keys: Keys) -> tuple[pa.Table, int]:
    """The rows of a delivery (pseudonymised) without those about somebody who was withdrawn, whose number comes with
    them; an employer who was is emptied."""
    marks = pa.array(recall(home)["marks"], pa.string())
    if not len(marks):
        return accepted, 0
    kept, rows, _ = _without(accepted, SUBJECTS, REFERENCES, _Out(keys, NOBODY, marks).holds)
    return kept, rows


def remove_waiting(home: Path) -> int:
    """Removes the releases that hold somebody who was withdrawn, but for the current one; how many went. A run ends
    with it."""
    home = open_home(home)
    with home.locked():
        memory = recall(home)
        removed, waiting = _told_apart(home, set(memory["releases"]))
        if removed:
            with store.changing(home.path) as change:
                for name in removed:
                    change.remove(f"releases/{name}")
                change.write(LIST, as_json({**memory, "releases": waiting}))
    return len(removed)


def _take_out(home: Home, out: _Out, companies: int, persons: int, *, derived: tuple[str, ...]) -> Withdrawal:
    """Prepares every file that changes, then lets all of it happen at once; `derived` goes if anything did. The home is
    locked."""
    memory = recall(home)
    marks = pc.unique(
        pa.concat_arrays([pa.array(memory["marks"], pa.string()), pseudonym_column(out.keys.mark, out.pseudonyms)])
    ).sort()
    everyone = _Out(out.keys, out.pseudonyms, marks)
    with store.changing(home.path) as change:
        deliveries = [_from_delivery(home, directory, out, change) for directory in _listed(home.deliveries)]
        files = extract_files(home.path / "registers")
        extracts = [
            _from_extract(home, file, everyone if _is_new(file, home, memory) else out, change) for file in files
        ]
        met = pc.unique(pa.concat_arrays([out.pseudonyms, *(one.found for one in extracts)]))
        held = _releases_with(home, met, out.keys)
        removed, waiting = _told_apart(home, held | set(memory["releases"]))
        leftovers = [f"releases/{path.name}" for path in (home.path / "releases").glob(".building-*")]
        changed = any(one.rows or one.cells for one in (*deliveries, *extracts))
        for name in (*(f"releases/{name}" for name in removed), *leftovers, *(derived if changed else ())):
            change.remove(name)
        done = Withdrawal(
            companies,
            persons,
            rows=sum(one.rows for one in deliveries),
            cells_emptied=sum(one.cells for one in deliveries),
            deliveries=sum(one.rows + one.cells > 0 for one in deliveries),
            extract_rows=sum(one.rows for one in extracts),
            extracts=sum(one.rows + one.cells > 0 for one in extracts),
            releases_removed=len(removed),
            releases_waiting=len(waiting),
        )
        versions = {_name(file, home): one.version for file, one in zip(files, extracts, strict=True)}
        change.write(LIST, as_json({"marks": marks.to_pylist(), "extracts": versions, "releases": waiting}))
        change.write(MEMORY, home.memory(out.keys))
        log(home, change, {"status": "withdrawn", **done.as_dict()})
    return done


def log(home: Home, change: store.Change, line: dict[str, object]) -> None:
    """A line of the home's log that is written with the change, or not at all; counts and names only."""
    home.log.parent.mkdir(exist_ok=True)
    before = home.log.read_bytes() if home.log.exists() else b""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    change.write(str(home.log.relative_to(home.path)), before + store.as_line({**line, "received": now.isoformat()}))


def _numbers(content: bytes, keys: Keys, synthetic: bool, births: Births) -> dict[str, set[str]]:
    """The canonical numbers in the file by domain, with those that the table of changes links to them."""
    lines = [line.strip(' \t;,"') for line in decode(content)[1].decode("utf-8").splitlines()]
    first = next((at for at, line in enumerate(lines) if line), None)
    if first is not None and not any(sign.isdigit() for sign in lines[first]):
        lines[first] = ""  # a heading
    cells = pa.array(lines, pa.string())
    columns = {
        "company": canonical_cvrs(cells, synthetic=synthetic),
        "person": canonical_cprs(cells, synthetic=synthetic, births=births),
    }
    read = [set(column.numbers.drop_null().to_pylist()) for column in columns.values()]
    unread = pc.and_(*(pc.is_valid(column.rules) for column in columns.values()))
    places = [at + 1 for at, bad in enumerate(unread.to_pylist()) if bad]
    if places:
        told = ", ".join(str(at) for at in places[:MOST_TOLD]) + (" and others" if len(places) > MOST_TOLD else "")
        raise Refused(
            f"{len(places)} lines hold no number that this home could have stored (line {told}); write one CVR or CPR "
            "number a line; nobody was withdrawn"
        )
    if not any(read):
        raise Refused("the file holds no number; write one CVR or CPR number a line")
    successors = understand(keys.changes, synthetic=synthetic, births=births)
    return {
        domain: set().union(*(relatives(number, domain, successors) for number in numbers))
        for domain, numbers in zip(columns, read, strict=True)
    }


@dataclass(frozen=True)
class _Gone:
    """What a file loses: rows, cells, and (of an extract) whose pseudonyms these were and the file's version then."""

    rows: int = 0
    cells: int = 0
    found: pa.Array = field(default_factory=lambda: NOBODY, repr=False)
    version: list[int] = field(default_factory=list)


def _listed(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _from_delivery(home: Home, directory: Path, out: _Out, change: store.Change) -> _Gone:
    """The delivery without them; its receipt keeps its counts and says how many accepted rows were withdrawn."""
    receipt, accepted, findings = store.read_delivery(directory)
    kept, rows, cells = _without(accepted, SUBJECTS, REFERENCES, out.holds)
    if rows or cells:
        receipt = {**receipt, "withdrawn": receipt.get("withdrawn", 0) + rows}
        for name, content in store.delivery_files(kept, findings, receipt).items():
            change.write(f"{directory.relative_to(home.path)}/{name}", content)
    return _Gone(rows, cells)


def _from_extract(home: Home, file: ExtractFile, out: _Out, change: store.Change) -> _Gone:
    """The extract without rows about them; where it only names them, the cell is emptied."""
    if not file.columns:
        return _Gone(version=file.version)
    subject, *others = file.columns
    found, cells = [NOBODY], 0
    for portion in portions(file):
        met = {name: texts(portion[name]) for name in file.columns}
        found += [pc.filter(column, out.holds(column)) for column in met.values()]
    found = pc.unique(pa.concat_arrays(found))
    if not len(found):
        return _Gone(version=file.version)
    counted = []

    def change_rows(rows: pa.Table) -> pa.Table:
        kept, *counts = _without(rows, (subject,), others, lambda column: pc.is_in(column, value_set=found))
        counted.append(counts)
        return kept

    to = change.stage(_name(file, home))
    rewrite(file, to, change_rows)
    rows, cells = (sum(counts[at] for counts in counted) for at in (0, 1))
    return _Gone(rows, cells, found, ExtractFile(to, ()).version)


def _without(
    table: pa.Table, subjects: Iterable[str], references: Iterable[str], is_out: Callable[[pa.Array], pa.Array]
) -> tuple[pa.Table, int, int]:
    """The rows whose subject is not out, cells of references to somebody who is emptied; how many rows went, and in
    those that stay, how many cells."""
    gone = pa.repeat(False, table.num_rows)
    for name in set(subjects) & set(table.column_names):
        gone = pc.or_(gone, is_out(texts(table[name])))
    kept, cells = table.filter(pc.invert(gone)), 0
    for name in set(references) & set(table.column_names):
        out = is_out(texts(kept[name]))
        if emptied := pc.sum(out).as_py():
            at = kept.column_names.index(name)
            column = pc.if_else(out, pa.scalar(None, pa.string()), texts(kept[name]))
            kept, cells = kept.set_column(at, kept.schema.field(name), column.cast(table[name].type)), cells + emptied
    return kept, pc.sum(gone).as_py() or 0, cells


def _releases_with(home: Home, pseudonyms: pa.Array, keys: Keys) -> set[str]:
    """Names of the releases in whose warehouse one of the pseudonyms stands, or in which they cannot be looked for."""
    places = [path for path in _listed(home.path / "releases") if path.is_dir() and not path.is_symlink()]
    return {path.name for path in places if path.name[0] != "." and _holds(path / "warehouse.duckdb", pseudonyms, keys)}


def _holds(warehouse: Path, pseudonyms: pa.Array, keys: Keys) -> bool:
    """Whether one of the pseudonyms stands in the warehouse, or may under keys of before a rotation, or if it cannot be
    read."""
    if not len(pseudonyms) or not warehouse.exists():
        return False
    try:
        with duckdb.connect() as connection:
            path = str(warehouse).replace("'", "''")
            connection.execute(f"ATTACH '{path}' AS warehouse (READ_ONLY)")
            connection.register("gone", pa.table({"pseudonym": pseudonyms}))
            ids = [keys.company_id, keys.person_id]
            other = "SELECT 1 FROM warehouse.participation.delivery WHERE NOT list_contains(?, key_id) LIMIT 1"
            if connection.execute(other, [ids]).fetchone():
                return True
            columns = connection.execute("""
                SELECT schema_name, table_name, column_name FROM duckdb_columns()
                WHERE database_name = 'warehouse' AND data_type = 'VARCHAR'
            """).fetchall()
            return any(
                connection.execute(f"""
                    SELECT 1 FROM warehouse."{schema}"."{table}" WHERE "{column}" IN (FROM gone) LIMIT 1
                """).fetchone()  # noqa: S608 (names of the warehouse)
                for schema, table, column in columns
            )
    except duckdb.Error:
        return True


def _told_apart(home: Home, held: set[str]) -> tuple[list[str], list[str]]:
    """Releases to remove, and the current one, if it is among them, which waits."""
    link = home.path / "releases" / "current"
    current = os.readlink(link) if link.is_symlink() else None
    held = {name for name in held if (home.path / "releases" / name).exists()}
    return sorted(held - {current}), sorted(held & {current})


def _is_new(file: ExtractFile, home: Home, memory: dict) -> bool:
    return memory["extracts"].get(_name(file, home)) != file.version


def _name(file: ExtractFile, home: Home) -> str:
    return str(file.path.relative_to(home.path))


def recall(home: Home) -> dict[str, object]:
    """What the home remembers of withdrawals: `marks`, the `extracts` that nobody of them is in (name and version), and
    the `releases` that wait to be removed. Raises HomeError when it is damaged."""
    path = home.path / LIST
    if not path.exists():
        return {"marks": [], "extracts": {}, "releases": []}
    try:
        memory = json.loads(path.read_text(encoding="utf-8"))
        if {name: type(memory[name]) for name in ("marks", "extracts", "releases")} == {
            "marks": list, "extracts": dict, "releases": list,
        }:
            return memory
    except (ValueError, KeyError, TypeError):
        pass
    raise HomeError(f"{path} is damaged; restore it from a copy, since it says who must stay out of the home")


def as_json(memory: dict[str, object]) -> bytes:
    """What `recall` reads."""
    return (json.dumps(memory, indent=1) + "\n").encode("utf-8")
