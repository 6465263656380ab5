"""The panel on Spark beside the panel on DuckDB: every column and row of the tiny world with all its oddities, exactly."""

from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from assets.panel import code_table, prices
from assets.registers import BFL_SUMS
from pipelines import panel, registers
from pipelines.world import make_world
from pipelines.world.plan import Oddities
from schemas.contract import load
from tests.pipelines.world.making import pseudonym_of

TABLES = ("panel.firm_year", "panel.firm_quarter", "panel.firm_half_year", "panel.person_quarter")


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("spark")
    make_world(
        scale="tiny", deliveries=place / "raw", home=place / "home", pseudonym_of=pseudonym_of, oddities=Oddities()
    )
    return place / "home" / "registers"


@pytest.fixture(scope="module")
def expected(extracts: Path) -> dict[str, pa.Table]:
    return made(ibis.duckdb.connect(), extracts)


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
@pytest.mark.parametrize("name", TABLES)
def test_a_panel_table_on_sail_is_that_of_duckdb(sail, extracts, expected, name):
    assert_same(fetched(sail, tables(sail, extracts)[name], name), expected[name])


@pytest.mark.java
@pytest.mark.parametrize("name", TABLES)
def test_a_panel_table_on_spark_is_that_of_duckdb(java, extracts, expected, name):
    assert_same(fetched(java, tables(java, extracts)[name], name), expected[name])


def tables(con: ibis.BaseBackend, extracts: Path) -> dict[str, ibis.Table]:
    """The panel tables as the assets make them, lazily."""
    def read(register: str) -> ibis.Table:
        return registers.read_extracts(con, extracts, register)

    firm = registers.import_firm(read("FIRM"), code_table("municipalities_before_2007"))
    by_year, by_quarter, of_persons = (make(read("BFL")) for make in BFL_SUMS)
    succession = registers.succession(read("LONG_DEMO"), firm)
    firm_year = panel.firm_year(firm, by_year, code_table("industries"), code_table("municipalities"), prices(), succession)
    population, education = registers.import_population(read("BEF")), registers.import_education(
        read("UDDA"), code_table("education_groups")
    )
    return {
        "panel.firm_year": firm_year,
        "panel.firm_quarter": panel.firm_quarter(by_quarter, firm_year, prices(), succession),
        "panel.firm_half_year": panel.firm_half_year(registers.import_vat(read("FIKS")), firm_year, prices(), succession),
        "panel.person_quarter": panel.person_quarter(population, of_persons, education, prices()),
    }


def made(con: ibis.BaseBackend, extracts: Path) -> dict[str, pa.Table]:
    return {name: fetched(con, table, name) for name, table in tables(con, extracts).items()}


def fetched(con: ibis.BaseBackend, table: ibis.Table, name: str) -> pa.Table:
    schema = load(name).arrow_schema()
    found = con.to_pyarrow(table).select(schema.names).cast(schema)
    return found.sort_by([(column, "ascending") for column in schema.names])


def assert_same(found: pa.Table, expected: pa.Table) -> None:
    assert expected.num_rows > 0
    assert found.num_rows == expected.num_rows
    assert [name for name in expected.column_names if not found[name].equals(expected[name])] == []
