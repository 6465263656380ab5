"""The accepted rows of all deliveries of a kind, and the contract that they keep as they are stored.

The gateway judged these rows before it stored them; here they are only read, so that whoever builds on them can have
them judged again. What is made of them belongs to `assemble`.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipelines.participations.assemble import TABLES
from pipelines.participations.store import STORED_AS, read_delivery, stored_schema
from schemas.contract import Column, Contract, load

BESIDE = (
    Column("delivery", "VARCHAR", "Keyed digest of the delivery.", "Levering"),
    Column("row", "INTEGER", "Number of the row within its delivery.", "Række"),
)


@cache
def accepted_contract(kind: str) -> Contract:
    """The rules of deliveries.<kind> on rows as they are stored: raw numbers under the name of their pseudonym, no free
    text, and each identity once in its delivery."""
    contract = load(f"deliveries.{kind}")
    kept = [
        replace(column, name=_stored(column.name), classification="pseudonym" if column.name in STORED_AS else None)
        for column in contract.columns
        if column.classification != "free_text"
    ]
    return replace(contract, columns=(*kept, *BESIDE), keys=("delivery", *map(_stored, contract.keys)))


def accepted_rows(deliveries: Path, kind: str) -> pa.Table:
    """All accepted rows of a kind with the id of their delivery. Raises DamagedDelivery."""
    schema = stored_schema(load(f"deliveries.{kind}"))
    found = [schema.append(pa.field("delivery", pa.string())).empty_table()]
    for directory in sorted(deliveries.iterdir()) if deliveries.is_dir() else ():
        receipt, accepted, _ = read_delivery(directory)
        if receipt["kind"] == kind:
            found.append(accepted.append_column("delivery", pa.repeat(receipt["delivery"], accepted.num_rows)))
    return pa.concat_tables(found)


def table_of(kind: str) -> str:
    """The table that deliveries of a kind become."""
    return f"participation.{TABLES[kind]}"


def _stored(name: str) -> str:
    return STORED_AS.get(name, (name,))[0]
