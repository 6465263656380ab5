"""Which column of the contract each header of a file means. No cell is read here.

A file without headers has a person's number where a header should be: no message shows a header, only its position.
"""

import unicodedata
from collections.abc import Sequence

from pipelines.participations.refusals import Refused
from schemas.contract import Column, Contract

WIDEST = 200  # columns that a delivery may have; more is a mistake, and a message about each would be no sentence
SHOWN = 10  # positions that a message lists

def match_headers(headers: Sequence[str], contract: Contract) -> list[Column | None]:
    """The contract's column for each header, by name, Danish label or synonym; case, blanks, dots and hyphens are aside,
    as nobody agrees on them. None for a header that is empty (whose cells must all be empty, too).

    Raises Refused for an unknown or repeated header and for an asked column that is missing.
    """
    known = _spellings(contract)
    width = max((n for n, header in enumerate(headers, 1) if _plain(header)), default=0)
    if width > WIDEST:
        raise Refused(f"the header has {width} columns where a delivery has {WIDEST} at most; remove the others")
    found = [known.get(_plain(header)) for header in headers]
    if not any(found):
        raise Refused(f"the first row holds no header of {_short(contract)}; it must name {_asked(contract)}")
    strange = [
        str(n)
        for n, (header, column) in enumerate(zip(headers, found, strict=True), 1)
        if column is None and _plain(header)
    ]
    if strange:
        more = f" and {len(strange) - SHOWN} more" if len(strange) > SHOWN else ""
        raise Refused(
            f"the header of column {', '.join(strange[:SHOWN])}{more} is none of {_short(contract)}; "
            f"it may have {', '.join(column.name for column in contract.columns)}"
        )
    names = [column.name for column in found if column]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused(f"two headers mean the same column: {', '.join(twice)}")
    missing = [column.name for column in contract.columns if column.asked and column.name not in names]
    if missing:
        raise Refused(f"the columns {', '.join(missing)} are missing; {_short(contract)} must have {_asked(contract)}")
    return found


def count_known(headers: Sequence[str], contract: Contract) -> int:
    """How many of the headers the contract knows."""
    known = _spellings(contract)
    return sum(_plain(header) in known for header in headers)


def names_kind(title: str, contract: Contract) -> bool:
    """Whether a sheet's title names the delivery: `company_participations` or its Danish label."""
    return _plain(title) in {_plain(_short(contract)), _plain(contract.label)}


def _spellings(contract: Contract) -> dict[str, Column]:
    return {
        _plain(text): column for column in contract.columns for text in (*column.synonyms, column.label, column.name)
    }


def _plain(text: str) -> str:
    """The letters and digits of the text, without case: CVR-nr., Cvr nr and CVR_NR are one."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _short(contract: Contract) -> str:
    return contract.name.removeprefix("deliveries.")


def _asked(contract: Contract) -> str:
    return ", ".join(column.name for column in contract.columns if column.asked)
