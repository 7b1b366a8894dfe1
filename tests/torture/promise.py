"""What a node promises, looked at from outside after something went wrong.

Each function names the promises that a node does not keep: one line for each, none where all is
well. `broken` looks at the node as it was found, `unfinished` at one that has taken everything in.
The catalogue may lag behind the log until somebody writes, but only where nothing that was
acknowledged is missing from it; the log never lags behind the catalogue.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from perilune.access.extract import extract
from perilune.access.policy import OPERATOR
from perilune.access.search import find, search
from perilune.catalogue.query import Query
from perilune.errors import PeriluneError
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import walk
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Verifier, open_note
from perilune.ledger.receipt import Receipt
from perilune.model.act import CopyAct, PublishAct
from perilune.model.package import Manifest
from perilune.node import Node
from perilune.preservation.health import examine
from perilune.preservation.rebuild import rebuild
from perilune.validation.writing.text import as_text

from .deliveries import Delivery

_RAISED = (PeriluneError, OSError, ValueError, LookupError, apsw.Error)
"""What looking at a broken node may raise; anything else is a fault of this module."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The node's public keys, as a partner knows them from before."""

    log: Verifier
    receipt: Verifier

    @classmethod
    def of(cls, node: Node) -> "Keys":
        return cls(Verifier.parse(node.log.vkey), node.receipt_signer.verifier)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A receipt that reached the deliverer."""

    delivery: Delivery
    note: bytes

    @classmethod
    def printed(cls, delivery: Delivery, stdout: str) -> "Acknowledged":
        """What ``perilune deliver --json`` printed."""
        return cls(delivery, json.loads(stdout)["receipt_note"].encode())


def broken(
    root: Path, keys: Keys, acknowledged: Sequence[Acknowledged], heads: Iterable[bytes]
) -> list[str]:
    """Promises that the node in ``root`` does not keep; ``heads`` are signed heads seen before."""
    try:
        node = Node.open(root)
    except _RAISED as error:
        return [f"the node does not open: {error!r}"]
    try:
        return [
            *_kept(lambda: _log(node, keys, heads)),
            *_kept(lambda: _objects(node)),
            *_kept(lambda: _catalogue(node)),
            *_kept(lambda: _health(node)),
            *(
                fault
                for each in acknowledged
                for fault in _kept(lambda each=each: _receipt(each, node, keys))
            ),
        ]
    finally:
        node.close()


def refused(root: Path, deliveries: Sequence[Delivery]) -> list[str]:
    """What hinders ``deliveries`` from being handed in now, whether again or for the first time."""
    return _kept(lambda: _handed_in(root, deliveries))


def unfinished(root: Path, deliveries: Sequence[Delivery]) -> list[str]:
    """What is not as it must be once ``deliveries`` were all taken in, the last thing done."""
    with TemporaryDirectory() as scratch:
        node = Node.open(root)
        try:
            return [
                *_kept(lambda: _whole(node, deliveries, Path(scratch))),
                *_kept(lambda: _tidy(root, node)),
            ]
        finally:
            node.close()


def rebuilt_otherwise(root: Path) -> list[str]:
    """Rows in which the catalogue differs from the one made again from storage and log."""
    node = Node.open(root)
    before = list(node.catalogue.dump())
    rebuild(node)
    node.close()
    again = Node.open(root)
    try:
        after = list(again.catalogue.dump())
    finally:
        again.close()
    if before == after:
        return []
    odd = sorted(set(before) ^ set(after))
    return [f"{len(before)} rows were there, {len(after)} were made again: {odd[:4]}"]


def _kept(look: Callable[[], Iterator[str]]) -> list[str]:
    """The faults that ``look`` finds, one of them the error that ends it early."""
    faults: list[str] = []
    try:
        faults.extend(look())
    except _RAISED as error:
        faults.append(f"{type(error).__name__}: {error}")
    return faults


def _handed_in(root: Path, deliveries: Sequence[Delivery]) -> Iterator[str]:
    node = Node.open(root)
    try:
        for each in deliveries:
            outcome = deliver(each.path, node, Options(releasability=each.releasability))
            if not outcome.is_complete:
                yield f"{each.path.name} is refused: {as_text(outcome.report)}"
    finally:
        node.close()


def _log(node: Node, keys: Keys, heads: Iterable[bytes]) -> Iterator[str]:
    node.log.check()
    open_note(node.log.head, [keys.log])
    for head in heads:
        seen = Checkpoint.parse(open_note(head, [keys.log]).text)
        yield from _contradictions(seen, node, "a head that was seen")


def _contradictions(seen: Checkpoint, node: Node, what: str) -> Iterator[str]:
    now = node.log.checkpoint
    if seen.size > now.size:
        yield f"{what} had {seen.size} entries, the log has {now.size}"
    elif not tree.proves_consistency(
        old=seen.size,
        new=now.size,
        old_root=seen.root,
        new_root=now.root,
        path=node.log.consistency(seen.size),
    ):
        yield f"{what}, of {seen.size} entries, is contradicted by the log of {now.size}"


def _objects(node: Node) -> Iterator[str]:
    for name in node.store:
        with node.store.open(name) as data:
            if hashlib.file_digest(data, "sha256").hexdigest() != name:
                yield f"object {name} has {node.store.size(name)} other bytes"
    for index, act in walk(node):
        if isinstance(act, PublishAct | CopyAct):
            yield from _published(index, act, node)


def _published(index: int, act: PublishAct | CopyAct, node: Node) -> Iterator[str]:
    with node.store.open(act.manifest) as data:
        manifest = Manifest.decode(data.read())
    if manifest.product != act.lidvid:
        yield f"entry {index} takes in {act.lidvid}, its manifest {manifest.product}"
    yield from (
        f"entry {index}: {entry.path} of {act.lidvid} is not in storage"
        for entry in manifest.files
        if entry.sha256 not in node.store
    )


def _catalogue(node: Node) -> Iterator[str]:
    if node.catalogue.applied > node.log.size:
        yield f"the catalogue has {node.catalogue.applied} entries, the log {node.log.size}"
    logged = {index: act for index, act in walk(node) if isinstance(act, PublishAct | CopyAct)}
    for holding in search(Query(versions="all", limit=10_000), node, OPERATOR).hits:
        act = logged.get(holding.index)
        if act is None or act.lidvid != holding.product.id:
            yield f"{holding.product.id} is in the catalogue and not in the log"
        elif act.manifest != holding.manifest.sha256:
            yield f"{holding.product.id} has another manifest in the catalogue than in the log"


def _health(node: Node) -> Iterator[str]:
    """What the doctor finds; that a log was not cosigned yet breaks no promise of ours."""
    for finding in examine(node):
        is_ours = finding.what not in ("disk", "catalogue") and finding.detail != "never cosigned"
        if not finding.is_well and is_ours:
            yield f"doctor: {finding.what}: {finding.detail}"


def _receipt(each: Acknowledged, node: Node, keys: Keys) -> Iterator[str]:
    receipt = Receipt.verify(each.note, keys.receipt)
    seen = Checkpoint(receipt.origin, receipt.log_size, receipt.log_root)
    yield from _contradictions(seen, node, "the head of a receipt")
    if receipt.report not in node.store:
        yield f"the report {receipt.report} of a receipt is not in storage"
    assert node.root is not None
    copies = [path.read_bytes() for path in (node.root / "receipts").glob("*.receipt")]
    if each.note not in copies:
        yield "the node keeps no copy of a receipt that it gave"
    with TemporaryDirectory() as scratch:
        yield from _comes_out(each.delivery, node, Path(scratch))


def _comes_out(delivery: Delivery, node: Node, scratch: Path) -> Iterator[str]:
    """Take every product out, and compare what comes with what was written for the delivery."""
    for lidvid in delivery.products:
        extract(find(str(lidvid), node, OPERATOR), node, scratch)
    found = {
        str(path.relative_to(scratch)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in scratch.rglob("*")
        if path.is_file()
    }
    for path in sorted(found.keys() | delivery.files.keys()):
        if found.get(path) != delivery.files.get(path):
            yield f"{delivery.path.name}/{path} does not come out as it went in"


def _whole(node: Node, deliveries: Sequence[Delivery], scratch: Path) -> Iterator[str]:
    for number, delivery in enumerate(deliveries):
        yield from _comes_out(delivery, node, scratch / str(number))
    expected = sorted(lidvid for delivery in deliveries for lidvid in delivery.products)
    hits = search(Query(versions="all", limit=10_000), node, OPERATOR).hits
    if sorted(hit.product.id for hit in hits) != expected:
        yield f"{len(hits)} products are found, {len(expected)} were handed in"
    if node.catalogue.applied != node.log.size:
        yield f"the catalogue has {node.catalogue.applied} entries, the log {node.log.size}"
    published = [act.lidvid for _, act in walk(node) if isinstance(act, PublishAct)]
    if sorted(published) != expected:
        yield f"{len(published)} products were published, {len(expected)} were handed in"


def _tidy(root: Path, node: Node) -> Iterator[str]:
    left = [path.name for path in (root / "objects" / "incoming").iterdir() if path.name != "lock"]
    left += [path.name for path in root.glob("catalogue.sqlite.making*")]
    if left:
        yield f"left behind: {left}"
    if (root / "log" / "checkpoint.next").exists():
        yield "a head is left pending"
    wanted = {name for name, _ in node.catalogue.objects("own")}
    missing = wanted - set(node.store)
    if missing:
        yield f"{len(missing)} objects of the catalogue are not in storage"
