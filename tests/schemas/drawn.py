"""Tables drawn for tests of contracts: a small made-up contract, and rows that keep or break any contract's rules."""

import datetime as dt
import itertools
from decimal import Decimal

import pyarrow as pa

from schemas.contract import Column, Contract, code_values

CANARY = "CANARY"

TOY = Contract(
    name="toy.firm_year",
    room="warehouse",
    label="Legetøj",
    description="A firm's year.",
    columns=(
        Column("firm", "VARCHAR", "The firm's name.", "Virksomhed", required=True, key=True),
        Column("year", "INTEGER", "Calendar year.", "År", required=True, key=True, minimum=2000, maximum=2020),
        Column("region", "VARCHAR", "The firm's region.", "Region", codes="regions"),
        Column("size", "VARCHAR", "Small or large.", "Størrelse", allowed=("small", "large")),
        Column("support_dkk", "DECIMAL(18,2)", "Support in DKK.", "Tilskud", minimum=0),
        Column("share", "DOUBLE", "A share.", "Andel", required=True, minimum=0, maximum=1),
        Column("born", "DATE", "First day.", "Født", minimum=dt.date(1900, 1, 1), maximum=dt.date(2030, 12, 31)),
        Column("alive", "BOOLEAN", "Whether it is active.", "I live", required=True),
    ),
    keys=("firm", "year"),
)
SOUND = {
    "firm": "Ørsted & søn",
    "year": 2015,
    "region": "1081",
    "size": "small",
    "support_dkk": Decimal("100.50"),
    "share": 0.5,
    "born": dt.date(1990, 5, 1),
    "alive": True,
}


def toy(*rows: dict) -> pa.Table:
    """A table of the toy contract: each row is SOUND with these cells instead."""
    schema = pa.schema([(column.name, column.type) for column in TOY.columns])
    return pa.Table.from_pylist([{**SOUND, **row} for row in rows], schema)


def broken(contract: Contract) -> tuple[pa.Table, dict]:
    """A table with one row for each rule that breaks it alone, and how many rows break each (two for `unique`)."""
    rules = contract.rules()
    rows = list(itertools.islice(_sound_rows(contract), len(rules) + 1))
    expected = {}
    for row, rule in zip(rows, rules, strict=False):
        if rule.name == "unique":
            row.update({key: rows[-1][key] for key in contract.keys})
        else:
            row[rule.column] = _offending(contract.column(rule.column), rule.name)
        expected[rule.name, rule.column] = 2 if rule.name == "unique" else 1
    return table_of(contract, rows), expected


def sound(contract: Contract, size: int) -> pa.Table:
    """A table of rows that keep every rule."""
    return table_of(contract, list(itertools.islice(_sound_rows(contract), size)))


def table_of(contract: Contract, rows: list[dict]) -> pa.Table:
    """The rows as an Arrow table of the contract's types, nulls allowed everywhere."""
    return pa.Table.from_pylist(rows, pa.schema([(column.name, column.type) for column in contract.columns]))


def _sound_rows(contract: Contract):
    values = {column.name: _sound_values(column) for column in contract.columns}
    for combination in itertools.product(*(values[key] for key in contract.keys)):
        rest = {name: some[0] for name, some in values.items()}
        yield {**rest, **dict(zip(contract.keys, combination, strict=True))}
    while not contract.keys:
        yield {name: some[0] for name, some in values.items()}


def _sound_values(column: Column) -> list:
    among = code_values(column.codes) or column.allowed
    if among:
        return list(among)
    number = column.minimum if column.minimum is not None else column.maximum if column.maximum is not None else 2015
    if column.physical in ("INTEGER", "BIGINT"):
        return [number + n for n in range(100) if column.maximum is None or number + n <= column.maximum]
    if column.physical.startswith("DECIMAL"):
        return [Decimal(number)]
    day = column.minimum or dt.date(2015, 1, 1)
    return {
        "VARCHAR": [f"text {n}" for n in range(100)],
        "DOUBLE": [float(number) if column.physical == "DOUBLE" else None],
        "DATE": [day + dt.timedelta(n) for n in range(100)] if column.physical == "DATE" else None,
        "TIMESTAMP": [dt.datetime(2015, 1, 1, 4, 30)],
        "BOOLEAN": [True],
    }[column.physical]


def _offending(column: Column, rule: str):
    if rule == "not_null":
        return None
    if rule in ("in_codes", "allowed"):
        return CANARY
    below = column.minimum is not None
    bound = column.minimum if below else column.maximum
    if column.physical == "DATE":
        return bound - dt.timedelta(1) if below else bound + dt.timedelta(1)
    return type(_sound_values(column)[0])(bound - 1 if below else bound + 1)
