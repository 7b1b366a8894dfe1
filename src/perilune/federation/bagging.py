"""Writing what a node publishes openly onto a medium, to be carried to a peer.

Order: the files of the bag, each beside its name until it is whole; all of it durable; then the
manifest of the bag. What lies there already, whole and right, stays; so an export that broke off is
gone on with by repeating it. Only what any visitor may see is written, and sealed copies.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from perilune.access.policy import VISITOR
from perilune.access.read import chunks
from perilune.access.search import find
from perilune.durable import naming_full_disk, settle, whole
from perilune.errors import Damaged, NotFound
from perilune.federation.description import Description
from perilune.federation.folder import log_name
from perilune.federation.medium import PAYLOAD, place_of
from perilune.federation.source import file_path, manifest_path
from perilune.ingest.projection import Progress, catch_up, cleared_by, opened, silent
from perilune.ledger.tiles import WIDTH, tile_path
from perilune.model import act
from perilune.model.act import PublishAct, ReleaseAct
from perilune.model.identifier import Lidvid
from perilune.model.ordered import ClearAct
from perilune.model.sealed import OpenAct, SealAct, Sealed
from perilune.node import Node

_BLOCK = 1 << 20


@dataclass(slots=True)
class Exported:
    """What is on the medium now."""

    size: int
    """Entries of the log that its checkpoint covers."""
    since: int
    """The entry at which its tail of the log begins, at the latest."""
    products: int = 0
    files: int = 0
    bytes: int = 0


def export(node: Node, root: Path, since: int = 0, progress: Progress = silent) -> Exported:
    """Write the bag ``root``: the log from ``since`` on, and what that part of it publishes.

    Raises `NoSpace` where the medium is full, `Damaged` where our own bytes are.
    """
    with node.writing():
        catch_up(node)
    done = Exported(node.log.size, since)
    with naming_full_disk(root):
        bag, own = _Bag(root, done), f"/federation/{log_name(node.config.origin)}"
        bag.put("/federation/node", Description.of(node).encode())
        for path in _tiles(since, done.size):
            bag.put(f"/log/{path}", node.log.file(path))
        for number, product in enumerate(_products(node, since, done.size)):
            progress("writing", number, 0)
            _write(product, node, bag)
        for index, sealed in _sealed(node, since, done.size):
            bag.stream(f"{own}/{index}", sealed.sha256, _runs(sealed, node))
        for name in _openings(node, since, done.size):
            with node.store.open(name) as data:
                bag.put(f"/federation/openings/{name}", data.read())
        bag.put("/log/checkpoint", node.log.head)
        bag.close(node.config.name)
    return done


def _tiles(since: int, size: int) -> Iterator[str]:
    """Tiles and bundles of the entries from ``since`` on, as a log of ``size`` has them."""
    yield from _level("entries", since, size)
    level = 0
    while size:
        yield from _level(level, since, size)
        level, since, size = level + 1, since // WIDTH, size // WIDTH


def _level(level: int | str, since: int, size: int) -> Iterator[str]:
    for number in range(since // WIDTH, -(-size // WIDTH)):
        yield tile_path(level, number, min(WIDTH, size - number * WIDTH))


def _products(node: Node, since: int, size: int) -> Iterator[Lidvid]:
    """What is published from ``since`` on, and what was published before and is released since."""
    released: set[str] = set()
    entries: set[int] = set()
    for entry in node.log.entries(since, size):
        match act.decode(entry):
            case PublishAct() as publish:
                yield publish.lidvid
            case ReleaseAct(delivery=delivery):
                released.add(delivery)
            case OpenAct() as ended:
                entries.update(each.entry for each in ended.opens if each.entry < since)
            case ClearAct() as cleared:
                yield from (name for name, _ in cleared_by(cleared, node))
    if not released and not entries:
        return
    for index, entry in enumerate(node.log.entries(0, since)):
        found = opened(act.decode(entry), node)
        if isinstance(found, PublishAct) and (index in entries or found.delivery in released):
            yield found.lidvid


def _write(product: Lidvid, node: Node, bag: "_Bag") -> None:
    try:
        holding = find(str(product), node, VISITOR)
    except NotFound:
        return  # a visitor gets none either
    for entry in holding.manifest.files:
        bag.stream(file_path(product, entry.path), entry.sha256, chunks(entry, node))
    bag.put(manifest_path(product), holding.manifest.encode())
    bag.done.products += 1


def _openings(node: Node, since: int, size: int) -> Iterator[str]:
    """The lists of openings that clear acts name openly, each once."""
    acts = (act.decode(entry) for entry in node.log.entries(since, size))
    found = (each.openings for each in acts if isinstance(each, ClearAct) and not each.follows)
    yield from dict.fromkeys(found)


def _sealed(node: Node, since: int, size: int) -> Iterator[tuple[str, Sealed]]:
    for index, entry in enumerate(node.log.entries(since, size), since):
        found = act.decode(entry)
        if isinstance(found, SealAct):
            yield f"sealed/{index}", found.sealed
            if found.recovery is not None:
                yield f"recovery/{index}", found.recovery


def _runs(sealed: Sealed, node: Node) -> Iterator[bytes]:
    with node.store.open(sealed.sha256) as data:
        while run := data.read(_BLOCK):
            yield run


class _Bag:
    """The bag being written."""

    def __init__(self, root: Path, done: Exported) -> None:
        self._root, self.done = root, done
        self._digests: dict[str, str] = {}
        (root / PAYLOAD).mkdir(parents=True, exist_ok=True)
        (root / "manifest-sha256.txt").unlink(missing_ok=True)

    def put(self, path: str, data: bytes) -> None:
        """Have ``data`` lie at the address ``path``."""
        self.stream(path, hashlib.sha256(data).hexdigest(), iter([data]))

    def stream(self, path: str, sha256: str, runs: Iterator[bytes]) -> None:
        """Have bytes of that SHA-256 lie at the address ``path``; raise `Damaged` for others."""
        name = f"{PAYLOAD}/{place_of(path)}"
        place = self._root / name
        if not (place.is_file() and _digest(place) == sha256):
            place.parent.mkdir(parents=True, exist_ok=True)
            part = place.with_name(f"+part.{place.name[:100]}")
            found = hashlib.sha256()
            with part.open("wb") as file:
                for run in runs:
                    found.update(run)
                    file.write(run)
            if found.hexdigest() != sha256:
                part.unlink()
                raise Damaged(f"{path} has SHA-256 {found.hexdigest()} here, not {sha256}")
            part.replace(place)
        self._digests[name] = sha256
        self.done.files += 1
        self.done.bytes += place.stat().st_size

    def close(self, organisation: str) -> None:
        """Have everything durable, then say so."""
        tags = {
            "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": f"Source-Organization: {organisation}\n"
            f"Payload-Oxum: {self.done.bytes}.{self.done.files}\n"
            f"External-Description: log of {self.done.size} entries, from {self.done.since} on\n",
        }
        for name, text in tags.items():
            (self._root / name).write_text(text, encoding="utf-8")
        settle(self._root, [self._root / name for name in self._digests])
        lines = _lines(self._digests.items())
        with whole(self._root / "manifest-sha256.txt") as file:
            file.write(lines)
        digests = {name: _digest(self._root / name) for name in (*tags, "manifest-sha256.txt")}
        with whole(self._root / "tagmanifest-sha256.txt") as file:
            file.write(_lines(digests.items()))


def _lines(digests: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(digests)).encode()


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
