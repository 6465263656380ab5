"""The page of a release: one file without anything from outside, a page a language, the same bytes for the same warehouse.

Belongs here: the order of the sections and the writing of the file. What a section says is its own module's.
"""

from pathlib import Path

from pipelines.report.answer import answer, masthead
from pipelines.report.chain_tables import chains
from pipelines.report.closing import behind, limits
from pipelines.report.findings import LANGUAGES, Findings, read
from pipelines.report.markup import Html, element
from pipelines.report.picture import picture
from pipelines.report.places import FILES, VALIDATION
from pipelines.report.planning import choices_style, planning
from pipelines.report.results import persons, results
from pipelines.report.style import STYLE
from pipelines.report.wording import say


def render(warehouse: Path, directory: Path, language: str = "da", release: str | None = None) -> Path:
    """Write the page of a warehouse in one language into a directory that exists; the path of the page.

    `release` is the name by which the page calls the release. The page shows neither a unit nor a clock reading.
    Raises ValueError for a language other than "da" and "en".
    """
    found = read(warehouse, language)
    page = directory / FILES[language]
    page.write_text(f"<!doctype html>\n{document(found, release)}\n", encoding="utf-8")
    return page


def document(found: Findings, release: str | None) -> Html:
    """The whole page as markup."""
    language = found.language
    other = next(one for one in LANGUAGES if one != language)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light"),
        element("title", say("title", language)),
        element("link", rel="alternate", hreflang=other, href=FILES[other]),
        element("style", Html(f"{STYLE}\n{choices_style(found)}")),
    )
    main = element(
        "main", answer(found), results(found), picture(found), persons(found), chains(found), planning(found), limits(found),
        behind(found, release, VALIDATION[language]),
    )
    return element("html", head, element("body", masthead(found, release, FILES[other]), main), lang=language)
