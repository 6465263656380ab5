"""Covariates put on one scale, and refused when one is a combination of the others. No model is fitted here."""

from dataclasses import replace

import numpy as np

from pipelines.effects.errors import EstimationError
from pipelines.effects.panel_arrays import PanelArrays

COLLINEAR = 1e-10  # share of a covariate's variance that the others must leave unexplained


def standardise_covariates(panel: PanelArrays) -> PanelArrays:
    """The panel with the centre and scale that its covariates are to be used with; no estimate depends on them.

    They keep the cross products well conditioned whatever the units (DKK beside shares). Raises EstimationError naming
    the covariates that are constant or a linear combination of the ones before them.
    """
    if not panel.covariates:
        return panel
    names = panel.names.covariates
    moments = [_moments(panel, values) for values in panel.covariates]
    constant = [name for name, (_, scale) in zip(names, moments, strict=True) if scale == 0]
    if constant:
        raise EstimationError(
            f"{len(constant)} of {len(names)} covariates are constant: {_named(constant)}; leave them out"
        )
    centre, scale = np.array(moments).T
    panel = replace(panel, centre=centre, scale=scale)
    collinear = [names[j] for j in _dependent_columns(_correlation(panel))]
    if collinear:
        raise EstimationError(
            f"{len(collinear)} of {len(names)} covariates are collinear with those before them: {_named(collinear)}; "
            "leave them out"
        )
    return panel


def covariates_at(panel: PanelArrays, period: int, rows: np.ndarray) -> np.ndarray:
    """(rows, K) the constant and the centred, scaled covariates at the period; columns contiguous."""
    x = np.empty((len(rows), 1 + len(panel.covariates)), order="F")
    x[:, 0] = 1
    for j, values in enumerate(panel.covariates):
        x[:, j + 1] = ((values if values.ndim == 1 else values[period])[rows] - panel.centre[j]) / panel.scale[j]
    return x


def _moments(panel: PanelArrays, values: np.ndarray) -> tuple[float, float]:
    """Mean and deviation over observations (units, if constant within units); 0 where rounding is all there is."""
    seen = [values] if values.ndim == 1 else [values[t, panel.observed[t]] for t in range(len(values))]
    count = sum(len(part) for part in seen)
    mean = sum(part.sum() for part in seen) / count
    deviation = np.sqrt(sum(np.square(part - mean).sum() for part in seen) / count)
    largest = max(np.abs(part).max(initial=0) for part in seen)
    return mean, 0.0 if deviation <= 1e-13 * largest else deviation


def _correlation(panel: PanelArrays) -> np.ndarray:
    """(k, k) mean cross products of the standardised covariates over observations (units, if none varies within)."""
    varying = any(values.ndim == 2 for values in panel.covariates)
    total, count = 0.0, 0
    for t in range(len(panel.periods)) if varying else [0]:
        x = covariates_at(panel, t, np.flatnonzero(panel.observed[t]) if varying else np.arange(panel.n_units))[:, 1:]
        total, count = total + x.T @ x, count + len(x)
    return total / count


def _dependent_columns(correlation: np.ndarray) -> list[int]:
    """Columns whose variance, given the independent columns before them, vanishes."""
    kept, dependent = [], []
    for j in range(len(correlation)):
        left = correlation[j, j]
        if kept:
            within, across = correlation[np.ix_(kept, kept)], correlation[kept, j]
            left -= across @ np.linalg.solve(within, across)
        (dependent if left < COLLINEAR * correlation[j, j] else kept).append(j)
    return dependent


def _named(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
