"""The port of archival storage: write-once objects named by their SHA-256.

Every implementation passes `perilune.testing.storage.StoreContract`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from perilune.model.package import Digests


class Source(Protocol):
    """Anything bytes can be read from: a file, a request body, a peer's reply."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        ...


class Handed(NamedTuple):
    """What a hand has put: an object that waits for its batch to take it over."""

    digests: Digests
    place: str
    """Where it waits; empty where the store has the object already."""


class Hand(Protocol):
    """Writes for a batch from another process, to which it can be sent."""

    def put(self, data: Source) -> Handed:
        """Take all of ``data`` in one pass; the batch has it only once it has taken it over."""
        ...

    def adopt(self, path: Path, found: Digests) -> Handed:
        """Take the file at ``path`` as it is, without another copy where it can be.

        ``found`` is what one pass over it yielded; it keeps its name, and is not written any more.
        """
        ...


class Batch(Protocol):
    """Objects being written together. Nothing of it is visible before the batch is left."""

    @property
    def hand(self) -> Hand | None:
        """What writes for this batch elsewhere; None where objects live in one process only."""
        ...

    def take_over(self, handed: Handed) -> Digests:
        """Count as put what the batch's own hand has put, once for each time it has."""
        ...

    def put(self, data: Source) -> Digests:
        """Take all of ``data`` in one pass; twice the same bytes is the same as once."""
        ...

    def drop(self, sha256: str) -> None:
        """Take an object of this batch out again; one that was there before stays."""
        ...


class ObjectStore(Protocol):
    """Write-once store of objects named by their SHA-256."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Write objects together.

        On leaving it normally every object of the batch is visible and survives power
        loss. On leaving it by an exception none is that was not there before, and nothing is left
        behind. Raises `NoSpace` where the disk is full.
        """
        ...

    def mend(self, sha256: str, data: Source) -> None:
        """Have the object hold the bytes of its name again, which ``data`` gives.

        On return they are durable in its place, and what was there is kept in quarantine.
        Raises `Damaged`, and changes nothing, where ``data`` are other bytes.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading, seekable; raise `NotFound` if absent."""
        ...

    def size(self, sha256: str) -> int:
        """Size in bytes; raise `NotFound` if absent."""
        ...

    def __contains__(self, sha256: object) -> bool: ...

    def __iter__(self) -> Iterator[str]:
        """Names of all objects, each once, in no order."""
        ...
