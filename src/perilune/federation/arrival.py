"""One product from a peer: its manifest and files, verified against the owner's log, in a batch.

The order: manifest, whose digest stands in the log; then each file, whose digest stands in the
manifest; then the label is read. Whatever differs from what was promised takes the product's files
out of the batch again. Large files are put together beside, piece by piece, and
gone on with after a break.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from perilune.access import read
from perilune.errors import PeerUnreachable, ProofFails
from perilune.federation.folder import PeerFolder
from perilune.federation.link import Link, quoted
from perilune.federation.promise import (
    MOST_MANIFEST_BYTES,
    Offer,
    promised_manifest,
    promised_product,
    require_same,
)
from perilune.ingest.accession import Arrival
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry, Manifest, piece_size
from perilune.node import Node
from perilune.storage.port import Batch

_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Giver:
    """The node that gives: its log, how it is reached, and where its large files wait."""

    origin: str
    link: Link
    folder: PeerFolder


def arrive(offer: Offer, giver: Giver, node: Node, batch: Batch) -> Arrival:
    """Fetch the product into ``batch``.

    Raises `ProofFails` where it is not what the log promises, `NotFound` where the peer does
    not give it, `PeerUnreachable` on silence; then nothing of it stays in ``batch``.
    """
    put: list[str] = []
    try:
        return _Fetching(offer, giver, node, batch, put).arrival()
    except BaseException:
        for sha256 in put:
            batch.drop(sha256)
        raise


@contextmanager
def fetched(entry: FileEntry, product: Lidvid, giver: Giver) -> Iterator[BinaryIO]:
    """The bytes of a file of ``product``, verified against ``entry``; errors as `arrive`."""
    link = giver.link
    path = f"/objects/{quoted(str(product))}/{quoted(entry.path)}"
    if entry.size <= _SMALL:
        data = link.get(path, entry.size)
        if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise ProofFails(f"{entry.path} from {link.url} is not {entry.sha256}")
        yield io.BytesIO(data)
        return
    part = giver.folder.part(entry.sha256)
    _complete(part, entry, path, link)
    with part.open("rb") as file:
        yield file


@dataclass(frozen=True, slots=True)
class _Fetching:
    """One product on its way."""

    offer: Offer
    giver: Giver
    node: Node
    batch: Batch
    put: list[str]

    def arrival(self) -> Arrival:
        manifest = self._manifest()
        product = promised_product(manifest, partial(self._content, manifest))
        for entry in manifest.files:
            if entry.sha256 not in self.put:
                self._take(entry, manifest)
        return Arrival(
            origin=self.giver.origin,
            index=self.offer.index,
            leaf=self.offer.leaf,
            publish=self.offer.publish,
            manifest=manifest,
            product=product,
        )

    def _manifest(self) -> Manifest:
        published = self.offer.publish
        if published.manifest_size > MOST_MANIFEST_BYTES:
            raise ProofFails(f"a manifest of {published.manifest_size:,} bytes is none")
        path = f"/manifests/{quoted(str(published.lidvid))}"
        data = self.giver.link.get(path, published.manifest_size)
        manifest = promised_manifest(data, published)
        self.put.append(self.batch.put(io.BytesIO(data)).sha256)
        return manifest

    def _content(self, manifest: Manifest, entry: FileEntry) -> bytes:
        """Take a file that is also read here."""
        if self._is_held(entry):
            return read.whole(entry, self.node)
        with fetched(entry, manifest.product, self.giver) as data:
            content = data.read()
        self._keep(io.BytesIO(content), entry, manifest)
        return content

    def _take(self, entry: FileEntry, manifest: Manifest) -> None:
        if not self._is_held(entry):
            with fetched(entry, manifest.product, self.giver) as data:
                self._keep(data, entry, manifest)

    def _is_held(self, entry: FileEntry) -> bool:
        store = self.node.store
        return entry.sha256 in store and store.size(entry.sha256) == entry.size

    def _keep(self, data: BinaryIO, entry: FileEntry, manifest: Manifest) -> None:
        found = self.batch.put(data)
        self.put.append(found.sha256)
        require_same(found, entry, manifest)


def _complete(part: Path, entry: FileEntry, path: str, link: Link) -> None:
    """Have ``part`` hold the whole file, going on after its last piece that is right.

    On a break the pieces that came stay for the next time.
    """
    length = piece_size(entry.size)
    with part.open("a+b") as file:
        have = _sound(file, entry)
        file.truncate(have)
        file.seek(have)
        if have == entry.size:
            return
        waiting = bytearray()
        with link.rest(path, have, entry.size) as runs:
            for run in runs:
                waiting += run
                while len(waiting) >= length:
                    have = _piece(file, bytes(waiting[:length]), have, entry)
                    del waiting[:length]
        if waiting:
            have = _piece(file, bytes(waiting), have, entry)
        if have != entry.size:
            raise PeerUnreachable(f"{link.url}{path} broke off after {have} of {entry.size} bytes")


def _piece(file: BinaryIO, data: bytes, have: int, entry: FileEntry) -> int:
    length = piece_size(entry.size)
    if hashlib.sha256(data).hexdigest() != entry.pieces[have // length]:
        raise ProofFails(f"bytes {have} to {have + len(data)} of {entry.path} are wrong")
    file.write(data)
    return have + len(data)


def _sound(file: BinaryIO, entry: FileEntry) -> int:
    """How many bytes of ``file``, from its start, are pieces that are right."""
    length = piece_size(entry.size)
    file.seek(0)
    have = 0
    for digest in entry.pieces:
        data = file.read(min(length, entry.size - have))
        if not data or hashlib.sha256(data).hexdigest() != digest:
            break
        have += len(data)
    return have
