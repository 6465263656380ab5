"""From old keys to new ones: the table of old and new pseudonyms, made where both keys are, and its use on everything
in a home that holds pseudonyms.

How a pseudonym is translated is known to `identity`; what a withdrawal remembers belongs to `withdrawal`.
"""

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.identity import IdentityError, Keys, draw_keys, holds_keys, load_keys, translate, write_keys
from pipelines.identity.changes import FILE as CHANGES
from pipelines.identity.secret_files import new_directory, read_secret, refuse_inside, replace_secret, write_secret
from pipelines.participations import store
from pipelines.participations.extracts import KEYS, PSEUDONYM, extract_files, pseudonyms_in, rewrite, texts
from pipelines.participations.home import MEMORY, Home, HomeError, open_home
from pipelines.participations.withdrawal import DERIVED, LIST, REFERENCES, SUBJECTS, as_json, log, recall

TABLE = "old-to-new.parquet"

Births = tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class Rotation:
    """New keys (`drawn` says whether they are of now or of an earlier rotation into the same directory) and how many
    pseudonyms the table beside them translates; `missing` are those in the home that no number explains."""

    keys: Keys
    drawn: bool
    translated: int
    missing: int


@dataclass(frozen=True)
class Rekeying:
    """What was written anew, in counts; `releases` still hold old pseudonyms, and are left as they are."""

    deliveries: int
    extracts: int
    pseudonyms: int
    releases: int

    def as_dict(self) -> dict[str, int]:
        """The counts as JSON writes them."""
        return asdict(self)


def rotate(keys: Path, to: Path, home: Path, *, births: Births = None) -> Rotation:
    """Draws new keys into the directory `to` with the table old → new of every pseudonym in the home beside them, whole
    or not at all; the old keys stay as they are. `births` as in identity.translate.

    A directory that holds the new keys of an earlier rotation keeps them, and gets the table made anew: that is for
    deliveries and extracts that came after it. Raises IdentityError when other keys lie there or it lies inside the
    home, HomeError when the home is kept under other keys than the old.
    """
    keys, to = Path(keys), Path(to)
    old, home = load_keys(keys, home), open_home(home)
    refuse_inside(to, home.path)
    drawn = not holds_keys(to)
    new = replace(draw_keys(), earlier=(*old.earlier, old.delivery)) if drawn else load_keys(to, home.path)
    if new.earlier != (*old.earlier, old.delivery):
        raise IdentityError(f"{to} holds keys that were not made from those in {keys}; name another directory")
    with home.locked():
        home.require_keys(old)
        wanted, marks = _pseudonyms(home), pa.array(recall(home)["marks"], pa.string())
    found = translate(wanted, marks, old, new, synthetic=home.synthetic, births=births)
    table = _as_parquet(found.pairs, old, new)
    if drawn:
        with new_directory(to) as aside:
            write_keys(aside, new)
            write_secret(aside / TABLE, table)
            if (keys / CHANGES).exists():
                write_secret(aside / CHANGES, read_secret(keys / CHANGES, home.path, ""))
    else:
        replace_secret(to / TABLE, table)
    return Rotation(new, drawn, found.pairs.num_rows, found.missing)


def rekey(home: Path, *, old: Keys, new: Keys, table: Path) -> Rekeying:
    """Replaces every pseudonym in deliveries and register extracts by the table's, all or none, and keeps the home
    under the new keys from then on. Delivery ids, accounts and withdrawals stay as they are; tables of the store are
    dropped, and made again by the next run.

    Raises IdentityError when the table is not for these keys, HomeError when the home is under other keys, a run is at
    work or the home holds pseudonyms that the table does not; DamagedDelivery and OSError. The home is then as it was.
    """
    home = open_home(home)
    pairs = _read_table(Path(table), old, new, home)
    with home.alone():
        if home.keys_differ(old) and not home.keys_differ(new):
            raise HomeError(f"{home.path} is kept under the new keys already: name their directory with --keys")
        home.require_keys(old)
        present, memory = _pseudonyms(home), recall(home)
        everything = pa.concat_arrays([present, pa.array(memory["marks"], pa.string())])
        lacking = pc.sum(pc.invert(pc.is_in(everything, value_set=pairs["old"].combine_chunks()))).as_py() or 0
        if lacking:
            raise HomeError(
                f"{lacking} pseudonyms in {home.path} are not in the table, since they came after it or belong to no "
                "number under the old keys: make the table anew with `effekt keys rotate`, or remove what holds them"
            )
        return _apply(home, new, _translated(pairs), memory, len(present))


def table_in(keys: Path) -> Path:
    """Where the table lies beside the new keys."""
    return Path(keys) / TABLE


def _apply(
    home: Home, new: Keys, translated: Callable[[pa.Array], pa.Array], memory: dict, pseudonyms: int
) -> Rekeying:
    """Prepares every file anew, then lets all of it happen at once. The home is locked."""
    deliveries = sorted(home.deliveries.iterdir()) if home.deliveries.is_dir() else []
    extracts = [file for file in extract_files(home.path / "registers") if file.columns]
    with store.changing(home.path) as change:
        for directory in deliveries:
            receipt, accepted, findings = store.read_delivery(directory)
            receipt = {**receipt, "key_id": _key_id(receipt, new)}
            accepted = _with(accepted, {*SUBJECTS, *REFERENCES}, translated)
            for name, content in store.delivery_files(accepted, findings, receipt).items():
                change.write(f"deliveries/{directory.name}/{name}", content)
        versions = dict(memory["extracts"])
        for file in extracts:
            name = str(file.path.relative_to(home.path))
            clean = versions.get(name) == file.version
            rewrite(file, to := change.stage(name), lambda rows, of=file: _with(rows, set(of.columns), translated))
            versions |= {name: replace(file, path=to).version} if clean else {}
        marks = translated(pa.array(memory["marks"], pa.string())).sort().to_pylist()
        if memory["marks"]:
            change.write(LIST, as_json({**memory, "marks": marks, "extracts": versions}))
        change.write(MEMORY, home.memory(new))
        ids = {"company": new.company_id, "person": new.person_id}
        for note in sorted((home.path / "registers").rglob(KEYS)):
            change.write(str(note.relative_to(home.path)), as_json(ids))
        for name in DERIVED:
            change.remove(name)
        releases = sum(path.is_dir() and not path.is_symlink() for path in (home.path / "releases").glob("[!.]*"))
        done = Rekeying(len(deliveries), len(extracts), pseudonyms, releases)
        log(home, change, {"status": "rekeyed", "key_ids": ids, **done.as_dict()})
    return done


def _pseudonyms(home: Home) -> pa.Array:
    """Every pseudonym in deliveries and extracts, each once."""
    found = [pseudonyms_in(extract_files(home.path / "registers"))]
    for directory in sorted(home.deliveries.iterdir()) if home.deliveries.is_dir() else ():
        accepted = store.read_delivery(directory)[1]
        found += [texts(accepted[name]) for name in (*SUBJECTS, *REFERENCES) if name in accepted.column_names]
    return pc.unique(pa.concat_arrays(found).drop_null())


def _translated(pairs: pa.Table) -> Callable[[pa.Array], pa.Array]:
    """Pseudonyms translated by the table; what is none (a missing or empty cell) stays. Looked up in order, since a hash
    of millions of pairs would be built anew for every portion of rows."""
    old, new = np.array(pairs["old"].to_pylist(), "S32"), pairs["new"].combine_chunks()

    def translated(column: pa.Array) -> pa.Array:
        known = pc.fill_null(pc.match_substring_regex(column, f"^{PSEUDONYM}$"), False)
        sought = np.array(pc.filter(column, known).to_pylist(), "S32")
        if not len(sought):
            return column
        places = np.minimum(np.searchsorted(old, sought), len(old) - 1)
        if not len(old) or (old[places] != sought).any():
            raise HomeError("files of the home changed while they were read: try again")
        return pc.replace_with_mask(column, known, new.take(places))

    return translated


def _with(table: pa.Table, names: set[str], translated: Callable[[pa.Array], pa.Array]) -> pa.Table:
    for at, field in enumerate(table.schema):
        if field.name in names:
            table = table.set_column(at, field, translated(texts(table[field.name])).cast(field.type))
    return table


def _key_id(receipt: dict, keys: Keys) -> str:
    return keys.person_id if receipt["kind"] == "person_participations" else keys.company_id


def _as_parquet(pairs: pa.Table, old: Keys, new: Keys) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pairs.replace_schema_metadata(_ids(old, new)), sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def _ids(old: Keys, new: Keys) -> dict[str, str]:
    return {
        f"{age}_{domain}": getattr(keys, f"{domain}_id")
        for age, keys in (("old", old), ("new", new))
        for domain in ("company", "person")
    }


def _read_table(path: Path, old: Keys, new: Keys, home: Home) -> pa.Table:
    content = read_secret(path, home.path, "`effekt keys rotate` makes it")
    try:
        pairs = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
    except (pa.ArrowException, OSError):
        raise IdentityError(f"{path} is damaged; make it anew with `effekt keys rotate`") from None
    ids = {name.decode(): value.decode() for name, value in (pairs.schema.metadata or {}).items()}
    if ids != _ids(old, new):
        raise IdentityError(f"{path} translates between other keys than these; name the keys that it was made from")
    return pairs
