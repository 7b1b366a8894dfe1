"""Labels of a delivery, read on all cores where there are many."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.ingest.workers import Workers
from perilune.model.plain import plain_product, read_product
from perilune.model.product import Product

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
Packed = bytes | Unreadable


class Label(NamedTuple):
    """What was found at a path of the delivery."""

    path: str
    found: Found
    packed: bytes | None = None
    """What the product was made from, where another process has read it."""


Labels = list[Label]


def read_labels(root: Path, paths: Sequence[str], workers: Workers) -> Iterator[Labels]:
    """What is found at each of ``paths`` under ``root``, some at a time, in the order given."""
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    here = len(chunks) if workers.pool is None else _HERE_FIRST
    rest = iter(chunks[here:])
    waiting: deque[tuple[Sequence[str], Future[list[Packed]]]] = deque()

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


def unpack(packed: bytes) -> Product:
    """The product of a `Label` again."""
    return read_product(orjson.loads(packed))


def _read(root: Path, paths: Iterable[str]) -> Labels:
    return [Label(path, read_one(f"{root}/{path}")) for path in paths]


def _read_packed(root: str, paths: Iterable[str]) -> list[Packed]:
    found = [read_one(f"{root}/{path}") for path in paths]
    return [
        each if isinstance(each, Unreadable) else orjson.dumps(plain_product(each))
        for each in found
    ]


def _unpacked(path: str, packed: Packed) -> Label:
    if isinstance(packed, Unreadable):
        return Label(path, packed)
    return Label(path, unpack(packed), packed)


def _inventory(folder: Path, name: str) -> bytes | None:
    place = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or place.is_symlink():
        return None
    return place.read_bytes() if place.is_file() else None
