"""The effect tables: ATT(g,t), event time, summaries with verdicts, and the doubts, for companies and persons."""

import ibis
import pandas as pd

from assets.tables import table_asset
from pipelines import effects
from schemas.contract import codes

TABLES = (
    "effect.group_time", "effect.event_time", "effect.summary", "effect.subgroup", "effect.sensitivity", "effect.comparison",
    "effect.influence", "effect.gross",
)


@table_asset(
    *TABLES,
    group="effects",
    takes={
        "sample": "matching.sample", "pair": "matching.pair", "balance": "effect.balance", "entry": "panel.entry",
        "firm_year": "panel.firm_year", "company_cohort": "panel.company_cohort",
        "person_quarter": "panel.person_quarter", "person_cohort": "panel.person_cohort",
    },
)
def estimated(
    sample: pd.DataFrame, pair: pd.DataFrame, balance: pd.DataFrame, entry: pd.DataFrame, firm_year: ibis.Table,
    company_cohort: pd.DataFrame, person_quarter: ibis.Table, person_cohort: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    fixed = {name: codes(name).to_pandas() for name in ("outcomes", "headlines", "thresholds")}
    matched = {"sample": sample, "pair": pair, "balance": balance}
    return effects.tables(
        effects.estimate_effects(effects.give("company", matched, firm_year, company_cohort, entry, fixed)),
        effects.estimate_effects(effects.give("person", matched, person_quarter, person_cohort, entry, fixed)),
        checks=codes("checks").to_pandas(),
    )
