"""Restore: a node is made again from its backup and from its peers.

Order matters, and every step but the first can be repeated. The backup is opened with the recovery
keys into a folder of its own, which takes the node's name when it is whole. Then the node, which is
unarmed, gets its own newer entries and the objects that it lacks from its peers; then it is armed;
what nobody has is named in the log as lost; then the catalogue is made. Where a peer is silent the
node stays as it is and the same is done again later (`finish`).
"""

import io
import os
import secrets
import shutil
import tarfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from perilune.durable import settle_one
from perilune.errors import NodeExists, ProofFails, Unarmed
from perilune.federation.arming import arm
from perilune.federation.recovery import Missing, Recovered, recover
from perilune.ingest.accession import record
from perilune.ingest.projection import Progress, catch_up, silent
from perilune.model import act
from perilune.model.act import CommitAct
from perilune.model.guard import LoseAct, encode_lost
from perilune.node import Node
from perilune.preservation.backup import KEY_LEAF, MAGIC, Header
from perilune.sealing.key import decrypt, identity_of
from perilune.sealing.recovery import Shares

_MOST_LINE = 1 << 20
_CHUNK = 1 << 20
_Member = tuple[PurePosixPath, IO[bytes]]


@dataclass(slots=True)
class Restored:
    """What came back, and what did not."""

    entries: int
    """Of the log, all that there are now."""
    recovered: Recovered
    is_armed: bool
    """Whether the node signs again."""
    why: str
    """Why it does not."""
    lost: list[Missing] = field(default_factory=list)
    """Products that nobody has; the log says so now."""

    @property
    def is_whole(self) -> bool:
        """Whether everything is back that the log names and can be opened."""
        waiting = self.recovered.missing or self.recovered.silent
        return self.is_armed and not waiting and not self.recovered.hidden


def read_header(source: BinaryIO) -> tuple[Header, Shares]:
    """What a backup says of itself; raise `ProofFails` where it is none."""
    if source.read(len(MAGIC)) != MAGIC:
        raise ProofFails("not a backup of a node")
    header = Header.decode(source.readline(_MOST_LINE).removesuffix(b"\n"))
    return header, Shares.decode(source.readline(_MOST_LINE).removesuffix(b"\n"))


def unpack(backup: Path, root: Path, identities: list[str], progress: Progress = silent) -> Header:
    """Make the folder ``root`` of what ``backup`` holds, whole or not at all.

    Raises `NodeExists` where it is not empty, `WrongUsage` where ``identities`` are too few,
    `ProofFails` where the backup is damaged or was bent.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise NodeExists(f"{root} is not an empty folder")
    root.parent.mkdir(parents=True, exist_ok=True)
    for left in root.parent.glob(f".{root.name}.restoring-*"):
        shutil.rmtree(left)  # by one that was killed
    making = root.parent / f".{root.name}.restoring-{secrets.token_hex(6)}"
    with backup.open("rb") as source:
        header, shares = read_header(source)
        identity = identity_of(shares.combined(identities), KEY_LEAF)
        try:
            with _decrypted(source, identity) as content:
                _extract(content, making, header, progress)
            os.sync()
            with suppress(FileNotFoundError):
                root.rmdir()
            making.rename(root)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    settle_one(root.parent)
    return header


def finish(node: Node, progress: Progress = silent) -> Restored:
    """Bring back what ``node`` lacks, arm it, and make its catalogue; errors as `recover`."""
    recovered = recover(node, progress)
    why = ""
    try:
        arm(node)
    except Unarmed as error:
        why = str(error)
    result = Restored(node.log.size, recovered, node.is_armed, why)
    if recovered.silent and recovered.missing:
        return result
    if recovered.missing and result.is_armed:
        give_up(recovered.missing, node)
        result.lost, recovered.missing = recovered.missing, []
    if not recovered.missing:
        with node.writing():
            catch_up(node, progress=progress)
    result.entries = node.log.size
    return result


def give_up(missing: list[Missing], node: Node) -> None:
    """Say in the log that these products are lost; hidden where one of them is."""
    with node.writing():
        listed = encode_lost(each.index for each in missing)
        with node.store.batch() as batch:
            name = batch.put(io.BytesIO(listed)).sha256
        hidden = any(
            isinstance(act.decode(node.log.entry(each.index)), CommitAct) for each in missing
        )
        lose = LoseAct(t=next(node.ticks()), products=len(missing), lost=name)
        record([lose], node, hidden=hidden)


def _extract(content: BinaryIO, root: Path, header: Header, progress: Progress) -> None:
    """Write the files of the tar, then put its objects, each under its own digest."""
    (root / "keys").mkdir(parents=True, mode=0o700)
    (root / "receipts").mkdir()
    try:
        with tarfile.open(fileobj=content, mode="r|") as tar:
            members = _members(tar)
            objects = chain(_write_files(root, members), members)
            with closing(Node.open(root)) as node:
                _check(node, header)
                _put(objects, node, header, progress)
    except tarfile.TarError as error:
        raise ProofFails(f"the backup is damaged: {error}") from error


def _write_files(root: Path, members: Iterator[_Member]) -> list[_Member]:
    """Write members up to the first object, which is returned."""
    for name, file in members:
        if name.parts[0] == "objects":
            return [(name, file)]
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if name.parts[0] == "keys" else 0o666
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as target:
            shutil.copyfileobj(file, target)
    return []


def _put(objects: Iterable[_Member], node: Node, header: Header, progress: Progress) -> None:
    done = 0
    with node.store.batch() as batch:
        for done, (name, file) in enumerate(objects, 1):
            if str(name) != f"objects/{batch.put(file).sha256}":
                raise ProofFails(f"the backup is damaged: {name} has other bytes")
            progress("restoring objects", done, header.objects)
    if done != header.objects:
        raise ProofFails(f"the backup holds {done} objects, not {header.objects}")


def _check(node: Node, header: Header) -> None:
    found = node.log.checkpoint
    if (found.origin, found.size, found.root) != (header.origin, header.size, header.root):
        raise ProofFails(f"the backup holds another log than the one of {header.origin} it names")


def _members(tar: tarfile.TarFile) -> Iterator[_Member]:
    """Names and bytes of the members; raise `ProofFails` on what no backup of ours holds."""
    for info in tar:
        name = PurePosixPath(info.name)
        file = tar.extractfile(info) if info.isreg() else None
        if file is None or name.is_absolute() or ".." in name.parts or not name.parts:
            raise ProofFails(f"a backup holds no {info.name[:80]!r}")
        yield name, file


@contextmanager
def _decrypted(source: BinaryIO, identity: str) -> Iterator[BinaryIO]:
    """What the age stream hides, read while another thread opens it."""
    faults: list[BaseException] = []
    reading, writing = os.pipe()

    def open_() -> None:
        try:
            with os.fdopen(writing, "wb") as target:
                decrypt(source, target, identity)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            faults.append(error)

    thread = threading.Thread(target=open_)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as content:
            yield content
            while content.read(_CHUNK):
                pass  # to the end, where a stream that was cut short shows
    except (ProofFails, tarfile.TarError):
        thread.join()
        if faults and not isinstance(faults[0], BrokenPipeError):
            raise faults[0] from None
        raise
    finally:
        thread.join()
    if faults:
        raise faults[0]
