"""One DuckDB in memory for all drawn panels."""

import ibis
import pytest


@pytest.fixture(scope="session")
def con() -> ibis.BaseBackend:
    return ibis.duckdb.connect()


@pytest.fixture(scope="session")
def prices() -> ibis.Table:
    """A made-up index, so that fixed prices can be reckoned in the head; 2010 is the base year."""
    years = {"year": [2006, 2007, 2008, 2009, 2010, 2011, 2012], "index": [40.0, 50.0, 80.0, 62.5, 100.0, 125.0, 200.0]}
    return ibis.memtable(years, schema={"year": "int32", "index": "float64"})
