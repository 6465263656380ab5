"""Reading Parquet: typed columns as the text that a person would have typed."""

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.participations import parquet_file
from pipelines.participations.reading import Refused, read
from schemas.contract import load
from tests.pipelines.participations.drawing import CVRS

COMPANY = load("deliveries.company_participations")
COLUMNS = {
    "cvr": [CVRS[0], None],
    "project": pa.array(["P1", "P2"]).dictionary_encode(),
    "start": pa.array([dt.date(2010, 5, 1), None]),
    "end": pa.array([dt.datetime(2010, 12, 31, 23), None], pa.timestamp("ns")),
    "support_dkk": [1234.5, float("nan")],
}


def test_typed_columns_become_text():
    found = read(parquet(COLUMNS), COMPANY)
    assert (found.format, found.encoding) == ("parquet", None)
    assert found.cells.to_pylist() == [
        {
            "cvr": CVRS[0],
            "project": "P1",
            "start": "2010-05-01",
            "end": "2010-12-31",
            "support_dkk": "1234.5",
            "row": 2,
        },
        {"cvr": None, "project": "P2", "start": None, "end": None, "support_dkk": None, "row": 3},
    ]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([7, 1000004], pa.int64()), ["7", "1000004"]),
        (pa.array([1.234, 5.0], pa.float64()), ["1.2340", "5"]),
        (pa.array([Decimal("1.234"), Decimal("5.000")], pa.decimal128(18, 3)), ["1.2340", "5"]),
        (pa.array([Decimal("1000004"), Decimal(0)], pa.decimal128(38, 10)), ["1000004", "0"]),
        (pa.array([True, None]), ["true", None]),
    ],
)
def test_numbers_never_have_exactly_three_decimals(values, texts):
    assert read(parquet({**COLUMNS, "support_dkk": values}), COMPANY).cells["support_dkk"].to_pylist() == texts


def test_midnight_in_copenhagen_is_the_day_that_it_begins():
    stamps = pa.array([dt.datetime(2010, 4, 30, 22), None], pa.timestamp("us", "Europe/Copenhagen"))
    assert read(parquet({**COLUMNS, "start": stamps}), COMPANY).cells["start"].to_pylist() == ["2010-05-01", None]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PAR1" + bytes(50), "damaged"),
        (b"PAR1", "damaged"),
    ],
)
def test_a_damaged_file_is_refused(content, words):
    assert words in refused(content)


def test_a_flipped_bit_nested_and_unknown_columns_are_refused():
    content = parquet({**COLUMNS, "project": ["Projekt-A", "Projekt-B"]})
    assert content.count(b"Projekt-A") > 1  # in its page and in the statistics
    assert "damaged" in refused(content.replace(b"Projekt-A", b"Projekt-C", 1))
    assert "lists or structures" in refused(parquet({**COLUMNS, "project": [["P1"], []]}))
    assert "the header of column 6 is none of" in refused(parquet({**COLUMNS, "0101405000": ["x", "y"]}))


def test_a_file_that_unpacks_to_too_much_is_refused_by_its_footer(monkeypatch):
    monkeypatch.setattr(parquet_file, "LARGEST_UNPACKED", 100)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("columns were unpacked"))
    assert "unpacks to more than" in refused(parquet(COLUMNS))


def parquet(columns: dict) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, write_page_checksum=True, compression="none")
    return content.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        read(content, COMPANY)
    return str(refusal.value)
