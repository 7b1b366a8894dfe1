"""Labels of a delivery, read on all cores where there are many."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from perilune.errors import MalformedIdentifier, MalformedLabel
from perilune.formats.pds4.label import inventory_file, read_label
from perilune.model.product import Product

_WORTH_A_POOL = 400
_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that might have been a label and is none."""

    reason: str
    line: int | None = None


def read_labels(root: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, Product | Unreadable]]:
    """Each of ``paths`` under ``root`` with its product, in the order given."""
    places = [str(root / path) for path in paths]
    if len(paths) < _WORTH_A_POOL:
        yield from zip(paths, map(read_one, places), strict=True)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context) as pool:
        yield from zip(paths, pool.map(read_one, places, chunksize=_CHUNK), strict=True)


def read_one(place: str) -> Product | Unreadable:
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


def _inventory(folder: Path, name: str) -> bytes | None:
    place = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute() or place.is_symlink():
        return None
    return place.read_bytes() if place.is_file() else None
