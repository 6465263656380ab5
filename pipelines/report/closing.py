"""The end of the page: what the numbers do not say, and what they rest on.

Belongs here: limits in words and the accounts of rows and participants. Nothing here qualifies one type alone.
"""

from pipelines.report.blocks import Head, row, section, table
from pipelines.report.findings import Findings
from pipelines.report.markup import Html, element
from pipelines.report.numbers import day, number, percent
from pipelines.report.wording import REASONS, name, say

LIMITS = ("limit_support", "limit_direct", "limit_few", "limit_year", "limit_cost", "limit_targets")


def limits(found: Findings) -> Html:
    """What a reader must not take from the page."""
    which = (*LIMITS, "limit_synthetic") if found.run.get("synthetic") else LIMITS
    items = [element("li", say(limit, found.language)) for limit in which]
    return section("limits", say("limits", found.language), element("ul", *items))


def behind(found: Findings, release: str | None, validation: str) -> Html:
    """As-of date, release, method, rows read, accepted and quarantined, how many participants were compared, and the way
    to the page `validation`."""
    language, account = found.language, found.account
    as_of = found.run.get("as_of")
    rows = {key: number(account[key], language) for key in ("accepted", "quarantined")}
    told = {
        "as_of": day(as_of, language) if as_of else None,
        "release": element("code", release) if release else None,
        "version": found.run.get("version"),
        "method": say("method_told", language),
        "deliveries": number(account["deliveries"], language),
        "rows": say("rows_told", language, read=number(account["rows_read"], language), **rows),
        "matched_companies": _matched(found, "company"),
        "matched_persons": _matched(found, "person"),
        "validation": element("a", say("validation_link", language), href=validation),
    }
    pairs = [
        element("div", element("dt", say(term, language)), element("dd", words)) for term, words in told.items() if words is not None
    ]
    tables = element("div", _quarantine(found), _lost(found), class_="accounts")
    return section("behind", say("behind", language), element("dl", *pairs, class_="facts"), tables)


def _matched(found: Findings, unit: str) -> str | None:
    """How many of the participants have somebody to be compared with; None where nobody of the kind took part."""
    language = found.language
    everyone = sum(one["n"] for one in found.support if one["unit"] == unit)
    matched = sum(one["n"] for one in found.support if one["unit"] == unit and one["reason"] == "matched")
    if not everyone:
        return None
    figures = {"matched": number(matched, language), "all": number(everyone, language)}
    return say("matched_told", language, share=percent(100 * matched / everyone, language, 1), **figures)


def _quarantine(found: Findings) -> Html:
    """Rows in quarantine by the rule they broke."""
    language = found.language
    if not found.quarantine:
        return element("div", element("h3", say("quarantine", language)), element("p", say("quarantine_none", language)))
    heads = (Head(say("rule", language)), Head(say("rows", language), True))
    body = [
        row(heads, found.label("quarantine_rules", one["rule"], "reason"), number(one["n"], language)) for one in found.quarantine
    ]
    note = element("p", say("quarantine_note", language), class_="note")
    return element("div", table(element("strong", say("quarantine", language)), heads, body, (), "narrow"), note)


def _lost(found: Findings) -> Html:
    """Participants that nobody could be compared with, by reason."""
    language = found.language
    lost = [one for one in found.support if one["reason"] != "matched"]
    if not lost:
        return element("div", element("h3", say("lost", language)), element("p", say("lost_none", language)))
    heads = (Head(say("rule", language)), Head(say("count", language), True))
    body = [
        row(heads, _reason(one["unit"], one["reason"], language), number(one["n"], language)) for one in lost
    ]
    return element("div", table(element("strong", say("lost", language)), heads, body, (), "narrow"))


def _reason(unit: str, reason: str, language: str) -> str:
    words = f"{say(f'unit_{unit}', language)}: {name(REASONS, reason, language)}"
    return words[0].upper() + words[1:]
