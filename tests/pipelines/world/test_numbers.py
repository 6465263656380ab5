"""No number can belong to anyone: CVR begins with 0, CPR is of a birth in 2038–2057. Spoiled ones are planted."""

import datetime as dt
from collections import Counter

from stdnum.dk import cvr as danish_cvr

WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 1)
COMPANY_FILE, PERSON_FILE = "company_participations", "person_participations"


def kind_of_cvr(cell: str) -> str:
    """Independently of `pipelines.identity`: what a cell of a workbook or text file holds, zeros given back."""
    number = cell.zfill(8)
    assert len(number) == 8
    assert number.isdigit()
    assert number[0] == "0"
    assert number[1] != "0"
    return "sound" if sum(int(d) * w for d, w in zip(number, WEIGHTS, strict=True)) % 11 == 0 else "spoiled"


def kind_of_cpr(cell: str) -> str:
    number = cell.replace("-", "").zfill(10)
    assert len(number) == 10
    assert number.isdigit()
    assert number[6] in "5678"
    assert 38 <= int(number[4:6]) <= 57
    day, month, year = int(number[:2]), int(number[2:4]), 2000 + int(number[4:6])
    if day == 99:
        return "impossible"
    dt.date(year, month, day - 60 if day > 60 else day)
    return "replacement" if day > 60 else "sound"


def test_every_cvr_begins_with_zero_and_only_the_planted_ones_fail_their_check_digit(raw):
    for file in raw:
        kinds = Counter(map(kind_of_cvr, file.column("cvr") + file.column("employer_cvr")))
        assert kinds["spoiled"] == (1 if file.kind == COMPANY_FILE else 0), (file.operator, file.kind, file.period)
        assert not any(danish_cvr.is_valid(cell.zfill(8)) for cell in file.column("cvr") + file.column("employer_cvr"))
    assert sum(len(file.column("cvr")) for file in raw) > 3_000
    assert sum(len(file.column("employer_cvr")) for file in raw) > 100


def test_every_cpr_is_of_a_birth_to_come_and_only_the_planted_ones_are_no_date(raw):
    for file in raw:
        kinds = Counter(map(kind_of_cpr, file.column("cpr")))
        planted = 1 if file.kind == PERSON_FILE else 0
        assert kinds["replacement"] == kinds["impossible"] == planted, (file.operator, file.kind, file.period)
    assert sum(len(file.column("cpr")) for file in raw) > 3_000


def test_a_number_belongs_to_one_unit_only(sample):
    for numbers in (sample.numbers.cvr, sample.numbers.cpr):
        assert len(set(numbers.values())) == len(numbers)


def test_every_month_and_every_seventh_digit_from_5_to_8_is_drawn(raw):
    numbers = [cell.replace("-", "").zfill(10) for file in raw for cell in file.column("cpr")]
    assert {number[6] for number in numbers} == set("5678")
    assert {number[2:4] for number in numbers} == {f"{month:02d}" for month in range(1, 13)}
