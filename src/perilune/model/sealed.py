"""Acts of what is under embargo: that a sealed copy may be taken, and that embargoes end.

Format: docs/reference/formats.md, "Acts". A part of `perilune.model.act`, which reads and
writes all acts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never

from perilune.model import canonical
from perilune.model.ordered import ALONE, Warrant, order_members, read_warrant
from perilune.model.reading import read_count, read_digest, read_text


@dataclass(frozen=True, slots=True)
class Sealed:
    """An object that tells nothing to those without a key."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAct:
    """An encrypted copy of a product under embargo may be taken by anyone, and read by nobody."""

    t: datetime
    entry: int
    """Position in this log of the entry that published the product, or hides that."""
    sealed: Sealed
    """The encrypted copy."""
    recipient: str
    """Public part of the key that opens it, ``age1...``."""
    recovery: Sealed | None = None
    """The shares of its delivery's secret, each for one recovery recipient."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A product whose embargo ended, and what opens its sealed copy if there is one."""

    entry: int
    """Position in this log of the entry that published the product, or hides that."""
    seal: int | None = None
    """Position in this log of the act that names the copy."""
    identity: str = field(default="", repr=False)
    """The key, ``AGE-SECRET-KEY-1...``; empty where there is no copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAct:
    """The embargo of these products ends here: the release act of what is under embargo."""

    t: datetime
    opens: tuple[Opened, ...]
    warrant: Warrant = ALONE


SealingAct = SealAct | OpenAct


def members(act: SealingAct) -> dict[str, canonical.Json]:
    """The members of ``act`` but for those that all acts have."""
    match act:
        case SealAct():
            found: dict[str, canonical.Json] = {
                "act": "seal",
                "entry": act.entry,
                "sealed": _object(act.sealed),
                "recipient": act.recipient,
            }
            if act.recovery is not None:
                found["recovery"] = _object(act.recovery)
            return found
        case OpenAct():
            opens: list[canonical.Json] = [_opened(each) for each in act.opens]
            return {"act": "open", "opens": opens} | order_members(act.warrant)
        case _:
            assert_never(act)


def _object(sealed: Sealed) -> canonical.Json:
    return {"sha256": sealed.sha256, "size": sealed.size}


def _opened(opened: Opened) -> canonical.Json:
    if opened.seal is None:
        return {"entry": opened.entry}
    return {"entry": opened.entry, "seal": opened.seal, "identity": opened.identity}


def _read_object(found: Any) -> Sealed:
    return Sealed(read_digest(found["sha256"]), read_count(found["size"]))


def _read_seal(found: dict[str, Any], t: datetime) -> SealingAct:
    return SealAct(
        t=t,
        entry=read_count(found["entry"]),
        sealed=_read_object(found["sealed"]),
        recipient=read_text(found["recipient"]),
        recovery=_read_object(found["recovery"]) if "recovery" in found else None,
    )


def _read_open(found: dict[str, Any], t: datetime) -> SealingAct:
    opens = tuple(_read_opened(each) for each in found["opens"])
    return OpenAct(t=t, opens=opens, warrant=read_warrant(found))


def _read_opened(found: Any) -> Opened:
    if "seal" not in found:
        return Opened(read_count(found["entry"]))
    seal, identity = read_count(found["seal"]), read_text(found["identity"])
    return Opened(read_count(found["entry"]), seal, identity)


READERS: Mapping[str, Callable[[dict[str, Any], datetime], SealingAct]] = {
    "seal": _read_seal,
    "open": _read_open,
}
