"""Extracts: holdings as one zip stream, each product with its label and all its files.

Paths are those of the delivery, so that labels find their data. Nothing is compressed: the
size is known before the first byte, and every piece is verified on its way. The stream ends with
``SHA256SUMS``, which `sha256sum -c` reads.
"""

from collections.abc import Iterator, Sequence

from zipstream import ZipStream

from perilune.access.read import begun, chunks
from perilune.errors import Damaged, NotFound
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node

SUMS = "SHA256SUMS"


def zip_stream(holding: Holding, node: Node) -> tuple[int, Iterator[bytes]]:
    """Size in bytes and the bytes of a zip file with all of one holding.

    Raises `Damaged` where the archive lacks a file, or the label is not what was accessioned;
    the stream raises it where a later piece is not.
    """
    return zip_of_many((holding,), node)


def zip_of_many(holdings: Sequence[Holding], node: Node) -> tuple[int, Iterator[bytes]]:
    """The same for several holdings. A file that two of them share is there once.

    Where two holdings have different files at one path, the later one's lies in a folder
    named by its LIDVID, colons written as underscores.
    """
    files = _laid_out(holdings)
    _require_all(files, node)
    stream = ZipStream(sized=True)
    for number, (path, entry) in enumerate(files.items()):
        data = chunks(entry, node)
        stream.add(begun(data) if number == 0 else data, path, size=entry.size)
    stream.add(_sums(files), _free_name(files))
    return len(stream), iter(stream)


def _laid_out(holdings: Sequence[Holding]) -> dict[str, FileEntry]:
    files: dict[str, FileEntry] = {}
    for holding in holdings:
        folder = str(holding.product.id).replace(":", "_")
        for entry in holding.manifest.files:
            there = files.get(entry.path)
            clash = there is not None and there.sha256 != entry.sha256
            files[f"{folder}/{entry.path}" if clash else entry.path] = entry
    return files


def _require_all(files: dict[str, FileEntry], node: Node) -> None:
    for path, entry in files.items():
        try:
            size = node.store.size(entry.sha256)
        except NotFound as error:
            raise Damaged(f"{path}: the archive lacks object {entry.sha256}") from error
        if size != entry.size:
            raise Damaged(f"{path}: {size} bytes of {entry.size} are left of {entry.sha256}")


def _free_name(files: dict[str, FileEntry]) -> str:
    name = SUMS
    while name in files:
        name += "_"
    return name


def _sums(files: dict[str, FileEntry]) -> bytes:
    return "".join(_sum_line(path, entry) for path, entry in files.items()).encode()


def _sum_line(path: str, entry: FileEntry) -> str:
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{entry.sha256}  {escaped}\n"
