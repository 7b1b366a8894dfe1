"""Composition root: a folder on disk, or nothing but memory, becomes the parts of a node.

The only module that picks implementations. A node's folder::

    node.toml          settings
    keys/              private keys, mode 600, one use each
    peers/             what is known of other nodes: roster, copies of their logs, receipts
    objects/           archival storage, files named by their SHA-256
    log/               the transparency log, static files
    catalogue.sqlite   projection of the two above; ``perilune rebuild`` makes it again
    receipts/          a copy of every receipt given
    quarantine/        containers being taken apart; empty between deliveries
    lock               held by whoever writes

Outside of it, where backups do not reach, lies the high-water mark (`perilune.ledger.high_water`).
No key of a node signs anything while its log is not known to be the newest that it signed.
"""

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

from perilune import config as settings
from perilune.catalogue.memory import MemoryCatalogue
from perilune.catalogue.port import Catalogue, Projection
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.config import Config
from perilune.durable import locked, settle_one
from perilune.errors import (
    Damaged,
    LogInconsistent,
    NodeBusy,
    NodeExists,
    NotFound,
    ProofFails,
    Unarmed,
    WrongUsage,
)
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.high_water import HighWater
from perilune.ledger.log import Log
from perilune.ledger.note import ED25519, MLDSA44, Signer, text_of
from perilune.ledger.policy import policy_text
from perilune.ledger.tiles import HASH, WIDTH, LocalTiles, MemoryTiles, read_or_cut, tile_path
from perilune.ledger.tree import leaf_hash
from perilune.model import act
from perilune.model.act import KeyAct
from perilune.model.product import Releasability
from perilune.storage.local import LocalStore
from perilune.storage.memory import MemoryStore
from perilune.storage.port import ObjectStore

USES = ("log", "receipt", "witness", "custody", "roster", "request")
"""What a node has a key for, each a key of its own."""

SECOND = "-mldsa44"
"""What the use of a key ends in that signs beside the one of the same name, with ML-DSA-44."""
ALL_USES = (*USES, f"log{SECOND}", f"witness{SECOND}")

NEXT_KEY = ".next.pem"
"""What the name of a key that waits to take another's place ends in."""

_TICK = timedelta(microseconds=1)
_LOCK_WAIT_S = 120.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The parts of a node, opened and ready."""

    config: Config
    store: ObjectStore
    catalogue: Catalogue
    log: Log
    signers: Mapping[str, Signer] = field(repr=False)
    """Use (`USES`) to key."""
    writing: Callable[[], AbstractContextManager[None]]
    """Enter to write to log and catalogue: one process, one thread at a time.

    Entering re-reads the log's head. Raises `NodeBusy` after a long wait.
    """
    root: Path | None = None
    tiles: LocalTiles | None = None
    """The files of the log; None for a node in memory."""
    now: Callable[[], datetime] = _utc_now
    is_broken: bool = False
    """Whether it could be opened only to be mended."""
    catalogue_fault: str = ""
    """Why its catalogue could not be opened; empty where it could."""

    @classmethod
    def create(cls, root: Path, config: Config, *, now: Callable[[], datetime] = _utc_now) -> Self:
        """Make a node under ``root``, whole or not at all; raise `NodeExists` if not empty."""
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise NodeExists(f"{root} is not an empty folder")
        root.parent.mkdir(parents=True, exist_ok=True)
        making = root.parent / f".{root.name}.making-{secrets.token_hex(6)}"
        try:
            _furnish(making, config, now())
            making.rename(root)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        settle_one(root.parent)
        return cls.open(root, now=now)

    @classmethod
    def open(cls, root: Path, *, now: Callable[[], datetime] = _utc_now) -> Self:
        """Open the node kept under ``root``; raise `NodeMissing` where there is none."""
        return cls._open(root, SqliteCatalogue, now)

    @classmethod
    def open_to_mend(cls, root: Path, *, now: Callable[[], datetime] = _utc_now) -> Self:
        """The same, also where the log's files or the catalogue are damaged: `is_broken`.

        A broken node is looked at, mended and opened again; nothing is written to its log.
        Raises `LogInconsistent` where the head of the log is not good.
        """
        faults: list[str] = []

        def any_catalogue(path: Path) -> Catalogue:
            try:
                return SqliteCatalogue(path)
            except Damaged as error:
                faults.append(str(error))
                return MemoryCatalogue()

        try:
            return cls.open(root, now=now)
        except (Damaged, LogInconsistent):
            made = cls._open(root, any_catalogue, now, Log.open_to_mend)
            return replace(made, is_broken=True, catalogue_fault="; ".join(faults))

    @classmethod
    def _open(
        cls,
        root: Path,
        catalogue: Callable[[Path], Catalogue],
        now: Callable[[], datetime],
        open_log: Callable[[LocalTiles, Signer], Log] = Log.open,
    ) -> Self:
        config = settings.load(root)
        tiles = _tiles(root, config)
        signers = _load_signers(root, config, tiles)
        log = open_log(tiles, signers["log"])
        log.sign_beside(_beside(signers))
        return cls(
            config=config,
            store=LocalStore(root / "objects"),
            catalogue=catalogue(root / "catalogue.sqlite"),
            log=log,
            signers=signers,
            writing=lambda: _exclusive(root / "lock", log),
            root=root,
            tiles=tiles,
            now=now,
        )

    @classmethod
    def in_memory(
        cls,
        *,
        namespaces: tuple[str, ...] = ("urn:nasa:pds",),
        releasability: Releasability = Releasability.PUBLIC,
        now: Callable[[], datetime] = _utc_now,
    ) -> Self:
        """A node that forgets."""
        config = settings.make("Memory", namespaces, releasability=releasability)
        signers = _generate(config)
        first = act.encode(_key_act(config, signers, now()))
        catalogue = MemoryCatalogue()
        catalogue.apply(Projection(applied=1))
        lock = threading.Lock()
        return cls(
            config=config,
            store=MemoryStore(),
            catalogue=catalogue,
            log=Log.create(MemoryTiles(), signers["log"], first, _beside(signers)),
            signers=signers,
            writing=lambda: _held(lock),
            now=now,
        )

    @property
    def receipt_signer(self) -> Signer:
        """The key of receipts."""
        return self.signers["receipt"]

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Use and verifier key of every key that the node has."""
        return _keys(self.signers)

    def signer(self, use: str) -> Signer:
        """The key for one use; raise `WrongUsage` where the node has none."""
        try:
            return self.signers[use]
        except KeyError:
            raise WrongUsage(
                f"{self.config.name} has no {use} key: perilune keys make makes those that lack"
            ) from None

    @property
    def has_next_keys(self) -> bool:
        """Whether there are keys that wait to take others' places: a rotation was broken off."""
        return self.root is not None and any((self.root / "keys").glob(f"*{NEXT_KEY}"))

    def new_key(self, use: str) -> Signer:
        """A new key for ``use``, kept nowhere yet."""
        return replace(_new_key(use, self.config), permit=self.require_armed)

    def read_key(self, use: str, path: Path) -> Signer:
        """The key for ``use`` in a file; raise `WrongUsage` where it is none."""
        try:
            name = _key_name(use, self.config)
            return Signer.load(name, path.read_bytes(), self.require_armed)
        except ValueError as error:
            raise WrongUsage(f"{path} holds no key: {error}") from error

    @property
    def is_armed(self) -> bool:
        """Whether the node signs: its log is known to be the newest that it ever signed."""
        return self.tiles is None or self.tiles.is_newest()

    def require_armed(self) -> None:
        """Raise `Unarmed` unless the node signs: before work that would end with a signature."""
        if self.tiles is not None:
            _require_newest(self.tiles, self.config)

    @contextlib.contextmanager
    def rebuilding(self) -> Iterator[Catalogue]:
        """An empty catalogue that takes the old one's place when the block ends well.

        Only for a node on disk; the caller is `writing`. Whoever has the old one open, here or
        in another process, notices and goes on with the new one.
        """
        assert self.root is not None
        kept, new = self.root / "catalogue.sqlite", self.root / "catalogue.sqlite.making"
        _remove_catalogue(new)  # left by one that was killed
        try:
            catalogue = SqliteCatalogue(new)
            try:
                yield catalogue
            finally:
                catalogue.close()
            for suffix in ("-wal", "-shm"):
                Path(f"{kept}{suffix}").unlink(missing_ok=True)
            new.replace(kept)
            settle_one(self.root)
        finally:
            _remove_catalogue(new)

    def ticks(self) -> Iterator[datetime]:
        """Times for the next acts: now, but always after the newest act, a microsecond apart.

        Only the holder of `writing` may use them.
        """
        moment = max(self.now().astimezone(UTC), act.time_of(self.log.last_entry) + _TICK)
        while True:
            yield moment
            moment += _TICK

    def close(self) -> None:
        """Let go of files and connections."""
        self.catalogue.close()


def _furnish(root: Path, config: Config, now: datetime) -> None:
    (root / "keys").mkdir(parents=True, mode=0o700)
    (root / "receipts").mkdir()
    signers = _generate(config)
    for use, signer in signers.items():
        _write_secret(root / "keys" / f"{use}.pem", signer.pem())
    first = act.encode(_key_act(config, signers, now))
    mark = _high_water(config, root, leaf_hash(first))
    Log.create(LocalTiles(root / "log", mark=mark), signers["log"], first, _beside(signers))
    LocalStore(root / "objects")
    catalogue = SqliteCatalogue(root / "catalogue.sqlite")
    catalogue.apply(Projection(applied=1))  # the key act adds nothing to it
    catalogue.close()
    (root / "policy").write_text(policy_text(signers["log"].vkey), encoding="utf-8")
    (root / "lock").touch()
    settings.save(config, root)
    os.sync()


def _generate(config: Config) -> dict[str, Signer]:
    return {use: _new_key(use, config) for use in USES}


def _new_key(use: str, config: Config) -> Signer:
    type_ = MLDSA44 if use.endswith(SECOND) else ED25519
    return Signer.generate(_key_name(use, config), type_)


def _beside(signers: Mapping[str, Signer]) -> list[Signer]:
    """The keys that sign heads of the log beside its own."""
    return [signer for use, signer in signers.items() if use == f"log{SECOND}"]


def _tiles(root: Path, config: Config) -> LocalTiles:
    """The files of the log, with the mark that belongs to the log of just this first entry."""
    plain = LocalTiles(root / "log")
    head = plain.head()
    if head is None:
        return plain
    try:
        size = Checkpoint.parse(text_of(head)).size
        first = read_or_cut(plain, tile_path(0, 0, min(size, WIDTH)))[:HASH]
    except (ProofFails, NotFound) as error:
        raise LogInconsistent(f"the log of {config.origin} cannot be read: {error}") from error
    return replace(plain, mark=_high_water(config, root, first))


def _high_water(config: Config, root: Path, first: bytes) -> HighWater:
    return HighWater(settings.high_water_folder(config, root) / first.hex())


def _require_newest(tiles: LocalTiles, config: Config) -> None:
    if not tiles.is_newest():
        raise Unarmed(
            f"{config.name} signs nothing: it is not known whether its log is the newest that it "
            f"signed, because it was put back or moved, or the machine was started again"
        )


def _load_signers(root: Path, config: Config, tiles: LocalTiles) -> dict[str, Signer]:
    """The keys that are there: log and receipt at least."""
    paths = {use: root / "keys" / f"{use}.pem" for use in ALL_USES}
    permit = partial(_require_newest, tiles, config)
    return {
        use: Signer.load(_key_name(use, config), path.read_bytes(), permit)
        for use, path in paths.items()
        if use in ("log", "receipt") or path.exists()
    }


def _key_name(use: str, config: Config) -> str:
    plain = use.removesuffix(SECOND)
    return config.origin if plain == "log" else f"{config.origin}/{plain}"


def _keys(signers: Mapping[str, Signer]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (use, (signer.cosigner if use == "witness" else signer.verifier).vkey)
        for use, signer in signers.items()
    )


def _key_act(config: Config, signers: Mapping[str, Signer], now: datetime) -> KeyAct:
    return KeyAct(
        t=now.astimezone(UTC),
        node=config.name,
        origin=config.origin,
        namespaces=config.namespaces,
        keys=_keys(signers),
    )


def _write_secret(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _remove_catalogue(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    if not lock.acquire(timeout=_LOCK_WAIT_S):
        raise NodeBusy(f"waited {_LOCK_WAIT_S:.0f} s for another writer")
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _exclusive(path: Path, log: Log) -> Iterator[None]:
    with locked(path, wait_s=_LOCK_WAIT_S):
        log.refresh()
        yield
