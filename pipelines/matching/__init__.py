"""Comparable non-participants: who is matched to whom, with which weight, how well it balances, and who found nobody.

The numbers are made in this room; which units may take part in a comparison is the subject of `candidates` and `stage`.
"""

from pipelines.matching.balance import balance, common_support, effective_sample_size, love_plot, weighted_balance
from pipelines.matching.coarsened import CellWeights, cem_weights, coarsen
from pipelines.matching.entropy import entropy_weights, moments
from pipelines.matching.nearest import Matches, control_weights, match_controls
from pipelines.matching.stage import Matching, match_companies, match_persons, tables

__all__ = [
    "CellWeights",
    "Matches",
    "Matching",
    "balance",
    "cem_weights",
    "coarsen",
    "common_support",
    "control_weights",
    "effective_sample_size",
    "entropy_weights",
    "love_plot",
    "match_companies",
    "match_controls",
    "match_persons",
    "moments",
    "tables",
    "weighted_balance",
]
