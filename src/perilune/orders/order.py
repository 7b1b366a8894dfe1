"""An order: what is to be done, to what, why, and until when it may be carried out.

Format: docs/reference/formats.md, "Order". Pure. An order is carried out once: its digest stands
in the acts that it leads to.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from perilune.errors import OrderRefused, ProofFails
from perilune.model import canonical
from perilune.model.reading import is_digest, read_text, read_time, time_text
from perilune.orders.sshsig import PublicKey, signed_by

ORDER_VERSION = 1
_CLOCKS_DIFFER = timedelta(minutes=5)
_TWO = 2


class What(StrEnum):
    """What two persons are asked for."""

    PERSON = "person"
    CLEAR = "clear"
    RULE = "rule"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"
    UNHOLD = "unhold"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is ordered; its canonical bytes are what persons sign."""

    what: What
    origin: str
    """Log of the node that is to carry it out."""
    targets: tuple[str, ...]
    terms: Mapping[str, str]
    """What else the kind of order asks for, ``to`` of a clear order for instance."""
    reason: str
    t: datetime
    not_after: datetime
    nonce: str
    """64 hex digits, random: nobody guesses an order from its digest."""

    def encode(self) -> bytes:
        """The canonical bytes."""
        return canonical.encode(
            {
                "v": ORDER_VERSION,
                "order": self.what.value,
                "origin": self.origin,
                "targets": list(self.targets),
                "terms": dict(self.terms),
                "reason": self.reason,
                "t": time_text(self.t),
                "not_after": time_text(self.not_after),
                "nonce": self.nonce,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `encode`; raise `ProofFails` on anything else."""
        found = canonical.decode(data)
        if found.get("v") != ORDER_VERSION:
            raise ProofFails(f"an order of unknown version {found.get('v')!r}")
        try:
            if not is_digest(found["nonce"]):
                raise ValueError(f"not a nonce: {found['nonce']!r}")  # noqa: TRY301
            return cls(
                what=What(found["order"]),
                origin=read_text(found["origin"]),
                targets=tuple(read_text(each) for each in found["targets"]),
                terms={name: read_text(value) for name, value in found["terms"].items()},
                reason=read_text(found["reason"]),
                t=read_time(found["t"]),
                not_after=read_time(found["not_after"]),
                nonce=found["nonce"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed order: {error}") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes: the order's name."""
        return hashlib.sha256(self.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may sign; two keys under one name are one person's."""

    name: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's signature under an order, as ``ssh-keygen`` wrote it."""

    by: Person
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order with the good signatures under it; none where the operator acts alone."""

    order: Order
    signatures: tuple[Signature, ...] = ()

    @property
    def signers(self) -> tuple[str, ...]:
        """Names of the persons who signed, each once."""
        return tuple(sorted({each.by.name for each in self.signatures}))

    @property
    def is_complete(self) -> bool:
        """Whether two persons signed."""
        return len(self.signers) >= _TWO


def signature_by(order: Order, data: bytes, persons: Sequence[Person]) -> Signature:
    """The signature in ``data``; raise `OrderRefused` unless it is one of ``persons``' own."""
    try:
        key = signed_by(order.encode(), data)
    except ProofFails as error:
        raise OrderRefused(str(error)) from error
    for person in persons:
        if person.key == key:
            return Signature(person, data)
    raise OrderRefused(f"{key.fingerprint} is the key of no person known here")


def require_valid(order: Order, origin: str, now: datetime) -> None:
    """Raise `OrderRefused` where ``order`` is another node's, or not of this time."""
    if order.origin != origin:
        raise OrderRefused(f"an order to {order.origin}, and this is {origin}")
    if now > order.not_after:
        raise OrderRefused(f"the order expired at {time_text(order.not_after)}")
    if order.t > now + _CLOCKS_DIFFER:
        raise OrderRefused(f"the order is of {time_text(order.t)}, which is still to come")
