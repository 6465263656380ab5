"""Who of the public actors contacted which companies when, in counts: where several actors came to the same company
within a period, and whether support followed, had come before, or never came.

Only counts of companies leave; the contacts themselves are `participation.contact`.
"""

import duckdb
import pyarrow as pa

from schemas.contract import load

PERIOD = 365  # days
TOTAL = "total"
# One row a contact. Actors whose names differ in case or blanks only are one, under the spelling that sorts first.
VISITS = f"""
    visits AS (
        SELECT company, date, CASE WHEN spelled = '{TOTAL}' THEN '{TOTAL} (actor)' ELSE spelled END AS actor
        FROM (
            SELECT company, date, min(actor) OVER (
                PARTITION BY lower(regexp_replace(trim(actor), '\\s+', ' ', 'g'))
            ) AS spelled
            FROM contacts
        )
    ), follows AS (
        SELECT visits.company, visits.date, visits.actor, earlier.actor AS earlier_actor
        FROM visits JOIN visits earlier USING (company)
        WHERE earlier.actor <> visits.actor AND visits.date - earlier.date BETWEEN 0 AND $days
    )
"""  # noqa: S608 (a constant)
YEARS = f"[year(date)::VARCHAR, '{TOTAL}']"


def contact_summary(contacts: pa.Table, companies: pa.Table, days: int = PERIOD) -> pa.Table:
    """`participation.contact_summary`: by year and actor (each also "total"), how many companies were contacted, how many
    of them another actor had contacted on the same day or in the `days` before, and when their first support began.

    `contacts` as participation.contact, `companies` as participation.company. Raises ValueError for `days` below 1.
    """
    query = f"""
        WITH {VISITS}, support AS (
            SELECT company, min(start) AS began FROM companies GROUP BY company
        ), told AS (
            SELECT company, date, told_year AS year, told_actor AS actor,
                   EXISTS (FROM follows f WHERE (f.company, f.date, f.actor) = (v.company, v.date, v.actor)) AS shared
            FROM visits v, unnest({YEARS}) years(told_year), unnest([actor, '{TOTAL}']) actors(told_actor)
        ), each AS (
            SELECT year, actor, company, count(*) AS contacts, min(date) AS came, bool_or(shared) AS shared
            FROM told GROUP BY ALL
        )
        SELECT year, actor, sum(contacts)::INTEGER AS contacts, count(*)::INTEGER AS companies,
               count(*) FILTER (WHERE shared)::INTEGER AS several_actors,
               count(*) FILTER (WHERE began IS NULL)::INTEGER AS never_supported,
               count(*) FILTER (WHERE began >= came)::INTEGER AS contacted_before_support,
               count(*) FILTER (WHERE began - came BETWEEN 0 AND $days)::INTEGER AS supported_within_period,
               count(*) FILTER (WHERE began < came)::INTEGER AS contacted_after_support,
               $days::INTEGER AS period_days
        FROM each LEFT JOIN support USING (company) GROUP BY year, actor ORDER BY year, actor
    """  # noqa: S608 (constants)
    return _told("participation.contact_summary", query, days, contacts=contacts, companies=companies)


def contact_pair(contacts: pa.Table, days: int = PERIOD) -> pa.Table:
    """`participation.contact_pair`: by year (also "total"), actor and earlier actor, to how many companies the actor came
    where the earlier one had been on the same day or in the `days` before.

    Two actors on the same day are told in both directions. Raises ValueError for `days` below 1.
    """
    query = f"""
        WITH {VISITS}, told AS (
            SELECT company, date, actor, earlier_actor, unnest({YEARS}) AS year FROM (SELECT DISTINCT * FROM follows)
        )
        SELECT year, actor, earlier_actor, count(DISTINCT company)::INTEGER AS companies, count(*)::INTEGER AS contacts,
               $days::INTEGER AS period_days
        FROM told GROUP BY year, actor, earlier_actor ORDER BY year, actor, earlier_actor
    """  # noqa: S608 (constants)
    return _told("participation.contact_pair", query, days, contacts=contacts)


def _told(name: str, query: str, days: int, **tables: pa.Table) -> pa.Table:
    if days < 1:
        raise ValueError("the period between two contacts must be at least 1 day; set EFFEKT_CONTACT_DAYS")
    with duckdb.connect() as connection:
        for table, rows in tables.items():
            connection.register(table, rows)
        return load(name).conform(connection.execute(query, {"days": days}).to_arrow_table())
