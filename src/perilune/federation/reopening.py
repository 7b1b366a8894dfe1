"""Reopening: our own sealed copies are readable again when our keys are lost, by k of n people.

Order of effects: what is not here of sealed copies and shares is fetched from the peers that keep
them, verified by the digests that our log names; the recovery keys open the shares; the secret is
believed where the keys made of it have the public parts that our log named, and is kept; then the
copies are opened into storage. Every step can be repeated. Nothing is signed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from perilune.errors import NotFound, PeerUnreachable, PeriluneError, ProofFails
from perilune.federation.arrival import Giver
from perilune.federation.folder import Peers, log_name
from perilune.federation.link import Link
from perilune.federation.sealed import fetch_object
from perilune.federation.unseal import Unsealing, fits
from perilune.ingest.projection import Progress, silent
from perilune.ingest.seal import keyring_of, leaf_of
from perilune.model import act
from perilune.model.act import CommitAct, PublishAct
from perilune.model.sealed import SealAct, Sealed
from perilune.node import Node
from perilune.sealing.key import identity_of
from perilune.sealing.recovery import Shares


@dataclass(slots=True)
class Reopened:
    """What is readable again, and what is not."""

    products: int = 0
    deliveries: set[str] = field(default_factory=set)
    came_back: int = 0
    """Products of which something was not in storage."""
    failed: dict[int, str] = field(default_factory=dict)
    """Position of the act that names a sealed copy, to why it does not open."""


def reopen(identities: Sequence[str], node: Node, progress: Progress = silent) -> Reopened:
    """Bring back secrets, and what storage lacks, of all that has recovery recipients.

    Raises `WrongUsage` where ``identities`` open fewer shares than are needed.
    """
    reopening = _Reopening(identities, node)
    seals = list(_seals(node))
    for done, (index, seal) in enumerate(seals, 1):
        try:
            reopening.take(index, seal)
        except (NotFound, ProofFails, PeerUnreachable) as error:
            reopening.found.failed[index] = str(error)
        progress("reopening", done, len(seals))
    return reopening.found


def _seals(node: Node) -> Iterator[tuple[int, SealAct]]:
    for index, entry in enumerate(node.log.entries()):
        found = act.decode(entry)
        if isinstance(found, SealAct):
            yield index, found


@dataclass(slots=True)
class _Reopening:
    """What was found so far."""

    identities: Sequence[str]
    node: Node
    found: Reopened = field(default_factory=Reopened)
    _secrets: dict[str, bytes] = field(default_factory=dict)
    """Name of the shares to the secret that they gave."""

    def take(self, index: int, seal: SealAct) -> None:
        """Bring back what entry ``index`` of our log sealed."""
        node, found = self.node, self.found
        secret = self._secret(index, seal)
        identity = identity_of(secret, leaf_of(seal.entry, node))
        if not fits(identity, seal):
            raise ProofFails("the shares give another secret than the one it was sealed with")
        _bring(seal.sealed, "sealed", index, node)
        entry = node.log.entry(seal.entry)
        published = act.decode(entry)
        with node.store.batch() as batch:
            unsealed = Unsealing(node, batch, _require_nothing).unseal(seal, identity, entry)
            names = [unsealed.manifest.sha256, *(each.sha256 for each in unsealed.manifest.files)]
            if isinstance(published, CommitAct):
                names.append(published.commitment)
            was_whole = all(name in node.store for name in names)
        keyring_of(node).keep(unsealed.publish.delivery, secret)
        found.products += 1
        found.deliveries.add(unsealed.publish.delivery)
        found.came_back += not was_whole

    def _secret(self, index: int, seal: SealAct) -> bytes:
        if seal.recovery is None:
            raise ProofFails("it has no recovery recipients")
        name = seal.recovery.sha256
        if name not in self._secrets:
            shares = Shares.decode(_object(seal.recovery, "recovery", index, self.node))
            self._secrets[name] = shares.combined(self.identities)
        return self._secrets[name]


def _require_nothing(_published: PublishAct) -> None:
    """It is our own."""


def _object(sealed: Sealed, kind: str, index: int, node: Node) -> bytes:
    _bring(sealed, kind, index, node)
    with node.store.open(sealed.sha256) as data:
        return data.read()


def _bring(sealed: Sealed, kind: str, index: int, node: Node) -> None:
    """Have storage hold an object that our log names; raise `NotFound` where nobody gives it."""
    if sealed.sha256 in node.store:
        return
    peers, path = Peers.of(node), f"/federation/{log_name(node.log.origin)}/{kind}/{index}"
    why: list[str] = []
    for peer in peers.members():
        giver = Giver(peer.who.origin, Link(peer.url), peers.folder(peer.who.origin))
        try:
            with node.store.batch() as batch:
                fetch_object(sealed, path, giver, node, batch)
        except PeriluneError as error:
            why.append(str(error))
        else:
            return
    raise NotFound("; ".join(why) or f"no peer keeps {sealed.sha256}")
