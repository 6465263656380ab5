"""conform gives exactly the contract's columns and types, changes no value, and complains without showing one."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from schemas.casting import CastError, cast
from schemas.contract import Column, Contract, ContractError
from tests.schemas.drawn import SOUND, TOY, toy

MONEY = pa.decimal128(18, 2)


def one(array, wanted, **asked) -> list:
    return cast(pa.chunked_array([array]), wanted, **asked).to_pylist()


def test_columns_come_in_the_contracts_order_and_absent_optional_ones_are_null():
    given = toy({}).select(["alive", "share", "year", "firm"])
    found = TOY.conform(given)
    assert found.schema.equals(TOY.arrow_schema(), check_metadata=True)
    empty = dict.fromkeys(["region", "size", "support_dkk", "born"])
    assert found.to_pylist() == [{**SOUND, **empty}]


def test_a_table_that_conforms_comes_back_unchanged_and_an_empty_one_stays_empty():
    assert TOY.conform(toy({}, {"year": 2016})).to_pylist() == [SOUND, {**SOUND, "year": 2016}]
    assert TOY.conform(toy().slice(0, 0)).num_rows == 0


def test_pandas_frames_are_taken_with_their_own_ways_of_missing():
    frame = pd.DataFrame(
        {
            "firm": ["a", "b"],
            "year": np.array([2015.0, 2016.0]),
            "share": [0.25, 0.75],
            "alive": [True, False],
            "region": pd.Categorical(["1081", None]),
            "support_dkk": [Decimal("1.5"), None],
            "born": pd.to_datetime(["1990-05-01", None]),
            "size": [np.nan, np.nan],
        },
        index=[7, 3],
    )
    assert TOY.conform(frame).drop_columns(["share", "alive", "firm"]).to_pylist() == [
        {"year": 2015, "region": "1081", "size": None, "support_dkk": Decimal("1.50"), "born": dt.date(1990, 5, 1)},
        {"year": 2016, "region": None, "size": None, "support_dkk": None, "born": None},
    ]


def test_every_problem_is_named_at_once_and_no_value_is_shown():
    given = pa.table(
        {
            "firm": ["CANARY", "CANARY"],
            "year": ["CANARY", "2015"],
            "share": [0.5, 0.5],
            "support_dkk": [Decimal("77777.777"), Decimal("1")],
            "colour": ["CANARY", None],
        }
    )
    with pytest.raises(ContractError) as caught:
        TOY.conform(given)
    assert str(caught.value) == (
        "toy.firm_year: missing columns: alive; unknown columns: colour; year is VARCHAR and should be INTEGER; "
        "support_dkk holds values that do not fit DECIMAL(18,2)"
    )
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_empty_cells_of_required_columns_are_counted():
    given = toy({"share": None}, {"firm": None, "year": 2016}, {"share": float("nan"), "year": 2017})
    with pytest.raises(ContractError, match="firm is empty in 1 of 3 rows; share is empty in 2 of 3 rows"):
        TOY.conform(given)


def test_a_column_that_comes_twice_is_refused():
    given = toy({})
    with pytest.raises(ContractError, match="columns that come twice: year"):
        TOY.conform(given.append_column("year", given["year"]))


def test_a_header_that_is_really_a_cell_is_counted_and_not_shown():
    table = toy({})
    for header in ("12345678", "Jens Hansen", "a" * 32, "x12345"):
        table = table.append_column(header, pa.array([1]))
    with pytest.raises(ContractError) as caught:
        TOY.conform(table.append_column("colour", pa.array([1])))
    assert str(caught.value) == "toy.firm_year: unknown columns: colour, 4 that are no names"


def test_a_pandas_column_of_mixed_kinds_is_named_without_its_values():
    frame = toy({}, {}).to_pandas()
    frame["size"] = pd.Series(["CANARY", 3], dtype=object)
    with pytest.raises(ContractError) as caught:
        TOY.conform(frame)
    assert str(caught.value) == "toy.firm_year: columns that mix kinds of values: size"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (pa.array([5], pa.int64()), MONEY, [Decimal("5.00")]),
        (pa.array([5], pa.uint64()), pa.int32(), [5]),
        (pa.array([Decimal("5.0")]), pa.int32(), [5]),
        (pa.array([Decimal(7)], pa.decimal128(38, 0)), pa.int64(), [7]),
        (pa.array([0.1, 0.29]), MONEY, [Decimal("0.10"), Decimal("0.29")]),
        (pa.array([Decimal("0.29")]), pa.float64(), [0.29]),
        (pa.array([Decimal("1.5000")]), MONEY, [Decimal("1.50")]),
        (pa.array([2015.0]), pa.int32(), [2015]),
        (pa.array([0.5], pa.float32()), pa.float64(), [0.5]),
        (pa.array([1.0, float("nan")]), pa.float64(), [1.0, None]),
        (pa.array([float("nan"), 2.5]), MONEY, [None, Decimal("2.50")]),
        (pa.array(["æøå"], pa.large_string()), pa.string(), ["æøå"]),
        (pa.array(["a", "a"]).dictionary_encode(), pa.string(), ["a", "a"]),
        (pa.array([dt.datetime(2020, 1, 1)]), pa.date32(), [dt.date(2020, 1, 1)]),
        (pa.array([dt.date(2020, 1, 1)]), pa.timestamp("us"), [dt.datetime(2020, 1, 1)]),
        (pa.nulls(2), pa.date32(), [None, None]),
        (pa.array([float("nan")]), pa.string(), [None]),
    ],
)
def test_casts_that_lose_nothing_are_made(given, wanted, expected):
    assert one(given, wanted) == expected


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (pa.array([0.126]), MONEY),
        (pa.array([Decimal("1.126")]), MONEY),
        (pa.array([10**17], pa.int64()), MONEY),
        (pa.array([1e300]), MONEY),
        (pa.array([float("inf")]), MONEY),
        (pa.array([2**40], pa.int64()), pa.int32()),
        (pa.array([1.5]), pa.int32()),
        (pa.array([Decimal("1.5")]), pa.int32()),
        (pa.array([2**60 + 1], pa.int64()), pa.float64()),
        (pa.array([Decimal("12345678901234567.89")]), pa.float64()),
        (pa.array([0.1], pa.float32()), MONEY),
        (pa.array([dt.datetime(2020, 1, 1, 4, 30)]), pa.date32()),
        (pa.array([1], pa.timestamp("ns")), pa.timestamp("us")),
        (pa.array(["851"]), pa.int32()),
        (pa.array([851]), pa.string()),
        (pa.array([1]), pa.bool_()),
        (pa.array([True]), pa.int32()),
        (pa.array(["2020-01-01"]), pa.date32()),
        (pa.array([dt.datetime(2020, 1, 1)], pa.timestamp("us", "UTC")), pa.timestamp("us")),
        (pa.array([b"a"]), pa.string()),
        (pa.array([[1]]), pa.int32()),
    ],
)
def test_casts_that_would_lose_something_are_refused_in_words_without_values(given, wanted):
    with pytest.raises(CastError) as caught:
        one(given, wanted)
    assert str(caught.value).startswith(("holds values that do not fit", "is "))
    assert not any(str(value) in str(caught.value) for value in given.to_pylist())


def test_decimals_are_rounded_half_away_from_zero_only_when_asked():
    halves = pa.array([Decimal("1.125"), Decimal("-1.125"), None])
    assert one(halves, MONEY, round_decimals=True) == [Decimal("1.13"), Decimal("-1.13"), None]
    assert one(pa.array([0.126, 2.0]), MONEY, round_decimals=True) == [Decimal("0.13"), Decimal("2.00")]
    with pytest.raises(CastError):
        one(pa.array([1e300]), MONEY, round_decimals=True)
    with pytest.raises(CastError):
        one(pa.array([1.5]), pa.int32(), round_decimals=True)
    contract = Contract("toy.sum", "store", "Sum", "A sum.", (Column("dkk", "DECIMAL(18,2)", "DKK.", "kr."),), ())
    assert contract.conform(pa.table({"dkk": [0.126]}), round_decimals=True).to_pylist() == [{"dkk": Decimal("0.13")}]
    with pytest.raises(ContractError, match="dkk holds values that do not fit"):
        contract.conform(pa.table({"dkk": [0.126]}))
