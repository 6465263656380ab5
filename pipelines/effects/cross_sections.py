"""ATT of one cell from all observations of its two periods, as repeated cross sections (unbalanced panels).

Sant'Anna & Zhao (2020), Journal of Econometrics 219(1): equation 3.4, the locally efficient doubly robust estimator,
with its influence function; the Hajek version of Abadie (2005); the outcome regression with the covariates of all
treated. Every estimate is a sum of weighted means of functions of estimated coefficients, so ψ is the means' own ψ
plus, for each coefficient vector, the derivative times the coefficients' ψ. Scaling: se² = Σ ψ² once ψ is summed over
a unit.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.effects.errors import NotEstimable
from pipelines.effects.nuisance import TRIM, Propensity, fit_propensity, inverse_gram

GROUPS = ("treated_base", "treated_now", "control_base", "control_now")


@dataclass(frozen=True, eq=False)
class CrossSections:
    """The observations of one cell, stacked in the order of GROUPS.

    y (m,), x (m, K) with the constant first, weight (m,) positive, parts: the slice of each group.
    """

    y: np.ndarray
    x: np.ndarray
    weight: np.ndarray
    parts: dict[str, slice]

    @property
    def treated(self) -> slice:
        return slice(0, self.parts["treated_now"].stop)

    @property
    def control(self) -> slice:
        return slice(self.treated.stop, len(self.y))


@dataclass(frozen=True, eq=False)
class Stacked:
    """att, ψ (m,) of every observation, and the propensity if one was fitted."""

    att: float
    influence: np.ndarray
    propensity: Propensity | None
    n_trimmed: int = 0


def stack(groups: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> CrossSections:
    """(y, x, weight) of the four GROUPS in one. Raises NotEstimable if one of them is empty."""
    parts, start = {}, 0
    for name, (y, _, _) in zip(GROUPS, groups, strict=True):
        if not len(y):
            who = "treated unit" if name.startswith("treated") else "control"
            raise NotEstimable(f"no {who} is observed in one of the two periods")
        parts[name] = slice(start, start + len(y))
        start += len(y)
    y, x, weight = (np.concatenate(pieces) for pieces in zip(*groups, strict=True))
    return CrossSections(y, x, weight, parts)


def outcome_regression(cell: CrossSections) -> Stacked:
    """τ = (E₁,now − E₁,base)[Y] − E₁[x'(β_now − β_base)], β from the controls of each period."""
    total = _Sum(cell)
    fit = {s: _Regression(cell, f"control_{s}", "controls") for s in ("base", "now")}
    for sign, s in ((1, "now"), (-1, "base")):
        total.add_mean(sign, cell.parts[f"treated_{s}"], cell.weight, cell.y)
        mean_x = total.add_mean(-sign, cell.treated, cell.weight, cell.x @ fit[s].beta, cell.x)
        total.add_coefficient(fit[s], -sign * mean_x)
    return total.result(None)


def inverse_probability(cell: CrossSections) -> Stacked:
    """τ = (E₁,now − E₁,base)[Y] − (E_odds,now − E_odds,base)[Y]."""
    total = _Sum(cell)
    propensity, odds, trimmed = _odds(cell)
    for sign, s in ((1, "now"), (-1, "base")):
        total.add_mean(sign, cell.parts[f"treated_{s}"], cell.weight, cell.y)
        total.add_odds_mean(-sign, cell.parts[f"control_{s}"], odds, cell.y, propensity)
    return total.result(propensity, trimmed)


def doubly_robust(cell: CrossSections) -> Stacked:
    """τ of Sant'Anna & Zhao (2020), eq. 3.4.

    With residual r = y − m_control(x) and δ = m_treated(x) − m_control(x), each of the two periods gives
    E₁,period[r] − E_odds,period[r] + E₁[δ] − E₁,period[δ]; τ is now minus base.
    """
    total = _Sum(cell)
    propensity, odds, trimmed = _odds(cell)
    for sign, s in ((1, "now"), (-1, "base")):
        treated, control = cell.parts[f"treated_{s}"], cell.parts[f"control_{s}"]
        of_control = _Regression(cell, f"control_{s}", "controls")
        of_treated = _Regression(cell, f"treated_{s}", "treated")
        residual = cell.y - cell.x @ of_control.beta
        gain = cell.x @ (of_treated.beta - of_control.beta)
        x_treated = total.add_mean(sign, treated, cell.weight, residual, cell.x)
        x_control = total.add_odds_mean(-sign, control, odds, residual, propensity, cell.x)
        x_all = total.add_mean(sign, cell.treated, cell.weight, gain, cell.x)
        total.add_mean(-sign, treated, cell.weight, gain)
        total.add_coefficient(of_control, sign * (x_control - x_all))  # −x_treated + x_control − x_all + x_treated
        total.add_coefficient(of_treated, sign * (x_all - x_treated))
    return total.result(propensity, trimmed)


METHODS = {"dr": doubly_robust, "ipw": inverse_probability, "reg": outcome_regression}


class _Regression:
    """Weighted least squares within one group: beta (K,), and the ψ of its coefficients along a direction."""

    def __init__(self, cell: CrossSections, group: str, among: str):
        self.part = cell.parts[group]
        self.x, self.weight = cell.x[self.part], cell.weight[self.part]
        self.inverse = inverse_gram(self.x, self.weight, among)
        self.beta = self.inverse @ (self.x.T @ (self.weight * cell.y[self.part]))
        self.residual = cell.y[self.part] - self.x @ self.beta

    def influence(self, direction: np.ndarray) -> np.ndarray:
        return self.weight * self.residual * (self.x @ (self.inverse @ direction))


class _Sum:
    """An estimate that grows by signed weighted means, and its ψ with it."""

    def __init__(self, cell: CrossSections):
        self.cell, self.att, self.psi = cell, 0.0, np.zeros(len(cell.y))

    def add_mean(self, sign, part: slice, weight, values, x=None) -> np.ndarray | None:
        """Adds sign × the weighted mean of values over the part; returns the mean of x there, if asked."""
        share = weight[part] / weight[part].sum()
        mean = share @ values[part]
        self.att += sign * mean
        self.psi[part] += sign * share * (values[part] - mean)
        return None if x is None else share @ x[part]

    def add_odds_mean(self, sign, part: slice, odds, values, propensity: Propensity, x=None) -> np.ndarray | None:
        """The same by the odds, with the ψ that comes from estimating the propensity."""
        if not odds[part].sum() > 0:
            raise NotEstimable("every control is trimmed (propensity 0.995 or more)", propensity.highest)
        share = odds[part] / odds[part].sum()
        deviation = share * (values[part] - share @ values[part])
        slope = sign * (propensity.inverse_information @ (deviation @ self.cell.x[part]))
        score = -self.cell.weight * propensity.probability
        score[self.cell.treated] += self.cell.weight[self.cell.treated]
        self.psi += score * (self.cell.x @ slope)
        return self.add_mean(sign, part, odds, values, x)

    def add_coefficient(self, fit: _Regression, derivative: np.ndarray) -> None:
        self.psi[fit.part] += fit.influence(derivative)

    def result(self, propensity, trimmed: int = 0) -> Stacked:
        return Stacked(float(self.att), self.psi, propensity, trimmed)


def _odds(cell: CrossSections) -> tuple[Propensity, np.ndarray, int]:
    """The propensity over both periods together, the odds (m,) (0 where trimmed), and how many controls are trimmed."""
    propensity = fit_propensity(cell.x, cell.treated.stop, cell.weight)
    p = propensity.probability
    odds = np.where(p < TRIM, cell.weight * p / (1 - p), 0.0)
    return propensity, odds, int((p[cell.control] >= TRIM).sum())
