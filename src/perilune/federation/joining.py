"""Getting to know a peer: its keys are shown first, and pinned only when an operator says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perilune.errors import NotFound, PeerUnreachable, PeerUntrusted, ProofFails, WrongUsage
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.link import Link
from perilune.federation.roster import Member, Roster
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import open_note
from perilune.node import Node

_MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Stranger:
    """A node that showed its keys, and that its log is signed by one of them."""

    member: Member
    entries: int
    """Of its log."""

    @property
    def who(self) -> Description:
        """What it says of itself."""
        return self.member.who


def meet(url: str, node: Node) -> Stranger:
    """Ask the node at ``url`` who it is; change nothing.

    Raises `PeerUntrusted` where its log is not signed by the key that it shows, or its keys are
    not the ones pinned for its log; `WrongUsage` where it cannot be a peer of ``node``.
    """
    link = Link(url)
    try:
        who = Description.decode(link.get("/federation/node", _MOST_BYTES))
        note = link.get("/log/checkpoint", _MOST_BYTES)
        checkpoint = Checkpoint.parse(open_note(note, [who.keys["log"]]).text)
    except NotFound as error:
        raise PeerUnreachable(f"{error}; is a node of Perilune served there?") from error
    except ProofFails as error:
        raise PeerUntrusted(f"{link.url} does not show who it is: {error}") from error
    if checkpoint.origin != who.origin:
        raise PeerUntrusted(f"{link.url} calls its log {who.origin} and shows {checkpoint.origin}")
    if who.origin == node.config.origin:
        raise WrongUsage(f"{link.url} is this node itself, or another that calls its log the same")
    for known in Peers.of(node).members():
        if known.who.origin == who.origin and known.who.keys != who.keys:
            raise PeerUntrusted(f"{link.url} shows other keys than those pinned for {who.origin}")
    return Stranger(Member(who, link.url), checkpoint.size)


def pin(stranger: Stranger, fingerprint: str, node: Node, others: Sequence[Path] = ()) -> Roster:
    """Trust ``stranger``, whose fingerprint must be the one that its operator told.

    ``others`` are files with further keys that sign the roster, where its threshold asks for them.
    Raises `PeerUntrusted` where it is another; `WrongUsage` where it claims a namespace or a
    key that another node of the roster has.
    """
    told = fingerprint.lower().replace(":", "").replace(" ", "")
    if told != stranger.who.fingerprint:
        raise PeerUntrusted(
            f"{stranger.member.url} has the fingerprint {stranger.who.fingerprint}, not {told}"
        )
    return Peers.of(node).pin(stranger.member, others)
