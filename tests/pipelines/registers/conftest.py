"""One DuckDB in memory for all drawn registers."""

import ibis
import pytest


@pytest.fixture(scope="session")
def con() -> ibis.BaseBackend:
    return ibis.duckdb.connect()
