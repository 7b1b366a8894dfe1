"""Sealed copies of another node's products: taken without being read, opened by its release act.

Order of effects: an encrypted copy and the shares of its secret become durable objects, each
verified by the digest that the owner's log names; the custody receipt counts them. When the log
tells the key, the copy is opened from our own storage: nothing is fetched again. The key must be
the one whose public part the log named; what it opens is believed only as far as the log bears it
out: opening against commitment, manifest against the act, every file against the manifest. Then
accession, as of any copy.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from perilune.errors import (
    NotFound,
    PeerUnreachable,
    PeriluneError,
    ProofFails,
)
from perilune.federation.arrival import Giver
from perilune.federation.custody import ExceptedSeal, SealCounts
from perilune.federation.description import Description
from perilune.federation.folder import Peers, log_name
from perilune.federation.mirror import Mirror, checkpoint_in, kept_entries
from perilune.federation.replica import State
from perilune.federation.roster import owns
from perilune.federation.unseal import Unsealing, fits
from perilune.ingest.accession import Arrival
from perilune.ledger import tree
from perilune.model import act
from perilune.model.act import PublishAct
from perilune.model.product import Releasability
from perilune.model.sealed import OpenAct, Opened, SealAct, Sealed
from perilune.node import Node
from perilune.sealing.recovery import MOST_BYTES as MOST_RECOVERY_BYTES
from perilune.storage.port import Batch

_BATCH_COPIES = 200
_BATCH_BYTES = 256 << 20
_SMALL = 1 << 20


@dataclass(slots=True)
class _Copy:
    """A sealed copy that is still to be fetched or opened."""

    seal: int
    is_held: bool = False
    opened_by: int | None = None
    why: State = State.NOT_FETCHED

    @property
    def excepted(self) -> ExceptedSeal:
        return ExceptedSeal(self.seal, self.why, self.opened_by)


@dataclass(slots=True)
class SealedCopies:
    """The sealed copies that one log names, as far as they are not settled."""

    who: Description
    giver: Giver
    mirror: Mirror
    node: Node
    words: dict[int, str] = field(default_factory=dict)
    """What went wrong in this round, by the position of the seal."""
    _announced: int = 0
    _opened: int = 0
    _copies: dict[int, _Copy] = field(default_factory=dict)

    def take_up(self, counts: SealCounts, excepted: Sequence[ExceptedSeal]) -> None:
        """Begin where a receipt ended."""
        self._announced, self._opened = counts.announced, counts.opened
        for each in excepted:
            is_held = each.opened_by is not None
            self._copies[each.seal] = _Copy(each.seal, is_held, each.opened_by, each.why)

    def announce(self, index: int) -> None:
        """The log names a sealed copy in its entry ``index``."""
        self._announced += 1
        self._copies[index] = _Copy(index)

    def release(self, index: int, opened: OpenAct) -> None:
        """The log tells keys in its entry ``index``."""
        for each in opened.opens:
            if each.seal is not None:
                copy = self._copies.setdefault(each.seal, _Copy(each.seal, is_held=True))
                copy.opened_by = index

    @property
    def counts(self) -> SealCounts:
        """What a receipt says of them."""
        lacking = sum(not each.is_held for each in self._copies.values())
        return SealCounts(
            announced=self._announced,
            held=self._announced - lacking,
            opened=self._opened,
        )

    @property
    def excepted(self) -> tuple[ExceptedSeal, ...]:
        """Those that are not held, or were released and are not opened."""
        return tuple(each.excepted for _, each in sorted(self._copies.items()))

    def fetch(self) -> None:
        """Take every copy that is not here; what cannot be had stays excepted."""
        waiting = [each for _, each in sorted(self._copies.items()) if not each.is_held]
        while waiting:
            size, taken = 0, list[_Copy]()
            with self.node.store.batch() as batch:
                while waiting and len(taken) < _BATCH_COPIES and size < _BATCH_BYTES:
                    copy = waiting.pop(0)
                    try:
                        size += self._take(copy, batch)
                    except PeerUnreachable as error:
                        self._fail(copy, State.UNAVAILABLE, error)
                        waiting.clear()
                    except NotFound as error:
                        self._fail(copy, State.UNAVAILABLE, error)
                    except ProofFails as error:
                        self._fail(copy, State.WRONG_BYTES, error)
                    else:
                        taken.append(copy)
            for copy in taken:
                copy.is_held = True
                if copy.opened_by is None:
                    del self._copies[copy.seal]

    def arrivals(self) -> Iterator[list[Arrival]]:
        """What release acts open: products whose bytes are durable here, to be accessioned.

        Those handed out are settled once the caller comes back for more.
        """
        waiting = [
            each
            for _, each in sorted(self._copies.items())
            if each.is_held and each.opened_by is not None
        ]
        while waiting:
            size, opened = 0, list[tuple[_Copy, Arrival]]()
            with self.node.store.batch() as batch:
                while waiting and len(opened) < _BATCH_COPIES and size < _BATCH_BYTES:
                    copy = waiting.pop(0)
                    if (arrival := self._open(copy, batch)) is not None:
                        opened.append((copy, arrival))
                        size += arrival.publish.bytes
            yield [arrival for _, arrival in opened]
            for copy, _ in opened:
                self._opened += 1
                del self._copies[copy.seal]

    def _fail(self, copy: _Copy, why: State, error: PeriluneError) -> None:
        copy.why = why
        self.words[copy.seal] = f"sealed copy {copy.seal}: {error}"

    def _take(self, copy: _Copy, batch: Batch) -> int:
        seal = self._seal(copy.seal)
        place = f"/federation/{log_name(self.giver.origin)}"
        fetch_object(seal.sealed, f"{place}/sealed/{copy.seal}", self.giver, self.node, batch)
        if seal.recovery is not None:
            if seal.recovery.size > MOST_RECOVERY_BYTES:
                raise ProofFails(f"shares of {seal.recovery.size:,} bytes are none")
            path = f"{place}/recovery/{copy.seal}"
            fetch_object(seal.recovery, path, self.giver, self.node, batch)
        return seal.sealed.size

    def _seal(self, index: int) -> SealAct:
        """The act at ``index``; raise `ProofFails` where it names no sealed copy."""
        if not index < self.mirror.size:
            raise ProofFails(f"entry {index} is not there yet")
        [(_, entry)] = self.mirror.entries(index, index + 1)
        found = act.decode(entry)
        if not isinstance(found, SealAct):
            raise ProofFails(f"entry {index} names no sealed copy")
        return found

    def _open(self, copy: _Copy, batch: Batch) -> Arrival | None:
        """The product that ``copy`` holds, its files in ``batch``; None where it does not open."""
        try:
            seal, opened = self._seal(copy.seal), self._key(copy)
            if opened.entry != seal.entry or not fits(opened.identity, seal):
                self._fail(copy, State.WRONG_KEY, ProofFails("the key released is not its own"))
                return None
            [(_, entry)] = self.mirror.entries(seal.entry, seal.entry + 1)
            unsealing = Unsealing(self.node, batch, self._require_releasable)
            unsealed = unsealing.unseal(seal, opened.identity, entry)
        except NotFound as error:
            copy.is_held = False
            self._fail(copy, State.NOT_FETCHED, error)
            return None
        except ProofFails as error:
            self._fail(copy, State.WRONG_BYTES, error)
            return None
        return Arrival(
            origin=self.giver.origin,
            index=seal.entry,
            leaf=tree.leaf_hash(entry),
            # cleared since, or the owner's log would not show the act that opens it
            publish=replace(unsealed.publish, releasability=Releasability.PUBLIC),
            manifest=unsealed.manifest,
            product=unsealed.product,
        )

    def _key(self, copy: _Copy) -> Opened:
        assert copy.opened_by is not None
        [(_, entry)] = self.mirror.entries(copy.opened_by, copy.opened_by + 1)
        found = act.decode(entry)
        assert isinstance(found, OpenAct)
        return next(each for each in found.opens if each.seal == copy.seal)

    def _require_releasable(self, published: PublishAct) -> None:
        if not owns(self.who, published.lidvid.lid):
            raise ProofFails(f"{published.lidvid} lies in no namespace of {self.who.name}")
        if published.embargo is None:
            raise ProofFails(f"{published.lidvid} was not published under an embargo")


def fetch_object(sealed: Sealed, path: str, giver: Giver, node: Node, batch: Batch) -> None:
    """Have ``batch`` hold an object that the giver's log names, unless it is here.

    What came of a large one waits beside and is gone on with; it counts only once its digest is
    right. Raises `ProofFails` where it is not, `NotFound` and `PeerUnreachable` as `Link.get`.
    """
    if sealed.sha256 in node.store and node.store.size(sealed.sha256) == sealed.size:
        return
    if sealed.size <= _SMALL:
        data = giver.link.get(path, sealed.size)
        if hashlib.sha256(data).hexdigest() != sealed.sha256:
            raise ProofFails(f"{giver.link.name}{path} is not {sealed.sha256}")
        batch.put(io.BytesIO(data))
        return
    part = giver.folder.part(sealed.sha256)
    with part.open("a+b") as file:
        if (have := file.tell()) < sealed.size:
            with giver.link.span(path, have, sealed.size, sealed.size) as runs:
                for run in runs:
                    file.write(run)
        if (have := file.tell()) < sealed.size:
            raise PeerUnreachable(f"{path} broke off after {have} of {sealed.size} bytes")
        file.seek(0)
        found = batch.put(file)
    part.unlink()
    if (found.sha256, found.size) != (sealed.sha256, sealed.size):
        batch.drop(found.sha256)
        raise ProofFails(f"{giver.link.name}{path} is not {sealed.sha256}")


def seal_in(log: str, index: int, node: Node) -> SealAct:
    """The act that names a sealed copy, in our own log or in the copy of a peer's.

    ``log`` is the log's name (`log_name`). Raises `NotFound` where there is no such act.
    """
    for entry in _entries(log, index, node):
        if isinstance(found := act.decode(entry), SealAct):
            return found
    raise NotFound(f"entry {index} of the log {log[:80]!r} names no sealed copy")


def _entries(log: str, index: int, node: Node) -> Iterator[bytes]:
    if log == log_name(node.config.origin):
        node.log.refresh()
        yield node.log.entry(index)
    elif node.root is not None:
        peers = Peers.of(node)
        for peer in peers.members():
            if log_name(peer.who.origin) == log:
                tiles = peers.folder(peer.who.origin).log
                head = tiles.head()
                if head is not None and 0 <= index < (size := checkpoint_in(head).size):
                    yield from (entry for _, entry in kept_entries(tiles, size, index, index + 1))
