"""Reads a page as a reader does: its words, its tables by row, and what a browser would load or point to."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSEEN = ("style", "title")
VOID = ("meta", "link")


@dataclass
class Page(HTMLParser):
    """Words without markup, rows of cells, the elements in order with their attributes, and elements left open."""

    source: str
    words: str = ""
    rows: list[list[str]] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self):
        HTMLParser.__init__(self)
        self.feed(self.source)
        self.words = " ".join(self.words.split())
        self.rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("p", "li", "td", "th", "dd", "dt", "h1", "h2", "h3", "small", "tr"):
            self._add(" ")

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if not set(UNSEEN) & set(self.open):
            self._add(data)

    def _add(self, text: str) -> None:
        self.words += text
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += text

    def row(self, first: str) -> list[str]:
        """The first row that begins with these words."""
        return next(row for row in self.rows if row and row[0].startswith(first))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]
