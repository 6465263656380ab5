"""A connection spills where it is told to, even if nothing is there yet, and leaves nothing behind."""

from pipelines.release import engine


def test_what_does_not_fit_in_memory_is_spilled_to_a_place_that_was_not_there(tmp_path):
    spill = tmp_path / "tmp" / "FIRM"
    with engine.connection(spill, "64MB", 1) as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute("CREATE TABLE sorted AS SELECT hash(range) AS h, repeat('x', 40) || range AS t FROM range(3000000) ORDER BY h")
        assert con.sql("SELECT count(*) FROM sorted").fetchone() == (3_000_000,)
        assert any(spill.iterdir())
    assert not spill.exists()
