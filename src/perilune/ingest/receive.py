"""Receive: see what a delivery consists of, without reading it; take a container apart first.

Only regular files under the delivery's root count. Links, devices and sockets are named as
faults and never followed, so a delivery cannot reach outside its folder. A container is unpacked
into quarantine: a folder on the node's own disk, of which nothing stays.
"""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from perilune.durable import naming_full_disk, scratch
from perilune.errors import WrongUsage
from perilune.ingest.projection import Progress
from perilune.ingest.unpack.container import HEAD, is_container, unpack
from perilune.ingest.unpack.limits import Limits, Refused

LABEL_SUFFIXES = (".xml", ".lblx")


@dataclass(frozen=True, slots=True)
class Received:
    """The files of a delivery, by path relative to its root, in the order of their bytes."""

    root: Path
    files: Mapping[str, int]
    """Path to size."""
    labels: tuple[str, ...]
    """Paths that may be labels."""
    odd: tuple[tuple[str, str], ...]
    """Paths that are no regular files, or have unreadable names, and what they are."""
    is_whole: bool = True
    """False where single labels were handed in from a folder of other things."""
    left_out: tuple[Refused, ...] = ()
    """Entries of a container that may not be files of a delivery."""


@contextmanager
def received(given: Path | BinaryIO, root: Path | None, progress: Progress) -> Iterator[Received]:
    """What was handed in: a folder, a label, a container, or a stream that is one.

    A container is taken apart in the quarantine of the node at ``root``, without one in the
    system's folder for passing things; its files are there until the block ends. Raises `Refused`
    where it is not taken, `WrongUsage` where there is nothing to take in, `NoSpace` where the disk
    is full.
    """
    if isinstance(given, Path) and not _is_container(given):
        yield receive(given)
        return
    with _quarantine(root) as folder:
        with naming_full_disk(folder):
            found = _unpacked(given, folder, progress)
        yield found


def _unpacked(given: Path | BinaryIO, folder: Path, progress: Progress) -> Received:
    def told(size: int) -> None:
        progress("unpacking, bytes", size, 0)

    if isinstance(given, Path):
        with given.open("rb") as source:
            found = unpack(source, folder, told, Limits())
    else:
        found = unpack(given, folder, told, Limits())
    return replace(_folder(found.root), left_out=found.left_out)


def _is_container(path: Path) -> bool:
    """Whether ``path`` is to be unpacked: by its first bytes, or because it is a pipe."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            with path.open("rb") as file:
                return is_container(file.read(HEAD))
    except FileNotFoundError:
        return False
    return stat.S_ISFIFO(kind)


def _quarantine(root: Path | None) -> AbstractContextManager[Path]:
    if root is None:
        return _elsewhere()
    parent = root / "quarantine"
    parent.mkdir(mode=0o700, exist_ok=True)
    return scratch(parent)


@contextmanager
def _elsewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="perilune-") as folder:
        yield Path(folder)


def receive(path: Path) -> Received:
    """List the delivery at ``path``: a folder, or one label with the files beside it.

    Raises `WrongUsage` where there is nothing to take in.
    """
    if path.is_dir():
        return _folder(path)
    if path.is_file() and path.suffix.lower() in LABEL_SUFFIXES:
        beside = _folder(path.absolute().parent)
        return Received(beside.root, beside.files, (path.name,), beside.odd, is_whole=False)
    if path.exists():
        raise WrongUsage(f"neither a folder, a label (.xml, .lblx) nor a tar or zip: {path}")
    raise WrongUsage(f"nothing there: {path}")


def _folder(root: Path) -> Received:
    files: dict[str, int] = {}
    odd: list[tuple[str, str]] = []
    for path, entry in _walk(root, PurePosixPath()):
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            odd.append((path.encode("utf-8", "replace").decode(), "a name that is not UTF-8"))
            continue
        if entry.is_symlink():
            odd.append((path, "a symbolic link"))
        elif entry.is_file(follow_symlinks=False):
            files[path] = entry.stat(follow_symlinks=False).st_size
        else:
            odd.append((path, "neither file nor folder"))
    ordered = dict(sorted(files.items(), key=lambda item: item[0].encode()))
    labels = tuple(path for path in ordered if path.lower().endswith(LABEL_SUFFIXES))
    return Received(root, ordered, labels, tuple(sorted(odd)))


def _walk(folder: Path, place: PurePosixPath) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = place / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), path)
            else:
                yield str(path), entry
