"""A product of a served node, read by ranges: only the pieces that a window lies in are fetched."""

from perilune.client.remote import RemoteNode
from perilune.errors import PeerUnreachable
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pieces import VerifiedFile
from perilune.model.package import FileEntry, Manifest


def open_remote(node: RemoteNode, identifier: str) -> OpenProduct:
    """What is in the product that ``node`` holds under ``identifier``."""
    manifest = node.manifest(identifier)
    files = {entry.path: entry for entry in manifest.files}
    label = manifest.label
    folder, slash, _ = label.path.rpartition("/")

    def source(name: str) -> VerifiedFile:
        try:
            return remote_file(node, manifest, files[f"{folder}{slash}{name}"])
        except KeyError:
            raise FileNotFoundError(name) from None

    found = remote_file(node, manifest, label)
    return OpenProduct(bytes(found.read(0, found.size)), label.name, source)


def remote_file(node: RemoteNode, manifest: Manifest, entry: FileEntry) -> VerifiedFile:
    """A file of a product; raises `PeerUnreachable` where the node sends others than its bytes."""
    identifier = str(manifest.product)

    def damaged(offset: int) -> PeerUnreachable:
        reason = f"bytes from {offset} of {entry.path} are not those of its manifest"
        return PeerUnreachable(f"{node.url}: {reason}")

    return VerifiedFile(
        entry, lambda start, stop: node.range(identifier, entry.path, start, stop), damaged
    )
