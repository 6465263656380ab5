"""What holds of any bytes that are called a delivery: they are read whole or refused in one sentence. Broken promises are
AssertionErrors."""

from itertools import pairwise

from pipelines.identity import contains_raw_number
from pipelines.participations.checking import Judged
from pipelines.participations.contained import LONGEST_REASON, accepted_schema, found_in
from pipelines.participations.reading import Delivered, Refused
from pipelines.participations.wording import refusal
from schemas.contract import Contract, code_values


def keep_promises(content: bytes, contract: Contract) -> bool:
    """Reads and judges as the reader's process does; whether the bytes were taken. Any other error than Refused and
    MemoryError, which that process answers for, is let through."""
    try:
        delivered, judged = found_in(content, contract, True, None)
    except MemoryError:
        return False
    except Refused as refused:
        reason = str(refused)
        keep_sentence(reason, contract)
    else:
        keep_account(delivered, judged, contract)
        return True
    archived = content.startswith((b"PK", b"PAR"))  # there two counts may differ: XML has comments, a footer may lie
    assert archived or "were counted" not in reason, "parser and counter differ about a text"
    return False


def keep_account(delivered: Delivered, judged: Judged, contract: Contract) -> None:
    """Each row read is accepted or quarantined, under its number, by a rule that is listed."""
    assert judged.accepted.num_rows + judged.quarantined == delivered.cells.num_rows
    assert judged.accepted.schema == accepted_schema(contract)
    assert set(judged.findings["rule"].to_pylist()) <= set(code_values("quarantine_rules"))
    numbers = delivered.cells["row"].to_pylist()
    assert all(1 <= one < two for one, two in pairwise(numbers)), "rows are not in order"
    assert sorted({*judged.accepted["row"].to_pylist(), *judged.findings["row"].to_pylist()}) == numbers


def keep_sentence(reason: str, contract: Contract) -> None:
    """A refusal is one printable line without a number of anybody, and has its words in Danish."""
    assert reason.isprintable()
    assert len(reason) <= LONGEST_REASON
    assert not contains_raw_number(reason)
    assert refusal(reason, "da", contract) != reason, "the sentence is not among the refusals"
