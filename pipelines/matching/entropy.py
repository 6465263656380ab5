"""Entropy balancing: weights of controls that meet chosen moments of the treated and stay near base weights otherwise.

Needs no matching and no propensity; says in words when no weights can meet the moments.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.matching.balance import check_weights
from pipelines.matching.metric import Moments, independent_columns
from pipelines.matching.sides import Table, read_floats, require_columns

# Moments are met to this share of the covariate's spread among controls (its square for variances, and so on).
TOLERANCE = 1e-8
STEPS = 200
LARGEST_ORDER = 3


def moments(
    treated: Table, orders: Mapping[str, int], weights: np.ndarray | None = None
) -> dict[str, tuple[float, ...]]:
    """Moments of the treated for `entropy_weights`: covariate → (mean, variance, third moment), up to its order.

    orders: covariate → 1, 2 or 3. Variance and third moment are about the mean, with denominator n (Σw). Raises
    ValueError naming the column and count when a value is missing or infinite.
    """
    require_columns(treated, tuple(orders), "treated")
    weights = np.ones(len(treated)) if weights is None else check_weights(np.asarray(weights, dtype=float))
    if weights.shape != (len(treated),) or weights.sum() == 0:
        raise ValueError("the treated have no rows with weight, or weights are not one a row")
    weights = weights / weights.sum()
    targets = {}
    for name, order in orders.items():
        if order not in range(1, LARGEST_ORDER + 1):
            raise ValueError(f"the order of {name!r} must be 1, 2 or 3")
        values = known_floats(treated, name, "treated")
        mean = float(weights @ values)
        targets[name] = (mean, *(float(weights @ (values - mean) ** k) for k in range(2, order + 1)))
    return targets


def entropy_weights(
    controls: Table, treated_moments: Mapping[str, float | Sequence[float]], base_weights: np.ndarray | None = None
) -> np.ndarray:
    """Weights (n,) of the controls, as ordered, summing to 1, that meet the moments and are nearest to base weights.

    treated_moments: covariate → mean, or (mean, variance[, third moment]) about that mean, as `moments` gives them.
    base_weights: (n,) not negative, default equal; a control with base weight 0 keeps 0.

    Minimises Σ w log(w / q) subject to the moments (Hainmueller 2012, equations 4 to 8) by Newton with line search on
    the convex dual. Moments are met to 1e-8 of the covariate's spread. Raises ValueError, naming covariates, when a
    column is absent, missing in some rows or infinite, and when no positive weights can meet the moments, alone or
    together.
    """
    require_columns(controls, tuple(treated_moments), "controls")
    base = np.ones(len(controls)) if base_weights is None else check_weights(np.asarray(base_weights, dtype=float))
    if base.shape != (len(controls),) or base.sum() == 0:
        raise ValueError("controls have no rows with weight, or base_weights are not one a row")
    used = np.flatnonzero(base > 0)
    base = base[used] / base[used].sum()
    features, names = centred_features(controls, treated_moments, used)
    refuse_out_of_range(features, names)
    kept = independent_features(features, base)
    weights = solve_dual(features[:, kept], base, [names[place] for place in kept])
    missed = np.abs(weights @ features) > TOLERANCE
    if missed.any():
        apart = named(names, missed)
        raise ValueError(f"the moments of {apart} contradict each other among the controls; leave out some of them")
    result = np.zeros(len(controls))
    result[used] = weights
    return result


def known_floats(table: Table, name: str, side: str) -> np.ndarray:
    values = read_floats(table, name, side)
    missing = np.count_nonzero(np.isnan(values))
    if missing:
        raise ValueError(f"covariate {name!r} of {side} is missing in {missing} rows; remove them and report them")
    return values


def centred_features(
    controls: Table, targets: Mapping[str, float | Sequence[float]], used: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Columns (m, k) whose weighted mean must be 0, scaled by the covariate's spread; and the covariate of each."""
    columns, names = [], []
    for name, target in targets.items():
        wanted = [float(value) for value in np.atleast_1d(np.asarray(target, dtype=float))]
        if not 1 <= len(wanted) <= LARGEST_ORDER or not np.all(np.isfinite(wanted)):
            raise ValueError(f"the moments of {name!r} must be one to {LARGEST_ORDER} finite numbers")
        deviation = known_floats(controls, name, "controls")[used] - wanted[0]
        spread = deviation.std()
        # A constant has no spread: its own size serves, so that the target is met up to rounding, or refused.
        size = abs(wanted[0]) + np.abs(deviation).max()
        spread = spread if spread > 1e-12 * size else size or 1.0
        for order, moment in enumerate(wanted, start=1):
            about = 0.0 if order == 1 else moment
            columns.append((deviation**order - about) / spread**order)
            names.append(name)
    return np.column_stack(columns) if columns else np.zeros((len(used), 0)), names


def refuse_out_of_range(features: np.ndarray, names: list[str]) -> None:
    """Raises when a moment lies at or beyond the edge of what any weights of the controls can give."""
    low, high = features.min(axis=0, initial=np.inf), features.max(axis=0, initial=-np.inf)
    constant = np.maximum(np.abs(low), np.abs(high)) <= TOLERANCE
    beyond = ((low >= 0) | (high <= 0)) & ~constant
    if beyond.any():
        raise ValueError(
            f"no weights of the controls can meet the moments of {named(names, beyond)}: "
            "they lie outside the range of the controls, or at its edge"
        )


def independent_features(features: np.ndarray, base: np.ndarray) -> list[int]:
    """Features that are not linear in earlier ones; the others are met with these or not at all."""
    centred = features - base @ features
    kept, _ = independent_columns(Moments(len(features), base @ features, (centred * base[:, None]).T @ centred))
    return kept


def solve_dual(features: np.ndarray, base: np.ndarray, names: list[str]) -> np.ndarray:
    """Weights (m,) summing to 1 with features (m, k) of weighted mean 0: minimises log Σ q exp(z·λ) over λ (k,)."""
    multipliers = np.zeros(features.shape[1])
    value, weights = dual(features, base, multipliers)
    for _ in range(STEPS):
        gradient = weights @ features
        if np.abs(gradient).max(initial=0.0) <= 1e-3 * TOLERANCE:
            return weights
        # Weights meeting the moments have an entropy of at most -log min q, and the dual is never below minus that.
        if value < np.log(base.min()) - 1e-6:
            break
        centred = features - gradient
        curvature = (centred * weights[:, None]).T @ centred
        step = -np.linalg.lstsq(curvature, gradient, rcond=1e-14)[0]
        length = 1.0
        trial, trial_weights = dual(features, base, multipliers + step)
        while not trial <= value + 1e-4 * length * (gradient @ step) + 1e-15 and length > 1e-10:
            length /= 2
            trial, trial_weights = dual(features, base, multipliers + length * step)
        multipliers, value, weights = multipliers + length * step, trial, trial_weights
    if np.abs(weights @ features).max() <= TOLERANCE / 10:
        return weights
    raise ValueError(
        f"no weights of the controls can meet the moments of {separated(features, multipliers, names)} together; "
        "leave out some of them, lower their order, or drop treated without comparable controls"
    )


def dual(features: np.ndarray, base: np.ndarray, multipliers: np.ndarray) -> tuple[float, np.ndarray]:
    """log Σ q exp(z·λ), and the weights q exp(z·λ) / Σ."""
    exponent = features @ multipliers
    largest = exponent.max()
    weights = base * np.exp(exponent - largest)
    total = weights.sum()
    return float(largest + np.log(total)), weights / total


def separated(features: np.ndarray, multipliers: np.ndarray, names: list[str]) -> str:
    """The fewest covariates, steepest first, along which all controls lie on one side of the target."""
    steepest = np.argsort(-np.abs(multipliers), kind="stable")
    for size in range(1, len(steepest) + 1):
        part = steepest[:size]
        if np.all(features[:, part] @ multipliers[part] < 0):
            break
    return named(names, np.isin(np.arange(len(names)), part))


def named(names: Sequence[str], chosen: np.ndarray) -> str:
    return ", ".join(repr(name) for name in dict.fromkeys(np.asarray(names, dtype=object)[chosen]))
