"""One measured figure, beside what it has to be."""

import os
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(os.environ.get("PERILUNE_SHARED") or Path(__file__).resolve().parents[2] / "shared")
"""Folder of real data, where it is there."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, the bar it is held to, and whether it holds."""

    what: str
    figure: str
    bar: str
    holds: bool | None
    """None where there is no bar, or it could not be measured here."""

    def __str__(self) -> str:
        mark = {True: "yes", False: "NO", None: "-"}[self.holds]
        return f"| {self.what} | {self.figure} | {self.bar} | {mark} |"
