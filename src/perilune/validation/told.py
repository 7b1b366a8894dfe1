"""Told: what concerns more than one label, put together file by file at the end of a run.

A bundle of a million products may have a message about each. The first are kept in memory; where
there are more, all of them lie in a database that ends with the run.
"""

import pickle
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, groupby

import apsw

from perilune.validation.report import Message

_KEPT_IN_MEMORY = 20_000
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE place (n INTEGER PRIMARY KEY, path TEXT UNIQUE);
CREATE TABLE told (n INTEGER PRIMARY KEY, place INTEGER, message BLOB);
CREATE INDEX told_of_place ON told (place, n);
"""
_IN_ORDER = "SELECT path, message FROM place JOIN told ON place = place.n ORDER BY place, told.n"


def by_file(messages: Iterable[Message]) -> Iterator[tuple[str, list[Message]]]:
    """Messages by their path, in the order in which paths, and their messages, came first."""
    waiting = iter(messages)
    first: dict[str, list[Message]] = {}
    for count, message in enumerate(waiting, 1):
        first.setdefault(message.path, []).append(message)
        if count == _KEPT_IN_MEMORY:
            break
    else:
        yield from first.items()
        return
    with closing(apsw.Connection("")) as kept:
        kept.execute(_SCHEMA).fetchall()
        kept.execute("BEGIN")
        for message in chain(chain.from_iterable(first.values()), waiting):
            kept.execute("INSERT OR IGNORE INTO place (path) VALUES (?)", (message.path,))
            kept.execute(
                "INSERT INTO told (place, message) SELECT n, ? FROM place WHERE path = ?",
                (pickle.dumps(message, pickle.HIGHEST_PROTOCOL), message.path),
            )
        first.clear()
        for path, rows in groupby(kept.execute(_IN_ORDER), lambda row: str(row[0])):
            yield path, [pickle.loads(message) for _, message in rows]  # noqa: S301 - ours
