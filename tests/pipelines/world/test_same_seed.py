"""The same seed gives the same bytes, whatever the machine does; another seed gives another world."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from pipelines.world import make_world
from pipelines.world.firms import draw_firms
from pipelines.world.plan import SCALES
from tests.pipelines.world.making import digests

ROOT = Path(__file__).parents[3]
ONE_THREAD = """
import sys
from pathlib import Path
import pyarrow
pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)
from tests.pipelines.world.making import make_tiny
make_tiny(Path(sys.argv[1]))
"""


def test_the_same_seed_gives_the_same_deliveries_registers_and_truth_with_one_thread_and_on_an_older_processor(
    tiny, tmp_path
):
    older = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ()))
    settings = {"OMP_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": older, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", ONE_THREAD, str(tmp_path)], cwd=ROOT, env=os.environ | settings, check=True)
    assert digests(tmp_path) == digests(tiny)


def test_another_seed_gives_other_participations_contacts_and_firms(tiny, tmp_path):
    make_world(scale="tiny", seed=1, deliveries=tmp_path)
    here, there = digests(tmp_path), digests(tiny / "deliveries")
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] != there[name]} >= {
        name for name in here if "_participations_" in name or "_contacts_" in name
    }
    assert (draw_firms(SCALES["tiny"], 1).fte != draw_firms(SCALES["tiny"], 2013).fte).mean() > 0.9


def test_the_committed_sample_is_what_its_seed_gives_byte_for_byte(sample_files):
    committed = digests(ROOT / "sample_data")
    committed.pop("README.md")
    assert committed == digests(sample_files[0].parent)
