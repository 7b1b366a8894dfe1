"""Arming: a node signs only where its log is known to have all that it ever signed.

A folder put back from a backup is a rollback that a node makes itself: its next signature would
contradict one that others have. So a node whose head is not the one noted in its high-water mark,
or whose machine was started since, is unarmed. It is armed again where its log contains the newest
checkpoint of it that every peer in reach shows, and the one in the mark; at least one of these
must be there. In the ordinary case the mark says it all, and nobody is asked.
"""

from dataclasses import dataclass

from perilune.errors import (
    NotFound,
    OutboundRefused,
    PeerUnreachable,
    ProofFails,
    Unarmed,
    WrongUsage,
)
from perilune.federation.folder import Peers, log_name
from perilune.federation.link import Link
from perilune.federation.roster import Member
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import open_note
from perilune.node import Node

_MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint of our log, signed by our own key, that ``by`` shows."""

    by: str
    checkpoint: Checkpoint
    note: bytes

    def is_in(self, node: Node) -> bool:
        """Whether our log contains it."""
        size = self.checkpoint.size
        return size <= node.log.size and node.log.root_at(size) == self.checkpoint.root


def arm(node: Node) -> tuple[Seen, ...]:
    """Have ``node`` sign again; return the checkpoints of its log by which that may be.

    Raises `Unarmed` where its log lacks what it signed, or nobody shows what it signed.
    """
    if node.is_armed or node.tiles is None or node.tiles.mark is None:
        return ()
    node.log.refresh()
    seen = [*_noted(node), *_shown(node)]
    for each in seen:
        if not each.is_in(node):
            raise Unarmed(
                f"{node.config.name} signs nothing: {each.by} has a head of "
                f"{each.checkpoint.size} entries that its own key signed, and its log of "
                f"{node.log.size} does not contain it"
            )
    if not seen:
        raise Unarmed(
            f"{node.config.name} signs nothing: there is no high-water mark of its log in "
            f"{node.tiles.mark.path.parent}, and no peer answers that has seen its log of "
            f"{node.log.size} entries"
        )
    _note_head(node)
    return tuple(seen)


def arm_at(size: int, node: Node) -> None:
    """Have ``node`` sign again because its operator says that ``size`` entries are all it signed.

    For a node that was moved and has no peers. Raises `WrongUsage` for another size than its
    log's, `Unarmed` where a mark or a peer shows that it signed more.
    """
    if node.tiles is None or node.tiles.mark is None:
        return
    node.log.refresh()
    if size != node.log.size:
        raise WrongUsage(f"the log has {node.log.size} entries, not {size}")
    if [*_noted(node), *_shown(node)]:
        arm(node)
    else:
        _note_head(node)


def seen_by(peer: Member, link: Link, node: Node) -> Seen | None:
    """The newest checkpoint of our log that ``peer`` shows; None where it shows none of ours.

    Raises `PeerUnreachable` on silence.
    """
    path = f"/federation/{log_name(node.log.origin)}/checkpoint"
    try:
        note = link.get(path, _MOST_BYTES)
        opened = open_note(note, Peers.of(node).keys_of(node.log.origin, "log"))
        checkpoint = Checkpoint.parse(opened.text)
    except (NotFound, ProofFails):
        return None
    return Seen(peer.who.name, checkpoint, note) if checkpoint.origin == node.log.origin else None


def _noted(node: Node) -> list[Seen]:
    assert node.tiles is not None
    assert node.tiles.mark is not None
    noted = node.tiles.mark.read()
    return [] if noted is None else [Seen("this machine", noted.checkpoint, noted.head)]


def _shown(node: Node) -> list[Seen]:
    shown: list[Seen] = []
    for peer in Peers.of(node).members():
        try:
            found = seen_by(peer, Link(peer.url), node)
        except (PeerUnreachable, OutboundRefused):
            continue
        if found is not None:
            shown.append(found)
    return shown


def _note_head(node: Node) -> None:
    with node.writing():
        assert node.tiles is not None
        assert node.tiles.mark is not None
        node.tiles.mark.raise_to(node.log.head)
