"""What the page tells, read from the warehouse once: rows by type in the order of their names, and what lies behind.

Belongs here: reading. Code tables give every label; nothing is computed that the warehouse does not say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from schemas.contract import codes

LANGUAGES = ("da", "en")
CODES = ("initiative_types", "outcomes", "verdicts", "statuses", "quarantine_rules")

HEADLINE = """
    SELECT k.initiative_type, s.horizon, coalesce(j.n_treated, s.n_treated) AS companies,
           coalesce(j.n_not_estimated, s.n_not_estimated) AS n_not_estimated,
           j.gross, j.deadweight, j.net, j.net_low, j.net_high, j.cost_per_net_job, j.cost_low, j.cost_high, j.cost_set,
           s.att, s.low, s.high, s.percent, s.percent_low, s.percent_high, s.minimum_detectable, s.verdict
    FROM (SELECT initiative_type FROM panel.company_cohort
          UNION SELECT initiative_type FROM effect.summary WHERE unit = 'company') k
    LEFT JOIN (FROM effect.summary WHERE headline AND unit = 'company' AND outcome = 'fte') s USING (initiative_type)
    LEFT JOIN effect.jobs j ON j.initiative_type = k.initiative_type AND j.event_time = s.horizon"""
TOTAL = """
    SELECT event_time AS horizon, n_treated AS companies, n_not_estimated, gross, deadweight, net, net_low, net_high,
           sum_of_types, overlap
    FROM effect.total WHERE event_time = $horizon"""
PERSONS = """
    SELECT initiative_type, horizon, headline, att, low, high, counterfactual_mean, n_treated, verdict
    FROM effect.summary WHERE unit = 'person' AND outcome = 'employed' ORDER BY initiative_type, horizon"""
EVENT_TIME = """
    SELECT initiative_type, event_time, att, low, high, band_low, band_high, n_treated
    FROM effect.event_time WHERE unit = 'company' AND outcome = 'fte' AND att IS NOT NULL
    ORDER BY initiative_type, event_time"""
CHAINS = """
    SELECT initiative_type, link, position, name_da, name_en, measure_unit, basis, target, achieved, net, low, high, status
    FROM chain.result JOIN chain.link USING (initiative_type, indicator, link)
    ORDER BY initiative_type, position, indicator"""
PLAN = """FROM chain.plan ORDER BY initiative_type, participants"""
ACCOUNT = """
    SELECT count(*) AS deliveries, coalesce(sum("read"), 0)::BIGINT AS rows_read,
           coalesce(sum(accepted), 0)::BIGINT AS accepted, coalesce(sum(quarantined), 0)::BIGINT AS quarantined
    FROM participation.delivery"""
QUARANTINE = """
    SELECT rule, count(*) AS n FROM (SELECT DISTINCT delivery, "row", rule FROM participation.quarantine)
    GROUP BY rule ORDER BY n DESC, rule"""
SUPPORT = """
    SELECT unit, reason, sum(n)::BIGINT AS n FROM effect.support GROUP BY unit, reason ORDER BY unit, reason <> 'matched', n DESC, reason"""
RUN = "SELECT as_of, synthetic, version FROM meta.run"

Row = dict[str, object]


@dataclass(frozen=True)
class Findings:
    """Everything on the page. Rows are dictionaries named as the warehouse's columns, with `type`, the type's name.

    `types`: one a type with companies; `total`: all types at the same horizon, or None; `persons` and `event_time`: by
    type, then horizon or event time; `chains`: the links of each type in their order; `plan`: what a new project can be
    expected to give, by type and participants; `labels[table][code]` the row of a code table; `account`: deliveries and rows; `support`: participants by kind and what the matching made of them.
    """

    language: str
    horizon: int | None
    types: tuple[Row, ...]
    total: Row | None
    persons: dict[str, list[Row]]
    event_time: dict[str, list[Row]]
    chains: dict[str, list[Row]]
    plan: tuple[Row, ...]
    account: Row
    quarantine: tuple[Row, ...]
    support: tuple[Row, ...]
    run: Row
    labels: dict[str, dict[str, Row]]

    def label(self, table: str, code: str | None, column: str = "name") -> str:
        """The text of a code table for a code in the page's language; the code itself where the table lacks it."""
        row = self.labels[table].get(code or "", {})
        return row.get(f"{column}_{self.language}") or (code or "").replace("_", " ")


def read(warehouse: Path, language: str) -> Findings:
    """Everything that the page tells of a warehouse, in one language ("da" or "en")."""
    if language not in LANGUAGES:
        raise ValueError(f"the report is written in {' and '.join(LANGUAGES)} only")
    labels = {table: {row[_key(table)]: row for row in codes(table).to_pylist()} for table in CODES}
    with duckdb.connect(str(warehouse), read_only=True) as con:
        types, total = headline(con, language)
        return Findings(
            language=language,
            horizon=_horizon(types),
            types=types,
            total=total,
            persons=_by_type(_rows(con, PERSONS), language),
            event_time=_by_type(_rows(con, EVENT_TIME), language),
            chains=_by_type(_rows(con, CHAINS), language),
            plan=tuple(in_order(_rows(con, PLAN), language)),
            account=_rows(con, ACCOUNT)[0],
            quarantine=tuple(_rows(con, QUARANTINE)),
            support=tuple(_rows(con, SUPPORT)),
            run=next(iter(_rows(con, RUN)), {}),
            labels=labels,
        )


def read_headline(warehouse: Path, language: str) -> tuple[tuple[Row, ...], Row | None]:
    """The rows of the result table alone: one a type, and the total."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return headline(con, language)


def headline(con: duckdb.DuckDBPyConnection, language: str) -> tuple[tuple[Row, ...], Row | None]:
    """Jobs at the horizon that the report leads with: a row a type with companies, by name, and the total."""
    types = tuple(in_order(_rows(con, HEADLINE), language))
    total = _rows(con, TOTAL, horizon=_horizon(types))
    return types, total[0] if total else None


def in_order(rows: Iterable[Row], language: str) -> list[Row]:
    """Rows with the name of their type added, by that name as the language sorts it, then by code."""
    names = dict(zip(*codes("initiative_types").select(["initiative_type", f"name_{language}"]).to_pydict().values(), strict=True))
    named = [row | {"type": names.get(row["initiative_type"]) or row["initiative_type"]} for row in rows]
    return sorted(named, key=lambda row: (_alphabetical(row["type"]), row["initiative_type"]))


def _alphabetical(text: str) -> str:
    """A key by which æ, ø and å come last, in that order."""
    return text.casefold().translate({ord("æ"): "{", ord("ø"): "|", ord("å"): "}"})


def _by_type(rows: Iterable[Row], language: str) -> dict[str, list[Row]]:
    """Rows under their type's code, types in the order of their names; the order within a type is kept."""
    found: dict[str, list[Row]] = {}
    for row in in_order(rows, language):
        found.setdefault(row["initiative_type"], []).append(row)
    return found


def _horizon(types: Iterable[Row]) -> int | None:
    return next((row["horizon"] for row in types if row["horizon"] is not None), None)


def _key(table: str) -> str:
    """The first column of a code table is its code."""
    return codes(table).column_names[0]


def _rows(con: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[Row]:
    return con.execute(query, values or None).to_arrow_table().to_pylist()
