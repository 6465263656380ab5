"""DREAM's week columns as spells: by hand, and against a slow reading of drawn rows."""

import datetime as dt
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.panel.benefits import lengthen_spells, lengthen_weeks
from pipelines.registers import RegisterError, benefit_spells
from pipelines.registers import dream as dream_module
from tests.pipelines.registers.drawn import put

FIRST = dt.date(2014, 12, 22)        # the Monday of Y_1452


def week(number: int) -> dt.date:
    return FIRST + dt.timedelta(weeks=number)


def spells(directory) -> list[tuple]:
    return [tuple(row.values()) for row in benefit_spells(directory).read_all().to_pylist()]


def write(directory, people: dict[str, str], names=("Y_1452", "Y_1501", "Y_1502", "Y_1503"), kind=None) -> None:
    """A DREAM of one character a week: a point is blank."""
    columns = {"PNR": pa.array(people)}
    for place, name in enumerate(names):
        codes = pa.array([None if row[place] == "." else row[place] * 3 for row in people.values()], pa.string())
        columns[name] = codes.cast(kind) if kind else codes
    pq.write_table(pa.table(columns), directory / "DREAM201512.parquet")


def test_each_unbroken_run_of_one_code_is_a_spell(tmp_path):
    write(tmp_path, {"a": "....", "b": "1111", "c": "1.1.", "d": "1121", "e": "...2", "f": "3..."})
    assert spells(tmp_path) == [
        ("b", week(0), week(3), "111"),
        ("c", week(0), week(0), "111"), ("c", week(2), week(2), "111"),
        ("d", week(0), week(1), "111"), ("d", week(2), week(2), "222"), ("d", week(3), week(3), "111"),
        ("e", week(3), week(3), "222"),
        ("f", week(0), week(0), "333"),
    ]


@pytest.mark.parametrize("kind", [pa.int16(), pa.float64(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_codes_may_be_numbers_or_text_of_any_kind(tmp_path, kind):
    people = {"a": "1.22", "b": ".11."}
    write(tmp_path, people, kind=None)
    expected = spells(tmp_path)
    write(tmp_path, people, kind=kind)
    assert spells(tmp_path) == expected


def test_blanks_around_a_code_are_none_and_empty_text_is_no_benefit(tmp_path):
    put(tmp_path, "DREAM201512.parquet", "DREAM", PNR="a", Y_1452=" 111", Y_1501="111 ", Y_1502="  ", Y_1503="")
    assert spells(tmp_path) == [("a", week(0), week(1), "111")]


def test_columns_in_any_case_and_order_are_put_in_the_order_of_weeks_and_others_left_out(tmp_path):
    cells = {"BRANCHE_2015_01": "x", "y_1502": "222", "pnr": "a", "Y_1501": "111", "y_1503": "222"}
    pq.write_table(pa.table({name: [value] for name, value in cells.items()}), tmp_path / "DREAM201512.parquet")
    assert spells(tmp_path) == [("a", week(1), week(1), "111"), ("a", week(2), week(3), "222")]


def test_a_code_that_is_no_whole_number_is_refused_without_its_value(tmp_path):
    put(tmp_path, "DREAM201512.parquet", "DREAM", PNR="a", Y_1501=111.25)
    with pytest.raises(RegisterError) as refused:
        spells(tmp_path)
    assert "whole" in str(refused.value)
    assert "111" not in str(refused.value)


def test_only_the_newest_file_known_at_the_as_of_date_is_read(tmp_path):
    for month, code in (("201506", "111"), ("201512", "222")):
        put(tmp_path, f"DREAM{month}.parquet", "DREAM", PNR="a", Y_1501=code)
    assert spells(tmp_path) == [("a", week(1), week(1), "222")]
    assert benefit_spells(tmp_path, dt.date(2015, 11, 30)).read_all()["code"].to_pylist() == ["111"]


def drawn(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    names = [f"Y_15{number:02d}" for number in range(1, 41)]
    codes = np.array(["111", "130", "651"], dtype=object)
    columns = {"PNR": pa.array([f"p{number}" for number in range(rows)])}
    state = rng.integers(-2, 3, rows)
    for name in names:
        state = np.where(rng.random(rows) < 0.2, rng.integers(-2, 3, rows), state)
        columns[name] = pa.array(np.where(state < 0, None, codes[state]), pa.string())
    return pa.table(columns)


@pytest.mark.parametrize("seed", range(5))
def test_spells_are_those_that_a_slow_reading_finds_whatever_the_portions(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(dream_module, "PERSONS", 7)
    dream = drawn(40, seed)
    pq.write_table(dream, tmp_path / "DREAM201512.parquet", row_group_size=11)
    expected = []
    for row in dream.to_pylist():
        cells = [row[name] for name in dream.column_names[1:]]
        place = 0
        for code, run in groupby(cells):
            length = len(list(run))
            if code is not None:
                expected.append((row["PNR"], week(1 + place), week(place + length), code))
            place += length
    assert spells(tmp_path) == expected


def test_spells_made_long_again_are_the_weeks_of_the_wide_rows(tmp_path, con):
    dream = drawn(40, 9)
    pq.write_table(dream, tmp_path / "DREAM201512.parquet")
    long = lengthen_spells(con.create_table("spells", benefit_spells(tmp_path).read_all(), overwrite=True))
    wide = lengthen_weeks(con.create_table("dream", dream, overwrite=True))

    def ordered(rows):
        return sorted(tuple(row.values()) for row in con.to_pyarrow(rows.select("person", "week", "code")).to_pylist())

    assert ordered(long) == ordered(wide)
