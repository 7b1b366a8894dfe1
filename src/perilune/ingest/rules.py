"""Standing rules: an order that two persons sign once, and that clears deliveries by itself.

A rule means products below its LIDs that are taken in while it stands: after its act, before its
end, and as long as nobody revoked it. Its acts are hidden: a LID of the future is told to nobody.
"""

from collections.abc import Sequence
from datetime import datetime

from perilune.catalogue.port import Recorded
from perilune.errors import NotFound, WrongUsage
from perilune.ingest.accession import record_ordered
from perilune.ingest.projection import catch_up
from perilune.model.identifier import Lidvid, parse_identifier
from perilune.model.ordered import RevokeAct, RuleAct
from perilune.model.product import Releasability
from perilune.model.reading import read_time, time_text
from perilune.node import Node
from perilune.orders.desk import draft
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import claim


def rules(node: Node) -> tuple[Recorded, ...]:
    """The rules that stand now, oldest first; each is a `RuleAct`."""
    found = list(node.catalogue.recorded(["rule", "revoke"]))
    revoked = {each.act.rule for each in found if isinstance(each.act, RevokeAct)}
    return tuple(
        each
        for each in found
        if isinstance(each.act, RuleAct)
        and each.act.t not in revoked
        and node.now() <= each.act.until
    )


def ruling(
    lids: Sequence[str], to: Releasability, until: datetime, reason: str, node: Node
) -> Order:
    """The order to let a rule stand; raise `WrongUsage` where it could mean nothing here."""
    if to is Releasability.NATIONAL:
        raise WrongUsage("a rule clears for partner or public")
    if until <= node.now():
        raise WrongUsage(f"{time_text(until)} is over")
    for lid in lids:
        named = parse_identifier(lid)
        if isinstance(named, Lidvid) or not node.config.owns(named.text):
            raise WrongUsage(f"{lid} is no LID in the namespaces of this node")
    terms = {"to": to.value, "until": time_text(until)}
    return draft(What.RULE, lids, reason, node, terms)


def let_rule(signed: SignedOrder, node: Node) -> RuleAct:
    """Carry out an order to let a rule stand; raise `OrderRefused` as `claim` does."""
    order = signed.order
    with node.writing():
        catch_up(node)
        made = RuleAct(
            t=next(node.ticks()),
            within=order.targets,
            to=Releasability(order.terms["to"]),
            until=read_time(order.terms["until"]),
            reason=order.reason,
            warrant=claim(signed, node),
        )
        record_ordered([(made, False)], node)
    return made


def revoking(rule: str, reason: str, node: Node) -> Order:
    """The order to end a rule, named by its time; raise `NotFound` where none such stands."""
    _standing(rule, node)
    return draft(What.REVOKE, [rule], reason, node)


def revoke(signed: SignedOrder, node: Node) -> RevokeAct:
    """Carry out an order to end a rule; raise `OrderRefused` as `claim` does."""
    order = signed.order
    with node.writing():
        catch_up(node)
        rule = _standing(order.targets[0], node)
        made = RevokeAct(
            t=next(node.ticks()), rule=rule.t, reason=order.reason, warrant=claim(signed, node)
        )
        record_ordered([(made, False)], node)
    return made


def _standing(name: str, node: Node) -> RuleAct:
    for each in rules(node):
        if isinstance(each.act, RuleAct) and time_text(each.act.t) == name:
            return each.act
    raise NotFound(f"no rule of {name!r} stands")
