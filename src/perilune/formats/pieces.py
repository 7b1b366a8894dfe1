"""A file whose bytes come from elsewhere, piece by piece, each compared with its manifest first.

What was fetched last is kept, so that neighbouring windows cost one fetch.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from perilune.model.package import FileEntry, piece_size

_KEPT_BYTES = 64 << 20
_MOST_TOGETHER = 16 << 20
"""Bytes that are fetched at once."""


class VerifiedFile:
    """A file as `perilune.formats.source.Source` has it.

    ``fetch(start, stop)`` gives bytes that nobody vouches for; ``damaged(offset)`` is what is
    raised where the piece there has other bytes than the manifest tells.
    """

    is_mapped = False

    def __init__(
        self,
        entry: FileEntry,
        fetch: Callable[[int, int], bytes],
        damaged: Callable[[int], Exception],
    ) -> None:
        self.name, self.size = entry.name, entry.size
        self._digests = entry.pieces or (entry.sha256,)
        self._length = piece_size(entry.size)
        self._fetch, self._damaged = fetch, damaged
        self._pieces: OrderedDict[int, bytes] = OrderedDict()

    def read(self, start: int, stop: int) -> memoryview:
        """Those bytes, from pieces that were verified."""
        if start >= stop:
            return memoryview(b"")
        first, last = start // self._length, (stop - 1) // self._length
        runs = []
        for number in range(first, last + 1):
            if number not in self._pieces:
                self._take(number, last)
            self._pieces.move_to_end(number)
            runs.append(self._pieces[number])
        while len(self._pieces) > max(_KEPT_BYTES // self._length, 1):
            self._pieces.popitem(last=False)
        begin = first * self._length
        whole = runs[0] if len(runs) == 1 else b"".join(runs)
        return memoryview(whole)[start - begin : stop - begin]

    def _take(self, number: int, last: int) -> None:
        """Take that piece, and those after it up to ``last`` that are not here either."""
        end, most = number + 1, max(_MOST_TOGETHER // self._length, 1)
        while end <= last and end not in self._pieces and end - number < most:
            end += 1
        start = number * self._length
        data = self._fetch(start, min(end * self._length, self.size))
        for place in range(number, end):
            begin = place * self._length - start
            piece = data[begin : begin + self._length]
            if hashlib.sha256(piece).hexdigest() != self._digests[place]:
                raise self._damaged(place * self._length)
            self._pieces[place] = piece
