"""The node's log: appended to by one writer at a time, read by any number.

Order of effects when appending: tiles and bundles are durable before the head that covers them
is signed; the head is durable before `Log.append` returns. What a log has signed it
never contradicts: a head is signed only over the head on disk, by adding to it, under a
lock held by one process; a head that a dying process may have shown is taken up, not replaced.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from perilune.errors import LogInconsistent, NodeBusy, NodeExists, NotFound, ProofFails, WrongUsage
from perilune.ledger import note, tree
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.edge import Edge, TileNodes, verified_entries
from perilune.ledger.note import Signer
from perilune.ledger.survey import Elsewhere, Survey, nobody, survey
from perilune.ledger.tiles import WIDTH, TileStore, is_tile_path, read_or_cut

MAX_ENTRY_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class _State:
    """One head and all that belongs to it; replaced as a whole, so readers need no lock."""

    checkpoint: Checkpoint
    head: bytes
    edge: Edge


class Log:
    """An append-only log whose head is signed with one key."""

    def __init__(
        self, tiles: TileStore, signer: Signer, state: _State, beside: Sequence[Signer] = ()
    ) -> None:
        self._tiles = tiles
        self._signer = signer
        self._beside = tuple(beside)
        self._state = state
        self._lock = threading.Lock()

    @classmethod
    def create(
        cls, tiles: TileStore, signer: Signer, first: bytes, beside: Sequence[Signer] = ()
    ) -> Self:
        """A new log with one entry; raise `NodeExists` if there is a log already."""
        with tiles.writing():
            pending = tiles.pending()
            if tiles.head() is not None or (pending and _is_signed(pending, signer)):
                raise NodeExists(f"there is a log already where {signer.name} is to begin")
            empty = Checkpoint(signer.name, 0, tree.EMPTY_ROOT)
            log = cls(tiles, signer, _State(empty, b"", Edge(0, (), b"", b"")), beside)
            log._extend([first])
        return log

    @classmethod
    def open(cls, tiles: TileStore, signer: Signer) -> Self:
        """The log in ``tiles``, taking up what a process that died left.

        Raises `LogInconsistent` where the files contradict the checkpoint, or it is not
        signed by this key.
        """
        if tiles.pending() is not None:
            with tiles.writing():
                _recover(tiles, signer)
        return cls(tiles, signer, _load(tiles, signer, tiles.head()))

    @classmethod
    def open_to_mend(cls, tiles: TileStore, signer: Signer) -> Self:
        """The log whose head is signed, whatever its other files hold; not to be appended to.

        Raises `LogInconsistent` where there is no head, or it is not signed by this key.
        """
        head = tiles.head()
        if head is None:
            raise LogInconsistent(f"the log of {signer.name} has no checkpoint")
        try:
            checkpoint = _read_head(head, signer)
        except ProofFails as error:
            raise LogInconsistent(f"the checkpoint of the log is not good: {error}") from error
        return cls(tiles, signer, _State(checkpoint, head, Edge(0, (), b"", b"")))

    def sign_beside(self, signers: Sequence[Signer]) -> None:
        """Have these keys sign every head from here on too."""
        self._beside = tuple(signers)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._state.checkpoint.size

    @property
    def root(self) -> bytes:
        """Root hash over all entries."""
        return self._state.checkpoint.root

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self._state.checkpoint.origin

    @property
    def vkey(self) -> str:
        """The public key that verifies its heads."""
        return self._signer.vkey

    @property
    def checkpoint(self) -> Checkpoint:
        """Origin, size and root of one moment."""
        return self._state.checkpoint

    @property
    def head(self) -> bytes:
        """The signed checkpoint, a note."""
        return self._state.head

    @property
    def last_entry(self) -> bytes:
        """The newest entry."""
        return self._state.edge.last

    def append(self, entries: Sequence[bytes], *, beside: Sequence[Signer] = ()) -> Checkpoint:
        """Add entries, and return the signed checkpoint that covers them.

        Keys ``beside`` the log's own sign it too: one that is to take its place.

        Raises `NodeBusy` if another process appended since `refresh`, `WrongUsage` for an
        entry that is too long; then nothing was added.
        """
        for entry in entries:
            if len(entry) > MAX_ENTRY_BYTES:
                raise WrongUsage(f"an entry of {len(entry):,} bytes; the log takes 65,535")
        if not entries:
            return self.checkpoint
        with self._lock, self._tiles.writing():
            if self._tiles.pending() is not None:
                _recover(self._tiles, self._signer)
            if self._tiles.head() != self.head:
                raise NodeBusy("another process added to the log since it was read")
            return self._extend(entries, beside)

    def refresh(self) -> None:
        """Take up what another process appended.

        Raises `LogInconsistent` if the log on disk does not continue the one known here.
        """
        with self._lock:
            if self._tiles.pending() is not None:
                with self._tiles.writing():
                    _recover(self._tiles, self._signer)
            known = self._state
            head = self._tiles.head()
            if head == known.head:
                return
            state = _load(self._tiles, self._signer, head)
            _check_growth(self._tiles, known.checkpoint, state.checkpoint)
            self._state = state

    def file(self, path: str) -> bytes:
        """The checkpoint, a tile or a bundle by its path, to be served as it is.

        Raises `NotFound` if there is none, or the path is none of a log.
        """
        if path == "checkpoint":
            return self.head
        if not is_tile_path(path):
            raise NotFound(f"a log has no {path[:80]!r}")
        return read_or_cut(self._tiles, path)

    def entry(self, index: int) -> bytes:
        """One entry; raise `NotFound` if the log is shorter."""
        if not 0 <= index < self.size:
            raise NotFound(f"the log has no entry {index}; it has {self.size}")
        return next(self.entries(index, index + 1))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Entries from ``start`` up to ``stop`` or the end, each compared with its leaf hash."""
        size = self.size
        stop = size if stop is None else min(stop, size)
        read = partial(read_or_cut, self._tiles)

        def changed(position: int) -> str:
            return f"entry {position} of the log is not what was hashed"

        for _, entry in verified_entries(read, size, start, stop, changed):
            yield entry

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Path that proves entry ``index`` in the tree of ``size`` entries (all, if not given).

        Raises `NotFound` if there is no such entry or size.
        """
        state = self._state
        size = state.checkpoint.size if size is None else size
        if not 0 <= index < size <= state.checkpoint.size:
            raise NotFound(f"no entry {index} among {size} of {state.checkpoint.size}")
        nodes = TileNodes(partial(read_or_cut, self._tiles), state.checkpoint.size)
        path = tree.inclusion_path(nodes, index, size)
        if size == state.checkpoint.size and not tree.proves_inclusion(
            nodes(0, index), index=index, size=size, path=path, root=state.checkpoint.root
        ):
            raise LogInconsistent(f"the tiles above entry {index} do not lead to the signed root")
        return path

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Path that proves the tree of ``new`` entries (all, if not given) begins with ``old``.

        Raises `NotFound` if there are no such sizes.
        """
        size = self.size
        new = size if new is None else new
        if not 0 <= old <= new <= size:
            raise NotFound(f"no log of {old} within one of {new} of {size}")
        return tree.consistency_path(TileNodes(partial(read_or_cut, self._tiles), size), old, new)

    def root_at(self, size: int) -> bytes:
        """Root over the first ``size`` entries; raise `NotFound` if there are not so many."""
        if not 0 <= size <= self.size:
            raise NotFound(f"no log of {size} within one of {self.size}")
        return tree.root_of(TileNodes(partial(read_or_cut, self._tiles), self.size), size)

    def survey(self, elsewhere: Elsewhere = nobody) -> Survey:
        """Look at every file of the log; raise `LogInconsistent` where its head is not of it."""
        return survey(partial(read_or_cut, self._tiles), self.checkpoint, elsewhere)

    def check(self) -> None:
        """Read everything; raise `LogInconsistent` if an entry or a tile is not what was signed."""
        state = self._state
        _load(self._tiles, self._signer, state.head)
        edge = Edge(0, (), b"", b"")
        chunk: list[bytes] = []
        for entry in self.entries(0, state.checkpoint.size):
            chunk.append(entry)
            if len(chunk) == WIDTH or edge.size + len(chunk) == state.checkpoint.size:
                edge, files = edge.extend(chunk)
                self._check_full(files, state.checkpoint.size)
                chunk = []
        if edge.root != state.checkpoint.root:
            raise LogInconsistent("the entries of the log do not hash to the root it signed")

    def _check_full(self, files: dict[str, bytes], size: int) -> None:
        for path, data in files.items():
            if ".p/" not in path and read_or_cut(self._tiles, path) != data:
                raise LogInconsistent(f"{path} is not what the first {size} entries make it")

    def _extend(self, entries: Sequence[bytes], beside: Sequence[Signer] = ()) -> Checkpoint:
        """Write, sign, and only then show; the caller holds the locks."""
        edge, files = self._state.edge.extend(entries)
        self._tiles.write(files)
        checkpoint = Checkpoint(self._signer.name, edge.size, edge.root)
        head = note.sign(checkpoint.text, [self._signer, *self._beside, *beside])
        self._tiles.advance(head)
        self._state = _State(checkpoint, head, edge)
        self._tiles.prune(path for path in files if ".p/" not in path)
        return checkpoint


def _read_head(head: bytes, signer: Signer) -> Checkpoint:
    checkpoint = Checkpoint.parse(note.open_note(head, [signer.verifier]).text)
    if checkpoint.origin != signer.name:
        raise ProofFails(f"a checkpoint of {checkpoint.origin}, signed as {signer.name}")
    return checkpoint


def _is_signed(head: bytes, signer: Signer) -> bool:
    try:
        _read_head(head, signer)
    except ProofFails:
        return False
    return True


def _load(tiles: TileStore, signer: Signer, head: bytes | None) -> _State:
    if head is None:
        raise LogInconsistent(f"the log of {signer.name} has no checkpoint")
    try:
        checkpoint = _read_head(head, signer)
    except ProofFails as error:
        raise LogInconsistent(f"the checkpoint of the log is not good: {error}") from error
    edge = Edge.load(partial(read_or_cut, tiles), checkpoint.size)
    if edge.root != checkpoint.root:
        raise LogInconsistent(
            f"the tiles of the log hash to {edge.root.hex()}, "
            f"the checkpoint of {checkpoint.size} entries says {checkpoint.root.hex()}"
        )
    return _State(checkpoint, head, edge)


def _check_growth(tiles: TileStore, old: Checkpoint, new: Checkpoint) -> None:
    """Raise `LogInconsistent` unless the log of ``new`` begins with that of ``old``."""
    if old.size <= new.size:
        path = tree.consistency_path(
            TileNodes(partial(read_or_cut, tiles), new.size), old.size, new.size
        )
        if tree.proves_consistency(
            old=old.size, new=new.size, old_root=old.root, new_root=new.root, path=path
        ):
            return
    raise LogInconsistent(
        f"the log of {new.size} entries does not continue the one of {old.size} that was signed"
    )


def _recover(tiles: TileStore, signer: Signer) -> None:
    """Take up a head that a process may have shown before it died, or remove a torn one."""
    pending, head = tiles.pending(), tiles.head()
    if pending is None:
        return
    if not _is_signed(pending, signer):
        tiles.forget_pending()
        return
    new = _load(tiles, signer, pending).checkpoint
    if head is not None:
        old = _load(tiles, signer, head).checkpoint
        if new.size < old.size:
            tiles.forget_pending()
            return
        _check_growth(tiles, old, new)
    tiles.advance(pending)
