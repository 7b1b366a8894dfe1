"""Withdrawing and correcting: what was published is taken back, or something is said of it.

Nothing is deleted by it: bytes, labels and acts stay, and a tombstone tells why. The acts are open
where the product is public, and partners who hold copies obey them.
"""

from collections.abc import Sequence
from typing import TypeVar

from perilune.errors import NotFound, WrongUsage
from perilune.ingest.accession import record_ordered
from perilune.ingest.projection import catch_up
from perilune.model.identifier import Lidvid, parse_identifier
from perilune.model.ordered import Cause, ErratumAct, HoldAct, UnholdAct, WithdrawAct
from perilune.model.product import Holding, Releasability
from perilune.model.reading import read_time, time_text
from perilune.node import Node
from perilune.orders.desk import draft
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import claim

T = TypeVar("T")
_MOST_TEXT = 4_000


def withdrawing(targets: Sequence[str], cause: Cause, text: str, node: Node) -> Order:
    """The order to withdraw these product versions.

    Raises `NotFound` for what is not held, `WrongUsage` for what is another node's.
    """
    for target in targets:
        _own(_lidvid(target), node)
    return draft(What.WITHDRAW, targets, checked_text(text), node, {"cause": cause.value})


def withdraw(signed: SignedOrder, node: Node) -> tuple[WithdrawAct, ...]:
    """Carry out an order to withdraw; raise `OrderRefused` as `claim` does.

    What was withdrawn meanwhile is left out.
    """
    order = signed.order
    with node.writing():
        catch_up(node)
        holdings = [_own(_lidvid(target), node) for target in order.targets]
        left = {each.product.id: each for each in holdings if not each.withdrawn}
        if not left:
            raise NotFound("all of it was withdrawn before")
        warrant, ticks = claim(signed, node), node.ticks()
        acts = [
            WithdrawAct(
                t=next(ticks),
                lidvid=name,
                cause=Cause(order.terms["cause"]),
                text=order.reason,
                warrant=warrant,
            )
            for name in left
        ]
        pairs = [(made, is_shown(left[made.lidvid])) for made in acts]
        record_ordered(pairs, node, withdrawn=list(left))
    return tuple(acts)


def hold(target: str, reason: str, node: Node) -> HoldAct:
    """Have a product version that is held, whoever's it is, stay here whatever comes.

    It only keeps, so it needs no order. Raises `NotFound` for what is not held.
    """
    with node.writing():
        catch_up(node)
        found = _held(_lidvid(target), node)
        made = HoldAct(t=next(node.ticks()), lidvid=found.product.id, reason=checked_text(reason))
        record_ordered([(made, is_shown(found))], node)
    return made


def holds(lidvid: Lidvid, node: Node) -> tuple[HoldAct, ...]:
    """The holds that keep a product version here; none, and it may be deleted."""
    acts = [each.act for each in node.catalogue.recorded(["hold", "unhold"], of=lidvid)]
    lifted = {each.hold for each in acts if isinstance(each, UnholdAct)}
    return tuple(each for each in acts if isinstance(each, HoldAct) and each.t not in lifted)


def unholding(target: str, reason: str, node: Node) -> Order:
    """The order to lift every hold of a product version; raise `NotFound` where it has none."""
    found = holds(_lidvid(target), node)
    if not found:
        raise NotFound(f"nothing holds {target}")
    terms = {f"hold{n}": time_text(each.t) for n, each in enumerate(found)}
    return draft(What.UNHOLD, [target], checked_text(reason), node, terms)


def unhold(signed: SignedOrder, node: Node) -> tuple[UnholdAct, ...]:
    """Carry out an order to lift holds; raise `OrderRefused` as `claim` does."""
    order = signed.order
    lidvid = _lidvid(order.targets[0])
    meant = {read_time(text) for text in order.terms.values()}
    with node.writing():
        catch_up(node)
        found = _held(lidvid, node)
        left = [each.t for each in holds(lidvid, node) if each.t in meant]
        if not left:
            raise NotFound(f"nothing of what the order means holds {lidvid}")
        warrant, ticks = claim(signed, node), node.ticks()
        acts = tuple(
            UnholdAct(t=next(ticks), lidvid=lidvid, hold=t, reason=order.reason, warrant=warrant)
            for t in left
        )
        record_ordered([(made, is_shown(found)) for made in acts], node)
    return acts


def correct(target: str, text: str, node: Node) -> ErratumAct:
    """Publish an erratum to a product version of this node's own.

    Raises `NotFound` for what is not held, `WrongUsage` for what is another node's.
    """
    with node.writing():
        catch_up(node)
        found = _own(_lidvid(target), node)
        made = ErratumAct(t=next(node.ticks()), lidvid=found.product.id, text=checked_text(text))
        record_ordered([(made, is_shown(found))], node)
    return made


def is_shown(holding: Holding) -> bool:
    """Whether the log may name it: everyone may know of it."""
    return holding.releasability is Releasability.PUBLIC


def checked_text(text: str) -> str:
    """What an act says to people; raise `WrongUsage` where it is none."""
    plain = text.strip()
    if not plain or len(plain) > _MOST_TEXT:
        raise WrongUsage(f"a text of 1 to {_MOST_TEXT:,} characters, not of {len(plain):,}")
    return plain


def _lidvid(target: str) -> Lidvid:
    identifier = parse_identifier(target)
    if not isinstance(identifier, Lidvid):
        raise WrongUsage(f"name one version, {identifier}::1.0 for instance")
    return identifier


def _held(lidvid: Lidvid, node: Node) -> Holding:
    if (found := node.catalogue.held([lidvid]).get(lidvid)) is None:
        raise NotFound(f"{lidvid} is not held here")
    return found


def _own(lidvid: Lidvid, node: Node) -> Holding:
    found = _held(lidvid, node)
    if found.origin:
        raise WrongUsage(f"{lidvid} is {found.origin}'s: its owner alone may do that")
    return found
