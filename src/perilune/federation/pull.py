"""Pull replication: read a partner's log, take what it has and we lack, say what we hold.

Order of effects, and every step can be repeated:

1. The partner's log is copied as far as its new checkpoint (`perilune.federation.mirror`). Not a
   byte of a product is asked for before that is verified.
2. Run by run: files into a batch of the store, verified; the batch is left, so they are durable;
   our log says so (`copy` acts); the catalogue. That is accession, the same as of a delivery. Small
   products come many at a time, and the next run is on its way meanwhile. A kill leaves at worst
   unreferenced bytes and parts of files; the next round goes on.
3. The list of exceptions and the custody receipt become objects; our log names them (`receive`);
   the receipt and our cosignature under the partner's checkpoint are laid out for it to fetch.
4. The partner is asked to witness our own log, and its receipt for it is fetched; both are believed
   only as far as our own log bears them out.

Before all that the partner is asked what it has seen of our log. Where it shows a checkpoint that
we signed and that our log does not contain, this node was put back: what it lost is fetched first
(`perilune.federation.recovery`), and nothing is signed before that is here.

What to do with each product is decided in `perilune.federation.replica`, without a network.
"""

import hashlib
import io
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from perilune.catalogue.port import Projection
from perilune.errors import (
    Damaged,
    LogInconsistent,
    NotFound,
    PeerUnreachable,
    PeerUntrusted,
    PeriluneError,
    ProofFails,
)
from perilune.federation.anchoring import anchored
from perilune.federation.arming import arm
from perilune.federation.arrival import Giver, arrive
from perilune.federation.asking import asking
from perilune.federation.carriage import Brought, Carriage, Load, Outcome, arrived, is_small
from perilune.federation.custody import (
    Counts,
    CustodyReceipt,
    Excepted,
    ExceptedSeal,
    decode_exceptions,
    encode_exceptions,
)
from perilune.federation.folder import (
    EXCEPTED,
    GIVEN,
    TAKEN,
    WITNESSED,
    Peers,
    log_name,
)
from perilune.federation.following import Follower
from perilune.federation.link import Link
from perilune.federation.mirror import Mirror, checkpoint_in
from perilune.federation.pace import Pace
from perilune.federation.partners import PartnerCopies
from perilune.federation.promise import Offer
from perilune.federation.recovery import Recovered, bring_back_log, recover
from perilune.federation.replica import (
    DISPUTED,
    Differs,
    Event,
    NotGiven,
    Present,
    Published,
    Released,
    Retried,
    State,
    Withdrawn,
    advance,
    urgency,
)
from perilune.federation.roster import Member, owns
from perilune.federation.sealed import SealedCopies
from perilune.federation.source import Source
from perilune.federation.succession import keys_told, succeeded
from perilune.federation.witness import be_witnessed, cosign_copy
from perilune.ingest.accession import Arrival, accession_copies, record
from perilune.ingest.projection import Progress, catch_up, opened, silent
from perilune.ingest.release import release_due
from perilune.ingest.workers import seldom_collecting, workers
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import to_base64
from perilune.model import act
from perilune.model.act import CommitAct, KeyAct, PublishAct, ReceiveAct, ReleaseAct
from perilune.model.guard import AnchorAct
from perilune.model.identifier import Lidvid
from perilune.model.ordered import ClearAct, ErratumAct, WithdrawAct
from perilune.model.product import Lifecycle, Releasability
from perilune.model.sealed import OpenAct, SealAct
from perilune.model.timetable import Timetable
from perilune.node import Node
from perilune.outbound import Connections
from perilune.storage.port import Batch

T = TypeVar("T")

_RUN_PRODUCTS = 1_000
_FIRST_RUN_BYTES, _MOST_RUN_BYTES = 2 << 20, 256 << 20
_BRISK_S, _SLOW_S = 2.0, 8.0
"""A run that took less, or more: the next ones are larger, or smaller. A kill costs a run."""
_PRELOADED = ("perilune.federation.carriage",)
_MOST_SILENCES = 3
"""Products in a row that the peer does not answer for, before it is left in peace."""
_MOST_NOTE_BYTES = 64 << 10
_MOST_LIST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What came of one round with one peer."""

    peer: Member
    size: int
    """Entries of its log that were verified."""
    copied: int
    """Products that came into custody in this round, of those published openly."""
    for_partners: int
    """Products that the peer tells to its partners alone, and that are held here."""
    bytes: int
    counts: Counts
    excepted: tuple[Excepted, ...]
    sealed: tuple[ExceptedSeal, ...]
    """Sealed copies that are not held, or that their release act did not open."""
    given: CustodyReceipt | None
    """What the peer says it holds of ours; None where it has said nothing yet."""
    recovered: Recovered
    """What came back first, of our own, because this node was put back."""
    faults: tuple[str, ...]
    """What went wrong in this round, product by product, in words."""

    @property
    def is_undisputed(self) -> bool:
        """Whether everything is here that the peer gives at all."""
        bad = DISPUTED | {State.UNAVAILABLE, State.NOT_FETCHED}
        reasons = {each.why for each in self.excepted} | {each.why for each in self.sealed}
        return not reasons & bad


def sync(
    peer: Member, node: Node, progress: Progress = silent, limit: Timetable | None = None
) -> Synced:
    """Go through one round with ``peer``, no faster than ``limit``, else the node's own limit.

    Raises `PeerUntrusted` where its log contradicts what was seen (the evidence is kept),
    `PeerUnreachable` where it does not answer, `NodeBusy` where another round is under way.
    """
    pace = Pace(limit or Timetable.parse(node.config.transfer_limit))
    folder = Peers.of(node).folder(peer.who.origin)
    with folder.alone(), Connections() as kept:
        link = Link(peer.url, kept, pace, asking(node, peer.who.origin))
        now = succeeded(peer, folder, link, node)
        this = Round(now, link, node, progress)
        recovered = this.take_up_own_past(link)
        found = this.go()
        be_witnessed(now, folder, link, node)
        return replace(found, recovered=recovered, given=this.given(link))


@dataclass(frozen=True, slots=True)
class _Run:
    """Products that go into one batch of the store."""

    ids: frozenset[Lidvid]
    stack: ExitStack
    """Holds the batch open."""
    batch: Batch
    loads: list[Load]
    alone: set[int]
    """Positions of those to be asked for by themselves."""


class Round:
    """One round; knows of every published product that is not held, and why."""

    def __init__(self, peer: Member, source: Source, node: Node, progress: Progress) -> None:
        self._peer, self._source, self._node, self._progress = peer, source, node, progress
        self._peers = Peers.of(node)
        self._folder = folder = self._peers.folder(peer.who.origin)
        self._giver = Giver(peer.who.origin, self._source, folder)
        old = self._peers.keys_of(peer.who.origin, "log")
        key, *beside = peer.who.signing("log")
        self._mirror = Mirror(folder.log, key, *old, beside=beside)
        self._follower = Follower(peer, self._mirror, node, self._asked)
        self._for_partners = PartnerCopies(peer, self._giver, self._mirror, self._follower, node)
        self._keys = keys_told(peer, folder)
        self._copies = SealedCopies(peer.who, self._giver, self._mirror, node)
        self._words: dict[int, str] = {}
        self._states: dict[int, State] = {}
        """Position in the owner's log to state, of those not held."""
        self._offers: dict[int, Offer] = {}
        self._published = self._hidden = 0
        self._copied = self._bytes = self._silences = 0
        self._run_bytes = _FIRST_RUN_BYTES
        self._previous: CustodyReceipt | None = None

    def go(self) -> Synced:
        """Steps 1 to 3, from whatever the source is."""
        with self._node.writing():
            catch_up(self._node)
        release_due(self._node)
        self._copy_log()
        self._sweep_parts()
        start = self._take_up()
        again = [index for index in sorted(self._states) if self._feed(index, Retried())]
        most = len(again) + self._mirror.size - start
        self._fetch(self._in_order(chain(again, self._read(start))), most)
        self._settle_copies()
        self._for_partners.take()
        self._acknowledge()
        words = self._words | self._copies.words | self._for_partners.words
        return Synced(
            peer=self._peer,
            size=self._mirror.size,
            copied=self._copied,
            for_partners=self._for_partners.held,
            bytes=self._bytes,
            counts=self._counts(),
            excepted=self._excepted(),
            given=None,
            recovered=Recovered(),
            sealed=self._copies.excepted,
            faults=tuple(words[index] for index in sorted(words)),
        )

    def _copy_log(self) -> None:
        """Step 1, and our cosignature, which says that the partner's log has only grown."""
        before = self._folder.note(WITNESSED)
        note = self._asked("/log/checkpoint", _MOST_NOTE_BYTES)
        if before is not None:
            self._require_no_less(note, before)
        self._mirror.grow(
            note,
            lambda path, most: self._asked(f"/log/{path}", most),
            self._look,
            self._contradiction,
        )
        cosign_copy(self._mirror, self._folder, self._node, self._contradiction)

    def _require_no_less(self, note: bytes, before: bytes) -> None:
        """Raise `PeerUntrusted` where the partner shows less than what we cosigned of its log.

        Our copy of the log tells that too, unless it was lost since.
        """
        was = checkpoint_in(before)
        if self._mirror.size < was.size and not self._mirror.reaches(note, was.size):
            words = f"{was.origin} shows fewer entries than the {was.size} that we cosigned"
            raise self._contradiction("rollback", words, {"now": note, "before": before})

    def _asked(self, path: str, most: int) -> bytes:
        try:
            return self._source.get(path, most)
        except NotFound as error:
            raise PeerUnreachable(f"{error}; is a node of Perilune served there?") from error

    def _look(self, index: int, entry: bytes) -> None:
        """Raise `PeerUntrusted` where an entry is no act, or names keys that are not pinned."""
        who = self._peer.who
        try:
            found = act.decode(entry)
            act.time_of(entry)
        except ProofFails as error:
            raise PeerUntrusted(f"entry {index} of {who.origin} is no act: {error}") from error
        if isinstance(found, AnchorAct) and found.origin == self._node.log.origin:
            self._require_anchored(found)
        if isinstance(found, KeyAct) and (
            found.origin != who.origin or dict(found.keys) not in self._keys
        ):
            raise PeerUntrusted(
                f"entry {index} of {who.origin} names other keys than those pinned for it"
            )

    def _require_anchored(self, found: AnchorAct) -> None:
        """Raise `LogInconsistent` where its log carries what we signed and do not have."""
        log = self._node.log
        ours = anchored(found, self._peers.keys_of(log.origin, "log"))
        if ours is None or (ours.size <= log.size and log.root_at(ours.size) == ours.root):
            return
        words = (
            f"the log of {self._peer.who.name} carries a checkpoint of {ours.size} entries that "
            f"our own key signed, and our log of {log.size} does not contain it"
        )
        notes = {"anchored": found.checkpoint.encode(), "ours": log.head}
        place = self._folder.keep_evidence("put-back", words, self._node.now(), notes)
        raise LogInconsistent(f"{words}. The evidence is kept in {place}")

    def _contradiction(self, kind: str, words: str, notes: dict[str, bytes]) -> PeerUntrusted:
        place = self._folder.keep_evidence(kind, words, self._node.now(), notes)
        return PeerUntrusted(f"{words}. The evidence is kept in {place}")

    def _sweep_parts(self) -> None:
        """Remove parts of files that are in storage by now."""
        for part in self._folder.parts():
            if part.name in self._node.store:
                part.unlink()

    def _take_up(self) -> int:
        """Begin where the last receipt ended; return how many entries it covers."""
        note = self._folder.note(TAKEN)
        if note is None:
            return 0
        own = self._peers.keys_of(self._node.config.origin, "custody")
        receipt = CustodyReceipt.verify(note, *own)
        try:
            with self._node.store.open(receipt.exceptions) as data:
                excepted, seals = decode_exceptions(data.read())
        except NotFound:
            return 0  # looked at from the beginning, everything held is found held
        for each in excepted:
            [(_, entry)] = self._mirror.entries(each.index, each.index + 1)
            publish = opened(act.decode(entry), self._node)
            assert isinstance(publish, PublishAct)
            self._states[each.index] = each.why
            self._offers[each.index] = Offer(each.index, tree.leaf_hash(entry), publish)
        self._copies.take_up(receipt.counts.sealed, seals)
        self._previous = receipt
        self._published, self._hidden = receipt.counts.published, receipt.counts.hidden
        return receipt.log.size

    def _read(self, start: int) -> Iterator[int]:
        """Go through the new entries; the positions of products to be fetched."""
        for index, entry in self._mirror.entries(start, self._mirror.size):
            match act.decode(entry):
                case PublishAct() as publish:
                    is_public = publish.releasability is Releasability.PUBLIC
                    yield from self._hear(index, entry, publish, is_public=is_public)
                case ReleaseAct(delivery=delivery):
                    yield from self._released(delivery)
                case SealAct():
                    self._copies.announce(index)
                case OpenAct() as told:
                    self._copies.release(index, told)
                    yield from self._unsealed(told)
                case ClearAct(follows=None) as cleared:
                    yield from self._opened(index, cleared)
                case (WithdrawAct() | ErratumAct()) as found:
                    self._follower.note(index, found)
                    if isinstance(found, WithdrawAct):
                        self._withdrawn(found.lidvid)
                case CommitAct():
                    self._hidden += 1
        self._follower.obey()

    def _hear(
        self, index: int, entry: bytes, publish: PublishAct, *, is_public: bool
    ) -> Iterator[int]:
        """The owner says, openly or opened later, that it has a product."""
        self._published += 1
        self._states[index] = State.UNKNOWN
        self._offers[index] = Offer(index, tree.leaf_hash(entry), publish)
        if self._feed(index, self._announced(publish, is_public=is_public)):
            yield index

    def _released(self, delivery: str) -> Iterator[int]:
        for waiting, offer in list(self._offers.items()):
            is_meant = offer.publish.delivery == delivery and offer.publish.embargo is None
            if is_meant and self._feed(waiting, Released()):
                yield waiting

    def _opened(self, index: int, cleared: ClearAct) -> Iterator[int]:
        """What commitments before ``index`` hid is told now."""
        found = self._believed(lambda: self._follower.opened(index, cleared), "list of openings")
        for place, opening in found:
            self._hidden -= 1
            if isinstance(opening.act, PublishAct):
                [(_, entry)] = self._mirror.entries(place, place + 1)
                yield from self._hear(place, entry, opening.act, is_public=True)
        for _, opening in found:
            if isinstance(opening.act, ReleaseAct):
                yield from self._released(opening.act.delivery)

    def _withdrawn(self, lidvid: Lidvid) -> None:
        for index, offer in list(self._offers.items()):
            if offer.publish.lidvid == lidvid:
                self._feed(index, Withdrawn())

    def _in_order(self, wanted: Iterator[int]) -> Iterator[int]:
        """What the node's settings name first comes first, else as it stands in the log."""
        first = self._node.config.transfer_first
        if not first:
            return wanted
        rank = {index: urgency(self._id(index).lid.text, first) for index in wanted}
        return iter(sorted(rank, key=lambda index: (rank[index], index)))

    def _unsealed(self, opened: OpenAct) -> Iterator[int]:
        """Positions of openly published products that were released and never had a copy."""
        for each in opened.opens:
            is_waiting = each.seal is None and each.entry in self._states
            if is_waiting and self._feed(each.entry, Released()):
                yield each.entry

    def _settle_copies(self) -> None:
        """Step 2 for sealed copies: take them, and open those of which the log tells the key."""
        self._copies.fetch()
        for arrivals in self._copies.arrivals():
            for each in arrivals:
                if each.index in self._states:
                    self._feed(each.index, Released())
            self._accession(arrivals)

    def _announced(self, publish: PublishAct, *, is_public: bool) -> Published:
        return Published(
            is_owners=owns(self._peer.who, publish.lidvid.lid),
            is_public=is_public,
            is_released=publish.lifecycle is Lifecycle.RELEASED and publish.embargo is None,
        )

    def _feed(self, index: int, event: Event) -> bool:
        """Tell one copy what happened; whether it is now to be fetched."""
        state, instruction = advance(self._states[index], event)
        if state is State.HELD:
            del self._states[index], self._offers[index]
        else:
            self._states[index] = state
        return instruction is not None

    def _fetch(self, wanted: Iterator[int], most: int) -> None:
        """Step 2 for at most so many products; a run is on its way while one is taken in."""
        ahead: deque[_Run] = deque()
        try:
            with (
                seldom_collecting(),
                workers(most, _PRELOADED) as help_,
                closing(Carriage(self._source, help_)) as carriage,
            ):
                begun = 0
                for indices in self._runs(wanted):
                    self._progress("copying", begun, most)
                    begun += len(indices)
                    if ahead and not ahead[0].ids.isdisjoint(map(self._id, indices)):
                        self._take(ahead)
                    ahead.append(self._begun(indices, carriage))
                    if len(ahead) > 1:
                        self._take(ahead)
                while ahead:
                    self._take(ahead)
        except BaseException:
            for run in ahead:
                run.stack.__exit__(*sys.exc_info())
            raise

    def _runs(self, wanted: Iterator[int]) -> Iterator[list[int]]:
        """As many as go into one batch of the store, no LIDVID twice."""
        run: list[int] = []
        size, ids = 0, set[Lidvid]()
        for index in wanted:
            if len(run) >= _RUN_PRODUCTS or size >= self._run_bytes or self._id(index) in ids:
                yield run
                run, size, ids = [], 0, set()
            run.append(index)
            ids.add(self._id(index))
            size += self._offers[index].size
        if run:
            yield run

    def _begun(self, indices: Sequence[int], carriage: Carriage) -> "_Run":
        """A run of which the small products are being brought; what is held is settled."""
        indices = [each for each in indices if self._states.get(each) is State.NOT_FETCHED]
        ids = [self._id(index) for index in indices]
        held = self._node.catalogue.held(ids)
        missing = []
        for index, name in zip(indices, ids, strict=True):
            if (holding := held.get(name)) is not None:
                is_same = holding.manifest.sha256 == self._offers[index].publish.manifest
                self._feed(index, Present(is_same))
            else:
                missing.append(index)
        stack = ExitStack()
        batch = stack.enter_context(self._node.store.batch())
        offers = [self._offers[index] for index in missing]
        small = [] if batch.hand is None else [offer for offer in offers if is_small(offer)]
        loads = [] if batch.hand is None else carriage.begin(small, batch.hand)
        alone = set(missing) - {offer.index for offer in small}
        return _Run(frozenset(ids), stack, batch, loads, alone)

    def _take(self, ahead: "deque[_Run]") -> None:
        """Have the first run durable, logged and catalogued; fetch singly what was not brought."""
        run = ahead.popleft()
        start = time.monotonic()
        arrivals: list[Arrival] = []
        silence: PeerUnreachable | None = None
        with run.stack:
            for load in run.loads:
                for offer, outcome in zip(load.offers, load.outcomes.result(), strict=True):
                    self._settle(offer, outcome, run, arrivals)
            for index in sorted(run.alone):
                if silence is None:
                    silence = self._arrive(index, run.batch, arrivals)
        self._accession(arrivals)
        if silence is not None:
            raise silence
        took = time.monotonic() - start
        if took < _BRISK_S:
            self._run_bytes = min(self._run_bytes * 2, _MOST_RUN_BYTES)
        elif took > _SLOW_S:
            self._run_bytes = max(self._run_bytes // 2, _FIRST_RUN_BYTES)

    def _settle(self, offer: Offer, outcome: Outcome, run: "_Run", into: list[Arrival]) -> None:
        match outcome:
            case Brought():
                into.append(arrived(offer, outcome, self._giver.origin, run.batch))
                self._silences = 0
            case None:
                run.alone.add(offer.index)
            case ProofFails():
                self._fail(offer.index, Differs(), outcome)
            case _:
                self._fail(offer.index, NotGiven(), outcome)

    def _arrive(self, index: int, batch: Batch, arrivals: list[Arrival]) -> PeerUnreachable | None:
        """Fetch one product; return the error after which the peer is left in peace."""
        try:
            arrivals.append(arrive(self._offers[index], self._giver, self._node, batch))
        except NotFound as error:
            self._fail(index, NotGiven(), error)
        except ProofFails as error:
            self._fail(index, Differs(), error)
        except PeerUnreachable as error:
            self._fail(index, NotGiven(), error)
            self._silences += 1
            return error if self._silences >= _MOST_SILENCES else None
        self._silences = 0
        return None

    def _fail(self, index: int, event: Event, error: PeriluneError) -> None:
        self._words[index] = f"{self._id(index)}: {error}"
        self._feed(index, event)

    def _accession(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        accession_copies(arrivals, self._node)
        for each in arrivals:
            self._copied += 1
            self._bytes += each.manifest.total_bytes
            if each.index in self._states:
                self._feed(each.index, Present(is_same=True))
            for entry in each.manifest.files:
                if entry.pieces:
                    self._folder.part(entry.sha256).unlink(missing_ok=True)

    def _id(self, index: int) -> Lidvid:
        return self._offers[index].publish.lidvid

    def _excepted(self) -> tuple[Excepted, ...]:
        return tuple(
            Excepted(index, self._id(index), state) for index, state in sorted(self._states.items())
        )

    def _counts(self) -> Counts:
        excepted = len(self._states)
        return Counts(
            published=self._published,
            held=self._published - excepted,
            excepted=excepted,
            hidden=self._hidden,
            sealed=self._copies.counts,
        )

    def _acknowledge(self) -> None:
        """Step 3, unless the last receipt says the same of the same products."""
        listed = encode_exceptions(self._excepted(), self._copies.excepted)
        digest, counts = hashlib.sha256(listed).hexdigest(), self._counts()
        before = self._previous
        if before is not None and (before.counts, before.exceptions) == (counts, digest):
            return
        checkpoint = self._mirror.checkpoint
        receipt = CustodyReceipt(
            t=self._node.now(),
            node=self._node.config.name,
            origin=self._node.config.origin,
            log=checkpoint,
            counts=counts,
            exceptions=digest,
        )
        note = receipt.encode(self._node.signer("custody"))
        with self._node.store.batch() as batch:
            batch.put(io.BytesIO(listed))
            batch.put(io.BytesIO(note))
        with self._node.writing():
            catch_up(self._node)
            received = ReceiveAct(
                t=next(self._node.ticks()),
                origin=checkpoint.origin,
                size=checkpoint.size,
                root=to_base64(checkpoint.root),
                exceptions=counts.excepted,
                exception_list=digest,
                receipt=hashlib.sha256(note).hexdigest(),
            )
            record([received], self._node, hidden=False)
            self._node.catalogue.apply(Projection(applied=self._node.log.size))
        self._folder.keep(TAKEN, note)

    def given(self, source: Source) -> CustodyReceipt | None:
        """Step 4: what ``source`` has of the peer's receipt for our log; None where nothing."""
        name = log_name(self._node.config.origin)
        try:
            note = source.get(f"/federation/{name}/custody", _MOST_NOTE_BYTES)
        except NotFound:
            return None
        receipt = self._believed(
            lambda: CustodyReceipt.verify(
                note, *self._peers.keys_of(self._peer.who.origin, "custody")
            ),
            "custody receipt",
        )
        self._require_ours(receipt.log, "custody", note)
        try:
            listed = source.get(f"/federation/{name}/exceptions", _MOST_LIST_BYTES)
        except NotFound as error:
            raise PeerUnreachable(f"the receipt came without its list: {error}") from error
        if hashlib.sha256(listed).hexdigest() == receipt.exceptions:
            self._folder.keep(EXCEPTED, listed)
            self._folder.keep(GIVEN, note)
        return receipt

    def take_up_own_past(self, link: Link) -> Recovered:
        """Bring back what this node lost, if it was put back; raise `Unarmed` if it stays behind.

        Raises `Damaged` where products that our log took in are nowhere to be had.
        """
        node = self._node
        entries = bring_back_log(self._peer, self._folder, link, node)
        if not entries and node.is_armed:
            return Recovered()
        found = recover(node, self._progress)
        found.entries += entries
        if found.missing:
            raise Damaged(
                f"{len(found.missing):,} products that our log took in are not in storage and came "
                f"from nobody: {found.missing[0].lidvid}: {found.missing[0].why}"
            )
        arm(node)
        return found

    def _believed(self, read: Callable[[], T], what: str) -> T:
        try:
            return read()
        except ProofFails as error:
            raise PeerUntrusted(f"the {what} of {self._peer.who.name} is false: {error}") from error

    def _require_ours(self, seen: Checkpoint, kind: str, note: bytes) -> None:
        """Raise `PeerUntrusted` unless our own log was just so when it had so many entries."""
        log = self._node.log
        log.refresh()
        is_ours = seen.origin == log.origin and seen.size <= log.size
        if is_ours and log.root_at(seen.size) == seen.root:
            return
        raise self._contradiction(
            kind,
            f"{self._peer.who.name} speaks of {seen.origin} with {seen.size} entries and the root "
            f"{seen.root.hex()}, which our log never was",
            {"theirs": note, "ours": log.head},
        )
