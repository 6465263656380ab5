"""Several publications of one period: the newest known at the as-of date is read, and nothing else of that period."""

import datetime as dt
import shutil

import pytest

from pipelines.registers import RegisterError, find_extracts, has_extracts, last_date, read_extracts
from pipelines.registers.extracts import chosen_extracts
from tests.pipelines.registers.drawn import put

UNDATED, PRELIMINARY, FINAL = "FIRM2010.parquet", "2011-10-31/FIRM2010.parquet", "2012-06-30/FIRM2010.parquet"


@pytest.fixture
def firms(tmp_path):
    """FIRM of 2009 without a day of publication; of 2010 preliminary and final; each file's only firm is named for it."""
    put(tmp_path, "FIRM2009.parquet", "FIRM", CVRNR="2009")
    for name in (PRELIMINARY, FINAL):
        put(tmp_path, name, "FIRM", CVRNR=name[:10])
    return tmp_path


@pytest.mark.parametrize(("as_of", "known"), [
    (dt.date(2009, 12, 31), ["FIRM2009.parquet"]),
    (dt.date(2010, 12, 31), ["FIRM2009.parquet"]),
    (dt.date(2011, 10, 30), ["FIRM2009.parquet"]),
    (dt.date(2011, 10, 31), ["FIRM2009.parquet", PRELIMINARY]),
    (dt.date(2012, 6, 29), ["FIRM2009.parquet", PRELIMINARY]),
    (dt.date(2012, 6, 30), ["FIRM2009.parquet", FINAL]),
    (None, ["FIRM2009.parquet", FINAL]),
])
def test_of_each_period_the_newest_publication_known_at_the_as_of_date_is_taken(firms, as_of, known):
    assert [extract.name for extract in find_extracts(firms, "FIRM", as_of)] == known


def test_rows_of_an_older_publication_are_not_read_beside_those_of_the_newer(con, firms):
    def read(as_of):
        return con.to_pyarrow(read_extracts(con, firms, "FIRM", as_of))["CVRNR"].to_pylist()

    assert sorted(read(None)) == ["2009", "2012-06-30"]
    assert sorted(read(dt.date(2011, 12, 31))) == ["2009", "2011-10-31"]


def test_a_file_without_a_day_is_the_oldest_of_its_period(firms):
    put(firms, UNDATED, "FIRM")
    assert [extract.name for extract in find_extracts(firms, "FIRM", dt.date(2010, 12, 31))] == ["FIRM2009.parquet", UNDATED]
    assert [extract.name for extract in find_extracts(firms, "FIRM")] == ["FIRM2009.parquet", FINAL]


@pytest.mark.parametrize("other", ["2011-10-31/firm2010.PARQUET", "2011-10-31/FIRM201012.parquet", "2011-10-31/FIRM2010.xpt"])
def test_two_files_for_one_period_and_publication_are_refused_by_name(firms, other):
    shutil.copy(firms / PRELIMINARY, firms / other)
    for as_of in (None, dt.date(2011, 12, 31)):
        with pytest.raises(RegisterError) as refused:
            find_extracts(firms, "FIRM", as_of)
        assert str(refused.value).endswith("tell of the same period: keep one of them")
        assert PRELIMINARY in str(refused.value)
        assert other in str(refused.value)


@pytest.mark.parametrize("directory", ["new", "2011-02-30", "2011-10", "20111031"])
def test_a_directory_of_extracts_that_no_day_names_is_refused(tmp_path, directory):
    put(tmp_path, f"{directory}/FIRM2010.parquet", "FIRM")
    with pytest.raises(RegisterError, match=f"^{directory}/ holds register extracts and is not named for the day"):
        find_extracts(tmp_path, "FIRM")


def test_a_directory_that_holds_no_extract_of_the_register_is_nobodys_business(firms):
    (firms / "notes").mkdir()
    (firms / "notes" / "FIRM.md").touch()
    assert len(find_extracts(firms, "FIRM")) == 2
    assert not has_extracts(firms, "BFL")


def test_a_publication_from_before_its_period_is_refused(tmp_path):
    put(tmp_path, "2009-12-31/FIRM2010.parquet", "FIRM")
    with pytest.raises(RegisterError, match=r"^2009-12-31/FIRM2010\.parquet was published before its year began"):
        find_extracts(tmp_path, "FIRM")


def test_preliminary_is_what_came_before_the_figures_are_final_and_unknown_without_a_day_or_a_rule(tmp_path):
    for name in ("2011-10-31/FIRM2010.parquet", "2012-02-27/FIRM2011.parquet", "2012-02-28/FIRM2011.parquet"):
        put(tmp_path, name, "FIRM")
    put(tmp_path, "2013-02-28/FIRM2011.parquet", "FIRM")
    put(tmp_path, "FIRM2009.parquet", "FIRM")
    put(tmp_path, "2011-10-31/BEF201012.parquet", "BEF")
    told = {one.name: one.preliminary for as_of in (None, dt.date(2012, 2, 28)) for one in find_extracts(tmp_path, "FIRM", as_of)}
    assert told == {
        "FIRM2009.parquet": None, "2011-10-31/FIRM2010.parquet": True, "2012-02-28/FIRM2011.parquet": True,
        "2013-02-28/FIRM2011.parquet": False,
    }
    assert [one.preliminary for one in find_extracts(tmp_path, "BEF")] == [None]


def test_the_last_date_is_the_last_day_of_a_publication_where_that_is_later(firms):
    assert last_date(firms) == dt.date(2012, 6, 30)
    put(firms, "2013-01-15/DREAM201212.parquet", "DREAM")
    assert last_date(firms) == dt.date(2013, 1, 15)
    put(firms, "FIRM2014.parquet", "FIRM")
    assert last_date(firms) == dt.date(2014, 12, 31)


def test_of_dream_only_the_newest_file_is_read_since_each_tells_of_all_weeks_before(firms):
    for register in ("BFL", "BEF", "UDDA"):
        put(firms, f"{register}2010.parquet", register)
    for name in ("DREAM201006", "DREAM201012", "DREAM201106"):
        put(firms, f"{name}.parquet", "DREAM")
    assert [one.name for one in find_extracts(firms, "DREAM", dt.date(2010, 12, 31))] == ["DREAM201012.parquet"]
    read = [one.name for one in chosen_extracts(firms) if one.register == "DREAM"]
    assert read == ["DREAM201106.parquet"]
