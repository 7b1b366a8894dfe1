"""Words gathered for a run of products, and how they are merged into the sets of the file.

Values of labels bring two more sets each: their kind (number, time, text), by which the type
of a property and the products without one are known, and for times their month, so that a long
stretch of time is a few sets and not as many as there are observations.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

import apsw
from pyroaring import BitMap

from perilune.catalogue.sqlite.database import rows
from perilune.catalogue.sqlite.sets import BLOCK_BITS, decode, encode
from perilune.catalogue.values import Kind, Value, read_value

MONTH_BITS = 41
"""A month, here, is 2**41 microseconds: some 25 days."""

_KIND_WORDS = tuple(str(kind.value) for kind in Kind)
_MOST_NUMBERS = 100_000
_NOTHING = BitMap()

Words = defaultdict[str, list[int]]
"""Word to the products that have it."""
Values = tuple[str, ...]
Alike = defaultdict[tuple[str, Values], list[int]]
"""Values of a name to the products that have just these: labels of one kind mostly agree."""
Space = Literal["property", "field", "facet"]
Posting = tuple[int, int, int | bytes]


class Numbers:
    """Numbers of names and of words met more than once: they never change once committed."""

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
        self._values: defaultdict[str, Alike] = defaultdict(_no_alike)
        self._put: defaultdict[tuple[str, str], Words] = defaultdict(_no_words)
        self._drop: defaultdict[str, list[int]] = defaultdict(list)

    def put(self, space: Space, named: Iterable[tuple[str, Values]], product: int) -> None:
        """The product has these values, in this order, of each name; a name occurs once."""
        alike = self._values[space]
        for one in named:
            alike[one].append(product)

    def put_month(self, name: str, count: int, product: int) -> None:
        """The product has a time, so many microseconds after 1970, in the column ``name``."""
        self._put["month", name][str(count >> MONTH_BITS)].append(product)

    def add(self, set_name: str, product: int) -> None:
        """The product is in the set."""
        self._put["set", set_name][""].append(product)

    def remove(self, set_name: str, product: int) -> None:
        """The product is in the set no longer."""
        self._put["set", set_name][""]
        self._drop[set_name].append(product)

    def write(self, connection: apsw.Connection, numbers: Numbers) -> None:
        """Merge all of it into the file."""
        writer = _Writer(connection, numbers)
        for space, alike in sorted(self._values.items()):
            for name, words in sorted(self._by_name(space, alike).items()):
                if space == "facet":
                    writer.write_words(space, name, words)
                else:
                    writer.write_values(space, name, words)
        for space, name in sorted(self._put):
            words = self._put[space, name]
            if space == "set":
                writer.write_set(name, words[""], self._drop.get(name, ()))
            else:
                writer.write_words(space, name, words)
        writer.finish()

    def _by_name(self, space: str, alike: Alike) -> dict[str, Words]:
        by_name: defaultdict[str, Words] = defaultdict(_no_words)
        for (name, values), products in alike.items():
            words = by_name[name]
            for text in values:
                words[text] += products
            if len(values) > 1:
                self._put["several", f"{space} {name}"][""] += products
        return by_name


def _no_words() -> Words:
    return defaultdict(list)


def _no_alike() -> Alike:
    return defaultdict(list)


class _Writer:
    """Merges words into the file; what it has read of the file, it reads once."""

    def __init__(self, connection: apsw.Connection, numbers: Numbers) -> None:
        self._connection = connection
        self._numbers = numbers
        self._postings: list[Posting] = []
        [(self._change,)] = rows(connection, "SELECT value FROM state WHERE name = 'change'")
        [(self._count,)] = rows(connection, "SELECT value FROM state WHERE name = 'words'")

    def write_values(self, space: str, name: str, words: Words) -> None:
        kinds, months = _no_words(), _no_words()
        values = [read_value(text) for text in sorted(words)]
        for value in values:
            kinds[_KIND_WORDS[value.kind]] += words[value.text]
            if value.kind is Kind.TIME:
                months[str(int(value.number) >> MONTH_BITS)] += words[value.text]
        self._write(self._name(space, name), values, words)
        self.write_words(f"kind of {space}", name, kinds)
        if months:
            self.write_words("month", f"{space} {name}", months)

    def write_words(self, space: str, name: str, words: Words) -> None:
        if space == "month":
            values = [Value(Kind.NUMBER, int(text), text) for text in words]
        else:
            values = [Value(Kind.TEXT, 0, text) for text in sorted(words)]
        self._write(self._name(space, name), values, words)

    def write_set(self, name: str, added: list[int], dropped: Sequence[int]) -> None:
        words = _no_words()
        words[""] = added
        value = Value(Kind.TEXT, 0, "")
        self._write(self._name("set", name), [value], words, BitMap(dropped))

    def finish(self) -> None:
        self._postings.sort(key=lambda posting: posting[0])
        self._connection.executemany(
            "INSERT INTO posting VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET change = excluded.change, bits = excluded.bits",
            self._postings,
        )
        rows(self._connection, "UPDATE state SET value = ? WHERE name = 'words'", self._count)
        if len(self._numbers.words) > _MOST_NUMBERS:
            self._numbers.words.clear()

    def _write(
        self, name: int, values: Sequence[Value], words: Words, dropped: BitMap = _NOTHING
    ) -> None:
        known = self._numbers.words
        unknown = [value for value in values if (name, value.text) not in known]
        candidates = range(self._count + 1, self._count + len(unknown) + 1)
        self._count += len(unknown)
        found = self._connection.executemany(
            "INSERT INTO word VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET id = id RETURNING id",
            [
                (name, value.text, number, value.kind, value.number)
                for value, number in zip(unknown, candidates, strict=True)
            ],
        )
        met: set[str] = set()
        for value, candidate, (number,) in zip(unknown, candidates, found, strict=True):
            if number != candidate:
                known[name, value.text] = number
                continue
            met.add(value.text)
            products = words[value.text]
            if len(products) == 1:  # as most words: spared all that makes a set
                place = number << BLOCK_BITS | products[0] >> BLOCK_BITS
                self._postings.append((place, self._change, products[0]))
            else:
                self._postings += self._new(number, products)
        for value in values:
            if value.text not in met:
                added = BitMap(words[value.text])
                self._postings += self._merged(known[name, value.text], added, dropped)

    def _new(self, word: int, products: list[int]) -> Iterator[Posting]:
        for place, found in _blocks(word, BitMap(products)):
            yield place, self._change, encode(found)

    def _merged(self, word: int, added: BitMap, dropped: BitMap) -> Iterator[Posting]:
        for place, touched in _blocks(word, added | dropped):
            found = touched - dropped
            kept = rows(self._connection, "SELECT bits FROM posting WHERE id = ?", place)
            if kept:
                found = (found | decode(kept[0][0])) - dropped
            yield place, self._change, encode(found)

    def _name(self, space: str, name: str) -> int:
        known = self._numbers.names.get((space, name))
        if known is None:
            sql = "INSERT INTO name (space, name) VALUES (?, ?) ON CONFLICT DO NOTHING"
            rows(self._connection, sql, space, name)
            sql = "SELECT id FROM name WHERE space = ? AND name = ?"
            [(known,)] = rows(self._connection, sql, space, name)
            self._numbers.names[space, name] = int(known)
        return int(known)


def _blocks(word: int, products: BitMap) -> Iterator[tuple[int, BitMap]]:
    """The blocks of a set: number and content."""
    if not products:
        return
    if products.min() >> BLOCK_BITS == products.max() >> BLOCK_BITS:
        yield word << BLOCK_BITS | products.min() >> BLOCK_BITS, products
        return
    for block, members in groupby(products, key=lambda product: product >> BLOCK_BITS):
        yield word << BLOCK_BITS | block, BitMap(members)
