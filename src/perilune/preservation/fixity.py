"""Fixity: read everything back and compare it with its name.

Looked at are every object's bytes, that every object a holding needs is there, and every other file
of the node that can be held against a signature or a checksum (`perilune.preservation.files`).
The result is itself an act of the log; that of a sample is not, for it says nothing of the rest.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Literal

from perilune.catalogue.port import Projection
from perilune.catalogue.query import Query
from perilune.errors import CatalogueDamaged, NotFound
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, fixity_of, silent
from perilune.model.act import CopyAct, FixityAct, PublishAct
from perilune.node import Node
from perilune.preservation.files import FileDamage, examine
from perilune.preservation.readable import all_acts, manifest_in_storage

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
    files: tuple[FileDamage, ...] = ()
    """Other files of the node that are not what they were."""

    @property
    def is_clean(self) -> bool:
        """Whether everything is what it was."""
        return not self.damage and not self.files and self.log_is_sound


class Throttle:
    """Holds reading to so many bytes a second, over the whole of its life."""

    def __init__(self, bytes_s: float | None = None) -> None:
        self._bytes_s = bytes_s
        self._begun = time.monotonic()
        self._read = 0

    def took(self, size: int) -> None:
        """Wait until ``size`` more bytes may have been read."""
        self._read += size
        if self._bytes_s is not None:
            ahead_s = self._read / self._bytes_s - (time.monotonic() - self._begun)
            if ahead_s > 0:
                time.sleep(ahead_s)


@dataclass(frozen=True, slots=True)
class Sample:
    """A part of the objects, chosen at random by a seed."""

    share: float
    """Of all, 0 to 1; 0 where ``count`` says it."""
    count: int
    seed: int

    def of(self, names: list[str]) -> list[str]:
        """The chosen ones, at least one where there are any."""
        wanted = self.count or max(1, round(self.share * len(names)))
        chosen = Random(self.seed).sample(names, min(wanted, len(names)))  # noqa: S311  # no secret
        return sorted(chosen)


def audit(node: Node, progress: Progress = silent, sample: Sample | None = None) -> Audit:
    """Read every object, or a sample, and every other file back; record it all in the log.

    A log that is not sound is reported and nothing is appended to it, nor for a sample.
    """
    result = look(node, progress, sample)
    if result.log_is_sound and sample is None:
        record_reading(result, node)
    return result


def look(node: Node, progress: Progress = silent, sample: Sample | None = None) -> Audit:
    """The same, recording nothing; for a node too whose log or catalogue cannot be opened."""
    files = tuple(examine(node))
    names = object_names(node)
    if sample is not None:
        names = sample.of(names)
    total, damage = read_objects(names, node, Throttle(), progress)
    is_sound = not any(each.is_of_the_log for each in files)
    return Audit(len(names), total, tuple(damage), node.log.size, is_sound, files)


def object_names(node: Node, prefix: str = "") -> list[str]:
    """Of all objects that are there, or that a holding needs, those that begin so; sorted."""
    return sorted(name for name in {*node.store, *_needed(node)} if name.startswith(prefix))


def _needed(node: Node) -> set[str]:
    """Objects that holdings need, by the catalogue, or where that is damaged by the log."""
    with suppress(CatalogueDamaged):
        if not node.catalogue_fault:
            return {name for name, _ in node.catalogue.objects("kept")}
    needed: set[str] = set()
    for _, taken in all_acts(node):
        if not isinstance(taken, PublishAct | CopyAct):
            continue
        needed.add(taken.manifest)
        manifest = manifest_in_storage(taken.manifest, node)
        needed.update(entry.sha256 for entry in (manifest.files if manifest else ()))
    return needed


def read_objects(
    names: list[str], node: Node, throttle: Throttle, progress: Progress = silent
) -> tuple[int, list[Damage]]:
    """Read these objects back; how many bytes there were, and which are not what they were."""
    total, damage = 0, list[Damage]()
    for done, (size, found) in enumerate(_read_all(names, node), 1):
        total += size
        if found is not None:
            damage.append(found)
        progress("reading back", done, len(names))
        throttle.took(size)
    return total, damage


def _read_all(names: Iterable[str], node: Node) -> Iterator[tuple[int, Damage | None]]:
    left = iter(names)
    with ThreadPoolExecutor(_READERS) as pool:
        while run := list(islice(left, _AHEAD)):
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
