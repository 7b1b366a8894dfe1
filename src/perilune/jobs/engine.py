"""The engine: a served node's own hands. One in a process, since DBOS is.

What makes a job go on after kill -9: its parts are steps whose outcome is kept before the next
begins; a process has a seat (`perilune.jobs.seats`), and jobs of seats whose process is dead are
put back into their queue by whoever finds them. A queue lets one job of a name run at a time, on
whatever server, and hands it to one. The version is pinned, nothing is pickled, and no key of a
controlling service is ever given, so that DBOS opens no connection.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer

from perilune.errors import PeriluneError
from perilune.jobs import seats
from perilune.jobs.board import APPLICATION, PROGRESS, VERSION, Board, queue_at_once
from perilune.jobs.job import Done
from perilune.jobs.kinds import KINDS, Kind, Task
from perilune.node import Node

_TICK_S = 2.0
_TELL_S = 1.0
_log = logging.getLogger(__name__)


class _Cancelled(Exception):
    """Someone took the job off the board while a part of it was being done."""


@dataclass(slots=True)
class Engine:
    """Runs the jobs of ``node`` until it is stopped."""

    node: Node
    board: Board
    running: set[str] = field(default_factory=set)
    """Jobs whose part is being done just now."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Take a seat, take up what was left, and do what is due, until `stop`."""
        self.board.prepare()
        seat = seats.Seat.take(self.board.folder)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self.board.url,
                "application_version": VERSION,
                "executor_id": seat.name,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )
        for kind in KINDS:
            self._register(kind)
        DBOS.launch()
        for queue in {queue for kind in KINDS for queue in (kind.name, queue_at_once(kind))}:
            DBOS.register_queue(queue, global_concurrency=1, on_conflict="always_update")
        started = self.node.now()
        while not self._stopping.wait(_TICK_S):
            try:
                self._take_up()
                self._put_what_is_due(started)
            except Exception:  # noqa: BLE001  # the door of this thread: a full disk passes
                _log.exception("looking for jobs that are due")

    def stop(self) -> bool:
        """Begin nothing more; whether nothing is being done, so that the process may end well."""
        self._stopping.set()
        return not self.running

    def _register(self, kind: Kind) -> None:
        """Make ``kind`` known to DBOS: the parts, then each part, each a step."""

        def workflow(*, at_once: bool) -> dict[str, Any]:
            parts = DBOS.run_step({"name": "plan"}, lambda: list(kind.plan(self.node)))
            pause_s = 0.0
            if kind.pause_s is not None and not at_once:
                pause_s = kind.pause_s(self.node.config, len(parts))
            results: list[dict[str, Any]] = []
            for part in parts:
                if pause_s:
                    DBOS.sleep(pause_s)
                work = partial(self._do, kind, part, list(results), at_once=at_once)
                results.append(DBOS.run_step({"name": part}, work))
            return {"results": results}

        DBOS.workflow(name=kind.name, max_recovery_attempts=None)(workflow)

    def _do(
        self, kind: Kind, part: str, before: list[dict[str, Any]], *, at_once: bool
    ) -> dict[str, Any]:
        job = DBOS.workflow_id
        assert job is not None
        self.running.add(job)
        task = Task(
            node=self.node,
            part=part,
            before=[Done.read(each) for each in before],
            at_once=at_once,
            progress=_telling(),
        )
        try:
            return kind.do(task).document()
        except PeriluneError as error:
            return Done(part=part, words=str(error), is_right=False, fault=error.code).document()
        finally:
            self.running.discard(job)

    def _take_up(self) -> None:
        with seats.free(self.board.folder) as dead:
            if dead:
                DBOS._recover_pending_workflows(dead)  # noqa: SLF001  # the public way knows one seat

    def _put_what_is_due(self, started: datetime) -> None:
        now = self.node.now()
        for kind in KINDS:
            every = kind.every(self.node.config)
            if every is None:
                continue
            newest = self.board.jobs(name=kind.name, limit=1)
            first = started if kind.is_due_at_first else started + every
            due = newest[0].made + every if newest else first
            if due <= now and kind.is_needed(self.node):
                self.board.run_when_due(kind.name, f"{kind.name}-{due:%Y%m%dT%H%M%SZ}")
                self.board.forget()


def _telling() -> Callable[[str, int, int], None]:
    """A Progress that keeps how far the job is, once a second."""
    last = 0.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal last
        if (now := time.monotonic()) - last < _TELL_S:
            return
        last = now
        assert DBOS.workflow_id is not None
        status = DBOS.get_workflow_status(DBOS.workflow_id)
        if status is not None and status.status == "CANCELLED":
            raise _Cancelled
        DBOS.set_event(PROGRESS, {"what": what, "done": done, "total": total})

    return tell
