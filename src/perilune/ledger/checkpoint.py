"""Checkpoint: the three lines that a log signs, its origin, its size and its root.

Source: C2SP tlog-checkpoint v1.0.0, without extension lines.
"""

import re
from dataclasses import dataclass
from typing import Self

from perilune.errors import ProofFails
from perilune.ledger.note import from_base64, to_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log called ``origin`` had ``size`` entries with this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `text`; raise `ProofFails` on anything else."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise ProofFails(f"not a checkpoint of three lines: {text[:80]!r}")
        if not _SIZE.fullmatch(lines[1]):
            raise ProofFails(f"not a size of a log: {lines[1][:80]!r}")
        root = from_base64(lines[2])
        if len(root) != 32:
            raise ProofFails(f"not a root hash: {lines[2]!r}")
        return cls(lines[0], int(lines[1]), root)
