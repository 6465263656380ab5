"""What may be said of an estimate: five verdicts, decided by rules that are data and thresholds fixed beforehand."""

from dataclasses import dataclass

import numpy as np

Z = 1.959963984540054


@dataclass(frozen=True)
class Evidence:
    """What is known of one estimate when it is judged. Missing figures are NaN."""

    att: float
    se: float
    bound: float                     # X of "no effect larger than X", in the outcome's unit
    pretrend_p: float                # joint test of the leads; NaN where the outcome has none (survival)
    imbalance: float                 # largest |standardised mean difference| after matching
    covered: float                   # share of the participants at this horizon that is estimated
    observed: bool                   # some cohort has reached the horizon
    others: tuple[tuple[str, float, float], ...] = ()    # other definitions of a control: name, att, se


def judge(evidence: Evidence, thresholds: dict[str, float]) -> tuple[str, str]:
    """The verdict and one sentence why. The first rule that applies decides; the order is that of `RULES`."""
    for verdict, applies, reason in RULES:
        if applies(evidence, thresholds):
            return verdict, reason(evidence, thresholds)
    return "too_few_to_tell", _too_few(evidence, thresholds)


def minimum_detectable(se: float, thresholds: dict[str, float]) -> float:
    """The effect that would have been found with 80 % power at 5 %: 2.80 × SE (Bloom 1995); never observed power."""
    return thresholds["power_factor"] * se


def participants_needed(n_treated: int, se: float, bound: float, thresholds: dict[str, float]) -> int | None:
    """How many participants like these would make the minimum detectable effect as small as the bound X; None if unknown.

    Standard errors fall with the root of the number: n × (2.80 × SE / X)², rounded up.
    """
    if not n_treated or not np.isfinite(se):
        return None
    return int(np.ceil(n_treated * (minimum_detectable(se, thresholds) / bound) ** 2))


def claim(att: float, se: float, bound: float) -> str:
    """What the interval alone says: more, less, no_effect (inside ±bound), or nothing."""
    if abs(att) > Z * se:
        return "more" if att > 0 else "less"
    return "no_effect" if abs(att) + Z * se < bound else "nothing"


def _contradicted(e: Evidence) -> str | None:
    """The first other definition of a control under which the interval says something else."""
    mine = claim(e.att, e.se, e.bound)
    return next((name for name, att, se in e.others if np.isfinite(se) and claim(att, se, e.bound) != mine), None)


def _too_few(e: Evidence, t: dict[str, float]) -> str:
    return f"The interval holds both zero and effects beyond ±{e.bound:g}; an effect of {minimum_detectable(e.se, t):.3g} would have shown."


RULES = (
    ("too_early", lambda e, t: not e.observed,
     lambda e, t: "No cohort has been observed at this horizon."),
    ("too_few_to_tell", lambda e, t: not np.isfinite(e.se),
     lambda e, t: "No cohort of this type is large enough to be estimated at this horizon."),
    ("not_comparable", lambda e, t: e.covered < t["unbalanced_share"],
     lambda e, t: f"Only {e.covered:.0%} of the participants could be compared with anyone."),
    ("not_comparable", lambda e, t: e.pretrend_p < t["pretrend_p"],
     lambda e, t: f"Participants and controls moved apart before the start (joint test of the leads, p = {e.pretrend_p:.2g})."),
    ("not_comparable", lambda e, t: e.imbalance > t["imbalance"],
     lambda e, t: f"Matching left a standardised difference of {e.imbalance:.2f}."),
    ("not_comparable", lambda e, t: _contradicted(e) is not None,
     lambda e, t: f"The answer changes with the definition of a control: {_contradicted(e)} in effect.sensitivity says something else."),
    ("effect", lambda e, t: claim(e.att, e.se, e.bound) in {"more", "less"},
     lambda e, t: "The 95 % interval excludes zero."),
    ("no_effect", lambda e, t: claim(e.att, e.se, e.bound) == "no_effect",
     lambda e, t: f"The whole 95 % interval lies inside ±{e.bound:g}, fixed beforehand."),
)
