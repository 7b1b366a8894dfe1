"""Making what was written survive power loss, with as few waits for the disk as there can be.

One `syncfs` costs little more than one `fsync`, whatever the number of files, but it also waits
for what others write. So a few paths are synced one by one, many by `syncfs`, and where the
system has none, many at a time.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from perilune.errors import NodeBusy, NoSpace

Settle = Callable[[Path, Iterable[Path]], None]
"""`settle`, or what a test or a torture build puts in its place."""

_FEW = 4
_THREADS = 16
_LOCK_STEP_S = 0.01
_LOCK = "lock"
_libc = ctypes.CDLL(None, use_errno=True)


def settle(root: Path, written: Iterable[Path]) -> None:
    """On return the files and folders ``written``, all on the file system of ``root``, are durable.

    A folder is durable when the names in it are. Raises OSError as `fsync` does.
    """
    paths = list(written)
    syncfs = getattr(_libc, "syncfs", None)
    if len(paths) <= _FEW:
        for path in paths:
            settle_one(path)
        return
    if syncfs is None:
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(settle_one, paths))
        return
    handle = os.open(root, os.O_RDONLY)
    try:
        if syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(root))
    finally:
        os.close(handle)


def settle_one(path: Path) -> None:
    """On return one file, or the names in one folder, are durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def naming_full_disk(place: Path) -> Iterator[None]:
    """Within it, a full disk is raised as `NoSpace`, naming ``place``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"no space left under {place}") from error
        raise


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the name ``target`` when the block ends well, durably.

    On an exception nothing is left behind, and a file of that name stays what it was.
    """
    part = target.parent / f".{target.name[:100]}.part-{secrets.token_hex(4)}"
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        settle_one(target.parent)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path, *, older_s: float) -> int:
    """Remove what processes that died left of `whole` in ``folder``; return how many.

    Only what nobody has written to for ``older_s``: a living process may be at the others.
    """
    count = 0
    for part in folder.glob(".*.part-*"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > older_s:
                part.unlink()
                count += 1
    return count


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new folder under ``parent``, gone when the block ends.

    What processes that died left under ``parent`` is swept away first: a folder's maker holds a
    lock on a file in it, so sweeping knows the dead.
    """
    with naming_full_disk(parent), turn(parent / _LOCK):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(dir=parent))
        alive = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR)
        fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(alive)


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` for a moment, after whoever holds it now."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        if folder.is_dir() and not _is_alive(folder):
            shutil.rmtree(folder)


def _is_alive(folder: Path) -> bool:
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _is_ours(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path, *, wait_s: float) -> Iterator[None]:
    """Hold the lock file ``path``, made if need be; the system lets go of it for a dead process.

    Raises `NodeBusy` where another process holds it for longer than ``wait_s``.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _is_ours(handle):
            if time.monotonic() > deadline:
                raise NodeBusy(f"waited {wait_s:.0f} s for another writer")
            time.sleep(_LOCK_STEP_S)
        yield
    finally:
        os.close(handle)


def _is_ours(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
