"""What decision makers read: the page of a release in Danish and English, and the result table at a terminal.

Belongs here: words, tables and a picture of figures that lie in the warehouse. Nothing is estimated here, and nothing
that names a unit is read.
"""

from pipelines.report.page import render
from pipelines.report.places import FILES, VALIDATION
from pipelines.report.validation import render_validation

__all__ = ["FILES", "VALIDATION", "render", "render_validation"]
