"""Quick looks: pictures and plots of what is in a holding, made by a process that may do little.

The policy is asked before anything is read, also of what was drawn before. A drawing is made anew
at most once: the last ones are kept in memory, by the manifest that they were made from.
"""

import io
import multiprocessing
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing.reduction import send_handle
from typing import BinaryIO, cast

from perilune.access.drawing import Drawing, Fault, Order, Wanted, work
from perilune.access.holding import entry_beside
from perilune.access.policy import Asker, may_read
from perilune.access.read import whole
from perilune.errors import Damaged, Embargoed, NodeBusy, NotFound, UnreadableData
from perilune.formats import xml
from perilune.formats.pds4.objects import data_files
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node

SIZES = (256, 1024)
"""Pixels of the longer side of a thumbnail and of a picture."""
_SECONDS = 30
_AT_ONCE, _MOST_WAITING = 2, 14
"""Drawings that are made, and those that are asked for and not yet made."""
_KEPT_BYTES, _DOCUMENT = 64 << 20, 100_000
"""Of all drawings that are kept, and what a plot's numbers count for."""
_MOST_FILES = 64
_PRELOADED = ("perilune.access.drawing",)


class QuickLooks:
    """The drawings of one node's server."""

    def __init__(self) -> None:
        self._queue = threading.BoundedSemaphore(_MOST_WAITING)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, Wanted], Drawing] = OrderedDict()

    def drawing(self, holding: Holding, wanted: Wanted, node: Node, asker: Asker) -> Drawing:
        """What is ``wanted`` of ``holding``; raise `NotFound` where the label has no such object.

        Raises `Embargoed` for what ``asker`` may not read, `UnreadableData` where a file does not
        hold what the label says or drawing it takes too much, `NodeBusy` where others are drawn.
        """
        if not (decision := may_read(holding, asker)).allowed:
            raise Embargoed(f"{holding.product.id}: {decision.reason}")
        key = holding.manifest.sha256, wanted
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._turn():
            drawn = _drawn(holding, wanted, node)
        with self._lock:
            self._kept[key] = drawn
            while sum(len(each.data) + _DOCUMENT for each in self._kept.values()) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return drawn

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the few turns; so few may wait for one that a server's other answers go on."""
        if not self._queue.acquire(blocking=False):
            raise NodeBusy("many quick looks are being waited for")
        try:
            if not self._turns.acquire(timeout=_SECONDS):
                raise NodeBusy("other quick looks are being made")
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._queue.release()


def _drawn(holding: Holding, wanted: Wanted, node: Node) -> Drawing:
    label = holding.manifest.label
    data = whole(label, node)
    files = _files(holding, data, wanted)
    with ExitStack() as stack:
        opened = [stack.enter_context(_on_disk(entry, node)) for _, entry in files]
        answer = _asked(Order(wanted, data, label.name), files, opened)
    if isinstance(answer, Fault):
        raise (Damaged if answer.code == Damaged.code else UnreadableData)(answer.words)
    if not answer.data and answer.document is None:
        reason = f"object {wanted.number} of {holding.product.id} has no quick look as"
        raise NotFound(f"{reason} {wanted.form}")
    return answer


def _files(holding: Holding, label: bytes, wanted: Wanted) -> list[tuple[str, FileEntry]]:
    """The files that are needed: that of the object, or all of a summary."""
    names = [file.name for file in data_files(xml.parse(label)) for _ in file.objects]
    number = wanted.number
    if wanted.form != "summary":
        if not 0 <= number < len(names):
            raise NotFound(f"{holding.product.id} has no object {number}; it has {len(names)}")
        names = [names[number]]
    found = []
    for name in list(dict.fromkeys(names))[:_MOST_FILES]:
        try:
            entry = entry_beside(holding, name)
        except FileNotFoundError:
            continue
        # a view of a mapping does not go to another process
        found.append((name, replace(entry, digests=dict(entry.digests))))
    return found


def _on_disk(entry: FileEntry, node: Node) -> BinaryIO:
    """The object as a file with a descriptor; a copy where the store keeps it in memory."""
    try:
        source = node.store.open(entry.sha256)
    except NotFound as error:
        raise Damaged(f"{entry.path}: the archive lacks object {entry.sha256}") from error
    try:
        source.fileno()
    except io.UnsupportedOperation:
        copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes it
        with source:
            shutil.copyfileobj(source, copy)
        copy.flush()
        return copy
    return source


def _asked(
    order: Order, files: list[tuple[str, FileEntry]], opened: list[BinaryIO]
) -> Drawing | Fault:
    """The answer of a new process; it is gone when this returns."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, order, files), daemon=True)
    process.start()
    theirs.close()
    try:
        for file in opened:
            send_handle(ours, file.fileno(), process.pid or 0)
        if not ours.poll(_SECONDS):
            return Fault(UnreadableData.code, f"it takes longer than {_SECONDS} s")
        answer: Drawing | Fault = ours.recv()
    except (EOFError, OSError):
        words = "it takes more memory or time than a quick look may"
        return Fault(UnreadableData.code, words)
    else:
        return answer
    finally:
        process.kill()
        process.join()
        ours.close()
