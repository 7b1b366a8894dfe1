"""Files of a node that are no objects, held against what signed or summed them; and mended.

The log and the copies of partners' logs against their signed heads, the catalogue against the
checksums of its pages, notes and receipts against their signatures. What is mended
is made again from the rest, or fetched from the node that has the same; it is written beside and
takes the damaged file's place in one rename, after that was copied to ``set-aside/``. Nothing is
overwritten where the right bytes are not known.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from perilune.durable import settle_one, whole
from perilune.errors import (
    Damaged,
    LogInconsistent,
    NotFound,
    OutboundRefused,
    PeerUnreachable,
    ProofFails,
)
from perilune.federation.custody import CustodyReceipt
from perilune.federation.folder import (
    EXCEPTED,
    GIVEN,
    SEEN,
    TAKEN,
    WITNESSED,
    PeerFolder,
    Peers,
    log_name,
)
from perilune.federation.link import Link
from perilune.federation.mirror import BUNDLE_BYTES, Mirror
from perilune.federation.roster import Member
from perilune.ledger.note import Verifier, open_note
from perilune.ledger.survey import Survey
from perilune.model.act import KeyAct, ReceiveAct
from perilune.node import Node
from perilune.preservation.readable import all_acts
from perilune.preservation.rebuild import rebuild

CATALOGUE = "catalogue.sqlite"
_LOG = "log"
_MOST_NOTE_BYTES = 64 << 10
_MOST_LIST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class FileDamage:
    """One file of the node's folder that is not what it was."""

    path: str
    """Below the node's folder."""
    detail: str
    is_mended: bool = False

    @property
    def is_of_the_log(self) -> bool:
        """Whether it is a file of the node's own log, and still damaged."""
        return self.path.startswith(f"{_LOG}/") and not self.is_mended


def examine(node: Node, *, mend: bool = False) -> Iterator[FileDamage]:
    """Look at every such file, and ``mend`` what can be; a node in memory has none."""
    if node.root is None:
        return
    yield from examine_log(node, mend=mend)
    yield from examine_copies(node, mend=mend)
    yield from examine_notes(node, mend=mend)
    yield from examine_catalogue(node, mend=mend)


def examine_log(node: Node, *, mend: bool = False) -> Iterator[FileDamage]:
    """The node's own log; entries that changed are fetched from a peer's copy."""
    assert node.root is not None

    def elsewhere(path: str) -> bytes | None:
        for peer in Peers.of(node).members() if mend else ():
            asked = f"/mirror/{log_name(node.log.origin)}/{path}"
            if (found := _given(peer, asked, BUNDLE_BYTES)) is not None:
                return found
        return None

    try:
        found = node.log.survey(elsewhere)
    except LogInconsistent as error:
        yield FileDamage(f"{_LOG}/checkpoint", str(error))
        return
    if found.changed and mend:
        with node.writing():
            yield from _put_right(found, node.root / _LOG, node.root)
    else:
        yield from _told(found, node.root / _LOG, node.root)


def examine_copies(node: Node, *, mend: bool = False) -> Iterator[FileDamage]:
    """The copies of partners' logs; entries that changed are fetched from the partner."""
    assert node.root is not None
    for peer in Peers.of(node).members():
        folder = Peers.of(node).folder(peer.who.origin)
        if folder.log.head() is None:
            continue

        def elsewhere(path: str, peer: Member = peer) -> bytes | None:
            return _given(peer, f"/log/{path}", BUNDLE_BYTES) if mend else None

        with folder.alone():
            try:
                keys = Peers.of(node).keys_of(peer.who.origin, "log")
                found = Mirror(folder.log, *keys).survey(elsewhere)
            except (LogInconsistent, ProofFails) as error:
                yield FileDamage(_below(folder.log.root / "checkpoint", node.root), str(error))
                continue
            put = _put_right if mend else _told
            yield from put(found, folder.log.root, node.root)


def examine_catalogue(node: Node, *, mend: bool = False) -> Iterator[FileDamage]:
    """The catalogue, which is made again where a page of it changed."""
    words = [node.catalogue_fault] if node.catalogue_fault else list(node.catalogue.changed())
    if not words:
        return
    detail = "; ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")
    if not mend:
        yield FileDamage(CATALOGUE, detail)
        return
    assert node.root is not None
    set_aside(node.root / CATALOGUE, node.root)
    try:
        rebuild(node)
    except (Damaged, NotFound) as error:
        yield FileDamage(CATALOGUE, f"{detail}; it cannot be made again yet: {error}")
        return
    yield FileDamage(CATALOGUE, detail, is_mended=True)


def examine_notes(node: Node, *, mend: bool = False) -> Iterator[FileDamage]:
    """Receipts given, the roster, and what peers and we signed for each other."""
    assert node.root is not None
    yield from _receipts(node, node.root)
    peers = Peers.of(node)
    try:
        members = peers.members()
    except ProofFails as error:
        yield FileDamage("peers/roster", str(error))
        return
    for peer in members:
        folder = peers.folder(peer.who.origin)
        for note in _notes(peer, folder, node):
            yield from note.examined(node.root, mend=mend)


def set_aside(path: Path, root: Path) -> None:
    """Keep a copy of a damaged file under ``set-aside/``, as evidence."""
    if not path.is_file():
        return
    kept = root / "set-aside" / _below(path, root)
    kept.parent.mkdir(parents=True, exist_ok=True)
    places = (kept.with_name(f"{kept.name}.{number}") for number in count(1))
    target = next(place for place in places if not place.exists())
    shutil.copyfile(path, target)
    settle_one(target)
    settle_one(target.parent)


@dataclass(frozen=True, slots=True)
class _Note:
    """A signed file, how it is held to be right, and where another of it may be had."""

    path: Path
    check: Callable[[bytes], object]
    """Raises `ProofFails`."""
    another: Callable[[], bytes | None]

    def examined(self, root: Path, *, mend: bool) -> Iterator[FileDamage]:
        if not self.path.is_file():
            return
        fault = self._fault(self.path.read_bytes())
        if not fault:
            return
        again = self.another() if mend else None
        is_mended = again is not None and not self._fault(again)
        if again is not None and is_mended:
            set_aside(self.path, root)
            with whole(self.path) as file:
                file.write(again)
        yield FileDamage(_below(self.path, root), fault, is_mended=is_mended)

    def _fault(self, data: bytes) -> str:
        try:
            self.check(data)
        except ProofFails as error:
            return str(error)
        return ""


def _notes(peer: Member, folder: PeerFolder, node: Node) -> Iterator[_Note]:
    peers, origin, own = Peers.of(node), peer.who.origin, node.config.origin
    theirs = {use: peers.keys_of(origin, use) for use in ("log", "custody", "witness")}
    asked = f"/federation/{log_name(own)}"

    def listed(data: bytes) -> None:
        given = folder.note(GIVEN)
        receipt = CustodyReceipt.verify(given, *theirs["custody"]) if given else None
        if receipt is not None and hashlib.sha256(data).hexdigest() != receipt.exceptions:
            raise ProofFails(f"not the list of exceptions {receipt.exceptions}")

    def seen(data: bytes) -> None:
        open_note(data, peers.keys_of(own, "log"))
        open_note(data, theirs["witness"])

    yield _Note(
        folder.root / TAKEN,
        lambda data: CustodyReceipt.verify(data, *peers.keys_of(own, "custody")),
        lambda: _receipt_taken(peer, node),
    )
    yield _Note(
        folder.root / GIVEN,
        lambda data: CustodyReceipt.verify(data, *theirs["custody"]),
        lambda: _given(peer, f"{asked}/custody", _MOST_NOTE_BYTES),
    )
    yield _Note(
        folder.root / EXCEPTED,
        listed,
        lambda: _given(peer, f"{asked}/exceptions", _MOST_LIST_BYTES),
    )
    yield _Note(
        folder.root / SEEN, seen, lambda: _given(peer, f"{asked}/checkpoint", _MOST_NOTE_BYTES)
    )
    yield _Note(folder.root / WITNESSED, lambda data: open_note(data, theirs["log"]), lambda: None)


def _receipt_taken(peer: Member, node: Node) -> bytes | None:
    """Our newest custody receipt for a peer's log, from storage, where our log names it."""
    name = ""
    for _, act in all_acts(node):
        if isinstance(act, ReceiveAct) and act.origin == peer.who.origin:
            name = act.receipt
    try:
        with node.store.open(name) as data:
            return data.read()
    except NotFound:
        return None


def _receipts(node: Node, root: Path) -> Iterator[FileDamage]:
    """Copies of receipts that were given for deliveries, by any receipt key the log names."""
    places = sorted((root / "receipts").glob("*.receipt"))
    if not places:
        return
    keys = [
        Verifier.parse(vkey)
        for _, act in all_acts(node)
        if isinstance(act, KeyAct)
        for use, vkey in act.keys
        if use == "receipt"
    ]
    for path in places:
        try:
            open_note(path.read_bytes(), keys)
        except ProofFails as error:
            yield FileDamage(_below(path, root), str(error))


def _given(peer: Member, path: str, most: int) -> bytes | None:
    """What the peer answers; None where it does not."""
    try:
        return Link(peer.url).get(path, most)
    except (NotFound, PeerUnreachable, OutboundRefused):
        return None


def _told(found: Survey, folder: Path, root: Path) -> Iterator[FileDamage]:
    for path, detail in found.changed.items():
        yield FileDamage(_below(folder / path, root), detail)


def _put_right(found: Survey, folder: Path, root: Path) -> Iterator[FileDamage]:
    """Write what is known to be right in the place of what is not."""
    for path, detail in found.changed.items():
        place, data = folder / path, found.right.get(path)
        if data is not None:
            set_aside(place, root)
            place.parent.mkdir(parents=True, exist_ok=True)
            with whole(place) as file:
                file.write(data)
        yield FileDamage(_below(place, root), detail, is_mended=data is not None)


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
