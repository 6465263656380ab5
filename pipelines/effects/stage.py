"""What the effects stage is given and gives back: panel rows of the units that matter in, tables under their names out."""

import ibis
import pandas as pd

from pipelines.effects.estimation import Estimates, Given

KEYS = {"company": ("company", "year"), "person": ("person", "period")}
TABLES = tuple(f"effect.{name}" for name in Estimates.__dataclass_fields__)


def give(
    unit: str, matched: dict[str, pd.DataFrame], panel: ibis.Table, cohorts: pd.DataFrame, entries: pd.DataFrame,
    fixed: dict[str, pd.DataFrame],
) -> Given:
    """Everything that one kind of unit is estimated from.

    matched: sample, pair and balance, as the matching made them; panel: `panel.firm_year` or `panel.person_quarter`, of which
    only matched units and participants are read; cohorts: `panel.company_cohort` or `panel.person_cohort`; entries:
    `panel.entry`; fixed: the code tables outcomes, headlines and thresholds, fixed before estimation.
    """
    plans = fixed["outcomes"][fixed["outcomes"]["unit"] == unit]
    mine = {name: table[table["unit"] == unit] for name, table in matched.items()}
    entries = entries[entries["unit"] == unit].sort_values(["unit_id", "position"], ignore_index=True)
    cohorts = cohorts.rename(columns={unit: "unit_id"}).sort_values("unit_id", ignore_index=True)  # sums have one order
    needed = ibis.memtable(pd.DataFrame({KEYS[unit][0]: pd.unique(pd.concat([mine["sample"]["unit_id"], cohorts["unit_id"]]))}))
    values = {plan.outcome: panel[plan.column].cast("float64") for plan in plans.itertuples()}
    rows = panel.select(*KEYS[unit], **values).semi_join(needed, KEYS[unit][0]).to_pandas()
    headlines = fixed["headlines"]
    thresholds = fixed["thresholds"]
    return Given(
        unit=unit, **mine, cohorts=cohorts, entries=entries,
        panel=rows.rename(columns=dict(zip(KEYS[unit], ("unit_id", "period"), strict=True))),
        outcomes=pd.DataFrame({"outcome": plans["outcome"], "bound": plans["no_effect_bound"].astype(float)}),
        headlines=headlines[headlines["unit"] == unit].astype({"horizon": int}),
        thresholds=dict(zip(thresholds["threshold"], thresholds["value"].astype(float), strict=True)),
        surroundings=_surroundings(panel) if unit == "company" else None,
    )


def _surroundings(firm_year: ibis.Table) -> pd.Series:
    """New companies per 100 alive, by industry section, commuting area and year."""
    keys = ["section", "commuting_area", "year"]
    alive = firm_year.filter(firm_year.alive)
    table = alive.group_by(keys).agg(new=(alive.first_year == alive.year).cast("int64").sum(), n=alive.count()).to_pandas()
    return table.set_index(keys).eval("100 * new / n").astype(float)


def tables(*parts: Estimates, checks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The stage's tables under their names, companies and persons together; each check with the sentence that explains it."""
    found = {}
    for table in TABLES:
        frames = [getattr(part, table.removeprefix("effect.")) for part in parts]
        found[table] = pd.concat([frame for frame in frames if not frame.empty], ignore_index=True)
    doubts = found["effect.sensitivity"]
    found["effect.sensitivity"] = doubts.assign(description=doubts["check"].map(checks.set_index("check")["sentence_en"]))
    return found
