"""Succession: how a peer's new keys become known here, without a new handshake.

A peer signs each change of its keys in the chain of its roster, by the thresholds of the version
before and of the new one. The chain is fetched version by version and kept. It is believed from the
version on in which the peer had just the keys that were pinned here, and which its pinned roster
key signed.
"""

from collections.abc import Sequence

from perilune.errors import NotFound, PeerUntrusted, ProofFails
from perilune.federation.folder import PeerFolder, Peers, chain
from perilune.federation.link import Link
from perilune.federation.roster import Member, Roster
from perilune.ledger.note import open_note
from perilune.node import Node

_MOST_BYTES = 1 << 20
_MOST_VERSIONS = 100_000


def succeeded(peer: Member, folder: PeerFolder, link: Link, node: Node) -> Member:
    """``peer`` with the keys that its own roster names by now; pinned, where they are others.

    Raises `PeerUntrusted` where its chain does not follow from the keys that are pinned.
    """
    kept = folder.roster()
    try:
        before = len(kept)
        known = chain(kept)
        while (note := _next(link, len(kept))) is not None and len(kept) < _MOST_VERSIONS:
            known.append((Roster.open(note, known[-1] if known else None), note))
            kept.append(note)
        if len(kept) == before:
            return peer
        who = _named(peer, known)
    except (ProofFails, NotFound) as error:
        words = f"the roster of {peer.who.name} is not to be believed: {error}"
        raise PeerUntrusted(words) from error
    for version, note in enumerate(kept[before:], before + 1):
        folder.keep_roster(version, note)
    if who.who.keys != peer.who.keys:
        Peers.of(node).pin(who)
    return who


def keys_told(peer: Member, folder: PeerFolder) -> list[dict[str, str]]:
    """The sets of keys that ``peer`` has had, use to verifier key, as its log may name them."""
    sets = [peer.who] + [roster.of(peer.who.origin) for roster, _ in chain(folder.roster())]
    return [{use: key.vkey for use, key in who.keys.items()} for who in sets]


def _next(link: Link, have: int) -> bytes | None:
    try:
        return link.get(f"/federation/roster/{have + 1}", _MOST_BYTES)
    except NotFound:
        return None


def _named(peer: Member, known: Sequence[tuple[Roster, bytes]]) -> Member:
    """``peer`` as the newest version has it; raise `ProofFails` where none has the pinned keys."""
    origin, pinned = peer.who.origin, peer.who.keys
    for roster, note in known:
        if roster.of(origin).keys == pinned:
            open_note(note, [pinned["roster"]])
            break
    else:
        raise ProofFails("no version of it has the keys that are pinned here")
    newest = known[-1][0].of(origin)
    if (newest.name, newest.namespaces) != (peer.who.name, peer.who.namespaces):
        raise ProofFails(
            f"it calls itself {newest.name} and owns {', '.join(newest.namespaces)} now: pin it "
            f"again with perilune peer add"
        )
    return Member(newest, peer.url)
