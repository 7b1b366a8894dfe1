"""Repair: damaged objects get their bytes back, from the node that holds them too.

Order matters: the right bytes are fetched and verified first, written beside, and only then take
the damaged ones' place (`ObjectStore.mend`), which go to quarantine; then our log says so. A
manifest is made again from the catalogue. Nobody is asked for anything that they do not know of
already: only a peer whose signature says that it holds the product. Where no good copy is found
nothing is touched.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from perilune.catalogue.every import every_hit
from perilune.catalogue.port import Projection
from perilune.catalogue.query import Query
from perilune.errors import Damaged, NotFound, PeerUnreachable, ProofFails
from perilune.federation.arrival import Giver, fetched
from perilune.federation.folder import Peers
from perilune.federation.link import Link
from perilune.federation.status import elsewhere
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, silent
from perilune.model.act import RepairAct
from perilune.model.package import FileEntry
from perilune.model.product import Holding
from perilune.node import Node
from perilune.preservation.fixity import Audit, Damage, all_is_public, audit, record_reading

_EVERYTHING = Query(scope="kept", versions="all")
_MOST_NAMED = 500


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
    def is_clean(self) -> bool:
        """Whether everything is now what it was."""
        return self.audit.log_is_sound and not self.failed


def audit_and_repair(node: Node, progress: Progress = silent) -> Repair:
    """Read everything back, and repair what is damaged and can be had."""
    found = audit(node, progress)
    result = Repair(found)
    wanted = {each.sha256: each for each in found.damage}
    result.failed = dict.fromkeys(wanted, "no product that is held refers to it")
    for holding in every_hit(_EVERYTHING, node.catalogue) if wanted else ():
        for sha256, entry in _objects(holding):
            if sha256 in result.failed:
                _mend(sha256, entry, holding, node, result)
    if result.repaired and found.log_is_sound:
        _record(result, wanted, node)
    return result


def _objects(holding: Holding) -> Iterator[tuple[str, FileEntry | None]]:
    """Every object of a holding; the manifest has no entry of its own."""
    yield holding.manifest.sha256, None
    for entry in holding.manifest.files:
        yield entry.sha256, entry


def _mend(
    sha256: str, entry: FileEntry | None, holding: Holding, node: Node, result: Repair
) -> None:
    if entry is None:
        data = holding.manifest.encode()
        node.store.mend(sha256, io.BytesIO(data))
        _is_repaired(Repaired(sha256, len(data), node.config.origin), result)
        return
    tried: list[str] = []
    for giver in _givers(holding, node):
        try:
            with fetched(entry, holding.product.id, giver) as source:
                node.store.mend(sha256, source)
        except (NotFound, PeerUnreachable, ProofFails, Damaged) as error:
            tried.append(str(error))
            continue
        _is_repaired(Repaired(sha256, entry.size, giver.origin), result)
        for part in giver.folder.parts():
            if part.name == sha256:
                part.unlink()
        return
    words = "; ".join(tried) or "no other node is known to hold it"
    result.failed[sha256] = f"{entry.path} of {holding.product.id}: {words}"


def _is_repaired(repaired: Repaired, result: Repair) -> None:
    result.repaired.append(repaired)
    del result.failed[repaired.sha256]


def _givers(holding: Holding, node: Node) -> Iterator[Giver]:
    for there in elsewhere(holding, node):
        peers = Peers.of(node)
        url = next(each.url for each in peers.members() if each.who.origin == there.origin)
        yield Giver(there.origin, Link(url), peers.folder(there.origin))


def _record(result: Repair, damage: dict[str, Damage], node: Node) -> None:
    """Log the repairs by the node that gave, then the reading as it is now."""
    with node.writing():
        catch_up(node)
        ticks = node.ticks()
        acts = [
            _act(origin, [each for each in result.repaired if each.origin == origin], next(ticks))
            for origin in sorted({each.origin for each in result.repaired})
        ]
        record(acts, node, hidden=not all_is_public(node))
        node.catalogue.apply(Projection(applied=node.log.size))
    left = tuple(damage[name] for name in result.failed)
    record_reading(replace(result.audit, damage=left), node)


def _act(origin: str, repaired: Iterable[Repaired], t: datetime) -> RepairAct:
    found = list(repaired)
    return RepairAct(
        t=t,
        origin=origin,
        objects=len(found),
        bytes=sum(each.size for each in found),
        repaired=tuple(each.sha256 for each in found[:_MOST_NAMED]),
    )
