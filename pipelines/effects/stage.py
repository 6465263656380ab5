"""What the effects stage is given and gives back: panel rows of the units that matter in, tables under their names out."""

import ibis
import pandas as pd

from pipelines.effects.estimation import Estimates, Given

KEYS = {"company": ("company", "year"), "person": ("person", "period")}
TABLES = tuple(f"effect.{name}" for name in Estimates.__dataclass_fields__)


def give(
    unit: str, sample: pd.DataFrame, panel: ibis.Table, cohorts: pd.DataFrame, balance: pd.DataFrame,
    outcomes: pd.DataFrame, thresholds: pd.DataFrame,
) -> Given:
    """Everything that one kind of unit is estimated from.

    sample: `matching.sample`; panel: `panel.firm_year` or `panel.person_quarter`, of which only matched units and
    participants are read; cohorts: `panel.company_cohort` or `panel.person_cohort`; balance: `effect.balance`; outcomes and
    thresholds: code tables, fixed before estimation.
    """
    plans = outcomes[outcomes["unit"] == unit]
    mine = sample[sample["unit"] == unit]
    cohorts = cohorts.rename(columns={unit: "unit_id"})
    needed = ibis.memtable(pd.DataFrame({KEYS[unit][0]: pd.unique(pd.concat([mine["unit_id"], cohorts["unit_id"]]))}))
    values = {plan.outcome: panel[plan.column].cast("float64") for plan in plans.itertuples()}
    rows = panel.select(*KEYS[unit], **values).semi_join(needed, KEYS[unit][0]).to_pandas()
    return Given(
        unit=unit, sample=mine, cohorts=cohorts, balance=balance[balance["unit"] == unit],
        panel=rows.rename(columns=dict(zip(KEYS[unit], ("unit_id", "period"), strict=True))),
        outcomes=pd.DataFrame({
            "outcome": plans["outcome"], "headline": plans["headline"].astype(int), "bound": plans["no_effect_bound"].astype(float),
        }),
        thresholds=dict(zip(thresholds["threshold"], thresholds["value"].astype(float), strict=True)),
    )


def tables(*parts: Estimates) -> dict[str, pd.DataFrame]:
    """The stage's tables under their names, companies and persons together."""
    found = {}
    for table in TABLES:
        frames = [getattr(part, table.removeprefix("effect.")) for part in parts]
        found[table] = pd.concat([frame for frame in frames if not frame.empty], ignore_index=True)
    return found
