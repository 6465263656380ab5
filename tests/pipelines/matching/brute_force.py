"""Nearest controls found the slow way, row by row in Python, to compare the fast one with. Shares no code with it."""

import numpy as np
import pandas as pd

EMPTY = ["treated", "control", "distance", "weight"]


def match_by_hand(treated, controls, *, unit, exact=(), covariates=(), ratio=5, caliper=None, replace=True):
    """(pairs, lost) as DataFrames: every distance measured, sorted by distance (nine decimals) and id."""
    exact, covariates = list(exact), list(covariates)
    complete = [side.dropna(subset=[*exact, *covariates]) for side in (treated, controls)]
    inverse = pseudo_inverse(np.vstack([side[covariates].to_numpy(float) for side in complete]))
    pairs, lost, used = [], [], set()
    lost += [("treated", row[unit], "missing covariate") for row in dropped(treated, complete[0])]
    lost += [("control", row[unit], "missing covariate") for row in dropped(controls, complete[1])]
    for one in complete[0].sort_values(unit).to_dict("records"):
        others = [
            (round(distance(one, other, covariates, inverse), 9), other[unit])
            for other in complete[1].to_dict("records")
            if other[unit] != one[unit] and all(other[name] == one[name] for name in exact)
        ]
        near = sorted(pair for pair in others if caliper is None or pair[0] <= round(caliper, 9))
        free = [pair for pair in near if replace or pair[1] not in used][:ratio]
        used |= {control for _, control in free}
        pairs += [(one[unit], control, size, 1 / len(free)) for size, control in free]
        if not free:
            lost.append(("treated", one[unit], reason(others, near)))
    lost = pd.DataFrame(lost, columns=["side", "unit", "reason"])
    lost = lost.sort_values(["side", "unit"], ascending=[False, True], ignore_index=True)
    return pd.DataFrame(pairs, columns=EMPTY), lost


def pseudo_inverse(x):
    if x.shape[1] == 0 or len(x) < 2:
        return np.zeros((x.shape[1], x.shape[1]))
    return np.linalg.pinv(np.atleast_2d(np.cov(x, rowvar=False)), rcond=1e-10, hermitian=True)


def distance(one, other, covariates, inverse):
    difference = np.array([one[name] - other[name] for name in covariates], dtype=float)
    return float(np.sqrt(max(difference @ inverse @ difference, 0.0)))


def dropped(given, kept):
    return given.loc[~given.index.isin(kept.index)].to_dict("records")


def reason(others, near):
    if not others:
        return "no control in its cell"
    return "no control left in its cell" if near else "beyond the caliper"
