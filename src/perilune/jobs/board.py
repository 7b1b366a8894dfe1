"""The board: jobs as they stand, from any process; new ones are put on it, unwanted taken off.

Whoever looks at it runs nothing: a served node does (`perilune.jobs.engine`).
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perilune.errors import NotFound, WrongUsage
from perilune.jobs import seats
from perilune.jobs.job import Done, Job, Step, state_of
from perilune.jobs.kinds import Kind, kind_named
from perilune.node import Node

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowStatus

PROGRESS = "progress"
VERSION = "1"
"""Of what jobs do: one that was begun under another is not gone on with."""
APPLICATION = "perilune"
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_KEPT = 500
"""Finished jobs that are remembered."""


def queue_at_once(kind: Kind) -> str:
    """The queue of jobs that someone waits for: one that keeps a pace does not hold them up."""
    return f"{kind.name} at once" if kind.is_paced else kind.name


@dataclass(frozen=True, slots=True)
class Board:
    """The jobs of the node in ``root``."""

    root: Path

    @classmethod
    def of(cls, node: Node) -> "Board":
        """Those of ``node``; raise `WrongUsage` for one that lives in memory alone."""
        if node.root is None:
            raise WrongUsage(f"{node.config.name} keeps nothing on disk, so it runs no jobs")
        return cls(node.root)

    @property
    def folder(self) -> Path:
        """Where the engine keeps its file and its seats."""
        return self.root / "jobs"

    @property
    def url(self) -> str:
        """The file, as the engine names it."""
        return f"sqlite:///{self._file}"

    @property
    def is_served(self) -> bool:
        """Whether a process is there that runs jobs."""
        return seats.any_taken(self.folder)

    def prepare(self) -> None:
        """Make the file, or bring its tables to the newest version."""
        from dbos import DBOS  # noqa: PLC0415  # half a second: only where jobs are meant

        self.folder.mkdir(exist_ok=True)
        if self._file.exists():
            DBOS.migrate(self.url)
            return
        making = self.folder / f"making-{secrets.token_hex(6)}.sqlite"
        try:
            DBOS.migrate(f"sqlite:///{making}")
            with suppress(FileExistsError):
                os.link(making, self._file)  # nobody ever sees it without its tables
        finally:
            making.unlink(missing_ok=True)

    def jobs(self, *, name: str | None = None, limit: int = 50) -> list[Job]:
        """The newest jobs, newest first."""
        if not self._file.exists():
            return []
        with self._client() as client:
            found = client.list_workflows(
                name=name, limit=limit, sort_desc=True, application_name=APPLICATION
            )
            return [self._job(each, client) for each in found]

    def job(self, id: str) -> Job:
        """One job; raise `NotFound` if there is none."""
        if self._file.exists():
            with self._client() as client:
                for each in client.list_workflows(workflow_ids=[id]):
                    return self._job(each, client)
        raise NotFound(f"no job {id!r}")

    def run(self, name: str) -> str:
        """Put a job on the board that someone waits for; its id.

        One of its name that waits or runs in the same way stands for it. Raises `WrongUsage` for
        a name that there is not.
        """
        kind = kind_named(name)
        return self._put(kind.name, queue_at_once(kind), at_once=True)

    def run_when_due(self, name: str, id: str) -> str:
        """Put a job on the board that is due; done once, however often it is put there."""
        return self._put(name, name, at_once=False, workflow_id=id)

    def _put(self, name: str, queue: str, *, at_once: bool, **more: str) -> str:
        if not self._file.exists():
            self.prepare()
        options: dict[str, Any] = {
            "workflow_name": name,
            "queue_name": queue,
            "app_version": VERSION,
            "deduplication_id": queue,
            "duplication_policy": "return-existing",
            **more,
        }
        with self._client() as client:
            return client.enqueue(options, at_once=at_once).workflow_id  # type: ignore[arg-type]

    def cancel(self, id: str) -> Job:
        """Take a job off; one that runs ends after its part. It as it was; `NotFound` if none."""
        found = self.job(id)
        with self._client() as client:
            client.cancel_workflow(id)
        return found

    def forget(self) -> None:
        """Remove the oldest of the finished jobs."""
        with self._client() as client:
            old = client.list_workflows(
                status=_FINISHED, offset=_KEPT, limit=_KEPT, sort_desc=True, load_output=False
            )
            if old:
                client.delete_workflows([each.workflow_id for each in old])

    @property
    def _file(self) -> Path:
        return self.folder / "jobs.sqlite"

    @contextmanager
    def _client(self) -> Iterator["DBOSClient"]:
        from dbos import (  # noqa: PLC0415  # half a second: only where jobs are meant
            DBOSClient,
            DBOSPortableJSONSerializer,
        )

        client = DBOSClient(
            system_database_url=self.url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )
        try:
            yield client
        finally:
            client.destroy()

    def _job(self, found: "WorkflowStatus", client: "DBOSClient") -> Job:
        output: Mapping[str, Any] = found.output or {}
        results = tuple(Done.read(each) for each in output.get("results", ()))
        is_alive = found.status == "PENDING" and seats.is_taken(
            self.folder, found.executor_id or ""
        )
        faults = [each for each in results if each.fault]
        return Job(
            id=found.workflow_id,
            name=found.name,
            state=state_of(found.status, results, is_alive=is_alive),
            made=_moment(found.created_at) or datetime.fromtimestamp(0, UTC),
            started=_moment(found.dequeued_at),
            ended=_moment(found.completed_at),
            step=self._step(found, client),
            results=results,
            error=_words(found.error) or "; ".join(each.words for each in faults),
            fault=faults[0].fault if faults else "error" if found.error else "",
        )

    def _step(self, found: "WorkflowStatus", client: "DBOSClient") -> Step | None:
        if found.status != "PENDING":
            return None
        with suppress(KeyError, TypeError):
            told = client.get_event(found.workflow_id, PROGRESS, timeout_seconds=0)
            return Step(told["what"], told["done"], told["total"])
        return None


def _words(error: Exception | None) -> str:
    """What an error says, or, where it says nothing, what it is."""
    return "" if error is None else str(error) or type(error).__name__


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
