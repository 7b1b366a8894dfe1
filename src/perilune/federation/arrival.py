"""One product from a peer: its manifest and files, verified against the owner's log, in a batch.

The order: manifest, whose digest stands in the log; then each file, whose digest stands in the
manifest; then the label is read. Whatever differs from what was promised takes the product's files
out of the batch again. Large files are put together beside (`perilune.federation.pieces`), gone on
with after a break, and given to the batch as they are, without another copy.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from perilune.access import read
from perilune.errors import ProofFails
from perilune.federation.folder import PeerFolder
from perilune.federation.pieces import Wanted, complete
from perilune.federation.promise import (
    MOST_MANIFEST_BYTES,
    Offer,
    promised_manifest,
    promised_product,
    require_same,
)
from perilune.federation.source import Source, file_path, manifest_path
from perilune.ingest.accession import Arrival
from perilune.model.identifier import Lidvid
from perilune.model.package import FileEntry, Manifest
from perilune.node import Node
from perilune.storage.port import Batch

_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Giver:
    """The node that gives: its log, how it is reached, and where its large files wait."""

    origin: str
    link: Source
    folder: PeerFolder
    others: tuple[Source, ...] = ()
    """Who may hold its large files too."""


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
    if entry.size <= _SMALL:
        yield io.BytesIO(_small(entry, product, giver))
        return
    part = giver.folder.part(entry.sha256)
    complete(Wanted(entry, product, part), (giver.link, *giver.others))
    with part.open("rb") as file:
        yield file


def _small(entry: FileEntry, product: Lidvid, giver: Giver) -> bytes:
    data = giver.link.get(file_path(product, entry.path), entry.size)
    if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ProofFails(f"{entry.path} from {giver.link.name} is not {entry.sha256}")
    return data


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
            if entry.size <= _SMALL and entry.sha256 not in self.put:
                self._take(entry, manifest)
        self._take_large([entry for entry in manifest.files if entry.size > _SMALL], manifest)
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
        data = self.giver.link.get(manifest_path(published.lidvid), published.manifest_size)
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

    def _take_large(self, entries: Sequence[FileEntry], manifest: Manifest) -> None:
        """Have all of them whole before any leaves the place where it waits."""
        wanted = [
            Wanted(entry, manifest.product, self.giver.folder.part(entry.sha256))
            for entry in entries
            if entry.sha256 not in self.put and not self._is_held(entry)
        ]
        sources = (self.giver.link, *self.giver.others)
        for each, found in [(each, complete(each, sources)) for each in wanted]:
            try:
                require_same(found, each.entry, manifest)
            except ProofFails:
                each.part.unlink()
                raise
            if (hand := self.batch.hand) is None:
                with each.part.open("rb") as data:
                    self._keep(data, each.entry, manifest)
            else:
                self.put.append(self.batch.take_over(hand.adopt(each.part, found)).sha256)

    def _is_held(self, entry: FileEntry) -> bool:
        store = self.node.store
        return entry.sha256 in store and store.size(entry.sha256) == entry.size

    def _keep(self, data: BinaryIO, entry: FileEntry, manifest: Manifest) -> None:
        found = self.batch.put(data)
        self.put.append(found.sha256)
        require_same(found, entry, manifest)
