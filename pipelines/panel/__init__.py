"""Participations joined to registers: units by period, and the cohort of each unit."""

from pipelines.panel.boundary import follow
from pipelines.panel.breaks import add_crosses_break, crossed_breaks
from pipelines.panel.cohorts import company_cohort, entry, person_cohort
from pipelines.panel.firm_periods import firm_half_year, firm_quarter
from pipelines.panel.firms import firm_year
from pipelines.panel.match_loss import match_loss
from pipelines.panel.persons import person_quarter, person_quarter_by_year

__all__ = [
    "add_crosses_break",
    "company_cohort",
    "crossed_breaks",
    "entry",
    "firm_half_year",
    "firm_quarter",
    "firm_year",
    "follow",
    "match_loss",
    "person_cohort",
    "person_quarter",
    "person_quarter_by_year",
]
