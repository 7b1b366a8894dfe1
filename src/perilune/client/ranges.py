"""A product of a served node, read by ranges: only the pieces that a window lies in are fetched.

Each piece is compared with its SHA-256 in the product's manifest before a byte of it is used. What
was fetched last is kept, so that neighbouring windows cost one request.
"""

import hashlib
from collections import OrderedDict

from perilune.client.remote import RemoteNode
from perilune.errors import PeerUnreachable
from perilune.formats.pds4.product import OpenProduct
from perilune.model.package import FileEntry, Manifest, piece_size

_KEPT_BYTES = 64 << 20
_MOST_TOGETHER = 16 << 20
"""Bytes asked for in one request."""


def open_remote(node: RemoteNode, identifier: str) -> OpenProduct:
    """What is in the product that ``node`` holds under ``identifier``."""
    manifest = node.manifest(identifier)
    files = {entry.path: entry for entry in manifest.files}
    label = manifest.label
    folder, slash, _ = label.path.rpartition("/")

    def source(name: str) -> RemoteFile:
        try:
            return RemoteFile(node, manifest, files[f"{folder}{slash}{name}"])
        except KeyError:
            raise FileNotFoundError(name) from None

    found = RemoteFile(node, manifest, label)
    return OpenProduct(bytes(found.read(0, found.size)), label.name, source)


class RemoteFile:
    """A file of a product of a served node, as `perilune.formats.source.Source` has it."""

    is_mapped = False

    def __init__(self, node: RemoteNode, manifest: Manifest, entry: FileEntry) -> None:
        self.name, self.size = entry.name, entry.size
        self._node, self._identifier, self._entry = node, str(manifest.product), entry
        self._length = piece_size(entry.size)
        self._pieces: OrderedDict[int, bytes] = OrderedDict()

    def read(self, start: int, stop: int) -> memoryview:
        """Those bytes; raise `PeerUnreachable` where the node gives others than its manifest."""
        if start >= stop:
            return memoryview(b"")
        first, last = start // self._length, (stop - 1) // self._length
        runs = []
        for number in range(first, last + 1):
            if number not in self._pieces:
                self._fetch(number, last)
            self._pieces.move_to_end(number)
            runs.append(self._pieces[number])
        self._forget()
        begin = first * self._length
        return memoryview(b"".join(runs))[start - begin : stop - begin]

    def _fetch(self, number: int, last: int) -> None:
        """Fetch that piece, and those after it up to ``last`` that are not here either."""
        end, most = number + 1, max(_MOST_TOGETHER // self._length, 1)
        while end <= last and end not in self._pieces and end - number < most:
            end += 1
        start, stop = number * self._length, min(end * self._length, self.size)
        data = self._node.range(self._identifier, self._entry.path, start, stop)
        digests = self._entry.pieces or (self._entry.sha256,)
        for place in range(number, end):
            begin = (place - number) * self._length
            piece = data[begin : begin + self._length]
            if hashlib.sha256(piece).hexdigest() != digests[place]:
                offset = place * self._length
                reason = f"bytes from {offset} of {self._entry.path} are not those of its manifest"
                raise PeerUnreachable(f"{self._node.url}: {reason}")
            self._pieces[place] = piece

    def _forget(self) -> None:
        while len(self._pieces) > max(_KEPT_BYTES // self._length, 1):
            self._pieces.popitem(last=False)
