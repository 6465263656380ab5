"""The result table: for each type of initiative, the jobs at the headline horizon and what can be said of them.

Belongs here: the same rows for the terminal and the page. What the figures mean is decided where they are estimated.
"""

import shutil
from pathlib import Path

import duckdb

from schemas.contract import codes

HEADLINE = """
    SELECT t.name_en AS type, s.horizon, j.n_treated AS companies, j.gross, j.deadweight, j.net, j.net_low, j.net_high,
           j.cost_per_net_job, j.cost_low, j.cost_high, j.cost_set, s.verdict
    FROM effect.summary s JOIN effect.jobs j ON j.initiative_type = s.initiative_type AND j.event_time = s.horizon
    JOIN initiative_types t ON t.initiative_type = s.initiative_type
    WHERE s.headline AND s.unit = 'company' AND s.outcome = 'fte'
    ORDER BY t.name_en"""
TOTAL = """
    SELECT 'All types, each company once' AS type, event_time AS horizon, n_treated AS companies,
           gross, deadweight, net, net_low, net_high
    FROM effect.total WHERE event_time = $horizon"""
FIGURES = ("companies", "gross", "deadweight", "net", "95 % interval", "DKK 1,000 a net job", "verdict")
COSTS = ("cost_low", "cost_high", "cost_per_net_job")
WIDTH = range(104, 130)  # columns of a terminal between which the table is drawn


def result_rows(warehouse: Path) -> list[dict[str, object]]:
    """One row a type, by name, then the total: companies, jobs (FTE) gross, deadweight, net; DKK a net job; verdict."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        con.register("initiative_types", codes("initiative_types"))
        rows = con.sql(HEADLINE).to_arrow_table().to_pylist()
        if rows:
            rows += con.execute(TOTAL, {"horizon": rows[0]["horizon"]}).to_arrow_table().to_pylist()
    return rows


def printed(rows: list[dict[str, object]]) -> str:
    """The rows as a table for a terminal."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return "No type of initiative has a headline result."
    table = Table(title=f"Jobs (FTE) {rows[0]['horizon']} years after the start", title_justify="left", box=SIMPLE)
    table.add_column("type of initiative", overflow="fold")
    for name in FIGURES:
        table.add_column(name, justify="left" if name == "verdict" else "right", no_wrap=True)
    for row in rows:
        if row is rows[-1]:
            table.add_section()
        table.add_row(row["type"], *_figures(row))
    columns = shutil.get_terminal_size((WIDTH.stop, 24)).columns
    console = Console(width=min(max(columns, WIDTH.start), WIDTH.stop))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _figures(row: dict[str, object]) -> tuple[str, ...]:
    interval = f"{_number(row['net_low'])} to {_number(row['net_high'])}" if row["net_low"] is not None else ""
    verdict = str(row.get("verdict") or "").replace("_", " ")
    jobs = (_number(row[name]) for name in ("companies", "gross", "deadweight", "net"))
    return (*jobs, interval, _cost(row), verdict)


def _cost(row: dict[str, object]) -> str:
    """The cost of a net job in DKK 1,000 as the set that it is: without a highest cost, no point to rely on."""
    low, high, point = (None if row.get(name) is None else row[name] / 1000 for name in COSTS)
    told = {"bounded": f"{_number(point)} ({_number(low)} to {_number(high)})", "unbounded": f"at least {_number(low)}"}
    return told.get(row.get("cost_set"), row.get("cost_set") or "")


def _number(value: object) -> str:
    return "" if value is None else f"{value:,.0f}"
