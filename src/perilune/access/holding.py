"""A holding opened for reading: every byte that is looked at was verified against its manifest."""

from perilune.access.read import whole
from perilune.errors import Damaged, NotFound
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pieces import VerifiedFile
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node


def open_holding(holding: Holding, node: Node) -> OpenProduct:
    """What is in ``holding``, read from the node's storage piece by piece.

    Raises `Damaged` where the archive keeps other bytes than it took in.
    """
    label = holding.manifest.label
    return OpenProduct(
        whole(label, node), label.name, lambda name: _file(entry_beside(holding, name), node)
    )


def entry_beside(holding: Holding, name: str) -> FileEntry:
    """The file of that name beside the label; raise `FileNotFoundError` where there is none."""
    folder, slash, _ = holding.manifest.label.path.rpartition("/")
    for entry in holding.manifest.files:
        if entry.path == f"{folder}{slash}{name}":
            return entry
    raise FileNotFoundError(name)


def _file(entry: FileEntry, node: Node) -> VerifiedFile:
    def fetch(start: int, stop: int) -> bytes:
        try:
            source = node.store.open(entry.sha256)
        except NotFound as error:
            raise Damaged(f"{entry.path}: the archive lacks object {entry.sha256}") from error
        with source:
            source.seek(start)
            return source.read(stop - start)

    return VerifiedFile(entry, fetch, lambda offset: damaged_at(entry, offset))


def damaged_at(entry: FileEntry, offset: int) -> Damaged:
    """That the archive keeps other bytes than it took in."""
    return Damaged(f"{entry.path}: bytes from {offset} of {entry.sha256} are wrong")
