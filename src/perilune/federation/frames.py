"""Many small products in one answer.

Asked for: one LIDVID a line. The answer has a frame for each, in that order: its length in eight
bytes, the most significant first, then the manifest, then the files in the manifest's order,
with nothing between them. A product that is not given has a frame of length 0. Nothing in a frame
says what it is: the log of its owner does. Format: docs/reference/formats.md, "Frames".
"""

import struct
from collections.abc import Iterator, Sequence

from perilune.access import read
from perilune.access.policy import Asker
from perilune.access.search import find
from perilune.errors import (
    BadQuestion,
    Damaged,
    Embargoed,
    MalformedIdentifier,
    NotFound,
    PeerUnreachable,
)
from perilune.node import Node

MOST_BYTES = 8 << 20
"""Largest product, with its manifest, that travels in a frame."""
MOST_PRODUCTS = 256
MOST_QUESTION_BYTES = 256 << 10

_LENGTH = struct.Struct(">Q")
_RUN = 256 << 10


def question(names: Sequence[str]) -> bytes:
    """What to ask for products of these LIDVIDs."""
    return "\n".join(names).encode()


def read_question(body: bytes) -> list[str]:
    """The names asked for; raise `BadQuestion` where there are too many, or none."""
    try:
        names = body.decode().splitlines()
    except UnicodeDecodeError as error:
        raise BadQuestion(f"the names of products are no UTF-8: {error}") from error
    if not 0 < len(names) <= MOST_PRODUCTS:
        raise BadQuestion(f"{len(names)} products; 1 to {MOST_PRODUCTS} may be asked for at once")
    return names


def answer(names: Sequence[str], node: Node, asker: Asker) -> Iterator[bytes]:
    """The frames of products, in runs; what ``asker`` may not see is not given."""
    waiting, size = list[bytes](), 0
    for name in names:
        frame = _frame(name, node, asker)
        waiting += frame
        size += sum(map(len, frame))
        if size >= _RUN:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def framed(parts: Sequence[bytes]) -> list[bytes]:
    """A frame of manifest and files; of nothing where there are none."""
    return [_LENGTH.pack(sum(map(len, parts))), *parts]


def _frame(name: str, node: Node, asker: Asker) -> list[bytes]:
    try:
        holding = find(name, node, asker)
        manifest = holding.manifest.encode()
        if len(manifest) + holding.manifest.total_bytes > MOST_BYTES:
            return framed(())
        files = [read.whole(entry, node) for entry in holding.manifest.files]
    except (Embargoed, NotFound, MalformedIdentifier, Damaged):
        return framed(())
    return framed([manifest, *files])


def read_answer(data: bytes, sizes: Sequence[int]) -> list[memoryview]:
    """Frames for products of these sizes, empty for those not given.

    Raises `PeerUnreachable` where the answer is not of this form.
    """
    frames = []
    rest = memoryview(data)
    for size in sizes:
        if len(rest) < _LENGTH.size:
            raise PeerUnreachable(f"an answer of {len(data)} bytes ends before its last frame")
        (length,) = _LENGTH.unpack_from(rest)
        if length not in (0, size) or length > len(rest) - _LENGTH.size:
            raise PeerUnreachable(f"a frame announces {length} bytes for a product of {size}")
        frames.append(rest[_LENGTH.size : _LENGTH.size + length])
        rest = rest[_LENGTH.size + length :]
    if rest:
        raise PeerUnreachable(f"{len(rest)} bytes follow the last frame")
    return frames
