"""Objects as files on a local disk: ``<root>/<first two digits>/<sha256>``.

Leaving a batch has an order, and the order is the whole point: the data are made durable
under ``incoming/``; then each file is renamed to its name; then the names are made durable.
So a file at its final name always has its data, and a crash leaves at worst a folder
under ``incoming/`` that the next batch sweeps away.

An object is mended in the same way: the right bytes are durable beside it before the damaged ones
get a name in ``quarantine/``, and take its place in one rename.

Opening a batch, and naming its objects, happen under one lock of the store: an object that another
batch counted as present cannot be taken back between its look and its own leaving.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from perilune.durable import Settle, naming_full_disk, scratch, settle, turn
from perilune.errors import Damaged, NotFound
from perilune.model.package import Digests
from perilune.storage import digest
from perilune.storage.port import Handed, Source

_NAME = re.compile(r"[0-9a-f]{64}")
_FOLDERS = tuple(f"{number:02x}" for number in range(256))
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class LocalStore:
    """An `ObjectStore` under the folder ``root``, which is made with the first batch."""

    root: Path
    settle: Settle = settle
    """How written things are made durable; counted and sabotaged by tests."""

    @contextmanager
    def batch(self) -> Iterator["LocalBatch"]:
        """Write objects together; see the port."""
        with self._scratch() as folder:
            batch = LocalBatch(self, folder)
            yield batch
            with naming_full_disk(self.root):
                self._keep(batch)

    def mend(self, sha256: str, data: Source) -> None:
        """Have the object hold the bytes of its name again; see the port."""
        final = self._place(sha256)
        with self._scratch() as folder, naming_full_disk(self.root):
            place = folder / "mended"
            with place.open("x+b") as target:
                found = digest.copy(digest.begin(data), data, target)
            if found.sha256 != sha256:
                raise Damaged(f"the bytes to mend {sha256} have SHA-256 {found.sha256}")
            self.settle(self.root, [place, folder])
            with turn(self._incoming / _LOCK):
                self._put_aside(final, sha256)
                place.rename(final)
                self.settle(self.root, [self.root / sha256[:2]])

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading, seekable; raise `NotFound` if absent."""
        try:
            return Path(self._place(sha256)).open("rb")
        except FileNotFoundError:
            raise NotFound(f"no object {sha256}") from None

    def size(self, sha256: str) -> int:
        """Size in bytes; raise `NotFound` if absent."""
        try:
            return os.stat(self._place(sha256)).st_size
        except FileNotFoundError:
            raise NotFound(f"no object {sha256}") from None

    def __contains__(self, sha256: object) -> bool:
        return (
            isinstance(sha256, str)
            and _NAME.fullmatch(sha256) is not None
            and Path(self._place(sha256)).is_file()
        )

    def __iter__(self) -> Iterator[str]:
        for prefix in _FOLDERS:
            with suppress(FileNotFoundError), os.scandir(self.root / prefix) as entries:
                yield from (
                    entry.name
                    for entry in entries
                    if _NAME.fullmatch(entry.name)
                    and entry.name.startswith(prefix)
                    and entry.is_file(follow_symlinks=False)
                )

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder under ``incoming/`` that is swept away with its process."""
        with naming_full_disk(self.root):
            self._make_folders()
        with scratch(self._incoming) as folder:
            yield folder

    def _put_aside(self, final: str, sha256: str) -> None:
        """Give what stands at ``final`` a second name, which it keeps."""
        if not os.path.lexists(final):
            return
        quarantine = self.root / "quarantine"
        quarantine.mkdir(exist_ok=True)
        names = (quarantine / f"{sha256}.{number}" for number in count(1))
        os.link(final, next(name for name in names if not name.exists()))
        self.settle(self.root, [quarantine, self.root])

    @property
    def _incoming(self) -> Path:
        return self.root / "incoming"

    def _place(self, sha256: str) -> str:
        # text, not Path: with three objects a product, arithmetic of paths has a cost of its own
        if not _NAME.fullmatch(sha256):
            raise NotFound(f"not the name of an object: {sha256!r}")
        return _place(self.root, sha256)

    def _make_folders(self) -> None:
        if self._incoming.is_dir():
            return
        for prefix in _FOLDERS:
            (self.root / prefix).mkdir(parents=True, exist_ok=True)
        # last: where it is, the others are
        self._incoming.mkdir(exist_ok=True)
        self.settle(self.root, [self.root, self.root.parent])

    def _keep(self, batch: "LocalBatch") -> None:
        """Give the objects of ``batch`` their names, all of them or none."""
        if not batch.sizes:
            return
        if batch.new:
            self.settle(self.root, [*map(Path, batch.new.values()), batch.folder])
        named: list[str] = []
        with turn(self._incoming / _LOCK):
            try:
                self._name(batch, named)
                prefixes = {sha256[:2] for sha256 in batch.sizes}
                self.settle(self.root, [self.root / prefix for prefix in prefixes])
            except BaseException:
                for final in named:
                    Path(final).unlink(missing_ok=True)
                raise

    def _name(self, batch: "LocalBatch", named: list[str]) -> None:
        for sha256, size in batch.sizes.items():
            if _holds(self.root, sha256, size):
                continue
            if sha256 not in batch.new:
                raise Damaged(f"object {sha256} vanished while a batch relied on it")
            final = self._place(sha256)
            if not os.path.lexists(final):
                named.append(final)
            os.rename(batch.new[sha256], final)


@dataclass(frozen=True, slots=True)
class LocalHand:
    """Writes into the folder of a live batch, in whatever process it is."""

    root: Path
    folder: Path

    def put(self, data: Source) -> Handed:
        """Write all of ``data`` in one pass; raise `NoSpace` where it does not fit."""
        path = f"{self.folder}/{secrets.token_hex(8)}"
        with naming_full_disk(self.folder):
            opening = digest.begin(data)
            if not opening.is_whole:
                return self._put_large(path, opening, data)
            found = digest.of_bytes(opening.block)
            if _holds(self.root, found.sha256, found.size):
                return Handed(found, "")
            _write(path, opening.block)
            return Handed(found, path)

    def adopt(self, path: Path, found: Digests) -> Handed:
        """Take the file at ``path`` as it is; see the port."""
        if _holds(self.root, found.sha256, found.size):
            return Handed(found, "")
        place = f"{self.folder}/{secrets.token_hex(8)}"
        try:
            os.link(path, place)
        except OSError:  # another file system, or one that knows no second names
            with path.open("rb") as data:
                return self.put(data)
        return Handed(found, place)

    def _put_large(self, path: str, opening: digest.Opening, data: Source) -> Handed:
        with Path(path).open("x+b") as target:
            try:
                found = digest.copy(opening, data, target)
            except BaseException:
                os.unlink(path)
                raise
        if _holds(self.root, found.sha256, found.size):
            os.unlink(path)
            return Handed(found, "")
        return Handed(found, path)


class LocalBatch:
    """Objects being written together, in a folder of their own."""

    def __init__(self, store: LocalStore, folder: Path) -> None:
        self.folder = folder
        self.hand = LocalHand(store.root, folder)
        self.new: dict[str, str] = {}
        """Objects that the store did not have, and where they wait."""
        self.sizes: dict[str, int] = {}
        """All objects of the batch."""
        self._times: dict[str, int] = {}

    def put(self, data: Source) -> Digests:
        """Take all of ``data`` in one pass; raise `NoSpace` where it does not fit."""
        return self.take_over(self.hand.put(data))

    def take_over(self, handed: Handed) -> Digests:
        """Count as put what the hand has put, in this process or another."""
        found = handed.digests
        if handed.place:
            if found.sha256 in self.new:
                os.unlink(handed.place)
            else:
                self.new[found.sha256] = handed.place
        self.sizes[found.sha256] = found.size
        self._times[found.sha256] = self._times.get(found.sha256, 0) + 1
        return found

    def drop(self, sha256: str) -> None:
        """Undo one `put`; the object goes when every put of it is undone."""
        if sha256 not in self._times:
            return
        self._times[sha256] -= 1
        if self._times[sha256]:
            return
        del self._times[sha256], self.sizes[sha256]
        if sha256 in self.new:
            os.unlink(self.new.pop(sha256))


def _place(root: Path, sha256: str) -> str:
    return f"{root}/{sha256[:2]}/{sha256}"


def _holds(root: Path, sha256: str, size: int) -> bool:
    try:
        return os.stat(_place(root, sha256)).st_size == size
    except FileNotFoundError:
        return False


def _write(path: str, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
