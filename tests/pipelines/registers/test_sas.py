"""SAS files: read as the Parquet file of the same rows would be, converted once, refused when they are cut off."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from pipelines.registers import Extract, RegisterError, benefit_spells, check_extracts, read_extracts
from pipelines.registers import sas as sas_module
from pipelines.registers.sas import convert
from schemas.contract import load
from tests.pipelines.registers.drawn import EVERY, put, put_every

FIRMS = pd.DataFrame({
    "cvrnr": ["a", "b", "c"], "Hoved_Cvr_Nr": ["a", "a", ""], "GF_AARSV": [2.35, np.nan, 0.1], "GF_ANSATTE": [3.0, 0.0, np.nan],
    "GF_INKLEJER": [4.0, 1.0, 1.0], "GF_OMS": [1_234_567_890.12, -7.5, np.nan], "GF_VTV": [np.nan] * 3, "GF_EKSP": [0.0, 1.0, 2.0],
    "GF_LGAGMV": [1.0, 2.0, 3.0], "GF_BRANCHE": ["620100", "", "841100"], "JUR_VIRK_FORM": ["80", "60", "10"],
    "JUR_SEKTORKODE": ["1100"] * 3, "JUR_BEL_KOM_KODE": ["851"] * 3, "JUR_BEL_REGION_KODE": ["1081"] * 3,
    "JUR_FRA_DATO": [dt.date(2001, 2, 3), dt.date(1955, 12, 31), None], "JUR_TIL_DATO": [None, None, dt.date(2010, 6, 1)],
    "KILDE": ["x", "y", "z"],
})


@pytest.fixture
def registers(tmp_path):
    return put_every(tmp_path / "registers")


def as_sas(path, frame: pd.DataFrame):
    pyreadstat.write_xport(frame, str(path), file_format_version=8)
    return path


def test_an_xport_file_gives_the_rows_that_it_holds_in_the_contracts_types(con, registers):
    (registers / "FIRM2015.parquet").unlink()
    as_sas(registers / "FIRM2015.XPT", FIRMS)
    found = con.to_pyarrow(read_extracts(con, registers, "FIRM"))
    assert found.select(range(found.num_columns - 2)).schema.types == load("registers.FIRM").arrow_schema().types
    told = ["CVRNR", "HOVED_CVR_NR", "GF_AARSV", "GF_ANSATTE", "GF_OMS", "GF_VTV", "GF_BRANCHE", "JUR_FRA_DATO", "JUR_TIL_DATO", "year"]
    assert [tuple(row.values()) for row in found.select(told).sort_by("CVRNR").to_pylist()] == [
        ("a", "a", Decimal("2.35"), 3, Decimal("1234567890.12"), None, "620100", dt.date(2001, 2, 3), None, 2015),
        ("b", "a", None, 0, Decimal("-7.50"), None, None, dt.date(1955, 12, 31), None, 2015),
        ("c", None, Decimal("0.10"), None, None, None, "841100", None, dt.date(2010, 6, 1), 2015),
    ]


def test_a_file_is_converted_once_and_again_only_when_it_was_changed(con, registers, monkeypatch):
    (registers / "FIRM2015.parquet").unlink()
    path = as_sas(registers / "FIRM2015.xpt", FIRMS)
    converted = []
    monkeypatch.setattr(sas_module, "convert", lambda one, to: converted.append(one.name) or convert(one, to))
    first = check_extracts(registers)
    read_extracts(con, registers, "FIRM")
    check_extracts(registers)
    assert converted == ["FIRM2015.xpt"]
    assert [(one.rows, one.bytes) for one in first if one.extract.register == "FIRM"] == [(3, path.stat().st_size)]
    as_sas(path, FIRMS.tail(2))
    check_extracts(registers)
    assert converted == ["FIRM2015.xpt"] * 2
    assert len(list((registers.parent / "imported").glob("*.parquet"))) == 1, "what an older file was converted to is gone"


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_portions_of_any_size_give_the_same_rows_in_order(tmp_path, rows):
    extract = Extract(as_sas(tmp_path / "FIRM2015.xpt", FIRMS), "FIRM", 2015, None)
    convert(extract, tmp_path / "whole.parquet")
    convert(extract, tmp_path / "portions.parquet", rows)
    assert pq.read_table(tmp_path / "portions.parquet").equals(pq.read_table(tmp_path / "whole.parquet"))
    assert pq.read_table(tmp_path / "whole.parquet")["cvrnr"].to_pylist() == ["a", "b", "c"]


def test_a_file_without_a_row_keeps_its_columns(tmp_path):
    extract = Extract(as_sas(tmp_path / "FIRM2015.xpt", FIRMS.head(0)), "FIRM", 2015, None)
    convert(extract, tmp_path / "to.parquet")
    assert pq.read_table(tmp_path / "to.parquet").column_names == list(FIRMS.columns)


@pytest.mark.parametrize(("shown_as", "kind"), [
    ("DATE", pa.date32()), ("DATE9", pa.date32()), ("DATE9.", pa.date32()), ("DDMMYY10", pa.date32()), ("YYMMDDN8", pa.date32()),
    ("E8601DA10", pa.date32()), ("WEEKDATX", pa.date32()), ("DATETIME20", pa.timestamp("s")), ("E8601DT", pa.timestamp("s")),
    ("", pa.float64()), ("BEST12", pa.float64()), ("F8.2", pa.float64()), ("TIME8", pa.float64()), ("COMMA12.2", pa.float64()),
])
def test_a_number_is_a_date_where_sas_shows_it_as_one(shown_as, kind):
    assert sas_module._number(shown_as) == kind


def test_a_code_that_is_a_number_and_a_date_without_its_format_are_named(registers):
    (registers / "FIRM2015.parquet").unlink()
    as_sas(registers / "FIRM2015.xpt", FIRMS.assign(JUR_VIRK_FORM=[80.0, 60.0, 10.0], JUR_FRA_DATO=[1.0, 2.0, 3.0]))
    with pytest.raises(RegisterError, match=r"^FIRM2015\.xpt has a column of the wrong kind: JUR_VIRK_FORM, JUR_FRA_DATO;"):
        check_extracts(registers)


@pytest.mark.parametrize("ending", ["xpt", "sas7bdat"])
def test_a_file_that_is_no_sas_file_or_cut_off_is_refused_by_name_and_nothing_is_left_of_it(registers, ending):
    (registers / "FIRM2015.parquet").unlink()
    path = registers / f"FIRM2015.{ending}"
    content = as_sas(registers / "whole", FIRMS).read_bytes()
    (registers / "whole").unlink()
    for damaged in (b"", b"x" * 800, content[:700], content[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(RegisterError) as refused:
            check_extracts(registers)
        assert str(refused.value) in {
            f"FIRM2015.{ending} is cut off: copy the extract again",
            f"FIRM2015.{ending} cannot be read as a SAS file: copy the extract again",
        }
    assert not list((registers.parent / "imported").glob("*.parquet"))
    assert not list((registers.parent / "imported").glob(".*"))


def test_no_room_to_convert_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    extract = Extract(as_sas(tmp_path / "FIRM2015.xpt", FIRMS), "FIRM", 2015, None)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sas_module.pq.ParquetWriter, "write_table", full)
    with pytest.raises(RegisterError, match=r"^FIRM2015\.xpt cannot be converted to Parquet \(No space left on device\)"):
        convert(extract, tmp_path / "imported" / "to.parquet")
    assert list((tmp_path / "imported").iterdir()) == []


def test_the_weeks_of_dream_may_come_as_numbers(registers):
    dream = pd.DataFrame({"PNR": ["p", "q"], "Y_1501": [111.0, np.nan], "Y_1502": [111.0, 651.0], "Y_1503": [np.nan, 651.0]})
    as_sas(registers / "DREAM201512.xpt", dream)
    found = benefit_spells(registers).read_all().to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("p", dt.date(2014, 12, 29), dt.date(2015, 1, 5), "111"), ("q", dt.date(2015, 1, 5), dt.date(2015, 1, 12), "651"),
    ]


def test_the_same_rows_as_sas_and_as_parquet_are_the_same(con, registers):
    names = [name for name in EVERY if name != "FIRM2015"]
    assert names
    plain = FIRMS.rename(columns=str.upper).drop(columns="KILDE")
    (registers / "FIRM2015.parquet").unlink()
    as_sas(registers / "FIRM2015.xpt", FIRMS)
    from_sas = con.to_pyarrow(read_extracts(con, registers, "FIRM")).sort_by("CVRNR")
    (registers / "FIRM2015.xpt").unlink()
    cells = {
        name: pa.array([None if value in ("", None) else value for value in plain[name]], from_pandas=True) for name in plain
    }
    put(registers, "FIRM2015.parquet", "FIRM", **{name: pa.nulls(3) if name == "GF_VTV" else cells[name] for name in cells} | {"GF_VTV": pa.nulls(3, pa.float64())})
    assert con.to_pyarrow(read_extracts(con, registers, "FIRM")).sort_by("CVRNR").equals(from_sas)
