"""What one release says otherwise than another: drawn totals, one figure changed at a time."""

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from pipelines.release import ReleaseError, Revision, build, publish, revisions
from schemas.contract import load
from tests.pipelines.release.drawn import AS_OF, FACTS, drawn_tables

TOTAL = drawn_tables()["effect.total"]


def released(home, total: pa.Table = TOTAL, facts=FACTS) -> str:
    return publish(build(drawn_tables(effect__total=total), home, AS_OF, facts)).id


def changed(column: str, values: list) -> pa.Table:
    at = TOTAL.column_names.index(column)
    return TOTAL.set_column(at, TOTAL.schema.field(at), pa.array(values, TOTAL.schema.field(at).type))


def test_a_figure_that_moved_is_told_with_its_key_and_both_values(tmp_path):
    one, other = released(tmp_path), released(tmp_path, changed("net", [1.0, 2.5]))
    found = revisions(tmp_path, one, other)
    assert found.revisions == (Revision("effect.total", "event_time=2", "net", 2.25, 2.5),)
    assert found.compared == 2 * (TOTAL.num_columns - 1)
    assert found.extracts == ()


def test_a_release_differs_from_itself_in_nothing_and_neither_in_the_last_bits(tmp_path):
    one = released(tmp_path)
    assert revisions(tmp_path, one, "current").revisions == ()
    assert revisions(tmp_path, one, released(tmp_path, changed("net", [1.0 + 1e-13, 2.25]))).revisions == ()


def test_a_figure_that_went_missing_or_came_is_told(tmp_path):
    one, other = released(tmp_path), released(tmp_path, changed("net", [None, 2.25]))
    assert revisions(tmp_path, one, other).revisions == (Revision("effect.total", "event_time=0", "net", 1.0, None),)
    assert revisions(tmp_path, other, one).revisions == (Revision("effect.total", "event_time=0", "net", None, 1.0),)


def test_a_row_that_came_or_went_is_told_figure_by_figure(tmp_path):
    one, other = released(tmp_path, TOTAL.slice(0, 1)), released(tmp_path)
    told = {revision.column: (revision.before, revision.after) for revision in revisions(tmp_path, one, other).revisions}
    assert told["net"] == (None, 2.25)
    assert told["n_treated"] == (None, 3)
    assert {revision.key for revision in revisions(tmp_path, other, one).revisions} == {"event_time=2"}


def test_tables_of_single_units_are_not_compared(tmp_path):
    company = drawn_tables()["participation.company"]
    one = released(tmp_path)
    other = publish(build(drawn_tables(participation__company=company.slice(1)), tmp_path, AS_OF, FACTS)).id
    assert one != other
    assert revisions(tmp_path, one, other).revisions == ()


def test_extracts_that_differ_are_told_with_their_publication(tmp_path):
    def facts(**row):
        given = {"register": "FIRM", "period": "2012", "rows": 1, "bytes": 1} | row
        return replace(FACTS, extracts=load("meta.extract").conform(pa.Table.from_pylist([given])))

    one = released(tmp_path, facts=facts(file="FIRM2012.parquet", sha256="a"))
    other = released(tmp_path, facts=facts(file="2014-06-30/FIRM2012.parquet", published=date(2014, 6, 30), sha256="b"))
    assert revisions(tmp_path, one, other).extracts == (("FIRM", "2012", "FIRM2012.parquet", "2014-06-30"),)


@pytest.mark.parametrize("name", ["nothing", "../releases", ""])
def test_a_release_that_is_not_there_is_answered_with_those_that_are(tmp_path, name):
    one = released(tmp_path)
    with pytest.raises(ReleaseError, match=f"there is no release of that name: those there are {one}, current"):
        revisions(tmp_path, one, name)
