"""The top of the page: what the data are, the answer in one sentence and one paragraph, and the sum behind it.

Belongs here: choosing the words that the figures bear. The figures themselves are read, never worked out.
"""

from collections.abc import Iterable

from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element
from pipelines.report.numbers import day, interval, number
from pipelines.report.wording import counted, say, years


def masthead(found: Findings, release: str | None, other_page: str) -> Html:
    """What this is, as of when, and the way to the other language; a strip where the data are synthetic."""
    language, as_of = found.language, found.run.get("as_of")
    other = "en" if language == "da" else "da"
    link = element("a", say("other_language", language), href=other_page, hreflang=other, lang=other, rel="alternate")
    edition = None
    if as_of is not None:
        told = {"as_of": day(as_of, language), "release": release}
        edition = element("p", say("edition_of" if release else "edition", language, **told), class_="edition")
    bar = element(
        "div", element("p", say("title", language), class_="brand"), edition,
        element("nav", link, aria_label=say("languages", language)), class_="bar",
    )
    strip = element("p", say("synthetic", language), class_="strip") if found.run.get("synthetic") else None
    return element("header", bar, strip)


def answer(found: Findings) -> Html:
    """The answer: a headline, a paragraph, and gross − deadweight = net."""
    total, language = found.total, found.language
    if total is None or total["gross"] is None:
        words = (element("h1", say("headline_none", language)), element("p", say("none_yet", language), class_="lead"))
        return element("section", *words, class_="answer")
    return element(
        "section",
        element("h1", headline(total, language, weak_part(found.types))),
        element("p", paragraph(total, language, weak_part(found.types)), class_="lead"),
        the_sum(total, language),
        class_="answer",
    )


def weak_part(types: Iterable[Row]) -> int:
    """Companies in the types that must not be compared; the total counts them too."""
    return sum(one["companies"] or 0 for one in types if one["verdict"] == "not_comparable")


def headline(total: Row, language: str, weak: int = 0) -> str:
    """As much as the interval of the net effect lets one say, and nothing where most of the companies cannot be compared."""
    companies = counted("company", total["companies"], language)
    if weak > total["companies"] / 2:
        return say("headline_weak", language, companies=companies)
    if total["net_low"] is None or total["net_low"] <= 0 <= total["net_high"]:
        return say("headline_open", language, companies=companies)
    direction = "headline_up" if total["net"] > 0 else "headline_down"
    return say(direction, language, companies=companies, jobs=counted("job", abs(total["net"]), language))


def paragraph(total: Row, language: str, weak: int = 0) -> str:
    """What happened, what would have happened anyway, what is left, and why the first figure alone is none."""
    gross, deadweight = total["gross"], total["deadweight"]
    told = {
        "years": years(total["horizon"], language).capitalize(),
        "companies": counted("company", total["companies"], language),
        "gross": counted("fte", abs(gross), language),
    }
    words = say("gross_up" if gross >= 0 else "gross_down", language, **told)
    if deadweight is None or total["net_low"] is None:
        words += say("net_missing", language)
    else:
        words += _anyway(gross, deadweight, language) + _left(total, language)
    words += " " + say("why_compare", language)
    if weak:
        words += say("weak_part", language, companies=counted("company", weak, language))
    if total["n_not_estimated"]:
        words += say("not_covered", language, companies=counted("company", total["n_not_estimated"], language))
    return words


def _anyway(gross: float, deadweight: float, language: str) -> str:
    """A share of the gross change only where it is one."""
    if deadweight < 0:
        return say("deadweight_down", language, deadweight=counted("fte", -deadweight, language))
    if deadweight > gross:
        return say("deadweight_beside", language, deadweight=counted("fte", deadweight, language))
    return say("deadweight_up", language, deadweight=number(deadweight, language))


def _left(total: Row, language: str) -> str:
    sure = total["net_low"] > 0 or total["net_high"] < 0
    ends = {end: number(total[f"net_{end}"], language) for end in ("low", "high")}
    return say("net_sure" if sure else "net_open", language, net=counted("job", total["net"], language), **ends)


def the_sum(total: Row, language: str) -> Html | None:
    """The three figures of the answer as one line: gross, minus deadweight, equals net with its interval."""
    if total["deadweight"] is None or total["net_low"] is None:
        return None
    ends = interval(total["net_low"], total["net_high"], language)
    terms = (
        ("gross", total["gross"], say("gross_note", language), None),
        ("deadweight", total["deadweight"], say("deadweight_note", language), "minus"),
        ("net", total["net"], say("net_note", language, interval=ends), "equals"),
    )
    return element("dl", *(_term(*term, language) for term in terms), class_="sum", aria_label=say("sum", language))


def _term(name: str, value: float, note: str, before: str | None, language: str) -> Html:
    sign = None
    if before:
        shown = element("span", {"minus": "−", "equals": "="}[before], aria_hidden="true")
        sign = element("span", shown, element("span", say(before, language) + " ", class_="unseen"), class_="sign")
    figure = element("dd", sign, number(value, language), class_="figure")
    return element("div", element("dt", say(name, language)), figure, element("dd", note, class_="note"), class_=f"term {name}")
