"""Objects in memory: for nodes that forget, and for tests."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from perilune.errors import Damaged, NotFound, WrongUsage
from perilune.model.package import Digests
from perilune.storage import digest
from perilune.storage.port import Handed, Source


class MemoryStore:
    """An `ObjectStore` that is gone with its process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._quarantine: list[tuple[str, bytes]] = []

    @contextmanager
    def batch(self) -> Iterator["MemoryBatch"]:
        """Write objects together; see the port."""
        batch = MemoryBatch()
        yield batch
        self._objects |= batch.objects

    def mend(self, sha256: str, data: Source) -> None:
        """Have the object hold the bytes of its name again; see the port."""
        batch = MemoryBatch()
        if (found := batch.put(data).sha256) != sha256:
            raise Damaged(f"the bytes to mend {sha256} have SHA-256 {found}")
        if sha256 in self._objects:
            self._quarantine.append((sha256, self._objects[sha256]))
        self._objects |= batch.objects

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading, seekable; raise `NotFound` if absent."""
        return io.BytesIO(self._get(sha256))

    def size(self, sha256: str) -> int:
        """Size in bytes; raise `NotFound` if absent."""
        return len(self._get(sha256))

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self._objects

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._objects))

    def _get(self, sha256: str) -> bytes:
        try:
            return self._objects[sha256]
        except KeyError:
            raise NotFound(f"no object {sha256}") from None


class MemoryBatch:
    """Objects being written together."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._times: dict[str, int] = {}

    @property
    def hand(self) -> None:
        """Other processes have memories of their own."""
        return

    def take_over(self, handed: Handed) -> Digests:
        """Never asked, as there is no hand; raise `WrongUsage`."""
        raise WrongUsage(f"no hand has put {handed.digests.sha256}")

    def put(self, data: Source) -> Digests:
        """Take all of ``data``."""
        parts = []
        while part := data.read(digest.SMALL):
            parts.append(part)
        content = b"".join(parts)
        found = digest.of_bytes(content)
        self.objects[found.sha256] = content
        self._times[found.sha256] = self._times.get(found.sha256, 0) + 1
        return found

    def drop(self, sha256: str) -> None:
        """Undo one `put`; the object goes when every put of it is undone."""
        if sha256 in self._times:
            self._times[sha256] -= 1
            if not self._times[sha256]:
                del self._times[sha256], self.objects[sha256]
