"""Cursors as text, for links and command lines. Opaque to whoever holds one."""

import base64
import binascii
import json

from perilune.catalogue.query import Cursor
from perilune.errors import BadQuestion


def write_cursor(cursor: Cursor) -> str:
    """``cursor`` in letters, digits, dash and underscore."""
    plain = json.dumps([cursor.index, *cursor.values], separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Read `write_cursor`; raise `BadQuestion` on any other text."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadQuestion(f"not the mark of a page: {text[:80]!r}") from error
    if not (isinstance(found, list) and found and type(found[0]) is int):
        raise BadQuestion(f"not the mark of a page: {text[:80]!r}")
    index, *values = found
    if not all(value is None or isinstance(value, str | int | float) for value in values):
        raise BadQuestion(f"not the mark of a page: {text[:80]!r}")
    return Cursor(tuple(values), index)
