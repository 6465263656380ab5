"""The two secret keys, one for companies and one for persons: drawn, stored for one user only, and refused when unsafe.

Nothing here shows or logs a byte of a key; a key is named by its key id.
"""

import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.identity.pseudonyms import as_letters

LENGTH = 32
FEWEST_DISTINCT_BYTES = 17  # 32 random bytes have 30 on average; a text in hexadecimal has at most 16
DOMAINS = ("company", "person")
ID_LABEL = b"effekt key id"


class IdentityError(ValueError):
    """A key that cannot be used or made, in one sentence that says what to do."""


@dataclass(frozen=True)
class Keys:
    """The key bytes of both domains (never in the repr) and their ids, which may be shown and stored."""

    company: bytes = field(repr=False)
    person: bytes = field(repr=False)
    company_id: str = field(init=False)
    person_id: str = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "company_id", key_id(self.company))
        object.__setattr__(self, "person_id", key_id(self.person))


def new_keys(directory: Path) -> Keys:
    """Draws company.key and person.key (32 bytes, mode 0600) in the directory (made with mode 0700 if it is missing).

    Raises IdentityError when either exists: pseudonyms made under a lost key can never be linked again.
    """
    directory = Path(directory)
    paths = [directory / f"{domain}.key" for domain in DOMAINS]
    if any(os.path.lexists(path) for path in paths):
        raise IdentityError(f"{directory} already holds keys, and they are never overwritten; name another directory")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keys(*(secrets.token_bytes(LENGTH) for _ in DOMAINS))
    for path, key in zip(paths, (keys.company, keys.person), strict=True):
        _write_secret(path, key)
    return keys


def load_keys(directory: Path, home: Path) -> Keys:
    """Reads both keys. Raises IdentityError when one is missing, not 32 bytes, weak, readable by others, the same as
    the other, or lies inside the home (whose copies and backups may travel)."""
    keys = [_read_secret(Path(directory) / f"{domain}.key", Path(home)) for domain in DOMAINS]
    if keys[0] == keys[1]:
        raise IdentityError("company.key and person.key are the same; each domain needs a key of its own")
    return Keys(*keys)


def key_id(key: bytes) -> str:
    """The name of a key: 16 letters a–p of HMAC-SHA-256 over a fixed label, which reveal nothing of the key."""
    return as_letters(hmac.digest(key, ID_LABEL, "sha256")[:8])


def _write_secret(path: Path, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(key)
        file.flush()
        os.fsync(descriptor)


def _read_secret(path: Path, home: Path) -> bytes:
    if not path.is_file():
        raise IdentityError(f"{path} is missing; `effekt keys new` makes both keys")
    if path.resolve().is_relative_to(home.resolve()):
        raise IdentityError(f"{path} lies inside the home; keep keys outside it, in a directory of their own")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise IdentityError(
            f"{path} can be read by others; `chmod 600` it, and draw new keys if others may have seen it"
        )
    try:
        key = path.read_bytes()
    except OSError as error:
        raise IdentityError(f"{path} cannot be read: {error.strerror}") from None
    if len(key) != LENGTH:
        raise IdentityError(f"{path} has {len(key)} bytes where {LENGTH} are needed; `effekt keys new` makes good ones")
    if len(set(key)) < FEWEST_DISTINCT_BYTES:
        raise IdentityError(
            f"{path} is weak: it repeats few bytes, unlike a random key; `effekt keys new` makes good ones"
        )
    return key
