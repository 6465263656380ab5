"""A home remembers whether it is synthetic and which keys it is kept under."""

import json

import pytest

from pipelines.identity import Keys
from pipelines.participations import HomeError, open_home
from tests.pipelines.participations.drawing import KEYS


@pytest.mark.parametrize(("asked", "remembered"), [(None, False), (False, False), (True, True)])
def test_a_new_home_is_real_unless_it_is_said_to_be_synthetic_and_remembers_it(tmp_path, asked, remembered):
    assert open_home(tmp_path / "home", asked).synthetic is remembered
    assert open_home(tmp_path / "home").synthetic is remembered
    assert open_home(tmp_path / "home", remembered).synthetic is remembered
    assert json.loads((tmp_path / "home" / "home.json").read_text()) == {"synthetic": remembered}


def test_a_contradiction_is_refused_in_words_and_changes_nothing(tmp_path):
    open_home(tmp_path / "home", True)
    with pytest.raises(HomeError, match="is a home for synthetic numbers, and EFFEKT_SYNTHETIC asks for real ones"):
        open_home(tmp_path / "home", False)
    assert open_home(tmp_path / "home").synthetic


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"synthetic": 1}', '{"synthetic": "no"}'])
def test_a_damaged_memory_is_an_error_and_never_a_new_real_home(tmp_path, content):
    open_home(tmp_path, True)
    (tmp_path / "home.json").write_text(content)
    with pytest.raises(HomeError, match="is damaged"):
        open_home(tmp_path)
    assert (tmp_path / "home.json").read_text() == content


def test_a_home_knows_its_first_keys_by_their_ids(tmp_path):
    home, other = open_home(tmp_path, True), Keys(KEYS.company, bytes(range(50, 82)))
    assert not home.keys_differ(KEYS)
    home.remember_keys(KEYS)
    assert not home.keys_differ(KEYS)
    assert home.keys_differ(other)
    assert open_home(tmp_path).synthetic
