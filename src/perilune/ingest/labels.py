"""Labels of a delivery, read on all cores where there are many."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.ingest.workers import Workers
from perilune.model.identifier import Lid, Lidvid
from perilune.model.plain import plain_product, read_product
from perilune.model.product import NamedFile, Product

if TYPE_CHECKING:
    from concurrent.futures import Future

_CHUNK = 32
_HERE_FIRST = 12
"""Chunks read in this process while the others start."""
_AHEAD = 16
"""Chunks read ahead of the one wanted: bounds the memory, and how long other work waits."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that might have been a label and is none."""

    reason: str
    line: int | None = None


Found = Product | Unreadable


@dataclass(frozen=True, slots=True)
class Described:
    """A product, as far as its delivery is checked by it; the rest waits to be unpacked.

    Thousands of products of a hundred values each would keep the garbage collector busy.
    """

    id: Lidvid
    files: tuple[NamedFile, ...]
    packed: Product | bytes
    """The product as it was read here, or as another process has packed it."""

    def product(self) -> Product:
        """All of it."""
        return (
            read_product(orjson.loads(self.packed))
            if isinstance(self.packed, bytes)
            else self.packed
        )


Label = tuple[str, Described | Unreadable]
"""What was found at a path of the delivery."""
Labels = list[Label]
_File = tuple[str, int | None, str | None, int | None]
_Packed = tuple[tuple[str, int, int], list[_File], bytes] | Unreadable
"""What crosses from another process, in the types that cross soonest."""


def read_labels(root: Path, paths: Sequence[str], workers: Workers) -> Iterator[Labels]:
    """What is found at each of ``paths`` under ``root``, some at a time, in the order given."""
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    here = len(chunks) if workers.pool is None else _HERE_FIRST
    rest = iter(chunks[here:])
    waiting: deque[tuple[Sequence[str], Future[list[_Packed]]]] = deque()

    def fill() -> None:
        while len(waiting) < _AHEAD and (chunk := next(rest, None)) is not None:
            assert workers.pool is not None
            waiting.append((chunk, workers.pool.submit(_read_packed, str(root), chunk)))

    fill()
    for chunk in chunks[:here]:
        yield _read(root, chunk)
    while waiting:
        chunk, future = waiting.popleft()
        fill()
        if future.cancel():  # this process reads, too, what no other has begun
            yield _read(root, chunk)
        else:
            yield list(map(_unpacked, chunk, future.result()))


def read_one(place: str) -> Found:
    """The product that the label at ``place`` describes, inventory included where it is there."""
    label = Path(place)
    try:
        data = label.read_bytes()
        product = read_label(data)
        wanted = inventory_file(product)
        if wanted is None:
            return product
        inventory = _inventory(label.parent, wanted)
        return product if inventory is None else read_label(data, inventory=inventory)
    except MalformedLabel as error:
        return Unreadable(error.reason, error.line)
    except MalformedIdentifier as error:
        return Unreadable(str(error))
    except OSError as error:
        return Unreadable(f"cannot be read: {error.strerror}")


def _read(root: Path, paths: Iterable[str]) -> Labels:
    return [(path, _described(read_one(f"{root}/{path}"))) for path in paths]


def _described(found: Found) -> Described | Unreadable:
    return found if isinstance(found, Unreadable) else Described(found.id, found.files, found)


def _read_packed(root: str, paths: Iterable[str]) -> list[_Packed]:
    return [_packed(read_one(f"{root}/{path}")) for path in paths]


def _packed(found: Found) -> _Packed:
    if isinstance(found, Unreadable):
        return found
    name = found.id
    files = [(one.path, one.size, one.md5, one.line) for one in found.files]
    return (name.lid.text, name.major, name.minor), files, orjson.dumps(plain_product(found))


def _unpacked(path: str, packed: _Packed) -> Label:
    if isinstance(packed, Unreadable):
        return path, packed
    (lid, major, minor), named, product = packed
    files = tuple([NamedFile(path=p, size=s, md5=m, line=n) for p, s, m, n in named])
    return path, Described(Lidvid(Lid(lid), major, minor), files, product)


def _inventory(folder: Path, name: str) -> bytes | None:
    place = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or place.is_symlink():
        return None
    return place.read_bytes() if place.is_file() else None
