"""Small deliveries from a seed: what goes in, and with which bytes it must come out again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from perilune.model.identifier import Lidvid
from perilune.model.product import Releasability
from perilune.testing.labels import file_area, label

NAMESPACE = "urn:nasa:pds"
_PRODUCTS = 3
_SHARED = b"a table that every delivery brings along\r\n" * 40
_LARGE = 1_200_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A folder to hand in."""

    path: Path
    releasability: Releasability
    products: tuple[Lidvid, ...]
    files: Mapping[str, str]
    """Path to SHA-256, as they were written."""


def write(folder: Path, random: Random, count: int) -> list[Delivery]:
    """``count`` deliveries under ``folder``; every other one is national, so it is logged blinded.

    The second has a file of more than one piece; all have one file in common.
    """
    return [_write(folder / f"delivery_{number}", random, number) for number in range(count)]


def _write(root: Path, random: Random, number: int) -> Delivery:
    files: dict[str, str] = {}

    def keep(path: str, data: bytes) -> None:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        files[path] = hashlib.sha256(data).hexdigest()

    products = []
    for image in range(_PRODUCTS):
        lid = f"{NAMESPACE}:torture:part_{number}:image_{image}"
        large = _LARGE if (number, image) == (1, 0) else 0
        contents = {
            f"image_{image}.img": random.randbytes(random.randrange(1, 20_000) + large),
            f"image_{image}.csv": _SHARED,
        }
        for name, data in contents.items():
            keep(f"data/{name}", data)
        areas = [file_area(name, size=str(len(d)), md5=_md5(d)) for name, d in contents.items()]
        keep(f"data/image_{image}.xml", label(*areas, lid=lid))
        products.append(Lidvid.parse(f"{lid}::1.0"))
    releasability = Releasability.NATIONAL if number % 2 else Releasability.PUBLIC
    return Delivery(root, releasability, tuple(products), files)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
