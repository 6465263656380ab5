"""One delivery becomes accepted rows, quarantined rows and a receipt; all deliveries become the participation tables.

`gateway` and `withdrawal` are the only places where a raw number exists; `assemble` sees pseudonyms only. What effects
follow from participating belongs elsewhere.
"""

from pipelines.participations.accepted import accepted_contract, accepted_rows, table_of
from pipelines.participations.assemble import assemble
from pipelines.participations.contacts import contact_pair, contact_summary
from pipelines.participations.gateway import check, pseudonymise
from pipelines.participations.home import Home, HomeError, open_home
from pipelines.participations.reading import Refused
from pipelines.participations.receipts import Receipt
from pipelines.participations.rekeying import Rekeying, Rotation, rekey, rotate, table_in
from pipelines.participations.store import DamagedDelivery
from pipelines.participations.withdrawal import Withdrawal, remove_waiting, withdraw, withdraw_from_new_extracts

__all__ = [
    "DamagedDelivery",
    "Home",
    "HomeError",
    "Receipt",
    "Refused",
    "Rekeying",
    "Rotation",
    "Withdrawal",
    "accepted_contract",
    "accepted_rows",
    "assemble",
    "check",
    "contact_pair",
    "contact_summary",
    "open_home",
    "pseudonymise",
    "rekey",
    "remove_waiting",
    "rotate",
    "table_in",
    "table_of",
    "withdraw",
    "withdraw_from_new_extracts",
]
