"""CVR and CPR numbers, their pseudonyms and the key files: all that may touch a raw number besides the gateway itself.

Where numbers come from and where pseudonyms go is not known here: no file but the two key files is read or written.
"""

from pipelines.identity.free_text import contains_raw_number, raw_numbers_in
from pipelines.identity.keys import IdentityError, Keys, load_keys, new_keys
from pipelines.identity.numbers import (
    Checked,
    CheckedColumn,
    canonical_cpr,
    canonical_cprs,
    canonical_cvr,
    canonical_cvrs,
)
from pipelines.identity.pseudonyms import pseudonym, pseudonym_column, pseudonyms

__all__ = [
    "Checked",
    "CheckedColumn",
    "IdentityError",
    "Keys",
    "canonical_cpr",
    "canonical_cprs",
    "canonical_cvr",
    "canonical_cvrs",
    "contains_raw_number",
    "load_keys",
    "new_keys",
    "pseudonym",
    "pseudonym_column",
    "pseudonyms",
    "raw_numbers_in",
]
