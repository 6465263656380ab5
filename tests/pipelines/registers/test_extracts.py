"""Extracts as they may lie in the directory: other cases, other types, other periods, and what is not there at all."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.registers import REGISTERS, RegisterError, find_extracts, has_extracts, last_date, read_extracts
from schemas.contract import load
from tests.pipelines.registers.drawn import put

CANARY = "kfkfkfkfkfkfkfkfkfkfkfkfkfkfkfkf"


def rename(path: Path, change) -> None:
    table = pq.read_table(path)
    pq.write_table(table.rename_columns([change(name) for name in table.column_names]), path)


@pytest.mark.parametrize("change", [str.lower, str.capitalize, str.upper])
def test_column_names_are_read_in_any_case(con, tmp_path, change):
    path = put(tmp_path, "FIRM2010.parquet", "FIRM", CVRNR="a", GF_AARSV=Decimal("2.50"))
    rename(path, change)
    found = con.to_pyarrow(read_extracts(con, tmp_path, "FIRM"))
    assert found.column_names[:3] == ["CVRNR", "HOVED_CVR_NR", "GF_AARSV"]
    assert found.select(["CVRNR", "GF_AARSV"]).to_pylist() == [{"CVRNR": "a", "GF_AARSV": Decimal("2.50")}]


def test_columns_that_no_contract_asks_for_are_left_out_and_their_order_does_not_matter(con, tmp_path):
    path = put(tmp_path, "UDDA201009.parquet", "UDDA", PNR="p", HFAUDD="35")
    table = pq.read_table(path)
    pq.write_table(table.select(["HF_VFRA", "HFAUDD", "PNR"]).append_column("KILDE", pa.array(["x"])), path)
    assert con.to_pyarrow(read_extracts(con, tmp_path, "UDDA")).to_pylist() == [
        {"PNR": "p", "HFAUDD": "35", "HF_VFRA": None, "year": 2010, "month": 9}
    ]


def test_each_column_gets_the_type_of_its_contract(con, tmp_path):
    put(
        tmp_path, "FIRM2010.parquet", "FIRM", CVRNR="a", GF_AARSV=2.5, GF_ANSATTE=pa.array([3], pa.int64()), GF_OMS=7,
        JUR_FRA_DATO=dt.datetime(2001, 2, 3, 4, 5),
    )
    found = con.to_pyarrow(read_extracts(con, tmp_path, "FIRM"))
    assert found.select(range(found.num_columns - 2)).schema.types == load("registers.FIRM").arrow_schema().types
    assert found.select(["GF_AARSV", "GF_ANSATTE", "GF_OMS", "JUR_FRA_DATO"]).to_pylist() == [
        {"GF_AARSV": Decimal("2.50"), "GF_ANSATTE": 3, "GF_OMS": Decimal("7.00"), "JUR_FRA_DATO": dt.date(2001, 2, 3)}
    ]


def test_a_missing_column_is_named_with_its_file_and_no_other(con, tmp_path):
    put(tmp_path, "FIRM2009.parquet", "FIRM", CVRNR=CANARY)
    path = put(tmp_path, "FIRM2010.parquet", "FIRM", CVRNR=CANARY)
    pq.write_table(pq.read_table(path).drop_columns(["GF_OMS", "GF_VTV"]), path)
    with pytest.raises(RegisterError) as refused:
        read_extracts(con, tmp_path, "FIRM")
    assert str(refused.value).startswith("FIRM2010.parquet lacks the column GF_OMS, GF_VTV:")
    assert "CVRNR" not in str(refused.value)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(("column", "value"), [
    ("CVRNR", 1), ("GF_OMS", CANARY), ("GF_ANSATTE", CANARY), ("JUR_FRA_DATO", CANARY), ("JUR_FRA_DATO", 20100101),
])
def test_a_column_of_the_wrong_kind_is_named_and_no_value_shown(con, tmp_path, column, value):
    put(tmp_path, "FIRM2010.parquet", "FIRM", **{column: value})
    with pytest.raises(RegisterError) as refused:
        read_extracts(con, tmp_path, "FIRM")
    assert str(refused.value).startswith(f"FIRM2010.parquet has a column of the wrong kind: {column};")
    assert str(value) not in str(refused.value).replace("FIRM2010", "")


def test_a_damaged_file_is_named(con, tmp_path):
    (tmp_path / "BFL201512.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(RegisterError, match=r"^BFL201512\.parquet cannot be read as Parquet: copy the extract again$"):
        read_extracts(con, tmp_path, "BFL")


def test_all_periods_of_a_register_come_with_year_and_month_from_the_file_name(con, tmp_path):
    for name in ("BEF201512.parquet", "bef200803.PARQUET", "BEF201506.parquet"):
        put(tmp_path, name, "BEF", PNR=name[3:9])
    found = con.to_pyarrow(read_extracts(con, tmp_path, "BEF")).sort_by("PNR").select(["PNR", "year", "month"])
    assert found.to_pylist() == [
        {"PNR": "200803", "year": 2008, "month": 3},
        {"PNR": "201506", "year": 2015, "month": 6},
        {"PNR": "201512", "year": 2015, "month": 12},
    ]


@pytest.mark.parametrize(("as_of", "known"), [
    (None, ["BEF201503", "BEF201506", "BEF201509", "BEF2016"]),
    (dt.date(2016, 12, 31), ["BEF201503", "BEF201506", "BEF201509", "BEF2016"]),
    (dt.date(2016, 12, 30), ["BEF201503", "BEF201506", "BEF201509"]),
    (dt.date(2015, 9, 29), ["BEF201503", "BEF201506"]),
    (dt.date(2015, 6, 30), ["BEF201503", "BEF201506"]),
    (dt.date(2015, 3, 31), ["BEF201503"]),
])
def test_the_as_of_date_cuts_periods_that_had_not_ended(tmp_path, as_of, known):
    for name in ("BEF201506", "BEF2016", "BEF201503", "BEF201509"):
        put(tmp_path, f"{name}.parquet", "BEF")
    assert [extract.path.stem for extract in find_extracts(tmp_path, "BEF", as_of)] == known


def test_the_last_date_is_the_end_of_the_newest_year_of_firms(tmp_path):
    for name in ("FIRM2013", "FIRM2014", "FIRM2012"):
        put(tmp_path, f"{name}.parquet", "FIRM")
    put(tmp_path, "BEF201603.parquet", "BEF")
    assert last_date(tmp_path) == dt.date(2014, 12, 31)


@pytest.mark.parametrize("register", REGISTERS)
def test_a_missing_register_is_named_with_the_command_that_makes_it(tmp_path, register):
    for other in REGISTERS:
        if other != register:
            put(tmp_path, f"{other}2015.parquet", other)
    (tmp_path / f"{register}2015.part").write_bytes(b"")
    (tmp_path / f"{register}X2015.parquet").write_bytes(b"")
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RegisterError) as missing:
            find_extracts(directory, register)
        assert str(missing.value) == (
            f"register {register} is missing: no file {register}<year>.parquet or {register}<year><month>.parquet in "
            f"{directory}; copy the extracts there, or make synthetic ones with: effekt world --scale sample"
        )


def test_a_register_that_is_younger_than_the_as_of_date_is_missing_for_it(tmp_path):
    put(tmp_path, "FIRM2015.parquet", "FIRM")
    with pytest.raises(RegisterError, match=r"^register FIRM is missing for a period that ends by 2014-12-31: "):
        find_extracts(tmp_path, "FIRM", dt.date(2014, 12, 31))


@pytest.mark.parametrize("names", [("BFL201512", "BFL2015"), ("BFL2015", "bfl2015")])
def test_two_files_of_one_period_are_refused_since_their_rows_would_count_twice(tmp_path, names):
    for name in names:
        put(tmp_path, f"{name}.parquet", "BFL")
    with pytest.raises(RegisterError, match=r"tell of the same period: keep one of them$"):
        find_extracts(tmp_path, "BFL")


def test_a_file_named_for_a_thirteenth_month_is_refused(tmp_path):
    put(tmp_path, "BEF201513.parquet", "BEF")
    with pytest.raises(RegisterError, match=r"^BEF201513\.parquet is named for a month that no year has"):
        find_extracts(tmp_path, "BEF")


def test_an_optional_register_may_be_missing_or_come_later_than_the_as_of_date(tmp_path):
    assert not has_extracts(tmp_path / "nowhere", "LONG_DEMO")
    assert not has_extracts(tmp_path, "LONG_DEMO")
    (tmp_path / "long_demo2012.parquet").touch()
    assert has_extracts(tmp_path, "LONG_DEMO")
    assert not has_extracts(tmp_path, "LONG_DEMO", dt.date(2012, 12, 30))
    assert has_extracts(tmp_path, "LONG_DEMO", dt.date(2012, 12, 31))
    (tmp_path / "LONG_DEMO201212.parquet").touch()
    with pytest.raises(RegisterError, match="same period"):
        has_extracts(tmp_path, "LONG_DEMO")
