"""Seats: each process that runs jobs has a name of its own, and all can tell whether it lives.

A seat is a locked file in the node's folder; the system lets go of the lock of a dead process. The
name of the seat is what the engine knows the process by, so that jobs of a dead one are found.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Self

_PREFIX = "server-"


class Seat:
    """A seat that this process holds until it ends, or `leave`."""

    def __init__(self, name: str, handle: int) -> None:
        self.name = name
        self._handle = handle

    @classmethod
    def take(cls, folder: Path) -> Self:
        """The first free seat."""
        for number in count(1):
            name = f"{_PREFIX}{number}"
            if (handle := _locked(folder / name)) is not None:
                return cls(name, handle)
        raise AssertionError("numbers end")

    def leave(self) -> None:
        """Give it up."""
        os.close(self._handle)


def is_taken(folder: Path, name: str) -> bool:
    """Whether a living process holds the seat ``name``."""
    path = folder / name
    if not path.exists():
        return False
    handle = _locked(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def any_taken(folder: Path) -> bool:
    """Whether any process runs jobs here."""
    return any(is_taken(folder, path.name) for path in folder.glob(f"{_PREFIX}*"))


@contextmanager
def free(folder: Path) -> Iterator[list[str]]:
    """The seats of dead processes, which nobody can take meanwhile."""
    handles: dict[str, int] = {}
    try:
        for path in sorted(folder.glob(f"{_PREFIX}*")):
            if (handle := _locked(path)) is not None:
                handles[path.name] = handle
        yield list(handles)
    finally:
        for handle in handles.values():
            with suppress(OSError):
                os.close(handle)


def _locked(path: Path) -> int | None:
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
