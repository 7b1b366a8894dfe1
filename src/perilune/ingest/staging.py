"""Files put into the store's batch by other processes, ahead of the check that asks for them."""

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from perilune.ingest.labels import Labels
from perilune.ingest.workers import Workers
from perilune.model.package import Digests
from perilune.storage.port import Batch, Hand, Handed

_AHEAD = 24
"""Chunks of labels whose files are being staged: bounds the memory."""

Staged = Mapping[str, Handed]
"""Path to what a hand has put."""
_Waiting = tuple[Labels, Sequence[str], Future[list[Handed | None]] | None]


def staged_ahead(
    chunks: Iterator[Labels],
    wanted: Callable[[Labels], list[str]],
    root: Path,
    batch: Batch,
    workers: Workers,
) -> Iterator[tuple[Labels, Staged]]:
    """Each of ``chunks`` with those of its ``wanted`` files under ``root`` that are staged already.

    The others (there is no other process, none had begun with them, or they cannot be opened) are
    left to whoever checks the labels.
    """
    waiting: deque[_Waiting] = deque()
    for labels in chunks:
        waiting.append((labels, *_begun(wanted(labels), root, batch, workers)))
        if len(waiting) > _AHEAD or workers.pool is None:
            yield _finished(waiting.popleft())
    while waiting:
        yield _finished(waiting.popleft())


class Contents:
    """Small contents made here, put into the batch by other processes where there are any."""

    def __init__(self, batch: Batch, workers: Workers) -> None:
        self._batch = batch
        self._pool = None if batch.hand is None else workers.pool
        self._found: list[Digests] = []
        self._waiting: list[tuple[Sequence[bytes], Future[list[Handed]]]] = []

    def put(self, contents: Sequence[bytes]) -> None:
        """Put ``contents``, now or later."""
        if self._pool is None or self._batch.hand is None:
            self._found += [self._batch.put(io.BytesIO(content)) for content in contents]
        else:
            future = self._pool.submit(_put_all, self._batch.hand, contents)
            self._waiting.append((contents, future))

    def finish(self) -> list[Digests]:
        """See that all have been put, and say what they are, in order."""
        for contents, future in self._waiting:
            if future.cancel():
                self._found += [self._batch.put(io.BytesIO(content)) for content in contents]
            else:
                self._found += map(self._batch.take_over, future.result())
        return self._found


def _begun(
    paths: Sequence[str], root: Path, batch: Batch, workers: Workers
) -> tuple[Sequence[str], Future[list[Handed | None]] | None]:
    if workers.pool is None or batch.hand is None or not paths:
        return (), None
    return paths, workers.pool.submit(_stage, batch.hand, str(root), paths)


def _finished(begun: _Waiting) -> tuple[Labels, Staged]:
    labels, paths, future = begun
    if future is None or future.cancel():
        return labels, {}
    found = zip(paths, future.result(), strict=True)
    return labels, {path: handed for path, handed in found if handed is not None}


def _put_all(hand: Hand, contents: Sequence[bytes]) -> list[Handed]:
    return [hand.put(io.BytesIO(content)) for content in contents]


def _stage(hand: Hand, root: str, paths: Sequence[str]) -> list[Handed | None]:
    return [_stage_one(hand, f"{root}/{path}") for path in paths]


def _stage_one(hand: Hand, place: str) -> Handed | None:
    try:
        data = io.FileIO(place)
    except OSError:
        return None
    with data:
        return hand.put(data)
