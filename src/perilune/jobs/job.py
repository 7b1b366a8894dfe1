"""A job as people see it: what it is, where it stands, what came of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from perilune.model.reading import time_text


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    """The server that ran it died; the next one goes on with it."""
    DONE = "done"
    NOT_RIGHT = "not right"
    """It came to its end, and what it looked at is not as it should be."""
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one part of a job."""

    part: str
    words: str
    counts: Mapping[str, int] = field(default_factory=dict)
    is_right: bool = True
    names: Sequence[str] = ()
    """What is not right, by name."""
    fault: str = ""
    """Code of the error that ended it; empty where none did."""

    def document(self) -> dict[str, Any]:
        """As JSON, which `read` reads."""
        return {
            "part": self.part,
            "words": self.words,
            "counts": dict(self.counts),
            "is_right": self.is_right,
            "names": list(self.names),
            "fault": self.fault,
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read `document`."""
        return cls(
            part=found["part"],
            words=found["words"],
            counts=found["counts"],
            is_right=found["is_right"],
            names=tuple(found["names"]),
            fault=found["fault"],
        )


@dataclass(frozen=True, slots=True)
class Step:
    """How far a running job is."""

    what: str
    done: int
    total: int
    """0 where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job."""

    id: str
    name: str
    state: State
    made: datetime
    started: datetime | None
    ended: datetime | None
    step: Step | None
    results: tuple[Done, ...]
    error: str
    """What went wrong, in words; empty where nothing did."""
    fault: str = ""
    """Code of the error (`perilune.errors`) that it ended with, or its first part that did."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        step = self.step
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state.value,
            "made": time_text(self.made),
            "started": time_text(self.started) if self.started else None,
            "ended": time_text(self.ended) if self.ended else None,
            "progress": {"what": step.what, "done": step.done, "total": step.total}
            if step
            else None,
            "parts": [each.document() for each in self.results],
            "error": self.error or None,
        }


_STATES = {
    "ENQUEUED": State.WAITING,
    "DELAYED": State.WAITING,
    "PENDING": State.RUNNING,
    "SUCCESS": State.DONE,
    "CANCELLED": State.CANCELLED,
}


def state_of(status: str, results: tuple[Done, ...], *, is_alive: bool) -> State:
    """The state for what the engine calls ``status``; ``is_alive``: its server is running."""
    state = _STATES.get(status, State.FAILED)
    if state is State.RUNNING and not is_alive:
        return State.INTERRUPTED
    if state is State.DONE and any(each.fault for each in results):
        return State.FAILED
    if state is State.DONE and not all(each.is_right for each in results):
        return State.NOT_RIGHT
    return state
