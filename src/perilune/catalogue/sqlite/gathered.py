"""Words gathered for a run of products, and how they are merged into the sets of the file."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import apsw
from pyroaring import BitMap

from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.sets import BLOCK_BITS, decode, encode
from perilune.catalogue.values import Kind, Value, microseconds, read_value

MONTH_BITS = 41
"""Times are gathered in spans of 2**41 microseconds, some 25 days, too."""

_MOST_NUMBERS = 200_000

Key = tuple[str, str, str]
"""Space, name, word."""


class Numbers:
    """Numbers of names and words that were met before: they never change once committed."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], int] = {}
        self.words: dict[tuple[int, str], int] = {}

    def forget(self) -> None:
        """Forget all, as after a run that was undone."""
        self.names.clear()
        self.words.clear()


class Gathered:
    """What a run adds to the sets, and what it takes out of them."""

    def __init__(self) -> None:
        self._put: defaultdict[tuple[str, str], defaultdict[str, list[int]]]
        self._put = defaultdict(lambda: defaultdict(list))
        self._drop: defaultdict[Key, list[int]] = defaultdict(list)

    def put(self, space: str, name: str, word: str, product: int) -> None:
        """The product has the word."""
        self._put[space, name][word].append(product)

    def drop(self, space: str, name: str, word: str, product: int) -> None:
        """The product has the word no longer."""
        self._put[space, name][word]
        self._drop[space, name, word].append(product)

    def put_values(self, space: str, name: str, values: Sequence[str], product: int) -> None:
        """The product has the values, in this order; times go into their month as well."""
        for text in values:
            self.put(space, name, text, product)
            value = read_value(text)
            self.put(f"kind of {space}", name, str(value.kind.value), product)
            if value.kind is Kind.TIME:
                self.put("month", f"{space} {name}", str(int(value.number) >> MONTH_BITS), product)
        if len(values) > 1:
            self.put("several", f"{space} {name}", "", product)

    def put_number(self, space: str, name: str, number: int, product: int) -> None:
        """The product has the whole number."""
        self.put(space, name, str(number), product)

    def put_time(self, space: str, name: str, moment: datetime, product: int) -> None:
        """The product has the time, kept as its microseconds since 1970."""
        count = microseconds(moment)
        self.put_number(space, name, count, product)
        self.put("month", f"{space} {name}", str(count >> MONTH_BITS), product)

    def write(self, connection: apsw.Connection, numbers: Numbers) -> None:
        """Merge all of it into the file."""
        [(change,)] = rows(connection, "SELECT value FROM state WHERE name = 'change'")
        [(count,)] = rows(connection, "SELECT value FROM state WHERE name = 'words'")
        fresh: list[tuple[int, str, int, int, float]] = []
        changed: list[tuple[int, Key]] = []
        postings: list[tuple[int, int, int | bytes]] = []
        for space, name in sorted(self._put):
            number = _name(connection, numbers, space, name)
            kept = self._put[space, name]
            for text in sorted(kept):
                word = _word(connection, numbers, number, text)
                if word is not None:
                    changed.append((word, (space, name, text)))
                    continue
                count += 1
                numbers.words[number, text] = count
                value = _value(space, text)
                fresh.append((number, text, count, value.kind, value.number))
                ids = BitMap(kept[text]) - BitMap(self._drop.get((space, name, text), ()))
                postings += [(place, change, bits) for place, bits in _blocks(count, ids)]
        changed.sort()
        connection.executemany("INSERT INTO word VALUES (?, ?, ?, ?, ?)", fresh)
        for word, key in changed:
            added = BitMap(self._put[key[:2]][key[2]])
            postings += self._merged(connection, word, added, key, change)
        sql = (
            "INSERT INTO posting VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET change = excluded.change, bits = excluded.bits"
        )
        connection.executemany(sql, postings)
        rows(connection, "UPDATE state SET value = ? WHERE name = 'words'", count)
        if len(numbers.words) > _MOST_NUMBERS:
            numbers.words.clear()

    def _merged(
        self, connection: apsw.Connection, word: int, added: BitMap, key: Key, change: int
    ) -> Iterator[tuple[int, int, int | bytes]]:
        dropped = BitMap(self._drop.get(key, ()))
        for place, _ in _blocks(word, added | dropped):
            first = (place & _LAST) << BLOCK_BITS
            bits = added & BitMap(range(first, first + _LAST + 1))
            for (kept,) in rows(connection, "SELECT bits FROM posting WHERE id = ?", place):
                bits |= decode(kept)
            bits -= dropped
            yield place, change, encode(bits)


_LAST = (1 << BLOCK_BITS) - 1


def _blocks(word: int, ids: BitMap) -> Iterator[tuple[int, int | bytes]]:
    """The blocks of a set: number and content."""
    if not ids:
        return
    if ids.min() >> BLOCK_BITS == ids.max() >> BLOCK_BITS:
        yield (word << BLOCK_BITS) | (ids.min() >> BLOCK_BITS), encode(ids)
        return
    for block, members in groupby(ids, key=lambda product: product >> BLOCK_BITS):
        yield (word << BLOCK_BITS) | block, encode(BitMap(members))


def _name(connection: apsw.Connection, numbers: Numbers, space: str, name: str) -> int:
    known = numbers.names.get((space, name))
    if known is None:
        sql = "INSERT INTO name (space, name) VALUES (?, ?) ON CONFLICT DO NOTHING"
        rows(connection, sql, space, name)
        sql = "SELECT id FROM name WHERE space = ? AND name = ?"
        [(found,)] = rows(connection, sql, space, name)
        known = numbers.names[space, name] = int(found)
    return known


def _word(connection: apsw.Connection, numbers: Numbers, name: int, text: str) -> int | None:
    known = numbers.words.get((name, text))
    if known is None:
        found = rows(connection, "SELECT id FROM word WHERE name = ? AND text = ?", name, text)
        if not found:
            return None
        [(number,)] = found
        known = numbers.words[name, text] = int(number)
    return known


def _value(space: str, text: str) -> Value:
    """How a word compares: only words that are values are more than text."""
    if space in ("property", "field"):
        return read_value(text)
    if space in ("span", "month"):
        return Value(Kind.NUMBER, int(text), text)
    return Value(Kind.TEXT, 0, text)
