"""Files that the fuzz run found to break something, read again by the reader's process: each is taken or refused in one
sentence, and none is too much for the gateway."""

from pathlib import Path

import pytest

from pipelines.participations import check, contained
from schemas.contract import load
from tests.fuzz.promises import keep_promises, keep_sentence
from tests.pipelines.participations.drawing import COMPANIES

FINDINGS = sorted(path for path in (Path(__file__).parent / "findings").iterdir() if path.suffix != ".md")
KIND = "company_participations"


def test_what_once_broke_a_reader_is_taken_or_refused_now():
    for file in FINDINGS:
        receipt = check(file, KIND, synthetic=True)
        assert receipt.status in ("taken", "empty", "refused"), file.name
        assert receipt.read == receipt.accepted + receipt.quarantined, file.name
        if receipt.status == "refused":
            keep_sentence(receipt.reason, load(f"deliveries.{KIND}"))
            assert "the gateway itself failed" not in receipt.reason, file.name
            assert receipt.reason != contained.BROKE, file.name
            assert file.suffix != ".csv" or "were counted" not in receipt.reason, file.name


def test_the_promises_of_the_fuzz_run_hold_of_a_sound_file_and_notice_a_row_that_is_lost(monkeypatch):
    contract = load(f"deliveries.{KIND}")
    assert keep_promises(COMPANIES.encode(), contract)
    assert not keep_promises(b"x", contract)
    whole = contained.found_in

    def losing(*asked):
        delivered, judged = whole(*asked)
        return delivered, contained.Judged(judged.accepted[1:], judged.findings)

    monkeypatch.setattr("tests.fuzz.promises.found_in", losing)
    with pytest.raises(AssertionError):
        keep_promises(COMPANIES.encode(), contract)
