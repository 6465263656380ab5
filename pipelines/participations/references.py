"""Rows of a delivery that refer to a project or initiative which the home does not know yet: a warning, no finding,
since they wait in the quarantine of a run until a later delivery brings what they refer to.

What becomes of them in a run is decided in `assemble`.
"""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.participations.assemble import REFERENCES, TABLES
from pipelines.participations.checking import FINDINGS
from pipelines.participations.receipts import Receipt
from pipelines.participations.store import ACCEPTED, RECEIPT, DamagedDelivery, read_delivery


def warned(receipt: Receipt, deliveries: Path, accepted: pa.Table | None = None) -> Receipt:
    """The receipt with its warnings; the accepted rows are those of the stored delivery where they are not given."""
    if receipt.kind not in REFERENCES:
        return receipt
    if accepted is None:
        stored = deliveries / receipt.delivery / ACCEPTED
        accepted = pq.ParquetFile(stored).read([REFERENCES[receipt.kind].column, "row"])
    rows = waiting(accepted, receipt.kind, deliveries)
    return replace(receipt, waiting=rows, warnings={REFERENCES[receipt.kind].rule: rows.num_rows} if rows.num_rows else {})


def waiting(accepted: pa.Table, kind: str, deliveries: Path) -> pa.Table:
    """Row, rule and column (as findings have them) of the accepted rows that refer to nothing that was delivered.

    None where the kind refers to nothing, and none where not one delivery of what it refers to has arrived: then
    nothing can be said.
    """
    to = REFERENCES.get(kind)
    known = _delivered(deliveries, to.table, to.column) if to else None
    if known is None:
        return FINDINGS.empty_table()
    rows = accepted.filter(pc.invert(pc.is_in(accepted[to.column], known)))["row"].combine_chunks()
    count = len(rows)
    return pa.table([rows, pa.repeat(to.rule, count), pa.repeat(to.column, count)], schema=FINDINGS)


def _delivered(deliveries: Path, table: str, column: str) -> pa.Array | None:
    """The values of the column in every delivery of that table's kind; None where there is no such delivery."""
    kind = next(kind for kind, made in TABLES.items() if made == table)
    found = []
    for directory in sorted(deliveries.iterdir()) if deliveries.is_dir() else ():
        try:
            if json.loads((directory / RECEIPT).read_bytes()).get("kind") == kind:
                found.append(read_delivery(directory)[1][column].combine_chunks())
        except (OSError, ValueError, DamagedDelivery):  # a run says so; here it only means that less is known
            continue
    return pa.concat_arrays(found) if found else None
