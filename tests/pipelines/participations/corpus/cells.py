"""What people write in cells: numbers, dates, amounts, formulas, and numbers where no number belongs. In delimited files,
where every cell is text."""

import numpy as np

from tests.pipelines.identity.drawing import real_looking_cvr
from tests.pipelines.participations.corpus.case import PERSON, PERSON_HEADER, Case, each, lines, person, row, taken
from tests.pipelines.participations.drawing import CPRS, CVRS

CVR, CPR = CVRS[0], CPRS[0]  # 01000004 and 0101405000
DAYS = {  # what Danes write, and the day that they mean
    "31-12-2010": "2010-12-31",
    "1.6.2010": "2010-06-01",
    "02/06/2010": "2010-06-02",
    "3/6-2010": "2010-06-03",
    "4/6 2010": "2010-06-04",
    "5. juni 2010": "2010-06-05",
    "6.juni 2010": "2010-06-06",
    "7 JUN 2010": "2010-06-07",
    "08-jun-2010": "2010-06-08",
    "den 9. juni 2010": "2010-06-09",
    "d. 10/6-2010": "2010-06-10",
    "2010-06-11": "2010-06-11",
    "2010/06/12": "2010-06-12",
    "20100613": "2010-06-13",
    "14-06-2010 00:00:00": "2010-06-14",
    "2010-06-15T12:30:00": "2010-06-15",
    "16-06-2010 kl. 12.30": "2010-06-16",
    "29. februar 2012": "2012-02-29",
    "1. sept. 2010": "2010-09-01",
    " 17 - 06 - 2010 ": "2010-06-17",
}
NO_DAYS = ("31-02-2010", "29-02-2010", "00-01-2010", "13/13/2010", "01-05-10", "maj 2010", "2010", "i dag", "40299", "1. maj", "0000-00-00")
SUMS = {
    "1.234,50": "1234.50",
    "1234.5": "1234.50",
    "1234,5": "1234.50",
    "1.234.567,89": "1234567.89",
    "1,234.50": "1234.50",
    "1 234,50": "1234.50",
    "1\u00a0234,50": "1234.50",
    "kr. 1.234,-": "1234.00",
    "1.234,50 kr.": "1234.50",
    "DKK 1234": "1234.00",
    "1.234": "1234.00",
    "0": "0.00",
    "0,005": "0.01",
    "": None,
}
NO_SUMS = ("fem", "1,234", "1.23.456", "12,34,56", "1.234,50 EUR", "1e5", "100.000.000.000.000.000,00", "5-", "(5)", "1/2", "NaN", "٥")
HIDDEN = (  # a person's number as it turns up in texts; with only this, a row must not be stored
    f"se {CPR}",
    f"se {CPR[:6]}-{CPR[6:]}",
    f"{CPR[:6]} {CPR[6:]}",
    f"{CPR[:2]}.{CPR[2:4]}.{CPR[4:6]}-{CPR[6:]}",
    f"{CPR[:2]}-{CPR[2:4]}-2040 {CPR[6:]}",
    f"nr. {CPR[1:]}",
    " ".join(CPR),
    f"{CPR[:6]}\u2013{CPR[6:]}",
    f"{CPR[:4]}\u200b{CPR[4:]}",
    f"{CPR[:4]}\u202e{CPR[4:]}\u202c",
    "".join(chr(ord(digit) + 0xFEE0) for digit in CPR),
    "".join(chr(ord(digit) + 0x630) for digit in CPR),
    "".join(f"{digit}\ufe0f\u20e3" for digit in CPR),
    "".join(f"{digit}\u0332" for digit in CPR),
    f"firma {CVR}",
    f"DK{CVR}",
    f"CVR: {CVR[:2]} {CVR[2:4]} {CVR[4:6]} {CVR[6:]}",
)
HARMLESS = ("2 besøg i 2010", "01-05-2010 til 31-12-2010", "tilskud 1.234.567,50 kr.", "tlf. 12345670", "§ 12, stk. 3", "EAN 5790000000000", "P-2010-01")
NO_FORMULAS = ("+1+1", "-5", "@SUM(A1)", "|cmd", "'=1+1", "a=b", "\u200b- punkt")
ODD_TEXTS = ('"P1\'; DROP TABLE x;--"', "../../etc/passwd", "${HOME}", "%s%n", "{0}", "\u202eevil", "🙈", "<script>", "*", "P1\u200b")


def companies(column: str, values) -> bytes:
    return lines(*each(column, values)).encode()


def persons(column: str, values) -> bytes:
    return lines(*each(column, values, person), header=PERSON_HEADER).encode()


def real_numbers() -> bytes:
    draw = np.random.default_rng(9)
    return companies("cvr", (real_looking_cvr(draw), real_looking_cvr(draw)))


NUMBERS = (
    Case(
        "CVR numbers as people write them",
        lambda: companies("cvr", (CVR, CVR[1:], f"DK{CVR}", f"dk-{CVR}", f"{CVR[:2]} {CVR[2:4]} {CVR[4:6]} {CVR[6:]}", f"\u200f{CVR}\u00a0", f"{CVR[:4]}\u2011{CVR[4:]}")),
        taken(7, stored={"cvr": [CVR] * 7}),
    ),
    Case(
        "CPR numbers as people write them",
        lambda: persons("cpr", (CPR, CPR[1:], f"{CPR[:6]}-{CPR[6:]}", f"{CPR[:6]} {CPR[6:]}", f"{CPR[:6]}\u2013{CPR[6:]}", f" {CPR}\ufeff", f"{CPR[:6]}\u00ad{CPR[6:]}", f"{CPR[1:6]}-{CPR[6:]}")),
        taken(8, stored={"cpr": [CPR] * 8}),
        kind=PERSON,
    ),
    Case("CPR numbers that fail modulus 11", lambda: persons("cpr", ("0101405001", "0101405002", "0101405003")), taken(3), kind=PERSON),
    Case(
        "CPR numbers of nobody",
        lambda: persons("cpr", ("3102405000", "0013405000", "0001405000", "010140500", "01014050000", "x", "010140-500O", "0000000000", "1,01E+08")),
        taken(9, cpr_impossible=9),
        kind=PERSON,
    ),
    Case("replacement CPR numbers", lambda: persons("cpr", ("6101405000", "910140-5000")), taken(2, cpr_replacement=2), kind=PERSON),
    Case("a real CPR number", lambda: persons("cpr", ("010170" + "0000",)), taken(1, real_in_synthetic=1), kind=PERSON),
    Case("real CVR numbers", real_numbers, taken(2, real_in_synthetic=2)),
    Case("a wrong check digit", lambda: companies("cvr", ("01000005", "10000040", "01000014")), taken(3, cvr_check_digit=3)),
    Case(
        "CVR numbers of nothing",
        lambda: companies("cvr", ("010000", "010000040", "x", "00000000", "1,0E+06", "1000004.0", "SE01000004", f"'{CVR}")),
        taken(8, cvr_format=8),
    ),
    Case("an employer with a wrong check digit", lambda: persons("employer", (CVR, "01000005", "")), taken(3, cvr_check_digit=1, rows=(3,)), kind=PERSON),
    Case("a CPR where a CVR belongs", lambda: companies("cvr", (CPR,)), taken(1, cvr_format=1)),
    Case("a CVR where a CPR belongs", lambda: persons("cpr", (CVR,)), taken(1, cpr_impossible=1), kind=PERSON),
)
VALUES = (
    Case("dates as Danes write them", lambda: companies("end", DAYS), taken(len(DAYS), stored={"end": list(DAYS.values())})),
    Case("dates that are none", lambda: companies("end", NO_DAYS), taken(len(NO_DAYS), date_impossible=len(NO_DAYS))),
    Case("dates out of range", lambda: companies("end", ("01-01-2031", "31-12-9999")), taken(2, date_out_of_range=2)),
    Case("a start before anything began", lambda: lines(row(start="31-12-1999")).encode(), taken(1, date_out_of_range=1)),
    Case("an end before its start", lambda: companies("end", ("30-04-2010", "02-05-2010")), taken(2, end_before_start=1, rows=(2,))),
    Case("amounts as Danes write them", lambda: companies("support", SUMS), taken(len(SUMS), stored={"support_dkk": list(SUMS.values())})),
    Case("amounts that are none", lambda: companies("support", NO_SUMS), taken(len(NO_SUMS), number_impossible=len(NO_SUMS))),
    Case("negative amounts", lambda: companies("support", ("-1", "\u22125,00", "-0,001", "kr. -5")), taken(4, negative_amount=3, rows=(2, 3, 5))),
    Case("yes and no", lambda: persons("completed", ("ja", "NEJ", "x", "1", "true", "", "måske")), taken(7, unknown_code=1, rows=(8,)), kind=PERSON),
    Case(
        "cells that must be filled and are not",
        lambda: lines(row(cvr=""), row(project=" "), row(start=""), row(cvr="\u200b"), row(end="", support="")).encode(),
        taken(5, missing_value=4, rows=(2, 3, 4, 5)),
    ),
    Case("a row twice, however it is written", lambda: lines(row(), row(cvr=f"DK {CVR}", start="1. maj 2010", support="7"), row(project="P2")).encode(), taken(3, repeated_row=1, rows=(3,))),
    Case("the first of two rows is wrong", lambda: lines(row(support="-1"), row(), row()).encode(), taken(3, negative_amount=1, repeated_row=1, rows=(2, 4))),
    Case(
        "a row that breaks many rules",
        lambda: lines(row(cvr="=A1", project="", end="30-04-2010", support="x", note=CPR)).encode(),
        taken(1, quarantined=1, formula=1, missing_value=1, end_before_start=1, number_impossible=1, raw_number_in_text=1),
    ),
)
TEXTS = (
    Case("formulas", lambda: companies("note", ("=1+1", ' =HYPERLINK("http://x")', "\u200b=A1", "=")), taken(4, formula=4)),
    Case("a number behind a formula, so that Excel keeps its zero", lambda: lines(row(cvr=f'"=""{CVR}"""')).encode(), taken(1, formula=1)),
    Case("texts that only look like formulas", lambda: companies("note", NO_FORMULAS), taken(len(NO_FORMULAS))),
    Case("numbers in notes", lambda: companies("note", HIDDEN), taken(len(HIDDEN), raw_number_in_text=len(HIDDEN))),
    Case("numbers in a text that is stored", lambda: companies("activity", HIDDEN), taken(len(HIDDEN), raw_number_in_text=len(HIDDEN))),
    Case("numbers for projects", lambda: companies("project", HIDDEN), taken(len(HIDDEN), raw_number_in_text=len(HIDDEN))),
    Case("texts with harmless figures", lambda: companies("note", HARMLESS), taken(len(HARMLESS))),
    Case("names of projects that are SQL, paths and patterns", lambda: companies("project", ODD_TEXTS), taken(len(ODD_TEXTS), warnings=len(ODD_TEXTS) - 1)),
    Case("an unknown project", lambda: companies("project", ("P1", "P9", "p1")), taken(3, warnings=2)),
    Case("a number in every cell", lambda: lines([CPR] * 7).encode(), taken(1, quarantined=1, cvr_format=1, raw_number_in_text=1, date_impossible=1)),
)
CASES = NUMBERS + VALUES + TEXTS
