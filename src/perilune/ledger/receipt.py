"""Receipt: what a deliverer may hold the node to, signed with the node's receipt key.

Format: docs/reference/formats.md, "Receipt".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from perilune.errors import ProofFails
from perilune.ledger.note import Signer, Verifier, from_base64, open_note, sign, to_base64
from perilune.model import canonical
from perilune.model.product import Lifecycle, Releasability
from perilune.model.reading import read_time, time_text

RECEIPT_VERSION = 1
_KIND = "delivery"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the labels found: each was accepted, held before, or refused."""

    labels: int
    accepted: int
    held: int
    refused: int
    files: int
    """Files of the accepted and the held."""
    bytes: int

    def __post_init__(self) -> None:
        if self.labels != self.accepted + self.held + self.refused:
            raise ValueError(f"counts that do not reconcile: {self}")


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often the report has messages of one type."""

    type: str
    severity: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one delivery."""

    t: datetime
    node: str
    origin: str
    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability
    counts: Counts
    entries: tuple[tuple[int, int], ...]
    """First and last of each run of log positions of the accepted and held."""
    log_size: int
    log_root: bytes
    faults: tuple[FaultCount, ...]
    report: str
    """SHA-256 of the full report, an object of the node's storage."""

    def document(self) -> dict[str, canonical.Json]:
        """The JSON object that is signed."""
        counts = self.counts
        return {
            "v": RECEIPT_VERSION,
            "receipt": _KIND,
            "t": time_text(self.t),
            "node": self.node,
            "origin": self.origin,
            "delivery": self.delivery,
            "lifecycle": self.lifecycle.value,
            "releasability": self.releasability.value,
            "counts": {
                "labels": counts.labels,
                "accepted": counts.accepted,
                "held": counts.held,
                "refused": counts.refused,
                "files": counts.files,
                "bytes": counts.bytes,
            },
            "entries": [list(run) for run in self.entries],
            "log": {"size": self.log_size, "root": to_base64(self.log_root)},
            "faults": [
                {"type": fault.type, "severity": fault.severity, "count": fault.count}
                for fault in self.faults
            ],
            "report": self.report,
        }

    def encode(self, signer: Signer) -> bytes:
        """The receipt as a signed note."""
        return sign(canonical.encode(self.document()).decode() + "\n", [signer])

    @classmethod
    def verify(cls, note: bytes, verifier: Verifier) -> Self:
        """The receipt in ``note``, if ``verifier`` signed it; raise `ProofFails` otherwise."""
        text = open_note(note, [verifier]).text
        found = canonical.decode(text.removesuffix("\n").encode())
        if found.get("v") != RECEIPT_VERSION or found.get("receipt") != _KIND:
            raise ProofFails(f"not a receipt of a delivery: {text[:80]!r}")
        try:
            return cls._from(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed receipt: {error}") from error

    @classmethod
    def _from(cls, found: dict[str, Any]) -> Self:
        for digest in (found["delivery"], found["report"]):
            if not _SHA256.fullmatch(digest):
                raise ValueError(f"not a SHA-256: {digest!r}")
        return cls(
            t=read_time(found["t"]),
            node=found["node"],
            origin=found["origin"],
            delivery=found["delivery"],
            lifecycle=Lifecycle(found["lifecycle"]),
            releasability=Releasability(found["releasability"]),
            counts=Counts(
                labels=found["counts"]["labels"],
                accepted=found["counts"]["accepted"],
                held=found["counts"]["held"],
                refused=found["counts"]["refused"],
                files=found["counts"]["files"],
                bytes=found["counts"]["bytes"],
            ),
            entries=tuple((first, last) for first, last in found["entries"]),
            log_size=found["log"]["size"],
            log_root=from_base64(found["log"]["root"]),
            faults=tuple(
                FaultCount(fault["type"], fault["severity"], fault["count"])
                for fault in found["faults"]
            ),
            report=found["report"],
        )


def runs(positions: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """``positions`` as ranges of first and last, in order: 3, 4, 5, 9 is (3, 5), (9, 9)."""
    found: list[tuple[int, int]] = []
    for position in sorted(set(positions)):
        if found and found[-1][1] == position - 1:
            found[-1] = (found[-1][0], position)
        else:
            found.append((position, position))
    return tuple(found)
