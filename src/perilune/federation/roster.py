"""The roster: the nodes that this node trusts, with their keys and namespaces, signed.

Format: docs/reference/formats.md, "Roster". Pure: where versions are kept is the matter of
`perilune.federation.folder`. Version N+1 must be signed by the thresholds of N and of N+1, the
rule by which TUF lets keys change without a moment at which nobody is trusted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from perilune.errors import NotFound, ProofFails, WrongUsage
from perilune.federation.description import Description, require_distinct
from perilune.ledger.note import ED25519, Signer, Verifier, open_note, sign, text_of
from perilune.model import canonical
from perilune.model.identifier import Lid
from perilune.model.reading import read_time, time_text

ROSTER_VERSION = 1
_ROLE = "roster"


@dataclass(frozen=True, slots=True)
class Role:
    """Who may sign, and how many of them must."""

    keys: tuple[Verifier, ...]
    threshold: int

    def with_key(self, new: Verifier, old: Verifier) -> "Role":
        """The role in which ``new`` has the place of ``old``."""
        return Role(tuple(new if key == old else key for key in self.keys), self.threshold)

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(self.keys):
            raise ProofFails(f"{self.threshold} of {len(self.keys)} keys cannot sign")
        require_distinct(self.keys)


@dataclass(frozen=True, slots=True)
class Member:
    """A node of the roster, and where it is reached; this node itself has no address."""

    who: Description
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """One version of the list."""

    version: int
    t: datetime
    previous: str
    """SHA-256 of the note of the version before; empty in the first."""
    signers: Role
    members: tuple[Member, ...]

    @classmethod
    def first(cls, who: Description, t: datetime) -> Self:
        """The roster of a node that knows nobody yet, signed by its own roster key alone."""
        signers = Role((who.keys["roster"],), 1)
        return cls(version=1, t=t, previous="", signers=signers, members=(Member(who),))

    def with_peer(self, peer: Member, t: datetime, note: bytes) -> Self:
        """The next version, in which ``peer`` is added or has another address.

        ``note`` is this version's. Raises `WrongUsage` where the peer claims what is another's.
        """
        return self._following(peer, self.signers, t, note)

    def with_self(self, who: Description, signers: Role, t: datetime, note: bytes) -> Self:
        """The next version, in which the node that keeps the roster has other keys.

        ``signers`` sign it and those after it; arguments and errors else as `with_peer`.
        """
        return self._following(Member(who), signers, t, note)

    def _following(self, member: Member, signers: Role, t: datetime, note: bytes) -> Self:
        others = tuple(each for each in self.members if each.who.origin != member.who.origin)
        for other in others:
            _require_apart(member.who, other.who)
        return replace(
            self,
            version=self.version + 1,
            t=t,
            previous=hashlib.sha256(note).hexdigest(),
            signers=signers,
            members=tuple(sorted((*others, member), key=lambda each: each.who.origin)),
        )

    def of(self, origin: str) -> Description:
        """The node of that log; raise `NotFound` where it does not stand here."""
        for each in self.members:
            if each.who.origin == origin:
                return each.who
        raise NotFound(f"roster {self.version} has no node of the log {origin[:200]!r}")

    @property
    def peers(self) -> tuple[Member, ...]:
        """The nodes that have an address: all but the one that keeps the roster."""
        return tuple(each for each in self.members if each.url)

    def encode(self, signers: Sequence[Signer]) -> bytes:
        """The roster as a signed note."""
        document: dict[str, canonical.Json] = {
            "v": ROSTER_VERSION,
            "roster": self.version,
            "t": time_text(self.t),
            "roles": {
                _ROLE: {
                    "keys": [key.vkey for key in self.signers.keys],
                    "threshold": self.signers.threshold,
                }
            },
            "nodes": [
                each.who.members() | ({"url": each.url} if each.url else {})
                for each in self.members
            ],
        }
        if self.previous:
            document["previous"] = self.previous
        return sign(canonical.encode(document).decode() + "\n", signers)

    @classmethod
    def open(cls, note: bytes, before: tuple[Self, bytes] | None) -> Self:
        """The roster in ``note``, if it may follow ``before``, a roster and its note.

        Raises `ProofFails` where a threshold is not reached or the chain is broken.
        """
        text = text_of(note)
        found = cls._read(canonical.decode(text.removesuffix("\n").encode()))
        _require_threshold(note, found.signers, found.version)
        if before is None:
            if found.version != 1 or found.previous:
                raise ProofFails(f"a chain of rosters that begins with version {found.version}")
            return found
        known, known_note = before
        _require_threshold(note, known.signers, found.version)
        digest = hashlib.sha256(known_note).hexdigest()
        if (found.version, found.previous) != (known.version + 1, digest):
            raise ProofFails(
                f"roster {found.version} follows {found.previous or 'nothing'}, not "
                f"roster {known.version}, which is {digest}"
            )
        return found

    @classmethod
    def _read(cls, found: Mapping[str, Any]) -> Self:
        if found.get("v") != ROSTER_VERSION:
            raise ProofFails(f"a roster of unknown version {found.get('v')!r}")
        try:
            role = found["roles"][_ROLE]
            keys = tuple(Verifier.parse(vkey) for vkey in role["keys"])
            made = cls(
                version=int(found["roster"]),
                t=read_time(found["t"]),
                previous=str(found.get("previous", "")),
                signers=Role(keys, int(role["threshold"])),
                members=tuple(
                    Member(Description.read(each), str(each.get("url", "")))
                    for each in found["nodes"]
                ),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed roster: {error!r}") from error
        if any(key.type != ED25519 for key in keys):
            raise ProofFails("a roster is signed by keys of type 0x01")
        made._check_members()
        return made

    def _check_members(self) -> None:
        try:
            for place, member in enumerate(self.members):
                for other in self.members[:place]:
                    _require_apart(member.who, other.who)
        except WrongUsage as error:
            raise ProofFails(f"roster {self.version}: {error}") from error


def owns(who: Description, lid: Lid) -> bool:
    """Whether ``lid`` lies in a namespace of that node."""
    return any(lid.within(space) for space in who.namespaces)


def _require_threshold(note: bytes, role: Role, version: int) -> None:
    good = open_note(note, role.keys).signed_by
    if len(good) < role.threshold:
        raise ProofFails(
            f"roster {version} is signed by {len(good)} of {role.threshold} keys that must sign it"
        )


def _require_apart(one: Description, other: Description) -> None:
    """Raise `WrongUsage` where two nodes have an origin, a key or a namespace in common."""
    if one.origin == other.origin:
        raise WrongUsage(f"{one.name} and {other.name} both call their log {one.origin}")
    for mine in one.namespaces:
        for theirs in other.namespaces:
            if f"{mine}:".startswith(f"{theirs}:") or f"{theirs}:".startswith(f"{mine}:"):
                raise WrongUsage(
                    f"{mine} of {one.name} and {theirs} of {other.name} overlap; "
                    f"a namespace has one owner"
                )
    try:
        require_distinct([*one.keys.values(), *other.keys.values()])
    except ProofFails as error:
        raise WrongUsage(str(error)) from error
