"""Where a log lies: tiles of hashes and bundles of entries, as static files, and the head.

Source: C2SP tlog-tiles v0.1.0. A tile under the head is never written again. The head is
set in this order: the tiles are durable; the new head is durable as ``checkpoint.next``;
it is noted as the high-water mark, where the log has one; it is renamed to ``checkpoint``; the name
is durable. A reader may have seen a head as soon as it was renamed, so after a crash a whole
``checkpoint.next`` counts as signed: `TileStore.pending`.
"""

import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perilune.durable import Settle, locked, naming_full_disk, settle
from perilune.errors import LogInconsistent, NotFound, ProofFails
from perilune.ledger.high_water import HighWater, boot
from perilune.ledger.note import text_of

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

HASH = 32

_LOCK_WAIT_S = 60.0
_LOOKS = 50
_LOOK_AGAIN_S = 0.002
_PATH = re.compile(
    r"tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}"
    r"(?:\.p/(?:[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Path of a tile, or of a bundle of entries where ``level`` is ``entries``."""
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


def is_tile_path(path: str) -> bool:
    """Whether `tile_path` could have made ``path``."""
    return _PATH.fullmatch(path) is not None


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle holds them, each after its length."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """Read `pack_entries`; raise `LogInconsistent` where an entry is cut short."""
    entries: list[bytes] = []
    place = 0
    while place < len(bundle):
        start = place + 2
        place = start + int.from_bytes(bundle[place:start], "big")
        if place > len(bundle):
            raise LogInconsistent(f"a bundle of the log ends within entry {len(entries)} of it")
        entries.append(bundle[start:place])
    return entries


class TileStore(Protocol):
    """Keeps a log's files. Safe to read from many threads while one writes."""

    def read(self, path: str) -> bytes:
        """The bytes of a tile or bundle; raise `NotFound` if absent."""
        ...

    def prune(self, paths: Iterable[str]) -> None:
        """Remove the partial tiles of these full ones, which hold all that they held."""
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write tiles and bundles; on return they are durable, and so are their folders."""
        ...

    def head(self) -> bytes | None:
        """The newest signed checkpoint, None before the first."""
        ...

    def pending(self) -> bytes | None:
        """What a process that died left of a head it was setting, perhaps torn."""
        ...

    def advance(self, note: bytes) -> None:
        """Set the head; on return it is durable.

        On an exception it is as it was, unless it could have been seen already.
        """
        ...

    def forget_pending(self) -> None:
        """Remove what `pending` returned."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Enter to write: one process, one thread; raise `NodeBusy` after a long wait."""
        ...


def read_or_cut(store: TileStore, path: str) -> bytes:
    """The bytes of a tile or bundle, a pruned partial one cut from the full one.

    Raises `NotFound` if there is neither.
    """
    try:
        return store.read(path)
    except NotFound:
        full, partial, width = path.partition(".p/")
        if not partial:
            raise
        data = store.read(full)
    if full.startswith("tile/entries/"):
        return pack_entries(unpack_entries(data)[: int(width)])
    return data[: int(width) * HASH]


class MemoryTiles:
    """A `TileStore` that is gone with its process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._head: bytes | None = None
        self._lock = threading.Lock()

    def read(self, path: str) -> bytes:
        """The bytes of a tile or bundle; raise `NotFound` if absent."""
        try:
            return self._files[path]
        except KeyError:
            raise NotFound(f"the log has no {path}") from None

    def prune(self, paths: Iterable[str]) -> None:
        """Remove the partial tiles of these full ones."""
        partial = tuple(f"{path}.p/" for path in paths)
        if partial:
            for path in [path for path in self._files if path.startswith(partial)]:
                del self._files[path]

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write tiles and bundles."""
        self._files |= files

    def head(self) -> bytes | None:
        """The newest signed checkpoint, None before the first."""
        return self._head

    def pending(self) -> bytes | None:
        """Nothing: setting the head is one step."""
        return None

    def advance(self, note: bytes) -> None:
        """Set the head."""
        self._head = note

    def forget_pending(self) -> None:
        """Do nothing: there is never anything pending."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Enter to write: one thread at a time."""
        with self._lock:
            yield


@dataclass(frozen=True, slots=True)
class LocalTiles:
    """A `TileStore` in the folder ``root``, which can be served as it is."""

    root: Path
    settle: Settle = settle
    """How written things are made durable; counted and sabotaged by tests."""
    mark: HighWater | None = None
    """Where the newest head is noted outside; None for a log that is signed elsewhere."""

    def read(self, path: str) -> bytes:
        """The bytes of a tile or bundle; raise `NotFound` if absent."""
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"the log has no {path}") from None

    def prune(self, paths: Iterable[str]) -> None:
        """Remove the partial tiles of these full ones; what a crash leaves of them does no harm."""
        for path in paths:
            shutil.rmtree(self.root / f"{path}.p", ignore_errors=True)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write tiles and bundles; on return they are durable, and so are their folders."""
        places = {self.root / path: data for path, data in files.items()}
        folders = {self.root, self.root.parent}
        with naming_full_disk(self.root):
            for folder in {place.parent for place in places}:
                folder.mkdir(parents=True, exist_ok=True)
                folders |= {
                    folder,
                    *(above for above in folder.parents if self.root in above.parents),
                }
            for place, data in places.items():
                place.write_bytes(data)
            self.settle(self.root, [*places, *folders])

    def head(self) -> bytes | None:
        """The newest signed checkpoint, None before the first."""
        return _read_if_there(self.root / "checkpoint")

    def pending(self) -> bytes | None:
        """What a process that died left of a head it was setting, perhaps torn."""
        return _read_if_there(self._next)

    def advance(self, note: bytes) -> None:
        """Set the head; on return it is durable."""
        try:
            with naming_full_disk(self.root):
                self._next.write_bytes(note)
                self.settle(self.root, [self._next, self.root])
                if self.mark is not None:
                    self.mark.raise_to(note)
        except BaseException:
            if not self._is_noted(note):
                self._next.unlink(missing_ok=True)
            raise
        self._next.rename(self.root / "checkpoint")
        self.settle(self.root, [self.root])

    def forget_pending(self) -> None:
        """Remove what `pending` returned."""
        self._next.unlink(missing_ok=True)
        self.settle(self.root, [self.root])

    def _is_noted(self, note: bytes) -> bool:
        """Whether the mark names this very head: it counts as signed, and is taken up later."""
        noted = None if self.mark is None else self.mark.read()
        return noted is not None and noted.head == note

    def is_newest(self) -> bool:
        """Whether the head is the newest ever signed, as the mark tells.

        Looks again for a moment where another process may just be setting it.
        """
        for _ in range(_LOOKS):
            noted = None if self.mark is None else self.mark.read()
            if noted is None or noted.boot != boot():
                return False
            shown = [note for note in (self.pending(), self.head()) if note is not None]
            if any(_text(note) == _text(noted.head) for note in shown):
                return True
            time.sleep(_LOOK_AGAIN_S)
        return False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Enter to write; the system lets go of the lock when the process dies."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.root / "lock", wait_s=_LOCK_WAIT_S):
            yield

    @property
    def _next(self) -> Path:
        return self.root / "checkpoint.next"


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _text(note: bytes) -> str | None:
    """The text of a note; None where it is torn."""
    try:
        return text_of(note)
    except ProofFails:
        return None
