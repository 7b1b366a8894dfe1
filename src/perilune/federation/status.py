"""Where two nodes stand: what is here of theirs, there of ours, and when it was verified.

A log of which nothing new is shown for long, to us or to its witness, may be frozen: an old state
is shown as if it were the newest. The age of cosignatures tells, since an honest pair makes new
ones at each round, whether anything was published or not.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from perilune.errors import ProofFails
from perilune.federation.custody import CustodyReceipt, Excepted, decode_exceptions
from perilune.federation.folder import EXCEPTED, GIVEN, SEEN, TAKEN, WITNESSED, Peers
from perilune.federation.mirror import checkpoint_in
from perilune.federation.roster import Member
from perilune.ledger.note import Verifier, cosigned_at
from perilune.model import act
from perilune.model.act import PublishAct
from perilune.model.identifier import Lidvid
from perilune.model.product import Holding
from perilune.node import Node


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint of our log that the peer cosigned."""

    size: int
    at: datetime

    def is_older(self, hours: int, now: datetime) -> bool:
        """Whether nothing newer was cosigned for so long: the log may be frozen."""
        return now - self.at > timedelta(hours=hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where this node and one peer stand, as of the last round."""

    peer: Member
    seen: int
    """Entries of the peer's log that are copied and verified here."""
    here: CustodyReceipt | None
    """Ours for its log."""
    there: CustodyReceipt | None
    """Its own for our log."""
    witnessed: Witnessed | None
    """What the peer cosigned of our log."""
    cosigned: Witnessed | None
    """What we cosigned of the peer's."""
    uncovered: int
    """Products that we published openly after what its receipt covers."""
    evidence: tuple[str, ...]
    """Files that show where it contradicted itself."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A node that holds a product too: its name, and when it said so, or since when it must."""

    name: str
    origin: str
    is_owner: bool
    verified: datetime | None
    """When the copy was verified; None where it is the owner's own."""


def status_of(peer: Member, node: Node) -> Status:
    """Where ``node`` and ``peer`` stand; asks nobody."""
    peers, origin = Peers.of(node), peer.who.origin
    folder = peers.folder(origin)
    taken, given, seen, ours = map(folder.note, (TAKEN, GIVEN, SEEN, WITNESSED))
    head = folder.log.head()
    there = CustodyReceipt.verify(given, *peers.keys_of(origin, "custody")) if given else None
    own = peers.keys_of(node.config.origin, "custody")
    return Status(
        peer=peer,
        seen=checkpoint_in(head).size if head else 0,
        here=CustodyReceipt.verify(taken, *own) if taken else None,
        there=there,
        witnessed=_witnessed(seen, peers.keys_of(origin, "witness")) if seen else None,
        cosigned=_witnessed(ours, peers.keys_of(node.config.origin, "witness")) if ours else None,
        uncovered=_published_since(there.log.size if there else 0, node),
        evidence=tuple(str(path) for path in folder.evidence()),
    )


def _witnessed(seen: bytes, keys: Sequence[Verifier]) -> Witnessed | None:
    """What a peer cosigned, by the newest of ``keys`` that did."""
    for key in keys:
        with suppress(ProofFails):
            return Witnessed(checkpoint_in(seen).size, cosigned_at(seen, key))
    return None


def elsewhere(holding: Holding, node: Node) -> list[Elsewhere]:
    """The peers that hold ``holding`` too, by the signatures that are kept here."""
    return holders(holding.index, holding.origin, node)


def holders(index: int, origin: str, node: Node) -> list[Elsewhere]:
    """The same for a product by the entry of our log that took it in, and its owner's log.

    ``origin`` is empty for a product of our own.
    """
    found = [holder.holds(index, origin, node) for holder in _holders(node)]
    return [each for each in found if each is not None]


def mirrors(holdings: Sequence[Holding], node: Node) -> dict[Lidvid, list[str]]:
    """Addresses, as they are pinned, of the peers that hold these products too."""
    found: dict[Lidvid, list[str]] = {}
    for holder in _holders(node):
        for holding in holdings if holder.peer.url else ():
            if holder.holds(holding.index, holding.origin, node) is not None:
                addresses = found.setdefault(holding.product.id, [])
                addresses.append(holder.peer.url.rstrip("/"))
    return found


@dataclass(frozen=True, slots=True)
class _Holder:
    """A peer, and what its newest receipt says of our log."""

    peer: Member
    receipt: CustodyReceipt | None
    excepted: Mapping[int, Excepted]

    def holds(self, index: int, origin: str, node: Node) -> Elsewhere | None:
        who = self.peer.who
        if origin:
            if origin != who.origin:
                return None
            return Elsewhere(who.name, who.origin, is_owner=True, verified=None)
        if self.receipt is None or index >= self.receipt.log.size:
            return None
        is_open = isinstance(act.decode(node.log.entry(index)), PublishAct)
        if not is_open or index in self.excepted:
            return None
        return Elsewhere(who.name, who.origin, is_owner=False, verified=self.receipt.t)


def _holders(node: Node) -> list[_Holder]:
    if node.root is None:
        return []
    peers = Peers.of(node)
    return [_holder(peer, peers) for peer in peers.members()]


def _holder(peer: Member, peers: Peers) -> _Holder:
    folder = peers.folder(peer.who.origin)
    note = folder.note(GIVEN)
    if note is None:
        return _Holder(peer, None, {})
    receipt = CustodyReceipt.verify(note, *peers.keys_of(peer.who.origin, "custody"))
    return _Holder(peer, receipt, _excepted(folder.note(EXCEPTED)))


def _excepted(listed: bytes | None) -> Mapping[int, Excepted]:
    return {} if listed is None else {each.index: each for each in decode_exceptions(listed)[0]}


def _published_since(start: int, node: Node) -> int:
    return sum(isinstance(act.decode(entry), PublishAct) for entry in node.log.entries(start))
