"""Release: from here on, what was taken in unreleased or under embargo is served.

A release is an act. Of what is under embargo the act tells the keys of the sealed copies, so that
whoever keeps one opens it; of a date that comes nobody takes notice but `release_due`, which
makes the act that was agreed on when the product was handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perilune.catalogue.port import Projection, Recorded
from perilune.errors import NotFound, OrderRefused, WrongUsage
from perilune.ingest.accession import record
from perilune.ingest.projection import catch_up, walk
from perilune.ingest.seal import keyring_of, leaf_of, seal
from perilune.model.act import PublishAct, ReleaseAct
from perilune.model.ordered import ALONE, Warrant
from perilune.model.product import Holding, Releasability
from perilune.model.sealed import OpenAct, Opened
from perilune.node import Node
from perilune.orders.desk import draft
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import claim, needs_two
from perilune.sealing.key import identity_of

_MOST_OPENED = 400
"""Products that one act opens, so that it is never longer than an entry may be."""


@dataclass(frozen=True, slots=True)
class Released:
    """What was released."""

    delivery: str
    products: int


def releasing(name: str, reason: str, node: Node) -> Order:
    """The order to end the embargo of a delivery or a product; raise `NotFound` for no such."""
    with node.writing():
        catch_up(node)
    if not _embargoed(name, node):
        raise NotFound(f"nothing named {name!r} is under embargo")
    return draft(What.RELEASE, [name], reason, node)


def release_ordered(signed: SignedOrder, node: Node) -> Released:
    """Carry out an order to end an embargo; raise `OrderRefused` as `claim` does."""
    [name] = signed.order.targets
    embargoed = _embargoed(name, node)
    if not embargoed:
        raise NotFound(f"nothing named {name!r} is under embargo")
    return _open(embargoed, node, signed)


def release(name: str, node: Node) -> Released:
    """Log the release of a delivery, or of one product under embargo by its LIDVID.

    Raises `NotFound` if there is nothing so named, `OrderRefused` where it takes two persons to
    end an embargo (`release_ordered`). The act is hidden unless something that it is
    about is public, and its name known by that: it would let anyone who has the files confirm that
    they are here.
    """
    with node.writing():
        catch_up(node)
    embargoed = _embargoed(name, node)
    if embargoed:
        _require_alone(node)
        return _open(embargoed, node)
    return _release_delivery(name, node)


def release_due(node: Node) -> list[Released]:
    """Release what is under embargo and whose date has come, a delivery at a time.

    What has lost its secret waits for `perilune keys recover`.

    Nothing where it takes two persons: the date was given by the one who handed it in.
    """
    if needs_two(What.RELEASE, node):
        return []
    with node.writing():
        catch_up(node)
    now = node.now()
    due = [
        each
        for each in node.catalogue.embargoed()
        if each.release_at is not None and each.release_at <= now and _has_key(each, node)
    ]
    return [
        _open([each for each in due if each.delivery == delivery], node)
        for delivery in sorted({each.delivery for each in due})
    ]


def _embargoed(name: str, node: Node) -> list[Holding]:
    """What of ``name`` is under embargo."""
    return [
        each for each in node.catalogue.embargoed() if name in (each.delivery, str(each.product.id))
    ]


def _require_alone(node: Node) -> None:
    if needs_two(What.RELEASE, node):
        raise OrderRefused("two persons must order the end of an embargo")


def _open(holdings: Sequence[Holding], node: Node, signed: SignedOrder | None = None) -> Released:
    if node.root is not None:
        seal(node)  # what a kill or a clearance left unsealed
    ids = [each.product.id for each in holdings]
    with node.writing():
        catch_up(node)
        found = [each for each in node.catalogue.held(ids).values() if each.embargo is not None]
        warrant = ALONE if signed is None else claim(signed, node)
        recorded: list[Recorded] = []
        for is_public in (True, False):
            chosen = [
                each for each in found if (each.releasability is Releasability.PUBLIC) is is_public
            ]
            recorded += _record(chosen, node, warrant, hidden=not is_public)
        opened = [each.index for each in found]
        change = Projection(applied=node.log.size, opened=opened, recorded=recorded)
        node.catalogue.apply(change)
    return Released(holdings[0].delivery, len(found))


def _record(
    holdings: Sequence[Holding], node: Node, warrant: Warrant, *, hidden: bool
) -> list[Recorded]:
    """The acts that open ``holdings``, all under one checkpoint."""
    opens = [_opened(each, node) for each in holdings]
    first, ticks = node.log.size, node.ticks()
    acts = [
        OpenAct(t=next(ticks), opens=tuple(opens[start : start + _MOST_OPENED]), warrant=warrant)
        for start in range(0, len(opens), _MOST_OPENED)
    ]
    if acts:
        record(acts, node, hidden=hidden)
    return [Recorded(index, made, not hidden) for index, made in enumerate(acts, first)]


def _has_key(holding: Holding, node: Node) -> bool:
    return holding.seal is None or keyring_of(node).secret(holding.delivery) is not None


def _opened(holding: Holding, node: Node) -> Opened:
    if holding.seal is None:
        return Opened(holding.index)
    secret = keyring_of(node).secret(holding.delivery)
    if secret is None:
        raise WrongUsage(
            f"the secret of delivery {holding.delivery} is lost; bring it back first "
            "with perilune keys recover"
        )
    return Opened(holding.index, holding.seal, identity_of(secret, leaf_of(holding.index, node)))


def _release_delivery(delivery: str, node: Node) -> Released:
    with node.writing():
        catch_up(node)
        found = [
            each
            for _, each in walk(node)
            if isinstance(each, PublishAct) and each.delivery == delivery
        ]
        if not found:
            raise NotFound(f"no delivery {delivery!r}, and nothing so named is under embargo")
        held = node.catalogue.held([each.lidvid for each in found]).values()
        is_open = any(each.releasability is Releasability.PUBLIC for each in held)
        made = ReleaseAct(t=next(node.ticks()), delivery=delivery)
        record([made], node, hidden=not is_open)
        recorded = [Recorded(node.log.size - 1, made, is_open)]
        change = Projection(applied=node.log.size, released=[delivery], recorded=recorded)
        node.catalogue.apply(change)
    return Released(delivery, len(found))
