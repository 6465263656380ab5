"""One reader under atheris, which breeds inputs that reach new code. Started by `tests.fuzz`; arguments are the reader's
name and libFuzzer's own.

Coverage is seen in our modules only: what Arrow, zlib and expat do inside is not measured.
"""

import io
import random
import resource
import sys
import zipfile
from functools import partial

import atheris

with atheris.instrument_imports(include=["pipelines.participations", "pipelines.identity"]):
    from pipelines.participations.contained import LIMITS
    from schemas.contract import load
    from tests.fuzz.promises import keep_promises
    from tests.pipelines.participations.corpus.archives import packed

KIND = "deliveries.company_participations"
MOST = 2**20  # bytes that an archive may unpack to while it is mutated
ADDED = 512  # bytes that a part may grow by at once
RAW = 0.1  # of the mutations change the archive itself instead of a part


def mutated_archive(content: bytes, largest: int, seed: int) -> bytes:
    """The archive with one part mutated and all checksums right again; without that no mutation would get past them."""
    draw = random.Random(seed)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert sum(part.file_size for part in archive.infolist()) <= MOST
            parts = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        parts = {}
    if not parts or draw.random() < RAW:
        return atheris.Mutate(content, largest)
    name = draw.choice(sorted(parts))
    changed = packed(parts | {name: atheris.Mutate(parts[name], len(parts[name]) + ADDED)}, zipfile.ZIP_STORED)
    return changed if len(changed) <= largest else content


def main() -> None:
    reader = sys.argv.pop(1)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMITS.memory, LIMITS.memory))
    mutator = {"custom_mutator": mutated_archive} if reader == "workbook" else {}
    atheris.Setup(sys.argv, partial(keep_promises, contract=load(KIND)), **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
