"""Fixity: read everything back and compare it with its name.

Three things are looked at: every object's bytes, that every object a holding needs is there, and
that the log's entries still hash to its signed head. The result is itself an act of the log.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

from perilune.catalogue.port import Projection
from perilune.catalogue.query import Query
from perilune.errors import LogInconsistent, NotFound
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, fixity_of, silent
from perilune.model.act import FixityAct
from perilune.node import Node

_READERS = 4
_AHEAD = 256
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Damage:
    """One object that is not what it was."""

    sha256: str
    state: Literal["changed", "missing", "unreadable"]
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What reading everything back found."""

    objects: int
    bytes: int
    damage: tuple[Damage, ...]
    log_entries: int
    log_is_sound: bool

    @property
    def is_clean(self) -> bool:
        """Whether everything is what it was."""
        return not self.damage and self.log_is_sound


def audit(node: Node, progress: Progress = silent) -> Audit:
    """Read every object and every log entry back; record what was found in the log.

    A log that is not sound is reported and nothing is appended to it.
    """
    needed = dict(node.catalogue.objects("kept"))
    names = sorted({*node.store, *needed})
    total, damage = 0, list[Damage]()
    for done, (size, found) in enumerate(_read_all(names, node), 1):
        total += size
        if found is not None:
            damage.append(found)
        progress("reading back", done, len(names))
    result = Audit(len(names), total, tuple(damage), node.log.size, _log_is_sound(node))
    if result.log_is_sound:
        record_reading(result, node)
    return result


def _read_all(names: list[str], node: Node) -> Iterator[tuple[int, Damage | None]]:
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(names), _AHEAD):
            run = names[start : start + _AHEAD]
            yield from pool.map(lambda name: _read_back(name, node), run)


def _read_back(name: str, node: Node) -> tuple[int, Damage | None]:
    digest, size = hashlib.sha256(), 0
    try:
        with node.store.open(name) as data:
            while chunk := data.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except NotFound:
        return 0, Damage(name, "missing", "a holding needs it and it is not in storage")
    except OSError as error:
        return size, Damage(name, "unreadable", str(error))
    if digest.hexdigest() != name:
        return size, Damage(name, "changed", f"its bytes now have SHA-256 {digest.hexdigest()}")
    return size, None


def _log_is_sound(node: Node) -> bool:
    try:
        node.log.check()
    except LogInconsistent:
        return False
    return True


def all_is_public(node: Node) -> bool:
    """Whether counts and digests of the whole storage tell nothing but what everyone may know."""
    everything = Query(scope="kept", versions="all", limit=0)
    public = replace(everything, scope="public")
    return node.catalogue.search(everything).total == node.catalogue.search(public).total


def record_reading(result: Audit, node: Node) -> None:
    """Log what reading everything back found, and have the catalogue know it."""
    with node.writing():
        catch_up(node)
        reading = FixityAct(
            t=next(node.ticks()),
            objects=result.objects,
            bytes=result.bytes,
            damaged=tuple(found.sha256 for found in result.damage[:500]),
        )
        index = node.log.size
        record([reading], node, hidden=not all_is_public(node))
        node.catalogue.apply(Projection(applied=node.log.size, fixity=fixity_of(reading, index)))
