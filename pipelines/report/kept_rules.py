"""What a warehouse keeps of its contracts, in counts: rows, violations of every rule, and the accounts of deliveries.

Belongs here: counting. What is said of the counts is the validation page's; no value and no unit is read out.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from schemas.contract import Contract, contracts
from schemas.rules import Rule, counting, quoted

DELIVERED = """
    SELECT kind, count(*) AS deliveries, sum("read")::BIGINT AS "read", sum(accepted)::BIGINT AS accepted,
           sum(quarantined)::BIGINT AS quarantined, sum(current)::BIGINT AS current, sum(superseded)::BIGINT AS superseded,
           sum(withdrawn)::BIGINT AS withdrawn,
           bool_and("read" = accepted + quarantined AND accepted = current + superseded + withdrawn) AS adds_up
    FROM participation.delivery GROUP BY kind ORDER BY kind"""
QUARANTINED = """
    SELECT kind, rule, count(*) AS n FROM (SELECT DISTINCT kind, delivery, "row", rule FROM participation.quarantine)
    GROUP BY kind, rule ORDER BY kind, n DESC, rule"""
RUN = "SELECT as_of, synthetic, version FROM meta.run"


@dataclass(frozen=True)
class Kept:
    """A table: its contract, how many rows it has, and how many of them break each of its rules."""

    contract: Contract
    rows: int
    violations: dict[Rule, int]

    @property
    def broken(self) -> int:
        """How many rules are broken."""
        return sum(count > 0 for count in self.violations.values())


@dataclass(frozen=True)
class Validation:
    """Every table of a warehouse, the accounts of its deliveries by kind, quarantined rows by kind and rule, and the run."""

    language: str
    tables: tuple[Kept, ...]
    delivered: tuple[dict[str, object], ...]
    quarantined: tuple[dict[str, object], ...]
    run: dict[str, object]


def count_kept(warehouse: Path, language: str) -> Validation:
    """Count every rule of every table that lies in the warehouse."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return Validation(
            language,
            tuple(_kept(con, contract) for contract in contracts("warehouse")),
            tuple(con.sql(DELIVERED).to_arrow_table().to_pylist()),
            tuple(con.sql(QUARANTINED).to_arrow_table().to_pylist()),
            next(iter(con.sql(RUN).to_arrow_table().to_pylist()), {}),
        )


def _kept(con: duckdb.DuckDBPyConnection, contract: Contract) -> Kept:
    name = ".".join(map(quoted, contract.name.split(".")))
    rules = contract.rules()
    (rows,) = con.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 (names of contracts)
    counts = con.execute(counting(rules, contract.keys, name)).fetchone() if rules else ()
    return Kept(contract, rows, dict(zip(rules, map(int, counts), strict=True)))
