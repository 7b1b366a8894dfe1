"""Scrub: everything is read back part by part, at a pace, and mended where it can be.

The parts together are what `perilune audit --repair` does at once. Any part may be begun again: an
object that was mended is right when it is read again, and what a pass found is recorded
once, since the log is asked whether it says so already.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from perilune.catalogue.port import Catalogue
from perilune.errors import CatalogueDamaged
from perilune.ingest.projection import Progress, opened, silent
from perilune.model import act
from perilune.model.act import FixityAct
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
    object_names,
    read_objects,
    record_reading,
)
from perilune.preservation.repair import mend_objects, record_mended

_PART_OBJECTS = 20_000
_PART_BYTES = 16 << 30
_MOST_DIGITS = 3
LOG, COPIES, NOTES, CATALOGUE = "log", "copies of logs", "notes", "catalogue"
_OBJECTS, _RECORD = "objects ", "record after entry "
_FILES = {
    LOG: examine_log,
    COPIES: examine_copies,
    NOTES: examine_notes,
    CATALOGUE: examine_catalogue,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one part found."""

    objects: int = 0
    bytes: int = 0
    repaired: int = 0
    mended: int = 0
    """Files that are no objects."""
    damaged: Sequence[str] = field(default_factory=tuple)
    """Objects that still are, by SHA-256."""
    files: Sequence[str] = field(default_factory=tuple)
    """Files that still are, by their paths."""


def parts(node: Node) -> list[str]:
    """The parts of one pass, in order."""
    count, total = _extent(node.catalogue)
    digits = next(
        (
            digits
            for digits in range(_MOST_DIGITS)
            if count <= _PART_OBJECTS * 16**digits and total <= _PART_BYTES * 16**digits
        ),
        _MOST_DIGITS,
    )
    prefixes = [f"{number:0{digits}x}" if digits else "" for number in range(16**digits)]
    objects = [f"{_OBJECTS}{prefix or 'all'}" for prefix in prefixes]
    return [LOG, *objects, COPIES, NOTES, CATALOGUE, f"{_RECORD}{node.log.size}"]


def rate_of(node: Node) -> float | None:
    """Bytes a second that the node's pace allows; None where none is set."""
    pace = node.config.scrub
    return None if pace is None else pace.rate(_extent(node.catalogue)[1])


def scrub(
    part: str,
    node: Node,
    before: Iterable[Read] = (),
    bytes_s: float | None = None,
    progress: Progress = silent,
) -> Read:
    """Do one of `parts`, ``before`` being what the earlier ones found."""
    if part in _FILES:
        return _read_files(_FILES[part](node, mend=True))
    if part.startswith(_RECORD):
        return _record(list(before), int(part.removeprefix(_RECORD)), node)
    prefix = part.removeprefix(_OBJECTS).replace("all", "")
    names = object_names(node, prefix)
    total, damage = read_objects(names, node, Throttle(bytes_s), progress)
    result = mend_objects(damage, node)
    try:
        record_mended(result.repaired, node)
    except CatalogueDamaged:  # made again now that the objects are right, it takes what is recorded
        list(examine_catalogue(node, mend=True))
        record_mended(result.repaired, node)
    return Read(
        objects=len(names),
        bytes=total,
        repaired=len(result.repaired),
        damaged=sorted(result.failed),
    )


def _extent(catalogue: Catalogue) -> tuple[int, int]:
    """How many objects holdings need, and their bytes; none where the catalogue is damaged."""
    with suppress(CatalogueDamaged):
        sizes = [size for _, size in catalogue.objects("kept")]
        return len(sizes), sum(sizes)
    return 0, 0


def _read_files(found: Iterable[FileDamage]) -> Read:
    damage = list(found)
    left = [each.path for each in damage if not each.is_mended]
    return Read(mended=len(damage) - len(left), files=left)


def _record(before: Sequence[Read], size: int, node: Node) -> Read:
    """Have the log say what the pass found, unless it says so since its entry ``size``."""
    objects, total = sum(each.objects for each in before), sum(each.bytes for each in before)
    damaged = tuple(sorted({name for each in before for name in each.damaged}))
    files = [path for each in before for path in each.files]
    is_sound = not any(path.startswith(f"{LOG}/") for path in files)
    damage = tuple(Damage(name, "changed", "still damaged after a scrub") for name in damaged)
    result = Audit(objects, total, damage, node.log.size, is_sound)
    node.log.refresh()
    if is_sound and not _is_recorded(result, size, node):
        record_reading(result, node)
    return Read()


def _is_recorded(result: Audit, size: int, node: Node) -> bool:
    said = (result.objects, result.bytes, tuple(each.sha256 for each in result.damage[:500]))
    for entry in node.log.entries(size):
        found = opened(act.decode(entry), node)
        if isinstance(found, FixityAct) and (found.objects, found.bytes, found.damaged) == said:
            return True
    return False
