"""Effect chains: from activity to jobs, against targets, gross to net."""

from pipelines.chains.cost import cost_per_job
from pipelines.chains.displacement import measure_displacement
from pipelines.chains.draft import Draft, columns_to_collect, draft_chain
from pipelines.chains.evidence import PlanError, Released, read_released
from pipelines.chains.jobs import jobs_by_event_time, jobs_by_year, jobs_in_total
from pipelines.chains.plan import Plan, plan_grid, plan_project
from pipelines.chains.results import chain_links, chain_results

__all__ = [
    "Draft",
    "Plan",
    "PlanError",
    "Released",
    "chain_links",
    "chain_results",
    "columns_to_collect",
    "cost_per_job",
    "draft_chain",
    "jobs_by_event_time",
    "jobs_by_year",
    "jobs_in_total",
    "measure_displacement",
    "plan_grid",
    "plan_project",
    "read_released",
]
