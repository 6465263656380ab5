"""The two result tables: jobs by type of initiative with what they cost, and persons in employment.

Belongs here: which figure stands in which column, and in which words. Figures of a type that cannot be compared stand
in brackets, since its verdict says that none should be quoted.
"""

from pipelines.report.blocks import Head, beside, missing, row, section, table
from pipelines.report.findings import Findings, Row
from pipelines.report.markup import Html, element, joined
from pipelines.report.numbers import NO_BREAK, decimals, interval, number, percent, round_amount, signed
from pipelines.report.wording import say, years

MONTHS_A_QUARTER = 3
JOBS = ("gross", "deadweight", "net", "net_low", "net_high")


def results(found: Findings) -> Html:
    """Jobs by type: gross, what would have come anyway, net with its interval, cost as a set, verdict with its reason."""
    language = found.language
    if found.horizon is None:
        return section("results", say("results", language), element("p", say("none_yet", language)))
    after = years(found.horizon, language)
    heads = (
        Head(say("type", language)),
        *(Head(say(name, language), True) for name in ("companies", "gross", "deadweight", "net", "interval", "cost")),
        Head(say("verdict", language)),
    )
    body = [_type_row(heads, one, found) for one in found.types]
    foot = [_total_row(heads, found)] if found.total else []
    return section(
        "results",
        say("results", language),
        table(say("results_caption", language, years=after), heads, body, foot, "folding wide"),
        element("p", say("results_note", language, years=after), _what_the_total_holds(found), class_="note"),
        meanings(found, "verdicts", [one["verdict"] for one in found.types], say("what_verdicts_mean", language)),
    )


def _type_row(heads: tuple[Head, ...], one: Row, found: Findings) -> Html:
    language = found.language
    quoted = one["verdict"] != "not_comparable"
    why = found.label("verdicts", one["verdict"]).lower() or say("not_measured", language)

    def bracketed(words: str | None) -> object:
        return missing(say("missing", language, why=why)) if words is None else words if quoted else f"({words})"

    places = decimals(*(one[name] for name in JOBS))

    def figure(name: str) -> str | None:
        return None if one[name] is None else number(one[name], language, places)

    gross = figure("gross")
    return row(
        heads, one["type"],
        number(one["companies"] or 0, language),
        missing(say("missing", language, why=why)) if gross is None else gross,
        bracketed(figure("deadweight")), bracketed(figure("net")),
        bracketed(None if one["net_low"] is None else interval(one["net_low"], one["net_high"], language, places)),
        bracketed(None if one["net"] is None else cost(one, language)),
        verdict(found, one["verdict"], explained(one, found)),
        class_="unquoted" if not quoted else None,
    )


def cost(one: Row, language: str) -> str:
    """DKK per net job as the set that the interval of net allows, in words."""
    kind = one["cost_set"] or "none"
    ends = {end: number(round_amount(one[f"cost_{end}"] or 0), language) for end in ("low", "high")}
    return say(f"cost_{kind}", language, **ends)


def verdict(found: Findings, code: str | None, note: str | None) -> Html:
    """The verdict with a mark whose shape and colour differ by verdict, and the sentence that goes with these figures."""
    name = found.label("verdicts", code) or say("not_measured", found.language)
    mark = element("span", name, class_=f"mark {code or 'none'}")
    return beside(mark, note) if note else element("span", mark)


def explained(one: Row, found: Findings) -> str | None:
    """One sentence why the verdict on FTE is what it is, from the figures it rests on."""
    language, kind = found.language, one["verdict"]
    if kind == "effect":
        return _size(one, language)
    if kind == "no_effect":
        bound = float(found.labels["outcomes"]["fte"]["no_effect_bound"])
        return say("within_bound", language, bound=number(bound, language, 1))
    if kind == "too_few_to_tell" and one["minimum_detectable"] is not None:
        return say("would_show", language, minimum=number(one["minimum_detectable"], language, 1))
    return {"not_comparable": say("do_not_quote", language), "too_early": say("no_cohort", language)}.get(kind)


def _size(one: Row, language: str) -> str:
    if one["percent"] is None or one["percent_low"] is None:
        ends = interval(one["low"], one["high"], language, 1)
        return say("effect_level", language, att=signed(one["att"], language, 1), interval=ends)
    if one["percent"] >= 0:
        ends, words = (one["percent_low"], one["percent_high"]), "effect_up"
    else:
        ends, words = (-one["percent_high"], -one["percent_low"]), "effect_down"
    unbroken = interval(*ends, language).replace(" ", NO_BREAK)
    return say(words, language, percent=percent(abs(one["percent"]), language), interval=unbroken)


def _total_row(heads: tuple[Head, ...], found: Findings) -> Html:
    total, language = found.total, found.language
    places = decimals(*(total[name] for name in JOBS))
    jobs = [
        missing(say("is_missing", language)) if total[name] is None else number(total[name], language, places)
        for name in ("gross", "deadweight", "net")
    ]
    known = total["net_low"] is not None
    ends = interval(total["net_low"], total["net_high"], language, places) if known else missing(say("is_missing", language))
    note = None
    if total["overlap"] is not None:
        sums = {"sum": number(total["sum_of_types"], language), "overlap": number(total["overlap"], language)}
        note = element("small", say("overlap", language, **sums))
    return row(
        heads, say("all_types", language), number(total["companies"], language), *jobs, ends,
        missing(say("per_type", language), shown=True), note,
    )


def _what_the_total_holds(found: Findings) -> str | None:
    """A total that includes types whose own comparison does not hold says so."""
    which = [one["type"] for one in found.types if one["verdict"] == "not_comparable"]
    if not which or not found.total:
        return None
    last = {"da": " og ", "en": " and "}[found.language]
    return " " + say("total_holds", found.language, types=last.join(filter(None, (", ".join(which[:-1]), which[-1]))))


def meanings(found: Findings, table_name: str, used: list[str | None], title: str) -> Html | None:
    """The sentences of a code table for the codes that were used, in the order of the table."""
    codes = [code for code in found.labels[table_name] if code in used]
    if not codes:
        return None
    pairs = [
        element(
            "div",
            element("dt", element("span", found.label(table_name, code), class_=f"mark {code}")),
            element("dd", found.label(table_name, code, "sentence")),
        )
        for code in codes
    ]
    return joined(element("h3", title), element("dl", *pairs, class_="meanings"))


def persons(found: Findings) -> Html:
    """Persons in employment by type at the headline horizon, with and without the course, and on the way there."""
    language = found.language
    leading = {kind: next((one for one in rows if one["headline"]), None) for kind, rows in found.persons.items()}
    shown = {kind: one for kind, one in leading.items() if one is not None}
    title = say("persons", language)
    if not shown:
        return section("persons", title, element("p", say("no_persons", language)))
    horizon = next(iter(shown.values()))["horizon"]
    earlier = sorted({one["horizon"] for kind in shown for one in found.persons[kind] if one["horizon"] < horizon})
    heads = (
        Head(say("type", language)),
        *(Head(say(name, language), True) for name in ("n_persons", "with_course", "without_course")),
        *(Head(say("points_after", language, months=time * MONTHS_A_QUARTER), True) for time in (*earlier, horizon)),
        Head(say("verdict", language)),
    )
    body = [_person_row(heads, one, earlier, found) for one in shown.values()]
    caption = say("persons_caption", language, months=horizon * MONTHS_A_QUARTER)
    note = element("p", say("persons_note", language), class_="note")
    return section("persons", title, table(caption, heads, body, (), "folding wide"), note)


def _person_row(heads: tuple[Head, ...], one: Row, earlier: list[int], found: Findings) -> Html:
    language = found.language
    before = {row["horizon"]: row for row in found.persons[one["initiative_type"]]}
    without, att = one["counterfactual_mean"], one["att"]
    known = None not in (without, att)
    shares = (percent((without + att) * 100, language, 1), percent(without * 100, language, 1)) if known else ()
    return row(
        heads, one["type"], number(one["n_treated"] or 0, language),
        *(shares or (missing(say("is_missing", language)),) * 2),
        *(points(before.get(time), language) for time in earlier),
        points(one, language),
        verdict(found, one["verdict"], None),
    )


def points(one: Row | None, language: str) -> Html:
    """A share's effect in percentage points with its interval below."""
    if one is None or one["att"] is None:
        return missing(say("is_missing", language))
    figure = signed(one["att"] * 100, language, 1)
    if one["low"] is None:
        return element("span", figure)
    return beside(figure, interval(one["low"] * 100, one["high"] * 100, language, 1))
