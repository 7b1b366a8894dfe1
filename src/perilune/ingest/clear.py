"""Clearing: from here on partners, or everyone, may know of products that were national.

The act names a list of openings, an object of the storage: what the commitments in the log hide,
with their places. So whoever may know of a product can check that it was committed to when it was
taken in, and everyone else learns how many were cleared and no more. Bytes of the list first, then
the log, all acts of an order at once, then the catalogue.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from perilune.catalogue.every import every_hit
from perilune.catalogue.port import Recorded
from perilune.catalogue.query import Comparison, Op, Query
from perilune.errors import NotFound, WrongUsage
from perilune.ingest.accession import record_ordered
from perilune.ingest.projection import catch_up, walk
from perilune.ingest.seal import seal
from perilune.model import act
from perilune.model.act import CommitAct, Opening, PublishAct, ReleaseAct
from perilune.model.disclosure import Opened, encode_openings
from perilune.model.identifier import Lid, Lidvid, parse_identifier
from perilune.model.ordered import ClearAct, RuleAct, Warrant
from perilune.model.product import Embargo, Holding, Releasability
from perilune.model.reading import is_digest
from perilune.node import Node
from perilune.orders.desk import draft
from perilune.orders.order import Order, SignedOrder, What
from perilune.orders.persons import claim

_RUN = 5_000
"""Products that one act clears."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was cleared."""

    products: tuple[Lidvid, ...]
    to: Releasability


def clearing(targets: Sequence[str], to: Releasability, reason: str, node: Node) -> Order:
    """The order to clear ``targets`` (LIDVIDs, LIDs with all below them, deliveries).

    It means what is held now, and nothing that is delivered later. Raises `NotFound` for a target
    that means nothing, `WrongUsage` for what is another node's or cleared already.
    """
    if to is Releasability.NATIONAL:
        raise WrongUsage("what was cleared is withdrawn, not made national again")
    size = node.log.size
    meant = [_require_own(target, _meant(target, size, node)) for target in targets]
    if not any(_lacking(holdings, to) for holdings in meant):
        raise WrongUsage(f"all of it is cleared for {to} already")
    terms = {"to": to.value, "as_of": str(size)}
    return draft(What.CLEAR, targets, reason, node, terms)


def clear(signed: SignedOrder, node: Node) -> Cleared:
    """Carry out an order to clear; raise `OrderRefused` as `claim` does."""
    order = signed.order
    to, size = Releasability(order.terms["to"]), int(order.terms["as_of"])
    with node.writing():
        catch_up(node)
        meant = [each for target in order.targets for each in _meant(target, size, node)]
        lacking = _lacking(meant, to)
        warrant = claim(signed, node)
        made = _record(lacking, to, order.reason, warrant, node)
    _seal(lacking, node)
    return made


def clear_by_rules(ids: Sequence[Lidvid], rules: Sequence[Recorded], node: Node) -> int:
    """Clear those of ``ids`` that a standing rule means; how many were."""
    cleared, sealing = 0, list[Holding]()
    with node.writing():
        catch_up(node)
        for rule in rules:
            assert isinstance(rule.act, RuleAct)
            held = node.catalogue.held(ids).values()
            meant = [
                each
                for each in held
                if each.index > rule.index
                and not each.origin
                and any(each.product.id.lid.within(space) for space in rule.act.within)
            ]
            if lacking := _lacking(meant, rule.act.to):
                made = _record(lacking, rule.act.to, rule.act.reason, rule.act.warrant, node)
                cleared += len(made.products)
                sealing += lacking
    _seal(sealing, node)
    return cleared


def _seal(holdings: Sequence[Holding], node: Node) -> None:
    """What is under embargo goes to partners sealed, from now on."""
    if node.root is not None and any(each.embargo is not None for each in holdings):
        seal(node)


def _record(
    holdings: Sequence[Holding], to: Releasability, reason: str, warrant: Warrant, node: Node
) -> Cleared:
    """Log and catalogue that ``holdings`` are cleared. Only within ``node.writing()``."""
    if not holdings:
        raise NotFound("nothing of what the order means is held and not cleared yet")
    ticks = node.ticks()
    releases = _releases({each.delivery for each in holdings}, node)
    acts: list[tuple[ClearAct, bool]] = []
    with node.store.batch() as batch:
        for run, is_open in _groups(holdings, to):
            deliveries = {each.delivery for each in run}
            opened = list(_openings(run, node))
            opened += (each for name in deliveries for each in releases.get(name, ()))
            listed = encode_openings(opened)
            batch.put(io.BytesIO(listed))
            made = ClearAct(
                t=next(ticks),
                to=to,
                cleared=len(run),
                openings=hashlib.sha256(listed).hexdigest(),
                reason=reason,
                warrant=warrant,
            )
            acts.append((made, is_open))
    ids = tuple(each.product.id for each in holdings)
    cleared = [(name, to) for name in ids]
    record_ordered(acts, node, cleared=cleared)
    return Cleared(ids, to)


def _groups(
    holdings: Sequence[Holding], to: Releasability
) -> Iterator[tuple[Sequence[Holding], bool]]:
    """Runs of what one act clears, and whether it may show: nothing dark does before its end."""
    dark = [each for each in holdings if each.embargo is Embargo.DARK]
    others = [each for each in holdings if each.embargo is not Embargo.DARK]
    for group, is_open in ((others, to is Releasability.PUBLIC), (dark, False)):
        for start in range(0, len(group), _RUN):
            yield group[start : start + _RUN], is_open


def _openings(holdings: Iterable[Holding], node: Node) -> Iterator[Opened]:
    for each in holdings:
        found = _opening(each.index, node)
        if found is not None:
            yield each.index, found


def _opening(index: int, node: Node) -> Opening | None:
    """What the commitment at ``index`` hides; None where the log shows the act itself."""
    found = act.decode(node.log.entry(index))
    if not isinstance(found, CommitAct):
        return None
    with node.store.open(found.commitment) as data:
        return Opening.decode(data.read())


def _releases(deliveries: set[str], node: Node) -> dict[str, list[Opened]]:
    """Hidden releases of these deliveries."""
    found: dict[str, list[Opened]] = {}
    for each in node.catalogue.recorded(["release"]):
        if isinstance(each.act, ReleaseAct) and each.act.delivery in deliveries:
            opening = _opening(each.index, node)
            if opening is not None:
                found.setdefault(each.act.delivery, []).append((each.index, opening))
    return found


def _lacking(holdings: Iterable[Holding], to: Releasability) -> list[Holding]:
    """Those of which fewer people may know so far, each once, in the order of the log."""
    found = {each.index: each for each in holdings if each.releasability.reach < to.reach}
    return [found[index] for index in sorted(found)]


def _meant(target: str, size: int, node: Node) -> list[Holding]:
    """What ``target`` means, of what the first ``size`` entries of the log brought."""
    if is_digest(target):
        ids = [
            each.lidvid
            for _, each in walk(node)
            if isinstance(each, PublishAct) and each.delivery == target
        ]
        found: Iterable[Holding] = node.catalogue.held(ids).values()
    else:
        identifier = parse_identifier(target)
        found = _named(identifier, node)
    meant = [each for each in found if each.index < size and not each.withdrawn]
    if not meant:
        raise NotFound(f"nothing that is held is meant by {target!r}")
    return meant


def _named(identifier: Lid | Lidvid, node: Node) -> Iterator[Holding]:
    if isinstance(identifier, Lidvid):
        yield from node.catalogue.held([identifier]).values()
        return
    below = Comparison("lid", Op.LIKE, f"{identifier}:*")
    for query in (Query(id=identifier), Query(where=below)):
        yield from every_hit(replace(query, scope="own", versions="all"), node.catalogue)


def _require_own(target: str, holdings: list[Holding]) -> list[Holding]:
    for each in holdings:
        if each.origin:
            raise WrongUsage(f"{each.product.id}, meant by {target}, is {each.origin}'s to clear")
    return holdings
