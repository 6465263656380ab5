"""Effect chains: for every type, what was promised, what happened, and what of it would not have come anyway.

Belongs here: the tables of `chain.result`. Gross and net never share a column.
"""

from pipelines.report.blocks import Head, beside, missing, row, section, table
from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element
from pipelines.report.numbers import decimals, interval, number
from pipelines.report.results import meanings
from pipelines.report.wording import LINKS, UNITS, name, say, text

FIGURES = ("target", "achieved", "net", "low", "high")


def chains(found: Findings) -> Html:
    """A table a type, in the order of the types' names."""
    language, title = found.language, say("chains", found.language)
    if not found.chains:
        return section("chains", title, element("p", say("no_chains", language)))
    used = [link["status"] for links in found.chains.values() for link in links]
    return section(
        "chains",
        title,
        element("p", say("chains_intro", language), class_="measure"),
        element("div", *(_chain(links, found) for links in found.chains.values()), class_="chains-grid"),
        meanings(found, "statuses", used, say("what_statuses_mean", language)),
    )


def _chain(links: list[Row], found: Findings) -> Html:
    language = found.language
    heads = (
        Head(say("link", language)),
        *(Head(say(head, language), True) for head in ("target", "achieved", "chain_net")),
        Head(say("status", language)),
    )
    kind = links[0]
    aim = found.label("initiative_types", kind["initiative_type"], "aim")
    caption = beside(element("strong", kind["type"]), aim)
    return element("div", table(caption, heads, [_link(heads, link, found) for link in links], (), "folding"), class_="chain")


def _link(heads: tuple[Head, ...], link: Row, found: Findings) -> Html:
    language = found.language
    unit, scale, places = measure(link, language)
    place = name(LINKS, link["link"], language)

    def figure(column: str, why: str) -> object:
        return missing(say(why, language)) if link[column] is None else number(link[column] * scale, language, places)

    return row(
        heads, beside(link[f"name_{language}"], f"{place} · {unit}" if unit else place),
        figure("target", "no_target"),
        figure("achieved", "not_measured"),
        _net(link, scale, places, language),
        element("span", found.label("statuses", link["status"]), class_=f"mark {link['status']}"),
    )


def measure(link: Row, language: str) -> tuple[str, float, int]:
    """Unit of a link's figures, what they are multiplied by, and their decimals: one scale for the whole row."""
    largest = max((abs(link[column]) for column in FIGURES if link[column] is not None), default=0)
    unit = text(UNITS.get(link["measure_unit"], ("", "")), language)
    if link["measure_unit"] == "share":
        return "%", 100, 1
    if link["measure_unit"] == "DKK" and largest >= 1e6:
        return say("millions", language), 1e-6, 1 if largest < 1e8 else 0
    return unit, 1, 0 if link["basis"] == "count" else decimals(largest)


def _net(link: Row, scale: float, places: int, language: str) -> Html:
    """The net effect with its interval; a count has none, and an effect that nobody may quote stands in brackets."""
    if link["net"] is None:
        return missing(say("a_count" if link["basis"] == "count" else "is_missing", language))
    figure = number(link["net"] * scale, language, places)
    ends = None if link["low"] is None else interval(link["low"] * scale, link["high"] * scale, language, places)
    if link["status"] == "not_comparable":
        return beside(f"({figure})", ends and f"({ends})")
    return beside(figure, ends)
