"""Accession: the one step that turns checked products into archive holdings.

Order matters and is the whole point of this module: bytes first (the caller's batch has been
left, so they are durable), then the log, then the catalogue. A crash leaves at worst
unreferenced bytes, never a record of bytes we do not hold; a log that is ahead of the catalogue
is folded in by whoever writes next. Running a delivery again finishes the work.
"""

import hashlib
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perilune.catalogue.port import Projection, Recorded
from perilune.ingest.check import Candidate, settle
from perilune.ingest.keeper import Kept
from perilune.ingest.projection import Progress, catch_up, holding_of, product_of
from perilune.model import act
from perilune.model.act import Act, CommitAct, CopyAct, Opening, PublishAct
from perilune.model.identifier import Lidvid
from perilune.model.package import Manifest
from perilune.model.product import Embargo, Holding, Lifecycle, Product, Releasability
from perilune.node import Node
from perilune.validation.report import Message

_RUN = 2_000
"""Products that are logged and catalogued together, under one lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a delivery is taken in."""

    delivery: str
    lifecycle: Lifecycle
    releasability: Releasability
    embargo: Embargo | None = None
    release_at: datetime | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether our log may tell no more of it than a commitment."""
        return self.releasability is not Releasability.PUBLIC or self.embargo is Embargo.DARK


def accession(
    candidates: Sequence[Candidate],
    terms: Terms,
    node: Node,
    messages: list[Message],
    progress: Progress,
) -> list[int]:
    """Take custody of the accepted ``candidates``; return their positions in the log.

    One that another process has brought in meanwhile is settled as held or refused.
    """
    positions: list[int] = []
    for start in range(0, len(candidates), _RUN):
        with node.writing():
            catch_up(node)
            run = _still_new(candidates[start : start + _RUN], node, messages)
            positions += _take(run, terms, node)
        progress("accessioning", min(start + _RUN, len(candidates)), len(candidates))
    return positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A product that another log published, its bytes durable in our storage."""

    origin: str
    index: int
    """Position in that log."""
    leaf: bytes
    publish: PublishAct
    manifest: Manifest
    product: Product


def accession_copies(arrivals: Sequence[Arrival], node: Node, *, hidden: bool = False) -> None:
    """Take custody of what other nodes own; what is held already by then is left out.

    The acts are ``hidden`` of what its owner does not show to everyone.
    """
    with node.writing():
        catch_up(node)
        held = node.catalogue.held([each.publish.lidvid for each in arrivals])
        new = {each.publish.lidvid: each for each in arrivals if each.publish.lidvid not in held}
        if not new:
            return
        first, ticks = node.log.size, node.ticks()
        acts = [_copy(each, next(ticks)) for each in new.values()]
        holdings = [
            holding_of(made, index, each.product, each.manifest)
            for index, (made, each) in enumerate(zip(acts, new.values(), strict=True), first)
        ]
        record(acts, node, hidden=hidden)
        node.catalogue.apply(Projection(applied=node.log.size, added=holdings))


def record(acts: Sequence[Act], node: Node, *, hidden: bool) -> None:
    """Append acts to the log, in commitments if ``hidden``. Only within ``node.writing()``."""
    _append([(each, not hidden) for each in acts], node)


def record_ordered(
    acts: Sequence[tuple[Act, bool]],
    node: Node,
    *,
    cleared: Sequence[tuple[Lidvid, Releasability]] = (),
    withdrawn: Sequence[Lidvid] = (),
) -> None:
    """Append acts that persons ask about, each openly or not, and have the catalogue know them.

    Only within ``node.writing()``, after `catch_up`.
    """
    first = node.log.size
    _append(acts, node)
    node.catalogue.apply(
        Projection(
            applied=node.log.size,
            cleared=cleared,
            withdrawn=withdrawn,
            recorded=[Recorded(first + n, *each) for n, each in enumerate(acts)],
        )
    )


def _append(acts: Sequence[tuple[Act, bool]], node: Node) -> None:
    """All acts at once; of those that are not open, openings are objects of the storage first."""
    openings: list[Opening] = []
    entries: list[bytes] = []
    for made, is_open in acts:
        if is_open:
            entries.append(act.encode(made))
            continue
        opening = Opening(secrets.token_hex(32), made)
        openings.append(opening)
        entries.append(act.encode(CommitAct(t=made.t, commitment=opening.commitment)))
    if openings:
        with node.store.batch() as batch:
            for opening in openings:
                batch.put(io.BytesIO(opening.encode()))
    node.log.append(entries)


def _still_new(run: Sequence[Candidate], node: Node, messages: list[Message]) -> list[Candidate]:
    held = node.catalogue.held([candidate.id for candidate in run])
    for candidate in run:
        if candidate.id in held:
            holding = held[candidate.id]
            settle(candidate, Kept(holding.manifest, holding.index), messages)
    return [each for each in run if each.is_new]


def _take(run: Sequence[Candidate], terms: Terms, node: Node) -> list[int]:
    if not run:
        return []
    first = node.log.size
    ticks = node.ticks()
    acts = [_publish(candidate, terms, next(ticks)) for candidate in run]
    holdings = [
        _holding(candidate, publish, index, node)
        for index, (candidate, publish) in enumerate(zip(run, acts, strict=True), first)
    ]
    record(acts, node, hidden=terms.is_hidden)
    node.catalogue.apply(Projection(applied=node.log.size, added=holdings))
    return list(range(first, node.log.size))


def _copy(arrival: Arrival, t: datetime) -> CopyAct:
    published = arrival.publish
    return CopyAct(
        t=t,
        origin=arrival.origin,
        index=arrival.index,
        leaf=arrival.leaf.hex(),
        lidvid=published.lidvid,
        manifest=published.manifest,
        manifest_size=published.manifest_size,
        files=published.files,
        bytes=published.bytes,
        delivery=published.delivery,
        lifecycle=Lifecycle.RELEASED,
        releasability=published.releasability,
    )


def _publish(candidate: Candidate, terms: Terms, t: datetime) -> PublishAct:
    manifest = candidate.manifest
    assert manifest is not None
    data = manifest.encode()
    return PublishAct(
        t=t,
        lidvid=candidate.id,
        manifest=hashlib.sha256(data).hexdigest(),
        manifest_size=len(data),
        files=len(manifest.files),
        bytes=manifest.total_bytes,
        delivery=terms.delivery,
        lifecycle=terms.lifecycle,
        releasability=terms.releasability,
        embargo=terms.embargo,
        release_at=terms.release_at,
    )


def _holding(candidate: Candidate, publish: PublishAct, index: int, node: Node) -> Holding:
    assert candidate.manifest is not None
    product = candidate.product or product_of(candidate.manifest, node)
    return holding_of(publish, index, product, candidate.manifest)
