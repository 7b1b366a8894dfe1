"""Acts: the entries of a node's log, as values and as the bytes that are hashed.

Format: docs/reference/formats.md, "Acts". The bytes are for ever: a member may be
added to a later version of the format, none may change its meaning.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from perilune.errors import MalformedIdentifier, ProofFails
from perilune.model import canonical, guard, ordered, sealed
from perilune.model.guard import AnchorAct, GuardAct, LoseAct, read_root
from perilune.model.identifier import Lidvid
from perilune.model.ordered import OrderedAct
from perilune.model.product import Embargo, Lifecycle, Releasability
from perilune.model.reading import (
    is_digest,
    read_count,
    read_digest,
    read_text,
    read_time,
    time_text,
)
from perilune.model.sealed import OpenAct, SealAct, SealingAct

ACT_VERSION = 1
MAX_ACT_BYTES = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAct:
    """Names the node and the public keys it uses from here on, each with its one use."""

    t: datetime
    node: str
    origin: str
    namespaces: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    """Pairs of use (``log``, ``receipt``, ...) and verifier key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAct:
    """A product version was accessioned: its bytes are in custody, under this manifest."""

    t: datetime
    lidvid: Lidvid
    manifest: str
    manifest_size: int
    files: int
    bytes: int
    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability
    embargo: Embargo | None = None
    release_at: datetime | None = None
    """When the embargo is to end; an act ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyAct:
    """A product version that another node published was accessioned here too."""

    t: datetime
    origin: str
    """Log of the owner."""
    index: int
    """Position there of the entry that published it."""
    leaf: str
    """Leaf hash of that entry, hex."""
    lidvid: Lidvid
    manifest: str
    manifest_size: int
    files: int
    bytes: int
    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveAct:
    """Custody of all that a log published openly up to a checkpoint, but for the exceptions."""

    t: datetime
    origin: str
    size: int
    root: str
    """Base64, as in the checkpoint."""
    exceptions: int
    exception_list: str
    """SHA-256 of the list of exceptions, an object of the storage."""
    receipt: str
    """SHA-256 of the signed custody receipt, an object of the storage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairAct:
    """Damaged objects were replaced by the right bytes, which another node gave."""

    t: datetime
    origin: str
    objects: int
    bytes: int
    repaired: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAct:
    """Everything accessioned with a delivery is served from here on."""

    t: datetime
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixityAct:
    """Every object was read back and compared with its name."""

    t: datetime
    objects: int
    bytes: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitAct:
    """An act that is not shown: the SHA-256 of its opening stands for it."""

    t: datetime
    commitment: str


Act = (
    KeyAct
    | PublishAct
    | CopyAct
    | ReceiveAct
    | RepairAct
    | GuardAct
    | ReleaseAct
    | FixityAct
    | CommitAct
    | OrderedAct
    | SealingAct
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment hides: the act, and the salt that keeps it from being guessed."""

    salt: str
    act: Act

    def encode(self) -> bytes:
        """Canonical bytes; their SHA-256 is the commitment."""
        return canonical.encode(self.document())

    def document(self) -> dict[str, canonical.Json]:
        """The JSON object of those bytes."""
        return {"v": ACT_VERSION, "salt": self.salt, "act": document(self.act)}

    @classmethod
    def decode(cls, data: bytes) -> "Opening":
        """Read canonical bytes; raise `ProofFails` on anything else."""
        found = canonical.decode(data)
        if found.get("v") != ACT_VERSION or not is_digest(found.get("salt")):
            raise ProofFails("not an opening")
        return cls(found["salt"], _from_document(found.get("act")))

    @property
    def commitment(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        return hashlib.sha256(self.encode()).hexdigest()


def document(act: Act) -> dict[str, canonical.Json]:
    """The JSON object of ``act``."""
    head: dict[str, canonical.Json] = {"v": ACT_VERSION, "t": time_text(act.t)}
    members: dict[str, canonical.Json]
    match act:
        case KeyAct():
            members = {
                "act": "key",
                "node": act.node,
                "origin": act.origin,
                "namespaces": list(act.namespaces),
                "keys": [{"use": use, "vkey": vkey} for use, vkey in act.keys],
            }
        case PublishAct():
            members = {"act": "publish"} | _product_document(act) | _embargo_document(act)
        case CopyAct():
            members = {
                "act": "copy",
                "origin": act.origin,
                "index": act.index,
                "leaf": act.leaf,
            }
            members |= _product_document(act)
        case ReceiveAct():
            members = {
                "act": "receive",
                "origin": act.origin,
                "size": act.size,
                "root": act.root,
                "exceptions": {"count": act.exceptions, "sha256": act.exception_list},
                "receipt": act.receipt,
            }
        case RepairAct() | FixityAct():
            members = _reading_document(act)
        case ReleaseAct():
            members = {"act": "release", "delivery": act.delivery}
        case CommitAct():
            members = {"act": "commit", "commitment": {"sha256": act.commitment}}
        case AnchorAct() | LoseAct():
            members = guard.members(act)
        case SealAct() | OpenAct():
            members = sealed.members(act)
        case _:
            members = ordered.members(act)
    return head | members


def _product_document(act: PublishAct | CopyAct) -> dict[str, canonical.Json]:
    return {
        "lidvid": str(act.lidvid),
        "manifest": {"sha256": act.manifest, "size": act.manifest_size},
        "files": act.files,
        "bytes": act.bytes,
        "delivery": act.delivery,
        "lifecycle": act.lifecycle.value,
        "releasability": act.releasability.value,
    }


def _reading_document(act: RepairAct | FixityAct) -> dict[str, canonical.Json]:
    counts: dict[str, canonical.Json] = {"objects": act.objects, "bytes": act.bytes}
    if isinstance(act, FixityAct):
        return {"act": "fixity", "damaged": list(act.damaged)} | counts
    return {"act": "repair", "origin": act.origin, "repaired": list(act.repaired)} | counts


def _embargo_document(act: PublishAct) -> dict[str, canonical.Json]:
    found: dict[str, canonical.Json] = {}
    if act.embargo is not None:
        found["embargo"] = act.embargo.value
    if act.release_at is not None:
        found["release_at"] = time_text(act.release_at)
    return found


def encode(act: Act) -> bytes:
    """The entry of the log that records ``act``."""
    return canonical.encode(document(act))


def decode(entry: bytes) -> Act | None:
    """The act that an entry records, None for a kind that this version does not know.

    Raises `ProofFails` on bytes that are no act, or a known one that is malformed.
    """
    found = canonical.decode(entry)
    if found.get("v") != ACT_VERSION:
        raise ProofFails(f"act of unknown version {found.get('v')!r}")
    if found.get("act") not in _READERS:
        return None
    return _from_document(found)


def time_of(entry: bytes) -> datetime:
    """When the act of ``entry`` was made, of whatever kind it is."""
    return read_time(canonical.decode(entry).get("t", ""))


def _from_document(found: Any) -> Act:
    try:
        return _READERS[found["act"]](found, read_time(found["t"]))
    except (KeyError, TypeError, ValueError, AttributeError, MalformedIdentifier) as error:
        raise ProofFails(f"malformed act: {error}") from error


def _key(found: dict[str, Any], t: datetime) -> Act:
    return KeyAct(
        t=t,
        node=found["node"],
        origin=found["origin"],
        namespaces=tuple(found["namespaces"]),
        keys=tuple((key["use"], key["vkey"]) for key in found["keys"]),
    )


class _ProductMembers(TypedDict):
    """What `publish` and `copy` say alike."""

    lidvid: Lidvid
    manifest: str
    manifest_size: int
    files: int
    bytes: int
    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability


def _product_members(found: dict[str, Any]) -> _ProductMembers:
    return {
        "lidvid": Lidvid.parse(found["lidvid"]),
        "manifest": read_digest(found["manifest"]["sha256"]),
        "manifest_size": int(found["manifest"]["size"]),
        "files": int(found["files"]),
        "bytes": int(found["bytes"]),
        "delivery": read_digest(found["delivery"]),
        "lifecycle": Lifecycle(found["lifecycle"]),
        "releasability": Releasability(found["releasability"]),
    }


def _publish(found: dict[str, Any], t: datetime) -> Act:
    return PublishAct(
        t=t,
        embargo=Embargo(found["embargo"]) if "embargo" in found else None,
        release_at=read_time(found["release_at"]) if "release_at" in found else None,
        **_product_members(found),
    )


def _copy(found: dict[str, Any], t: datetime) -> Act:
    return CopyAct(
        t=t,
        origin=read_text(found["origin"]),
        index=read_count(found["index"]),
        leaf=read_digest(found["leaf"]),
        **_product_members(found),
    )


def _receive(found: dict[str, Any], t: datetime) -> Act:
    return ReceiveAct(
        t=t,
        origin=read_text(found["origin"]),
        size=read_count(found["size"]),
        root=read_root(found["root"]),
        exceptions=read_count(found["exceptions"]["count"]),
        exception_list=read_digest(found["exceptions"]["sha256"]),
        receipt=read_digest(found["receipt"]),
    )


def _repair(found: dict[str, Any], t: datetime) -> Act:
    return RepairAct(
        t=t,
        origin=read_text(found["origin"]),
        objects=read_count(found["objects"]),
        bytes=read_count(found["bytes"]),
        repaired=tuple(read_digest(name) for name in found["repaired"]),
    )


def _release(found: dict[str, Any], t: datetime) -> Act:
    return ReleaseAct(t=t, delivery=read_digest(found["delivery"]))


def _fixity(found: dict[str, Any], t: datetime) -> Act:
    return FixityAct(
        t=t,
        objects=int(found["objects"]),
        bytes=int(found["bytes"]),
        damaged=tuple(read_digest(name) for name in found["damaged"]),
    )


def _commit(found: dict[str, Any], t: datetime) -> Act:
    return CommitAct(t=t, commitment=read_digest(found["commitment"]["sha256"]))


_READERS: Mapping[str, Callable[[dict[str, Any], datetime], Act]] = {
    "key": _key,
    "publish": _publish,
    "copy": _copy,
    "receive": _receive,
    "repair": _repair,
    "release": _release,
    "fixity": _fixity,
    "commit": _commit,
    **guard.READERS,
    **ordered.READERS,
    **sealed.READERS,
}
