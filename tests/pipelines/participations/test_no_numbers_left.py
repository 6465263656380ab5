"""Canary numbers through everything that may touch one (deliveries, changes, withdrawals, new keys), then searched in
every byte that is left, in every form that a number could take."""

import contextlib
import hashlib
import io
import logging
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import cli
from pipelines.identity import Keys, load_keys, new_keys, write_keys
from pipelines.identity.pseudonyms import as_letters
from pipelines.participations import contained, pseudonymise, rekey, rotate, table_in, withdraw
from tests.pipelines.participations.drawing import COMPANIES, CPRS, CVRS, KEYS, KINDS, PERSONS, put, workbook
from tests.pipelines.participations.keeping import draw_registers, every_byte, fill_store, release

NEW_KEYS = Keys(bytes(range(40, 72)), bytes(range(140, 172)), earlier=(KEYS.delivery,))
HEADER = "CVR-nr.;Projekt;Startdato;Slutdato;Tilskud (kr.);Aktivitet;Bemærkning\n"
IN_TEXTS = (
    f"{CVRS[0]};P1;01-05-2010;;5;tjek;fin\n{CVRS[1]};P1;01-05-2010;;5;tjek;se {CPRS[3]}\n"
    f"{CVRS[2]};P1;{CPRS[2]};{CPRS[2]};{CVRS[4]};{CVRS[4]};\n{CVRS[3][:4]}-{CVRS[3][4:]};P1;01-05-2010;;5;;\n"
    f"{CVRS[3]};{CPRS[2][:6]}-{CPRS[2][6:]};01-05-2010;;;;\n"
)
CONTACTS = workbook(("Ark1", [["cvr", "actor", "date"], [int(CVRS[5]), "A", "01-05-2010"], [int(CVRS[4]), CPRS[3], "x"]]))


def exported(**columns) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


INTEGERS = exported(
    cvr=pa.array([int(CVRS[5]), int(CVRS[4])], pa.int32()), project=[int(CPRS[0]), int(CPRS[3])],
    start=["01-05-2010"] * 2, end=pa.nulls(2, pa.string()), support_dkk=[1.5, 2.5],
)
RAW = {  # the files, and whether they are taken; the first is there when the reader's process starts
    f"{CPRS[1]}_person_participations_2010.csv": (PERSONS.replace("CPR-nr.", CPRS[0]), False),
    "nord_company_participations_2010.csv": (COMPANIES + f"{CVRS[3]};{CPRS[2]};01-05-2010;;\n", True),
    "nord_company_participations_2010-2.csv": ((HEADER + IN_TEXTS).encode("utf-16"), True),
    "nord_person_participations_2010.csv": (PERSONS, True),
    "syd_company_contacts_2010.xlsx": (CONTACTS, True),
    "syd_company_participations_2010.parquet": (INTEGERS, True),
    f"syd_person_participations_{CVRS[1]}.csv": (PERSONS + f'{CPRS[2]};"P1;01-05-2010;;;\n', False),
    "syd_person_participations_2011.csv": (PERSONS + f"{CPRS[3]};P1\n", False),
    "øst_company_contacts_2010.xlsx": (CONTACTS[:-40], False),
    "øst_company_participations_2010.parquet": (INTEGERS[:-20], False),
}


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> dict[str, bytes]:
    """Every byte that is left where the canaries went (the home, the working and the temporary directory), and all that
    was printed, logged or given to another process on the way."""
    place = tmp_path_factory.mktemp("canaries")
    home, raw, said = place / "home", place / "raw", io.StringIO()
    for directory in ("raw", "work", "temporary", "keys"):
        (place / directory).mkdir()
    write_keys(place / "keys", KEYS)
    (place / "keys" / "changes.csv").touch(0o600)
    (place / "keys" / "changes.csv").write_text(f"old;new\n{CVRS[0]};{CVRS[1]}\n{CPRS[0]};{CPRS[2]}\n{CPRS[2]};{CPRS[3]}\n")
    with watched(place, said):
        for name, (content, taken) in RAW.items():
            file = put(raw, name, content)
            kind = next(kind for kind in KINDS if f"_{kind}_" in name)
            for words in (("check", "--language", "da"), ("check", "--language", "en"), ("check", "--json")):
                told(*words, str(file), "--as", kind)
            for words in ((), ("--json",)):
                assert told("pseudonymise", str(file), "--as", kind, *words) == int(not taken)
            keys = load_keys(place / "keys", home)
            said.write(repr(pseudonymise(file, kind, keys=keys, home=home)))
        draw_registers(home / "registers", 2010, keys)
        fill_store(home)
        release(home, "2010-one")
        said.write(repr(withdraw(put(raw, f"{CPRS[1]}.txt", f"{CVRS[2]}\n{CPRS[1]}\n"), keys=keys, home=home)))
        assert told("withdraw", str(put(raw, "wrong.txt", f"{CVRS[3]}\n{CPRS[3]}1\n"))) == 1
        said.write(repr(rotate(place / "keys", place / "new", home)))
        new = load_keys(place / "new", home)
        said.write(repr((rekey(home, old=keys, new=new, table=table_in(place / "new")), keys, new)))
        fill_store(home)
        release(home, "2010-two")
    table = table_in(place / "new").read_bytes() + str(pq.read_table(table_in(place / "new")).to_pydict()).encode()
    searched = [place / directory for directory in ("home", "work", "temporary")]
    found = {str(directory / name): content for directory in searched for name, content in every_byte(directory).items()}
    names = "\n".join(str(path) for directory in searched for path in directory.rglob("*"))
    return {**found, "table": table, "names": names.encode(), "said": said.getvalue().encode()}


@contextlib.contextmanager
def watched(place: Path, said: io.StringIO):
    """In an own working and temporary directory, with numbers at hand that are tried when keys are rotated; all that is
    printed, logged at any level, or given to another process goes to `said`."""
    here, log = Path.cwd(), logging.StreamHandler(said)
    root, start = logging.getLogger(), subprocess.Popen
    level = root.level
    contained.close()

    def started(*given, **named):
        said.write(repr((given, named)))
        return start(*given, **named)

    with pytest.MonkeyPatch.context() as set_here, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        set_here.setattr(contained.subprocess, "Popen", started)
        set_here.setattr(tempfile, "tempdir", str(place / "temporary"))
        settings = {"TMPDIR": "temporary", "EFFEKT_HOME": "home", "EFFEKT_KEYS": "keys"}
        for name, directory in settings.items():
            set_here.setenv(name, str(place / directory))
        set_here.setenv("EFFEKT_SYNTHETIC", "1")
        set_here.setattr("pipelines.identity.rotation.cvr_numbers", lambda *_, **__: iter([list(CVRS)]))
        set_here.setattr("pipelines.identity.rotation.cpr_numbers", lambda *_, **__: iter([list(CPRS)]))
        set_here.setattr("pipelines.participations.rekeying.draw_keys", lambda: NEW_KEYS)  # four bytes are found in random ones
        os.chdir(place / "work")
        root.addHandler(log)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            os.chdir(here)
            root.removeHandler(log)
            root.setLevel(level)
    contained.close()


def told(*words: str) -> int:
    """Runs `effekt`; its exit code."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(sys, "argv", ["effekt", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return ended.value.code or 0


def places_with(left: dict[str, bytes], number: str) -> list[str]:
    return sorted(name for name, content in left.items() if any(form in content for form in forms(number)))


def test_every_kind_of_file_was_taken_refused_or_quarantined_and_all_of_it_is_searched(left):
    assert len(left) > 30
    said = left["said"].decode()
    for words in ("Afvist: ", "refused: ", '"status": "taken"', "raw_number_in_text", "contained.serve", "withdrawn"):
        assert words in said
    receipts = [content for name, content in left.items() if name.endswith("receipt.json")]
    assert len(receipts) == sum(taken for _, taken in RAW.values())
    assert sum(b'"raw_number_in_text"' in receipt for receipt in receipts) == 4


@pytest.mark.parametrize("number", [*CVRS, *CPRS])
def test_no_form_of_a_canary_is_left(left, number):
    assert not places_with(left, number), "a canary was found"


def test_the_search_finds_every_form_that_it_looks_for(tmp_path):
    for form in forms(CPRS[0]):
        (tmp_path / "leak").write_bytes(b"xx" + form + b"xx")
        assert places_with(every_byte(tmp_path), CPRS[0]) == ["leak"]


@pytest.mark.parametrize("number", [CVRS[0], CPRS[1]])
@pytest.mark.parametrize(
    "column",
    [
        lambda number: [f"note: {number[:6]}-{number[6:]}!"],
        lambda number: [int(number)],
        lambda number: pa.array([int(number)], pa.int32()),
        lambda number: pa.array([int(number)], pa.decimal128(20, 2)),
        lambda number: [float(number)],
        lambda number: [number.encode("utf-16-le")],
        lambda number: [hashlib.sha256(number.encode()).digest()],
        lambda number: pa.array([hashlib.md5(number.encode(), usedforsecurity=False).hexdigest()]).dictionary_encode(),
    ],
)
def test_a_planted_leak_is_found_in_packed_columns_and_in_pages_of_a_database(tmp_path, number, column):
    table = pa.table({"leak": column(number)})
    pq.write_table(table, tmp_path / "leak.parquet", compression="zstd", write_statistics=False)
    with duckdb.connect(str(tmp_path / "leak.duckdb")) as connection:
        connection.register("given", table)
        connection.execute("CREATE TABLE leak AS FROM given")
    assert places_with(every_byte(tmp_path), number) == ["leak.duckdb", "leak.parquet"]


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
    """How a number could lie in a file: as text with and without its zero, hyphen or blank, in UTF-16, as an integer of
    four or eight bytes or a floating number in either order, hashed without a key (also in the letters of a pseudonym)."""
    value = int(number)
    spelled = {number, f"{number[:6]}-{number[6:]}", f"{number[:-4]}-{number[-4:]}", f"{number[:-4]} {number[-4:]}", str(value)}
    texts = [text.encode(codec) for text in spelled for codec in ("utf-8", "utf-16-le", "utf-16-be")]
    integers = [value.to_bytes(size, order) for size in (4, 8) for order in ("little", "big")]
    cents = [(100 * value).to_bytes(8, order) for order in ("little", "big")]
    floats = [struct.pack(order + "d", value) for order in "<>"]
    digests = [hashlib.new(kind, text.encode()).digest() for kind in ("sha256", "md5", "sha1") for text in spelled]
    hexadecimal = [written.encode() for one in digests for written in (one.hex()[:24], one.hex()[:24].upper(), as_letters(one[:12]))]
    return [*texts, *integers, *cents, *floats, *(one[:12] for one in digests), *hexadecimal]
