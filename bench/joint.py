"""Two nodes compared, proved and read back: logs of a million acts, and storage against openssl."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.row import Row
from perilune import config
from perilune.federation.custody import Counts, CustodyReceipt, encode_exceptions
from perilune.federation.description import Description
from perilune.federation.folder import EXCEPTED, GIVEN, Peers
from perilune.federation.reconcile import reconcile
from perilune.federation.roster import Member
from perilune.ledger import tree
from perilune.model import act
from perilune.model.act import PublishAct
from perilune.model.identifier import Lid, Lidvid
from perilune.model.product import Lifecycle, Releasability
from perilune.node import Node
from perilune.preservation.fixity import Throttle, object_names, read_objects

ACTS = 1_000_000
_RUN = 20_000
_LARGE, _FILES = 64 << 20, 12


def run() -> Iterator[Row]:
    """All rows."""
    with _folder() as folder:
        yield from _two_nodes(folder)
    with _folder() as folder:
        yield _scrub(folder)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-joint-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _two_nodes(folder: Path) -> Iterator[Row]:
    """A node whose log has a million acts, and a peer that signed for all but 1,000 of them."""
    public = Releasability.PUBLIC
    owner = Node.create(
        folder / "owner", config.make("Owner", ("urn:ros:rssa",), releasability=public)
    )
    peer = Node.create(
        folder / "peer", config.make("Peer", ("urn:cnsa:grss",), releasability=public)
    )
    for start in range(0, ACTS, _RUN):
        owner.log.append([_entry(number) for number in range(start, start + _RUN)])
    checkpoint = owner.log.checkpoint
    who = Member(Description.of(peer), "http://127.0.0.1:9/")
    Peers.of(owner).pin(who)
    listed = encode_exceptions(())
    receipt = CustodyReceipt(
        t=datetime.now(UTC),
        node="Peer",
        origin=peer.config.origin,
        log=checkpoint,
        counts=Counts(published=ACTS, held=ACTS),
        exceptions=hashlib.sha256(listed).hexdigest(),
    )
    kept = Peers.of(owner).folder(peer.config.origin)
    kept.keep(GIVEN, receipt.encode(peer.signer("custody")))
    kept.keep(EXCEPTED, listed)
    owner.log.append([_entry(ACTS + number) for number in range(1_000)])

    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        found = reconcile(who, owner)
        seconds.append(time.perf_counter() - begun)
    is_right = found.is_explained and found.there.uncovered == 1_000
    yield Row(
        f"compare two nodes, {owner.log.size:,} acts",
        f"{median(seconds):.2f} s",
        "<= 1 s",
        median(seconds) <= 1 and is_right,
    )

    milliseconds = []
    log = owner.log
    for number in range(50):
        index = number * 19_937 % log.size
        begun = time.perf_counter()
        path = log.inclusion(index)
        milliseconds.append((time.perf_counter() - begun) * 1e3)
        leaf = tree.leaf_hash(log.entry(index))
        assert tree.proves_inclusion(leaf, index=index, size=log.size, path=path, root=log.root)
    yield Row(
        f"proof of one entry of {log.size:,}",
        f"{median(milliseconds):.2f} ms, at most {max(milliseconds):.2f}",
        "<= 5 ms",
        median(milliseconds) <= 5,
    )
    owner.close()
    peer.close()


def _entry(number: int) -> bytes:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return act.encode(
        PublishAct(
            t=datetime(2028, 1, 1, tzinfo=UTC),
            lidvid=Lidvid(Lid(f"urn:ros:rssa:bundle:data:product_{number:08d}"), 1, 0),
            manifest=digest,
            manifest_size=900,
            files=2,
            bytes=1_000_000,
            delivery=digest,
            lifecycle=Lifecycle.RELEASED,
            releasability=Releasability.PUBLIC,
        )
    )


def _scrub(folder: Path) -> Row:
    """Objects of a node read back, against ``openssl dgst -sha256`` of the same files."""
    node = Node.create(folder / "node", config.make("Node", ("urn:ros:rssa",)))
    for _ in range(_FILES):
        with node.store.batch() as batch, tempfile.TemporaryFile() as data:
            data.write(os.urandom(_LARGE))
            data.seek(0)
            batch.put(data)
    names = object_names(node)
    paths = [str(folder / "node" / "objects" / name[:2] / name) for name in names]
    ours, theirs = [], []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(["openssl", "dgst", "-sha256", *paths], check=True, capture_output=True)
        theirs.append(_FILES * _LARGE / (time.perf_counter() - begun))
        begun = time.perf_counter()
        total, damage = read_objects(names, node, Throttle())
        ours.append(total / (time.perf_counter() - begun))
        assert not damage
    node.close()
    share = median(ours) / median(theirs)
    return Row(
        "scrub against openssl dgst -sha256",
        f"{median(ours) / 1e6:,.0f} MB/s, {share:.0%}",
        ">= 80 %",
        share >= 0.8,
    )
