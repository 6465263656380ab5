"""Parquet files, as other systems export them: types that suit, types that do not, and damaged files."""

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from tests.pipelines.participations.corpus.case import COMPANY, PERSON, Case, Outcome, empty, refused, taken
from tests.pipelines.participations.drawing import CPRS, CVRS

DAY, DAMAGED = dt.date(2010, 5, 1), refused("the Parquet file is damaged, encrypted, or holds columns that are no plain values")
COLUMNS = {"cvr": list(CVRS[:2]), "project": ["P1", "P2"], "start": [DAY, DAY], "end": pa.nulls(2, pa.date32()), "support_dkk": [1234.5, None]}
WHOLE = taken(2, form="parquet", stored={"cvr": list(CVRS[:2]), "start": ["2010-05-01"] * 2, "support_dkk": ["1234.50", None]})


def parquet(columns: dict, **options) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, **({"write_page_checksum": True, "compression": "none"} | options))
    return content.getvalue()


def with_column(name: str, values) -> bytes:
    return parquet(COLUMNS | {name: values})


def persons(cprs) -> bytes:
    return parquet({"cpr": cprs} | {name: COLUMNS[name] for name in ("project", "start", "end")})


def twins() -> bytes:
    table = pa.Table.from_arrays([pa.array(["x"])] * 2, names=["cvr", "CVR-nr."])
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def numbered(extra: int, content: bytes) -> bytes:
    """The file with the count in its footer raised: 2 rows are written there as 0x04 after the field's 0x16."""
    at = content.rindex(b"\x16\x04", 0, len(content) - 8)
    return content[: at + 1] + bytes([4 + 2 * extra]) + content[at + 2 :]


def case(name: str, make, outcome: Outcome, kind: str = COMPANY) -> Case:
    return Case(name, make, outcome, kind, "parquet")


TYPES = (
    case("typed columns", lambda: parquet(COLUMNS), WHOLE),
    case("packed, in groups of one row", lambda: parquet(COLUMNS, compression="zstd", row_group_size=1), WHOLE),
    case("packed with snappy, by dictionary", lambda: with_column("project", pa.array(["P1", "P2"]).dictionary_encode()), WHOLE),
    case("all columns as text", lambda: parquet(COLUMNS | {"start": ["1. maj 2010", "1/5-2010"], "support_dkk": ["1.234,50", ""]}), WHOLE),
    case("numbers as 32 bits", lambda: with_column("cvr", pa.array([int(one) for one in CVRS[:2]], pa.int32())), WHOLE),
    case("numbers as floats", lambda: with_column("cvr", [float(one) for one in CVRS[:2]]), WHOLE),
    case("numbers as decimals", lambda: with_column("cvr", pa.array([Decimal(one) for one in CVRS[:2]], pa.decimal128(38, 0))), WHOLE),
    case("numbers as decimals with places", lambda: with_column("cvr", pa.array([Decimal(one) for one in CVRS[:2]], pa.decimal128(38, 2))), WHOLE),
    case("numbers as bytes", lambda: with_column("cvr", pa.array([one.encode() for one in CVRS[:2]], pa.binary())), WHOLE),
    case("long texts", lambda: with_column("cvr", pa.array(CVRS[:2], pa.large_string())), WHOLE),
    case("persons' numbers as integers", lambda: persons(pa.array([int(one) for one in CPRS[:2]], pa.int64())), taken(2, stored={"cpr": list(CPRS[:2])}), PERSON),
    case("persons' numbers as decimals", lambda: persons(pa.array([Decimal(one) for one in CPRS[:2]], pa.decimal128(12, 2))), taken(2, stored={"cpr": list(CPRS[:2])}), PERSON),
    case("amounts as decimals of three places", lambda: with_column("support_dkk", pa.array([Decimal("1234.500"), None], pa.decimal128(18, 3))), WHOLE),
    case("dates with a time", lambda: with_column("start", pa.array([dt.datetime(2010, 5, 1, 23, 59)] * 2, pa.timestamp("ns"))), WHOLE),
    case("midnight in Copenhagen", lambda: with_column("start", pa.array([dt.datetime(2010, 4, 30, 22)] * 2, pa.timestamp("us", "Europe/Copenhagen"))), WHOLE),
    case("dates of 64 bits", lambda: with_column("start", pa.array([DAY] * 2, pa.date64())), WHOLE),
    case("a number without end", lambda: with_column("support_dkk", [float("inf"), float("nan")]), taken(2, formula=1, rows=(2,))),
    case("truths for amounts", lambda: with_column("support_dkk", [True, None]), taken(2, number_impossible=1)),
    case("a time of day for a date", lambda: with_column("start", [dt.time(8), dt.time(9)]), taken(2, date_impossible=2)),
    case("whole numbers for dates", lambda: with_column("start", [14730, 20100501]), taken(2, date_impossible=1, rows=(2,))),
    case("a column of nothing", lambda: with_column("end", pa.nulls(2)), WHOLE),
    case("no rows", lambda: parquet({name: pa.array([], pa.string()) for name in COLUMNS}), empty("parquet")),
    case("10,000 rows of nothing", lambda: parquet({name: pa.nulls(10_000) for name in COLUMNS}, compression="zstd"), taken(10_000, missing_value=10_000)),
)
DAMAGE = (
    case("no columns", lambda: parquet({}), refused("no header of company_participations")),
    case("lists", lambda: with_column("project", [["P1"], []]), refused("lists or structures")),
    case("structures", lambda: with_column("project", [{"a": 1}, None]), refused("lists or structures")),
    case("an unknown column", lambda: with_column(CPRS[0], ["x", "y"]), refused("the header of column 6 is none of")),
    case("two columns of one meaning", twins, refused("two headers mean the same column: cvr")),
    case("a column that is missing", lambda: parquet({"cvr": CVRS[:1]}), refused("the columns project, start, end, support_dkk are missing")),
    case("bytes that are no text", lambda: with_column("project", pa.array([b"P1", b"\xff\xfe\x81"], pa.binary())), DAMAGED),
    case("cut short", lambda: parquet(COLUMNS)[:-20], DAMAGED),
    case("its first half", lambda: (lambda whole: whole[: len(whole) // 2])(parquet(COLUMNS)), DAMAGED),
    case("its first four letters", lambda: b"PAR1", DAMAGED),
    case("an encrypted footer", lambda: parquet(COLUMNS)[:-4] + b"PARE", DAMAGED),
    case("a footer of 2 GB", lambda: parquet(COLUMNS)[:-8] + b"\xff\xff\xff\x7fPAR1", DAMAGED),
    case("a changed bit in a page", lambda: with_column("project", ["Projekt-A", "P2"]).replace(b"Projekt-A", b"Projekt-B", 1), DAMAGED),
    case("more rows in the footer than in the pages", lambda: numbered(1, parquet(COLUMNS)), refused("2 rows were read where 3 were counted")),
    Case(
        "300 million rows of nothing",
        lambda: parquet({name: pa.nulls(3 * 10**8) for name in COLUMNS}, compression="zstd"),
        refused("takes more memory than is allowed"),
        ending="parquet",
        contained=True,
    ),
)
CASES = TYPES + DAMAGE
