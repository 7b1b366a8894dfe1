"""Labels of a delivery, read on all cores where there are many."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import orjson

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model.plain import plain_product, read_product
from perilune.model.product import Product

_WORTH_A_POOL = 400
_CHUNK = 32
_HERE_FIRST = 12
"""Chunks read in this process while the others start."""
_AHEAD = 64
"""Chunks read ahead of the one wanted: bounds the memory."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that might have been a label and is none."""

    reason: str
    line: int | None = None


Found = Product | Unreadable
Packed = bytes | Unreadable


def read_labels(root: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, Found]]:
    """Each of ``paths`` under ``root`` with its product, in the order given."""
    if len(paths) < _WORTH_A_POOL:
        yield from zip(paths, _read(str(root), paths), strict=True)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context) as pool:
        for chunk, found in zip(chunks, _in_order(pool, str(root), chunks), strict=True):
            yield from zip(chunk, found, strict=True)


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


def _in_order(
    pool: ProcessPoolExecutor, root: str, chunks: Sequence[tuple[str, ...]]
) -> Iterator[list[Found]]:
    """What each of ``chunks`` gives. This process reads, too, what no other has begun."""
    here = chunks[:_HERE_FIRST]
    rest = iter(chunks[_HERE_FIRST:])
    waiting: deque[tuple[tuple[str, ...], Future[list[Packed]]]] = deque()

    def fill() -> None:
        while len(waiting) < _AHEAD and (chunk := next(rest, None)) is not None:
            waiting.append((chunk, pool.submit(_read_packed, root, chunk)))

    fill()
    for chunk in here:
        yield _read(root, chunk)
    while waiting:
        chunk, future = waiting.popleft()
        fill()
        yield (
            _read(root, chunk) if future.cancel() else [_unpacked(each) for each in future.result()]
        )


def _read(root: str, paths: Iterable[str]) -> list[Found]:
    return [read_one(f"{root}/{path}") for path in paths]


def _read_packed(root: str, paths: Iterable[str]) -> list[Packed]:
    found = _read(root, paths)
    return [
        each if isinstance(each, Unreadable) else orjson.dumps(plain_product(each))
        for each in found
    ]


def _unpacked(packed: Packed) -> Found:
    return packed if isinstance(packed, Unreadable) else read_product(orjson.loads(packed))


def _inventory(folder: Path, name: str) -> bytes | None:
    place = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or place.is_symlink():
        return None
    return place.read_bytes() if place.is_file() else None
