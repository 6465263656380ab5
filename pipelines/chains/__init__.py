"""Effect chains: from activity to jobs, against targets, gross to net."""

from pipelines.chains.cost import cost_per_job
from pipelines.chains.displacement import measure_displacement
from pipelines.chains.jobs import jobs_by_event_time, jobs_by_year, jobs_in_total
from pipelines.chains.results import chain_links, chain_results

__all__ = [
    "chain_links",
    "chain_results",
    "cost_per_job",
    "jobs_by_event_time",
    "jobs_by_year",
    "jobs_in_total",
    "measure_displacement",
]
