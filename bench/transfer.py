"""Copying between two nodes on this machine, beside rsync and cp on the same disk.

The owner is served by a process of its own, as it always is. rsync copies the very tree that was
delivered to it, with the options by which it does what a node does: content compared, each file
made durable. What it does not do: verify against a signed log, and catalogue.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.delivery import SMALL_DATA, write_small_products
from bench.row import Row
from perilune import config
from perilune.config import Validation
from perilune.federation.description import Description
from perilune.federation.folder import Peers
from perilune.federation.joining import meet, pin
from perilune.federation.pull import Synced, sync
from perilune.ingest.delivery import deliver
from perilune.model.product import Releasability
from perilune.node import Node

SMALL_PRODUCTS = 100_000
LARGE_BYTES = 1 << 30


def run() -> Iterator[Row]:
    """Small products and an unchanged archive against rsync, a large file against cp."""
    if shutil.which("rsync") is None:
        yield Row("copies of small products", "needs rsync", "", holds=None)
    else:
        yield from small(SMALL_PRODUCTS)
    yield large(LARGE_BYTES)


def small(count: int) -> Iterator[Row]:
    """``count`` products of two files, new and then unchanged."""
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        tree, copy = Path(folder) / "tree", Path(folder) / "copy"
        write_small_products(tree, count)
        with joined(tree, Path(folder)) as copier:
            theirs = _rsync(tree, copy)
            ours, done = _timed(copier)
            assert done.copied == done.counts.held == count, done.faults
            ratio = theirs / ours
            figure = f"{ratio:.2f} times ({count / ours:,.0f} products/s, {count / theirs:,.0f})"
            what = f"{count:,} products copied, verified, durable, catalogued: rsync -a -c --fsync"
            yield Row(what, figure, ">= 0.7 times", ratio >= 0.7)
            theirs, (ours, _) = _rsync(tree, copy), _timed(copier)
            ratio = theirs / ours
            figure = f"{ratio:.0f} times ({ours * 1000:.0f} ms, {theirs:.2f} s)"
            yield Row("the same, unchanged, compared again", figure, ">= 20 times", ratio >= 20)


def large(size: int) -> Row:
    """One file of ``size`` bytes."""
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        tree, copy = Path(folder) / "tree", Path(folder) / "copy"
        image = _write_large(tree, size)
        with joined(tree, Path(folder)) as copier:
            start = time.perf_counter()
            subprocess.run(["cp", image, copy], check=True)
            subprocess.run(["sync", copy], check=True)
            subprocess.run(["sha256sum", copy], check=True, stdout=subprocess.DEVNULL)
            theirs = time.perf_counter() - start
            ours, done = _timed(copier)
            assert done.copied == 1, done.faults
    ratio = theirs / ours
    figure = f"{ratio:.0%} ({size / ours / 1e6:,.0f} MB/s, {size / theirs / 1e6:,.0f} MB/s)"
    what = f"one file of {size >> 20} MiB copied: cp, sync and sha256sum"
    return Row(what, figure, ">= 80 %", ratio >= 0.8)


@contextmanager
def joined(tree: Path, folder: Path) -> Iterator[Node]:
    """A node that has copied nothing yet of another, which is served and was given ``tree``."""
    settings = config.make("Owner", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
    owner = Node.create(folder / "owner", replace(settings, validation=Validation.CUSTODY))
    outcome = deliver(tree, owner)
    assert outcome.is_complete, outcome.as_text()
    fingerprint = Description.of(owner).fingerprint
    owner.close()
    serve = [sys.executable, "-m", "perilune", "serve", "-n", str(folder / "owner"), "--port", "0"]
    with subprocess.Popen([*serve, "--json"], stdout=subprocess.PIPE, text=True) as server:
        copier = Node.create(folder / "copier", config.make("Copier", ("urn:esa:psa",)))
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            time.sleep(8)  # it draws its maps, once
            pin(meet(url, copier), fingerprint, copier)
            yield copier
        finally:
            copier.close()
            server.terminate()


def _timed(copier: Node) -> tuple[float, Synced]:
    os.sync()
    start = time.perf_counter()
    done = sync(Peers.of(copier).named("Owner"), copier)
    return time.perf_counter() - start, done


def _rsync(tree: Path, copy: Path) -> float:
    os.sync()
    start = time.perf_counter()
    subprocess.run(["rsync", "-a", "--checksum", "--fsync", f"{tree}/", f"{copy}/"], check=True)
    return time.perf_counter() - start


def _write_large(tree: Path, size: int) -> Path:
    write_small_products(tree, 1)
    image = next(tree.rglob("*.img"))
    label = image.with_suffix(".xml")
    before = hashlib.md5(image.read_bytes()).hexdigest()
    digest = hashlib.md5()
    with image.open("wb") as file:
        for number in range(size >> 20):
            block = number.to_bytes(8, "big") * (1 << 17)
            file.write(block)
            digest.update(block)
    text = label.read_text().replace(before, digest.hexdigest())
    label.write_text(text.replace(f">{SMALL_DATA}</file_size>", f">{size}</file_size>"))
    return image
