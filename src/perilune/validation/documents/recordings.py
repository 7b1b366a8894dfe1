"""Recordings: the boxes of MP4 and M4A, and the header of WAV.

Sources: ISO/IEC 14496-12 (boxes, handlers of tracks) and the RIFF/WAVE specification of 1991.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MOST_BOXES = 100_000


class BrokenBoxes(Exception):
    """Boxes that do not fit into each other."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a movie has tracks of."""

    is_movie: bool
    kinds: frozenset[str]
    """Handler types: ``soun``, ``vide``."""


def tracks_of(place: Path) -> Tracks:
    """The tracks of an MP4 or M4A; raise `BrokenBoxes` where its structure breaks."""
    size = place.stat().st_size
    with place.open("rb") as data:
        left = [_MOST_BOXES]
        movie = next((each for each in _boxes(data, 0, size, left) if each[0] == b"moov"), None)
        if movie is None:
            return Tracks(is_movie=False, kinds=frozenset())
        kinds = set()
        for track in _every(data, movie, b"trak", left):
            for media in _every(data, track, b"mdia", left):
                for _, start, stop in _every(data, media, b"hdlr", left):
                    data.seek(start + 8)
                    kinds.add(data.read(min(4, stop - start)).decode("ascii", "replace"))
        return Tracks(is_movie=True, kinds=frozenset(kinds))


_Box = tuple[bytes, int, int]


def _every(data: BinaryIO, inside: _Box, kind: bytes, left: list[int]) -> list[_Box]:
    return [each for each in _boxes(data, inside[1], inside[2], left) if each[0] == kind]


def _boxes(data: BinaryIO, start: int, stop: int, left: list[int]) -> Iterator[_Box]:
    """Kind, first and last byte of what is in each box."""
    while start + 8 <= stop:
        left[0] -= 1
        if left[0] < 0:
            raise BrokenBoxes("has too many boxes")
        data.seek(start)
        size, kind = struct.unpack(">I4s", data.read(8))
        head = 8
        if size == 1:
            wide = data.read(8)
            if len(wide) < 8:
                raise BrokenBoxes("ends within a box")
            size, head = struct.unpack(">Q", wide)[0], 16
        elif size == 0:
            size = stop - start
        if size < head or start + size > stop:
            raise BrokenBoxes(f"the box {kind.decode('ascii', 'replace')!r} does not fit in")
        yield kind, start + head, start + size
        start += size


@dataclass(frozen=True, slots=True)
class Wave:
    """What is wrong with a WAV: with its header, or with its length alone."""

    fault: str
    announced: int | None
    """Bytes that the header gives the file."""


def wave(place: Path) -> Wave:
    """The first twelve bytes and the chunk after them."""
    with place.open("rb") as data:
        head = data.read(16)
    announced = struct.unpack("<i", head[4:8])[0] + 8 if len(head) >= 8 else None
    for start, word in ((0, b"RIFF"), (8, b"WAVE"), (12, b"fmt ")):
        if head[start : start + 4] != word:
            known = announced if start else None
            return Wave(f"has no {word.decode()!r} at byte {start}", known)
    return Wave("", announced)
