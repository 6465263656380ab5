"""What att_gt returns: the table of cells, ψ of every cell on the original units, the way to averages and pre-test."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from pipelines.effects.aggregate import Aggregate, aggregate
from pipelines.effects.cells import Cell
from pipelines.effects.inference import NORMAL_95, Influence, PreTrend, standard_error, wald_test
from pipelines.effects.sample import Sample

NO_VARIANCE = "no variation: the standard error is zero"
BASE = "base period: 0 by construction"


@dataclass(frozen=True, eq=False)
class CellEstimate:
    """One cell. parts: (positions, ψ) of the treated and of the controls, positions sorted; se² = Σ ψ²."""

    att: float
    n_treated: int
    n_control: int
    parts: tuple = ()
    reason: str | None = None
    max_propensity: float = np.nan
    n_trimmed: int = 0

    @classmethod
    def base(cls, n_treated: int) -> "CellEstimate":
        return cls(0.0, n_treated, 0, reason=BASE)

    @classmethod
    def refused(cls, refusal, n_treated: int, n_control: int) -> "CellEstimate":
        return cls(np.nan, n_treated, n_control, reason=refusal.reason, max_propensity=refusal.max_propensity)


@dataclass(frozen=True, eq=False)
class GroupTime:
    """Group-time effects.

    table    cohort, period, att, se, n_treated, n_control, event_time, base (the period compared with),
             phase ("pre", "anticipation", "post", "base"), low, high (pointwise 95 %), max_propensity, n_trimmed,
             reason (why att or se is missing, else missing)
    dropped  counts of what took no part, by rule
    units    (n,) original unit ids, in the order of every influence matrix's rows
    cohort   (n,) cohort of each unit, inf = never treated
    """

    table: pd.DataFrame
    dropped: dict[str, int]
    units: np.ndarray = field(repr=False)
    cohort: np.ndarray = field(repr=False)
    psi: Influence = field(repr=False)
    mass: np.ndarray = field(repr=False)

    @property
    def n_units(self) -> int:
        return len(self.units)

    @property
    def n_clusters(self) -> int:
        return self.psi.n_clusters

    @cached_property
    def influence(self) -> sparse.csc_matrix:
        """ψ, sparse (n units × cells in the order of table), SCALED SO THAT se² = Σᵢ ψᵢ² (by cluster: sums first).

        That is the influence function of Callaway & Sant'Anna (2021), Theorem 2, divided by n. A unit used as control
        in several cohorts is one row. Columns of cells that were not estimated are empty.
        """
        return self.psi.matrix()

    def aggregate(self, kind: str, draws: int | None = None, seed: int | None = None, window=None) -> Aggregate:
        """Averages of cells: kind "simple", "cohort", "event_time" or "period" (Callaway & Sant'Anna 2021, Table 1).

        draws   multiplier draws for standard errors and simultaneous 95 % bands; none: analytic standard errors
        seed    of the draws; None is the fixed seed 0, so that every result can be repeated
        window  (lowest, highest) event time to use, both included
        """
        return aggregate(self, kind, draws, 0 if seed is None else seed, window)

    def pretrend(self) -> PreTrend:
        """Wald test that every pre-treatment effect is zero; anticipation and base periods are no pre-periods."""
        pre = np.flatnonzero((self.table["phase"] == "pre") & self.table["se"].notna())
        left_out = int((self.table["phase"] == "pre").sum()) - len(pre)
        return wald_test(self.table["att"].to_numpy()[pre], self.psi.covariance(pre), left_out)


def group_time(sample: Sample, cells: tuple[Cell, ...], estimates: tuple[CellEstimate, ...], mass) -> GroupTime:
    """The result of the cells' estimates; se from ψ, with a reason wherever att or se is missing.

    mass (n,): what a unit counts for in the size of its cohort. Clusters that take no part are gone from the count.
    """
    panel = sample.panel
    cluster = None if panel.cluster is None else np.unique(panel.cluster, return_inverse=True)[1]
    psi = Influence(tuple(estimate.parts for estimate in estimates), panel.n_units, cluster)
    zero = 1e-13 * max(np.nanmax(panel.outcome), -np.nanmin(panel.outcome))
    se = np.array([standard_error(psi, index) if cell.parts else np.nan for index, cell in enumerate(estimates)])
    reasons = [estimate.reason for estimate in estimates]
    for index, reason in enumerate(reasons):
        if reason is None and not se[index] > zero:
            reasons[index] = NO_VARIANCE
        if reasons[index] is not None:
            se[index] = np.nan
    return GroupTime(_table(panel, cells, estimates, se, reasons), sample.dropped, panel.units, panel.cohort, psi, mass)


def _table(panel, cells, estimates, se, reasons) -> pd.DataFrame:
    cohort = np.array([cell.cohort for cell in cells])
    period = panel.periods[[cell.period for cell in cells]]
    att = np.array([estimate.att for estimate in estimates])
    return pd.DataFrame(
        {
            "cohort": whole(cohort),
            "period": whole(period),
            "att": att,
            "se": se,
            "n_treated": [estimate.n_treated for estimate in estimates],
            "n_control": [estimate.n_control for estimate in estimates],
            "event_time": whole(period - cohort),
            "base": whole(panel.periods[[cell.base for cell in cells]]),
            "phase": [cell.phase for cell in cells],
            "low": att - NORMAL_95 * se,
            "high": att + NORMAL_95 * se,
            "max_propensity": [estimate.max_propensity for estimate in estimates],
            "n_trimmed": [estimate.n_trimmed for estimate in estimates],
            "reason": pd.array(reasons, dtype="str"),
        }
    )


def whole(values: np.ndarray) -> np.ndarray:
    """As int64 when all are whole numbers."""
    return values.astype(np.int64) if (values == np.round(values)).all() else values
