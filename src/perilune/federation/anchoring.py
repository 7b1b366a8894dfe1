"""Cross-anchoring: each log carries the other's checkpoints, so that neither can be cut back.

A checkpoint of a partner that this node cosigned is copied into the own log, as the signed note.
The partner holds a copy of that log: a node that loses its newest entries, and the notes that would
tell of them, meets its own signature again in what its partner published.
"""

from collections.abc import Sequence
from datetime import datetime

from perilune.errors import ProofFails
from perilune.federation.folder import ANCHORED, WITNESSED, Peers
from perilune.federation.mirror import checkpoint_in
from perilune.federation.roster import Member
from perilune.ingest.accession import record
from perilune.ingest.projection import catch_up
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Verifier, open_note, to_base64
from perilune.model.guard import AnchorAct
from perilune.node import Node


def anchor(node: Node) -> list[tuple[Member, Checkpoint]]:
    """Copy into the log of ``node`` the newest checkpoint of each peer that it cosigned.

    Those that it has already are left out; the peers and checkpoints that were new. Raises
    `Unarmed` where the node signs nothing.
    """
    peers = Peers.of(node)
    new: list[tuple[Member, bytes]] = []
    for peer in peers.members():
        folder = peers.folder(peer.who.origin)
        note, before = folder.note(WITNESSED), folder.note(ANCHORED)
        if note is not None and (
            before is None or checkpoint_in(before).size < checkpoint_in(note).size
        ):
            new.append((peer, note))
    if not new:
        return []
    with node.writing():
        catch_up(node)
        ticks = node.ticks()
        acts = [_act(note, next(ticks)) for _, note in new]
        record(acts, node, hidden=False)
        catch_up(node)
    for peer, note in new:
        peers.folder(peer.who.origin).keep(ANCHORED, note)
    return [(peer, checkpoint_in(note)) for peer, note in new]


def anchored(act: AnchorAct, keys: Sequence[Verifier]) -> Checkpoint | None:
    """The checkpoint that ``act`` carries, where one of ``keys`` signed it; None else."""
    try:
        return Checkpoint.parse(open_note(act.checkpoint.encode(), keys).text)
    except ProofFails:
        return None


def _act(note: bytes, t: datetime) -> AnchorAct:
    checkpoint = checkpoint_in(note)
    return AnchorAct(
        t=t,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=to_base64(checkpoint.root),
        checkpoint=note.decode(),
    )
