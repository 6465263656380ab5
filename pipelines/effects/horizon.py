"""One number: the effect of a stacked sample at one event time, with its influence on every original unit.

What sample and which choices is the subject of `subgroups` and `sensitivity`.
"""

from dataclasses import dataclass, field

import numpy as np

from pipelines.effects.errors import EstimationError
from pipelines.effects.group_time import att_gt
from pipelines.effects.inference import NORMAL_95
from pipelines.effects.stacking import Stack, keep_event_times

CHOICES = {"control": "never", "base_period": "universal", "balanced": "pairs", "cluster": "unit_id"}
NOT_THERE = "no cohort can be estimated at this event time"


@dataclass(frozen=True)
class Effect:
    """att and se in the outcome's unit (missing with a reason), treated units behind it, and ψ (units of the stack,)."""

    att: float
    se: float
    n_treated: int
    influence: np.ndarray = field(repr=False)
    reason: str | None = None

    @property
    def interval(self) -> dict[str, float]:
        """att, se, low, high (95 %)."""
        width = NORMAL_95 * self.se
        return {"att": self.att, "se": self.se, "low": self.att - width, "high": self.att + width}

    def told(self) -> dict[str, object]:
        """The interval with the number of treated and, where something is missing, the reason."""
        return {**self.interval, "n_treated": self.n_treated, "reason": self.reason}


def effect_at(stack: Stack, outcome: str, horizon: int, **changes) -> Effect:
    """ATT averaged over cohorts at event time `horizon`; `changes` are arguments of `att_gt` other than CHOICES."""
    try:
        result = estimate(keep_event_times(stack, (-2, -1, horizon), outcome), outcome, **changes)
    except EstimationError as error:
        return no_effect_found(stack, str(error))
    return read_effect(result, stack, horizon)


def estimate(stack: Stack, outcome: str, **changes):
    """`att_gt` on the stacked sample, clustered on the original unit, on pairs observed in both periods of a cell."""
    weights = stack.weights[stack.weights["unit"].isin(stack.frame["copy"])]
    choices = {"covariates": stack.covariates, **CHOICES, **changes}
    return att_gt(stack.frame, "copy", "period", "cohort", outcome, weights=weights, **choices)


def read_effect(result, stack: Stack, horizon: int) -> Effect:
    """The event-time average of a result at one event time, its influence summed over the copies of each unit."""
    there = result.table[result.table["event_time"] == horizon]
    if not there["att"].notna().any():
        return no_effect_found(stack, NOT_THERE)
    events = result.aggregate("event_time", window=(horizon, horizon))
    row = events.table.iloc[0]
    unit = stack.copies.set_index("copy")["unit_id"].reindex(result.units).to_numpy()
    influence = np.bincount(unit, weights=events.influence[:, 0], minlength=len(stack.units))
    reason = row["reason"] if isinstance(row["reason"], str) else None
    return Effect(float(row["att"]), float(row["se"]), int(row["n_treated"]), influence, reason)


def no_effect_found(stack: Stack, reason: str) -> Effect:
    """Nothing could be estimated, and why."""
    return Effect(np.nan, np.nan, 0, np.zeros(len(stack.units)), reason)
