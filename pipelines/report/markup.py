"""HTML whose text is escaped by construction: what is not markup already cannot become markup.

Belongs here: elements and escaping. What stands on the page does not.
"""

from html import escape

VOID = frozenset({"meta", "link"})


class Html(str):
    """Text that is markup already; every other text is escaped when it is put into an element."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Html:
    """`<name …>content</name>`. An attribute's underscores are hyphens, a trailing one is dropped (`class_`); None and
    False leave it out, True gives it no value."""
    shown = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return Html(f"<{name}{shown}>" if name in VOID else f"<{name}{shown}>{joined(*content)}</{name}>")


def joined(*content: object) -> Html:
    """Pieces one after another: markup as it is, everything else escaped, None as nothing."""
    return Html("".join(piece if isinstance(piece, Html) else escape(str(piece)) for piece in content if piece is not None))


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
