"""Effects of staggered treatment: att_gt and what it returns. Relative to the support otherwise available."""

from pipelines.effects.aggregate import Aggregate
from pipelines.effects.errors import EstimationError
from pipelines.effects.estimation import Estimates, Given, estimate_effects
from pipelines.effects.group_time import att_gt
from pipelines.effects.inference import PreTrend
from pipelines.effects.results import GroupTime
from pipelines.effects.stage import give, tables

__all__ = [
    "Aggregate",
    "Estimates",
    "EstimationError",
    "Given",
    "GroupTime",
    "PreTrend",
    "att_gt",
    "estimate_effects",
    "give",
    "tables",
]
