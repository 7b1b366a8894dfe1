"""Workers: a function over many names in processes of its own, in order, whatever becomes of them.

A worker that dies, or is busy with one name for too long, costs that name and no other: the answer
for it is `Lost`, the worker is replaced, and what else it was given goes to the others. When the
caller stops for whatever reason, an interrupt too, no worker is left behind.
"""

import itertools
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

_CHUNK = 16
_CHUNK_CHARACTERS = 8_192
"""A chunk always fits into the pipe, so that handing it out never waits."""
_AHEAD = 2
"""Chunks that a worker is given before it has answered the first."""
_WINDOW = 4_096
"""Answers kept until those before them are there: bounds the memory."""
_NAMES_A_WORKER = 10_000
"""After so many a worker is replaced: what Saxon has allocated it does not give back."""
_PRELOADED = ("perilune.validation.examine",)
_FALSE_STARTS = 3


class WorkersFailed(RuntimeError):
    """No worker can be started."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A name without an answer, and why."""

    reason: str


def in_workers(
    make: Callable[[], Callable[[str], Answer]],
    names: Iterable[str],
    *,
    jobs: int,
    seconds: float,
) -> Iterator[tuple[str, Answer | Lost]]:
    """Each name with what the function makes of it, in the order given.

    ``make`` is called once in each of ``jobs`` processes and gives the function; both must be
    picklable. No name may take longer than ``seconds``.
    """
    crew = _Crew(make, iter(enumerate(names)), jobs, seconds)
    try:
        yield from crew.answers()
    finally:
        crew.dismiss()


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    is_ready: bool = False
    waiting: deque[tuple[int, str]] = field(default_factory=deque)
    """What it was given and has not answered, in order."""
    busy_since: float = 0.0
    given: int = 0
    """Names handed to it in all."""


@dataclass(slots=True)
class _Crew(Generic[Answer]):
    make: Callable[[], Callable[[str], Answer]]
    names: Iterator[tuple[int, str]]
    jobs: int
    seconds: float
    workers: list[_Worker] = field(default_factory=list)
    again: deque[tuple[int, str]] = field(default_factory=deque)
    """Names that a lost worker had not come to."""
    done: dict[int, tuple[str, Answer | Lost]] = field(default_factory=dict)
    wanted: int = 0
    false_starts: int = 0
    is_all_given: bool = False

    def answers(self) -> Iterator[tuple[str, Answer | Lost]]:
        for _ in range(self.jobs):
            self._hire()
        while True:
            self._hand_out()
            while (answer := self.done.pop(self.wanted, None)) is not None:
                self.wanted += 1
                yield answer
            if self.is_all_given and not self.again and not any(w.waiting for w in self.workers):
                return
            self._listen()

    def dismiss(self) -> None:
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.pipe.close()
        self.workers.clear()

    def _hire(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_PRELOADED))
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(self.make, theirs), daemon=True)
        process.start()
        theirs.close()
        self.workers.append(_Worker(process, ours, busy_since=time.monotonic()))

    def _hand_out(self) -> None:
        for worker in list(self.workers):
            if worker.given >= _NAMES_A_WORKER:
                if not worker.waiting:
                    self._retire(worker)
                continue
            while len(worker.waiting) <= _CHUNK * (_AHEAD - 1):
                chunk = self._chunk()
                if not chunk:
                    break
                if not worker.waiting:
                    worker.busy_since = time.monotonic()
                worker.waiting += chunk
                worker.given += len(chunk)
                with suppress(OSError):  # a dead worker is seen when it is listened to
                    worker.pipe.send(chunk)

    def _chunk(self) -> list[tuple[int, str]]:
        chunk: list[tuple[int, str]] = []
        characters = 0
        while len(chunk) < _CHUNK and characters < _CHUNK_CHARACTERS:
            if self.again:
                chunk.append(self.again.popleft())
            elif self.is_all_given or self._is_far_ahead():
                break
            elif (following := next(self.names, None)) is not None:
                chunk.append(following)
            else:
                self.is_all_given = True
                break
            characters += len(chunk[-1][1])
        return chunk

    def _is_far_ahead(self) -> bool:
        given = sum(len(worker.waiting) for worker in self.workers)
        return len(self.done) + given >= _WINDOW

    def _listen(self) -> None:
        heard = wait([worker.pipe for worker in self.workers], timeout=min(1.0, self.seconds))
        for worker in [each for each in self.workers if each.pipe in heard]:
            try:
                self._take(worker, worker.pipe.recv())
            except (EOFError, OSError):
                self._replace(worker, "")
        now = time.monotonic()
        for worker in list(self.workers):
            if (worker.waiting or not worker.is_ready) and now - worker.busy_since > self.seconds:
                self._replace(worker, f"it took longer than {self.seconds:g} s")

    def _take(self, worker: _Worker, told: "tuple[int, Answer] | None") -> None:
        worker.busy_since = time.monotonic()
        if told is None:
            worker.is_ready = True
            return
        index, answer = told
        given, name = worker.waiting.popleft()
        assert given == index
        self.done[index] = (name, answer)

    def _retire(self, worker: _Worker) -> None:
        """Let go of a worker that has answered everything, and hire another in its place."""
        self._end(worker)
        self._hire()

    def _end(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        self.workers.remove(worker)

    def _replace(self, worker: _Worker, reason: str) -> None:
        self._end(worker)
        told = reason or f"the process that checked it ended ({_end_of(worker.process.exitcode)})"
        if worker.is_ready and worker.waiting:
            index, name = worker.waiting.popleft()
            self.done[index] = (name, Lost(told))
        elif not worker.is_ready:
            self.false_starts += 1
            if self.false_starts >= _FALSE_STARTS:
                raise WorkersFailed(f"no process to check in could be started: {told}")
        self.again.extendleft(reversed(worker.waiting))
        self._hire()


def _end_of(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit status {code}"


def _work(make: Callable[[], Callable[[str], Answer]], pipe: Connection) -> None:
    """A worker's life: it ends when nobody is at the other end of the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started us ends us
    function = make()
    with suppress(EOFError, OSError):
        pipe.send(None)
        for chunk in iter(pipe.recv, None):
            for index, name in chunk:
                pipe.send((index, function(name)))


def in_this_process(
    make: Callable[[], Callable[[str], Answer]], names: Iterable[str]
) -> Iterator[tuple[str, Answer | Lost]]:
    """The same without processes: for few names."""
    function = make()
    return ((name, function(name)) for name in itertools.chain(names))
