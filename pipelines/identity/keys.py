"""The two secret keys, one for companies and one for persons: drawn, stored for one user only, and refused when unsafe.

Nothing here shows or logs a byte of a key; a key is named by its key id.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.identity.changes import NumberChanges, load_changes
from pipelines.identity.pseudonyms import as_letters
from pipelines.identity.secret_files import IdentityError, new_directory, read_secret, sync, write_secret

LENGTH = 32
FEWEST_DISTINCT_BYTES = 17  # 32 random bytes have 30 on average; a text in hexadecimal has at most 16
DOMAINS = ("company", "person")
EARLIER = "earlier.key"  # what names the deliveries that were taken under earlier keys, 32 bytes a generation
ID_LABEL, DELIVERY_LABEL, MARK_LABEL = b"effekt key id", b"effekt delivery", b"effekt withdrawn"


@dataclass(frozen=True)
class Keys:
    """The key bytes of both domains (never in the repr) and their ids, which may be shown and stored.

    `earlier` are the delivery keys of the generations before (see `delivery`), `changes` the number changes that lie
    with the keys.
    """

    company: bytes = field(repr=False)
    person: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)
    changes: NumberChanges = field(default_factory=NumberChanges, repr=False)
    company_id: str = field(init=False)
    person_id: str = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "company_id", key_id(self.company))
        object.__setattr__(self, "person_id", key_id(self.person))

    @property
    def delivery(self) -> bytes:
        """The key that names deliveries. It is derived, so that it can outlive its company key: a file that was taken
        before a rotation is still known after it, and no pseudonym can be made with it."""
        return hmac.digest(self.company, DELIVERY_LABEL, "sha256")

    @property
    def mark(self) -> bytes:
        """The key under which the home remembers who was withdrawn, without holding their pseudonyms."""
        return hmac.digest(self.company, MARK_LABEL, "sha256")


def new_keys(directory: Path) -> Keys:
    """Draws company.key and person.key (32 bytes, mode 0600) in the directory (made with mode 0700 if it is missing).

    Raises IdentityError when either exists: pseudonyms made under a lost key can never be linked again.
    """
    directory = Path(directory)
    if holds_keys(directory):
        raise IdentityError(f"{directory} already holds keys, and they are never overwritten; name another directory")
    keys = draw_keys()
    if directory.exists():
        write_keys(directory, keys)
        sync(directory)
    else:
        with new_directory(directory) as aside:
            write_keys(aside, keys)
    return keys


def draw_keys() -> Keys:
    """Two keys from the operating system's random numbers, stored nowhere yet."""
    return Keys(*(secrets.token_bytes(LENGTH) for _ in DOMAINS))


def write_keys(directory: Path, keys: Keys) -> None:
    """Writes the key files into a directory that holds none."""
    for domain in DOMAINS:
        write_secret(directory / f"{domain}.key", getattr(keys, domain))
    if keys.earlier:
        write_secret(directory / EARLIER, b"".join(keys.earlier))


def holds_keys(directory: Path) -> bool:
    """Whether any key file lies in the directory."""
    return any(os.path.lexists(directory / f"{domain}.key") for domain in DOMAINS)


def load_keys(directory: Path, home: Path) -> Keys:
    """Reads both keys, and the number changes that lie with them. Raises IdentityError when a key is missing, not 32
    bytes, weak, readable by others, the same as the other, or lies inside the home (whose copies and backups may
    travel)."""
    directory, home = Path(directory), Path(home)
    keys = [_read_key(directory / f"{domain}.key", home) for domain in DOMAINS]
    if keys[0] == keys[1]:
        raise IdentityError("company.key and person.key are the same; each domain needs a key of its own")
    return Keys(*keys, earlier=_read_earlier(directory / EARLIER, home), changes=load_changes(directory, home))


def key_id(key: bytes) -> str:
    """The name of a key: 16 letters a–p of HMAC-SHA-256 over a fixed label, which reveal nothing of the key."""
    return as_letters(hmac.digest(key, ID_LABEL, "sha256")[:8])


def _read_key(path: Path, home: Path) -> bytes:
    key = read_secret(path, home, "`effekt keys new` makes both keys")
    if len(key) != LENGTH:
        raise IdentityError(f"{path} has {len(key)} bytes where {LENGTH} are needed; `effekt keys new` makes good ones")
    if len(set(key)) < FEWEST_DISTINCT_BYTES:
        raise IdentityError(
            f"{path} is weak: it repeats few bytes, unlike a random key; `effekt keys new` makes good ones"
        )
    return key


def _read_earlier(path: Path, home: Path) -> tuple[bytes, ...]:
    if not os.path.lexists(path):
        return ()
    content = read_secret(path, home, "restore it from a copy")
    if not content or len(content) % LENGTH:
        raise IdentityError(f"{path} is damaged: it holds keys of {LENGTH} bytes; restore it from a copy")
    return tuple(content[at : at + LENGTH] for at in range(0, len(content), LENGTH))
