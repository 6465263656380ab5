"""All deliveries of a home become the participation tables: references are resolved, corrections supersede, and every
row that was read is found again in the ledger, those of withdrawn units as a count. Deliveries are read, never changed;
nothing depends on the order in which they arrived.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.participations.checking import FINDINGS
from pipelines.participations.home import settled
from pipelines.participations.store import DamagedDelivery, read_delivery, stored_schema
from schemas.contract import codes, load


@dataclass(frozen=True)
class Reference:
    """What each row of a kind must refer to, the rule that it breaks otherwise, and the columns that it takes from
    there."""

    column: str
    table: str
    rule: str
    takes: tuple[str, ...]


# Delivered kinds and the tables that they become, what is referred to before what refers to it.
TABLES = {
    "initiatives": "initiative",
    "projects": "project",
    "targets": "target",
    "company_participations": "company",
    "person_participations": "person",
    "company_contacts": "contact",
}
REFERENCES = {
    "projects": Reference("initiative", "initiative", "unknown_initiative", ("initiative_type", "region", "fund")),
    "targets": Reference("project", "project", "unknown_project", ("operator",)),
    "company_participations": Reference(
        "project", "project", "unknown_project", ("initiative", "initiative_type", "operator")
    ),
    "person_participations": Reference(
        "project", "project", "unknown_project", ("initiative", "initiative_type", "operator")
    ),
}
ORIGIN = [("delivery", pa.string()), ("sender", pa.string()), ("sent_for", pa.string())]
FOUND = pa.schema([*FINDINGS, ("delivery", pa.string()), ("place", pa.int64())])
LEDGER = pa.schema(
    [
        ("delivery", pa.string()),
        ("kind", pa.string()),
        ("operator", pa.string()),
        ("period", pa.string()),
        ("format", pa.string()),
        ("encoding", pa.string()),
        ("key_id", pa.string()),
        ("received", pa.timestamp("us")),
        ("read", pa.int32()),
        ("status", pa.string()),
        ("withdrawn", pa.int32()),
    ]
)


def assemble(deliveries: Path) -> dict[str, pa.Table]:
    """The tables participation.{initiative, project, target, company, person, contact, delivery, quarantine} by name,
    as their contracts say, each ordered by its key; empty ones where there are no deliveries.

    A row that refers to a project or initiative that no delivery brought is quarantined here, until one does. Of rows
    with the same key (for participations: unit × project × start) one stands: that of the project's own operator
    before others', then the later period in the file's name, then the higher delivery id; the others are superseded.
    For every delivery read = accepted + quarantined and accepted = current + superseded + withdrawn. Raises
    DamagedDelivery for a delivery that is not as the gateway wrote it.
    """
    settled(deliveries)
    with duckdb.connect() as connection:
        _read_all(connection, Path(deliveries))
        for kind in TABLES:
            _resolve(connection, kind)
            _supersede(connection, kind)
        _list_quarantine(connection)
        _keep_ledger(connection)
        return {
            f"participation.{name}": _conformed(connection, name)
            for name in (*TABLES.values(), "quarantine", "delivery")
        }


def _read_all(connection: duckdb.DuckDBPyConnection, deliveries: Path) -> None:
    """Tables `<kind>` (accepted rows with their origin), `found` (the gateway's findings), `receipt` and `rule`."""
    rows = {kind: [] for kind in TABLES}
    found, receipts = [], []
    for directory in sorted(deliveries.iterdir()) if deliveries.is_dir() else ():
        receipt, accepted, findings = read_delivery(directory)
        delivery = receipt["delivery"]
        receipts.append({**receipt, "received": dt.datetime.fromisoformat(receipt["received"])})
        rows[receipt["kind"]].append(
            _with(accepted, delivery=delivery, sender=receipt["operator"], sent_for=receipt["period"])
        )
        places = pa.array(range(findings.num_rows), pa.int64())
        found.append(_with(findings, delivery=delivery).append_column("place", places))
    for kind, tables in rows.items():
        schema = pa.schema([*stored_schema(load(f"deliveries.{kind}")), *ORIGIN])
        _create(connection, kind, pa.concat_tables([schema.empty_table(), *tables]))
    _create(connection, "found", pa.concat_tables([FOUND.empty_table(), *found]))
    _create(connection, "receipt", pa.Table.from_pylist(receipts, LEDGER))
    _create(connection, "rule", codes("quarantine_rules"))


def _with(table: pa.Table, **constants: str | None) -> pa.Table:
    for name, value in constants.items():
        table = table.append_column(name, pa.repeat(pa.scalar(value, pa.string()), table.num_rows))
    return table


def _create(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("incoming", table)
    connection.execute(f"CREATE TABLE {name} AS FROM incoming")
    connection.unregister("incoming")


def _resolve(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    """`<kind>_resolved`: each row once (what it refers to has a unique key), with the columns that it takes; rows that
    refer to nothing known go to `found`."""
    if kind not in REFERENCES:
        connection.execute(f"CREATE TABLE {kind}_resolved AS FROM {kind}")
        return
    to = REFERENCES[kind]
    takes = ", ".join(f"referred.{column}" for column in to.takes)
    connection.execute(f"""
        CREATE TABLE {kind}_resolved AS
        SELECT {kind}.*, {takes} FROM {kind} JOIN {to.table} referred USING ({to.column})
    """)  # noqa: S608 (names of contracts and of REFERENCES)
    waiting = f"""
        INSERT INTO found BY NAME
        SELECT row, ? AS rule, ? AS "column", delivery, 0 AS place FROM {kind} ANTI JOIN {to.table} USING ({to.column})
    """  # noqa: S608
    connection.execute(waiting, [to.rule, to.column])


def _supersede(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    """`<kind>_ranked`: all resolved rows, the standing one of each key at place 1; the table of the kind: those that
    stand."""
    contract = load(f"participation.{TABLES[kind]}")
    keys = ", ".join(contract.keys)
    own = "coalesce(sender = operator, false) DESC, " if kind == "projects" or "operator" in _taken(kind) else ""
    connection.execute(f"""
        CREATE TABLE {kind}_ranked AS
        SELECT *, row_number() OVER (
            PARTITION BY {keys} ORDER BY {own}coalesce(sent_for, '') DESC, delivery DESC, row
        ) AS place
        FROM {kind}_resolved
    """)  # noqa: S608 (names of contracts)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    connection.execute(f"CREATE TABLE {TABLES[kind]} AS SELECT {columns} FROM {kind}_ranked WHERE place = 1")  # noqa: S608


def _taken(kind: str) -> tuple[str, ...]:
    return REFERENCES[kind].takes if kind in REFERENCES else ()


def _list_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """`quarantine`: one row a delivery, row and rule; where several columns break the same rule, the first of them."""
    connection.execute("""
        CREATE TABLE quarantine AS
        SELECT delivery, row, rule, first("column" ORDER BY place) AS "column", any_value(kind) AS kind,
               any_value(reason_en) AS reason, any_value(reason_da) AS reason_da
        FROM found JOIN receipt USING (delivery) JOIN rule USING (rule)
        GROUP BY delivery, row, rule
    """)


def _keep_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """`delivery`: each receipt with what became of its rows. Raises DamagedDelivery when they do not add up."""
    ranked = " UNION ALL ".join(f"SELECT delivery, place FROM {kind}_ranked" for kind in TABLES)  # noqa: S608
    connection.execute(f"""
        CREATE TABLE delivery AS
        WITH stands AS (
            SELECT delivery, count(*) AS accepted, count(*) FILTER (WHERE place = 1) AS current,
                   count(*) FILTER (WHERE place > 1) AS superseded
            FROM ({ranked}) GROUP BY delivery
        ), waits AS (
            SELECT delivery, count(DISTINCT row) AS quarantined FROM found GROUP BY delivery
        )
        SELECT receipt.* REPLACE (coalesce(withdrawn, 0) AS withdrawn),
               (coalesce(accepted, 0) + coalesce(withdrawn, 0))::INTEGER AS accepted,
               coalesce(quarantined, 0)::INTEGER AS quarantined,
               coalesce(current, 0)::INTEGER AS current, coalesce(superseded, 0)::INTEGER AS superseded
        FROM receipt LEFT JOIN stands USING (delivery) LEFT JOIN waits USING (delivery)
    """)  # noqa: S608 (names of TABLES)
    wrong = connection.execute(
        "SELECT delivery FROM delivery WHERE read <> accepted + quarantined ORDER BY delivery"
    ).fetchall()
    if wrong:
        raise DamagedDelivery(f"the rows of {len(wrong)} deliveries do not add up, among them {wrong[0][0]}")


def _conformed(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    contract = load(f"participation.{name}")
    order = ", ".join(f'"{key}"' for key in contract.keys)
    return contract.conform(connection.sql(f"FROM {name} ORDER BY {order}").to_arrow_table())
