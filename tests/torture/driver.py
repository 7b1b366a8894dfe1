"""Hands deliveries to a node, in a process of its own, if asked with one safeguard taken out.

``driver.py [--without SAFEGUARD] NODE [ORDER...]`` carries out orders ``RELEASABILITY PATH``, from
standard input if none are given, and answers each with a line: the receipt, as a JSON text, or
``null`` where the delivery was not acknowledged. The safeguards are the negative controls of this
suite: without one of them, some test has to fail.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import apsw

import perilune.ingest.delivery
import perilune.node
from perilune.catalogue.sqlite.database import Database
from perilune.errors import PeriluneError
from perilune.ingest.accession import Terms
from perilune.ingest.check import Candidate, Checked
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.keeper import NodeKeeper
from perilune.ledger.tiles import LocalTiles
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.storage.local import LocalBatch, LocalStore
from perilune.storage.port import Batch


def _no_wait(*_anything: object) -> None:
    """Make nothing durable."""


def sync_of_the_store() -> None:
    """The store relies on the system to write in its own time."""
    perilune.node.LocalStore = partial(LocalStore, settle=_no_wait)  # type: ignore[misc]


def sync_of_the_tiles() -> None:
    """A head is signed over tiles that may not be on the disk."""

    class Hasty(LocalTiles):
        __slots__ = ()

        def write(self, files: Mapping[str, bytes]) -> None:
            LocalTiles(self.root, _no_wait).write(files)

    perilune.node.LocalTiles = Hasty  # type: ignore[misc]


def sync_of_the_head() -> None:
    """A head is shown before it is on the disk."""

    class Hasty(LocalTiles):
        __slots__ = ()

        def advance(self, note: bytes) -> None:
            LocalTiles(self.root, _no_wait, self.mark).advance(note)

    perilune.node.LocalTiles = Hasty  # type: ignore[misc]


def sync_of_the_catalogue() -> None:
    """SQLite with synchronous=OFF."""
    connect = Database._connect

    def unsafe(database: Database, cache_kib: int) -> apsw.Connection:
        connection = connect(database, cache_kib)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    Database._connect = unsafe  # type: ignore[method-assign]


def sync_of_the_receipt() -> None:
    """The node's copy of a receipt is written and not synced."""

    @contextmanager
    def whole(target: Path) -> Iterator[BinaryIO]:
        part = target.with_suffix(".part")
        with part.open("xb") as file:
            yield file
        part.rename(target)

    perilune.ingest.delivery.whole = whole


def data_before_name() -> None:
    """Objects get their names, durably, and their data are synced after that."""

    def keep(store: LocalStore, batch: LocalBatch) -> None:
        store._name(batch, [])
        named = [store.root / sha256[:2] / sha256 for sha256 in batch.sizes]
        for path in named:
            store.settle(store.root, [path.parent])
        store.settle(store.root, named)

    LocalStore._keep = keep  # type: ignore[method-assign]


def bytes_before_log() -> None:
    """Products are logged and catalogued while their bytes are still on the way in."""
    module = perilune.ingest.delivery
    check, keep, accession = module.check, module.keep, module.accession
    nodes: list[Node] = []
    positions: list[int] = []

    def noting_node(received: Any, keeper: NodeKeeper, batch: Batch, progress: Any) -> Checked:
        nodes.append(keeper.node)
        return check(received, keeper, batch, progress)

    def logging_first(taken: list[Candidate], checked: Checked, batch: Batch) -> None:
        config = nodes[-1].config
        terms = Terms(
            delivery=checked.delivery,
            lifecycle=config.lifecycle,
            releasability=Releasability.PUBLIC,
        )
        keep(taken, checked, batch)
        positions[:] = accession(taken, terms, nodes[-1], checked.messages, _no_wait)

    module.check = noting_node
    module.keep = logging_first
    module.accession = lambda *_anything: list(positions)


SAFEGUARDS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        sync_of_the_store,
        sync_of_the_tiles,
        sync_of_the_head,
        sync_of_the_catalogue,
        sync_of_the_receipt,
        data_before_name,
        bytes_before_log,
    )
}


def main(arguments: list[str], orders: Iterable[str]) -> None:
    """Do what ``arguments`` say, or else ``orders``."""
    if arguments[0] == "--without":
        SAFEGUARDS[arguments[1]]()
        del arguments[:2]
    for order in arguments[1:] or orders:
        releasability, _, path = order.rstrip("\n").partition(" ")
        print(json.dumps(_deliver(Path(arguments[0]), Path(path), releasability)), flush=True)


def _deliver(root: Path, path: Path, releasability: str) -> str | None:
    node = Node.open(root)
    try:
        outcome = deliver(path, node, Options(releasability=Releasability(releasability)))
    except PeriluneError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return None
    finally:
        node.close()
    return outcome.receipt_note.decode() if outcome.is_complete else None


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin)
