"""ATT of one cell from the change of each unit (panel data): doubly robust, inverse probability, outcome regression.

Sant'Anna & Zhao (2020), Journal of Econometrics 219(1): equations 2.6, 2.7 and 3.1 with Theorem 1's influence function
(doubly robust), the Hajek version of Abadie (2005) (inverse probability), equation 2.2 (outcome regression).

SCALING, everywhere in this package: ψ is such that se² = Σᵢ ψᵢ² (the papers' influence function over the sample size).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.effects.errors import NotEstimable
from pipelines.effects.nuisance import TRIM, Propensity, fit_propensity, inverse_gram


@dataclass(frozen=True, eq=False)
class Estimate:
    """att, and ψ of the treated (m₁,) and of the controls (m₀,) in the order of the design."""

    att: float
    treated: np.ndarray
    control: np.ndarray


@dataclass(frozen=True, eq=False)
class Design:
    """All that cells with the same units, covariates and weights share; each part is computed once, when first needed.

    x (m, K) with the constant first, treated rows first; weight (m,) positive; n_treated = m₁; start (K,) or None:
    where to look for the coefficients of the propensity first.
    """

    x: np.ndarray
    weight: np.ndarray
    n_treated: int
    start: np.ndarray | None = None

    @cached_property
    def x_treated(self) -> np.ndarray:
        return self.x[: self.n_treated]

    @cached_property
    def x_control(self) -> np.ndarray:
        return self.x[self.n_treated :]

    @cached_property
    def w_treated(self) -> np.ndarray:
        return self.weight[: self.n_treated]

    @cached_property
    def w_control(self) -> np.ndarray:
        return self.weight[self.n_treated :]

    @cached_property
    def mean_treated(self) -> np.ndarray:
        """(K,) weighted mean of x among the treated."""
        return self.w_treated @ self.x_treated / self.w_treated.sum()

    @cached_property
    def control_inverse(self) -> np.ndarray:
        """(K, K) inverse of the controls' weighted cross products."""
        return inverse_gram(self.x_control, self.w_control, "controls")

    @cached_property
    def propensity(self) -> Propensity:
        return fit_propensity(self.x, self.n_treated, self.weight, self.start)

    @cached_property
    def odds(self) -> np.ndarray:
        """(m₀,) weight × p / (1 − p) of the controls, 0 where trimmed, summing to 1 (Hajek)."""
        p = self.propensity.probability[self.n_treated :]
        odds = np.where(p < TRIM, self.w_control * p / (1 - p), 0.0)
        if not odds.sum() > 0:
            raise NotEstimable("every control is trimmed (propensity 0.995 or more)", self.propensity.highest)
        return odds / odds.sum()

    @cached_property
    def n_trimmed(self) -> int:
        return int((self.propensity.probability[self.n_treated :] >= TRIM).sum())

    @cached_property
    def mean_odds(self) -> np.ndarray:
        """(K,) mean of x among the controls by their odds."""
        return self.odds @ self.x_control

    @cached_property
    def score_treated(self) -> np.ndarray:
        """(m₁,) w (1 − p), the logit's score without x."""
        return self.w_treated * (1 - self.propensity.probability[: self.n_treated])

    @cached_property
    def score_control(self) -> np.ndarray:
        """(m₀,) w p, minus the logit's score without x."""
        return self.w_control * self.propensity.probability[self.n_treated :]

    def regress(self, outcome_control: np.ndarray) -> np.ndarray:
        """(K,) weighted least squares of the controls' outcome (m₀,) on x."""
        return self.control_inverse @ (self.x_control.T @ (self.w_control * outcome_control))

    def regression_influence(self, direction: np.ndarray) -> np.ndarray:
        """(m₀,) what each control's residual adds to direction'β."""
        return self.w_control * (self.x_control @ (self.control_inverse @ direction))

    @cached_property
    def reg_leverage(self) -> np.ndarray:
        return self.regression_influence(self.mean_treated)

    @cached_property
    def dr_leverage(self) -> np.ndarray:
        return self.regression_influence(self.mean_treated - self.mean_odds)


def outcome_regression(design: Design, treated: np.ndarray, control: np.ndarray) -> Estimate:
    """τ = E₁[ΔY − x'β], β from the controls (Sant'Anna & Zhao 2020, eq. 2.2). treated (m₁,), control (m₀,): ΔY."""
    beta = design.regress(control)
    share = design.w_treated / design.w_treated.sum()
    residual = treated - design.x_treated @ beta
    att = float(share @ residual)
    return Estimate(att, share * (residual - att), -design.reg_leverage * (control - design.x_control @ beta))


def inverse_probability(design: Design, treated: np.ndarray, control: np.ndarray) -> Estimate:
    """τ = E₁[ΔY] − Hajek mean of the controls' ΔY by w p / (1 − p)."""
    share = design.w_treated / design.w_treated.sum()
    return _weighted_contrast(design, share, treated, control)


def doubly_robust(design: Design, treated: np.ndarray, control: np.ndarray) -> Estimate:
    """τ = (E₁ − E_odds)[ΔY − x'β] (Sant'Anna & Zhao 2020, eq. 3.1)."""
    beta = design.regress(control)
    share = design.w_treated / design.w_treated.sum()
    residual = control - design.x_control @ beta
    contrast = _weighted_contrast(design, share, treated - design.x_treated @ beta, residual)
    return Estimate(contrast.att, contrast.treated, contrast.control - design.dr_leverage * residual)


METHODS = {"dr": doubly_robust, "ipw": inverse_probability, "reg": outcome_regression}


def _weighted_contrast(design: Design, share, treated, control) -> Estimate:
    """Mean of the treated minus odds-weighted mean of the controls, with the estimated propensity in ψ."""
    mean_treated, mean_control = share @ treated, design.odds @ control
    deviation = design.odds * (control - mean_control)
    slope = design.propensity.inverse_information @ (deviation @ design.x_control)
    psi_treated = share * (treated - mean_treated) - design.score_treated * (design.x_treated @ slope)
    psi_control = design.score_control * (design.x_control @ slope) - deviation
    return Estimate(float(mean_treated - mean_control), psi_treated, psi_control)
