"""The drawn warehouse and its two pages, made once: most tests read them."""

import pytest

from pipelines.report import render
from tests.pipelines.report.drawn import warehouse
from tests.pipelines.report.reading import Page


@pytest.fixture(scope="session")
def drawn_warehouse(tmp_path_factory):
    return warehouse(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def sources(drawn_warehouse, tmp_path_factory) -> dict[str, str]:
    """The text of each page by language."""
    place = tmp_path_factory.mktemp("report")
    pages = {language: render(drawn_warehouse, place, language, release="2015-12-31-abc") for language in ("da", "en")}
    return {language: page.read_text(encoding="utf-8") for language, page in pages.items()}


@pytest.fixture(scope="session")
def pages(sources) -> dict[str, Page]:
    return {language: Page(source) for language, source in sources.items()}
