"""Jobs that one type's participants win and their competitors lose: no part of the truth about participants."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.world.plan import BURN_IN_FROM, Scale
from schemas.contract import codes

SMALLEST = 0.2                       # FTE; nobody is pushed below


@dataclass(frozen=True)
class Displaced:
    """Jobs that a type displaced."""

    initiative_type: str
    fte: np.ndarray                  # (T,) FTE lost by competitors in each year, exactly as the registers show it

    def table(self) -> pd.DataFrame:
        """initiative_type, year, displaced_fte: one row a year in which any job was displaced."""
        years = BURN_IN_FROM + np.flatnonzero(self.fte)
        return pd.DataFrame({
            "initiative_type": self.initiative_type, "year": years.astype(np.int32),
            "displaced_fte": np.round(self.fte[self.fte != 0], 2),
        })


def displace(
    firms, scale: Scale, participations: pd.DataFrame, fte: np.ndarray, gained: np.ndarray, alive: np.ndarray
) -> tuple[np.ndarray, Displaced | None]:
    """(N, T) FTE after competitors lost `scale.displacement` of what the type gained, and what they lost.

    `gained` (N, T) is the own gain of the type's participants. Competitors have the same industry of six digits and the
    same commuting area, and never take part in anything; each loses by its size. Where there is none, nothing is lost.
    """
    if scale.displaces is None:
        return fte, None
    table = codes("municipalities").to_pydict()
    area_of = dict(zip(table["municipality"], table["commuting_area"], strict=True))
    area = np.array([area_of[municipality] for municipality in firms.municipality.tolist()])
    _, market = np.unique(np.char.add(firms.industry, area), return_inverse=True)
    never = np.ones(fte.shape[0], dtype=bool)
    never[participations["firm"]] = False
    left = fte.copy()
    for t in np.flatnonzero(gained.any(axis=0)):
        weight = np.where(never & alive[:, t], fte[:, t], 0.0)
        lost = scale.displacement * np.bincount(market, gained[:, t])
        all_weights = np.bincount(market, weight)
        share = np.divide(lost, all_weights, out=np.zeros_like(lost), where=all_weights > 0)
        pushed = np.maximum(fte[:, t] - share[market] * weight, SMALLEST)
        left[:, t] = np.where(weight > 0, np.minimum(pushed, fte[:, t]), fte[:, t])
    shown = (np.round(fte, 2) - np.round(left, 2)) * alive
    return left, Displaced(scale.displaces, shown.sum(axis=0))
