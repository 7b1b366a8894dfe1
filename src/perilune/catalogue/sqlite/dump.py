"""The content of a catalogue as text: equal catalogues give equal lines, whatever made them.

Numbers that depend on the order in which words were met (of deliveries, names, words, changes) are
replaced by what they stand for.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import apsw

from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.sets import union

_PRODUCTS = """
SELECT product.id, lid, major, minor, accessioned, delivery.name, lifecycle, releasability,
  embargo, release_at, seal, withdrawn, bytes, start, title
FROM product JOIN delivery ON delivery.id = product.delivery ORDER BY product.id
"""
_FOOTPRINTS = """
SELECT product, body, shape, x0, x1, y0, y1, z0, z1 FROM footprint ORDER BY product, body, shape
"""
_TABLES = (
    ("state", "SELECT name, value FROM state WHERE name IN ('applied', 'fixity') ORDER BY name"),
    ("delivery", "SELECT name, released FROM delivery ORDER BY name"),
    ("product", _PRODUCTS),
    ("document", "SELECT id, body FROM document ORDER BY id"),
    ("file", "SELECT product, sha256, size FROM file ORDER BY product, sha256"),
    ("member", "SELECT owner, lid, major, minor FROM member ORDER BY owner, lid, major, minor"),
    ("footprint", _FOOTPRINTS),
    ("standing", "SELECT lidvid, cleared, withdrawn FROM standing ORDER BY lidvid"),
    ("act", "SELECT id, is_open, body FROM act ORDER BY id"),
)
_WORDS = (
    "SELECT space, name.name, text, kind, number, posting.bits FROM name"
    " JOIN word ON word.name = name.id"
    " JOIN posting ON posting.id BETWEEN word.id << 16 AND (word.id << 16) + 65535"
    " ORDER BY space, name.name, text"
)


def lines(connection: apsw.Connection) -> Iterator[str]:
    """One line per row, tables in a fixed order."""
    for table, sql in _TABLES:
        for row in connection.execute(sql):
            yield _line(table, row)
    for row, group in groupby(connection.execute(_WORDS), key=itemgetter(0, 1, 2, 3, 4)):
        if products := union(kept for *_, kept in group):
            digest = hashlib.sha256(products.to_array().tobytes()).hexdigest()
            yield _line("word", (*row, len(products), digest))
    yield from _text(connection)


def _text(connection: apsw.Connection) -> Iterator[str]:
    """Every word of the text index with each place where it stands."""
    rows(connection, "PRAGMA query_only = OFF")  # for a table of this connection's own
    try:
        rows(
            connection,
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.place USING fts5vocab(main, words, instance)",
        )
        for row in connection.execute('SELECT term, doc, col, "offset" FROM temp.place'):
            yield _line("text", row)
    finally:
        rows(connection, "PRAGMA query_only = ON")


def _line(table: str, row: tuple[Any, ...]) -> str:
    kept = [value.hex() if isinstance(value, bytes) else value for value in row]
    return f"{table} {json.dumps(kept, ensure_ascii=False)}"
