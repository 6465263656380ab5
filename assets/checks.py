"""Checks: a table or delivery that breaks its contract, or accounts that do not add up, stop everything made from them,
unless the contract says that it does not block.

Belongs here: running a contract's rules inside a run and telling counts. The rules themselves are the contracts'.
"""

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from assets.failures import without_values
from assets.storage import read_arrow, stored
from assets.tables import key
from pipelines.participations import accepted_contract, accepted_rows, table_of
from pipelines.release import broken_accounts
from pipelines.settings import Settings
from schemas import contract

CONTRACT_ROOMS = ("warehouse", "store")
ACCOUNTED = ("initiative", "project", "target", "company", "person", "contact", "quarantine")


def contract_checks(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """One blocking contract check for every asset that is a table."""
    names = {table.name for room in CONTRACT_ROOMS for table in contract.contracts(room)}
    made = {".".join(asset_key.path) for asset in assets for asset_key in asset.keys}
    return [contract_check(name) for name in sorted(made & names)]


def contract_check(name: str) -> dg.AssetChecksDefinition:
    """The blocking check that the stored table `name` keeps every rule of its contract."""
    described = contract.load(name)

    @dg.asset_check(
        asset=key(name),
        name="contract",
        blocking=described.blocking,
        description=f"The table keeps the {len(described.rules())} rules of its contract.",
    )
    def check(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
        with without_values(f"contract of {name}"):
            found = described.check(_readable(settings.home, name))
        return _result(_counts(found), blocking=described.blocking)

    return check


def delivery_checks(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """One check for every kind of delivery whose table is made."""
    made = {".".join(asset_key.path) for asset in assets for asset_key in asset.keys}
    kinds = [delivered.name.removeprefix("deliveries.") for delivered in contract.contracts("deliveries")]
    return [delivery_check(kind) for kind in kinds if table_of(kind) in made]


def delivery_check(kind: str) -> dg.AssetChecksDefinition:
    """The check that every accepted row of the deliveries of a kind keeps the rules of their contract as it is stored."""
    described = accepted_contract(kind)

    @dg.asset_check(
        asset=key(table_of(kind)),
        name="deliveries",
        blocking=described.blocking,
        description=f"Every accepted row keeps the {len(described.rules())} rules of {described.name}.",
    )
    def check(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
        with without_values(f"deliveries of {kind}"):
            found = described.check(accepted_rows(settings.home / "deliveries", kind))
        return _result(_counts(found), blocking=described.blocking)

    return check


@dg.asset_check(
    asset=key("participation.delivery"),
    additional_deps=[key(f"participation.{table}") for table in ACCOUNTED],
    name="accounting",
    blocking=True,
    description="Every row that was read is accepted or quarantined, and found again in the tables.",
)
def accounting(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Every row that a delivery brought is accounted for."""
    with without_values("accounts of participation.delivery"), duckdb.connect() as con:
        con.execute("CREATE SCHEMA participation")
        for table in ("delivery", *ACCOUNTED):
            con.register(f"stored_{table}", read_arrow(stored(settings.home, f"participation.{table}")))
            con.execute(f"CREATE VIEW participation.{table} AS FROM stored_{table}")
        return _result(broken_accounts(con), "deliveries")


def _readable(home: Path, name: str) -> object:
    """The stored table: in memory where Great Expectations counts on the frame, else as a dataset that is scanned."""
    path = stored(home, name)
    small = pq.read_metadata(path).num_rows <= contract.FRAME_LIMIT
    return read_arrow(path) if small else ds.dataset(path, format="parquet")


def _counts(found: Iterable[contract.Finding]) -> dict[str, int]:
    return {f"{finding.rule} {finding.column or ''}".strip(): finding.violations for finding in found}


def _result(broken: dict[str, int], what: str = "rows", blocking: bool = True) -> dg.AssetCheckResult:
    """Passed if nothing is broken; metadata and description hold names and counts only. What does not block warns."""
    broken = {rule: int(count) for rule, count in broken.items() if count}
    told = "; ".join(f"{rule}: {count} {what}" for rule, count in broken.items())
    severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=not broken, description=told or "all rules hold", metadata=dict(broken), severity=severity)
