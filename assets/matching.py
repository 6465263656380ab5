"""The matching tables: who is compared with whom, how alike they are, and who could not be compared."""

import ibis
import pandas as pd

from assets.storage import numeric
from assets.tables import table_asset
from pipelines import matching

TABLES = ("matching.pair", "matching.sample", "effect.balance", "effect.support")
FIRM_COLUMNS = ("company", "year", "alive", "fte", "turnover", "section", "commuting_area", "born", "first_year")
PERSON_COLUMNS = ("person", "period", "employed", "wage", "age", "year", "sex", "education")


@table_asset(
    *TABLES,
    group="matching",
    takes={"firm_year": "panel.firm_year", "person_quarter": "panel.person_quarter", "entry": "panel.entry"},
)
def matched(firm_year: ibis.Table, person_quarter: ibis.Table, entry: pd.DataFrame) -> dict[str, pd.DataFrame]:
    companies, persons = (entry[entry["unit"] == unit] for unit in ("company", "person"))
    return matching.tables(
        matching.match_companies(numeric(firm_year, *FIRM_COLUMNS), companies),
        matching.match_persons(numeric(person_quarter, *PERSON_COLUMNS), persons),
    )
