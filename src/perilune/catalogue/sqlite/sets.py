"""Sets of products as bitmaps: how they lie in the file, and how they are kept in memory.

Every number in them is a product's id. A bitmap read from here is shared by all who ask and is
never changed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import apsw
from pyroaring import BitMap

from perilune.catalogue.sqlite.database import rows

BLOCK_BITS = 16
_BLOCK = 1 << BLOCK_BITS
_MOST_BYTES = 64 << 20
_ENTRY_BYTES = 256

EMPTY = BitMap()


def encode(bits: BitMap) -> int | bytes:
    """A set as it is kept: the id itself where there is only one."""
    if len(bits) == 1:
        return int(bits[0])
    bits.run_optimize()
    return bits.serialize()


def decode(kept: int | bytes) -> BitMap:
    """What `encode` was given."""
    return BitMap((kept,)) if isinstance(kept, int) else BitMap.deserialize(kept)


def union(kept: Iterable[int | bytes]) -> BitMap:
    """All ids of sets as they are kept."""
    single: list[int] = []
    several: list[BitMap] = []
    for one in kept:
        if isinstance(one, int):
            single.append(one)
        else:
            several.append(BitMap.deserialize(one))
    if single:
        several.append(BitMap(single))
    return BitMap.union(*several) if several else BitMap()


class Snapshot:
    """The sets as one transaction sees them."""

    def __init__(self, connection: apsw.Connection, cache: "Cache") -> None:
        self.connection = connection
        self._cache = cache
        [(change,)] = rows(connection, "SELECT value FROM state WHERE name = 'change'")
        self.change = int(change)

    def name(self, space: str, name: str) -> int | None:
        """Number of what words are kept of; None where there are none."""
        sql = "SELECT id FROM name WHERE space = ? AND name = ?"
        return next((int(number) for (number,) in rows(self.connection, sql, space, name)), None)

    def word(self, space: str, name: str, text: str) -> BitMap:
        """The products that have this very word."""
        sql = (
            "SELECT word.id FROM name JOIN word ON word.name = name.id"
            " WHERE space = ? AND name.name = ? AND text = ?"
        )
        for (number,) in rows(self.connection, sql, space, name, text):
            return self.posting(number)
        return EMPTY

    def words(self, space: str, name: str) -> list[tuple[str, int]]:
        """Every word of a name with its number."""
        found: list[tuple[str, int]] = self._cache.get(
            ("words", space, name), self.change, lambda: self._words(space, name), _size_of_words
        )
        return found

    def posting(self, word: int) -> BitMap:
        """The products that have the word of that number."""
        return self._cache.posting(word, self)

    def derived(self, key: Hashable, make: Callable[[], BitMap]) -> BitMap:
        """What ``make`` gives, made once for as long as the catalogue does not change."""
        found: BitMap = self._cache.get(key, self.change, make, _size_of_bits)
        return found

    def blocks(self, word: int, since: int = -1) -> list[Any]:
        """Number and content of the blocks of a word that changed after ``since``."""
        sql = "SELECT id, bits FROM posting WHERE id BETWEEN ? AND ? AND change > ?"
        first = word << BLOCK_BITS
        return rows(self.connection, sql, first, first + _BLOCK - 1, since)

    def _words(self, space: str, name: str) -> list[tuple[str, int]]:
        sql = (
            "SELECT text, word.id FROM name JOIN word ON word.name = name.id"
            " WHERE space = ? AND name.name = ?"
        )
        return rows(self.connection, sql, space, name)


class Cache:
    """Sets that were read, the least used forgotten first, shared by all threads of a process."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[int, Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def posting(self, word: int, snapshot: Snapshot) -> BitMap:
        """The set of a word; only what changed since it was read last is read again."""
        found = self._find(word)
        if found is None or found[0] > snapshot.change:
            bits = union(kept for _, kept in snapshot.blocks(word))
        elif found[0] == snapshot.change:
            return found[1]  # type: ignore[no-any-return]  # put here below
        else:
            bits = found[1]
            for number, kept in snapshot.blocks(word, found[0]):
                start = (number - (word << BLOCK_BITS)) << BLOCK_BITS
                bits = (bits - BitMap(range(start, start + _BLOCK))) | decode(kept)
        if found is None or found[0] <= snapshot.change:
            self._keep(word, snapshot.change, bits, _size_of_bits(bits))
        return bits

    def get(
        self, key: Hashable, change: int, make: Callable[[], Any], size: Callable[[Any], int]
    ) -> Any:
        """What ``make`` gives, made again only after a change."""
        found = self._find(key)
        if found is not None and found[0] == change:
            return found[1]
        made = make()
        if found is None or found[0] < change:
            self._keep(key, change, made, size(made))
        return made

    def _find(self, key: Hashable) -> tuple[int, Any, int] | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _keep(self, key: Hashable, change: int, value: Any, size: int) -> None:
        with self._lock:
            if (old := self._kept.pop(key, None)) is not None:
                self._bytes -= old[2]
            self._kept[key] = (change, value, size)
            self._bytes += size
            while self._bytes > self._most:
                _, (_, _, freed) = self._kept.popitem(last=False)
                self._bytes -= freed


def _size_of_bits(bits: BitMap) -> int:
    kept = bits.get_statistics()
    runs = kept["n_bytes_run_containers"] + kept["n_bytes_bitset_containers"]
    return _ENTRY_BYTES + kept["n_bytes_array_containers"] + runs


def _size_of_words(words: list[tuple[str, int]]) -> int:
    return _ENTRY_BYTES + sum(120 + len(text) for text, _ in words)
