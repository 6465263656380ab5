"""A whole release, drawn: two deliveries with three companies, the totals they add up to, every other table empty."""

from datetime import date, datetime

import pyarrow as pa

from pipelines.release import RunFacts, released_tables
from schemas.contract import load

AS_OF = date(2013, 12, 31)
FACTS = RunFacts(
    run="run 1",
    synthetic=True,
    version="0.1.0",
    key_ids=("key a", "key b"),
    started=datetime(2026, 1, 2, 3, 4, 5),
    settings={"threads": 2},
)

DELIVERY = """
    delivery  kind                    received  read accepted quarantined current superseded withdrawn
    first     company_participations  1         4    3        1           2       1          0
    second    company_participations  2         1    1        0           1       0          0
"""
COMPANY = """
    company  project  start       support_dkk  delivery  row
    anna     p1       2010-03-01  1000         first     1
    berta    p1       2010-03-01  -            first     2
    clara    p2       2011-09-01  2000.50      second    1
"""
QUARANTINE = """
    delivery  row  rule           column
    first     4    missing_value  start
"""
TOTAL = """
    event_time  n_treated  n_not_estimated  gross  deadweight  net
    0           3          0                1.5    0.5         1.0
    2           3          0                4.25   2.0         2.25
"""


def rows_of(picture: str) -> list[dict[str, str | None]]:
    """The rows of a drawn table, every cell as text and "-" as missing."""
    header, *rows = (line.split() for line in picture.strip().splitlines())
    return [dict(zip(header, (None if cell == "-" else cell for cell in row), strict=True)) for row in rows]


def drawn_tables(**changed: pa.Table) -> dict[str, pa.Table]:
    """Every released table; `changed` replaces some, named with two underscores (`effect__total`)."""
    tables = {table.name: table.arrow_schema().empty_table() for table in released_tables()}
    tables["participation.delivery"] = table_of("participation.delivery", [
        row | {"format": "csv", "key_id": "key a", "status": "taken", "received": datetime(2026, 1, int(day))}
        for row in rows_of(DELIVERY)
        for day in row["received"]
    ])
    tables["participation.company"] = table_of("participation.company", [
        row | {"initiative": "i1", "initiative_type": "tourism"} for row in rows_of(COMPANY)
    ])
    tables["participation.quarantine"] = table_of("participation.quarantine", [
        row | {"kind": "company_participations", "reason": "empty", "reason_da": "tom"} for row in rows_of(QUARANTINE)
    ])
    tables["effect.total"] = table_of("effect.total", rows_of(TOTAL))
    return tables | {name.replace("__", "."): table for name, table in changed.items()}


def upside_down(table: pa.Table) -> pa.Table:
    """The rows in reversed order."""
    return table.take(pa.array(range(table.num_rows - 1, -1, -1), pa.int64()))


def table_of(name: str, rows: list[dict[str, object]]) -> pa.Table:
    """Rows with texts for values as the table of a contract."""
    schema = load(name).arrow_schema()
    columns = [
        pa.array([row.get(field.name) for row in rows], None if pa.types.is_timestamp(field.type) else pa.string())
        for field in schema
    ]
    return pa.Table.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
