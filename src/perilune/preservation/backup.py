"""Backup: what a node cannot get back from its peers, in one file, encrypted to its recovery keys.

Format: docs/reference/formats.md, "Backup". Lines that say what it is and who can open it, then an
age stream (age-encryption.org/v1) of a tar: settings, keys, roster and receipts, whatever else lies
in the node's folder, the log, and every object that no peer has signed for. Left out are the
catalogue, which is made again, the copies of peers' logs, and what custody receipts say that peers
hold. Log and list of objects are of one moment; nothing lies on the disk in clear on the way.
"""

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from perilune.durable import whole
from perilune.errors import ProofFails, WrongUsage
from perilune.federation.custody import CustodyReceipt, decode_exceptions
from perilune.federation.folder import EXCEPTED, GIVEN, Peers
from perilune.ingest.projection import Progress, silent
from perilune.ledger.note import from_base64, to_base64
from perilune.model import act, canonical
from perilune.model.act import CopyAct, PublishAct
from perilune.model.package import Manifest
from perilune.model.reading import read_count, read_time, time_text
from perilune.node import Node
from perilune.sealing.key import encrypt, identity_of, new_secret, recipient_of
from perilune.sealing.keyring import Keyring
from perilune.sealing.recovery import Shares

MAGIC = b"perilune backup 1\n"
BACKUP_VERSION = 1
KEY_LEAF = b"backup"
"""What the key of the stream is derived for, where a sealed copy has the hash of its entry."""
_MADE_AGAIN = ("catalogue.sqlite", "lock", "quarantine", "objects", "log")
_OF_A_PEER = ("log", "parts", "lock", "witness.lock")
_HEAD = ("checkpoint", "checkpoint.next", "lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a backup says of itself to anyone."""

    t: datetime
    node: str
    origin: str
    size: int
    root: bytes
    """Of the log."""
    objects: int
    object_bytes: int
    with_peers: int
    """Objects that are left out because a peer signed that it holds them."""

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.encode(
            {
                "v": BACKUP_VERSION,
                "t": time_text(self.t),
                "node": self.node,
                "origin": self.origin,
                "log": {"size": self.size, "root": to_base64(self.root)},
                "objects": {"count": self.objects, "bytes": self.object_bytes},
                "with_peers": self.with_peers,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read `encode`; raise `ProofFails` on anything else."""
        found = canonical.decode(data)
        if found.get("v") != BACKUP_VERSION:
            raise ProofFails(f"a backup of unknown version {found.get('v')!r}")
        try:
            return cls._from(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProofFails(f"malformed head of a backup: {error}") from error

    @classmethod
    def _from(cls, found: dict[str, Any]) -> Self:
        return cls(
            t=read_time(found["t"]),
            node=str(found["node"]),
            origin=str(found["origin"]),
            size=read_count(found["log"]["size"]),
            root=from_base64(found["log"]["root"]),
            objects=read_count(found["objects"]["count"]),
            object_bytes=read_count(found["objects"]["bytes"]),
            with_peers=read_count(found["with_peers"]),
        )


def backup(node: Node, target: Path, progress: Progress = silent) -> tuple[Path, Header]:
    """Write a backup of ``node`` to the file ``target``, or into that folder; where, and its head.

    Raises `WrongUsage` where the node has no recovery recipients, or ``target`` is there already.
    """
    if node.root is None:
        raise WrongUsage(f"{node.config.name} keeps nothing on disk")
    recipients = Keyring(node.root / "keys").recipients
    if not recipients.by_name:
        raise WrongUsage(f"{node.config.name} has no recovery recipients to encrypt a backup to")
    t = node.now()
    if target.is_dir():
        target /= f"{node.config.origin.replace('/', '-')}-{t:%Y%m%dT%H%M%SZ}.backup"
    if target.exists():
        raise WrongUsage(f"{target} is there already")
    secret = new_secret()
    shares = Shares.of(secret, list(recipients.by_name.values()), recipients.threshold)
    with node.writing():  # the log, and what it names, as of one moment
        chosen = _chosen(node)
        checkpoint = node.log.checkpoint
        header = Header(
            t=t,
            node=node.config.name,
            origin=node.config.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            objects=len(chosen.kept),
            object_bytes=sum(node.store.size(name) for name in chosen.kept),
            with_peers=chosen.elsewhere,
        )
        log = list(_log(node, node.root))
    with whole(target) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(MAGIC + header.encode() + b"\n" + shares.encode() + b"\n")
        key = recipient_of(identity_of(secret, KEY_LEAF))
        with _tarred(_Content(node, log, chosen.kept, progress)) as content:
            encrypt(content, file, [key])
    return target, header


@dataclass(frozen=True, slots=True)
class _Chosen:
    kept: list[str]
    elsewhere: int


def _chosen(node: Node) -> _Chosen:
    """The objects that go into a backup: all but those of products that peers signed for."""
    there: set[str] = set()
    for manifest in _with_peers(node):
        if manifest not in node.store:
            continue
        with node.store.open(manifest) as data:
            there.add(manifest)
            there.update(each.sha256 for each in Manifest.decode(data.read()).files)
    return _Chosen(sorted(name for name in node.store if name not in there), len(there))


def _with_peers(node: Node) -> Iterator[str]:
    """Manifests of the products that a peer holds, by its signature or because it owns them."""
    peers = Peers.of(node)
    owners = {peer.who.origin for peer in peers.members()}
    covered: list[tuple[int, set[int]]] = []
    for peer in peers.members():
        folder = peers.folder(peer.who.origin)
        note, listed = folder.note(GIVEN), folder.note(EXCEPTED)
        if note is None or listed is None:
            continue
        receipt = CustodyReceipt.verify(note, *peers.keys_of(peer.who.origin, "custody"))
        if hashlib.sha256(listed).hexdigest() == receipt.exceptions:
            excepted = {each.index for each in decode_exceptions(listed)[0]}
            covered.append((receipt.log.size, excepted))
    for index, entry in enumerate(node.log.entries()):
        match act.decode(entry):
            case PublishAct(manifest=manifest):
                if any(index < size and index not in excepted for size, excepted in covered):
                    yield manifest
            case CopyAct(origin=origin, manifest=manifest) if origin in owners:
                yield manifest


def _log(node: Node, root: Path) -> Iterator[tuple[str, bytes | Path]]:
    """The files of the log as of its head: tiles never change, and a new one does no harm."""
    for path in sorted((root / "log").rglob("*")):
        name = str(path.relative_to(root))
        if path.is_file() and path.name not in _HEAD:
            # a partial tile may go while the rest is written; it is small
            yield name, path.read_bytes() if ".p/" in name else path
    yield "log/checkpoint", node.log.head


@dataclass(frozen=True, slots=True)
class _Content:
    """What the tar of a backup holds."""

    node: Node
    log: list[tuple[str, bytes | Path]]
    objects: list[str]
    progress: Progress

    def write(self, tar: tarfile.TarFile) -> None:
        """Write it all."""
        assert self.node.root is not None
        for path in _files(self.node.root):
            with path.open("rb") as file:
                _add(tar, str(path.relative_to(self.node.root)), file.read())
        for name, content in self.log:
            _add(tar, name, content if isinstance(content, bytes) else content.read_bytes())
        for done, sha256 in enumerate(self.objects):
            self.progress("backing up", done, len(self.objects))
            with self.node.store.open(sha256) as data:
                info = tarfile.TarInfo(f"objects/{sha256}")
                info.size = self.node.store.size(sha256)
                tar.addfile(info, data)


def _files(root: Path) -> Iterator[Path]:
    """Everything in the node's folder that is neither made again nor comes back otherwise."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if not path.is_file() or path.is_symlink() or path.name.startswith("."):
            continue
        if path.name == "lock":
            continue
        if parts[0].startswith(_MADE_AGAIN) or (
            parts[0] == "peers" and len(parts) > 2 and parts[2] in _OF_A_PEER
        ):
            continue
        yield path


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


class _tarred:  # noqa: N801  # used as a function, as contextlib's are
    """The bytes of a tar, read while another thread writes it; nothing lies on disk in clear."""

    def __init__(self, content: _Content) -> None:
        self._content = content
        self._fault: BaseException | None = None
        reading, writing = os.pipe()
        self._reading, self._writing = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> BinaryIO:
        self._thread.start()
        return self._reading

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._reading.close()
        self._thread.join()
        if self._fault is not None and kind is None:
            raise self._fault

    def _write(self) -> None:
        try:
            with self._writing, tarfile.open(fileobj=self._writing, mode="w|") as tar:
                self._content.write(tar)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            self._fault = error
