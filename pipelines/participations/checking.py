"""Which rows of a delivery are accepted, and which rule each other row breaks in which column.

Rules come from the contract (required, type, bounds, codes, classification) and from what a participation is (an end
after its start, each identity once). Numbers stay raw here and never leave but in `Judged.accepted`; `gateway`
replaces them.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import canonical_cprs, canonical_cvrs, raw_numbers_in
from pipelines.participations import values
from schemas.contract import Column, Contract, code_values

Broken = Iterator[tuple[str, pa.Array]]  # a rule's name and which rows break it
FINDINGS = pa.schema([("row", pa.int32()), ("rule", pa.string()), ("column", pa.string())])


@dataclass(frozen=True)
class Judged:
    """`accepted`: the contract's columns without free text, typed, numbers canonical, with `row`. `findings`: row,
    rule, column (null for a rule on the row as a whole) of every rule that a row breaks. Each row read is in exactly
    one of the two."""

    accepted: pa.Table = field(repr=False)
    findings: pa.Table = field(repr=False)

    @property
    def quarantined(self) -> int:
        return pc.count_distinct(self.findings["row"]).as_py()

    @property
    def by_rule(self) -> dict[str, int]:
        """Rows that break each rule, by the rule's name; a row that breaks two is counted at both."""
        distinct = self.findings.group_by(["rule", "row"]).aggregate([])
        counted = distinct.group_by("rule").aggregate([([], "count_all")]).sort_by("rule")
        return dict(zip(counted["rule"].to_pylist(), counted["count_all"].to_pylist(), strict=True))


def judge(
    cells: pa.Table, contract: Contract, *, synthetic: bool, births: tuple[dt.date, dt.date] | None = None
) -> Judged:
    """Judges every row. `cells` is what `reading.read` returns; `births` as in identity.canonical_cpr."""
    broken, typed = [], {}
    for column in contract.columns:
        if column.name in cells.column_names:
            texts = values.trimmed(cells[column.name])
        else:
            texts = pa.nulls(cells.num_rows, pa.string())
        typed[column.name], rules = _judge_column(texts, column, synthetic, births)
        broken += [(name, column.name, mask) for name, mask in rules]
    if {"start", "end"} <= typed.keys():
        broken.append(("end_before_start", "end", pc.less(typed["end"], typed["start"])))
    broken = [(rule, column, _mask(mask)) for rule, column, mask in broken]
    sound = ~np.logical_or.reduce([mask for _, _, mask in broken])
    repeated = _repeated([typed[key] for key in contract.keys], sound)
    broken.append(("repeated_row", None, repeated))
    kept = {name: array for name, array in typed.items() if contract.column(name).classification != "free_text"}
    accepted = pa.table({**kept, "row": cells["row"].combine_chunks()}).filter(pa.array(sound & ~repeated))
    return Judged(accepted, _findings(broken, cells["row"].to_numpy()))


def _judge_column(
    texts: pa.Array, column: Column, synthetic: bool, births: tuple[dt.date, dt.date] | None
) -> tuple[pa.Array, list]:
    """The typed column and the rules that its cells break, most basic first."""
    formula = pc.fill_null(pc.starts_with(texts, "="), False)
    rules = [("formula", formula)] + [("missing_value", pc.is_null(texts))] * column.required
    texts = pc.if_else(formula, pa.scalar(None, pa.string()), texts)
    if column.classification == "raw":
        is_cpr = column.name.endswith("cpr")
        checked = (
            canonical_cprs(texts, synthetic=synthetic, births=births)
            if is_cpr
            else canonical_cvrs(texts, synthetic=synthetic)
        )
        names = pc.unique(checked.rules.drop_null()).to_pylist()
        return checked.numbers, rules + [(name, pc.equal(checked.rules, name)) for name in names]
    typed, more = _typed(texts, column)
    return typed, rules + list(more)


def _typed(texts: pa.Array, column: Column) -> tuple[pa.Array, Broken]:
    def unread(found: pa.Array) -> pa.Array:
        return pc.and_(pc.is_valid(texts), pc.is_null(found))

    if pa.types.is_date(column.type):
        found = values.dates(texts)
        return found, [("date_impossible", unread(found)), ("date_out_of_range", _outside(found, column))]
    if pa.types.is_decimal(column.type):
        found = values.amounts(texts, column.type)
        below = "negative_amount" if column.minimum == 0 else "number_impossible"
        return found, [("number_impossible", unread(found)), (below, _outside(found, column))]
    if pa.types.is_boolean(column.type):
        found = values.booleans(texts)
        return found, [("unknown_code", unread(found))]
    if allowed := code_values(column.codes) or column.allowed:
        found = values.codes(texts, allowed)
        return found, [("unknown_code", unread(found))]
    return texts, [("raw_number_in_text", raw_numbers_in(texts))]


def _outside(found: pa.Array, column: Column) -> pa.Array:
    """Whether a value lies below the column's minimum or above its maximum; the bounds themselves are inside."""
    outside = pa.repeat(False, len(found))
    for bound, compare in ((column.minimum, pc.less), (column.maximum, pc.greater)):
        if bound is not None:
            outside = pc.or_kleene(outside, compare(found, pa.scalar(bound, found.type)))
    return outside


def _mask(rows: pa.Array) -> np.ndarray:
    return pc.fill_null(rows, False).to_numpy(zero_copy_only=False)


def _repeated(keys: list[pa.Array], sound: np.ndarray) -> np.ndarray:
    """Sound rows whose identity a sound row before them has: the first counts. Shape (rows,)."""
    identity, distinct = np.zeros(len(sound), np.int64), 1
    for key in keys:
        encoded = key.dictionary_encode()
        size = len(encoded.dictionary) + 1
        if distinct * size >= 2**63:  # numbered anew, so that the mixed radix stays within 64 bits
            identity, distinct = pd.factorize(identity)[0].astype(np.int64), len(sound)
        identity = identity * size + encoded.indices.fill_null(size - 1).to_numpy()
        distinct *= size
    repeated = np.zeros(len(sound), bool)
    repeated[sound] = pd.Series(identity[sound]).duplicated().to_numpy()
    return repeated


def _findings(broken: list[tuple[str, str | None, np.ndarray]], numbers: np.ndarray) -> pa.Table:
    """One row a finding, ordered by row, within a row as the rules are ordered."""
    rows = [np.flatnonzero(mask) for _, _, mask in broken]
    order = np.argsort(np.concatenate(rows), kind="stable")
    rule, column = (
        np.repeat(np.array([one[part] for one in broken], dtype=object), [len(found) for found in rows])[order]
        for part in (0, 1)
    )
    return pa.table([numbers[np.concatenate(rows)[order]], rule, column], schema=FINDINGS)
