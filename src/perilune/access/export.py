"""Extracts: holdings as one zip stream, each product with its label and all its files.

Nothing is compressed: the size is known before the first byte, and every piece is verified
on its way. The stream ends with ``SHA256SUMS``. It cannot begin in the middle, since a zip ends
with the checksums of everything before; the tar of `perilune.access.tarball` can.
"""

from collections.abc import Iterator, Sequence

from zipstream import ZipStream

from perilune.access.layout import lay_out, require_all, sums_of
from perilune.access.read import begun, chunks
from perilune.model.product import Holding
from perilune.node import Node


def zip_of_many(holdings: Sequence[Holding], node: Node) -> tuple[int, Iterator[bytes]]:
    """Size in bytes and the bytes of a zip file with all files of ``holdings``.

    Raises `Damaged` where the archive lacks a file, or the first label is not what was accessioned;
    the stream raises it where a later piece is not.
    """
    files = lay_out(holdings)
    require_all(files, node)
    stream = ZipStream(sized=True)
    for number, placed in enumerate(files):
        data = chunks(placed.entry, node)
        stream.add(begun(data) if number == 0 else data, placed.path, size=placed.entry.size)
    name, sums = sums_of(files)
    stream.add(sums, name)
    return len(stream), iter(stream)
