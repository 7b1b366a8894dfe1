"""Taking in what came on a medium, and the receipt that goes back the same way.

What the medium holds is verified exactly as what comes over the network: by the keys that are
pinned for its node, entry by entry of its log, file by file. Importing again is importing once. The
receipt is our custody receipt with its list of exceptions and the checkpoint that we cosigned, in
one file. Format: docs/reference/formats.md, "Medium".
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from perilune.errors import NotFound, PeerUnreachable, ProofFails, WrongUsage
from perilune.federation.custody import CustodyReceipt
from perilune.federation.description import Description
from perilune.federation.folder import SEEN, TAKEN, WITNESSED, Peers, log_name
from perilune.federation.medium import Medium
from perilune.federation.pull import Round, Synced
from perilune.federation.roster import Member
from perilune.ingest.projection import Progress, silent
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import cosigned_at, signed_only_by, text_of
from perilune.node import Node

_KIND = "custody-returned"
_MOST_BYTES = 96 << 20


def import_medium(root: Path, node: Node, progress: Progress = silent) -> Synced:
    """Take custody of what the bag ``root`` brings of a peer's.

    Raises `WrongUsage` where it is no such bag, or of a node that is no peer; else as `sync`.
    """
    medium = Medium(root)
    try:
        who = Description.decode(medium.get("/federation/node", 1 << 20))
    except (NotFound, PeerUnreachable, ProofFails) as error:
        raise WrongUsage(f"{root} is not what perilune export writes: {error}") from error
    peer = _peer(who.origin, node)
    with Peers.of(node).folder(peer.who.origin).alone():
        return Round(peer, medium, node, progress).go()


def receipt_for(peer: Member, node: Node) -> bytes:
    """What goes back to ``peer``: our newest receipt for its log, as one file.

    Raises `NotFound` while there is none.
    """
    folder = Peers.of(node).folder(peer.who.origin)
    note, witnessed = folder.note(TAKEN), folder.note(WITNESSED)
    if note is None or witnessed is None:
        raise NotFound(f"nothing of {peer.who.name} is in custody here yet")
    receipt = CustodyReceipt.verify(note, node.signer("custody").verifier)
    with node.store.open(receipt.exceptions) as data:
        listed = data.read()
    document = {
        "v": 1,
        "kind": _KIND,
        "origin": node.config.origin,
        "custody": note.decode(),
        "exceptions": listed.decode(),
        "checkpoint": witnessed.decode(),
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def import_receipt(file: Path, node: Node) -> CustodyReceipt:
    """Believe, as far as our own log bears it out, the receipt that a peer sent back; keep it.

    Raises `WrongUsage` where ``file`` is none, `PeerUntrusted` where it is false.
    """
    document = _document(file)
    peer = _peer(document["origin"], node)
    folder = Peers.of(node).folder(peer.who.origin)
    with folder.alone():
        this = Round(peer, _Returned(document, node.config.origin), node, silent)
        receipt = this.given(_Returned(document, node.config.origin))
        assert receipt is not None
        _keep_cosigned(document["checkpoint"].encode(), peer, node)
        return receipt


def _keep_cosigned(note: bytes, peer: Member, node: Node) -> None:
    """Keep our checkpoint with the peer's cosignature, if it is newer than the one we have."""
    folder = Peers.of(node).folder(peer.who.origin)
    witness = peer.who.keys["witness"]
    try:
        cosigned_at(note, witness)
        seen = signed_only_by(note, [node.signer("log").verifier, witness])
        size = Checkpoint.parse(text_of(seen)).size
    except ProofFails as error:
        raise WrongUsage(f"the checkpoint beside the receipt is false: {error}") from error
    before = folder.note(SEEN)
    if before is None or Checkpoint.parse(text_of(before)).size < size:
        folder.keep(SEEN, seen)


def _document(file: Path) -> Mapping[str, str]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise WrongUsage(f"{file} has more than {_MOST_BYTES:,} bytes")
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise WrongUsage(f"{file} is no receipt of an import: {error}") from error
    texts = ("origin", "custody", "exceptions", "checkpoint")
    is_receipt = isinstance(found, dict) and (found.get("v"), found.get("kind")) == (1, _KIND)
    if not is_receipt or not all(isinstance(found.get(each), str) for each in texts):
        raise WrongUsage(f"{file} is no receipt of an import")
    return {each: found[each] for each in texts}


def _peer(origin: str, node: Node) -> Member:
    for peer in Peers.of(node).members():
        if peer.who.origin == origin:
            return peer
    raise WrongUsage(f"{origin} is no peer of this node: pin its keys with perilune peer add first")


@dataclass(frozen=True, slots=True)
class _Returned:
    """A receipt that came back, as a source."""

    document: Mapping[str, str]
    origin: str

    @property
    def name(self) -> str:
        return "the receipt"

    def get(self, path: str, most: int) -> bytes:
        base = f"/federation/{log_name(self.origin)}"
        member = {f"{base}/custody": "custody", f"{base}/exceptions": "exceptions"}.get(path)
        if member is None:
            raise NotFound(f"a receipt has no {path}")
        data = self.document[member].encode()
        if len(data) > most:
            raise PeerUnreachable(f"{path} has {len(data):,} bytes in the receipt")
        return data

    def span(
        self, path: str, start: int, stop: int, size: int
    ) -> AbstractContextManager[Iterator[bytes]]:
        raise NotFound(f"a receipt has no bytes {start} to {stop} of {size} of {path}")

    def frames(self, question: bytes, most: int) -> bytes:
        raise NotFound(f"a receipt has none of {len(question)} bytes of products, {most}")
