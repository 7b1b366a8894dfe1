"""The right edge of a log: all that appending to it needs, and what appending changes.

Pure but for reading tiles: `Edge.extend` decides which tiles come into being; writing and
signing them belong to `perilune.ledger.log`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from perilune.errors import LogInconsistent, NotFound
from perilune.ledger import tree
from perilune.ledger.tiles import HASH, WIDTH, pack_entries, tile_path, unpack_entries

_HEIGHT = 8
"""Levels of the tree in one tile."""

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Edge:
    """The partial tiles of a log of ``size`` entries, lowest level first, and its last bundle."""

    size: int
    tiles: tuple[tuple[bytes, ...], ...]
    bundle: bytes
    """The partial bundle, as written; empty where the last one is full."""
    last: bytes
    """The newest entry."""

    @classmethod
    def load(cls, read: Read, size: int) -> Self:
        """The edge of the log whose files ``read`` reads.

        Raises `LogInconsistent` where a file is missing, or entries and hashes disagree.
        """
        tiles = []
        level, count = 0, size
        while count:
            width = count % WIDTH
            tiles.append(read_tile(read, level, count // WIDTH, width) if width else ())
            level, count = level + 1, count // WIDTH
        number, width = divmod(size, WIDTH)
        if not size:
            return cls(0, (), b"", b"")
        entries = read_bundle(read, number - (width == 0), width or WIDTH)
        leaves = tiles[0] or read_tile(read, 0, number - 1, WIDTH)
        if tuple(map(tree.leaf_hash, entries)) != leaves:
            raise LogInconsistent("the newest entries of the log are not those of its tiles")
        bundle = pack_entries(entries) if width else b""
        return cls(size, tuple(tiles), bundle, entries[-1])

    @property
    def root(self) -> bytes:
        """Root of the whole tree."""
        subtrees: list[bytes] = []
        for hashes in reversed(self.tiles):
            subtrees += tree.perfect_subtrees(hashes)
        return tree.fold(subtrees)

    def extend(self, entries: Sequence[bytes]) -> tuple["Edge", dict[str, bytes]]:
        """The edge after ``entries``, and the files that make it so."""
        files: dict[str, bytes] = {}
        number, width = divmod(self.size, WIDTH)
        room = WIDTH - width
        bundle = self.bundle + pack_entries(entries[:room])
        place = room
        while place <= len(entries):
            files[tile_path("entries", number)] = bundle
            number += 1
            bundle = pack_entries(entries[place : place + WIDTH])
            place += WIDTH
        if bundle:
            files[tile_path("entries", number, (self.size + len(entries)) % WIDTH)] = bundle

        tiles: list[tuple[bytes, ...]] = []
        added = [tree.leaf_hash(entry) for entry in entries]
        level, count = 0, self.size
        while added or level < len(self.tiles):
            hashes = [*(self.tiles[level] if level < len(self.tiles) else ()), *added]
            first = count // WIDTH
            full = len(hashes) // WIDTH * WIDTH
            chunks = [hashes[i : i + WIDTH] for i in range(0, full, WIDTH)]
            for offset, chunk in enumerate(chunks):
                files[tile_path(level, first + offset)] = b"".join(chunk)
            rest = tuple(hashes[full:])
            if rest and added:
                files[tile_path(level, first + len(chunks), len(rest))] = b"".join(rest)
            tiles.append(rest)
            added = [tree.root(chunk) for chunk in chunks]
            level, count = level + 1, first
        size = self.size + len(entries)
        return Edge(size, tuple(tiles), bundle, entries[-1] if entries else self.last), files


class TileNodes:
    """Node hashes of a log of ``size`` entries, read from its tiles, each tile once.

    What is read is not checked here: a path made of it must be proved against a root.
    """

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._ladders: dict[tuple[int, int], list[list[bytes]]] = {}

    def __call__(self, height: int, index: int) -> bytes:
        """Hash of the perfect subtree number ``index`` of its height; see `tree.Nodes`."""
        level, step = divmod(height, _HEIGHT)
        number, place = divmod(index << step, WIDTH)
        return self._ladder(level, number)[step][place >> step]

    def _ladder(self, level: int, number: int) -> list[list[bytes]]:
        """Hashes of one tile, of pairs of them, of fours and so on."""
        if (level, number) not in self._ladders:
            width = min(WIDTH, (self._size >> (_HEIGHT * level)) - number * WIDTH)
            rungs = [list(read_tile(self._read, level, number, width))]
            while len(rungs) < _HEIGHT:
                below = rungs[-1]
                pairs = range(0, len(below) - 1, 2)
                rungs.append([tree.node_hash(below[i], below[i + 1]) for i in pairs])
            self._ladders[level, number] = rungs
        return self._ladders[level, number]


def read_tile(read: Read, level: int, number: int, width: int) -> tuple[bytes, ...]:
    """The hashes of a tile; raise `LogInconsistent` if it is missing or has another length."""
    path = tile_path(level, number, width)
    data = _read_there(read, path)
    if len(data) != width * HASH:
        raise LogInconsistent(f"{path} has {len(data)} bytes, not {width * HASH}")
    return tuple(data[i : i + HASH] for i in range(0, len(data), HASH))


def read_bundle(read: Read, number: int, width: int) -> list[bytes]:
    """The entries of a bundle; raise `LogInconsistent` if it is missing or cut short."""
    path = tile_path("entries", number, width)
    entries = unpack_entries(_read_there(read, path))
    if len(entries) != width:
        raise LogInconsistent(f"{path} has {len(entries)} entries, not {width}")
    return entries


def verified_entries(
    read: Read, size: int, start: int, stop: int, changed: Callable[[int], str]
) -> Iterator[tuple[int, bytes]]:
    """Position and bytes of entries of a tree of ``size``, each compared with its leaf hash.

    Raises `LogInconsistent` where one is not what was hashed; ``changed`` says so of its position.
    """
    while start < stop:
        number, place = divmod(start, WIDTH)
        width = min(WIDTH, size - number * WIDTH)
        entries = read_bundle(read, number, width)
        leaves = read_tile(read, 0, number, width)
        last = min(stop - number * WIDTH, width)
        for entry, leaf in zip(entries[place:last], leaves[place:last], strict=True):
            if tree.leaf_hash(entry) != leaf:
                raise LogInconsistent(changed(start))
            yield start, entry
            start += 1


def _read_there(read: Read, path: str) -> bytes:
    try:
        return read(path)
    except NotFound as error:
        raise LogInconsistent(f"{path} is missing, though the checkpoint covers it") from error
