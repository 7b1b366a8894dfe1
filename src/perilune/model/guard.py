"""Acts that keep a log honest about itself and about others: `anchor` and `lose`.

Format: docs/reference/formats.md, "Acts".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perilune.errors import ProofFails
from perilune.model import canonical
from perilune.model.reading import read_count, read_digest, read_text

LOST_VERSION = 1
_ROOT = re.compile(r"[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorAct:
    """Another log had this checkpoint, which its key signed and our witness key cosigned."""

    t: datetime
    origin: str
    size: int
    root: str
    """Base64, as in the checkpoint."""
    checkpoint: str
    """The signed note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseAct:
    """Products that entries of this log took in are no longer held, and nobody gives them."""

    t: datetime
    products: int
    lost: str
    """SHA-256 of the list of positions, an object of the storage."""


GuardAct = AnchorAct | LoseAct


def members(act: GuardAct) -> dict[str, canonical.Json]:
    """The members of an act that are not those of every act."""
    if isinstance(act, LoseAct):
        return {"act": "lose", "lost": {"count": act.products, "sha256": act.lost}}
    return {
        "act": "anchor",
        "origin": act.origin,
        "size": act.size,
        "root": act.root,
        "checkpoint": act.checkpoint,
    }


def encode_lost(positions: Iterable[int]) -> bytes:
    """The list that a `LoseAct` names: positions of entries, in order."""
    return canonical.encode({"v": LOST_VERSION, "lost": sorted(positions)})


def decode_lost(data: bytes) -> tuple[int, ...]:
    """Read `encode_lost`; raise `ProofFails` on anything else."""
    found = canonical.decode(data)
    if found.get("v") != LOST_VERSION:
        raise ProofFails(f"a list of what is lost of unknown version {found.get('v')!r}")
    try:
        return tuple(map(read_count, found["lost"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ProofFails(f"not a list of what is lost: {error!r}") from error


def read_root(found: Any) -> str:
    """``found``, if it is the root hash of a checkpoint; raise ValueError on anything else."""
    if not isinstance(found, str) or not _ROOT.fullmatch(found):
        raise ValueError(f"not a root hash: {found!r}")
    return found


def _anchor(found: dict[str, Any], t: datetime) -> GuardAct:
    return AnchorAct(
        t=t,
        origin=read_text(found["origin"]),
        size=read_count(found["size"]),
        root=read_root(found["root"]),
        checkpoint=read_text(found["checkpoint"]),
    )


def _lose(found: dict[str, Any], t: datetime) -> GuardAct:
    lost = found["lost"]
    return LoseAct(t=t, products=read_count(lost["count"]), lost=read_digest(lost["sha256"]))


READERS: Mapping[str, Callable[[dict[str, Any], datetime], GuardAct]] = {
    "anchor": _anchor,
    "lose": _lose,
}
