"""The rules of a contract as SQL predicates, and one scan that counts who breaks them.

What a rule says belongs here, once, for every engine; which rules a table has follows from its contract.
"""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A named rule: not_null, in_codes, allowed, between or unique. `sql` is a predicate, true for a violating row.

    Uniqueness of the keys concerns all rows at once: it has neither column nor sql.
    """

    name: str
    column: str | None
    sql: str | None


def column_rules(column, listed: tuple[str, ...]) -> list[Rule]:
    """The rules of one contract column; `listed` are the values of its code table, if it has one."""
    name = quoted(column.name)
    missing, present = f"{name} IS NULL", f"{name} IS NOT NULL"
    if column.physical == "DOUBLE":  # in SQL NaN is a value, larger than any other; here it is a missing one
        missing, present = f"({missing} OR isnan({name}))", f"{present} AND NOT isnan({name})"
    found = [Rule("not_null", column.name, missing)] if column.required else []
    for rule, values in (("in_codes", listed), ("allowed", column.allowed)):
        if values:
            among = ", ".join(_literal(value) for value in values)
            found.append(Rule(rule, column.name, f"{present} AND NOT list_contains([{among}], {name})"))
    bounds = [(f"{name} < ", column.minimum), (f"{name} > ", column.maximum)]
    outside = " OR ".join(comparison + _literal(bound) for comparison, bound in bounds if bound is not None)
    if outside:
        found.append(Rule("between", column.name, f"{present} AND ({outside})"))
    return found


def violations(rules: tuple[Rule, ...], keys: tuple[str, ...], table) -> dict[Rule, int]:
    """How many rows break each rule: one DuckDB scan, and one grouping for `unique`.

    `table` is an Arrow table or a pyarrow Dataset. Rows whose keys are all missing do not count as repeated.
    """
    import duckdb

    if not rules:
        return {}
    with duckdb.connect() as connection:
        connection.register("checked", table)
        counts = connection.sql(counting(rules, keys, "checked")).fetchone()
    return dict(zip(rules, counts, strict=True))


def counting(rules: tuple[Rule, ...], keys: tuple[str, ...], source: str) -> str:
    """The query whose one row holds the violations of each rule, of a table that SQL knows as `source`."""
    counted = [f"count(*) FILTER (WHERE {rule.sql})" if rule.sql else _repeated(keys, source) for rule in rules]
    return f"SELECT {', '.join(counted)} FROM {source}"  # noqa: S608 (names from contracts)


def _repeated(keys: tuple[str, ...], source: str) -> str:
    names = ", ".join(quoted(key) for key in keys)
    some = " OR ".join(f"{quoted(key)} IS NOT NULL" for key in keys)
    groups = f"SELECT count(*) AS n FROM {source} WHERE {some} GROUP BY {names} HAVING count(*) > 1"  # noqa: S608
    return f"(SELECT coalesce(sum(n), 0)::BIGINT FROM ({groups}))"  # noqa: S608


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(words: str) -> str:
    """Words as an SQL string."""
    return "'" + words.replace("'", "''") + "'"


def _literal(value: str | float | dt.date) -> str:
    if isinstance(value, str):
        return text(value)
    return f"DATE '{value.isoformat()}'" if isinstance(value, dt.date) else str(value)
