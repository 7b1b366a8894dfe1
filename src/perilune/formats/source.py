"""Bytes that can be read from any place: the port through which data objects are read.

A mapped file costs nothing to open, however large: what is read is a view, and only the pages that
are looked at come from the disk. Other sources (a node's storage, a node elsewhere) fetch what is
asked for, and verify it.
"""

import mmap
import os
from pathlib import Path
from typing import Protocol


class Source(Protocol):
    """A file of known size."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def is_mapped(self) -> bool:
        """Whether reading much costs nothing before it is looked at."""
        ...

    def read(self, start: int, stop: int) -> memoryview:
        """Bytes ``start`` to before ``stop``, which both lie in the file."""
        ...


class MappedFile:
    """A file on this machine."""

    is_mapped = True

    def __init__(self, place: Path) -> None:
        with place.open("rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
        self.name = place.name
        self._view = memoryview(whole)

    def read(self, start: int, stop: int) -> memoryview:
        """A view of the file's pages."""
        return self._view[start:stop]


class Bytes:
    """A file that is in memory."""

    is_mapped = True

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.size = name, len(data)
        self._view = memoryview(data)

    def read(self, start: int, stop: int) -> memoryview:
        """A view of them."""
        return self._view[start:stop]
