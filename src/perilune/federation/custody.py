"""Custody receipt: what a node holds of another's log, signed with its custody key.

Format: docs/reference/formats.md, "Custody receipt". Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from perilune.errors import MalformedIdentifier, ProofFails
from perilune.federation.replica import State
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import Signer, Verifier, from_base64, open_note, sign, to_base64
from perilune.model import canonical
from perilune.model.identifier import Lidvid
from perilune.model.reading import read_count, read_time, time_text

RECEIPT_VERSION = 1
_KIND = "custody"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Excepted:
    """A published product that is not held, and why."""

    index: int
    """Position in the owner's log of the entry that published it."""
    lidvid: Lidvid
    why: State


@dataclass(frozen=True, slots=True)
class ExceptedSeal:
    """A sealed copy that is not held, or that its release act did not open, and why."""

    seal: int
    """Position in the owner's log of the act that names it."""
    why: State
    opened_by: int | None = None
    """Position there of the act that gives its key; None while it is not held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCounts:
    """Of the entries covered: sealed copies."""

    announced: int = 0
    held: int = 0
    """In custody, as they are or opened."""
    opened: int = 0
    """Products in custody in the clear because a release act opened the copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of the entries covered: products published openly, and commitments."""

    published: int = 0
    held: int = 0
    excepted: int = 0
    hidden: int = 0
    sealed: SealCounts = SealCounts()

    def __post_init__(self) -> None:
        if self.published != self.held + self.excepted:
            raise ValueError(f"counts that do not reconcile: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyReceipt:
    """``origin`` holds what the log of ``log`` published up to there, but for the exceptions."""

    t: datetime
    node: str
    origin: str
    log: Checkpoint
    counts: Counts
    exceptions: str
    """SHA-256 of the list of exceptions."""

    def encode(self, signer: Signer) -> bytes:
        """The receipt as a signed note."""
        document: dict[str, canonical.Json] = {
            "v": RECEIPT_VERSION,
            "receipt": _KIND,
            "t": time_text(self.t),
            "node": self.node,
            "origin": self.origin,
            "log": {
                "origin": self.log.origin,
                "size": self.log.size,
                "root": to_base64(self.log.root),
            },
            "counts": _counts_document(self.counts),
            "exceptions": self.exceptions,
        }
        return sign(canonical.encode(document).decode() + "\n", [signer])

    @classmethod
    def verify(cls, note: bytes, *keys: Verifier) -> Self:
        """The receipt in ``note``, if one of ``keys`` signed it; raise `ProofFails` otherwise."""
        text = open_note(note, keys).text
        found = canonical.decode(text.removesuffix("\n").encode())
        if found.get("v") != RECEIPT_VERSION or found.get("receipt") != _KIND:
            raise ProofFails(f"not a custody receipt: {text[:80]!r}")
        try:
            made = cls._from(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed custody receipt: {error}") from error
        if f"{made.origin}/custody" not in [key.name for key in keys]:
            raise ProofFails(f"a custody receipt of {made.origin}, signed by {keys[0].name}")
        return made

    @classmethod
    def _from(cls, found: dict[str, Any]) -> Self:
        log, counts = found["log"], found["counts"]
        size = read_count(log["size"])
        if not _SHA256.fullmatch(found["exceptions"]):
            raise ValueError(f"not a SHA-256: {found['exceptions']!r}")
        return cls(
            t=read_time(found["t"]),
            node=str(found["node"]),
            origin=str(found["origin"]),
            log=Checkpoint(str(log["origin"]), size, from_base64(log["root"])),
            counts=Counts(
                published=read_count(counts["published"]),
                held=read_count(counts["held"]),
                excepted=read_count(counts["excepted"]),
                hidden=read_count(counts["hidden"]),
                sealed=_read_sealed(counts.get("sealed", {})),
            ),
            exceptions=found["exceptions"],
        )


def _counts_document(counts: Counts) -> canonical.Json:
    found: dict[str, canonical.Json] = {
        "published": counts.published,
        "held": counts.held,
        "excepted": counts.excepted,
        "hidden": counts.hidden,
    }
    sealed = counts.sealed
    if sealed.announced:
        found["sealed"] = {
            "announced": sealed.announced,
            "held": sealed.held,
            "opened": sealed.opened,
        }
    return found


def _read_sealed(found: Any) -> SealCounts:
    if not found:
        return SealCounts()
    names = ("announced", "held", "opened")
    return SealCounts(**{name: read_count(found[name]) for name in names})


def encode_exceptions(excepted: Iterable[Excepted], seals: Iterable[ExceptedSeal] = ()) -> bytes:
    """The list of exceptions as canonical bytes, by position."""
    document: dict[str, canonical.Json] = {
        "v": RECEIPT_VERSION,
        "exceptions": [
            {"index": each.index, "lidvid": str(each.lidvid), "why": each.why.value}
            for each in sorted(excepted, key=lambda each: each.index)
        ],
    }
    listed: list[canonical.Json] = [
        {"seal": each.seal, "why": each.why.value}
        | ({} if each.opened_by is None else {"open": each.opened_by})
        for each in sorted(seals, key=lambda each: each.seal)
    ]
    if listed:
        document["sealed"] = listed
    return canonical.encode(document)


def decode_exceptions(data: bytes) -> tuple[list[Excepted], list[ExceptedSeal]]:
    """Read `encode_exceptions`; raise `ProofFails` on anything else."""
    found = canonical.decode(data)
    if found.get("v") != RECEIPT_VERSION:
        raise ProofFails(f"a list of exceptions of unknown version {found.get('v')!r}")
    try:
        excepted = [
            Excepted(read_count(each["index"]), Lidvid.parse(each["lidvid"]), State(each["why"]))
            for each in found["exceptions"]
        ]
        seals = [
            ExceptedSeal(
                read_count(each["seal"]),
                State(each["why"]),
                read_count(each["open"]) if "open" in each else None,
            )
            for each in found.get("sealed", ())
        ]
    except (KeyError, TypeError, ValueError, AttributeError, MalformedIdentifier) as error:
        raise ProofFails(f"malformed list of exceptions: {error}") from error
    return excepted, seals
