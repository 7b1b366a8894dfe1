"""A container becomes a folder in quarantine that a delivery can be checked in.

The format is what the first bytes say, never the name. A single top folder is seen through,
once: a bundle packed with its folder is the same delivery as the folder itself. Containers
within a container are files like others and are not opened.
"""

import io
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from perilune.ingest.unpack.inflate import Inflated, unpacker
from perilune.ingest.unpack.limits import Limits, Refused, broken, too_large
from perilune.ingest.unpack.tar import BLOCK, is_tar, read_tar
from perilune.ingest.unpack.tree import Told, Tree
from perilune.ingest.unpack.zip import is_zip, read_zip
from perilune.storage.port import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

HEAD = BLOCK
"""Bytes that tell the format."""
_RUN = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out of a container."""

    root: Path
    left_out: tuple[Refused, ...]
    """Entries that were not taken."""


def is_container(head: bytes) -> bool:
    """Whether a file that begins with these `HEAD` bytes is one that `unpack` reads."""
    return is_zip(head) or is_tar(head) or unpacker(head) is not None


def unpack(source: BinaryIO, folder: Path, told: Told, limits: Limits) -> Unpacked:
    """Take the container ``source`` apart under ``folder``; raise `Refused` where it is not right.

    ``source`` need not be seekable. ``told`` hears how many bytes came out.
    """
    tree = Tree(folder / "content", limits, told)
    head, stream = _begun(source)
    if is_zip(head):
        with _seekable(source, stream, folder, limits) as file:
            read_zip(file, tree)
    elif (make := unpacker(head)) is not None:
        inner, plain = _begun(Inflated(stream, make, limits))
        _read_tar(inner, plain, tree)
    else:
        _read_tar(head, stream, tree)
    root = _seen_through(tree)
    for fault in tree.left_out:
        fault.path = fault.path.removeprefix("./").removeprefix(f"{root.name}/")
    return Unpacked(root, tuple(tree.left_out))


def _read_tar(head: bytes, stream: Source, tree: Tree) -> None:
    if is_zip(head) or unpacker(head) is not None:
        raise broken("is packed twice", expected="a tar, packed once")
    if not is_tar(head):
        raise broken(
            "is no container, or an unknown one",
            found=f"first bytes {head[:8].hex(' ') or 'none'}",
            expected="zip, or tar: plain or as gz, bz2, xz or zst",
        )
    read_tar(stream, tree)


def _begun(source: BinaryIO | io.RawIOBase) -> tuple[bytes, io.BufferedReader]:
    """The first bytes of ``source``, and all of it, buffered."""
    head = b""
    while len(head) < HEAD and (run := source.read(HEAD - len(head))):
        head += run
    return head, io.BufferedReader(_Replayed(head, source), _RUN)


class _Replayed(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO | io.RawIOBase) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: "Buffer", /) -> int:
        """Fill some of ``target``; 0 at the end."""
        view = memoryview(target)
        found = self._head[: view.nbytes]
        self._head = self._head[view.nbytes :]
        if not found:
            found = self._rest.read(view.nbytes) or b""
        view[: len(found)] = found
        return len(found)


@contextmanager
def _seekable(source: BinaryIO, stream: Source, folder: Path, limits: Limits) -> Iterator[BinaryIO]:
    """The same bytes in a file of which any part can be read."""
    if source.seekable():
        yield source
        return
    with (folder / "container").open("w+b") as file:
        kept = 0
        while run := stream.read(_RUN):
            kept += file.write(run)
            if kept > limits.bytes:
                raise too_large("bytes of the container", kept, limits.bytes)
        yield file


def _seen_through(tree: Tree) -> Path:
    """The only folder at the top, or the top where there is more than one thing."""
    with os.scandir(tree.root) as entries:
        inside = list(itertools.islice(entries, 2))
    if len(inside) == 1 and inside[0].is_dir(follow_symlinks=False):
        return tree.root / inside[0].name
    return tree.root
