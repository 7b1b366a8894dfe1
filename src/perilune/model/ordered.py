"""Acts that persons order: who may order, what is cleared, withdrawn, held or corrected.

Format: docs/reference/formats.md, "Acts that persons order". A part of `perilune.model.act`, which
reads and writes all acts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from perilune.model import canonical
from perilune.model.identifier import Lidvid
from perilune.model.product import Releasability
from perilune.model.reading import read_count, read_digest, read_text, read_time, time_text


@dataclass(frozen=True, slots=True)
class Warrant:
    """By what right an act was made: an order, and the signatures of two persons under it."""

    order: str = ""
    """SHA-256 of the order, an object of the storage; empty where the operator acted alone."""
    signatures: tuple[str, ...] = ()
    """SHA-256 of each signature, objects too."""


ALONE = Warrant()
"""The operator of a node that does not know two persons yet."""


@dataclass(frozen=True, slots=True)
class Following:
    """The act of another log that this one follows: what its owner ordered holds for copies."""

    origin: str
    index: int


class Standing(StrEnum):
    """What became of a person."""

    KNOWN = "known"
    REMOVED = "removed"


class Cause(StrEnum):
    """Why a product was withdrawn."""

    ERROR = "error"
    RIGHTS = "rights"
    LAW = "law"
    SECURITY = "security"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAct:
    """A person's key counts from here on, or counts no longer."""

    t: datetime
    name: str
    key: str
    """``ssh-ed25519`` and Base64, as in the first two fields of an OpenSSH public key."""
    standing: Standing
    warrant: Warrant = ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAct:
    """Products may be known to more than the node: to partners, or to everyone."""

    t: datetime
    to: Releasability
    cleared: int
    """How many products."""
    openings: str
    """SHA-256 of the list of openings, an object of the storage."""
    reason: str
    warrant: Warrant = ALONE
    follows: Following | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAct:
    """A product version is shown and served no longer; its bytes and its acts stay."""

    t: datetime
    lidvid: Lidvid
    cause: Cause
    text: str
    warrant: Warrant = ALONE
    follows: Following | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAct:
    """A product version may not be deleted here, whatever else becomes of it."""

    t: datetime
    lidvid: Lidvid
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnholdAct:
    """A hold is lifted."""

    t: datetime
    lidvid: Lidvid
    hold: datetime
    """The time of the `hold` act, which names it."""
    reason: str
    warrant: Warrant = ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ErratumAct:
    """Something is to be known about a product version that its label does not say."""

    t: datetime
    lidvid: Lidvid
    text: str
    follows: Following | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAct:
    """A standing rule: what is delivered under these LIDs is cleared by itself until then."""

    t: datetime
    within: tuple[str, ...]
    to: Releasability
    until: datetime
    reason: str
    warrant: Warrant = ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAct:
    """A standing rule ends."""

    t: datetime
    rule: datetime
    """The time of the `rule` act, which names it."""
    reason: str
    warrant: Warrant = ALONE


OrderedAct = (
    PersonAct | ClearAct | WithdrawAct | HoldAct | UnholdAct | ErratumAct | RuleAct | RevokeAct
)


def members(act: OrderedAct) -> dict[str, canonical.Json]:
    """The members of an act that are not those of every act."""
    match act:
        case PersonAct():
            own: dict[str, canonical.Json] = {
                "act": "person",
                "name": act.name,
                "key": act.key,
                "standing": act.standing.value,
            }
        case ClearAct():
            own = {
                "act": "clear",
                "to": act.to.value,
                "cleared": {"count": act.cleared, "sha256": act.openings},
                "reason": act.reason,
            }
        case WithdrawAct():
            own = {
                "act": "withdraw",
                "lidvid": str(act.lidvid),
                "cause": act.cause.value,
                "text": act.text,
            }
        case HoldAct():
            own = {"act": "hold", "lidvid": str(act.lidvid), "reason": act.reason}
        case UnholdAct():
            own = {
                "act": "unhold",
                "lidvid": str(act.lidvid),
                "hold": time_text(act.hold),
                "reason": act.reason,
            }
        case ErratumAct():
            own = {"act": "erratum", "lidvid": str(act.lidvid), "text": act.text}
        case RuleAct():
            own = {
                "act": "rule",
                "within": list(act.within),
                "to": act.to.value,
                "until": time_text(act.until),
                "reason": act.reason,
            }
        case RevokeAct():
            own = {"act": "revoke", "rule": time_text(act.rule), "reason": act.reason}
        case _:
            assert_never(act)
    return own | _right(act)


def _right(act: OrderedAct) -> dict[str, canonical.Json]:
    found: dict[str, canonical.Json] = {}
    if not isinstance(act, HoldAct | ErratumAct):
        found |= order_members(act.warrant)
    if isinstance(act, ClearAct | WithdrawAct | ErratumAct) and act.follows is not None:
        found["follows"] = {"origin": act.follows.origin, "index": act.follows.index}
    return found


def order_members(warrant: Warrant) -> dict[str, canonical.Json]:
    """The member that tells by what order an act was made; none where the operator acted alone."""
    if warrant == ALONE:
        return {}
    return {"order": {"sha256": warrant.order, "signatures": list(warrant.signatures)}}


def warrant_of(act: object) -> Warrant:
    """By what right ``act`` was made; `ALONE` for acts that need no order."""
    warrant = getattr(act, "warrant", ALONE)
    assert isinstance(warrant, Warrant)
    return warrant


def read_warrant(found: Mapping[str, Any]) -> Warrant:
    """Read `order_members`; raise ValueError where they are malformed."""
    if (order := found.get("order")) is None:
        return ALONE
    signatures = tuple(read_digest(each) for each in order["signatures"])
    if not signatures:
        raise ValueError("an order without signatures")
    return Warrant(read_digest(order["sha256"]), signatures)


def _follows(found: Mapping[str, Any]) -> Following | None:
    if (other := found.get("follows")) is None:
        return None
    return Following(read_text(other["origin"]), read_count(other["index"]))


def _person(found: Mapping[str, Any], t: datetime) -> PersonAct:
    return PersonAct(
        t=t,
        name=read_text(found["name"]),
        key=read_text(found["key"]),
        standing=Standing(found["standing"]),
        warrant=read_warrant(found),
    )


def _clear(found: Mapping[str, Any], t: datetime) -> ClearAct:
    return ClearAct(
        t=t,
        to=Releasability(found["to"]),
        cleared=read_count(found["cleared"]["count"]),
        openings=read_digest(found["cleared"]["sha256"]),
        reason=read_text(found["reason"]),
        warrant=read_warrant(found),
        follows=_follows(found),
    )


def _withdraw(found: Mapping[str, Any], t: datetime) -> WithdrawAct:
    return WithdrawAct(
        t=t,
        lidvid=Lidvid.parse(found["lidvid"]),
        cause=Cause(found["cause"]),
        text=read_text(found["text"]),
        warrant=read_warrant(found),
        follows=_follows(found),
    )


def _hold(found: Mapping[str, Any], t: datetime) -> HoldAct:
    lidvid, reason = Lidvid.parse(found["lidvid"]), read_text(found["reason"])
    return HoldAct(t=t, lidvid=lidvid, reason=reason)


def _unhold(found: Mapping[str, Any], t: datetime) -> UnholdAct:
    return UnholdAct(
        t=t,
        lidvid=Lidvid.parse(found["lidvid"]),
        hold=read_time(found["hold"]),
        reason=read_text(found["reason"]),
        warrant=read_warrant(found),
    )


def _erratum(found: Mapping[str, Any], t: datetime) -> ErratumAct:
    return ErratumAct(
        t=t,
        lidvid=Lidvid.parse(found["lidvid"]),
        text=read_text(found["text"]),
        follows=_follows(found),
    )


def _rule(found: Mapping[str, Any], t: datetime) -> RuleAct:
    return RuleAct(
        t=t,
        within=tuple(read_text(each) for each in found["within"]),
        to=Releasability(found["to"]),
        until=read_time(found["until"]),
        reason=read_text(found["reason"]),
        warrant=read_warrant(found),
    )


def _revoke(found: Mapping[str, Any], t: datetime) -> RevokeAct:
    return RevokeAct(
        t=t,
        rule=read_time(found["rule"]),
        reason=read_text(found["reason"]),
        warrant=read_warrant(found),
    )


READERS: Mapping[str, Callable[[Mapping[str, Any], datetime], OrderedAct]] = {
    "person": _person,
    "clear": _clear,
    "withdraw": _withdraw,
    "hold": _hold,
    "unhold": _unhold,
    "erratum": _erratum,
    "rule": _rule,
    "revoke": _revoke,
}
