"""Cost of a net job as a set: the interval of net is inverted, so an interval that reaches zero has no upper cost."""

import numpy as np
import pandas as pd


def cost_per_job(table: pd.DataFrame) -> pd.DataFrame:
    """Columns cost_per_net_job, cost_low, cost_high (DKK, fixed prices) and cost_set for rows with support_dkk and net*.

    Support s is known, net lies in [low, high]: the costs that the data allow are {s / x : x in [low, high], x > 0}
    (Fieller 1954, with a known numerator). bounded: low > 0; unbounded: low ≤ 0 < high, only a lowest cost can be told;
    none: high ≤ 0 (or nothing estimated), no positive number of jobs fits. There is no point when net ≤ 0.
    """
    support = table["support_dkk"].to_numpy(dtype=float)
    net, low, high = (table[name].to_numpy(dtype=float) for name in ("net", "net_low", "net_high"))
    kind = np.where(low > 0, "bounded", np.where(high > 0, "unbounded", "none"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame({
            "cost_per_net_job": np.where(net > 0, support / net, np.nan),
            "cost_low": np.where(high > 0, support / high, np.nan),
            "cost_high": np.where(low > 0, support / low, np.nan),
            "cost_set": kind,
        }, index=table.index)
