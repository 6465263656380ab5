"""What the gateway says of a file: taken, empty, duplicate or refused, with every row accounted for. Counts and names
only."""

from dataclasses import dataclass, field, fields

import pyarrow as pa

TABLES = ("findings", "waiting")  # of a receipt; what it says of them in JSON are counts


@dataclass(frozen=True)
class Receipt:
    """`read` = `accepted` + `quarantined`, and `by_rule` counts the rows that break each rule (a row may break
    several).

    `status` is taken, empty (a header without rows; recorded), duplicate (the same bytes were taken before; nothing is
    stored) or refused (nothing is stored; `reason` says why in one sentence). `delivery` is a keyed digest of the
    file, `key_id` names the key of the units, `operator` and `period` come from the file's name (None when it does not
    follow the pattern), `encoding` is None where the format fixes it, `received` is in UTC (ISO 8601). `withdrawn` of the
    accepted rows are not stored, since their unit was withdrawn. `changes` counts by column what became of the numbers
    (identity.replace_numbers), `change_table` the rows of the table of changes (identity.Successors); both are empty
    where no such table lies with the keys. `warnings` counts by rule the accepted rows that refer to a project or
    initiative which the home does not know yet; it is told, not stored. `findings` and `waiting` (row in the file, rule,
    column) list what is wrong and which rows the warnings are about, without values; they are no part of `as_dict`.
    """

    status: str
    kind: str
    delivery: str | None = None
    operator: str | None = None
    period: str | None = None
    format: str | None = None
    encoding: str | None = None
    key_id: str | None = None
    received: str | None = None
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    withdrawn: int = 0
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    change_table: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    findings: pa.Table | None = field(default=None, repr=False, compare=False)
    waiting: pa.Table | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, object]:
        """The receipt as JSON writes it."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in TABLES}
