"""A folder on a medium that is carried from node to node, in the place of a network.

It is a bag (BagIt 1.0, RFC 8493) whose ``data/`` has what a node answers at its addresses: the tail
of its log, manifests and files of products. `Medium` gives them as a `Source`, so an import
verifies the very things that a copy over the network verifies. Names of folders and files are those
parts of addresses with every byte but letters, digits and ``._-`` written ``+XX``, so that any file
system holds them. Format: docs/reference/formats.md, "Medium".
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from perilune.errors import MalformedIdentifier, NotFound, PeerUnreachable, ProofFails
from perilune.federation import frames
from perilune.federation.promise import MOST_MANIFEST_BYTES
from perilune.federation.source import file_path, manifest_path
from perilune.model.identifier import Lidvid
from perilune.model.package import Manifest

PAYLOAD = "data"
_PLAIN = re.compile(rb"[^A-Za-z0-9._-]")
_LONGEST_NAME = 200
_RUN = 1 << 20


def place_of(path: str) -> str:
    """Where on a medium, under ``data/``, what a node has at the address ``path`` lies."""
    return "/".join(map(_name, path.strip("/").split("/")))


def _name(part: str) -> str:
    plain = unquote(part).encode()
    written = _PLAIN.sub(lambda found: b"+%02X" % found[0][0], plain).decode()
    if len(written) > _LONGEST_NAME or written in (".", ".."):
        return hashlib.sha256(plain).hexdigest()
    return written


@dataclass(frozen=True, slots=True)
class Medium:
    """The bag in ``root`` as a source. What it gives is verified by who asks."""

    root: Path

    @property
    def name(self) -> str:
        """Where it is mounted."""
        return str(self.root)

    def get(self, path: str, most: int) -> bytes:
        """What lies at ``path``, of at most ``most`` bytes."""
        with self._opened(path) as (file, size):
            if size > most:
                raise PeerUnreachable(f"{file.name} has {size} bytes, more than {most}")
            return self._read(file, size)

    @contextmanager
    def span(self, path: str, start: int, stop: int, size: int) -> Iterator[Iterator[bytes]]:
        """Bytes ``start`` to before ``stop`` of a file of ``size``."""
        with self._opened(path) as (file, found):
            if found != size:
                raise PeerUnreachable(f"{file.name} has {found} bytes, not {size}")
            file.seek(start)
            yield self._runs(file, stop - start)

    def frames(self, question: bytes, most: int) -> bytes:
        """The frames of small products, of at most ``most`` bytes."""
        names = frames.read_question(question)
        found = b"".join(part for name in names for part in frames.framed(self._parts(name)))
        if len(found) > most:
            raise PeerUnreachable(f"{self.name} has {len(found)} bytes of products, not {most}")
        return found

    def _parts(self, name: str) -> list[bytes]:
        """Manifest and files of one product; none where something is missing or is no manifest."""
        try:
            product = Lidvid.parse(name)
            encoded = self.get(manifest_path(product), MOST_MANIFEST_BYTES)
            manifest = Manifest.decode(encoded)
            if len(encoded) + manifest.total_bytes > frames.MOST_BYTES:
                return []
            files = [
                self.get(file_path(product, entry.path), entry.size) for entry in manifest.files
            ]
        except (NotFound, PeerUnreachable, ProofFails, MalformedIdentifier):
            return []
        return [encoded, *files]

    @contextmanager
    def _opened(self, path: str) -> Iterator[tuple[BinaryIO, int]]:
        place = self.root / PAYLOAD / place_of(path)
        try:
            handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise NotFound(f"{place} cannot be read: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise NotFound(f"{place} is no file")
            yield file, found.st_size

    def _runs(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        while size and (run := self._read(file, min(size, _RUN))):
            yield run
            size -= len(run)

    def _read(self, file: BinaryIO, size: int) -> bytes:
        try:
            return file.read(size)
        except OSError as error:
            raise PeerUnreachable(f"{file.name} cannot be read: {error.strerror}") from error
