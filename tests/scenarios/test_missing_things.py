"""What is missing stops a run before anything is written, with one sentence that names it and the command that makes it."""

import pytest

from tests.conftest import effekt


def test_without_keys_the_run_names_the_command_that_makes_them(tmp_path):
    run = effekt("run", home=tmp_path / "home", keys=tmp_path / "keys")
    assert run.returncode != 0
    assert run.stderr.count("\n") == 1
    assert "effekt keys new" in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_deliveries_the_run_names_the_gateway(tmp_path):
    assert effekt("keys", "new", keys=tmp_path / "keys").returncode == 0
    run = effekt("run", home=tmp_path / "home", keys=tmp_path / "keys")
    assert run.returncode != 0
    assert run.stderr.count("\n") == 1
    assert "effekt pseudonymise" in run.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("register", ["FIRM", "BFL", "BEF", "UDDA"])
def test_without_a_register_the_run_names_it_and_the_release_stays(tiny_copy, register):
    before = (tiny_copy / "releases" / "current").resolve()
    for file in (tiny_copy / "registers").glob(f"{register}*"):
        file.unlink()
    run = effekt("run", home=tiny_copy, keys=tiny_copy.parent / "keys")
    assert run.returncode != 0
    assert run.stderr.count("\n") == 1
    assert register in run.stderr
    assert "effekt world" in run.stderr
    assert (tiny_copy / "releases" / "current").resolve() == before


def test_a_register_without_a_column_is_refused_by_name(tiny_copy):
    import pyarrow.parquet as pq

    file = tiny_copy / "registers" / "FIRM2010.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["GF_OMS"]), file)
    run = effekt("run", home=tiny_copy, keys=tiny_copy.parent / "keys")
    assert run.returncode != 0
    assert "FIRM2010.parquet" in run.stderr
    assert "GF_OMS" in run.stderr


def test_a_home_for_synthetic_numbers_refuses_to_hold_real_ones(tiny_copy):
    run = effekt("run", home=tiny_copy, keys=tiny_copy.parent / "keys", synthetic="0")
    assert run.returncode != 0
    assert "synthetic" in run.stderr


def test_a_broken_file_is_refused_and_the_rest_goes_on(tiny_copy, tmp_path):
    broken = tmp_path / "nordvaekst_company_participations_2012.csv"
    broken.write_text("cvr;project;smiley\n", encoding="utf-8")
    keys = tiny_copy.parent / "keys"
    taken = effekt("pseudonymise", broken, "--as", "company_participations", home=tiny_copy, keys=keys)
    assert taken.returncode == 1
    assert "column 3" in taken.stdout + taken.stderr
    deliveries = sorted((tiny_copy / "deliveries").iterdir())
    assert len(deliveries) == len(sorted((tiny_copy.parent / "raw").iterdir()))
