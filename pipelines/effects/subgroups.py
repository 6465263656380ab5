"""Effects within groups of the participants: by project, region, fund, industry, size, start in work, and what else they joined.

A group's controls are those that stand in for its own participants. Which groups exist is data; nothing is tested here.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.effects.horizon import Effect, effect_at, no_effect_found
from pipelines.effects.stacking import Stack, keep_treated

OF_THE_ENTRY = ("project", "region", "fund")                              # columns of the cohort table
BEFORE_THE_START = ("section", "size_band", "employed_before")            # traits of the matched sample


def subgroup_effects(context, stack: Stack, variants: dict[str, Stack]) -> tuple[pd.DataFrame, dict[str, Effect]]:
    """Rows of `effect.subgroup` at the headline's horizon, and the effect of every project that could be estimated.

    Groups below `subgroup_minimum` treated units stand in the table with their number and the reason, without an effect.
    """
    rows, projects = [], {}
    treated = stack.treated
    for dimension, level, members in _groups(context, stack):
        effect = _enough(context, stack, members)
        if effect is None:
            effect = effect_at(keep_treated(stack, treated.loc[members, "copy"]), context.outcome, context.horizon)
        if dimension == "project" and np.isfinite(effect.se):
            projects[level] = effect
        rows.append({"dimension": dimension, "level": level, **effect.told(), "n_treated": int(members.sum())})
    if "supported_before" in variants:
        earlier = variants["supported_before"]
        everyone = pd.Series(True, index=earlier.treated.index)
        effect = _enough(context, earlier, everyone) or effect_at(earlier, context.outcome, context.horizon)
        rows.append({"dimension": "supported_before", "level": "yes", **effect.told(), "n_treated": len(earlier.treated)})
    return pd.DataFrame(rows).assign(event_time=context.horizon), projects


def too_small(context) -> str:
    """Why a group below `subgroup_minimum` has no effect."""
    return f"fewer than {int(context.thresholds['subgroup_minimum'])} treated units"


def _enough(context, stack: Stack, members: pd.Series) -> Effect | None:
    """None if the group is large enough, else the empty effect that says it is not."""
    return None if members.sum() >= context.thresholds["subgroup_minimum"] else no_effect_found(stack, too_small(context))


def _groups(context, stack: Stack) -> Iterator[tuple[str, str, pd.Series]]:
    """(dimension, level, treated copies in it), every dimension that divides the treated, levels in order."""
    treated = stack.treated
    units = pd.Series(stack.units[treated["unit_id"]], index=treated.index)
    entries = context.cohorts.set_index("unit_id")
    columns = {name: units.map(entries[name]) for name in OF_THE_ENTRY if name in entries}
    columns |= {name: treated[name] for name in BEFORE_THE_START if name in treated and treated[name].notna().any()}
    for dimension, column in columns.items():
        for level in sorted(column.dropna().unique()):
            yield dimension, str(level), column == level
    for other, joined in sorted(context.also_joined.items()):
        members = units.isin(joined)
        if members.sum() >= context.thresholds["combination_minimum"]:
            yield "combination", other, members
