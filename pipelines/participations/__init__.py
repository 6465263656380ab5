"""One delivery becomes accepted rows, quarantined rows and a receipt; all deliveries become the participation tables.

`gateway` is the only place where a raw number exists; `assemble` sees pseudonyms only. What effects follow from
participating belongs elsewhere.
"""

from pipelines.participations.assemble import assemble
from pipelines.participations.gateway import check, pseudonymise
from pipelines.participations.home import Home, HomeError, open_home
from pipelines.participations.reading import Refused
from pipelines.participations.receipts import Receipt
from pipelines.participations.store import DamagedDelivery

__all__ = [
    "DamagedDelivery",
    "Home",
    "HomeError",
    "Receipt",
    "Refused",
    "assemble",
    "check",
    "open_home",
    "pseudonymise",
]
