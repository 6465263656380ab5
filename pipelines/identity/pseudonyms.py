"""From a canonical number to its pseudonym: HMAC-SHA-256, truncated to 128 bits, written as 32 letters a–p.

A nibble a letter: no pseudonym holds a run of digits, so a scan for raw numbers stays exact. What a number is belongs
to `numbers`, where the key comes from to `keys`.
"""

import hashlib
import hmac

import numpy as np
import pyarrow as pa

BYTES = 16
BLOCK = 64  # bytes of a SHA-256 block (RFC 2104)
AT_ONCE = 2**16  # numbers of a column that are Python objects at the same time: all of a million took 0.3 GiB
LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
DIGITS = bytes.maketrans(b"abcdefghijklmnop", b"0123456789abcdef")


def pseudonym(key: bytes, number: str) -> str:
    """The pseudonym of one canonical number: 32 letters a–p."""
    return as_letters(hmac.digest(key, number.encode("ascii"), "sha256")[:BYTES])


def pseudonyms(key: bytes, numbers: list[str]) -> list[str]:
    """pseudonym for many numbers, in their order."""
    letters = as_letters(raw_pseudonyms(key, numbers))
    width = 2 * BYTES
    return [letters[at : at + width] for at in range(0, len(letters), width)]


def pseudonym_column(key: bytes, numbers: pa.Array) -> pa.Array:
    """pseudonym for a column of canonical numbers (text); null stays null, each distinct number is computed once."""
    encoded = numbers.dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    portions = (encoded.dictionary.slice(at, AT_ONCE) for at in range(0, len(encoded.dictionary), AT_ONCE))
    letters = b"".join(as_letters(raw_pseudonyms(key, portion.to_pylist())).encode("ascii") for portion in portions)
    ends = np.arange(0, len(letters) + 1, 2 * BYTES, dtype=np.int32)
    distinct = pa.StringArray.from_buffers(len(encoded.dictionary), pa.py_buffer(ends), pa.py_buffer(letters))
    return distinct.take(encoded.indices)


def as_letters(digest: bytes) -> str:
    """Bytes as letters a–p, two a byte."""
    return digest.hex().encode("ascii").translate(LETTERS).decode("ascii")


def from_letters(letters: str) -> bytes:
    """as_letters, undone."""
    return bytes.fromhex(letters.encode("ascii").translate(DIGITS).decode("ascii"))


def raw_pseudonyms(key: bytes, numbers: list[str]) -> bytes:
    """The pseudonyms of many numbers as bytes, 16 each. HMAC's two key blocks (RFC 2104) are hashed once and copied:
    twice as fast as hmac.digest a number."""
    block = key.ljust(BLOCK, b"\0")
    if len(block) > BLOCK:
        raise ValueError("a key longer than one SHA-256 block is not used here")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block)).copy
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy
    found = []
    for number in numbers:
        first = inner()
        first.update(number.encode("ascii"))
        second = outer()
        second.update(first.digest())
        found.append(second.digest()[:BYTES])
    return b"".join(found)
