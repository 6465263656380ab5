"""The validation page of a release: every rule of every contract with the rows that break it, and what became of the
rows that were delivered. Counts only; one file a language, the same bytes for the same warehouse.

Belongs here: words and order. The counts are made in `kept_rules`.
"""

import datetime as dt
from pathlib import Path

from pipelines.report.answer import masthead
from pipelines.report.blocks import Head, row, section, table
from pipelines.report.kept_rules import Kept, Validation, count_kept
from pipelines.report.markup import Html, element
from pipelines.report.numbers import number
from pipelines.report.places import FILES, VALIDATION
from pipelines.report.style import STYLE
from pipelines.report.wording import counted, say
from schemas.contract import codes, load
from schemas.rules import Rule

ACCOUNTS = ("deliveries", "read", "accepted", "quarantined", "current", "superseded", "withdrawn")


def render_validation(warehouse: Path, directory: Path, language: str = "da", release: str | None = None) -> Path:
    """Write the validation page of a warehouse in one language into a directory that exists; the path of the page.

    Raises ValueError for a language other than "da" and "en".
    """
    if language not in VALIDATION:
        raise ValueError(f"the page is not written in {language}: language is one of {' and '.join(VALIDATION)}")
    page = directory / VALIDATION[language]
    page.write_text(f"<!doctype html>\n{_document(count_kept(warehouse, language), release)}\n", encoding="utf-8")
    return page


def _document(found: Validation, release: str | None) -> Html:
    language = found.language
    other = "en" if language == "da" else "da"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light"),
        element("title", f"{say('validation', language)} · {say('title', language)}"),
        element("link", rel="alternate", hreflang=other, href=VALIDATION[other]),
        element("style", Html(STYLE)),
    )
    main = element("main", _answer(found), _delivered(found), _quarantined(found), _rules(found))
    return element("html", head, element("body", masthead(found, release, VALIDATION[other]), main), lang=language)


def _answer(found: Validation) -> Html:
    language = found.language
    broken = sum(kept.broken for kept in found.tables)
    places = {
        "rules": number(sum(len(kept.violations) for kept in found.tables), language),
        "tables": number(len(found.tables), language), "broken": number(broken, language),
    }
    return element(
        "section",
        element("h1", say("validation_broken" if broken else "validation_sound", language, **places)),
        element("p", say("validation_lead", language), class_="lead"),
        element("p", element("a", say("to_report", language), href=FILES[language]), class_="note"),
        class_="answer",
    )


def _delivered(found: Validation) -> Html:
    """The accounts of all deliveries, by kind."""
    language, title = found.language, say("delivered", found.language)
    if not found.delivered:
        return section("delivered", title, element("p", say("delivered_none", language)))
    heads = (
        Head(say("kind", language)), *(Head(say(name, language), True) for name in ACCOUNTS), Head(say("adds_up", language)),
    )
    body = [
        row(heads, _kind(one["kind"], language), *(number(one[name], language) for name in ACCOUNTS), _yes(one["adds_up"], language))
        for one in found.delivered
    ]
    note = element("p", say("delivered_note", language), class_="note")
    return section("delivered", title, table(say("delivered_caption", language), heads, body), note)


def _quarantined(found: Validation) -> Html:
    """Quarantined rows by kind of delivery and reason."""
    language, title = found.language, say("why_quarantined", found.language)
    if not found.quarantined:
        return section("quarantine", title, element("p", say("quarantine_none", language)))
    reasons = {one["rule"]: one[f"reason_{language}"] for one in codes("quarantine_rules").to_pylist()}
    heads = (Head(say("rule", language)), Head(say("kind", language)), Head(say("rows", language), True))
    body = [
        row(heads, reasons.get(one["rule"], one["rule"]), _kind(one["kind"], language), number(one["n"], language))
        for one in found.quarantined
    ]
    return section("quarantine", title, table(say("quarantine_note", language), heads, body, (), "narrow"))


def _rules(found: Validation) -> Html:
    return section("rules", say("rules_by_table", found.language), *(_table(kept, found.language) for kept in found.tables))


def _table(kept: Kept, language: str) -> Html:
    """One table, folded unless a rule of it is broken."""
    outcome = say("some_broken", language, broken=number(kept.broken, language)) if kept.broken else say("all_hold", language)
    counts = {"rows": counted("row", kept.rows, language), "rules": counted("rule", len(kept.violations), language)}
    told = say("table_told", language, **counts, outcome=outcome)
    heads = (
        Head(say("column", language)), Head(say("rule_told", language)), Head(say("violations", language), True),
        Head(say("passed", language)),
    )
    body = [
        row(heads, _column(kept, rule, language), _rule(kept, rule, language), number(count, language), _yes(not count, language))
        for rule, count in kept.violations.items()
    ]
    label = kept.contract.label if language == "da" else kept.contract.name
    summary = element("summary", element("strong", label), f" · {told}")
    caption = kept.contract.name if language == "da" else kept.contract.description
    return element("details", summary, table(caption, heads, body, (), "narrow"), open=bool(kept.broken))


def _column(kept: Kept, rule: Rule, language: str) -> str:
    names = kept.contract.keys if rule.column is None else (rule.column,)
    return " × ".join(kept.contract.column(name).label if language == "da" else name for name in names)


def _rule(kept: Kept, rule: Rule, language: str) -> str:
    """The rule in words, to be read after its column."""
    if rule.column is None:
        return say("rule_unique", language)
    column = kept.contract.column(rule.column)
    if rule.name == "between":
        low, high = (_bound(bound, language) for bound in (column.minimum, column.maximum))
        form = "rule_least" if high is None else "rule_most" if low is None else "rule_between"
        return say(form, language, low=low, high=high)
    if rule.name in ("in_codes", "allowed"):
        return say(f"rule_{rule.name}", language, listed=column.codes if rule.name == "in_codes" else ", ".join(column.allowed))
    return say(f"rule_{rule.name}", language)


def _bound(bound: float | dt.date | None, language: str) -> str | None:
    if bound is None or isinstance(bound, dt.date):
        return bound and bound.isoformat()
    return number(bound, language, 0 if bound == int(bound) else 2)


def _kind(kind: str, language: str) -> str:
    return load(f"deliveries.{kind}").label if language == "da" else kind.replace("_", " ")


def _yes(passed: bool, language: str) -> str:
    return say("yes" if passed else "no", language)
