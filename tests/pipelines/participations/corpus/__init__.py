"""Delivery files as they come and as they might be made to come: hostile ones and merely human ones, each made by code,
each with what must become of it."""

from tests.pipelines.participations.corpus import cells, delimited, parquets, places, workbooks
from tests.pipelines.participations.corpus.case import Case, Outcome

CASES: tuple[Case, ...] = delimited.CASES + cells.CASES + workbooks.CASES + parquets.CASES + places.CASES

__all__ = ["CASES", "Case", "Outcome"]
