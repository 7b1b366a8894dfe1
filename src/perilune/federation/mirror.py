"""A static copy of a partner's whole log, which only ever grows.

Order matters: the partner's new checkpoint is verified against the pinned key; the entries that it
adds are hashed onto the copy; only where that gives the very root that the partner signed does the
copy's head move, durably. So each head here continues the one before, and whatever is read from
here was signed. A checkpoint that contradicts one signed before is kept as evidence and refused.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from perilune.errors import LogInconsistent, PeerUntrusted, PeriluneError, ProofFails
from perilune.ledger import tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.edge import Edge, TileNodes, verified_entries
from perilune.ledger.note import Verifier, open_note, text_of
from perilune.ledger.survey import Elsewhere, Survey, nobody, survey
from perilune.ledger.tiles import WIDTH, LocalTiles, read_or_cut, tile_path, unpack_entries

BUNDLE_BYTES = WIDTH * (2 + 65_535)
"""The most that a bundle of entries can have."""

_MOST_AT_ONCE = 1 << 24
_FLUSH_BYTES = 16 << 20

Bundle = Callable[[str, int], bytes]
"""Path of a bundle and the most bytes it may have, to its bytes."""
Contradiction = Callable[[str, str, dict[str, bytes]], PeriluneError]
"""Kind, words and signed notes, to the error to raise: keeps the evidence."""
Look = Callable[[int, bytes], None]
"""Told each new entry with its position before anything is believed; may raise `ProofFails`."""


class Mirror:
    """The copy in ``tiles`` of the log whose heads ``key`` verifies."""

    def __init__(
        self, tiles: LocalTiles, key: Verifier, *old: Verifier, beside: Sequence[Verifier] = ()
    ) -> None:
        """``old`` keys may have signed what is there; those ``beside`` sign whatever comes too."""
        self._tiles = tiles
        self._beside = tuple(beside)
        self._key = key
        tiles.root.mkdir(parents=True, exist_ok=True)
        if tiles.pending() is not None:
            tiles.forget_pending()  # nobody was shown it
        self.head = tiles.head()
        """The newest checkpoint that was believed, as the partner signed it; None before any."""
        self.checkpoint = (
            Checkpoint(key.name, 0, tree.EMPTY_ROOT)
            if self.head is None
            else self._read(self.head, *old)
        )

    @property
    def size(self) -> int:
        """Entries that were believed."""
        return self.checkpoint.size

    def reaches(self, note: bytes, size: int) -> bool:
        """Whether ``note`` is of so many entries; raise `PeerUntrusted` if it is not the log's."""
        return self._believed(note).size >= size

    def grow(
        self, note: bytes, bundle: Bundle, look: Look, contradiction: Contradiction
    ) -> Checkpoint:
        """Take up the checkpoint ``note``, fetching what it adds.

        Raises `PeerUntrusted` for one that is not the partner's, goes back, or does not
        continue what was believed before; then nothing has changed.
        """
        new = self._believed(note)
        notes = {"now": note} | ({} if self.head is None else {"before": self.head})
        if new.size <= self.size:
            if new == self.checkpoint:
                return new
            raise contradiction(*self._words(new), notes)
        if new.size - self.size > _MOST_AT_ONCE:
            raise PeerUntrusted(
                f"{new.origin} grew by {new.size - self.size:,} entries, more than we take at once"
            )
        edge = self._extended(new, bundle, look)
        if edge.root != new.root:
            words = (
                f"the entries that {new.origin} gives hash to {edge.root.hex()}, its checkpoint "
                f"of {new.size} entries says {new.root.hex()}: it does not continue the "
                f"{self.size} entries that were signed before, or gives others than it signed"
            )
            raise contradiction("inconsistent", words, notes)
        self._tiles.advance(note)
        self._tiles.prune(_filled(self.size, new.size))
        self.head, self.checkpoint = note, new
        return new

    def entries(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Position and bytes of the entries from ``start`` to before ``stop``, each verified."""
        return kept_entries(self._tiles, self.size, start, stop)

    def survey(self, elsewhere: Elsewhere = nobody) -> Survey:
        """Look at every file of the copy; see `perilune.ledger.survey`."""
        return survey(partial(read_or_cut, self._tiles), self.checkpoint, elsewhere)

    def root_at(self, size: int) -> bytes:
        """Root over the first ``size`` of the entries that were believed."""
        return tree.root_of(TileNodes(partial(read_or_cut, self._tiles), self.size), size)

    def _believed(self, note: bytes) -> Checkpoint:
        try:
            for key in self._beside:
                open_note(note, [key])
            return self._read(note)
        except ProofFails as error:
            raise PeerUntrusted(
                f"the checkpoint is not one of {self._key.name}: {error}"
            ) from error

    def _read(self, note: bytes, *old: Verifier) -> Checkpoint:
        checkpoint = Checkpoint.parse(open_note(note, [self._key, *old]).text)
        if checkpoint.origin != self._key.name:
            raise ProofFails(f"a checkpoint of {checkpoint.origin}, signed by {self._key.name}")
        return checkpoint

    def _words(self, new: Checkpoint) -> tuple[str, str]:
        known = self.checkpoint
        if self.root_at(new.size) != new.root:
            return "fork", (
                f"{new.origin} signed two different histories: its {new.size} entries now have "
                f"the root {new.root.hex()}; {known.size} entries were seen, of which the first "
                f"{new.size} have {self.root_at(new.size).hex()}"
            )
        return "rollback", (
            f"{new.origin} shows {new.size} entries; it had signed {known.size} before: "
            f"an old checkpoint, or a log that was put back"
        )

    def _extended(self, new: Checkpoint, bundle: Bundle, look: Look) -> Edge:
        """The edge after the new entries, which are written behind the head."""
        read = partial(read_or_cut, self._tiles)
        edge = Edge.load(read, self.size)
        files: dict[str, bytes] = {}
        while edge.size < new.size:
            number, known = divmod(edge.size, WIDTH)
            width = min(WIDTH, new.size - number * WIDTH)
            path = tile_path("entries", number, width)
            entries = self._unpacked(bundle(path, BUNDLE_BYTES), path, width)
            for place, entry in enumerate(entries[known:], edge.size):
                look(place, entry)
            edge, made = edge.extend(entries[known:])
            files |= made
            if sum(map(len, files.values())) > _FLUSH_BYTES:
                self._tiles.write(files)
                files = {}
        if files:
            self._tiles.write(files)
        return edge

    def _unpacked(self, data: bytes, path: str, width: int) -> list[bytes]:
        try:
            entries = unpack_entries(data)
        except LogInconsistent as error:
            raise PeerUntrusted(f"{path} of {self._key.name} is cut short: {error}") from error
        if len(entries) != width:
            raise PeerUntrusted(
                f"{path} of {self._key.name} has {len(entries)} entries, not {width}"
            )
        return entries


def _filled(old: int, new: int) -> Iterator[str]:
    """Tiles and bundles that became full between two sizes: their partial ones may go."""
    yield from (tile_path("entries", number) for number in range(old // WIDTH, new // WIDTH))
    level = 0
    while new := new // WIDTH:
        old //= WIDTH
        yield from (tile_path(level, number) for number in range(old, new))
        level += 1


def kept_entries(
    tiles: LocalTiles, size: int, start: int, stop: int
) -> Iterator[tuple[int, bytes]]:
    """Position and bytes of entries of a copy that was believed up to ``size``, each verified."""
    read = partial(read_or_cut, tiles)

    def changed(position: int) -> str:
        return f"entry {position} of the copy in {tiles.root} changed"

    return verified_entries(read, size, start, stop, changed)


def checkpoint_in(note: bytes) -> Checkpoint:
    """The checkpoint in a note whose signatures were verified when it was kept."""
    return Checkpoint.parse(text_of(note))
