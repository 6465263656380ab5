"""Companies within the year: VAT turnover by half-year, employment in BFL by quarter.

Never spliced with the yearly outcomes of FIRM inside one company's window. Which firms live is the yearly panel's.
"""

import ibis
import ibis.expr.datatypes as dt

from pipelines.panel.boundary import follow, sum_members
from pipelines.panel.joins import left_join

MONEY = dt.Decimal(18, 2)
FTE = dt.Decimal(12, 4)
CENTIHOURS_OF_A_QUARTER = 48_099     # 160.33 hours × 3 months × 100


def firm_half_year(
    vat: ibis.Table, firm_year: ibis.Table, prices: ibis.Table, succession: ibis.Table | None = None
) -> ibis.Table:
    """`panel.firm_half_year`: every half-year that VAT covers, for each company of the panel that ever filed any.

    `vat` is `register.vat_half_year`, `firm_year` `panel.firm_year` made with the same `succession`. Columns: company,
    half_year (year × 2 + half − 1), year, half, alive (in the year), turnover_vat: DKK in fixed prices, 0 after closing
    unless something was filed, missing for the living without a filing.
    """
    filed = sum_members(vat, ["half_year"], ["sales_dkk"], succession)
    rows = _spread(filed, "half_year", firm_year, 2)
    rows = left_join(rows, prices.select("year", "index"), ["year"])
    return rows.select(
        "company", "half_year", "year", half=(rows.half_year % 2 + 1).cast("int32"), alive=rows.alive,
        turnover_vat=_closed_is_zero(rows, _fixed(rows.sales_dkk, rows["index"])),
    )


def firm_quarter(
    quarters: ibis.Table, firm_year: ibis.Table, prices: ibis.Table, succession: ibis.Table | None = None
) -> ibis.Table:
    """`panel.firm_quarter`: every quarter that BFL covers, for each company of the panel that ever had a job there.

    `quarters` is `register.firm_quarter`. Columns: company, quarter (year × 4 + quarter − 1), year, alive (in the year),
    paid_hours, fte_bfl (hours / (160.33 × 3), to the nearest ten-thousandth), heads, wages (DKK, fixed prices); 0 after
    closing, missing for the living without a job. Persons cannot be summed over numbers: heads are missing in a quarter
    in which two numbers of one company had jobs.
    """
    jobs = sum_members(quarters, ["quarter"], ["paid_hours", "wages_dkk"], succession)
    rows = _spread(jobs, "quarter", firm_year, 4)
    rows = left_join(rows, _heads(quarters, succession), ["company", "quarter"])
    rows = left_join(rows, prices.select("year", "index"), ["year"])
    hours = _closed_is_zero(rows, rows.paid_hours)
    no_heads = (~rows.alive & rows.paid_hours.isnull()).ifelse(ibis.literal(0, "int32"), rows.heads)
    return rows.select(
        "company", "quarter", "year", "alive", paid_hours=hours, fte_bfl=full_time(hours), heads=no_heads,
        wages=_closed_is_zero(rows, _fixed(rows.wages_dkk, rows["index"])),
    )


def full_time(hours: ibis.Column) -> ibis.Value:
    """Hours of a quarter as full-time equivalents, four decimals. Both operands are integers, and 48,099 is odd: no tie
    and no rounding before the last."""
    centi = (hours * 100).cast("int64").cast("float64")
    return (centi / CENTIHOURS_OF_A_QUARTER).round(4).cast(FTE)


def _spread(found: ibis.Table, period: str, firm_year: ibis.Table, of_a_year: int) -> ibis.Table:
    """Every period that `found` covers in every year of a company's panel, if the company is in `found` at all."""
    covered = found.select(period).distinct()
    covered = covered.mutate(year=(covered[period] // of_a_year).cast("int32"))
    firms = firm_year.select("company", "year", "alive").semi_join(found, "company")
    return left_join(firms.inner_join(covered, "year"), found, ["company", period])


def _heads(quarters: ibis.Table, succession: ibis.Table | None) -> ibis.Table:
    rows = follow(quarters.select("company", "quarter", "heads"), succession)
    only = (rows.count() == 1).ifelse(rows.heads.min(), ibis.null("int32"))
    return rows.group_by(["company", "quarter"]).agg(heads=only.cast("int32"))


def _fixed(amount: ibis.Column, index: ibis.Column) -> ibis.Value:
    return (amount.cast("float64") * 100.0 / index).round(2).cast(MONEY)


def _closed_is_zero(rows: ibis.Table, amount: ibis.Value) -> ibis.Value:
    nothing = ibis.literal(0).cast(MONEY)
    return ibis.coalesce(amount, rows.alive.ifelse(ibis.null(MONEY), nothing))
