"""The members that a collection's inventory lists, line by line, whatever its length.

Identifiers are given as written: what is wrong with them is for the checks to tell. Memory is
bounded by the longest line, which has a limit.
"""

import errno
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perilune.validation.facts import Inventory, Reference, parse_reference

_LONGEST_LINE = 1 << 16
"""A field may have 255 characters of LID; anything near this is no inventory."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of an inventory."""

    target: Reference
    """``line`` is that of the inventory, from 1."""
    is_primary: bool


def listed_in(inventory: Inventory, base: Path) -> Iterator[Listed]:
    """Its members in the order listed; raise `OSError` where there is no file to be read."""
    status, identifier = inventory.status_field - 1, inventory.identifier_field - 1
    place = base / inventory.file
    if not stat.S_ISREG(place.stat().st_mode):  # opening a pipe would wait for ever
        raise OSError(errno.EINVAL, "no regular file", str(place))
    with place.open("rb") as data:
        data.seek(inventory.offset)
        line = 0
        while raw := data.readline(_LONGEST_LINE):
            line += 1
            fields = _fields(raw.decode("utf-8", "replace"), inventory.delimiter)
            if len(fields) > max(status, identifier) and fields[identifier]:
                yield Listed(
                    parse_reference(fields[identifier], line),
                    fields[status].upper() in ("P", "PRIMARY"),
                )


def _fields(line: str, delimiter: str) -> list[str]:
    """Fields without quotes and blanks; blanks part them where the delimiter does not."""
    text = line.strip().removeprefix("\N{BYTE ORDER MARK}")
    parts = text.split(delimiter)
    if len(parts) == 1 and text[1:2].isspace():
        parts = text.split(None, 1)
    return [part.strip().strip('"').strip() for part in parts]
