"""What is cleared for partners and for nobody else: told to those who sign, and copied by them.

The owner's log shows commitments in its place. A partner that signs its question, with the request
key that the roster pins, is given the openings of what it may know: products, what was withdrawn of
them, and errata. It holds each against the log before it asks for a byte. Its own acts about them
are hidden in commitments too, and its custody receipts, which anyone may read, do not count them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from perilune.errors import NotFound, PeerUnreachable, PeerUntrusted, PeriluneError, ProofFails
from perilune.federation.arrival import Giver, arrive
from perilune.federation.following import Follower
from perilune.federation.mirror import Mirror
from perilune.federation.promise import Offer
from perilune.federation.roster import Member, owns
from perilune.ingest.accession import Arrival, accession_copies
from perilune.ledger import tree
from perilune.model import act
from perilune.model.act import CommitAct, Opening, PublishAct
from perilune.model.disclosure import Opened, decode_openings, encode_openings
from perilune.model.identifier import Lidvid  # noqa: TC001 - a set of them is made
from perilune.model.ordered import ErratumAct, WithdrawAct
from perilune.model.product import Releasability
from perilune.node import Node

_MOST_LIST_BYTES = 256 << 20
_BATCH_PRODUCTS = 200
_BATCH_BYTES = 256 << 20


def told(node: Node) -> bytes:
    """The list of openings that partners of ``node`` are given."""
    places: set[int] = set()
    for holding in node.catalogue.for_partners():
        if holding.withdrawn or holding.standing.is_listed_for("partner"):
            if holding.embargo is None:
                places.add(holding.index)
            found = node.catalogue.recorded(["withdraw", "erratum"], of=holding.product.id)
            places.update(each.index for each in found if not each.is_open)
    return encode_openings(list(_openings(sorted(places), node)))


def _openings(places: Sequence[int], node: Node) -> Iterator[Opened]:
    for place in places:
        found = act.decode(node.log.entry(place))
        if isinstance(found, CommitAct):
            with node.store.open(found.commitment) as data:
                yield place, Opening.decode(data.read())


@dataclass(slots=True)
class PartnerCopies:
    """Takes what one peer tells to its partners alone."""

    peer: Member
    giver: Giver
    mirror: Mirror
    follower: Follower
    node: Node
    words: dict[int, str] = field(default_factory=dict)
    """What went wrong, by position in the owner's log."""
    held: int = 0
    copied: int = 0

    def take(self) -> None:
        """Copy all of it that is not here; what cannot be had is asked for again next time.

        Raises `PeerUntrusted` where the peer tells what its log did not commit to.
        """
        try:
            listed = self.giver.link.get("/federation/told", _MOST_LIST_BYTES)
        except NotFound:
            return
        try:
            offers = self._offers(decode_openings(listed))
        except ProofFails as error:
            raise PeerUntrusted(f"what {self.peer.who.name} tells partners: {error}") from error
        self.follower.obey()
        here = self.node.catalogue.held([each.publish.lidvid for each in offers])
        missing = [each for each in offers if each.publish.lidvid not in here]
        self.held = len(offers) - len(missing)
        for chunk in _chunks(missing):
            self._copy(chunk)

    def _offers(self, opened: Sequence[Opened]) -> list[Offer]:
        """Products that may be had; what else is told is noted, to be obeyed."""
        offers: list[Offer] = []
        gone: set[Lidvid] = set()
        for place, opening in opened:
            if place >= self.mirror.size:
                continue  # younger than what was verified in this round
            [(_, entry)] = self.mirror.entries(place, place + 1)
            found = act.decode(entry)
            if not isinstance(found, CommitAct) or found.commitment != opening.commitment:
                raise ProofFails(f"entry {place} committed to something else")
            match opening.act:
                case PublishAct() as publish if owns(self.peer.who, publish.lidvid.lid):
                    cleared = replace(publish, releasability=Releasability.PARTNER)
                    offers.append(Offer(place, tree.leaf_hash(entry), cleared))
                case (WithdrawAct() | ErratumAct()) as ordered:
                    self.follower.note(place, ordered, is_open=False)
                    if isinstance(ordered, WithdrawAct):
                        gone.add(ordered.lidvid)
        return [each for each in offers if each.publish.lidvid not in gone]

    def _copy(self, offers: Sequence[Offer]) -> None:
        arrivals: list[Arrival] = []
        with self.node.store.batch() as batch:
            for offer in offers:
                try:
                    arrivals.append(arrive(offer, self.giver, self.node, batch))
                except (NotFound, ProofFails, PeerUnreachable) as error:
                    self._fail(offer, error)
        accession_copies(arrivals, self.node, hidden=True)
        self.copied += len(arrivals)
        self.held += len(arrivals)

    def _fail(self, offer: Offer, error: PeriluneError) -> None:
        self.words[offer.index] = f"{offer.publish.lidvid}: {error}"


def _chunks(offers: Sequence[Offer]) -> Iterator[list[Offer]]:
    chunk, size = list[Offer](), 0
    for offer in offers:
        if chunk and (len(chunk) == _BATCH_PRODUCTS or size >= _BATCH_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(offer)
        size += offer.publish.bytes
    if chunk:
        yield chunk
