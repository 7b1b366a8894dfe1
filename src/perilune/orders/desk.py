"""Orders that wait for signatures.

In a node's folder, under ``orders/``::

    <digest>/order             the canonical bytes, which are what is signed
    <digest>/<name>.sig        a signature, as ``ssh-keygen -Y sign`` writes it

Every file appears whole and durably, or not at all. Nothing here gives a right: signatures are
checked each time they are read, and the log alone says what was carried out. What a signature's
owner calls himself never becomes a path.
"""

import hashlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Self

from perilune.durable import settle_one, whole
from perilune.errors import NotFound, OrderRefused, ProofFails, WrongUsage
from perilune.node import Node
from perilune.orders.order import Order, Signature, SignedOrder, What, signature_by
from perilune.orders.persons import carried_out, persons

VALID_FOR = timedelta(days=14)
"""How long an order waits for its second signature."""
_MOST_TARGETS = 10_000
_SHORTEST = 8
_NOTHING: Mapping[str, str] = MappingProxyType({})


def draft(
    what: What,
    targets: Sequence[str],
    reason: str,
    node: Node,
    terms: Mapping[str, str] = _NOTHING,
) -> Order:
    """A new order to ``node``, valid for `VALID_FOR`; raise `WrongUsage` where a part cannot be."""
    if not 1 <= len(targets) <= _MOST_TARGETS:
        raise WrongUsage(f"an order names 1 to {_MOST_TARGETS:,} targets, not {len(targets)}")
    if not reason.strip():
        raise WrongUsage("an order gives its reason")
    return Order(
        what=what,
        origin=node.config.origin,
        targets=tuple(targets),
        terms=terms,
        reason=reason.strip(),
        t=node.now(),
        not_after=node.now() + VALID_FOR,
        nonce=secrets.token_hex(32),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the orders of a node wait."""

    root: Path
    node: Node

    @classmethod
    def of(cls, node: Node) -> Self:
        """The desk of ``node``; raise `WrongUsage` where it has no folder."""
        if node.root is None:
            raise WrongUsage(f"{node.config.name} has no folder, so that no order can wait")
        return cls(node.root / "orders", node)

    def lay(self, order: Order) -> None:
        """Have ``order`` wait."""
        folder = self.root / order.digest
        folder.mkdir(parents=True, exist_ok=True)
        settle_one(self.root.parent)
        settle_one(self.root)
        with whole(folder / "order") as file:
            file.write(order.encode())

    def waiting(self) -> tuple[SignedOrder, ...]:
        """All that wait, oldest first, with the good signatures they have."""
        found = [self._read(folder) for folder in sorted(self.root.glob("*/"))]
        left = (each for each in found if each is not None)
        return tuple(sorted(left, key=lambda each: (each.order.t, each.order.digest)))

    def find(self, name: str) -> SignedOrder:
        """The order whose digest begins with ``name``; raise `NotFound` unless it is one."""
        if len(name) >= _SHORTEST:
            found = [each for each in self.waiting() if each.order.digest.startswith(name)]
            if len(found) == 1:
                return found[0]
        raise NotFound(f"no order {name!r} waits here")

    def sign(self, order: Order, data: bytes) -> SignedOrder:
        """Keep the signature ``data`` under ``order``, which waits.

        Raises `OrderRefused` where it is no person's, or this person has signed already and no
        other has.
        """
        signature = signature_by(order, data, persons(self.node))
        before = self.find(order.digest)
        if signature.by.name in before.signers:
            if before.is_complete:
                return before
            raise OrderRefused(f"{signature.by.name} has signed already; another person must")
        digest = hashlib.sha256(signature.by.key.blob).hexdigest()
        with whole(self.root / order.digest / f"{digest}.sig") as file:
            file.write(data)
        return self.find(order.digest)

    def remove(self, order: Order) -> None:
        """Have ``order`` wait no longer."""
        shutil.rmtree(self.root / order.digest, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what was carried out, and what can be no more."""
        for each in self.waiting():
            if each.order.not_after < self.node.now() or carried_out(each.order, self.node):
                self.remove(each.order)

    def _read(self, folder: Path) -> SignedOrder | None:
        """None where the folder holds no order of its name: one that is just being laid there."""
        try:
            order = Order.decode((folder / "order").read_bytes())
        except (FileNotFoundError, ProofFails):
            return None
        if order.digest != folder.name:
            return None
        known = persons(self.node)
        signatures: dict[str, Signature] = {}
        for path in sorted(folder.glob("*.sig")):
            try:
                signature = signature_by(order, path.read_bytes(), known)
            except OrderRefused:
                continue
            signatures.setdefault(signature.by.name, signature)
        return SignedOrder(order, tuple(signatures.values()))
