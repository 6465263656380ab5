"""Whether a matching made treated and controls alike: differences, variance ratios, effective size, common support.

Judges any weights, however they were found; chooses nothing and draws no picture.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.matching.nearest import Matches, control_weights, names_of, same_kind, table_of
from pipelines.matching.sides import Table, order_of_ids, read_floats, read_ids, require_columns

GOAL = 0.1


def balance(treated: Table, candidates: Table, matches: Matches | Table, covariates: Sequence[str], unit: str) -> Table:
    """How far treated and controls differ before and after matching, a row a covariate.

    matches: what `match_controls` gave, or its table of pairs.
    Columns: covariate, mean_treated (all treated), mean_candidates (all candidates), mean_controls (chosen controls by
    their weights), smd_before, smd_after, variance_ratio_before, variance_ratio_after.

    Before is all treated against all candidates, after the treated that found a control against their controls; so
    where treated were lost, smd_after is not a difference of the means shown. Both divide by the same number, the
    square root of the average of the variances of treated and candidates before matching, so that a smaller spread
    after matching does not pass for worse balance (Rubin 2001; Stuart 2010, section 4.1; Austin 2009). A variance
    ratio is treated over controls (Rubin 2001: between 1/2 and 2). Variances have denominator n - 1, weighted
    ones Σw - Σw²/Σw.

    Every covariate is judged on the rows where it is known. Where neither side varies a difference is 0 (equal means)
    or infinite and the ratio 1; with no row on a side its figures are missing. A unit may stand once on a side; to
    judge several cohorts together use `weighted_balance`. Raises ValueError as `match_controls` does for the columns,
    and when matched units are not in the tables.
    """
    covariates = names_of(covariates)
    for side, table in (("treated", treated), ("candidates", candidates)):
        require_columns(table, (unit, *covariates), side)
    weights = as_arrow(control_weights(matches))
    sides = (("treated", treated, as_arrow(table_of(matches))), ("candidates", candidates, weights))
    matched, chosen = (places_of(table, unit, side, pairs) for side, table, pairs in sides)
    given = np.append(weights.column("weight").to_numpy(), 0.0)
    return differences(treated, candidates, covariates, (matched >= 0).astype(float), given[chosen])


def weighted_balance(
    treated: Table, candidates: Table, covariates: Sequence[str], *, treated_weight: str, candidate_weight: str
) -> Table:
    """The same for any weights, which are columns: 0 for a treated row that was lost or a candidate nobody chose.

    A row is what was weighted: a unit in one cohort, say. So the same unit may stand in many rows.
    """
    covariates = names_of(covariates)
    weights = []
    for side, table, name in (("treated", treated, treated_weight), ("candidates", candidates, candidate_weight)):
        require_columns(table, (name, *covariates), side)
        weights.append(check_weights(read_floats(table, name, side)))
    return differences(treated, candidates, covariates, *weights)


def effective_sample_size(weights: np.ndarray) -> float:
    """(Σw)² / Σw² of weights (n,): how many equally weighted units would give as precise a mean (Kish 1965); 0 of none.

    Raises ValueError when a weight is missing, infinite or negative.
    """
    weights = check_weights(np.asarray(weights, dtype=float))
    largest = weights.max(initial=0.0)
    if largest == 0:
        return 0.0
    weights = weights / largest
    return float(weights.sum() ** 2 / (weights @ weights))


def common_support(matches: Matches) -> Table:
    """Where every row given ended: side, reason, n. Sums to the rows given on each side.

    Treated: matched, or the reason of their loss. Controls: chosen, not chosen, missing covariate.
    """
    lost, pairs = as_arrow(matches.lost), as_arrow(matches.table)
    counts = lost.group_by(["side", "reason"], use_threads=False).aggregate([([], "count_all")]).to_pylist()
    counts = {(row["side"], row["reason"]): row["count_all"] for row in counts}
    matched, chosen = (pc.count_distinct(pairs.column(side)).as_py() for side in ("treated", "control"))
    missing = sum(n for (side, _), n in counts.items() if side == "control")
    rows = [("treated", "matched", matched)]
    rows += sorted((side, reason, n) for (side, reason), n in counts.items() if side == "treated")
    rows += [("control", "chosen", chosen), ("control", "not chosen", matches.n_controls - chosen - missing)]
    rows += [(side, reason, n) for (side, reason), n in counts.items() if side == "control"]
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(("side", "reason", "n"))})
    return same_kind(table, matches.table)


def love_plot(balanced: Table) -> Table:
    """What a love plot shows: two rows for each row of a table of `balance`, the worst before matching first.

    Columns: covariate, position (1 = worst before), sample (before | after), smd, absolute_smd, within_goal (< 0.1).
    """
    table = as_arrow(balanced)
    names = table.column("covariate").to_pylist()
    before, after = (table.column(f"smd_{sample}").to_numpy() for sample in ("before", "after"))
    order = np.lexsort((np.arange(len(names)), -np.abs(before)))
    smd = np.column_stack([before[order], after[order]]).ravel()
    long = pa.table(
        {
            "covariate": pa.array([names[place] for place in order for _ in range(2)], pa.string()),
            "position": np.repeat(np.arange(1, len(names) + 1), 2),
            "sample": pa.array(["before", "after"] * len(names), pa.string()),
            "smd": smd,
            "absolute_smd": np.abs(smd),
            "within_goal": np.abs(smd) < GOAL,
        }
    )
    return same_kind(long, balanced)


def differences(
    treated: Table, candidates: Table, covariates: Sequence[str], treated_weight: np.ndarray, weight: np.ndarray
) -> Table:
    """The table of `balance` for weights (rows of treated,) and (rows of candidates,)."""
    rows = []
    for name in covariates:
        x, y = read_floats(treated, name, "treated"), read_floats(candidates, name, "candidates")
        all_treated, all_candidates = mean_and_variance(x, np.ones(len(x))), mean_and_variance(y, np.ones(len(y)))
        matched, controls = mean_and_variance(x, treated_weight), mean_and_variance(y, weight)
        spread = np.sqrt((all_treated[1] + all_candidates[1]) / 2)
        rows.append(
            {
                "covariate": name,
                "mean_treated": all_treated[0],
                "mean_candidates": all_candidates[0],
                "mean_controls": controls[0],
                "smd_before": ratio(all_treated[0] - all_candidates[0], spread, 0.0),
                "smd_after": ratio(matched[0] - controls[0], spread, 0.0),
                "variance_ratio_before": ratio(all_treated[1], all_candidates[1], 1.0),
                "variance_ratio_after": ratio(matched[1], controls[1], 1.0),
            }
        )
    kinds = [(name, pa.string() if name == "covariate" else pa.float64()) for name in COLUMNS]
    return same_kind(pa.Table.from_pylist(rows, schema=pa.schema(kinds)), treated)


COLUMNS = (
    "covariate",
    "mean_treated",
    "mean_candidates",
    "mean_controls",
    "smd_before",
    "smd_after",
    "variance_ratio_before",
    "variance_ratio_after",
)


def mean_and_variance(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Weighted mean and variance over the known values; missing without weight, variance 0 of one row."""
    used = ~np.isnan(values) & (weights > 0)
    values, weights = values[used], weights[used]
    total = weights.sum()
    if total == 0:
        return np.nan, np.nan
    # About the first value, so that a constant column has exactly its value as mean and no variance.
    shifted = values - values[0]
    mean = (weights @ shifted) / total
    freedom = total - (weights @ weights) / total
    variance = (weights @ (shifted - mean) ** 2) / freedom if len(values) > 1 else 0.0
    return float(values[0] + mean), float(variance)


def ratio(above: float, below: float, when_both_zero: float) -> float:
    if below == 0:
        return when_both_zero if above == 0 else float(np.copysign(np.inf, above))
    return float(above / below)


def check_weights(weights: np.ndarray) -> np.ndarray:
    wrong = np.count_nonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong:
        raise ValueError(f"{wrong} weights are missing, infinite or negative; a weight is finite and at least 0")
    return weights


def as_arrow(table: Table) -> pa.Table:
    return pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table


def places_of(table: Table, unit: str, side: str, among: pa.Table) -> np.ndarray:
    """Place of each row's unit (n,) int64 in a result's column treated or control; -1 where it is not there."""
    ids = read_ids(table, unit, side)
    order_of_ids(ids, unit, side)
    sought = read_ids(among, "treated" if side == "treated" else "control", "matches")
    if len(sought) == 0:
        return np.full(len(ids), -1, np.int64)
    absent = pc.count_distinct(sought).as_py() - pc.sum(pc.is_in(ids, value_set=sought)).as_py()
    if absent:
        raise ValueError(f"{absent} matched units are not in {side}; give the tables that were matched")
    return pc.fill_null(pc.index_in(ids, value_set=sought), -1).to_numpy().astype(np.int64)
