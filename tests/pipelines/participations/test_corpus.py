"""Every file of the corpus through the gateway as `effekt pseudonymise` uses it, reader's process and all: what became
of it, that its rows add up, that nothing is left of a refused one, and that no number is left of any."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity import pseudonym
from pipelines.participations import check, gateway, pseudonymise
from pipelines.participations.contained import Examined, found_in
from pipelines.participations.receipts import Receipt
from pipelines.participations.wording import refusal
from schemas.contract import Contract, load
from tests.pipelines.participations.corpus import CASES, Case
from tests.pipelines.participations.drawing import CPRS, CVRS, INITIATIVES, KEYS, PROJECTS, deliver

PSEUDONYMS = {"cvr": ("company", KEYS.company), "cpr": ("person", KEYS.person), "employer_cvr": ("employer", KEYS.company)}
# How a number could be left: as written, without the zero that Excel drops, with its hyphen, in other digits.
WRITTEN = [form for number in (*CVRS, *CPRS) for form in (number, number[1:], f"{number[:6]}-{number[6:]}", f"{number[:6]} {number[6:]}")]
WRITTEN += ["".join(chr(ord(digit) + shift) for digit in CPRS[0]) for shift in (0xFEE0, 0x630)]
CANARIES = [form.encode(codec) for form in WRITTEN for codec in ("utf-8", "utf-16-le", "utf-16-be")]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """A synthetic home that knows an initiative and the projects P1 and P2."""
    place = tmp_path_factory.mktemp("corpus")
    assert deliver(place, "region_initiatives_2010.csv", INITIATIVES).status == "taken"
    assert deliver(place, "region_projects_2010.csv", PROJECTS.replace("Vækst i Ærø", "Vækst i Ry")).status == "taken"
    return place / "home"


@pytest.fixture
def home(drawn, tmp_path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "home"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_of_the_corpus_is_taken_or_refused_as_it_should_be(case: Case, home: Path, tmp_path: Path, capfd, monkeypatch):
    """`check` reads in this process and `pseudonymise` in one of its own, so that they also speak for one another."""
    file = written(case, tmp_path)
    with monkeypatch.context() as here:
        if not case.contained:
            here.setattr(gateway, "examine", examined_here)
        told = check(file, case.kind, synthetic=True, home=home)
    earlier = [pseudonymise(file, case.kind, keys=KEYS, home=home).status for _ in range(case.times)]
    assert earlier[:1] in ([], [told_of(case)])
    before = deliveries(home)
    receipt = pseudonymise(file, case.kind, keys=KEYS, home=home)
    assert_as_expected(receipt, case, case.outcome.status)
    assert_as_expected(told, case, told_of(case))
    new = deliveries(home) - before
    assert new == ({receipt.delivery} if receipt.status in ("taken", "empty") else set())
    if receipt.status == "taken":
        assert_stored(home / "deliveries" / receipt.delivery, receipt, case)
    assert_nothing_left(home, receipt, told, capfd.readouterr())


def examined_here(content: bytes, contract: Contract, *, synthetic: bool, births=None) -> Examined:
    """`contained.examine` without the process around it."""
    delivered, judged = found_in(content, contract, synthetic, births)
    return Examined(delivered.format, delivered.encoding, delivered.cells.num_rows, judged)


def written(case: Case, directory: Path) -> Path:
    """The file of a case, in a directory of its own."""
    place = directory / "sent"
    place.mkdir()
    if case.places:
        return case.make(place)
    file = place / f"nord_{case.kind}_2010.{case.ending}"
    file.write_bytes(case.make())
    return file


def deliveries(home: Path) -> set[str]:
    return {path.name for path in (home / "deliveries").iterdir()}


def told_of(case: Case) -> str:
    """The status that `check` tells: it does not know what was delivered before."""
    return case.outcome.status if case.outcome.status != "duplicate" else "taken" if case.outcome.read else "empty"


def assert_as_expected(receipt: Receipt, case: Case, status: str) -> None:
    expected = case.outcome
    assert (receipt.status, receipt.reason) == (status, receipt.reason if status == "refused" else None)
    assert (receipt.read, receipt.accepted + receipt.quarantined) == (expected.read, expected.read)
    assert (receipt.by_rule, receipt.quarantined) == (expected.rules, expected.quarantined)
    assert sum(receipt.warnings.values()) == expected.warnings
    if expected.rows is not None:
        assert tuple(sorted(set(receipt.findings["row"].to_pylist()))) == expected.rows
    if expected.form:
        assert receipt.format == expected.form
    if expected.encoding:
        assert receipt.encoding == expected.encoding
    if expected.status == "refused":
        assert_one_sentence(receipt.reason, case)


def assert_one_sentence(reason: str, case: Case) -> None:
    """A refusal holds the words, is one printable line, and has its own words in Danish."""
    assert case.outcome.words in reason
    assert reason.isprintable()
    assert refusal(reason, "da", load(f"deliveries.{case.kind}")) != reason


def assert_stored(directory: Path, receipt: Receipt, case: Case) -> None:
    accepted = pq.read_table(directory / "accepted.parquet")
    assert accepted.num_rows == receipt.accepted
    for column, values in case.outcome.stored.items():
        name, key = PSEUDONYMS.get(column, (column, None))
        assert as_text(accepted[name]) == [pseudonym(key, value) if key and value else value for value in values]


def as_text(column: pa.ChunkedArray) -> list[str | None]:
    return [None if value is None else str(value) for value in column.to_pylist()]


def assert_nothing_left(home: Path, receipt: Receipt, told: Receipt, printed) -> None:
    """No number in any byte or cell of the home, nor in what was said."""
    left = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    new = home / "deliveries" / (receipt.delivery or "none")
    left += [str(pq.read_table(path, partitioning=None).to_pydict()).encode() for path in new.glob("*.parquet")]
    said = [json.dumps(one.as_dict(), ensure_ascii=False) + repr(one) + str(one.findings) for one in (receipt, told)]
    names = [str(path.relative_to(home)) for path in home.rglob("*")]
    everything = b"\n".join([*left, *(text.encode("utf-8", "replace") for text in (*said, *names, printed.out, printed.err))])
    assert not any(canary in everything for canary in CANARIES), "a number is left"


def test_the_corpus_is_as_large_as_promised_and_every_name_is_given_once():
    names = [(case.kind, case.ending, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 90
    assert {case.outcome.status for case in CASES} == {"taken", "empty", "refused", "duplicate"}
