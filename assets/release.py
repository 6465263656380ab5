"""The release: every released table that passed its checks, built aside, rendered and published."""

import glob
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import dagster as dg
import duckdb

from assets.chains import as_of
from assets.failures import without_values
from assets.registers import READ_FROM
from assets.storage import read_arrow, stored
from assets.tables import key
from pipelines.participations import open_home, remove_waiting
from pipelines.release import Building, RunFacts, build, publish, released_tables
from pipelines.report import FILES, render_validation
from pipelines.report import render as render_page
from pipelines.settings import Settings

NOT_SETTINGS = ("home", "keys", "synthetic", "as_of")  # places of this machine, and what meta.run says elsewhere


@dg.asset(
    key="release",
    group_name="release",
    deps=[key(table.name) for table in released_tables()] + [key("meta.extract")],
    description="The current release: warehouse, report and manifest, published by rename once every check has passed.",
)
def release(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    with without_values("release"):
        tables = {table.name: stored(settings.home, table.name) for table in released_tables()}
        facts = _facts(context.run_id, settings, tables["participation.delivery"], _sources(context))
        building = build(tables, settings.home, as_of(settings), facts, settings.memory_limit, settings.threads)
        render(building)
        published = publish(building)
        remove_waiting(settings.home)
    return dg.MaterializeResult(
        metadata={"id": published.id, "content_hash": published.content_hash, "unchanged": published.kept}
    )


def render(building: Building) -> None:
    """Everything that is derived from the warehouse of a building and published with it: results and validation in both languages."""
    for language in FILES:
        render_page(building.warehouse, building.path / "report", language, building.id)
        render_validation(building.warehouse, building.path / "report", language, building.id)


def _sources(context: dg.AssetExecutionContext) -> dict[str, tuple[str, ...]]:
    """The registers that each released table, or one that it was made from, was read from."""
    graph = context.job_def.asset_layer.asset_graph

    @cache
    def behind(asset_key: dg.AssetKey) -> frozenset[str]:
        mine = READ_FROM.get(".".join(asset_key.path), ())
        return frozenset(mine).union(*(behind(parent) for parent in graph.get(asset_key).parent_keys))

    return {table.name: tuple(sorted(behind(key(table.name)))) for table in released_tables()}


def _facts(run: str, settings: Settings, delivery: Path, sources: dict[str, tuple[str, ...]]) -> RunFacts:
    """What the release says of this run. The key ids are those under which the deliveries were pseudonymised."""
    with duckdb.connect() as con:
        ids = "SELECT DISTINCT key_id FROM read_parquet(?) ORDER BY ALL"
        used = con.execute(ids, [glob.escape(str(delivery))]).fetchall()
    return RunFacts(
        run=run,
        synthetic=open_home(settings.home, settings.synthetic).synthetic,
        version=_version(),
        key_ids=tuple(key_id for (key_id,) in used),
        started=datetime.now(UTC).replace(tzinfo=None),
        settings={name: value for name, value in vars(settings).items() if name not in NOT_SETTINGS},
        extracts=read_arrow(stored(settings.home, "meta.extract")),
        sources=sources,
    )


def _version() -> str:
    try:
        return version("effektmaaling")
    except PackageNotFoundError:
        return "unpackaged"
