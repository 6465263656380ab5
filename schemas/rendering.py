"""What people read of the contracts: SQL comments and the data dictionary page.

Only text is made here; what the contracts say is read in `contract.py`.
"""

import pyarrow as pa

from schemas.rules import quoted, text

ROOM_TITLES = {
    "deliveries": "Deliveries: what operators hand in",
    "registers": "Registers: extracts as they arrive",
    "warehouse": "Warehouse: what analysts find in a release",
    "store": "Store: tables between assets, never released",
}
INTRODUCTION = """# Data dictionary

Every table and every code list, written by `python -m schemas.contract` from the contracts in `schemas/`. Do not edit.

A column in **bold** is part of the table's key. *Required* means that no cell may be empty; *asked for*, that a
delivery must have the column though its cells may be empty. Values name a code list, the allowed words, or the range.
"""


def comments(contract) -> tuple[str, ...]:
    """COMMENT statements for the contract's table and each of its columns."""
    place = ".".join(quoted(part) for part in contract.name.split("."))
    return (
        f"COMMENT ON TABLE {place} IS {text(contract.description)}",
        *(f"COMMENT ON COLUMN {place}.{quoted(c.name)} IS {text(c.description)}" for c in contract.columns),
    )


def dictionary(rooms: dict[str, tuple], code_tables: dict[str, pa.Table]) -> str:
    """The dictionary page: each room's tables with their columns, then each code list."""
    parts = [INTRODUCTION]
    for room, tables in rooms.items():
        parts.append(f"## {ROOM_TITLES[room]}\n")
        parts += [_table(contract) for contract in tables]
    parts.append("## Code lists\n\nThe first column is the code. Where a list is from: `schemas/codes/README.md`.\n")
    parts += [_code_list(name, table) for name, table in code_tables.items()]
    return "\n".join(parts)


def _table(contract) -> str:
    head = f"### {contract.name}\n\n{contract.label}. {contract.description}\n"
    rows = [
        (f"**{c.name}**" if c.key else c.name, c.physical, c.label, _values(c), _marks(c), c.description)
        for c in contract.columns
    ]
    return f"{head}\n{_grid(('column', 'type', 'Danish', 'values', 'note', 'meaning'), rows)}"


def _values(column) -> str:
    if column.codes:
        return f"[{column.codes}](#{column.codes})"
    if column.allowed:
        return ", ".join(column.allowed)
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        return ""
    return f"{low} to {high}" if None not in (low, high) else f"from {low}" if high is None else f"to {high}"


def _marks(column) -> str:
    told = "required" if column.required else "asked for" if column.asked else ""
    return ", ".join(word for word in (told, (column.classification or "").replace("_", " ")) if word)


def _code_list(name: str, table: pa.Table) -> str:
    rows = [tuple(cell or "" for cell in row.values()) for row in table.to_pylist()]
    return f"### {name}\n\n{_grid(table.column_names, rows)}"


def _grid(header, rows) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
