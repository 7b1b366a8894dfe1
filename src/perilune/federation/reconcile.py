"""Reconcile: two logs side by side, every difference between them counted and said in words.

What a log says is counted from its entries; what the other node holds of it, from the custody
receipt and its list of exceptions. Both must come to the same: where they do not, the difference is
told as a contradiction, and is never explained away. Asks nobody.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perilune.errors import NotFound
from perilune.federation.custody import CustodyReceipt, decode_exceptions
from perilune.federation.folder import EXCEPTED, Peers
from perilune.federation.roster import Member
from perilune.federation.status import Status, status_of
from perilune.ledger.tiles import WIDTH, read_or_cut, tile_path, unpack_entries
from perilune.model import canonical
from perilune.node import Node

Read = Callable[[str], bytes]

_USUAL = ("publish", "commit", "copy", "receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One log, and what the other node holds of it."""

    owner: str
    """Name of the node whose log it is."""
    holder: str
    log: str
    entries: int
    """Of the log, as far as it is known here."""
    acts: Mapping[str, int]
    """Kind of act to how many entries are of it, most frequent first; they make up all entries."""
    receipt: CustodyReceipt | None
    published: int
    """Products published in the entries that the receipt covers, those opened later with them."""
    opened: int
    """Commitments, of those covered, whose content was told since."""
    hidden: int
    """Commitments, of those covered, whose content was not told."""
    held: int
    excepted: Mapping[str, int]
    """Why a published product is not held, to how many."""
    uncovered: int
    """Products published after what the receipt covers."""
    uncovered_hidden: int
    contradictions: tuple[str, ...]
    """Differences that nothing explains."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Where this node and a peer stand, and both sides of it."""

    status: Status
    here: Side
    """Its log, held here."""
    there: Side
    """Our log, held there."""

    @property
    def is_explained(self) -> bool:
        """Whether every difference is explained."""
        return not (self.here.contradictions or self.there.contradictions or self.status.evidence)


def reconcile(peer: Member, node: Node) -> Reconciled:
    """Compare ``node`` with ``peer``, as of the last round."""
    status, own = status_of(peer, node), node.config
    folder = Peers.of(node).folder(peer.who.origin)
    here = _side(
        (peer.who.name, own.name, peer.who.origin),
        status.seen,
        lambda path: read_or_cut(folder.log, path),
        status.here,
        _object(status.here.exceptions, node) if status.here else None,
    )
    there = _side(
        (own.name, peer.who.name, own.origin),
        node.log.size,
        node.log.file,
        status.there,
        folder.note(EXCEPTED),
    )
    return Reconciled(status, here, there)


def tally(read: Read, start: int, stop: int) -> Counter[str]:
    """How many of the entries from ``start`` to before ``stop`` are of each kind of act."""
    counts: Counter[str] = Counter()
    while start < stop:
        number, place = divmod(start, WIDTH)
        last = min(stop, (number + 1) * WIDTH)
        if place == 0 and last - start == WIDTH:
            counts += _kinds(read(tile_path("entries", number)), counts)
        else:
            width = last - number * WIDTH
            entries = unpack_entries(read(tile_path("entries", number, width)))
            counts.update(_kind(entry) for entry in entries[place:])
        start = last
    return counts


def _kinds(bundle: bytes, seen: Counter[str]) -> Counter[str]:
    """Kinds in a full bundle: canonical acts begin with theirs, so that counting is enough."""
    found: Counter[str] = Counter()
    for kind in dict.fromkeys((*(kind for kind, _ in seen.most_common()), *_USUAL)):
        found[kind] = bundle.count(f'{{"act":"{kind}"'.encode())
        if found.total() == WIDTH:
            return found
    return Counter(_kind(entry) for entry in unpack_entries(bundle))


def _kind(entry: bytes) -> str:
    return str(canonical.decode(entry).get("act"))


def _side(
    names: tuple[str, str, str],
    entries: int,
    read: Read,
    receipt: CustodyReceipt | None,
    listed: bytes | None,
) -> Side:
    owner, holder, log = names
    covered = min(receipt.log.size, entries) if receipt else 0
    before, after = tally(read, 0, covered), tally(read, covered, entries)
    excepted = _reasons(listed)
    published = receipt.counts.published if receipt else 0
    hidden = receipt.counts.hidden if receipt else 0
    return Side(
        owner=owner,
        holder=holder,
        log=log,
        entries=entries,
        acts=dict((before + after).most_common()),
        receipt=receipt,
        published=published,
        opened=before["commit"] - hidden,
        hidden=hidden,
        held=receipt.counts.held if receipt else 0,
        excepted=excepted,
        uncovered=after["publish"],
        uncovered_hidden=after["commit"],
        contradictions=tuple(_contradictions(receipt, entries, before, excepted))
        if receipt
        else (),
    )


def _contradictions(
    receipt: CustodyReceipt, entries: int, acts: Counter[str], excepted: Mapping[str, int]
) -> list[str]:
    counts, found = receipt.counts, list[str]()
    if receipt.log.size > entries:
        found.append(f"the receipt covers {receipt.log.size:,} entries, {entries:,} are known")
    told, opened = counts.published - acts["publish"], acts["commit"] - counts.hidden
    if not 0 <= told <= opened:
        found.append(
            f"the log publishes {acts['publish']:,} products openly and {opened:,} of its "
            f"commitments were opened, the receipt speaks of {counts.published:,} products"
        )
    if (listed := sum(excepted.values())) != counts.excepted:
        found.append(
            f"the receipt counts {counts.excepted:,} exceptions, its list names {listed:,}"
        )
    if (left := counts.published - counts.held - counts.excepted) != 0:
        found.append(f"{left:,} published products are neither held nor excepted")
    return found


def _reasons(listed: bytes | None) -> dict[str, int]:
    """Reason to how many products, of a list of exceptions."""
    if listed is None:
        return {}
    return dict(Counter(each.why.value for each in decode_exceptions(listed)[0]).most_common())


def _object(sha256: str, node: Node) -> bytes | None:
    try:
        with node.store.open(sha256) as data:
            return data.read()
    except NotFound:
        return None
