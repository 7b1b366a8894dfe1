"""One large file, put together from pieces that several sources give at once.

A piece counts when what stands in the file has the SHA-256 that the manifest names, so the file
itself is the record of what has come: going on after any break, each piece that is found there is
hashed again before it counts. Of a piece that had only begun to come, the rest is asked for: what
was not written is a hole in the file. A source that gives something false, or falls silent, is
dropped and named; the others give what it owed. The whole file's digests are computed meanwhile,
in order, as far as the pieces reach without a gap.
"""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from perilune.durable import naming_full_disk
from perilune.errors import NotFound, PeerUnreachable, PeriluneError, ProofFails
from perilune.federation.source import Source, file_path
from perilune.model.identifier import Lidvid
from perilune.model.package import Digests, FileEntry, piece_size

AT_ONCE = 16
"""Ranges under way: with a sender that knows only loss-based congestion control, one is slow."""
_RANGE = 4 << 20
_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a product, and where it is put together."""

    entry: FileEntry
    product: Lidvid
    part: Path

    @property
    def pieces(self) -> tuple[str, ...]:
        """SHA-256 of each piece."""
        return self.entry.pieces or (self.entry.sha256,)

    @property
    def length(self) -> int:
        """Bytes of a piece, but for the last."""
        return piece_size(self.entry.size)


class _Range(NamedTuple):
    """Pieces ``first`` to before ``last``; of the first one, ``begun`` bytes are there."""

    first: int
    last: int
    begun: int = 0


def complete(wanted: Wanted, sources: Sequence[Source]) -> Digests:
    """Have ``wanted.part`` hold the whole file; what one pass over it yields.

    Raises what the first of ``sources`` was dropped for when none is left; pieces that came stay.
    """
    with _opened(wanted.part) as handle, naming_full_disk(wanted.part):
        return _Assembly(wanted, sources, handle).run()


@contextmanager
def _opened(part: Path) -> Iterator[int]:
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)


class _Assembly:
    """The threads that fetch share what is under the lock; the one that began it hashes."""

    def __init__(self, wanted: Wanted, sources: Sequence[Source], handle: int) -> None:
        self._wanted, self._handle = wanted, handle
        self._have = [False] * len(wanted.pieces)
        self._prefix: dict[int, int] = {}
        """Pieces that have begun to come, to how many bytes of them are there."""
        self._changed = threading.Condition()
        self._ranges: deque[_Range] = deque()
        self._under_way = dict.fromkeys(range(len(sources)), 0)
        """Source that is not dropped, to how many ranges it is asked for."""
        self._sources = sources
        self._dropped: dict[int, PeriluneError] = {}
        self._fault: BaseException | None = None
        self._is_over = False

    def run(self) -> Digests:
        self._look()
        self._ranges.extend(self._missing())
        threads = min(AT_ONCE, len(self._ranges))
        with ThreadPoolExecutor(max(threads, 1), "pieces") as pool:
            for _ in range(threads):
                pool.submit(self._fetch)
            try:
                return self._digested()
            finally:
                with self._changed:
                    self._is_over = True
                    self._changed.notify_all()

    def _look(self) -> None:
        """Find the pieces that are there."""
        size = self._wanted.entry.size
        there = min(os.fstat(self._handle).st_size, size)
        os.ftruncate(self._handle, there)
        for number in range(-(-there // self._wanted.length)):
            begun = self._begun(number, there)
            self._have[number] = begun > 0 and self._is_right(number)
            if not self._have[number] and 0 < begun < self._size(number):
                self._prefix[number] = begun

    def _begun(self, number: int, there: int) -> int:
        """Bytes of a piece, from its start, that were ever written."""
        start = number * self._wanted.length
        try:
            if os.lseek(self._handle, start, os.SEEK_DATA) != start:
                return 0
            hole = os.lseek(self._handle, start, os.SEEK_HOLE)
        except OSError:  # nothing follows, or the file system does not tell
            return 0 if start >= there else self._size(number)
        return min(hole - start, self._size(number))

    def _is_right(self, number: int) -> bool:
        return hashlib.sha256(self._piece(number)).hexdigest() == self._wanted.pieces[number]

    def _piece(self, number: int) -> bytes:
        length = self._wanted.length
        start = number * length
        wanted = min(length, self._wanted.entry.size - start)
        found = os.pread(self._handle, wanted, start)
        while len(found) < wanted and (
            more := os.pread(self._handle, wanted - len(found), start + len(found))
        ):
            found += more
        return found

    def _missing(self) -> Iterator[_Range]:
        most = max(_RANGE // self._wanted.length, 1)
        first = 0
        while first < len(self._have):
            last = first
            while self._goes_on(first, last) and last - first < most:
                last += 1
            if last > first:
                yield _Range(first, last, self._prefix.get(first, 0))
            first = max(last, first + 1)

    def _goes_on(self, first: int, last: int) -> bool:
        """Whether the piece ``last`` is to be asked for together with ``first``."""
        if last >= len(self._have) or self._have[last]:
            return False
        return last == first or last not in self._prefix

    def _digested(self) -> Digests:
        """Digests of the whole, hashed piece by piece as they come to be there."""
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with ThreadPoolExecutor(1, "digest") as pool:
            for number in range(len(self._have)):
                self._await(number)
                piece = self._piece(number)
                beside = pool.submit(md5.update, piece)
                sha256.update(piece)
                beside.result()
        return Digests(
            size=self._wanted.entry.size,
            sha256=sha256.hexdigest(),
            md5=md5.hexdigest(),
            pieces=self._wanted.entry.pieces,
        )

    def _await(self, number: int) -> None:
        with self._changed:
            while not self._have[number]:
                if self._fault is not None:
                    raise self._fault
                if not self._under_way:
                    raise self._dropped[0]
                self._changed.wait(_WAIT_S)

    def _fetch(self) -> None:
        """What each thread does until there is nothing left to do."""
        while (found := self._next()) is not None:
            number, wanted = found
            done = wanted.first
            try:
                for done in self._given(self._sources[number], wanted):
                    with self._changed:
                        self._have[done - 1] = True
                        self._changed.notify_all()
                        if self._is_over:
                            return
            except (NotFound, PeerUnreachable, ProofFails) as error:
                left = _Range(done, wanted.last)
                if isinstance(error, ProofFails) and wanted.begun and done == wanted.first:
                    self._give_back(number, left)  # what was there before may be what is false
                else:
                    self._drop(number, error, left)
            except BaseException as error:  # noqa: BLE001  # told by the one who waits for the pieces
                with self._changed:
                    self._fault = error
                    self._changed.notify_all()
                return
            else:
                with self._changed:
                    if number in self._under_way:
                        self._under_way[number] -= 1

    def _next(self) -> tuple[int, _Range] | None:
        """A range, and the source least asked; None when all is there, or is not to be had."""
        with self._changed:
            while not self._ranges:
                if self._is_over or all(self._have) or not self._under_way:
                    return None
                self._changed.wait(_WAIT_S)  # another's range may come back
            if self._is_over or not self._under_way:
                return None
            number = min(self._under_way, key=lambda each: self._under_way[each])
            self._under_way[number] += 1
            return number, self._ranges.popleft()

    def _given(self, source: Source, wanted: _Range) -> Iterator[int]:
        """Write what comes of a range; after each piece, how far it has come."""
        entry, length = self._wanted.entry, self._wanted.length
        place, stop = wanted.first * length + wanted.begun, min(wanted.last * length, entry.size)
        number = wanted.first
        path = file_path(self._wanted.product, entry.path)
        with source.span(path, place, stop, entry.size) as runs:
            for run in runs:
                self._write(place, run[: stop - place])
                place = min(place + len(run), stop)
                while number < wanted.last and place >= number * length + self._size(number):
                    self._require_right(number, source)
                    number += 1
                    yield number
        if number < wanted.last:
            raise PeerUnreachable(
                f"{source.name} broke off {entry.path} at {place} of {entry.size} bytes"
            )

    def _size(self, number: int) -> int:
        return min(self._wanted.length, self._wanted.entry.size - number * self._wanted.length)

    def _write(self, place: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._handle, rest, place)
            rest, place = rest[written:], place + written

    def _require_right(self, number: int, source: Source) -> None:
        if self._is_right(number):
            return
        start = number * self._wanted.length
        raise ProofFails(
            f"{source.name}: bytes {start} to {start + self._size(number)} of "
            f"{self._wanted.entry.path} are wrong"
        )

    def _give_back(self, number: int, left: _Range) -> None:
        with self._changed:
            if number in self._under_way:
                self._under_way[number] -= 1
            self._ranges.appendleft(left)
            self._changed.notify_all()

    def _drop(self, number: int, error: PeriluneError, left: _Range) -> None:
        with self._changed:
            self._dropped.setdefault(number, error)
            self._under_way.pop(number, None)
            self._ranges.appendleft(left)
            self._changed.notify_all()
