"""Unsealing: a sealed copy becomes a product again, each byte held against the owner's log.

The key must be the one whose public part the log named. What it opens is believed only as far as
the log bears it out: opening against commitment, manifest against the act, files against the
manifest, label against both.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from perilune.durable import scratch
from perilune.errors import MalformedIdentifier, ProofFails
from perilune.federation.promise import (
    MOST_MANIFEST_BYTES,
    promised_manifest,
    promised_product,
    require_same,
)
from perilune.model import act
from perilune.model.act import MAX_ACT_BYTES, Act, CommitAct, Opening, PublishAct
from perilune.model.package import FileEntry, Manifest
from perilune.model.product import Product
from perilune.model.sealed import SealAct
from perilune.node import Node
from perilune.sealing.container import Unpacked
from perilune.sealing.key import decrypt, recipient_of
from perilune.storage.port import Batch

Require = Callable[[PublishAct], None]

_MOST_OPENING_BYTES = MAX_ACT_BYTES + 1_000


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A product that was in a sealed copy; its opening, manifest and files are in the batch."""

    publish: PublishAct
    manifest: Manifest
    product: Product


@contextmanager
def room(node: Node) -> Iterator[Path]:
    """A folder on the node's own disk, of which nothing stays."""
    assert node.root is not None
    place = node.root / "quarantine"
    place.mkdir(exist_ok=True)
    with scratch(place) as folder:
        yield folder


def fits(identity: str, seal: SealAct) -> bool:
    """Whether ``identity`` is the key of which the log named the public part."""
    try:
        return recipient_of(identity) == seal.recipient
    except ProofFails:
        return False


@dataclass(frozen=True, slots=True)
class Unsealing:
    """Opens copies that our storage has into a batch."""

    node: Node
    batch: Batch
    require: Require
    """Raises `ProofFails` where an act may not be followed."""

    def unseal(self, seal: SealAct, identity: str, entry: bytes) -> Unsealed:
        """The product of the copy that ``seal`` names; ``entry`` of the owner's log published it.

        Raises `ProofFails` where it is not what the log promises, `NotFound` where it is not
        here; then nothing of it stays in the batch.
        """
        put: list[str] = []
        try:
            with room(self.node) as folder, (folder / "opened").open("w+b") as file:
                with self.node.store.open(seal.sealed.sha256) as sealed:
                    decrypt(sealed, file, identity)
                file.seek(0)
                return self._read(file, entry, put)
        except BaseException:
            for sha256 in put:
                self.batch.drop(sha256)
            raise

    def _read(self, file: BinaryIO, entry: bytes, put: list[str]) -> Unsealed:
        unpacked, published = Unpacked(file), act.decode(entry)
        if isinstance(published, CommitAct):
            opening = unpacked.opening(_MOST_OPENING_BYTES)
            published = _opened(opening, published)
            put.append(self.batch.put(io.BytesIO(opening)).sha256)
        if not isinstance(published, PublishAct):
            raise ProofFails("the sealed copy is of an entry that publishes nothing")
        self.require(published)
        if published.manifest_size > MOST_MANIFEST_BYTES:
            raise ProofFails(f"a manifest of {published.manifest_size:,} bytes is none")
        data = unpacked.manifest(published.manifest_size)
        manifest = promised_manifest(data, published)
        put.append(self.batch.put(io.BytesIO(data)).sha256)
        starts: dict[str, int] = {}
        for each in manifest.files:
            starts[each.path] = unpacked.start_of(each)
            found = self.batch.put(unpacked.content(each))
            put.append(found.sha256)
            require_same(found, each, manifest)
        product = promised_product(manifest, lambda each: _part(file, starts, each))
        return Unsealed(published, manifest, product)


def _opened(opening: bytes, commit: CommitAct) -> Act:
    """The act that ``commit`` hides, if ``opening`` is what it committed to."""
    try:
        found = Opening.decode(opening)
    except MalformedIdentifier as error:
        raise ProofFails(f"the opening names no product: {error}") from error
    if found.commitment != commit.commitment or found.act.t != commit.t:
        raise ProofFails("the sealed copy holds another opening than the log committed to")
    return found.act


def _part(file: BinaryIO, starts: Mapping[str, int], entry: FileEntry) -> bytes:
    file.seek(starts[entry.path])
    return file.read(entry.size)
