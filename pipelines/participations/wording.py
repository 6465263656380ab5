"""What an operator is told of a file, in Danish or English: why it is refused, which rows would be quarantined, and how
each is mended.

Words come from the code tables `quarantine_rules` and `refusals`; nothing is judged here, and no cell is seen.
"""

import re
from functools import cache

import pyarrow as pa

from pipelines.participations.receipts import Receipt
from schemas.contract import Contract, codes, load

LANGUAGES = ("da", "en")
SHOWN = 12  # spans of rows that a person is shown of a group
WORDS = {
    "refused": ("Afvist: {reason}", "Refused: {reason}"),
    "taken": (
        "{read} rækker læst: {accepted} kan godkendes, {quarantined} ville komme i karantæne",
        "{read} rows read: {accepted} can be accepted, {quarantined} would be quarantined",
    ),
    "empty": ("Filen har overskrifter, men ingen rækker", "The file has headers but no rows"),
    "group": ("{rows} · {column} · {rule}", "{rows} · {column} · {rule}"),
    "whole_row": ("hele rækken", "the whole row"),
    "count": (("1 række", "{n} rækker"), ("1 row", "{n} rows")),
    "where": (("række {spans}", "rækker {spans}"), ("row {spans}", "rows {spans}")),
    "more": (" og {n} andre (alle med --json)", " and {n} others (all with --json)"),
    "mend": ("Sådan rettes det: {mend}", "How to mend it: {mend}"),
    "warning": (
        "Advarsel, ingen fejl: rækkerne venter, til det indsendes, de henviser til.",
        "A warning, no error: the rows wait until what they refer to is delivered.",
    ),
    "nothing_stored": ("Intet er gemt.", "Nothing was stored."),
}


def explained(findings: pa.Table, language: str) -> list[dict[str, object]]:
    """Each finding (row, rule, column) with its `reason` and how to `mend` it."""
    said = _rules(language)
    return [found | dict(zip(("reason", "mend"), said[found["rule"]], strict=True)) for found in findings.to_pylist()]


def report(receipt: Receipt, language: str) -> list[str]:
    """The lines of `effekt check`: the outcome, then a paragraph for each rule and column, the most rows first; of
    each the first rows and how to mend them. The same length whether ten rows break a rule or ten thousand."""
    contract = load(f"deliveries.{receipt.kind}")
    if receipt.status == "refused":
        return [_say("refused", language, reason=refusal(receipt.reason, language, contract))]
    counts = {name: number(getattr(receipt, name), language) for name in ("read", "accepted", "quarantined")}
    lines = [_say(receipt.status, language, **counts)]
    for rule, column, rows in _groups(receipt.findings):
        lines += ["", *_paragraph(rule, column, rows, contract, language)]
    for rule, column, rows in _groups(receipt.waiting):
        lines += ["", *_paragraph(rule, column, rows, contract, language), f"  {_say('warning', language)}"]
    return [*lines, "", _say("nothing_stored", language)]


def refusal(reason: str, language: str, contract: Contract | None = None) -> str:
    """The sentence of a refusal in that language; where no translation is listed, as it was raised. The columns that a
    Danish sentence names are called by their Danish headers."""
    if language == "en":
        return reason
    for sentence, danish in _refusals():
        if found := sentence.fullmatch(reason):
            return danish.format(*(_labels(place, contract) for place in found.groups()))
    return reason


def number(count: int, language: str) -> str:
    """A count with the separators of the language."""
    return f"{count:,}".replace(",", ".") if language == "da" else f"{count:,}"


def spans(rows: list[int], language: str) -> str:
    """Rows in order as a person lists them: 3, 7–9, 12; of many the first, and how many others there are."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    shown = [f"{low}" if low == high else f"{low}–{high}" for low, high in found[:SHOWN]]
    others = sum(high - low + 1 for low, high in found[SHOWN:])
    listed = _say("where", language)[len(rows) > 1].format(spans=", ".join(shown))
    return listed + (_say("more", language, n=number(others, language)) if others else "")


def _say(words: str, language: str, **places: object):
    said = WORDS[words][LANGUAGES.index(language)]
    return said.format(**places) if places else said


def _groups(findings: pa.Table | None) -> list[tuple[str, str | None, list[int]]]:
    """Rule, column and rows, the largest group first, ties by name."""
    if findings is None or not findings.num_rows:
        return []
    grouped = findings.group_by(["rule", "column"]).aggregate([("row", "list")]).to_pylist()
    found = [(one["rule"], one["column"], sorted(one["row_list"])) for one in grouped]
    return sorted(found, key=lambda one: (-len(one[2]), one[0], one[1] or ""))


def _paragraph(rule: str, column: str | None, rows: list[int], contract: Contract, language: str) -> list[str]:
    named = _say("whole_row", language) if column is None else _header(contract, column, language)
    count = _say("count", language)[len(rows) > 1].format(n=number(len(rows), language))
    reason, mend = _rules(language)[rule]
    return [
        _say("group", language, rows=count, column=named, rule=rule), f"  {spans(rows, language)}",
        f"  {reason}", f"  {_say('mend', language, mend=mend)}",
    ]


def _header(contract: Contract, column: str, language: str) -> str:
    return contract.column(column).label if language == "da" else column


@cache
def _rules(language: str) -> dict[str, tuple[str, str]]:
    rows = codes("quarantine_rules").to_pylist()
    return {row["rule"]: (row[f"reason_{language}"], row[f"mend_{language}"]) for row in rows}


@cache
def _refusals() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of the English sentences, with the Danish ones; {0} stands for a count, a position or names."""
    rows = codes("refusals").to_pylist()
    return [(re.compile(re.sub(r"\\{\d\\}", "(.+?)", re.escape(row["sentence_en"]))), row["sentence_da"]) for row in rows]


def _labels(place: str, contract: Contract | None) -> str:
    """Names of columns, or of the delivery, by their Danish labels; anything else as it is."""
    if contract is None:
        return place
    if place == contract.name.removeprefix("deliveries."):
        return f"»{contract.label}«"
    known = {column.name: column.label for column in contract.columns}
    names = place.split(", ")
    return ", ".join(f"»{known[name]}«" for name in names) if set(names) <= known.keys() else place
