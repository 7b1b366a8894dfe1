"""The page of peers: two logs side by side, every difference explained and counted.

All of it is counted from logs and receipts that anybody may read.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from perilune.federation.folder import Peers
from perilune.federation.reconcile import Reconciled, Side, reconcile
from perilune.i18n import language as languages
from perilune.i18n.language import Language
from perilune.model.reading import time_text
from perilune.web.pages.visit import TheVisit

router = APIRouter()


@router.get("/peers")
@router.get("/peers.json")
def get_peers(visit: TheVisit) -> Response:
    """Where this node and each peer stand, as of the last round."""
    node = visit.node
    members = () if node.root is None else Peers.of(node).members()
    node.log.refresh()
    found = [reconcile(peer, node) for peer in members]
    return visit.answer(
        "peers.html",
        {"peers": [_document(each) for each in found]},
        shown=[_peer(each, visit.language) for each in found],
    )


def _document(found: Reconciled) -> dict[str, Any]:
    return {
        "name": found.status.peer.who.name,
        "origin": found.status.peer.who.origin,
        "explained": found.is_explained,
        "contradicted_itself": len(found.status.evidence),
        "sides": [_side(each) for each in (found.here, found.there)],
    }


def _side(side: Side) -> dict[str, Any]:
    receipt = side.receipt
    return {
        "owner": side.owner,
        "holder": side.holder,
        "log": side.log,
        "entries": side.entries,
        "acts": dict(side.acts),
        "receipt": {"size": receipt.log.size, "verified": time_text(receipt.t)}
        if receipt
        else None,
        "published": side.published,
        "held": side.held,
        "excepted": dict(side.excepted),
        "hidden": side.hidden,
        "uncovered": side.uncovered,
        "uncovered_hidden": side.uncovered_hidden,
        "contradictions": list(side.contradictions),
    }


def _peer(found: Reconciled, language: Language) -> dict[str, Any]:
    return {
        "name": found.status.peer.who.name,
        "is_explained": found.is_explained,
        "evidence": len(found.status.evidence),
        "sides": [
            {
                "title": language.text(
                    "Log of %(owner)s, held by %(holder)s", owner=each.owner, holder=each.holder
                ),
                "rows": _rows(each, language),
                "contradictions": each.contradictions,
                "acts": [(kind, language.number(count)) for kind, count in each.acts.items()],
                "verified": languages.second(each.receipt.t) if each.receipt else "",
            }
            for each in (found.here, found.there)
        ],
    }


def _rows(side: Side, language: Language) -> list[tuple[str, str]]:
    """What is counted, in words, with its number."""
    text = language.text
    rows = [(text("entries of the log"), side.entries)]
    if side.receipt is not None:
        rows += [
            (text("of them covered by the custody receipt"), side.receipt.log.size),
            (text("products published there"), side.published),
            (text("held"), side.held),
        ]
        rows += [(_why(reason, language), count) for reason, count in side.excepted.items()]
        rows.append((text("entries hidden in commitments"), side.hidden))
    rows.append((text("products published after the receipt"), side.uncovered))
    rows.append((text("entries hidden after the receipt"), side.uncovered_hidden))
    return [(words, language.number(count)) for words, count in rows]


def _why(reason: str, language: Language) -> str:
    """Why a product is not held, of `perilune.federation.replica.State`."""
    text = language.text
    known = {
        "not-released": text("not held: not released yet"),
        "not-fetched": text("not held: not fetched yet"),
        "unavailable": text("not held: not given when asked for"),
        "wrong-bytes": text("not held: given with other bytes than its log says"),
        "conflict": text("not held: here with other bytes"),
        "foreign-namespace": text("not held: in a namespace that is not its publisher's"),
        "not-public": text("not held: not cleared for the public"),
        "withdrawn": text("not held: withdrawn"),
        "wrong-key": text("not held: released with a key that does not open it"),
    }
    return known.get(reason, reason)
