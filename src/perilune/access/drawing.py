"""What a quick look is made by: a process of its own, with little memory, and nothing to lose.

It is given a label, and the opened files of the product with their digests; it opens nothing by
name and connects to nothing. It makes one drawing and ends. What it reads it verifies.
"""

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any, Literal

from perilune.access.holding import damaged_at
from perilune.errors import PeriluneError, UnreadableData
from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.product import OpenProduct
from perilune.formats.pds4.table import OpenTable
from perilune.formats.picture import picture
from perilune.formats.pieces import VerifiedFile
from perilune.formats.plot import Plot, plot
from perilune.formats.plot_svg import svg
from perilune.formats.summary import summary
from perilune.model.package import FileEntry

Form = Literal["png", "svg", "json", "summary"]

MEMORY_BYTES = 448 << 20
"""Of its own, beside what the program itself takes."""
PROCESSOR_S = 20
_THUMBNAIL = 256
"""Pixels of a picture that has no room for its scale."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which quick look of a product."""

    form: Form
    number: int = 0
    """Of the object in the label, from 0; means nothing to a summary."""
    longest: int = 0
    """Pixels of the longer side of a picture; means nothing to others."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drawn, of which label."""

    wanted: Wanted
    label: bytes
    label_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What came of an order; both empty where the object has no such form."""

    data: bytes = b""
    document: dict[str, Any] | None = None
    """A plot or a summary."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing came of it: the code of an error, and its words."""

    code: str
    words: str


def work(pipe: Connection, order: Order, files: Sequence[tuple[str, FileEntry]]) -> None:
    """Carry out ``order`` and answer with a `Drawing` or a `Fault`; the process then ends.

    ``files`` are names and entries; their file descriptors come through ``pipe``, in that order.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    most = _data_bytes() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    handles = {name: (entry, recv_handle(pipe)) for name, entry in files}
    try:
        answer: Drawing | Fault = draw(order, handles)
    except PeriluneError as error:
        answer = Fault(error.code, str(error))
    except MemoryError:
        answer = Fault(UnreadableData.code, "it takes more memory than a quick look may")
    pipe.send(answer)
    pipe.close()


def draw(order: Order, files: dict[str, tuple[FileEntry, int]]) -> Drawing:
    """The drawing; ``files`` are entries and file descriptors by name."""

    def source(name: str) -> VerifiedFile:
        if name not in files:
            raise FileNotFoundError(name)
        entry, handle = files[name]
        return VerifiedFile(
            entry,
            lambda start, stop: os.pread(handle, stop - start, start),
            lambda offset: damaged_at(entry, offset),
        )

    product = OpenProduct(order.label, order.label_name, source)
    wanted = order.wanted
    if wanted.form == "summary":
        return Drawing(document=summary(product))
    opened = product[wanted.number]
    if wanted.form == "png":
        return _picture(opened, wanted.longest) if isinstance(opened, OpenArray) else Drawing()
    curves = plot(opened) if isinstance(opened, (OpenTable, OpenArray)) else None
    if curves is None:
        return Drawing()
    return _plot(curves, wanted.form)


def _picture(array: OpenArray, longest: int) -> Drawing:
    found = picture(array, longest)
    if found is None:
        return Drawing()
    return Drawing(data=found.png(has_scale=longest > _THUMBNAIL))


def _plot(curves: Plot, form: Form) -> Drawing:
    if form == "svg":
        return Drawing(data=svg(curves).encode())
    return Drawing(document=curves.document())


def _data_bytes() -> int:
    """What counts toward RLIMIT_DATA already: of a forked process, what the program takes."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return 0
