"""Adults by quarter: work, hours, wage and what they are matched on. Who died or left has no row: missing, not 0."""

import ibis
import ibis.expr.datatypes as dt

from pipelines.panel.joins import left_join

MONEY = dt.Decimal(18, 2)
HOURS = dt.Decimal(12, 2)
ADULT, RETIRED = 16, 67


def person_quarter_by_year(
    population: ibis.Table, employment: ibis.Table, education: ibis.Table, prices: ibis.Table
) -> list[ibis.Table]:
    """`panel.person_quarter` as one table a year of the population, which asks the memory of a year only."""
    told = population.select(year=(population.period // 4).cast("int32")).distinct().order_by("year")
    return [
        person_quarter(
            *(table.filter(table.period.between(4 * year, 4 * year + 3)) for table in (population, employment)),
            education.filter(education.year.between(year - 1, year)), prices,
        )
        for year in told.to_pyarrow()["year"].to_pylist()
    ]


def person_quarter(
    population: ibis.Table, employment: ibis.Table, education: ibis.Table, prices: ibis.Table
) -> ibis.Table:
    """`panel.person_quarter`: residents of 16–66 years by quarter; joins are left, one to one, and keep every row.

    `population`, `employment`, `education` are the `register.` tables; education is that of the last September before.
    A quarter that BFL does not cover has no row: without it nobody's work is known.
    """
    population = population.semi_join(employment, ["period"])
    year = (population.period // 4).cast("int32")
    age = (year - population.born.year()).cast("int32")
    adults = population.mutate(
        year=year, quarter=(population.period % 4 + 1).cast("int32"), age=age,
        school_year=(population.period % 4 == 3).ifelse(year, year - 1),
    ).filter((age >= ADULT) & (age < RETIRED))
    worked = left_join(adults, employment.drop("employer"), ["person", "period"])
    completed = education.select("person", "education_group", school_year="year")
    schooled = left_join(worked, completed, ["person", "school_year"])
    priced = left_join(schooled, prices.select("year", "index"), ["year"])
    return priced.select(
        "person", "period", "year", "quarter",
        employed=priced.paid_hours.fill_null(0) > 0,
        paid_hours=priced.paid_hours.fill_null(0).cast(HOURS),
        wage=(priced.wage_dkk.fill_null(0).cast("float64") * 100.0 / priced["index"]).round(2).cast(MONEY),
        age=priced.age, sex=priced.sex,
        education=priced.education_group.fill_null("unknown"), municipality=priced.municipality, region=priced.region,
    )
