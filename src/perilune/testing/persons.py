"""Persons with keys of their own, who sign as ``ssh-keygen -Y sign`` does."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from perilune.ingest.persons import change_person
from perilune.model.ordered import Standing
from perilune.node import Node
from perilune.orders.desk import draft
from perilune.orders.order import Order, Person, Signature, SignedOrder, What
from perilune.orders.sshsig import NAMESPACE, PublicKey, armoured, to_sign


@dataclass(frozen=True)
class Signatory:
    """Someone with a private key."""

    name: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> PublicKey:
        """The key that a node knows."""
        return PublicKey(self.key.public_key().public_bytes_raw())

    def signature(self, message: bytes) -> bytes:
        """The armoured signature over ``message``."""
        raw = self.key.sign(to_sign(message))
        return armoured(raw, self.public, NAMESPACE)


def signed(order: Order, *by: Signatory) -> SignedOrder:
    """``order`` with the signatures of these."""
    return SignedOrder(
        order,
        tuple(
            Signature(Person(each.name, each.public), each.signature(order.encode())) for each in by
        ),
    )


def known(node: Node, *names: str) -> list[Signatory]:
    """Persons of these names whom ``node`` knows from here on; the first of any."""
    made = [Signatory(name) for name in names]
    for number, each in enumerate(made):
        terms = {"key": each.public.text, "standing": Standing.KNOWN.value}
        order = draft(What.PERSON, [each.name], "named by the director", node, terms)
        change_person(signed(order, *made[:2]) if number > 1 else signed(order), node)
    return made
