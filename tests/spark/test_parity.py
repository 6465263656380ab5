"""The panel on Spark beside the panel on DuckDB: every column and row of the tiny world with all its oddities, exactly."""

from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.panel import code_table, prices
from assets.registers import BFL_SUMS
from pipelines import panel, registers
from pipelines.registers import job_sums
from pipelines.world import make_world
from pipelines.world.plan import Oddities
from schemas.contract import load
from tests.pipelines.world.making import pseudonym_of


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("spark")
    make_world(
        scale="tiny", deliveries=place / "raw", home=place / "home", pseudonym_of=pseudonym_of, oddities=Oddities()
    )
    return place / "home" / "registers"


@pytest.fixture(scope="module")
def expected(extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return made(ibis.duckdb.connect(), extracts, tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def sail() -> Iterator[ibis.BaseBackend]:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{address}:{port}").create()
    yield ibis.pyspark.connect(session)
    session.stop()
    server.stop()


@pytest.fixture(scope="module")
def java() -> Iterator[ibis.BaseBackend]:
    from pyspark.sql import SparkSession

    own = {"driver.bindAddress": "127.0.0.1", "driver.host": "127.0.0.1", "ui.enabled": "false", "sql.shuffle.partitions": "4"}
    builder = SparkSession.builder.master("local[2]")
    for name, value in own.items():
        builder = builder.config(f"spark.{name}", value)
    session = builder.getOrCreate()
    yield ibis.pyspark.connect(session)
    session.stop()


@pytest.mark.spark
def test_the_panel_on_sail_is_that_of_duckdb(sail, extracts, expected, tmp_path):
    assert_same(made(sail, extracts, tmp_path), expected)


@pytest.mark.java
def test_the_panel_on_spark_is_that_of_duckdb(java, extracts, expected, tmp_path):
    assert_same(made(java, extracts, tmp_path), expected)


def made(con: ibis.BaseBackend, extracts: Path, place: Path) -> dict[str, pa.Table]:
    """Register and panel tables as the assets make them: each is stored before the next is made from it."""
    found = {}

    def read(register: str) -> ibis.Table:
        return registers.read_extracts(con, extracts, register)

    def store(name: str, table: ibis.Table) -> ibis.Table:
        schema = load(name).arrow_schema()
        rows = con.to_pyarrow(table).select(schema.names).cast(schema)
        found[name] = rows.sort_by([(column, "ascending") for column in schema.names])
        pq.write_table(found[name], place / f"{name}.parquet")
        return con.read_parquet(str(place / f"{name}.parquet"))

    firm = store("register.firm", registers.import_firm(read("FIRM"), code_table("municipalities_before_2007")))
    by_year, by_quarter, of_persons = (store(name, make(read("BFL"))) for name, make in zip(job_sums.TABLES, BFL_SUMS, strict=True))
    succession = store("register.succession", registers.succession(read("LONG_DEMO"), firm))
    population = store("register.population", registers.import_population(read("BEF")))
    education = store("register.education", registers.import_education(read("UDDA"), code_table("education_groups")))
    vat = store("register.vat_half_year", registers.import_vat(read("FIKS")))
    places = code_table("industries"), code_table("municipalities")
    firm_year = store("panel.firm_year", panel.firm_year(firm, by_year, *places, prices(), succession))
    store("panel.firm_quarter", panel.firm_quarter(by_quarter, firm_year, prices(), succession))
    store("panel.firm_half_year", panel.firm_half_year(vat, firm_year, prices(), succession))
    store("panel.person_quarter", panel.person_quarter(population, of_persons, education, prices()))
    return found


def assert_same(found: dict[str, pa.Table], expected: dict[str, pa.Table]) -> None:
    assert all(table.num_rows for table in expected.values())
    assert {name: table.num_rows for name, table in found.items()} == {name: table.num_rows for name, table in expected.items()}
    for name, table in expected.items():
        assert [column for column in table.column_names if not found[name][column].equals(table[column])] == [], name
