"""Receive: see what a delivery consists of, without reading it.

Only regular files under the delivery's root count. Links, devices and sockets are named as
faults and never followed, so a delivery cannot reach outside its folder.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from perilune.errors import WrongUsage

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
        raise WrongUsage(f"neither a folder nor a label (.xml, .lblx): {path}")
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
