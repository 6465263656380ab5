"""The effect tables: ATT(g,t), event time, summaries with verdicts, and the doubts, for companies and persons."""

import ibis
import pandas as pd

from assets.tables import table_asset
from pipelines import effects
from schemas.contract import codes

TABLES = (
    "effect.group_time", "effect.event_time", "effect.summary", "effect.subgroup", "effect.sensitivity", "effect.influence",
    "effect.gross",
)


@table_asset(
    *TABLES,
    group="effects",
    takes={
        "sample": "matching.sample", "balance": "effect.balance",
        "firm_year": "panel.firm_year", "company_cohort": "panel.company_cohort",
        "person_quarter": "panel.person_quarter", "person_cohort": "panel.person_cohort",
    },
)
def estimated(
    sample: pd.DataFrame, balance: pd.DataFrame, firm_year: ibis.Table, company_cohort: pd.DataFrame,
    person_quarter: ibis.Table, person_cohort: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    fixed = codes("outcomes").to_pandas(), codes("thresholds").to_pandas()
    return effects.tables(
        effects.estimate_effects(effects.give("company", sample, firm_year, company_cohort, balance, *fixed)),
        effects.estimate_effects(effects.give("person", sample, person_quarter, person_cohort, balance, *fixed)),
    )
