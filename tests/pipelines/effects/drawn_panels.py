"""Panels that the tests of att_gt draw: small, seeded, with selection into treatment and effects by cohort."""

import numpy as np
import pandas as pd


def draw_panel(
    seed: int,
    n_units: int = 120,
    periods=(1, 2, 3, 4, 5),
    cohorts=(3, 4),
    never: bool = True,
    varying: bool = False,
    missing: float = 0.0,
    selection: float = 0.5,
) -> pd.DataFrame:
    """id, t, g (missing = never treated), y, x1, x2, w (weights), c (20 clusters), a row a unit and period.

    varying: x1 and w change over time; missing: share of rows that are not there; selection: of the treated on x1.
    """
    random = np.random.default_rng(seed)
    choices = [*cohorts, np.nan] if never else list(cohorts)
    g = random.permutation(np.resize(choices, n_units))  # every cohort has its share of the units
    x1 = random.normal(size=n_units) + selection * np.isfinite(g)
    x2 = random.integers(0, 2, n_units).astype(float)
    level, weight = random.normal(size=n_units), random.uniform(0.5, 2, n_units)
    unit = np.repeat(np.arange(n_units), len(periods))
    data = pd.DataFrame({"id": unit + 1, "t": np.tile(periods, n_units), "g": g[unit], "c": unit % 20})
    noise = random.normal(size=(3, len(data)))
    untreated = level[unit] + 0.3 * data["t"] + 0.2 * x1[unit] * data["t"] + noise[0]
    data["y"] = untreated + np.where(data["t"] >= data["g"], data["g"] - 2, 0)
    data["x1"] = x1[unit] + varying * 0.3 * noise[1]
    data["x2"] = x2[unit]
    data["w"] = weight[unit] * (np.exp(0.2 * noise[2]) if varying else 1)
    return data[random.uniform(size=len(data)) >= missing].reset_index(drop=True)
