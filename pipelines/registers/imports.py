"""Extracts become tables with the project's own names: firms by year, employment by firm and by person, VAT, population."""

import ibis
import ibis.expr.datatypes as dt

MONEY = dt.Decimal(18, 2)
HOURS = dt.Decimal(12, 2)
HALF_YEAR = 6                        # months
REFORM = 2007                        # of municipalities


def import_firm(firm: ibis.Table, merged: ibis.Table | None = None) -> ibis.Table:
    """Register FIRM as `register.firm`: one row a company and year; money as published (current prices, DKK).

    `merged` is the code table `municipalities_before_2007`: before the reform of that year each seat lies in the
    municipality that its own became part of (left join, many to one); a code that it does not list stays.
    """
    if merged is not None:
        became = merged.select(JUR_BEL_KOM_KODE="old_municipality", became="municipality")
        joined = firm.left_join(became, "JUR_BEL_KOM_KODE").drop("JUR_BEL_KOM_KODE_right")
        before = (joined.year < REFORM) & joined.became.notnull()
        firm = joined.mutate(JUR_BEL_KOM_KODE=before.ifelse(joined.became, joined.JUR_BEL_KOM_KODE))
    return firm.select(
        company=firm.CVRNR, year=firm.year, fte=firm.GF_AARSV, headcount=firm.GF_ANSATTE,
        turnover_dkk=firm.GF_OMS, value_added_dkk=firm.GF_VTV, exports_dkk=firm.GF_EKSP, wages_dkk=firm.GF_LGAGMV,
        industry=firm.GF_BRANCHE, legal_form=firm.JUR_VIRK_FORM, sector_code=firm.JUR_SEKTORKODE,
        municipality=firm.JUR_BEL_KOM_KODE, region=firm.JUR_BEL_REGION_KODE,
        born=firm.JUR_FRA_DATO, closed=firm.JUR_TIL_DATO,
    )


def import_firm_employment(bfl: ibis.Table) -> ibis.Table:
    """Register BFL by employer and year of the job's start: exact sum of paid hours, number of persons, broad wages."""
    jobs = bfl.filter(bfl.AJO_CVR_NR_FRA_PROD_JOB.notnull())
    return (
        jobs.group_by(company=jobs.AJO_CVR_NR_FRA_PROD_JOB, year=jobs.AJO_JOB_START_DATO.year().cast("int32"))
        .agg(
            paid_hours=jobs.AJO_LOENTIMER.sum().cast(MONEY),
            jobs=jobs.PNR.nunique().cast("int32"),
            wages_dkk=jobs.AJO_BREDT_LOENBELOEB.sum().cast(MONEY),
        )
    )


def import_person_employment(bfl: ibis.Table) -> ibis.Table:
    """Register BFL by person and quarter: paid hours, broad wage, employer with most hours (ties to the lower key)."""
    started = bfl.AJO_JOB_START_DATO
    by_employer = bfl.group_by(
        person=bfl.PNR, period=(started.year() * 4 + started.quarter() - 1).cast("int32"),
        employer=bfl.AJO_CVR_NR_FRA_PROD_JOB,
    ).agg(hours=bfl.AJO_LOENTIMER.sum(), wage=bfl.AJO_BREDT_LOENBELOEB.sum())
    rank = ibis.struct({"fewest": -by_employer.hours, "employer": by_employer.employer})
    return by_employer.group_by("person", "period").agg(
        paid_hours=by_employer.hours.sum().cast(HOURS),
        wage_dkk=by_employer.wage.sum().cast(MONEY),
        employer=by_employer.employer.argmin(rank),
    )


def import_population(bef: ibis.Table) -> ibis.Table:
    """Register BEF: one row a resident and quarter."""
    return bef.select(
        person=bef.PNR, period=(bef.year * 4 + (bef.month - 1) // 3).cast("int32"), born=bef.FOED_DAG, sex=bef.KOEN,
        municipality=bef.KOM, region=bef.REG, civil_status=bef.CIVST, origin=bef.IE_TYPE,
    )


def import_education(udda: ibis.Table, groups: ibis.Table) -> ibis.Table:
    """Register UDDA with the group that each highest completed education belongs to.

    `groups` is the code table `education_groups`: one range hfaudd_from … hfaudd_to a group; many codes to one group.
    """
    level = udda.HFAUDD.substr(0, 2)
    joined = udda.left_join(groups, [level >= groups.hfaudd_from, level <= groups.hfaudd_to])
    return joined.select(
        person=udda.PNR, year=udda.year, education=udda.HFAUDD,
        education_group=joined.education_group.fill_null("unknown"),
    )


def import_vat(fiks: ibis.Table) -> ibis.Table:
    """Register FIKS as `register.vat_half_year`: a company's sales by half-year (year × 2 + half − 1), exact, DKK.

    Firms below 5 M DKK file by half-year and the register spreads what they file to months, so months and quarters would
    tell of a change before it came. A half-year of which the register does not hold all six months has no row; sales
    are missing where a month's are.
    """
    month = fiks.PERIODE_MD.cast("int32")
    half_year = (fiks.PERIODE_AAR.cast("int32") * 2 + (month - 1) // 6).cast("int32")
    filed = fiks.select(company=fiks.CVRNR, half_year=half_year, month=month, sales=fiks.SALG_IALT)
    filed = filed.filter(filed.company.notnull())
    months = filed.group_by("half_year").agg(months=filed.month.nunique())
    whole = filed.semi_join(months.filter(months.months == HALF_YEAR), "half_year")
    sales = whole.sales.isnull().any().ifelse(ibis.null(MONEY), whole.sales.sum().cast(MONEY))
    return whole.group_by("company", "half_year").agg(sales_dkk=sales)


def import_firm_quarter(bfl: ibis.Table) -> ibis.Table:
    """Register BFL by employer and quarter (year × 4 + quarter − 1) of the job's start: hours, persons, broad wages."""
    jobs = bfl.filter(bfl.AJO_CVR_NR_FRA_PROD_JOB.notnull())
    started = jobs.AJO_JOB_START_DATO
    rows = jobs.mutate(quarter=(started.year() * 4 + started.quarter() - 1).cast("int32"))
    return rows.group_by(company=rows.AJO_CVR_NR_FRA_PROD_JOB, quarter=rows.quarter).agg(
        paid_hours=rows.AJO_LOENTIMER.sum().cast(MONEY),
        heads=rows.PNR.nunique().cast("int32"),
        wages_dkk=rows.AJO_BREDT_LOENBELOEB.sum().cast(MONEY),
    )
