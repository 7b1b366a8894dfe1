"""Survey: which files of a log are not what was signed, and what they should be.

The signed root decides. A bundle of entries and the tile of their hashes say the same thing; where
they differ, the hash in the tile above tells which is right, and where that cannot tell,
the root does. A bundle that changed cannot be made again from hashes: another copy of the
log is asked for it, and believed as far as it hashes to what was signed. Pure but for reading.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from perilune.errors import LogInconsistent, NotFound
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.edge import Edge, Read
from perilune.ledger.tiles import HASH, WIDTH, tile_path, unpack_entries

Leaves = tuple[bytes, ...]
Elsewhere = Callable[[str], bytes | None]
"""Another copy's file of that path; None where it has none to give."""


def nobody(_path: str) -> bytes | None:
    """No other copy."""
    return None


_MOST_IN_DOUBT = 8
"""Bundles of which only the root can tell what they were; each doubles what is tried."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    changed: Mapping[str, str]
    """Path of each file that is missing or not what was signed, and how, in words."""
    right: Mapping[str, bytes]
    """What those should be, of which it is known."""


@dataclass(slots=True)
class _Bundle:
    """256 entries, or the last fewer, of which two files or more speak."""

    number: int
    width: int
    by_entries: Leaves | None
    by_tile: Leaves | None
    other: bytes | None = None
    """The file of another copy."""
    by_other: Leaves | None = None

    @property
    def said(self) -> list[Leaves]:
        """What may be right, each once."""
        told = (self.by_tile, self.by_entries, self.by_other)
        return list(dict.fromkeys(each for each in told if each is not None))


def survey(read: Read, checkpoint: Checkpoint, elsewhere: Elsewhere = nobody) -> Survey:
    """Look at every file that ``checkpoint`` covers."""
    return _Surveying(read, checkpoint, elsewhere).result()


@dataclass(slots=True)
class _Surveying:
    read: Read
    checkpoint: Checkpoint
    elsewhere: Elsewhere
    hashes: list[bytes] = field(default_factory=list)
    """Of each full bundle; empty where it is in doubt."""
    last: Leaves = ()
    doubtful: list[_Bundle] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    right: dict[str, bytes] = field(default_factory=dict)

    def result(self) -> Survey:
        for number, width in self._bundles():
            self._look(number, width)
        self._settle()
        self._compare()
        return Survey(self.changed, self.right)

    def _bundles(self) -> Iterator[tuple[int, int]]:
        full, rest = divmod(self.checkpoint.size, WIDTH)
        yield from ((number, WIDTH) for number in range(full))
        if rest:
            yield full, rest

    def _look(self, number: int, width: int) -> None:
        entries = _leaves(self._file(tile_path("entries", number, width)), width)
        tile = _hashes(self._file(tile_path(0, number, width)), width)
        if entries is not None and entries == tile:
            self._accept(number, width, entries)
            return
        found = _Bundle(number, width, entries, tile)
        found.other = self.elsewhere(tile_path("entries", number, width))
        found.by_other = _leaves(found.other, width)
        above = self._above(number) if width == WIDTH else None
        fitting = [each for each in found.said if tree.root(each) == above]
        if fitting:
            self._accept(number, width, fitting[0])
            self._tell(found, fitting[0])
        else:
            self._accept(number, width, ())
            self.doubtful.append(found)

    def _accept(self, number: int, width: int, leaves: Leaves) -> None:
        if width < WIDTH:
            self.last = leaves
            return
        value = tree.root(leaves) if leaves else b""
        if number < len(self.hashes):
            self.hashes[number] = value
        else:
            self.hashes.append(value)

    def _above(self, number: int) -> bytes | None:
        """The hash of a full bundle, as the tile above has it."""
        total = self.checkpoint.size // WIDTH
        above, place = divmod(number, WIDTH)
        width = min(WIDTH, total - above * WIDTH)
        hashes = _hashes(self._file(tile_path(1, above, width)), width)
        return hashes[place] if hashes else None

    def _settle(self) -> None:
        """Have the root tell what the doubtful bundles were; it must be some way."""
        if len(self.doubtful) <= _MOST_IN_DOUBT:
            for tried in product(*(each.said for each in self.doubtful)):
                for found, leaves in zip(self.doubtful, tried, strict=True):
                    self._accept(found.number, found.width, leaves)
                if self._root() == self.checkpoint.root:
                    for found, leaves in zip(self.doubtful, tried, strict=True):
                        self._tell(found, leaves)
                    return
        if not self.doubtful:
            raise LogInconsistent(
                f"the {self.checkpoint.size} entries of {self.checkpoint.origin} hash to "
                f"{self._root().hex()}, its checkpoint says {self.checkpoint.root.hex()}"
            )
        for found in self.doubtful:
            for level in ("entries", 0):
                path = tile_path(level, found.number, found.width)
                self.changed[path] = "it and its counterpart differ from what was signed"
            self._accept(found.number, found.width, ())

    def _tell(self, found: _Bundle, leaves: Leaves) -> None:
        """Say which files of a bundle are wrong, now that its leaves are known."""
        if found.by_entries != leaves:
            path = tile_path("entries", found.number, found.width)
            self.changed[path] = "its entries do not hash to what was signed"
            if found.by_other == leaves and found.other is not None:
                self.right[path] = found.other
        if found.by_tile != leaves:
            path = tile_path(0, found.number, found.width)
            self.changed[path] = "its hashes are not those of the entries"
            self.right[path] = b"".join(leaves)

    def _compare(self) -> None:
        """Compare the tiles above with what the bundles make them."""
        if not all(self.hashes):
            return
        for level, hashes in self._levels():
            for start in range(0, len(hashes), WIDTH):
                known = hashes[start : start + WIDTH]
                path = tile_path(level, start // WIDTH, len(known))
                if self._file(path) != b"".join(known):
                    self.changed[path] = "its hashes are not those of the tiles below"
                    self.right[path] = b"".join(known)

    def _levels(self) -> Iterator[tuple[int, list[bytes]]]:
        level, hashes = 1, self.hashes
        while hashes:
            yield level, hashes
            full = len(hashes) // WIDTH
            hashes = [tree.root(hashes[n * WIDTH : (n + 1) * WIDTH]) for n in range(full)]
            level += 1

    def _root(self) -> bytes:
        rest = [tuple(hashes[len(hashes) // WIDTH * WIDTH :]) for _, hashes in self._levels()]
        return Edge(self.checkpoint.size, (self.last, *rest), b"", b"").root

    def _file(self, path: str) -> bytes | None:
        try:
            return self.read(path)
        except (NotFound, LogInconsistent):
            return None


def _leaves(bundle: bytes | None, width: int) -> Leaves | None:
    """Hashes of the entries of a bundle; None where it is not there or cannot be read."""
    if bundle is None:
        return None
    try:
        entries = unpack_entries(bundle)
    except LogInconsistent:
        return None
    return tuple(map(tree.leaf_hash, entries)) if len(entries) == width else None


def _hashes(tile: bytes | None, width: int) -> Leaves | None:
    if tile is None or len(tile) != width * HASH:
        return None
    return tuple(tile[i : i + HASH] for i in range(0, len(tile), HASH))
