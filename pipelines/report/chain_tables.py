"""Effect chains: for every type, what was promised, what happened, and what of it would not have come anyway.

Belongs here: the tables of `chain.result`. Gross and net never share a column.
"""

from pipelines.report.blocks import Head, beside, missing, row, section, table
from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element
from pipelines.report.numbers import MILLION, amount, interval, percent
from pipelines.report.results import meanings
from pipelines.report.wording import LINKS, UNITS, name, say


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
    first = beside(link[f"name_{language}"], f"{name(LINKS, link['link'], language)} · {name(UNITS, link['measure_unit'], language)}")
    return row(
        heads, first,
        _figure(link, "target", "no_target", language),
        _figure(link, "achieved", "not_measured", language),
        _net(link, language),
        element("span", found.label("statuses", link["status"]), class_=f"mark {link['status']}"),
    )


def _figure(link: Row, column: str, why: str, language: str) -> object:
    return missing(say(why, language)) if link[column] is None else shown(link[column], link["measure_unit"], language)


def _net(link: Row, language: str) -> Html:
    """The net effect with its interval; a count has none, and an effect that nobody may quote stands in brackets."""
    if link["net"] is None:
        return missing(say("a_count" if link["basis"] == "count" else "is_missing", language))
    figure = shown(link["net"], link["measure_unit"], language)
    ends = None if link["low"] is None else _ends(link, language)
    if link["status"] == "not_comparable":
        return beside(f"({figure})", ends and f"({ends})")
    return beside(figure, ends)


def _ends(link: Row, language: str) -> str:
    """Both ends of the interval, in the unit and with the decimals that the figure has."""
    largest = max(abs(link[end]) for end in ("net", "low", "high"))
    if link["measure_unit"] == "share":
        return interval(link["low"] * 100, link["high"] * 100, language, 1)
    if largest >= 1e6:
        return interval(link["low"] / 1e6, link["high"] / 1e6, language, 1) + MILLION[language]
    return interval(link["low"], link["high"], language)


def shown(value: float, unit: str, language: str) -> str:
    """A figure in its unit: shares as per cent, large amounts in millions."""
    return percent(value * 100, language, 1) if unit == "share" else amount(value, language)
