"""Planning a project: the section of the page where a type and a number of participants are chosen, and one plan in words.

Belongs here: how a plan is shown. Every figure is the warehouse's (`chain.plan`) or the plan's; the choice is made by style
alone, so that nothing runs on the page and a reader whose browser cannot choose sees the whole table.
"""

from collections.abc import Iterable, Mapping

from pipelines.report.blocks import Head, missing, row, section, table
from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element, joined
from pipelines.report.numbers import NO_BREAK, decimals, interval, number, percent, round_amount
from pipelines.report.wording import counted, say, years

FIRST_SHOWN = 50                     # participants; all types beside each other
MEASURABLE = {"measurable": "alone", "unmeasurable": "never_enough", "without_effect": "needless"}


def planning(found: Findings) -> Html:
    """Two choices and a table with a row a type and number of participants."""
    language = found.language
    if not found.plan:
        return section("planning", say("planning", language), element("p", say("no_plan", language)))
    after = years(found.plan[0]["horizon"], language)
    heads = (
        Head(say("type", language)),
        *(Head(say(name, language), True) for name in ("participants", "expected_net", "interval", "detectable", "power", "needed")),
        Head(say("can_be_measured", language)),
    )
    body = [_row(heads, one, language) for one in found.plan]
    notes = [say("plan_note", language)]
    if any(one["basis"] == "other_types" for one in found.plan):
        notes.append(say("plan_other_types", language))
    return section(
        "planning", say("planning", language),
        element("p", say("planning_intro", language), class_="measure"),
        _choices(found),
        table(say("plan_caption", language, years=after), heads, body, (), "folding"),
        element("p", " ".join(notes), class_="note"),
    )


def choices_style(found: Findings) -> str:
    """Rules that leave the rows of what is chosen; a browser that does not know them leaves all rows and no choice."""
    kept = [(f'[value="{name}"]', f".{name}") for name in (*_kinds(found), *(f"n-{size}" for size in _sizes(found)))]
    rules = [f".planning:has({chosen}:checked) tbody tr:not({shown}) {{ display: none; }}" for chosen, shown in kept]
    return "\n".join(["@supports not selector(:has(*)) { .chooser { display: none !important; } }", *rules]) if rules else ""


def told(plan: Mapping[str, object], language: str) -> list[str]:
    """A plan in words, a line a sentence; `plan` holds the fields of a plan and `type`, the type's name."""
    places = decimals(plan["expected_net"], plan["low"], plan["high"])
    figures = {name: number(plan[name], language, places) for name in ("expected_net", "expected_gross")}
    who = counted("participant", plan["participants"], language)
    lines = [
        say("told_title", language, type=plan["type"], participants=who, years=years(plan["horizon"], language)),
        say("told_net", language, **figures, interval=interval(plan["low"], plan["high"], language, places)),
    ]
    if plan["basis"] == "other_types":
        lines.append(say("plan_other_types", language))
    if plan["probability"] is not None:
        kind = say("gross_target" if plan["target_kind"] == "gross" else "net_target", language)
        told_target = number(plan["target"], language, decimals(plan["target"]))
        lines.append(say("told_target", language, kind=kind, target=told_target, share=_chance(plan["probability"], language)))
    lines.append(say("told_detectable", language, minimum=number(plan["minimum_detectable"], language, 2)))
    lines.append(advice(plan, language))
    if plan["cost_set"] != "none" and plan["budget_dkk"] is not None:
        lines.append(_cost(plan, language))
    return lines


def advice(plan: Mapping[str, object], language: str) -> str:
    """Whether the project can be measured, and what to do where it cannot: said, never left to a number."""
    if plan["verdict"] == "without_effect":
        return say("told_needless", language)
    effect = number(plan["effect"], language, 2)
    if plan["verdict"] == "unmeasurable":
        return say("told_unmeasurable", language, effect=effect)
    words = {"effect": effect, "power": _chance(plan["power"], language), "needed": counted("participant", plan["participants_needed"], language)}
    if plan["verdict"] == "measurable":
        return say("told_measurable", language, **words)
    return say("told_pool", language, **words, projects=number(plan["pooled_projects"], language))


def told_start(columns: list[Mapping[str, object]], left_out: Iterable[str], draft: str | None, language: str) -> list[str]:
    """What to collect from the first day, and where the draft of the effect chain lies, in words."""
    by_delivery: dict[str, list[str]] = {}
    for one in columns:
        name = one["heading"] if language == "da" else one["column"]
        by_delivery.setdefault(one["delivery"], []).append(f"{name}{'*' if one['required'] else ''}")
    listed = "; ".join(f"{delivery}: {', '.join(names)}" for delivery, names in by_delivery.items())
    lines = [say("told_collect", language, columns=listed)]
    if draft is not None:
        lines.append(say("told_draft", language, file=draft))
        if left_out:
            lines.append(say("told_left_out", language, indicators=", ".join(left_out)))
    return lines


def _cost(plan: Mapping[str, object], language: str) -> str:
    ends = {end: number(round_amount(plan[f"cost_{end}"] or 0), language) for end in ("low", "high")}
    cost = say(f"cost_{plan['cost_set']}", language, **ends)
    words = "told_budget" if plan["budget_given"] else "told_past_support"
    return say(words, language, budget=number(round_amount(plan["budget_dkk"]), language), cost=cost)


def _chance(share: float, language: str) -> str:
    """A probability in percent that is never told as certain."""
    if 0.01 <= share <= 0.99:
        return percent(100 * share, language)
    return say("nearly", language, share=percent(99, language)) if share > 0.5 else say("hardly", language, share=percent(1, language))


def _row(heads: tuple[Head, ...], one: Row, language: str) -> Html:
    places = decimals(one["expected_net"], one["low"], one["high"])
    needed = one["participants_needed"]
    small = one["power"] is None
    return row(
        heads, one["type"], number(one["participants"], language), number(one["expected_net"], language, places),
        interval(one["low"], one["high"], language, places).replace(" ", NO_BREAK), number(one["minimum_detectable"], language, 2),
        missing(say("is_missing", language)) if small else _chance(one["power"], language),
        missing(say("never_enough", language)) if needed is None else number(needed, language),
        _measurable(one, language), class_=f"{one['initiative_type']} n-{one['participants']}",
    )


def _measurable(one: Row, language: str) -> str:
    if one["verdict"] == "pool":
        return say("together", language, projects=number(one["pooled_projects"], language))
    return say(MEASURABLE[one["verdict"]], language)


def _choices(found: Findings) -> Html:
    language = found.language
    sizes = [(f"n-{size}", number(size, language)) for size in _sizes(found)]
    shown = f"n-{FIRST_SHOWN}" if FIRST_SHOWN in _sizes(found) else ""
    kinds = _select("plan-type", say("type", language), [("", say("every_type", language)), *_kinds(found).items()], "")
    numbers = _select("plan-size", say("participants", language), [("", say("every_size", language)), *sizes], shown)
    return element("div", kinds, numbers, class_="chooser")


def _select(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> Html:
    made = [element("option", words, value=value, selected=value == chosen) for value, words in options]
    return element("label", element("span", label), element("select", joined(*made), id=name, autocomplete="off"), for_=name)


def _kinds(found: Findings) -> dict[str, str]:
    """Types with a plan, in the order of their names."""
    return {one["initiative_type"]: one["type"] for one in found.plan}


def _sizes(found: Findings) -> list[int]:
    return sorted({one["participants"] for one in found.plan})
