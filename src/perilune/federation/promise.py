"""What a log promises of a product, and whether what came is that. No network, no storage.

The order in which a copy is verified: the manifest's digest stands in the log, the files' digests
stand in the manifest, and the label has to name the product.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from perilune.errors import MalformedIdentifier, MalformedLabel, ProofFails
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.formats.xml import MAX_BYTES
from perilune.ingest.projection import inventory_of
from perilune.model.act import PublishAct
from perilune.model.package import Digests, FileEntry, Manifest
from perilune.model.product import Product

MOST_MANIFEST_BYTES = 64 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that the owner's log says is to be had."""

    index: int
    leaf: bytes
    publish: PublishAct

    @property
    def size(self) -> int:
        """Bytes of its manifest and files together."""
        return self.publish.manifest_size + self.publish.bytes


def promised_manifest(data: bytes, published: PublishAct) -> Manifest:
    """The manifest in ``data``; raise `ProofFails` where it is not the one that was published."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != published.manifest:
        raise ProofFails(f"the manifest given has SHA-256 {digest}, not {published.manifest}")
    try:
        manifest = Manifest.decode(data)
    except MalformedIdentifier as error:
        raise ProofFails(f"the manifest names no product: {error}") from error
    told = (manifest.product, len(manifest.files), manifest.total_bytes)
    if told != (published.lidvid, published.files, published.bytes):
        raise ProofFails(
            f"the manifest tells of {told[0]} with {told[1]} files and {told[2]} bytes; the "
            f"act of {published.lidvid} with {published.files} and {published.bytes}"
        )
    for entry in manifest.files:
        _check(entry)
    return manifest


def require_same(found: Digests, entry: FileEntry, manifest: Manifest) -> None:
    """Raise `ProofFails` unless bytes that gave ``found`` are the file ``entry``."""
    is_same = (found.sha256, found.size, found.pieces) == (
        entry.sha256,
        entry.size,
        entry.pieces,
    )
    if not is_same or entry.digests.get("md5", found.md5) != found.md5:
        raise ProofFails(f"{entry.path} of {manifest.product} is not as its manifest says")


def promised_product(manifest: Manifest, content: Callable[[FileEntry], bytes]) -> Product:
    """The product as its label, and its inventory if it has one, tell it.

    ``content`` gives the verified bytes of a file. Raises `ProofFails` where the label is none.
    """
    label = content(_readable(manifest.label))
    try:
        product = read_label(label)
        wanted = inventory_file(product)
        entry = inventory_of(manifest, wanted) if wanted else None
        if entry is not None:
            product = read_label(label, inventory=content(_readable(entry)))
    except (MalformedLabel, MalformedIdentifier) as error:
        raise ProofFails(f"{manifest.label.path} is no label: {error}") from error
    if product.id != manifest.product:
        raise ProofFails(f"the label of {manifest.product} names {product.id}")
    return product


def _readable(entry: FileEntry) -> FileEntry:
    """Raise `ProofFails` for a file that is too large to be read as a label or an inventory."""
    most = MAX_BYTES if entry.role == "label" else MOST_MANIFEST_BYTES
    if entry.size > most:
        raise ProofFails(f"{entry.path} has {entry.size:,} bytes, and is read to {most:,}")
    return entry


def _check(entry: FileEntry) -> None:
    """Raise `ProofFails` where a manifest names digests that are none."""
    for digest in (entry.digests.get("sha256", ""), *entry.pieces):
        if not _SHA256.fullmatch(digest):
            raise ProofFails(f"the manifest gives {entry.path} the SHA-256 {digest[:80]!r}")
    if entry.size < 0:
        raise ProofFails(f"the manifest gives {entry.path} {entry.size} bytes")
