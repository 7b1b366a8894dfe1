"""What a sealed copy holds: one product as a tar, padded, which ``age -d | tar -x`` takes apart.

In this order and in nothing else: ``opening.json`` where the log hides the product,
``manifest.json``, then every file of the manifest at ``files/<path>``. Headers follow from names
and sizes alone, so a reader knows each byte of the framing beforehand and takes no other.
Zeros at the end round the size up to that of Padmé (Nikitin et al., "Reducing metadata leakage
from encrypted files and communication with PURBs", PoPETs 2019, section 4): of a product's size
only its rough magnitude shows, at a cost of at most 12 %.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from perilune.errors import ProofFails
from perilune.model.package import FileEntry, Manifest

OPENING, MANIFEST = "opening.json", "manifest.json"
_FILES = "files/"
_BLOCK = tarfile.BLOCKSIZE
_END = 2 * _BLOCK
_CHUNK = 1 << 20
_SIZE = slice(124, 135)
"""Where a header tells the size, in octal digits (POSIX ustar)."""


def padded_size(size: int) -> int:
    """The size of Padmé for ``size`` bytes."""
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


class Packed:
    """A product as the bytes that are to be sealed, to be read once."""

    def __init__(
        self,
        opening: bytes | None,
        manifest: Manifest,
        bytes_of: Callable[[FileEntry], Iterator[bytes]],
    ) -> None:
        """``bytes_of`` gives the bytes of a file, verified."""
        heads = [(MANIFEST, manifest.encode())]
        if opening is not None:
            heads.insert(0, (OPENING, opening))
        parts = [_framed(name, len(data), iter([data])) for name, data in heads]
        size = sum(_size_of(name, len(data)) for name, data in heads)
        for entry in manifest.files:
            parts.append(_framed(_FILES + entry.path, entry.size, bytes_of(entry)))
            size += _size_of(_FILES + entry.path, entry.size)
        padding = padded_size(size + _END) - size
        self._runs = chain(chain.from_iterable(parts), _zeros(padding))
        self._waiting = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        while not self._waiting:
            run = next(self._runs, None)
            if run is None:
                return b""
            self._waiting = memoryview(run)
        size = len(self._waiting) if size < 0 else size
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return bytes(taken)


class Unpacked:
    """A product read back from an unsealed copy, part by part in its order.

    Every method raises `ProofFails` where the bytes are not framed as `Packed` frames them.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def opening(self, most: int) -> bytes:
        """The opening, of at most ``most`` bytes."""
        header = self._source.read(_BLOCK)
        told = header[_SIZE]
        size = int(told, 8) if told.isdigit() else most + 1
        if size > most or header != _header(OPENING, size):
            raise ProofFails(f"the sealed copy does not begin with {OPENING}")
        return self._content(size)

    def manifest(self, size: int) -> bytes:
        """The manifest, of which the size stands in the log."""
        self._require(MANIFEST, size)
        return self._content(size)

    def start_of(self, entry: FileEntry) -> int:
        """Where in the source the bytes of the next file begin."""
        self._require(_FILES + entry.path, entry.size)
        return self._source.tell()

    def content(self, entry: FileEntry) -> "Window":
        """The bytes of that file; to be read to the end before the next part is."""
        return Window(self._source, entry.size, -entry.size % _BLOCK)

    def _require(self, name: str, size: int) -> None:
        header = _header(name, size)
        if self._source.read(len(header)) != header:
            raise ProofFails(f"the sealed copy does not have {name} with {size} bytes in its place")

    def _content(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise ProofFails("the sealed copy ends too soon")
        self._source.seek(-size % _BLOCK, io.SEEK_CUR)
        return data


class Window:
    """The bytes of one file within a longer one."""

    def __init__(self, source: BinaryIO, size: int, padding: int) -> None:
        self._source, self._left, self._padding = source, size, padding

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        data = self._source.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        if not self._left:
            self._source.seek(self._padding, io.SEEK_CUR)
            self._padding = 0
        return data


def _framed(name: str, size: int, runs: Iterator[bytes]) -> Iterator[bytes]:
    yield _header(name, size)
    yield from runs
    yield bytes(-size % _BLOCK)


def _size_of(name: str, size: int) -> int:
    return len(_header(name, size)) + size + -size % _BLOCK


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield bytes(min(count, _CHUNK))
        count -= _CHUNK
