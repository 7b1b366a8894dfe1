"""One pass over some bytes: SHA-256, MD5 and the SHA-256 of each piece, while they are copied.

Small contents are hashed where they are; large ones in threads beside the writing,
since hashlib lets go of the interpreter. What the pieces are: docs/reference/formats.md,
"Manifest".
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from perilune.model.package import Digests, piece_size
from perilune.storage.port import Source

SMALL = 1 << 20
"""Contents shorter than this are kept in memory and hashed without a second thread."""

_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a source: all of it when ``is_whole``."""

    block: bytes
    is_whole: bool
    announced: int
    """Size the source says it has, 0 if it says none."""


def begin(source: Source) -> Opening:
    """Read the beginning of ``source``, at most `SMALL` bytes."""
    announced = _announced_size(source)
    wanted = min(announced + 1, SMALL) if announced else SMALL
    block = _read(source, wanted)
    if len(block) < wanted:
        return Opening(block, is_whole=True, announced=announced)
    if wanted < SMALL:  # the file grew while we looked
        block += _read(source, SMALL - wanted)
    return Opening(block, is_whole=len(block) < SMALL, announced=announced)


def of_bytes(data: bytes) -> Digests:
    """What one pass over ``data`` yields."""
    return Digests(
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        pieces=_pieces_of(iter([data]), len(data)),
    )


def copy(opening: Opening, source: Source, target: BinaryIO) -> Digests:
    """Write all of ``opening`` and ``source`` to ``target``, open for reading too, hashed.

    The length of the pieces depends on the size: it is taken from what the source announced, and
    where that turns out wrong the pieces are hashed again from ``target``.
    """
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    pieces = _Pieces(piece_size(opening.announced))
    size = 0
    with ThreadPoolExecutor(2, "digest") as pool:
        block = opening.block
        while block:
            hashed = [
                pool.submit(_feed, block, sha256.update, pieces.update),
                pool.submit(_feed, block, md5.update),
            ]
            target.write(block)
            size += len(block)
            block = _read(source, _BLOCK)
            for done in hashed:
                done.result()
    found = pieces.finish()
    if piece_size(size) != pieces.length:
        target.seek(0)
        found = _pieces_of(iter(lambda: target.read(_BLOCK), b""), size)
    return Digests(
        size=size,
        sha256=sha256.hexdigest(),
        md5=md5.hexdigest(),
        pieces=found if size > piece_size(size) else (),
    )


def _feed(block: bytes, *updates: Callable[[bytes], None]) -> None:
    for update in updates:
        update(block)


def _announced_size(source: Source) -> int:
    """Size of a real file, 0 for anything else."""
    try:
        return os.fstat(source.fileno()).st_size  # type: ignore[attr-defined]  # tried
    except (AttributeError, OSError, ValueError):
        return 0


def _read(source: Source, size: int) -> bytes:
    """``size`` bytes, fewer only at the end, however few a single read yields."""
    block = source.read(size)
    if len(block) == size or not block:
        return block
    parts, missing = [block], size - len(block)
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts) if len(parts) > 1 else block


def _pieces_of(blocks: Iterator[bytes], size: int) -> tuple[str, ...]:
    length = piece_size(size)
    if size <= length:
        return ()
    pieces = _Pieces(length)
    for block in blocks:
        pieces.update(block)
    return pieces.finish()


class _Pieces:
    """SHA-256 of each ``length`` bytes of what it is fed."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._done: list[str] = []
        self._hash = hashlib.sha256()
        self._filled = 0

    def update(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            part = rest[: self.length - self._filled]
            self._hash.update(part)
            self._filled += len(part)
            if self._filled == self.length:
                self._close()
            rest = rest[len(part) :]

    def finish(self) -> tuple[str, ...]:
        if self._filled:
            self._close()
        return tuple(self._done)

    def _close(self) -> None:
        self._done.append(self._hash.hexdigest())
        self._hash = hashlib.sha256()
        self._filled = 0
