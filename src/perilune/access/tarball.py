"""Extracts as tar: any range of bytes can be sent without reading what lies before it.

A tar has no checksums of its contents, so where everything lies follows from names and sizes
alone; the same holdings give the same bytes, today and next year. That is what lets a
broken download of 100 GB go on. Headers are POSIX pax where ustar has no room.
"""

import hashlib
import tarfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from perilune.access.layout import lay_out, require_all, sums_of
from perilune.access.read import chunks
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)


class Tarball:
    """All files of some holdings as one tar, ended by ``SHA256SUMS``."""

    def __init__(self, holdings: Sequence[Holding], node: Node) -> None:
        """Lay the files out; raise `Damaged` where the archive lacks one."""
        files = lay_out(holdings)
        require_all(files, node)
        self._node = node
        self._time = int(max(each.accessioned for each in holdings).timestamp()) if holdings else 0
        name, sums = sums_of(files)
        self._parts: list[bytes | FileEntry] = []
        self._starts: list[int] = []
        self.size = 0
        """Bytes in all."""
        for placed in files:
            self._add(self._header(placed.path, placed.entry.size), placed.entry)
        self._add(self._header(name, len(sums)), sums)
        self._part(_END)
        names = f"{self._time}\n".encode() + sums
        self.etag = f'"{hashlib.sha256(names).hexdigest()}"'
        """Changes with any byte: the layout follows from names, digests and time."""

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes ``start`` to before ``stop``, verified; raise `Damaged` where they are wrong."""
        number = bisect_right(self._starts, start) - 1
        while number < len(self._parts) and self._starts[number] < stop:
            part, begin = self._parts[number], self._starts[number]
            first, last = max(start - begin, 0), stop - begin
            if isinstance(part, bytes):
                yield part[first:last]
            elif last > first:
                yield from chunks(part, self._node, first, last)
            number += 1

    def _add(self, header: bytes, content: bytes | FileEntry) -> None:
        self._part(header)
        size = self._part(content)
        if padding := -size % _BLOCK:
            self._part(bytes(padding))

    def _part(self, part: bytes | FileEntry) -> int:
        size = len(part) if isinstance(part, bytes) else part.size
        if size:
            self._starts.append(self.size)
            self._parts.append(part)
            self.size += size
        return size

    def _header(self, path: str, size: int) -> bytes:
        entry = tarfile.TarInfo(path)
        entry.size, entry.mtime = size, self._time
        return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
