"""Reading a data file by windows, so that memory does not grow with it."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

WINDOW = 8 << 20
"""Bytes that are looked at together."""


class Source:
    """An open data file of known size."""

    def __init__(self, place: Path) -> None:
        self._file = io.FileIO(place)
        self.size = os.fstat(self._file.fileno()).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, start: int, size: int) -> bytes:
        """At most ``size`` bytes from ``start`` on."""
        return b"".join(piece.tobytes() for piece in self.windows(start, start + size, WINDOW))

    def lines(self) -> int:
        """How many lines the file has, the last one also without an end."""
        count, last = 0, 10
        for window in self.windows(0, self.size, WINDOW):
            count += int(np.count_nonzero(window == 10))
            last = int(window[-1])
        return count + (last != 10)

    def windows(self, start: int, stop: int, step: int) -> Iterator[npt.NDArray[np.uint8]]:
        """The bytes from ``start`` to ``stop``, ``step`` at a time; each window is used at once.

        They share one buffer. Fewer bytes come where the file ends before.
        """
        stop = min(stop, self.size)
        if start >= stop:
            return
        buffer = np.empty(min(step, stop - start), dtype=np.uint8)
        self._file.seek(start)
        while start < stop:
            view = memoryview(buffer.data)[: min(step, stop - start)]
            filled = 0
            while filled < len(view) and (got := self._file.readinto(view[filled:])):
                filled += got
            if not filled:
                return
            yield buffer[:filled]
            start += filled
            if filled < len(view):
                return
