"""CVR and CPR numbers, their pseudonyms and the key files: all that may touch a raw number besides the gateway itself.

Where numbers come from and where pseudonyms go is not known here: no file but those in the keys' directory is read or
written.
"""

from pipelines.identity.changes import NumberChanges, Successors, relatives, replace_numbers, understand
from pipelines.identity.free_text import contains_raw_number, raw_numbers_in
from pipelines.identity.keys import Keys, draw_keys, holds_keys, load_keys, new_keys, write_keys
from pipelines.identity.numbers import (
    Checked,
    CheckedColumn,
    canonical_cpr,
    canonical_cprs,
    canonical_cvr,
    canonical_cvrs,
)
from pipelines.identity.pseudonyms import pseudonym, pseudonym_column, pseudonyms
from pipelines.identity.rotation import Translation, translate
from pipelines.identity.secret_files import IdentityError

__all__ = [
    "Checked",
    "CheckedColumn",
    "IdentityError",
    "Keys",
    "NumberChanges",
    "Successors",
    "Translation",
    "canonical_cpr",
    "canonical_cprs",
    "canonical_cvr",
    "canonical_cvrs",
    "contains_raw_number",
    "draw_keys",
    "holds_keys",
    "load_keys",
    "new_keys",
    "pseudonym",
    "pseudonym_column",
    "pseudonyms",
    "raw_numbers_in",
    "relatives",
    "replace_numbers",
    "translate",
    "understand",
    "write_keys",
]
