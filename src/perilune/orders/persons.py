"""The persons whom a node knows, and the right by which it acts.

Until two persons are known, the operator acts alone, and the acts say so by naming no order; with
the setting ``two_persons`` not even then. From the second person on, whatever needs an order
needs two of them, the next change of persons too. A key that was removed never counts again.
"""

import io
from collections.abc import Sequence

from perilune.errors import NotFound, OrderRefused, WrongUsage
from perilune.model.ordered import ALONE, PersonAct, Standing, Warrant
from perilune.node import Node
from perilune.orders.order import Order, Person, SignedOrder, What, require_valid, signature_by
from perilune.orders.sshsig import PublicKey

_TWO = 2


def persons(node: Node) -> tuple[Person, ...]:
    """Everyone known, by name, with each of their keys."""
    known: set[Person] = set()
    removed: set[str] = set()
    for each in node.catalogue.recorded(["person"]):
        assert isinstance(each.act, PersonAct)
        known.add(Person(each.act.name, PublicKey.parse(each.act.key)))
        if each.act.standing is Standing.REMOVED:
            removed.add(each.act.key)
    left = (person for person in known if person.key.text not in removed)
    return tuple(sorted(left, key=lambda person: (person.name, person.key.text)))


def needs_two(what: What, node: Node) -> bool:
    """Whether two persons must sign an order of this kind.

    The first two persons are always made known by the operator alone.
    """
    if len({each.name for each in persons(node)}) >= _TWO:
        return True
    return node.config.two_persons and what is not What.PERSON


def claim(signed: SignedOrder, node: Node) -> Warrant:
    """The right to carry ``signed`` out, now and once. Only within ``node.writing()``.

    Order and signatures are objects of the storage when it returns. Raises `OrderRefused` where
    two persons must sign and did not, where the order is not valid now, and where it was carried
    out before.
    """
    order = signed.order
    require_valid(order, node.config.origin, node.now())
    if carried_out(order, node):
        raise OrderRefused(f"order {order.digest} was carried out before")
    if not signed.signatures and not needs_two(order.what, node):
        return ALONE
    known = persons(node)
    good = SignedOrder(
        order, tuple(signature_by(order, each.data, known) for each in signed.signatures)
    )
    if not good.is_complete:
        raise OrderRefused(_lacking(good, known))
    with node.store.batch() as batch:
        name = batch.put(io.BytesIO(order.encode())).sha256
        proofs = [batch.put(io.BytesIO(each.data)).sha256 for each in good.signatures]
    return Warrant(name, tuple(proofs))


def carried_out(order: Order, node: Node) -> bool:
    """Whether an act names ``order``."""
    return any(node.catalogue.recorded(order=order.digest))


def require_change(order: Order, node: Node) -> PublicKey:
    """The key that an order about a person names.

    Raises `WrongUsage` where it would change nothing or leave fewer than two of several persons,
    `NotFound` for a key that no person has.
    """
    known = persons(node)
    key = PublicKey.parse(order.terms["key"])
    [name] = order.targets
    holders = [each for each in known if each.key == key]
    if order.terms["standing"] == Standing.REMOVED:
        if not holders or holders[0].name != name:
            raise NotFound(f"{name} has no key {key.fingerprint} here")
        left = {each.name for each in known if each.key != key}
        if needs_two(order.what, node) and len(left) < _TWO:
            raise WrongUsage(f"without {key.fingerprint} fewer than two persons would be left")
    elif holders:
        raise WrongUsage(f"{key.fingerprint} is the key of {holders[0].name} already")
    elif _was_removed(key, node):
        raise WrongUsage(f"{key.fingerprint} was removed once; a key does not come back")
    return key


def _was_removed(key: PublicKey, node: Node) -> bool:
    acts = (each.act for each in node.catalogue.recorded(["person"]))
    return any(isinstance(each, PersonAct) and each.key == key.text for each in acts)


def _lacking(signed: SignedOrder, known: Sequence[Person]) -> str:
    names = {each.name for each in known}
    if len(names) < _TWO:
        return "two persons must sign, and this node knows fewer: add them first"
    signers = " and ".join(signed.signers) or "nobody"
    return f"two persons must sign; so far {signers} did"
