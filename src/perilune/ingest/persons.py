"""Persons come and go: by the operator alone until two are known, then by order of two of them.

The act is hidden in a commitment: names of people are nobody's business outside the node, and a
log cannot forget them. Whoever has to check an order is shown the openings.
"""

from perilune.ingest.accession import record_ordered
from perilune.ingest.projection import catch_up
from perilune.model.ordered import PersonAct, Standing
from perilune.node import Node
from perilune.orders.order import SignedOrder
from perilune.orders.persons import claim, require_change


def change_person(signed: SignedOrder, node: Node) -> PersonAct:
    """Add or remove the key that the order names.

    Raises `OrderRefused` as `claim` does, `WrongUsage` and `NotFound` as `require_change`.
    """
    order = signed.order
    with node.writing():
        catch_up(node)
        key = require_change(order, node)
        made = PersonAct(
            t=next(node.ticks()),
            name=order.targets[0],
            key=key.text,
            standing=Standing(order.terms["standing"]),
            warrant=claim(signed, node),
        )
        record_ordered([(made, False)], node)
    return made
