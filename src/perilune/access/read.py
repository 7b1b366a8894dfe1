"""Reading the bytes of a holding: each piece is compared with its digest before any of it leaves.

A reader therefore never gets a byte that was not accessioned. Where a piece is wrong, reading
stops with `Damaged` after the last whole piece that is right.
"""

import hashlib
import itertools
from collections.abc import Iterator

from perilune.errors import Damaged, NotFound
from perilune.model.package import FileEntry, piece_size
from perilune.node import Node


def chunks(
    entry: FileEntry, node: Node, start: int = 0, stop: int | None = None
) -> Iterator[bytes]:
    """Bytes ``start`` to before ``stop`` of a file, in runs of at most one piece.

    Only the pieces that cover the range are read. Raises `Damaged` where the archive lacks the
    file or keeps other bytes than its manifest tells.
    """
    last = entry.size if stop is None else min(stop, entry.size)
    first = max(start, 0)
    digests = entry.pieces or (entry.sha256,)
    length = piece_size(entry.size)
    try:
        source = node.store.open(entry.sha256)
    except NotFound as error:
        raise Damaged(f"{entry.path}: the archive lacks object {entry.sha256}") from error
    with source:
        for number in range(first // length, max(-(-last // length), 1)):
            offset = number * length
            expected = min(length, entry.size - offset)
            source.seek(offset)
            piece = source.read(expected)
            if hashlib.sha256(piece).hexdigest() != digests[number]:
                raise Damaged(f"{entry.path}: bytes from {offset} of {entry.sha256} are wrong")
            if wanted := piece[max(first - offset, 0) : last - offset]:
                yield wanted


def whole(entry: FileEntry, node: Node) -> bytes:
    """All bytes of a file, verified. For labels and other files known to be small."""
    return b"".join(chunks(entry, node))


def begun(runs: Iterator[bytes]) -> Iterator[bytes]:
    """The same runs, the first of them read and verified already.

    So that a fault at the very beginning shows before an answer is promised.
    """
    return itertools.chain([next(runs, b"")], runs)
