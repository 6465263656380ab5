"""What a new project can hand in from its first day: a draft of its effect chain with targets, and the columns to collect.

Belongs here: rows for an operator. Which figures are to be expected is in `plan`.
"""

import csv
import io
from dataclasses import dataclass

from pipelines.chains.evidence import PlanError, Released, evidence
from pipelines.chains.plan import Plan
from schemas.contract import load

PROJECT = "NYT-PROJEKT"              # to be replaced by the project's own name
COLLECTED = ("projects", "targets", "company_participations")
PLANNED_OUTCOMES = ("fte", "turnover", "value_added")      # sums over companies; shares and persons are not planned here


@dataclass(frozen=True)
class Draft:
    """rows: (project, indicator, target) of the delivery `targets`; left_out: indicators of the chain that nothing here plans."""

    rows: tuple[tuple[str, str, float], ...]
    left_out: tuple[str, ...]

    def csv(self) -> str:
        """The rows as a delivery `targets`: semicolons, Danish headings, decimal points; UTF-8 when written."""
        text = io.StringIO()
        written = csv.writer(text, delimiter=";", lineterminator="\n")
        written.writerow([load("deliveries.targets").column(name).label for name in ("project", "indicator", "target")])
        written.writerows((project, indicator, f"{target:g}" if target < 1e5 else f"{target:.0f}") for project, indicator, target in self.rows)
        return text.getvalue()


def draft_chain(released: Released, plan: Plan) -> Draft:
    """The type's effect chain with a target for every link that the plan speaks of.

    Participants and support are the plan's; completed courses follow the type's past share; effects are the expected net
    ones at the link's own horizon, never below 0, and the given net target where it is for that horizon.
    """
    rows, left_out = [], []
    links = released.links[released.links["initiative_type"] == plan.initiative_type]
    for link in links.sort_values("position").itertuples():
        target = _target(released, plan, link)
        if target is None:
            left_out.append(link.indicator)
        else:
            rows.append((PROJECT, link.indicator, target))
    return Draft(tuple(rows), tuple(left_out))


def columns_to_collect() -> list[dict[str, object]]:
    """What must be collected from the start, one row a column: delivery, column, its Danish heading, whether it is required."""
    return [
        {"delivery": kind, "column": column.name, "heading": column.label, "required": column.required}
        for kind in COLLECTED for column in load(f"deliveries.{kind}").columns
    ]


def _target(released: Released, plan: Plan, link) -> float | None:
    if link.indicator == "participants":
        return float(plan.participants)
    if link.indicator == "support_dkk":
        return None if plan.budget_dkk is None else float(round(plan.budget_dkk, -3))
    if link.indicator == "completed":
        return float(round(plan.participants * _completed(released, plan.initiative_type)))
    if link.source != "register" or link.outcome not in PLANNED_OUTCOMES:
        return None
    if plan.target_kind == "net" and link.outcome == "fte" and link.event_time == plan.horizon:
        return float(plan.target)
    try:
        mean = evidence(released, plan.initiative_type, int(link.event_time), link.outcome).mean
    except PlanError:                # the release has no effect at that horizon
        return None
    return max(round(plan.participants * mean, 1 if link.outcome == "fte" else -3), 0.0)


def _completed(released: Released, kind: str) -> float:
    """Share of the type's participants that completed; 1 where the release does not say."""
    achieved = released.results[released.results["initiative_type"] == kind].set_index("indicator")["achieved"]
    began = achieved.get("participants", 0.0) + achieved.get("persons", 0.0)
    return min(achieved.get("completed", began) / began, 1.0) if began > 0 else 1.0
