"""Quick looks: a picture of an image of 200 MB, through the policy and a process of its own."""

import hashlib
import multiprocessing
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.delivery import a_node
from bench.row import Row
from perilune.access.drawing import Order, Wanted, draw
from perilune.access.policy import OPERATOR
from perilune.access.quicklook import QuickLooks
from perilune.access.search import find
from perilune.ingest.delivery import deliver
from perilune.model.package import FileEntry, piece_size
from perilune.storage.digest import of_bytes
from perilune.testing.data_objects import array
from perilune.testing.labels import label

_SIDE = 10_000
_SECONDS, _MEGABYTES = 2, 512
_LID = "urn:ros:rssa:bench:data:image"


def run() -> list[Row]:
    """The time that a reader waits, and the memory of the process that draws."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bench"
        folder.mkdir()
        _write(folder)
        seconds = _waited(folder)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            megabytes = pool.apply(_memory, (str(folder),))
    return [
        Row(
            "quick look of an image of 200 MB",
            f"{seconds:.2f} s",
            f"<= {_SECONDS} s",
            seconds <= _SECONDS,
        ),
        Row(
            "memory of the process that draws it",
            f"{megabytes:.0f} MB",
            f"<= {_MEGABYTES} MB",
            megabytes <= _MEGABYTES,
        ),
    ]


def _write(folder: Path) -> None:
    area = (
        "<File_Area_Observational><File><file_name>image.img</file_name></File>"
        f"{array('UnsignedMSB2', (_SIDE, _SIDE))}</File_Area_Observational>"
    )
    (folder / "image.xml").write_bytes(label(area, lid=_LID))
    rows = np.random.default_rng(3).integers(0, 4096, (100, _SIDE), dtype=np.uint16)
    block = rows.astype(">u2").tobytes()
    with (folder / "image.img").open("wb") as file:
        for _ in range(_SIDE // 100):
            file.write(block)


def _waited(folder: Path) -> float:
    """Seconds to the picture, with the process that processes are forked from running already."""
    with a_node() as (node, _):
        deliver(folder, node)
        holding, looks = find(_LID, node, OPERATOR), QuickLooks()
        looks.drawing(holding, Wanted("summary"), node, OPERATOR)
        start = time.perf_counter()
        found = looks.drawing(holding, Wanted("png", 0, 1024), node, OPERATOR)
        assert found.data.startswith(b"\x89PNG")
        return time.perf_counter() - start


def _memory(name: str) -> float:
    """Megabytes at most of a process that draws the same and does nothing else."""
    folder = Path(name)
    with (folder / "image.img").open("rb") as file:
        entry = FileEntry.of("image.img", "file", of_bytes(file.read(0)))
        entry = replace(entry, size=2 * _SIDE * _SIDE, pieces=_pieces(folder / "image.img"))
        order = Order(Wanted("png", 0, 1024), (folder / "image.xml").read_bytes(), "image.xml")
        assert draw(order, {"image.img": (entry, file.fileno())}).data
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _pieces(place: Path) -> tuple[str, ...]:
    length = piece_size(place.stat().st_size)
    with place.open("rb") as file:
        return tuple(
            hashlib.sha256(piece).hexdigest() for piece in iter(lambda: file.read(length), b"")
        )
