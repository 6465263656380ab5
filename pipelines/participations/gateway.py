"""The gateway: the only place where a raw number exists. A file goes in; pseudonymised rows, findings and a receipt
come out.

No number, cell, header or file name reaches a message, a log or the disk. The clock is read here and nowhere else
below.
"""

import datetime as dt
import hmac
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from pipelines.identity import Keys, contains_raw_number, pseudonym_column, replace_numbers, understand
from pipelines.identity.numbers import BIRTHS
from pipelines.identity.pseudonyms import as_letters
from pipelines.participations import store
from pipelines.participations.checking import FINDINGS
from pipelines.participations.contained import examine
from pipelines.participations.home import Home, open_home
from pipelines.participations.reading import Refused, open_safely
from pipelines.participations.receipts import Receipt
from pipelines.participations.references import warned
from pipelines.participations.withdrawal import without_withdrawn
from schemas.contract import Contract, contracts, load

LONGEST_NAME = 80  # signs of an operator's name or a period
YEARS = re.compile(r"(19|20)\d\d(-(19|20)\d\d)?")  # a span of years may pass the check digit of a business number
NOTHING = FINDINGS.empty_table()

Births = tuple[dt.date, dt.date] | None


def pseudonymise(
    file: Path, kind: str, *, keys: Keys, home: Path, synthetic: bool | None = None, births: Births = None
) -> Receipt:
    """Takes an operator's raw file into home/deliveries/<delivery>/, or refuses it and stores nothing.

    `kind` is a delivery contract's name. The receipt's status says what happened; every outcome is a line in
    home/log/gateway.jsonl. `births` as in identity.canonical_cpr; without it a real number's birth must not lie in the
    future. Raises HomeError when `synthetic` contradicts the home, ValueError for an unknown kind.
    """
    contract, now = _contract(kind), dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    home = open_home(home, synthetic)
    operator, period = _sender(Path(file).name, kind)
    key_id = keys.person_id if kind == "person_participations" else keys.company_id
    receipt = Receipt(
        "refused", kind, operator=operator, period=period, key_id=key_id, received=now.isoformat(), findings=NOTHING
    )
    try:
        content = open_safely(Path(file))
        receipt = replace(receipt, delivery=_name(home, keys, kind, content))
        _refuse_other_keys(home, keys)
        receipt = _known(home, receipt) or _take(content, contract, receipt, keys, home, births)
        receipt = warned(receipt, home.deliveries)
    except Refused as refusal:
        receipt = replace(receipt, status="refused", delivery=None, reason=str(refusal))
    with home.locked():
        store.append_line(home.log, receipt.as_dict())
    return receipt


def check(
    file: Path, kind: str, *, synthetic: bool = False, births: Births = None, home: Path | None = None
) -> Receipt:
    """What `pseudonymise` would say of the file, without keys and without storing anything: the receipt's findings
    list each row, rule and column, its warnings what the deliveries of `home` do not know yet. Raises ValueError for an
    unknown kind."""
    contract = _contract(kind)
    operator, period = _sender(Path(file).name, kind)
    receipt = Receipt("refused", kind, operator=operator, period=period, findings=NOTHING)
    try:
        receipt, accepted = _examined(open_safely(Path(file)), contract, receipt, synthetic, births)
        return warned(receipt, home / "deliveries", accepted) if home else receipt
    except Refused as refusal:
        return replace(receipt, reason=str(refusal))


def _take(content: bytes, contract: Contract, receipt: Receipt, keys: Keys, home: Home, births: Births) -> Receipt:
    receipt, accepted = _examined(content, contract, receipt, home.synthetic, births)
    receipt, accepted = _with_new_numbers(receipt, accepted, keys, home.synthetic, births)
    accepted = _without_numbers(accepted, contract, keys)
    with home.locked():
        if known := _known(home, receipt):
            return known
        _refuse_other_keys(home, keys)
        home.remember_keys(keys)
        accepted, withdrawn = without_withdrawn(accepted, home, keys)
        receipt = replace(receipt, withdrawn=withdrawn)
        store.write_delivery(home.deliveries / receipt.delivery, accepted, receipt.findings, receipt.as_dict())
    return receipt


def _examined(
    content: bytes, contract: Contract, receipt: Receipt, synthetic: bool, births: Births
) -> tuple[Receipt, pa.Table]:
    """The receipt with its figures, and the accepted rows, numbers still raw."""
    if births is None and not synthetic:
        births = (BIRTHS[0], dt.datetime.now(dt.UTC).date())
    examined = examine(content, contract, synthetic=synthetic, births=births)
    rows, judged = examined.rows, examined.judged
    if rows != judged.accepted.num_rows + judged.quarantined:
        raise Refused("the rows do not add up; this is a fault of the gateway, please report it")
    return replace(
        receipt,
        status="taken" if rows else "empty",
        format=examined.format,
        encoding=examined.encoding,
        read=rows,
        accepted=judged.accepted.num_rows,
        quarantined=judged.quarantined,
        by_rule=judged.by_rule,
        findings=judged.findings,
    ), judged.accepted


def _refuse_other_keys(home: Home, keys: Keys) -> None:
    if home.keys_differ(keys):
        raise Refused(
            "the home is kept under other keys, whose pseudonyms these could not be linked to; use the first ones"
        )


def _with_new_numbers(
    receipt: Receipt, accepted: pa.Table, keys: Keys, synthetic: bool, births: Births
) -> tuple[Receipt, pa.Table]:
    """Numbers that were replaced give way to the last of their chain; the receipt says how many did, and why others
    did not."""
    successors = understand(keys.changes, synthetic=synthetic, births=births)
    if not successors.table:
        return receipt, accepted
    told, day = {}, next((name for name in ("start", "date") if name in accepted.column_names), None)
    for at, name in enumerate(accepted.column_names):
        if name in store.STORED_AS:
            _, domain = store.STORED_AS[name]
            column, told[name] = replace_numbers(accepted[name], accepted[day], domain, successors)
            accepted = accepted.set_column(at, accepted.schema.field(name), column)
    return replace(receipt, changes=told, change_table=successors.table), accepted


def _without_numbers(accepted: pa.Table, contract: Contract, keys: Keys) -> pa.Table:
    """The accepted rows as they are stored: each raw number replaced by its pseudonym, under its own name."""
    columns = [accepted[name] for name in accepted.column_names]
    for at, name in enumerate(accepted.column_names):
        if name in store.STORED_AS:
            _, domain = store.STORED_AS[name]
            columns[at] = pseudonym_column(getattr(keys, domain), columns[at])
    return pa.Table.from_arrays(columns, schema=store.stored_schema(contract))


def _known(home: Home, receipt: Receipt) -> Receipt | None:
    """The receipt of the same bytes, taken before, as a duplicate."""
    directory = home.deliveries / receipt.delivery
    if not directory.exists():
        return None
    before, _, findings = store.read_delivery(directory)
    del before["sha256"]
    return Receipt(**{**before, "status": "duplicate", "received": receipt.received}, findings=findings)


def _name(home: Home, keys: Keys, kind: str, content: bytes) -> str:
    """The delivery's id; for bytes that were taken before a rotation of the keys, the id that they have since."""
    ids = [_delivery_id(key, kind, content) for key in (keys.delivery, *keys.earlier)]
    return next((one for one in ids if (home.deliveries / one).exists()), ids[0])


def _delivery_id(key: bytes, kind: str, content: bytes) -> str:
    """A keyed digest: the plain hash of a file with one row could be guessed."""
    digest = hmac.new(key, kind.encode("ascii") + b"\0", "sha256")
    digest.update(content)
    return as_letters(digest.digest()[:16])


def _sender(name: str, kind: str) -> tuple[str | None, str | None]:
    """Operator and period of `<operator>_<KIND>_<period>.<ending>`; None where a name does not follow, or may hold a
    number."""
    operator, found, period = name.rpartition(".")[0].partition(f"_{kind}_")
    proper = all(
        part and len(part) <= LONGEST_NAME and part.isprintable() and (YEARS.fullmatch(part) or not contains_raw_number(part))
        for part in (operator, period)
    )
    return (operator, period) if found and proper else (None, None)


def _contract(kind: str) -> Contract:
    kinds = [contract.name.removeprefix("deliveries.") for contract in contracts("deliveries")]
    if kind not in kinds:
        raise ValueError(f"no delivery is called that; KIND is one of {', '.join(kinds)}")
    return load(f"deliveries.{kind}")
