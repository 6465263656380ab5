"""Canary numbers through everything that may touch one (deliveries, changes, withdrawals, new keys), then searched in
every byte that is left, in every form that a number could take."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity import load_keys, new_keys
from pipelines.participations import pseudonymise, rekey, rotate, table_in, withdraw
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, KINDS, PERSONS, put, workbook
from tests.pipelines.participations.keeping import draw_registers, every_byte, fill_store, release

RAW = {
    "nord_company_participations_2010.csv": COMPANIES + f"{CVRS[3]};{CPRS[2]};01-05-2010;;\n",
    "nord_person_participations_2010.csv": PERSONS,
    f"{CPRS[1]}_person_participations_2010.csv": PERSONS.replace("CPR-nr.", CPRS[0]),
    "syd_company_contacts_2010.xlsx": workbook(
        ("Ark1", [["cvr", "actor", "date"], [int(CVRS[5]), "A", "01-05-2010"], [int(CVRS[4]), CPRS[3], "x"]])
    ),
}


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> dict[str, bytes]:
    """Every byte of a home through which the canaries went, and of what was printed on the way."""
    place = tmp_path_factory.mktemp("canaries")
    home = place / "home"
    new_keys(place / "keys")
    (place / "keys" / "changes.csv").touch(0o600)
    (place / "keys" / "changes.csv").write_text(f"old;new\n{CVRS[0]};{CVRS[1]}\n{CPRS[0]};{CPRS[2]}\n{CPRS[2]};{CPRS[3]}\n")
    said = []
    for name, text in RAW.items():
        kind = next(kind for kind in KINDS if f"_{kind}_" in name)
        keys = load_keys(place / "keys", home)
        said.append(pseudonymise(put(place, name, text), kind, keys=keys, home=home, synthetic=True))
    draw_registers(home / "registers", 2010, keys)
    fill_store(home)
    release(home, "2010-one")
    said.append(withdraw(put(place, f"{CPRS[1]}.txt", f"{CVRS[2]}\n{CPRS[1]}\n"), keys=keys, home=home))
    with pytest.MonkeyPatch.context() as here:
        here.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter([list(CVRS)]))
        here.setattr("pipelines.identity.rotation.cpr_numbers", lambda *_, **__: iter([list(CPRS)]))
        said.append(rotate(place / "keys", place / "new", home))
    new = load_keys(place / "new", home)
    said.append(rekey(home, old=keys, new=new, table=table_in(place / "new")))
    fill_store(home)
    release(home, "2010-two")
    names = "\n".join(str(path) for path in home.rglob("*"))
    table = {"table": table_in(place / "new").read_bytes() + str(pq.read_table(table_in(place / "new")).to_pydict()).encode()}
    return {**every_byte(home), **table, "names": names.encode(), "said": repr((said, keys, new)).encode()}


@pytest.mark.parametrize("number", [*CVRS, *CPRS])
def test_no_form_of_a_canary_is_left(left, number):
    assert len(left) > 30
    for form in forms(number):
        assert not [name for name, content in left.items() if form in content], "a canary was found"


def test_the_search_finds_every_form_that_it_looks_for(tmp_path):
    for form in forms(CPRS[0]):
        (tmp_path / "leak").write_bytes(b"xx" + form + b"xx")
        assert any(form in content for content in every_byte(tmp_path).values())
    pq.write_table(pa.table({"cpr": [int(CPRS[1])]}), tmp_path / "leak.parquet", compression="zstd")
    assert any(form in content for content in every_byte(tmp_path).values() for form in forms(CPRS[1]))


def test_a_failure_with_a_number_at_hand_prints_no_number(tmp_path):
    """An error inside the gateway's own process, at the step that holds raw numbers, through the command."""
    new_keys(tmp_path / "keys")
    put(tmp_path, "nord_company_participations_2010.csv", COMPANIES)
    code = (
        "import sys\nimport pipelines.participations.gateway as gateway\nfrom pipelines import cli\n"
        "def broken(*given): raise RuntimeError(str(given[0].to_pylist()))\n"
        "gateway._without_numbers = broken\n"
        f"sys.argv = ['effekt', 'pseudonymise', {str(tmp_path / 'nord_company_participations_2010.csv')!r}, '--as', "
        f"'company_participations', '--keys', {str(tmp_path / 'keys')!r}, '--home', {str(tmp_path / 'home')!r}]\ncli.main()\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "EFFEKT_SYNTHETIC": "1"}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "unexpected RuntimeError at gateway.py line" in done.stderr
    assert not any(number.lstrip("0") in done.stderr + done.stdout for number in CVRS)


def forms(number: str) -> list[bytes]:
    """How a number could lie in a file: as text with and without its zero or hyphen, in UTF-16, as an integer, plainly
    hashed."""
    value, spelled = int(number), {number, f"{number[:6]}-{number[6:]}", f"{number[:-4]}-{number[-4:]}", str(int(number))}
    texts = [text.encode(codec) for text in spelled for codec in ("utf-8", "utf-16-le", "utf-16-be")]
    integers = [value.to_bytes(8, order) for order in ("little", "big")]
    digests = [hashlib.new(kind, text.encode()).digest() for kind in ("sha256", "md5", "sha1") for text in spelled]
    hexadecimal = [written for one in digests for written in (one.hex()[:24].encode(), one.hex()[:24].upper().encode())]
    return texts + integers + digests + hexadecimal
