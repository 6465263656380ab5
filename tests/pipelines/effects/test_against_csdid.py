"""att_gt beside csdid 0.4.3, a live second opinion, on designs that hypothesis draws.

Balanced to 1e-6. Unbalanced: effects to 1e-6 and errors to 1 %, as asked; they agree far closer. Not used as an opinion
where we differ on purpose (docs/METHODS.md): cohorts of one unit, no never-treated units with control="never".
"""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from pipelines.effects import EstimationError, att_gt
from tests.pipelines.effects.drawn_panels import draw_panel

KINDS = {"simple": "simple", "cohort": "group", "event_time": "dynamic", "period": "calendar"}
designs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "periods": st.sampled_from([(1, 2, 3, 4, 5), (1, 2, 4, 5, 8)]),
        "cohorts": st.sampled_from([(3,), (3, 4), (4, 5), (1, 3, 5), (3, 9)]),
        "varying": st.booleans(),
        "selection": st.sampled_from([0.3, 1.0, 2.5]),
    }
)
choices = st.fixed_dictionaries(
    {
        "covariates": st.sampled_from([(), ("x1",), ("x1", "x2")]),
        "method": st.sampled_from(["dr", "ipw", "reg"]),
        "controls": st.sampled_from([("never", True), ("not_yet", True), ("not_yet", False)]),  # with never-treated?
        "base_period": st.sampled_from(["varying", "universal"]),
        "anticipation": st.integers(0, 2),
        "cluster": st.sampled_from([None, "c"]),
        "weights": st.sampled_from([None, "w"]),
    }
)
quick = settings(max_examples=25, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


@quick
@given(designs, choices)
def test_balanced_panels_agree_in_every_number(design, choice):
    compare(design, choice, balanced=True, error=1e-6)


@quick
@given(designs, choices)
def test_unbalanced_panels_agree_in_every_number(design, choice):
    compare(design, choice, balanced=False, error=0.01)


def compare(design: dict, choice: dict, balanced: bool, error: float) -> None:
    control, never = choice.pop("controls")
    data = draw_panel(n_units=150, never=never, missing=0.0 if balanced else 0.08, **design)
    choice["control"] = control
    try:
        result = att_gt(data, "id", "t", "g", "y", balanced=balanced, **choice)
    except EstimationError:
        reject()  # no cohort with controls and a period before: the design says nothing
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        other = second_opinion(data, choice, balanced)
        theirs = pd.DataFrame({name: np.asarray(other.results[name], float) for name in ("group", "year", "att", "se")})
        cells = result.table.merge(theirs, left_on=["cohort", "period"], right_on=["group", "year"], how="outer")
        agree(cells["att_x"], cells["att_y"], cells["se_x"], cells["se_y"], error)
        pre_test, ours = other.MP["W"], result.pretrend()
        if pre_test is not None and not ours.note:
            np.testing.assert_allclose(ours.statistic, pre_test, rtol=max(1e-6, 2 * error))
        if result.table.loc[result.table["phase"] == "post", "att"].notna().any():
            for kind, theirs in KINDS.items():
                compare_average(result.aggregate(kind), other, theirs, error)


def compare_average(found, other, kind: str, error: float) -> None:
    other.aggte(typec=kind, bstrap=False, cband=False, na_rm=True)
    theirs = other.atte
    agree(found.att, theirs["overall_att"], found.se, np.ravel(theirs["overall_se"])[0], error)
    if kind != "simple":
        assert found.table["level"].tolist() == list(theirs["egt"])
        agree(found.table["att"], theirs["att_egt"], found.table["se"], np.ravel(theirs["se_egt"]), error)


def agree(att, their_att, se, their_se, error: float) -> None:
    """Equal where both have a number; missing in the same places."""
    np.testing.assert_allclose(np.asarray(att, float), np.asarray(their_att, float), atol=1e-6, rtol=0)
    np.testing.assert_allclose(np.asarray(se, float), np.asarray(their_se, float), rtol=error)


def second_opinion(data: pd.DataFrame, choice: dict, balanced: bool):
    from csdid.att_gt import ATTgt

    estimator = ATTgt(
        "y",
        "t",
        "id",
        "g",
        data.assign(g=data["g"].fillna(0)),
        control_group={"never": "nevertreated", "not_yet": "notyettreated"}[choice["control"]],
        xformla="y~" + ("+".join(choice["covariates"]) or "1"),
        allow_unbalanced_panel=not balanced,
        clustervar=choice["cluster"],
        weights_name=choice["weights"],
        anticipation=choice["anticipation"],
    )
    return estimator.fit(est_method=choice["method"], base_period=choice["base_period"], bstrap=False)
