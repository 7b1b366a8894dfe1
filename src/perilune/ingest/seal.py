"""Sealing: what is embargoed gets an encrypted copy that a partner may keep and cannot read.

Only what the public may have once it is released is sealed: of anything else not even that leaves
the node. The order: the delivery's secret is kept, durably; then encrypted copies and shares of
the secret become objects; then our log names them (`seal` acts); then the catalogue. A kill
leaves unreferenced objects at worst, and the next call seals what is not sealed yet.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from perilune.catalogue.port import Projection
from perilune.durable import scratch
from perilune.errors import Damaged, NotFound, WrongUsage
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, silent
from perilune.ledger import tree
from perilune.model import act
from perilune.model.act import CommitAct
from perilune.model.package import FileEntry
from perilune.model.product import Holding, Releasability
from perilune.model.sealed import SealAct, Sealed
from perilune.node import Node
from perilune.sealing.container import Packed
from perilune.sealing.key import encrypt, identity_of, recipient_of
from perilune.sealing.keyring import Keyring
from perilune.sealing.recovery import Shares
from perilune.storage.port import Batch

_RUN = 200
"""Products that are sealed into one batch and logged together."""
_CHUNK = 1 << 20


def keyring_of(node: Node) -> Keyring:
    """The secrets of ``node``; raise `WrongUsage` for one that lives in memory alone."""
    if node.root is None:
        raise WrongUsage(f"{node.config.name} keeps nothing on disk, so it seals nothing")
    return Keyring(node.root / "keys")


def seal(node: Node, progress: Progress = silent) -> int:
    """Seal what is embargoed and not sealed yet; return how many products that were."""
    with node.writing():
        catch_up(node)
    waiting = _unsealed(node)
    done = 0
    for delivery, group in groupby(waiting, key=lambda each: each.delivery):
        holdings = list(group)
        for start in range(0, len(holdings), _RUN):
            done += _seal_run(delivery, holdings[start : start + _RUN], node)
            progress("sealing", done, len(waiting))
    return done


def leaf_of(index: int, node: Node) -> bytes:
    """Leaf hash of an entry of our log."""
    return tree.leaf_hash(node.log.entry(index))


def _unsealed(node: Node) -> list[Holding]:
    return sorted(
        (
            each
            for each in node.catalogue.embargoed()
            if each.seal is None and each.releasability is Releasability.PUBLIC
        ),
        key=lambda each: (each.delivery, each.index),
    )


def _seal_run(delivery: str, holdings: Sequence[Holding], node: Node) -> int:
    keyring = keyring_of(node)
    secret = keyring.secret_to_seal(delivery)
    assert node.root is not None
    place = node.root / "quarantine"
    place.mkdir(exist_ok=True)
    with scratch(place) as folder, node.store.batch() as batch:
        recovery = _shared(secret, keyring, batch)
        sealed = [(each, *_sealed(each, secret, folder, batch, node)) for each in holdings]
    with node.writing():
        catch_up(node)
        still = {each.index for each in _unsealed(node)}
        first, ticks = node.log.size, node.ticks()
        acts = [
            SealAct(
                t=next(ticks), entry=each.index, sealed=copy, recipient=recipient, recovery=recovery
            )
            for each, copy, recipient in sealed
            if each.index in still
        ]
        record(acts, node, hidden=False)
        seals = [(made.entry, index) for index, made in enumerate(acts, first)]
        node.catalogue.apply(Projection(applied=node.log.size, sealed=seals))
    return len(acts)


def _shared(secret: bytes, keyring: Keyring, batch: Batch) -> Sealed | None:
    """The shares for the recovery recipients, as an object; None where there are none."""
    recipients = keyring.recipients
    if not recipients.by_name:
        return None
    shares = Shares.of(secret, list(recipients.by_name.values()), recipients.threshold)
    found = batch.put(io.BytesIO(shares.encode()))
    return Sealed(found.sha256, found.size)


def _sealed(
    holding: Holding, secret: bytes, folder: Path, batch: Batch, node: Node
) -> tuple[Sealed, str]:
    """The encrypted copy of ``holding``, as an object, and the public part of its key."""
    entry = node.log.entry(holding.index)
    recipient = recipient_of(identity_of(secret, tree.leaf_hash(entry)))
    found = act.decode(entry)
    opening = _object(found.commitment, node) if isinstance(found, CommitAct) else None
    packed = Packed(opening, holding.manifest, lambda file: _bytes_of(file, node))
    with (folder / "sealed").open("w+b") as file:
        encrypt(packed, file, [recipient])
        file.seek(0)
        copy = batch.put(file)
    return Sealed(copy.sha256, copy.size), recipient


def _object(sha256: str, node: Node) -> bytes:
    with node.store.open(sha256) as data:
        return data.read()


def _bytes_of(entry: FileEntry, node: Node) -> Iterator[bytes]:
    """The bytes of a file; raise `Damaged` at the end where they are not its own."""
    digest, size = hashlib.sha256(), 0
    try:
        with node.store.open(entry.sha256) as data:
            while run := data.read(_CHUNK):
                digest.update(run)
                size += len(run)
                yield run
    except NotFound as error:
        raise Damaged(f"{entry.path}: the archive lacks object {entry.sha256}") from error
    if (digest.hexdigest(), size) != (entry.sha256, entry.size):
        raise Damaged(f"{entry.path}: the bytes of {entry.sha256} are wrong")
