"""Repair: damaged objects get their bytes back, from the node that holds them too.

Order matters: the right bytes are fetched and verified first, written beside, and only then take
the damaged ones' place (`ObjectStore.mend`), which go to quarantine; then our log says so. What an
object should be is told by log and storage alone, so that a damaged catalogue is no matter; it is
made again when the objects are right. Nobody is asked for anything that they do not know of
already: only a peer whose signature says that it holds the product. Where no good copy is found
nothing is touched.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from perilune.catalogue.port import Projection
from perilune.errors import (
    Damaged,
    NotFound,
    OutboundRefused,
    PeerUnreachable,
    ProofFails,
)
from perilune.federation.arrival import Giver, fetched
from perilune.federation.asking import asking
from perilune.federation.custody import encode_exceptions
from perilune.federation.folder import TAKEN, Peers, log_name
from perilune.federation.link import Link
from perilune.federation.promise import MOST_MANIFEST_BYTES
from perilune.federation.source import quoted
from perilune.federation.status import holders
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, silent
from perilune.model.act import CopyAct, PublishAct, ReceiveAct, RepairAct
from perilune.model.package import FileEntry
from perilune.node import Node
from perilune.preservation.files import (
    FileDamage,
    examine_catalogue,
    examine_copies,
    examine_log,
    examine_notes,
)
from perilune.preservation.fixity import (
    Audit,
    Damage,
    Throttle,
    all_is_public,
    object_names,
    read_objects,
    record_reading,
)
from perilune.preservation.readable import all_acts, manifest_in_storage

_MOST_NAMED = 500
_MOST_LIST_BYTES = 64 << 20
_NOT_HAD = (NotFound, PeerUnreachable, OutboundRefused, ProofFails, Damaged)


@dataclass(frozen=True, slots=True)
class Repaired:
    """An object that is what it was again."""

    sha256: str
    size: int
    origin: str
    """Log of the node that gave the bytes; our own for what was made again here."""


@dataclass(slots=True)
class Repair:
    """What reading back found, and what became of it."""

    audit: Audit
    repaired: list[Repaired] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Objects that are still damaged, and why in words."""

    @property
    def files(self) -> tuple[FileDamage, ...]:
        """Files that are no objects and were damaged, mended or not."""
        return self.audit.files

    @property
    def is_clean(self) -> bool:
        """Whether everything is now what it was."""
        return not self.failed and all(each.is_mended for each in self.files)


def audit_and_repair(node: Node, progress: Progress = silent) -> Repair:
    """Read everything back, and repair what is damaged and can be had; have the log say so.

    Of a node that `is_broken` nothing is recorded: open it again, and `record_repair`.
    """
    log = tuple(examine_log(node, mend=True))
    names = object_names(node)
    total, damage = read_objects(names, node, Throttle(), progress)
    result = mend_objects(damage, node)
    files = (
        *log,
        *examine_copies(node, mend=True),
        *examine_notes(node, mend=True),
        *examine_catalogue(node, mend=True),
    )
    is_sound = not any(each.is_of_the_log for each in files)
    result.audit = Audit(len(names), total, tuple(damage), node.log.size, is_sound, files)
    if not node.is_broken:
        record_repair(result, node)
    return result


def mend_objects(damage: Iterable[Damage], node: Node) -> Repair:
    """Repair what is damaged and can be had; nothing is recorded."""
    found = tuple(damage)
    result = Repair(Audit(0, 0, found, node.log.size, log_is_sound=True))
    result.failed = dict.fromkeys(
        (each.sha256 for each in found), "no product that is held refers to it"
    )
    if not found:
        return result
    for index, act in all_acts(node):
        if isinstance(act, PublishAct | CopyAct):
            _mend_product(_Taken(index, act, node), result)
        elif isinstance(act, ReceiveAct):
            _mend_received(act, node, result)
        if not result.failed:
            break
    return result


@dataclass(frozen=True, slots=True)
class _Taken:
    """A product as the log says that it was taken in."""

    index: int
    act: PublishAct | CopyAct
    node: Node

    def givers(self) -> Iterator[Giver]:
        """The peers that hold it too."""
        origin = self.act.origin if isinstance(self.act, CopyAct) else ""
        for there in holders(self.index, origin, self.node):
            peers = Peers.of(self.node)
            url = next(each.url for each in peers.members() if each.who.origin == there.origin)
            link = Link(url, asking=asking(self.node, there.origin))
            yield Giver(there.origin, link, peers.folder(there.origin))


def _mend_product(taken: _Taken, result: Repair) -> None:
    if taken.act.manifest in result.failed:
        _mend_manifest(taken, result)
    manifest = manifest_in_storage(taken.act.manifest, taken.node)
    for entry in manifest.files if manifest else ():
        if entry.sha256 in result.failed:
            _mend_file(entry, taken, result)


def _mend_received(act: ReceiveAct, node: Node, result: Repair) -> None:
    """A custody receipt of ours and its list, from beside the copy of the log, or the partner."""
    wanted = [name for name in (act.receipt, act.exception_list) if name in result.failed]
    if not wanted:
        return
    ours, peers = log_name(node.config.origin), Peers.of(node)
    known = [(node.config.origin, encode_exceptions(()))]
    if note := peers.folder(act.origin).note(TAKEN):
        known.append((node.config.origin, note))
    for peer in peers.members():
        if peer.who.origin == act.origin:
            for path in (f"/federation/{ours}/given", f"/federation/{ours}/given/exceptions"):
                with suppress(*_NOT_HAD):
                    known.append((act.origin, Link(peer.url).get(path, _MOST_LIST_BYTES)))
    for name in wanted:
        for origin, data in known:
            with suppress(Damaged):
                node.store.mend(name, io.BytesIO(data))
                _is_repaired(Repaired(name, len(data), origin), result)
                break


def _mend_manifest(taken: _Taken, result: Repair) -> None:
    """From the catalogue, which has all that is in it, else from a peer."""
    sha256, lidvid, node = taken.act.manifest, taken.act.lidvid, taken.node
    tried: list[str] = []
    try:
        data = node.catalogue.get(lidvid, "kept").manifest.encode()
        node.store.mend(sha256, io.BytesIO(data))
    except (NotFound, Damaged):
        pass
    else:
        _is_repaired(Repaired(sha256, len(data), node.config.origin), result)
        return
    for giver in taken.givers():
        try:
            data = giver.link.get(f"/manifests/{quoted(str(lidvid))}", MOST_MANIFEST_BYTES)
            node.store.mend(sha256, io.BytesIO(data))
        except _NOT_HAD as error:
            tried.append(str(error))
            continue
        _is_repaired(Repaired(sha256, len(data), giver.origin), result)
        return
    result.failed[sha256] = f"manifest of {lidvid}: {_words(tried)}"


def _mend_file(entry: FileEntry, taken: _Taken, result: Repair) -> None:
    sha256, lidvid = entry.sha256, taken.act.lidvid
    tried: list[str] = []
    for giver in taken.givers():
        try:
            with fetched(entry, lidvid, giver) as source:
                taken.node.store.mend(sha256, source)
        except _NOT_HAD as error:
            tried.append(str(error))
            continue
        _is_repaired(Repaired(sha256, entry.size, giver.origin), result)
        for part in giver.folder.parts():
            if part.name == sha256:
                part.unlink()
        return
    result.failed[sha256] = f"{entry.path} of {lidvid}: {_words(tried)}"


def _words(tried: list[str]) -> str:
    return "; ".join(tried) or "no other node is known to hold it"


def _is_repaired(repaired: Repaired, result: Repair) -> None:
    result.repaired.append(repaired)
    del result.failed[repaired.sha256]


def record_repair(result: Repair, node: Node) -> None:
    """Log the repairs by the node that gave, then the reading as it is now."""
    if not result.audit.log_is_sound:
        return
    record_mended(result.repaired, node)
    left = tuple(each for each in result.audit.damage if each.sha256 in result.failed)
    record_reading(replace(result.audit, damage=left), node)


def record_mended(repaired: Iterable[Repaired], node: Node) -> None:
    """Log the repairs, one act for each node that gave."""
    found = list(repaired)
    if not found:
        return
    with node.writing():
        catch_up(node)
        ticks = node.ticks()
        acts = [
            _act(origin, [each for each in found if each.origin == origin], next(ticks))
            for origin in sorted({each.origin for each in found})
        ]
        record(acts, node, hidden=not all_is_public(node))
        node.catalogue.apply(Projection(applied=node.log.size))


def _act(origin: str, repaired: Iterable[Repaired], t: datetime) -> RepairAct:
    found = list(repaired)
    return RepairAct(
        t=t,
        origin=origin,
        objects=len(found),
        bytes=sum(each.size for each in found),
        repaired=tuple(each.sha256 for each in found[:_MOST_NAMED]),
    )
