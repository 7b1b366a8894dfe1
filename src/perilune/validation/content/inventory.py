"""Members listed more than once, in the inventory of a collection or in the label of a bundle."""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b

from lxml import etree

from perilune.formats.pds4.objects import SEPARATORS, Table
from perilune.formats.pds4.parts import Part
from perilune.formats.xml import line_of
from perilune.validation.content.definition import LabelFault
from perilune.validation.content.findings import Fault
from perilune.validation.content.source import WINDOW, Source

_REPEATED = "error.inventory.duplicate_lidvid"
_LONGEST_LINE = 1 << 20


def repeated_in_bundle(root: etree._Element) -> Iterator[LabelFault]:
    """Each identifier that more than one Bundle_Member_Entry gives."""
    namespace = etree.QName(root).namespace
    lines: dict[str, int | None] = {}
    counts: Counter[str] = Counter()
    for entry in Part(root, namespace).every("Bundle_Member_Entry"):
        for name in ("lid_reference", "lidvid_reference"):
            if text := entry.text(name):
                counts[text] += 1
                lines[text] = line_of(entry.element)
    for text, count in counts.items():
        if count > 1:
            yield LabelFault(_repeated(text, count), lines[text])


def repeated_in_inventory(table: Table, source: Source) -> Iterator[Fault]:
    """Each identifier that the inventory lists more than once.

    Of identifiers seen, sixteen bytes each are kept.
    """
    separator = bytes((SEPARATORS.get(table.field_delimiter.lower(), ord(",")),))
    seen: set[bytes] = set()
    repeated: Counter[bytes] = Counter()
    for line in _lines(source, table.offset or 0):
        parts = line.split(separator, 2)
        member = parts[1].strip().strip(b'"').strip() if len(parts) > 1 else b""
        if not member:
            continue
        digest = blake2b(member, digest_size=16).digest()
        if digest in seen:
            repeated[member] += 1
        seen.add(digest)
    for member, more in repeated.items():
        yield _repeated(member.decode("utf-8", "replace"), more + 1)


def _lines(source: Source, start: int) -> Iterator[bytes]:
    left = b""
    for window in source.windows(start, source.size, WINDOW):
        *whole, left = (left + window.tobytes()).split(b"\n")
        yield from whole
        if len(left) > _LONGEST_LINE:
            return
    yield left


def _repeated(text: str, count: int) -> Fault:
    words = f"{text} is listed {count} times"
    return Fault(_REPEATED, words, f"{count} times", "once")
