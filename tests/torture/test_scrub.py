"""Bits change all over a node: one scrub finds them all, mends them from the partner, serves none.

Objects (data, labels, manifests), the node's own log, its copy of the partner's log and the
catalogue; several at a time, so that a bundle may be hit with its tile.
"""

import io
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from socket import create_server

import pytest
import uvicorn

from perilune import config
from perilune.access import read
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.errors import Damaged, LogInconsistent, NotFound
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import meet, pin
from perilune.federation.pull import sync
from perilune.ingest.delivery import Options, deliver
from perilune.ingest.projection import walk
from perilune.ledger.checkpoint import Checkpoint
from perilune.ledger.note import text_of
from perilune.ledger.tiles import WIDTH
from perilune.model.act import CopyAct
from perilune.model.package import Manifest
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.preservation import files, fixity
from perilune.preservation.repair import audit_and_repair
from perilune.preservation.scrub import parts, scrub
from perilune.web.app import create_app

from .conftest import IS_LONG, SEED
from .deliveries import NAMESPACE, write

pytestmark = pytest.mark.torture

ROUNDS = 25 if IS_LONG else 3
FLIPS = 40
"""In each round; a thousand in the long run."""


@dataclass(frozen=True, slots=True)
class Scarred:
    """A node with copies of a served partner's products, which can be damaged."""

    root: Path
    partner: Node

    def files(self) -> list[Path]:
        """Every file that a scrub must answer for."""
        objects = [path for path in (self.root / "objects").glob("??/*") if path.stat().st_size]
        [mirror] = (self.root / "peers").glob("*/log")
        return sorted(
            [*objects, *covered(self.root / "log"), *covered(mirror)],
            key=lambda path: path.relative_to(self.root),
        )

    @property
    def catalogue(self) -> Path:
        return self.root / "catalogue.sqlite"

    def content(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.files()}

    def dump(self) -> list[str]:
        """The catalogue without what the audit itself adds."""
        catalogue = SqliteCatalogue(self.catalogue)
        lines = [
            line for line in catalogue.dump() if "fixity" not in line and "applied" not in line
        ]
        catalogue.close()
        return lines


def covered(log: Path) -> list[Path]:
    """The tiles and bundles under the head: the full ones, and the newest partial ones."""
    size = Checkpoint.parse(text_of((log / "checkpoint").read_bytes())).size
    widths, count = {"entries": size % WIDTH}, size
    for level in range(8):
        widths[str(level)], count = count % WIDTH, count // WIDTH
    return [
        path
        for path in (log / "tile").rglob("*")
        if path.is_file()
        and (
            not path.parent.name.endswith(".p")
            or int(path.name) == widths[path.relative_to(log).parts[1]]
        )
    ]


def flip(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    bit = random.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


@pytest.fixture
def scarred(tmp_path: Path) -> Iterator[Scarred]:
    public = {"releasability": Releasability.PUBLIC}
    partner = Node.create(tmp_path / "partner", config.make("Partner", (NAMESPACE,), **public))
    for delivery in write(tmp_path / "deliveries", Random(SEED), 4):
        assert deliver(delivery.path, partner, Options(**public)).receipt
    own = config.make("Scarred", ("urn:cnsa:grss",), **public)
    node = Node.create(tmp_path / "scarred", own)
    with create_server(("127.0.0.1", 0)) as listener, create_server(("127.0.0.1", 0)) as other:
        servers = [
            uvicorn.Server(uvicorn.Config(create_app(each), log_level="critical", lifespan="off"))
            for each in (partner, node)
        ]
        threads = [
            threading.Thread(target=server.run, args=([socket],), daemon=True)
            for server, socket in zip(servers, (listener, other), strict=True)
        ]
        for thread in threads:
            thread.start()
        for here, there, socket in ((node, partner, listener), (partner, node, other)):
            url = f"http://127.0.0.1:{socket.getsockname()[1]}"
            pin(meet(url, here), Description.of(there).fingerprint, here)
        for here in (node, partner, node):
            [peer] = Peers.of(here).members()
            assert sync(peer, here).is_undisputed
        servers[1].should_exit = True
        threads[1].join(10)
        node.close()
        yield Scarred(tmp_path / "scarred", partner)
        servers[0].should_exit = True
        threads[0].join(10)
    partner.close()


def served_of(root: Path, good: dict[str, bytes]) -> list[str]:
    """Objects that readers were given although they are not what they were."""
    try:
        node = Node.open(root)
    except (Damaged, LogInconsistent):
        return []  # it does not open, and serves nothing at all
    wrong = []
    with suppress(Damaged, LogInconsistent):
        for _, act in walk(node):
            if not isinstance(act, CopyAct):
                continue
            for entry in Manifest.decode(good[act.manifest]).files:
                with suppress(Damaged, NotFound):
                    if read.whole(entry, node) != good[entry.sha256]:
                        wrong.append(entry.sha256)
    node.close()
    return wrong


def test_bits_changed_all_over_a_node_are_found_and_mended_in_one_scrub(scarred: Scarred) -> None:
    random = Random(f"{SEED} scrub")
    for number in range(ROUNDS):
        before, dump = scarred.content(), scarred.dump()
        objects = {path.name: data for path, data in before.items() if len(path.name) == 64}
        hit = set()
        for _ in range(FLIPS):
            path = scarred.catalogue if random.random() < 0.2 else random.choice(list(before))
            flip(path, random)
            hit.add(path)
        really = {path for path in hit if path not in before or path.read_bytes() != before[path]}
        assert served_of(scarred.root, objects) == []

        node = Node.open_to_mend(scarred.root)
        done = audit_and_repair(node)
        node.close()

        found = {each.sha256 for each in done.audit.damage} | {each.path for each in done.files}
        named = {
            path.name if len(path.name) == 64 else path.relative_to(scarred.root).as_posix()
            for path in really
        }
        assert found == named, number
        assert done.is_clean
        assert {path: path.read_bytes() for path in before} == before
        assert scarred.dump() == dump
        again = Node.open(scarred.root)
        assert fixity.look(again).is_clean
        again.close()
        shutil.rmtree(scarred.root / "set-aside", ignore_errors=True)


def test_the_parts_of_a_scrub_find_the_same_and_the_log_says_so_once(scarred: Scarred) -> None:
    random = Random(f"{SEED} parts")
    before = scarred.content()
    node = Node.open(scarred.root)
    hit = random.sample(list(before), 12)
    for path in hit:
        flip(path, random)
    flip(scarred.catalogue, random)

    size, reads = node.log.size, []
    for part in parts(node):
        scrub(part, node, reads)  # begun and killed before its outcome was kept
        reads.append(scrub(part, node, reads))

    assert {path: path.read_bytes() for path in before if "/log/" not in str(path)} == {
        path: data for path, data in before.items() if "/log/" not in str(path)
    }
    assert all(not each.damaged and not each.files for each in reads)
    kinds = [entry for entry in node.log.entries(size) if b'"act":"fixity"' in entry]
    assert len(kinds) == 1
    assert fixity.look(node).is_clean
    node.close()


def test_where_no_copy_is_good_nothing_is_overwritten_and_it_is_said(scarred: Scarred) -> None:
    random = Random(f"{SEED} both")
    name = next(
        path for path in scarred.files() if len(path.name) == 64 and path.stat().st_size > 99
    )
    flip(name, random)
    bad = name.read_bytes()
    assert scarred.partner.root
    there = scarred.partner.root / "objects" / name.name[:2] / name.name
    there.write_bytes(bytes(there.stat().st_size))

    node = Node.open(scarred.root)
    done = audit_and_repair(node)
    node.close()

    manifest = name.name in {each.sha256 for each in done.repaired}
    assert manifest or (not done.is_clean and name.read_bytes() == bad)


def test_a_scrub_that_believes_what_it_reads_finds_nothing(
    scarred: Scarred, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(f"{SEED} believing")
    monkeypatch.setattr(fixity, "_read_back", lambda name, node: (node.store.size(name), None))
    monkeypatch.setattr(files, "examine_log", lambda *_all, **_more: iter(()))
    objects = [path for path in scarred.files() if len(path.name) == 64]
    for path in random.sample(objects, 5):
        flip(path, random)

    node = Node.open(scarred.root)
    assert fixity.look(node).damage == ()
    node.close()


def test_an_open_catalogue_answers_nothing_from_a_page_that_changed(scarred: Scarred) -> None:
    random = Random(f"{SEED} pages")
    good = scarred.catalogue.read_bytes()
    dump = scarred.dump()
    for _ in range(200 if IS_LONG else 20):
        flip(scarred.catalogue, random)
        with suppress(Damaged):
            catalogue = SqliteCatalogue(scarred.catalogue)
            try:
                assert list(catalogue.changed())
                lines = [
                    line
                    for line in catalogue.dump()
                    if "fixity" not in line and "applied" not in line
                ]
                assert lines == dump, "what is answered is as it was"
            finally:
                catalogue.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{scarred.catalogue}{suffix}").unlink(missing_ok=True)
        scarred.catalogue.write_bytes(good)
    assert io.BytesIO(good).read(16) == b"SQLite format 3\0"
