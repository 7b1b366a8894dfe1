"""Recovery: what a node lost, its own entries and its own objects, comes back from its peers.

Order matters, and every step can be repeated. First the own log: a peer's copy of it is hashed onto
the log on disk, and taken only where that gives the very root that our own key signed. Then the
objects: what the entries that the catalogue does not know yet name and storage lacks is asked of
each peer, and verified as a copy is. Nothing is signed on the way; `perilune.federation.arming`
decides after it whether the node may sign again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from perilune.errors import (
    LogInconsistent,
    NotFound,
    OutboundRefused,
    PeerUnreachable,
    ProofFails,
    Unarmed,
)
from perilune.federation.arming import Seen, seen_by
from perilune.federation.arrival import Giver, arrive
from perilune.federation.folder import PeerFolder, Peers, log_name
from perilune.federation.link import Link
from perilune.federation.mirror import Mirror
from perilune.federation.openings import take_openings
from perilune.federation.promise import Offer
from perilune.federation.roster import Member
from perilune.ingest.projection import Progress, opened, silent
from perilune.ledger import tree
from perilune.model import act
from perilune.model.act import CommitAct, CopyAct, PublishAct
from perilune.model.identifier import Lidvid
from perilune.model.ordered import ClearAct
from perilune.model.package import Manifest
from perilune.node import Node
from perilune.storage.port import Batch

_MOST_NOTE_BYTES = 64 << 10
_BATCH_PRODUCTS = 200
_BATCH_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Missing:
    """A product that an entry of our log took in, and that is not wholly in storage."""

    index: int
    lidvid: Lidvid
    why: str = ""


@dataclass(slots=True)
class Recovered:
    """What came back, and what did not."""

    entries: int = 0
    """Of our log, from copies of it."""
    products: int = 0
    bytes: int = 0
    missing: list[Missing] = field(default_factory=list)
    hidden: int = 0
    """Commitments whose openings are not in storage."""
    silent: list[str] = field(default_factory=list)
    """Peers that did not answer, by name."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A product to be brought back, and the log of its owner."""

    offer: Offer
    owner: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A peer that may give back, and how it is reached."""

    peer: Member
    folder: PeerFolder
    link: Link


def recover(node: Node, progress: Progress = silent) -> Recovered:
    """Bring back from all peers what the log and the storage of ``node`` lack.

    Raises `LogInconsistent` where a peer has another history that our key signed, `Unarmed` where
    it has seen entries of which there is no copy.
    """
    found = Recovered()
    sources = [source for source in _sources(node) if _bring_back_log(source, node, found)]
    bring_back_objects(node, sources, found, progress)
    return found


def bring_back_log(peer: Member, folder: PeerFolder, link: Link, node: Node) -> int:
    """Take up from ``peer`` the entries of our own log that we lack; return how many.

    Errors as `recover`, and `PeerUnreachable` on silence.
    """
    seen = seen_by(peer, link, node)
    node.log.refresh()
    if seen is None or seen.is_in(node):
        return 0
    before = node.log.size
    if seen.checkpoint.size <= before:
        raise _other_history(seen, folder, node, "it has another history")
    _grow(seen, folder, link, node)
    if not seen.is_in(node):
        raise Unarmed(
            f"{peer.who.name} has seen {seen.checkpoint.size} entries of our log and has a copy of "
            f"{node.log.size} only: the others are nowhere to be had from it"
        )
    return node.log.size - before


def _bring_back_log(source: _Source, node: Node, found: Recovered) -> bool:
    try:
        found.entries += bring_back_log(source.peer, source.folder, source.link, node)
    except (PeerUnreachable, OutboundRefused):
        found.silent.append(source.peer.who.name)
        return False
    return True


def _grow(seen: Seen, folder: PeerFolder, link: Link, node: Node) -> None:
    """Extend the log on disk by a peer's copy of it; the high-water mark stays where it is."""
    assert node.tiles is not None
    tiles, name = replace(node.tiles, mark=None), log_name(node.log.origin)
    with node.writing(), tiles.writing():
        own = Mirror(tiles, *Peers.of(node).keys_of(node.log.origin, "log"))
        try:
            note = link.get(f"/mirror/{name}/checkpoint", _MOST_NOTE_BYTES)
            if own.reaches(note, own.size + 1):
                own.grow(
                    note,
                    lambda path, most: link.get(f"/mirror/{name}/{path}", most),
                    lambda _index, _entry: None,
                    lambda _kind, words, _notes: _other_history(seen, folder, node, words),
                )
        except NotFound as error:
            raise PeerUnreachable(f"{seen.by} gives no copy of our log: {error}") from error
    node.log.refresh()


def _other_history(seen: Seen, folder: PeerFolder, node: Node, why: str) -> LogInconsistent:
    words = (
        f"{seen.by} has a checkpoint of {seen.checkpoint.size} entries that our own key signed, "
        f"and our log of {node.log.size} does not lead to it: {why}"
    )
    notes = {"seen": seen.note, "ours": node.log.head}
    place = folder.keep_evidence("put-back", words, node.now(), notes)
    return LogInconsistent(f"{words}. The evidence is kept in {place}")


def bring_back_objects(
    node: Node, sources: Sequence[_Source], found: Recovered, progress: Progress
) -> None:
    """Fetch what the entries that the catalogue does not know yet name and storage lacks."""
    _bring_back_openings(node, sources, found)
    waiting: list[_Wanted] = []
    for index, entry in enumerate(node.log.entries(node.catalogue.applied), node.catalogue.applied):
        match opened(act.decode(entry), node):
            case PublishAct() as publish:
                offer, owner = Offer(index, tree.leaf_hash(entry), publish), node.log.origin
            case CopyAct() as copy:
                offer, owner = Offer(index, tree.leaf_hash(entry), _published(copy)), copy.origin
            case CommitAct():
                found.hidden += 1
                continue
            case _:
                continue
        if not _is_whole(offer.publish, node):
            waiting.append(_Wanted(offer, owner))
    for done, chunk in _chunks(waiting):
        progress("bringing back", done, len(waiting))
        with node.store.batch() as batch:
            for wanted in chunk:
                _bring_back(wanted, sources, node, batch, found)


def _bring_back_openings(node: Node, sources: Sequence[_Source], found: Recovered) -> None:
    """Fetch what the clear acts of our log opened for everyone: partners keep it too."""
    applied = node.catalogue.applied

    def entries(start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        return enumerate(node.log.entries(start, stop), start)

    for index, entry in entries(applied, node.log.size):
        cleared = act.decode(entry)
        if not isinstance(cleared, ClearAct) or cleared.follows or cleared.openings in node.store:
            continue
        for source in sources:
            try:
                take_openings(cleared, index, entries, node, source.link.get)
                break
            except (NotFound, ProofFails):
                continue
            except PeerUnreachable:
                if source.peer.who.name not in found.silent:
                    found.silent.append(source.peer.who.name)


def _bring_back(
    wanted: _Wanted, sources: Sequence[_Source], node: Node, batch: Batch, found: Recovered
) -> None:
    """Ask each peer for one product, its owner first."""
    offer = wanted.offer
    why: list[str] = []
    for source in sorted(sources, key=lambda each: each.peer.who.origin != wanted.owner):
        giver = Giver(source.peer.who.origin, source.link, source.folder)
        try:
            arrival = arrive(offer, giver, node, batch)
        except (NotFound, ProofFails) as error:
            why.append(str(error))
        except PeerUnreachable as error:
            why.append(str(error))
            if source.peer.who.name not in found.silent:
                found.silent.append(source.peer.who.name)
        else:
            found.products += 1
            found.bytes += arrival.manifest.total_bytes
            return
    words = "; ".join(why) or "no peer was there to be asked"
    found.missing.append(Missing(offer.index, offer.publish.lidvid, words))


def _is_whole(publish: PublishAct, node: Node) -> bool:
    if publish.manifest not in node.store:
        return False
    with node.store.open(publish.manifest) as data:
        manifest = Manifest.decode(data.read())
    return all(entry.sha256 in node.store for entry in manifest.files)


def _published(copy: CopyAct) -> PublishAct:
    return PublishAct(
        t=copy.t,
        lidvid=copy.lidvid,
        manifest=copy.manifest,
        manifest_size=copy.manifest_size,
        files=copy.files,
        bytes=copy.bytes,
        delivery=copy.delivery,
        lifecycle=copy.lifecycle,
        releasability=copy.releasability,
    )


def _chunks(waiting: Sequence[_Wanted]) -> Iterator[tuple[int, list[_Wanted]]]:
    """What is wanted in batches of bounded size, each after how many came before."""
    done, chunk, size = 0, list[_Wanted](), 0
    for wanted in waiting:
        if chunk and (len(chunk) == _BATCH_PRODUCTS or size >= _BATCH_BYTES):
            yield done, chunk
            done, chunk, size = done + len(chunk), [], 0
        chunk.append(wanted)
        size += wanted.offer.publish.bytes
    if chunk:
        yield done, chunk


def _sources(node: Node) -> list[_Source]:
    peers = Peers.of(node)
    return [
        _Source(peer, peers.folder(peer.who.origin), Link(peer.url)) for peer in peers.members()
    ]
