"""A holding opened for reading: every byte that is looked at was verified against its manifest."""

from perilune.access.read import chunks, whole
from perilune.formats.pds4.product import OpenProduct
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node


def open_holding(holding: Holding, node: Node) -> OpenProduct:
    """What is in ``holding``, read from the node's storage piece by piece.

    Raises `Damaged` where the archive keeps other bytes than it took in.
    """
    label = holding.manifest.label
    return OpenProduct(whole(label, node), label.name, lambda name: _file(holding, name, node))


def _file(holding: Holding, name: str, node: Node) -> "HoldingFile":
    folder, slash, _ = holding.manifest.label.path.rpartition("/")
    wanted = f"{folder}{slash}{name}"
    for entry in holding.manifest.files:
        if entry.path == wanted:
            return HoldingFile(entry, node)
    raise FileNotFoundError(name)


class HoldingFile:
    """A file of a holding, as `perilune.formats.source.Source` has it."""

    is_mapped = False

    def __init__(self, entry: FileEntry, node: Node) -> None:
        self.name, self.size = entry.name, entry.size
        self._entry, self._node = entry, node

    def read(self, start: int, stop: int) -> memoryview:
        """Those bytes, from pieces that were verified."""
        return memoryview(b"".join(chunks(self._entry, self._node, start, stop)))
