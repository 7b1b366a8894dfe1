"""Deeds: who ordered what, when and why, as far as the asker may know.

A visitor reads what the log shows openly, and never a name of a person: those stand in orders,
which stay in the node. The names are found anew from the signatures each time, so that what is
shown is what can be proved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perilune.access.policy import Asker
from perilune.catalogue.port import Recorded
from perilune.errors import ProofFails
from perilune.model.act import document
from perilune.model.canonical import Json
from perilune.model.ordered import ALONE, PersonAct, Warrant, warrant_of
from perilune.model.reading import time_text
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.orders.order import SignedOrder
from perilune.orders.sshsig import signed_by

_OF_EVERY_ACT = ("v", "t", "act", "order", "follows")
_NEED_NO_ORDER = ("hold", "erratum")


@dataclass(frozen=True, slots=True)
class Deed:
    """One act that persons answer for."""

    index: int
    t: str
    kind: str
    told: dict[str, Json]
    """Members of the act that only its kind has."""
    is_open: bool
    order: str
    """SHA-256 of the order; empty where the operator acted alone, or none was needed."""
    persons: tuple[str, ...]
    """Who signed; empty for a visitor."""
    follows: str
    """Log of the owner whose act this one follows."""

    @property
    def is_alone(self) -> bool:
        """Whether the operator did alone what two persons would have to order."""
        return not self.order and not self.follows and self.kind not in _NEED_NO_ORDER

    def document(self) -> dict[str, Json]:
        """The deed for programs."""
        return {
            "index": self.index,
            "t": self.t,
            "act": self.kind,
            "told": self.told,
            "open": self.is_open,
            "order": self.order or None,
            "persons": list(self.persons),
            "follows": self.follows or None,
        }


def deeds(
    node: Node, asker: Asker, limit: int, before: int | None = None
) -> tuple[tuple[Deed, ...], int | None]:
    """The newest deeds, newest first, and where the next page begins; None on the last."""
    is_own = asker.scope == "own"
    found = node.catalogue.newest_recorded(limit + 1, before=before, hidden=is_own)
    names = _names(node) if is_own else {}
    made = tuple(_deed(each, node, names) for each in found[:limit])
    return made, made[-1].index if len(found) > limit else None


def waiting(node: Node, asker: Asker) -> Sequence[SignedOrder]:
    """Orders that wait for a signature; a visitor sees none."""
    if asker.scope != "own" or node.root is None:
        return ()
    now = node.now()
    return [each for each in Desk.of(node).waiting() if each.order.not_after >= now]


def _deed(each: Recorded, node: Node, names: dict[str, str]) -> Deed:
    members = document(each.act)
    warrant = warrant_of(each.act)
    follows = getattr(each.act, "follows", None)
    return Deed(
        index=each.index,
        t=time_text(each.act.t),
        kind=str(members["act"]),
        told={name: value for name, value in members.items() if name not in _OF_EVERY_ACT},
        is_open=each.is_open,
        order=warrant.order,
        persons=_signers(warrant, node, names) if names else (),
        follows=follows.origin if follows else "",
    )


def _names(node: Node) -> dict[str, str]:
    """Key to name of every person who was ever known."""
    acts = (each.act for each in node.catalogue.recorded(["person"]))
    return {each.key: each.name for each in acts if isinstance(each, PersonAct)}


def _signers(warrant: Warrant, node: Node, names: dict[str, str]) -> tuple[str, ...]:
    """Whose signatures under the order verify today."""
    if warrant == ALONE or warrant.order not in node.store:
        return ()
    order = _object(warrant.order, node)
    found: set[str] = set()
    for name in warrant.signatures:
        try:
            key = signed_by(order, _object(name, node))
        except ProofFails:
            continue
        found.add(names.get(key.text, key.fingerprint))
    return tuple(sorted(found))


def _object(sha256: str, node: Node) -> bytes:
    with node.store.open(sha256) as data:
        return data.read()
