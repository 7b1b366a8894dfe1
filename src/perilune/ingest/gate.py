"""The outbound gate at a delivery: where two persons clear, it is national until they did.

What a standing rule means is cleared at once; for the rest that was asked to be more than national,
an order is laid out for them to sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from perilune.ingest.clear import clear_by_rules, clearing
from perilune.ingest.rules import rules
from perilune.model.identifier import Lidvid
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.orders.desk import Desk
from perilune.orders.order import What
from perilune.orders.persons import needs_two

_REASON = "asked for with the delivery"


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of a delivery at the gate."""

    cleared: int = 0
    """Products that standing rules cleared."""
    order: str = ""
    """The order to clear the rest, which waits for two persons; empty where none has to."""


NOTHING = Passage()
"""Nothing was cleared, and nothing waits."""


def admitted(asked: Releasability, node: Node) -> Releasability:
    """As what a delivery is taken in that is asked to be ``asked``."""
    return Releasability.NATIONAL if needs_two(What.CLEAR, node) else asked


def let_out(delivery: str, ids: Sequence[Lidvid], asked: Releasability, node: Node) -> Passage:
    """Clear what rules mean of ``ids``, and lay out the order for what else was asked for."""
    standing = rules(node)
    cleared = clear_by_rules(ids, standing, node) if standing else 0
    if node.root is None or admitted(asked, node) is asked:
        return Passage(cleared)
    held = node.catalogue.held(ids).values()
    if not any(
        each.delivery == delivery and each.releasability.reach < asked.reach for each in held
    ):
        return Passage(cleared)
    desk = Desk.of(node)
    for waiting in desk.waiting():
        if (waiting.order.what, waiting.order.targets) == (What.CLEAR, (delivery,)):
            return Passage(cleared, waiting.order.digest)
    order = clearing([delivery], asked, _REASON, node)
    desk.lay(order)
    return Passage(cleared, order.digest)
