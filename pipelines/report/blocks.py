"""What the sections of the page share: headings, tables that fold to cards on a phone, and what stands for a missing figure.

Belongs here: form, no content. Roles are spelled out because a folded table is none to a screen reader.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.report.markup import Html, element, joined


@dataclass(frozen=True)
class Head:
    """A column: its heading, and whether it holds figures."""

    title: str
    figures: bool = False


def table(caption: object, heads: Iterable[Head], rows: Iterable[Iterable[Html]], foot: Iterable[Html] = (), class_: str = "") -> Html:
    """A table with a caption, headings of scope col, and rows of cells made by `row`."""
    heads = [
        element("th", head.title, scope="col", role="columnheader", class_="figures" if head.figures else None) for head in heads
    ]
    foot = list(foot)
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads, role="row"), role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        element("tfoot", *foot, role="rowgroup") if foot else None,
        role="table",
        class_=class_ or None,
    )


def row(heads: Iterable[Head], first: object, *cells: object, class_: str | None = None) -> Html:
    """A row that the first cell heads; every further cell carries its heading for the folded table."""
    titles = [head.title for head in heads]
    figures = ["figures" if head.figures else None for head in heads]
    made = [element("th", first, scope="row", role="rowheader")]
    for title, kind, cell in zip(titles[1:], figures[1:], cells, strict=True):
        made.append(element("td", element("span", cell, class_="value"), role="cell", class_=kind, data_label=title))
    return element("tr", *made, role="row", class_=class_)


def missing(reason: str, shown: bool = False) -> Html:
    """A dash with its reason: read aloud and on pointing, or in small print where it is not said nearby."""
    dash = element("span", "–", aria_hidden="true", title=reason)
    return element("span", dash, element("small" if shown else "span", reason, class_=None if shown else "unseen"), class_="missing")


def beside(figure: object, note: object) -> Html:
    """A figure with a small note under it."""
    return element("span", figure, element("small", note))


def section(name: str, title: str, *content: object) -> Html:
    """A part of the page under its heading, which names it for those who listen to the page."""
    return element("section", element("h2", title, id=name), joined(*content), aria_labelledby=name, class_=name)
