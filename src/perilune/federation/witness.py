"""Witness: a log's checkpoint is cosigned only where it continues the one cosigned before.

Both sides of C2SP tlog-witness v1.0.0. The look at the newest cosigned checkpoint and its
replacement happen under one lock, and it is durable before the cosignature leaves: so no two
cosignatures of this node contradict each other. A signed checkpoint that does not continue the one
before is kept as evidence.
"""

import re
from dataclasses import dataclass
from typing import Self

from perilune.errors import (
    BadQuestion,
    CheckpointStale,
    NotFound,
    PeerUnreachable,
    PeerUntrusted,
    ProofFails,
    SignatureRefused,
)
from perilune.federation.description import Description
from perilune.federation.folder import SEEN, WITNESSED, PeerFolder, Peers
from perilune.federation.link import Link
from perilune.federation.mirror import Contradiction, Mirror, checkpoint_in
from perilune.federation.roster import Member
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import (
    cosigned_at,
    from_base64,
    open_note,
    signed_only_by,
    text_of,
    to_base64,
)
from perilune.ledger.tiles import HASH
from perilune.node import SECOND, Node

MOST_BYTES = 64 << 10
_MOST_STEPS = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint, and the proof that it continues the log of ``old`` entries."""

    old: int
    path: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """The body of a request."""
        lines = [f"old {self.old}", *map(to_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read `encode`; raise `BadQuestion` on anything else."""
        head, gap, note = body.partition(b"\n\n")
        try:
            first, *steps = head.decode("ascii").split("\n")
            path = tuple(map(from_base64, steps))
        except (UnicodeDecodeError, ProofFails) as error:
            raise BadQuestion(f"not a submission to a witness: {error}") from error
        old = _OLD.fullmatch(first)
        if not gap or old is None:
            raise BadQuestion(f"not a submission to a witness: it begins with {first[:80]!r}")
        if len(path) > _MOST_STEPS or any(len(step) != HASH for step in path):
            raise BadQuestion(f"a proof of {len(path)} lines, or a line that is no hash")
        return cls(int(old[1]), path, note)


def add_checkpoint(body: bytes, node: Node) -> str:
    """Witness what is submitted; the lines that say so.

    Raises `BadQuestion` where it is no submission, `NotFound` for a log that is not on the
    roster, `SignatureRefused` where its key did not sign, `CheckpointStale` where the proof
    does not begin at the newest cosigned checkpoint, `ProofFails` where it proves nothing.
    """
    submission = Submission.parse(body)
    try:
        checkpoint = Checkpoint.parse(text_of(submission.note))
    except ProofFails as error:
        raise BadQuestion(f"not a checkpoint: {error}") from error
    peers = Peers.of(node)
    keys = _member(checkpoint.origin, peers).who.signing("log")
    try:
        for key in keys:
            open_note(submission.note, [key])
    except ProofFails as error:
        raise SignatureRefused(str(error)) from error
    if submission.old > checkpoint.size:
        raise BadQuestion(f"a proof from {submission.old} entries to {checkpoint.size}")
    folder = peers.folder(checkpoint.origin)
    with folder.witnessing():
        _require_growth(submission, checkpoint, folder, node)
        return _cosign(signed_only_by(submission.note, keys), checkpoint, folder, node)


def cosign_copy(
    mirror: Mirror, folder: PeerFolder, node: Node, contradiction: Contradiction
) -> None:
    """Cosign the newest checkpoint of a log of which all is copied here.

    Where a later one was submitted meanwhile, that one stands. Raises `PeerUntrusted` where
    what was submitted is not a part of the copy.
    """
    assert mirror.head is not None
    with folder.witnessing():
        note = folder.note(WITNESSED)
        before = checkpoint_in(note) if note else None
        if note is not None and before is not None:
            if before.size > mirror.size:
                return
            if mirror.root_at(before.size) != before.root:
                raise contradiction(
                    "fork",
                    f"{before.origin} had a checkpoint of {before.size} entries witnessed that is "
                    f"no part of the {mirror.size} entries it shows",
                    {"now": mirror.head, "before": note},
                )
        _cosign(mirror.head, mirror.checkpoint, folder, node)


def be_witnessed(peer: Member, folder: PeerFolder, link: Link, node: Node) -> None:
    """Have ``peer`` witness our newest checkpoint, and keep it with its cosignature.

    Does nothing where the peer does not know our log, or our new key for it. Raises
    `PeerUntrusted` where it signs something else, `PeerUnreachable` where it refuses.
    """
    node.log.refresh()
    head = node.log.head
    size = checkpoint_in(head).size
    seen = folder.note(SEEN)
    old = checkpoint_in(seen).size if seen else 0
    for _ in range(2):
        path = tuple(node.log.consistency(old, size))
        body = Submission(old, path, head).encode()
        status, reply = link.post("/witness/add-checkpoint", body, MOST_BYTES)
        known = _SIZE.fullmatch(reply)
        if status != 409 or known is None or not int(known[1]) <= size or int(known[1]) == old:
            break
        old = int(known[1])
    if status in (403, 404):
        return  # it does not know our log, or not yet its new key
    if status != 200:
        told = reply[:200].decode("utf-8", "replace")
        raise PeerUnreachable(f"{peer.who.name} does not witness our log: {status} {told!r}")
    witnesses = peer.who.signing("witness")
    try:
        for key in witnesses:
            cosigned_at(head + reply, key)
        own = Description.of(node).signing("log")
        note = signed_only_by(head + reply, [*own, *witnesses])
    except ProofFails as error:
        raise PeerUntrusted(f"the cosignature of {peer.who.name} is false: {error}") from error
    folder.keep(SEEN, note)


def _member(origin: str, peers: Peers) -> Member:
    for member in peers.members():
        if member.who.origin == origin:
            return member
    raise NotFound(f"no peer has the log {origin[:200]!r}")


def _require_growth(
    submission: Submission, checkpoint: Checkpoint, folder: PeerFolder, node: Node
) -> None:
    note = folder.note(WITNESSED)
    before = checkpoint_in(note) if note else Checkpoint(checkpoint.origin, 0, tree.EMPTY_ROOT)
    if submission.old != before.size:
        raise CheckpointStale(checkpoint.origin, before.size)
    if tree.proves_consistency(
        old=before.size,
        new=checkpoint.size,
        old_root=before.root,
        new_root=checkpoint.root,
        path=submission.path,
    ):
        return
    words = (
        f"{checkpoint.origin} submits {checkpoint.size} entries with the root "
        f"{checkpoint.root.hex()}, which are not shown to continue the {before.size} witnessed"
    )
    if note is not None:
        notes = {"now": submission.note, "before": note}
        folder.keep_evidence("unproved", words, node.now(), notes)
    if checkpoint.size == before.size:
        raise CheckpointStale(checkpoint.origin, before.size)
    raise ProofFails(words)


def _cosign(head: bytes, checkpoint: Checkpoint, folder: PeerFolder, node: Node) -> str:
    now = node.now()
    lines = "".join(
        node.signer(use).cosignature(checkpoint.text, now)
        for use in ("witness", f"witness{SECOND}")
        if use in node.signers
    )
    folder.keep(WITNESSED, head + lines.encode())
    return lines
