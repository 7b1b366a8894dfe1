"""Pages of a catalogue's file that changed since SQLite wrote them.

Each page ends with a checksum of itself (SQLite's extension cksumvfs, sqlite.org/cksumvfs.html),
which SQLite compares whenever it reads the page: a changed one is never answered from. Here all
pages are compared, those that nobody reads too.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

PAGE = 4_096
CHECKSUM = 8
"""Bytes of a page that SQLite leaves for it."""
_WORDS = PAGE // 4
_RUN = 2_048
_TRIES = 4
_PAUSE_S = 0.05


def changed_pages(path: Path) -> Iterator[int]:
    """Numbers, from 0, of the pages of ``path`` whose checksum is not theirs.

    A page that was read while it was being written is read again.
    """
    with path.open("rb") as file:
        first = 0
        while run := file.read(_RUN * PAGE):
            for place in _wrong(run):
                if _stays_wrong(path, first + place):
                    yield first + place
            first += _RUN


def _stays_wrong(path: Path, number: int) -> bool:
    for _ in range(_TRIES):
        time.sleep(_PAUSE_S)
        with path.open("rb") as file:
            file.seek(number * PAGE)
            if not _wrong(file.read(PAGE)):
                return False
    return True


def _wrong(run: bytes) -> list[int]:
    """Which of the pages in ``run`` are wrong; one cut short is."""
    whole, rest = divmod(len(run), PAGE)
    words = np.frombuffer(run[: whole * PAGE], dtype="<u4").reshape(whole, _WORDS).T
    words = np.ascontiguousarray(words)
    first, second = np.zeros(whole, np.uint32), np.zeros(whole, np.uint32)
    for place in range(0, _WORDS - 2, 2):
        first += words[place] + second
        second += words[place + 1] + first
    wrong = np.flatnonzero((first != words[-2]) | (second != words[-1])).tolist()
    return [*wrong, whole] if rest else wrong
