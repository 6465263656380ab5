"""The result table at a terminal: for each type of initiative, the jobs at the headline horizon and what can be said of them.

Belongs here: the rows and their printing. What the figures mean is decided where they are estimated; the page says the
same at length.
"""

import shutil
from pathlib import Path

from pipelines.report.findings import Row, read_headline
from pipelines.report.numbers import decimals, interval, number
from pipelines.report.wording import say, years
from schemas.contract import codes

ALL_TYPES = "total"  # the type of the row over all types
WIDEST, ROOMY, NARROWEST = 140, 120, 100  # columns
LANGUAGE = "en"


def result_rows(warehouse: Path) -> list[Row]:
    """One row a type, by name, then the total: companies, jobs (FTE) gross, deadweight, net; DKK a net job; verdict.

    A type without a figure has a row of missing figures. Nothing at all gives no rows.
    """
    types, total = read_headline(warehouse, LANGUAGE)
    last = [{"initiative_type": ALL_TYPES, "type": say("all_types", LANGUAGE)} | total] if total else []
    return [*types, *last]


def printed(rows: list[Row], width: int | None = None) -> str:
    """The rows as a table for a terminal, as wide as it is within 100 to 140 columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    horizon = next((row["horizon"] for row in rows if row["horizon"] is not None), None)
    if horizon is None:
        return "No type of initiative has a headline result."
    wide = min(max(width or shutil.get_terminal_size((WIDEST, 0)).columns, NARROWEST), WIDEST)
    title = f"Jobs (FTE) {years(horizon, LANGUAGE)} after the start"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 0, 0, 1))
    table.add_column("type of initiative", max_width=40, min_width=15)
    for name in ("companies", "gross", "deadweight", "net", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("DKK 1,000 a net job", justify="right", max_width=24 if wide >= ROOMY else 12, min_width=12)
    table.add_column("verdict", max_width=20 if wide >= ROOMY else 12, min_width=10)
    for row in rows:
        if row["initiative_type"] == ALL_TYPES:
            table.add_section()
        table.add_row(row["type"], *_figures(row))
    console = Console(width=wide, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(table)
        console.print(_remarks(rows))
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _figures(row: Row) -> tuple[str, ...]:
    """The cells of a row; figures that should not be quoted stand in brackets, missing ones are a dash."""
    places = decimals(*(row[name] for name in ("gross", "deadweight", "net", "net_low", "net_high")))
    jobs = [_figure(row["companies"], 0), *(_figure(row[name], places) for name in ("gross", "deadweight", "net"))]
    known = row["net_low"] is not None and row["net_high"] is not None
    cells = [*jobs, interval(row["net_low"], row["net_high"], LANGUAGE, places) if known else "–", cost(row)]
    if row.get("verdict") == "not_comparable":
        cells[2:] = [f"({cell})" if cell != "–" else cell for cell in cells[2:]]
    return (*cells, verdict_name(row.get("verdict")) if row["initiative_type"] != ALL_TYPES else "")


def cost(row: Row) -> str:
    """The cost of a net job in DKK 1,000 as the set that it is: an interval, a lowest cost alone, or none."""
    if row["net"] is None or row.get("cost_set") is None:
        return "–"
    low, high = (number((row[f"cost_{end}"] or 0) / 1000, LANGUAGE) for end in ("low", "high"))
    return {"bounded": f"{low}–{high}", "unbounded": f"from {low}, no upper bound"}.get(row["cost_set"], "no net job")


def verdict_name(code: str | None) -> str:
    """The verdict as its code table names it, small."""
    names = dict(zip(*codes("verdicts").select(["verdict", "name_en"]).to_pydict().values(), strict=True))
    return names.get(code, code or "not measured").lower()


def _remarks(rows: list[Row]) -> str:
    """What must be known to read the table, in a line or two."""
    told = ["Net is what would not have come anyway; the cost is the range that its interval allows."]
    if any(row.get("verdict") == "not_comparable" for row in rows):
        told.append("Figures in brackets should not be quoted.")
    return "\n".join(told)


def _figure(value: float | None, places: int) -> str:
    return "–" if value is None else number(value, LANGUAGE, places)
