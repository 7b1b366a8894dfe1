"""Pace: bytes are taken from the network no faster than a timetable lets them.

A bucket that fills at the rate of the moment and holds no more than a quarter of a second of it.
What is not read stays at the sender, as TCP has it, so nothing piles up here.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from perilune.model.timetable import Timetable

_HELD_S = 0.25
_STEP_S = 0.2
_SOON_S = 1e-3
_SHARERS = 64
"""Twice as many as ever read at once."""


def _local_time() -> datetime:
    return datetime.now().astimezone()


class Pace:
    """Shared by all that read at the same time."""

    def __init__(
        self,
        timetable: Timetable,
        now: Callable[[], datetime] = _local_time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timetable, self._now, self._clock, self._sleep = timetable, now, clock, sleep
        self._lock = threading.Lock()
        self._left, self._filled = 0.0, clock()

    def least(self, usual: float) -> float:
        """How slow, in bytes/s, one of those that read may be before its other end is given up."""
        limits = [limit for _, limit in self._timetable.entries if limit is not None]
        return min([usual, *(limit / _SHARERS for limit in limits)])

    def paced(self, runs: Iterator[bytes]) -> Iterator[bytes]:
        """The same runs, each when its bytes may have come."""
        for run in runs:
            self.take(len(run))
            yield run

    def take(self, size: int) -> None:
        """Return when ``size`` more bytes may have come."""
        with self._lock:
            self._fill()
            self._left -= size
        while (wait := self._wait()) > _SOON_S:
            self._sleep(min(wait, _STEP_S))  # so that a change of the limit is soon felt

    def _wait(self) -> float:
        with self._lock:
            limit = self._fill()
            return 0.0 if limit is None else -self._left / limit

    def _fill(self) -> float | None:
        limit = self._timetable.at(self._now())
        moment = self._clock()
        since, self._filled = moment - self._filled, moment
        if limit is None:
            self._left = 0.0
        else:
            self._left = min(self._left + since * limit, limit * _HELD_S)
        return limit
