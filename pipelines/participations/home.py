"""The home that deliveries are stored in: whether it is synthetic, which keys it is kept under, and whose turn it is
to write.

What is written there belongs to `store`.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.identity import Keys
from pipelines.participations import store

MEMORY = "home.json"
RUNS = "run.lock"  # held by a run as long as it is at work


class HomeError(ValueError):
    """A home that cannot be used as asked, in one sentence."""


@dataclass(frozen=True)
class Home:
    """A directory that remembers whether only synthetic numbers are accepted in it."""

    path: Path
    synthetic: bool

    @property
    def deliveries(self) -> Path:
        return self.path / "deliveries"

    @property
    def log(self) -> Path:
        return self.path / "log" / "gateway.jsonl"

    @property
    def key_ids(self) -> dict[str, str] | None:
        """The ids of the keys that its deliveries were taken under, by domain; None where none was taken yet."""
        return _recall(self.path).get("key_ids")

    def keys_differ(self, keys: Keys) -> bool:
        """Whether the home was kept under other keys before. A home without deliveries has none yet."""
        return self.key_ids is not None and self.key_ids != _ids(keys)

    def remember_keys(self, keys: Keys) -> None:
        """The ids of the keys that the first delivery was taken under; call it while the home is locked."""
        memory = _recall(self.path)
        if memory.get("key_ids") != _ids(keys):
            store.write_aside(self.path / MEMORY, _as_json({**memory, "key_ids": _ids(keys)}))

    def require_keys(self, keys: Keys) -> None:
        """Raises HomeError when the home is kept under other keys."""
        if self.keys_differ(keys):
            raise HomeError(f"{self.path} is kept under other keys: name the directory of its own keys with --keys")

    def memory(self, keys: Keys) -> bytes:
        """What home.json holds once the home is kept under these keys."""
        return _as_json({**_recall(self.path), "key_ids": _ids(keys)})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time; the lock goes with the process."""
        with open(self.path / ".lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes, and no run reads. Raises HomeError when a run is at work."""
        with open(self.path / RUNS, "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeError(f"a run is at work in {self.path}: wait for it to end") from None
            with self.locked():
                yield


def open_home(path: Path, synthetic: bool | None = None) -> Home:
    """The home at that path; a new one is made synthetic only when `synthetic` is true, and remembers it.

    Raises HomeError when `synthetic` (None: nobody said) contradicts what the home remembers.
    """
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    home = Home(path, bool(synthetic))
    with home.locked():
        store.settle(path)
        if not (path / MEMORY).exists():
            store.write_aside(path / MEMORY, _as_json({"synthetic": home.synthetic}))
        remembered = _recall(path)["synthetic"]
    if synthetic is not None and synthetic != remembered:
        words = ("real", "synthetic")
        raise HomeError(
            f"{path} is a home for {words[remembered]} numbers, and EFFEKT_SYNTHETIC asks for {words[synthetic]} ones; "
            "the two never mix, so name another home"
        )
    return Home(path, remembered)


def settled(deliveries: Path) -> None:
    """Completes, or throws away, the change of its home that a killed process left behind, before deliveries are read."""
    home = Home(Path(deliveries).parent, False)
    if (home.path / store.CHANGE).exists():
        with home.locked():
            store.settle(home.path)


def _recall(path: Path) -> dict[str, object]:
    try:
        memory = json.loads((path / MEMORY).read_text(encoding="utf-8"))
    except ValueError:
        memory = None
    if not isinstance(memory, dict) or not isinstance(memory.get("synthetic"), bool):
        raise HomeError(f"{path / MEMORY} is damaged; restore it from a copy, it says whether the home is synthetic")
    return memory


def _ids(keys: Keys) -> dict[str, str]:
    return {"company": keys.company_id, "person": keys.person_id}


def _as_json(memory: dict[str, object]) -> bytes:
    return (json.dumps(memory, indent=2) + "\n").encode("utf-8")
