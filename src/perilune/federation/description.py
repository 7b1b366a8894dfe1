"""What a node says of itself to a peer: name, log, namespaces and keys.

Format: docs/reference/formats.md, "Node description". Its fingerprint is what two operators
compare over another channel; nothing else in it is trusted until they did.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from perilune import config
from perilune.errors import ProofFails, WrongUsage
from perilune.ledger.note import COSIGNATURE, ED25519, MLDSA44, Signer, Verifier
from perilune.model import canonical
from perilune.node import ALL_USES, SECOND, USES, Node

DESCRIPTION_VERSION = 1
_MOST_NAMESPACES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Who a node is: its name, the origin of its log, its namespaces, its keys by use."""

    name: str
    origin: str
    namespaces: tuple[str, ...]
    keys: Mapping[str, Verifier]

    @classmethod
    def of(cls, node: Node, new: Mapping[str, Signer] = MappingProxyType({})) -> Self:
        """The node's own, with ``new`` keys in the place of old ones.

        Raises `WrongUsage` where a key lacks.
        """
        there = [use for use in ALL_USES if use in USES or use in new or use in node.signers]
        signers = {use: new[use] if use in new else node.signer(use) for use in there}
        return cls(
            name=node.config.name,
            origin=node.config.origin,
            namespaces=node.config.namespaces,
            keys={use: verifier_of(use, signer) for use, signer in signers.items()},
        )

    def members(self) -> dict[str, canonical.Json]:
        """The members of the document, without its version."""
        return {
            "name": self.name,
            "origin": self.origin,
            "namespaces": list(self.namespaces),
            "keys": [{"use": use, "vkey": self.keys[use].vkey} for use in sorted(self.keys)],
        }

    def encode(self) -> bytes:
        """The canonical document."""
        return canonical.encode({"v": DESCRIPTION_VERSION, **self.members()})

    def signing(self, use: str) -> list[Verifier]:
        """The key for ``use``, and the one that signs beside it, if any: all of them must."""
        return [self.keys[each] for each in (use, f"{use}{SECOND}") if each in self.keys]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the document."""
        return hashlib.sha256(self.encode()).hexdigest()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `encode`; raise `ProofFails` on anything else."""
        found = canonical.decode(data)
        if found.get("v") != DESCRIPTION_VERSION:
            raise ProofFails(f"a node description of unknown version {found.get('v')!r}")
        return cls.read(found)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        """Read `members`; raise `ProofFails` where one is missing, or cannot be."""
        try:
            namespaces = tuple(found["namespaces"])[:_MOST_NAMESPACES]
            settled = config.make(found["name"], namespaces, origin=found["origin"])
            keys = {each["use"]: Verifier.parse(each["vkey"]) for each in found["keys"]}
        except (KeyError, TypeError, ValueError, AttributeError, WrongUsage) as error:
            raise ProofFails(f"malformed node description: {error}") from error
        _check_keys(settled.origin, keys)
        return cls(
            name=settled.name, origin=settled.origin, namespaces=settled.namespaces, keys=keys
        )


def verifier_of(use: str, signer: Signer) -> Verifier:
    """The public key of ``signer`` as its use has it."""
    return signer.cosigner if use == "witness" else signer.verifier


def _check_keys(origin: str, keys: Mapping[str, Verifier]) -> None:
    """Raise `ProofFails` unless there is one key for each use, each under its own name.

    Keys that sign beside others may lack.
    """
    if not set(USES) <= set(keys) <= set(ALL_USES):
        raise ProofFails(f"{origin} has keys for {sorted(keys)}, not for {sorted(USES)}")
    for use, key in keys.items():
        plain = use.removesuffix(SECOND)
        name = origin if plain == "log" else f"{origin}/{plain}"
        type_ = MLDSA44 if plain != use else COSIGNATURE if use == "witness" else ED25519
        if (key.name, key.type) != (name, type_):
            raise ProofFails(f"the {use} key of {origin} is {key.vkey}, not {name} of its type")
    require_distinct(keys.values())


def require_distinct(keys: Iterable[Verifier]) -> None:
    """Raise `ProofFails` where one key has two uses."""
    seen: dict[bytes, str] = {}
    for key in keys:
        if (other := seen.get(key.public)) is not None:
            raise ProofFails(f"{key.name} and {other} are the same key; every key has one use")
        seen[key.public] = key.name
