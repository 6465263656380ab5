"""One tiny world in a home, one sample world drawn, and the sample's deliveries: each made once a session."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.world import DEFAULT_SEED, World, draw_world, make_world
from pipelines.world.plan import SCALES
from tests.pipelines.world.making import RawFile, make_tiny, read_raw


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`deliveries/` and `home/` of the tiny world, made with four threads. Tests only read it."""
    threads = pa.cpu_count()
    pa.set_cpu_count(4)
    try:
        return make_tiny(tmp_path_factory.mktemp("tiny_world"))
    finally:
        pa.set_cpu_count(threads)


@pytest.fixture(scope="session")
def registers(tiny: Path) -> Path:
    return tiny / "home" / "registers"


@pytest.fixture(scope="session")
def sample() -> World:
    """The sample world as it is drawn; nothing of it is written."""
    return draw_world(SCALES["sample"], DEFAULT_SEED)


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample's raw deliveries, freshly written."""
    return make_world(scale="sample", deliveries=tmp_path_factory.mktemp("sample_world"))


@pytest.fixture(scope="session")
def raw(sample_files: list[Path]) -> list[RawFile]:
    """The sample's raw deliveries, read back."""
    return [read_raw(path) for path in sample_files]


@pytest.fixture(scope="session")
def tiny_world() -> World:
    """The tiny world as it is drawn."""
    return draw_world(SCALES["tiny"], DEFAULT_SEED)
