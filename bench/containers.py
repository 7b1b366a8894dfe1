"""Containers in and extracts out, against what the disk and plain tools do with the same bytes."""

import hashlib
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.delivery import a_node, write_small_products
from bench.row import Row
from perilune.access.export import zip_of_many
from perilune.access.layout import matching
from perilune.access.policy import OPERATOR
from perilune.access.tarball import Tarball
from perilune.catalogue.query import Query
from perilune.ingest.delivery import deliver
from perilune.ingest.unpack.container import unpack
from perilune.ingest.unpack.limits import Limits

PRODUCTS = 2_000
LARGE_FILES, LARGE_BYTES = 4, 64 << 20


def run() -> list[Row]:
    """Unpacking against tar, delivering a tar against its folder, streaming against cat."""
    return [*_in(), *_out()]


def _timed(do: Callable[[], object], runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        do()
        times.append(time.perf_counter() - start)
    return min(times)


def _in() -> list[Row]:
    with a_node() as (node, folder):
        write_small_products(folder / "bundle", PRODUCTS)
        packed = folder / "bundle.tar"
        subprocess.run(["tar", "-cf", packed, "-C", folder, "bundle"], check=True)

        def ours() -> None:
            with tempfile.TemporaryDirectory(dir=folder) as into, packed.open("rb") as source:
                unpack(source, Path(into), lambda _size: None, Limits())

        def theirs() -> None:
            with tempfile.TemporaryDirectory(dir=folder) as into:
                subprocess.run(["tar", "-xf", packed, "-C", into], check=True)

        took, other = _timed(ours), _timed(theirs)
        start = time.perf_counter()
        outcome = deliver(packed, node)
        whole = time.perf_counter() - start
        assert outcome.accepted == PRODUCTS, outcome.as_text()
    files = 2 * PRODUCTS
    return [
        Row(
            f"tar of {files:,} files unpacked, and the folder removed",
            f"{took:.2f} s ({files / took:,.0f} files/s) against {other:.2f} s by tar -x",
            "",
            None,
        ),
        Row(f"the same delivered: {PRODUCTS:,} products", f"{PRODUCTS / whole:,.0f}/s", "", None),
    ]


def _out() -> list[Row]:
    with a_node() as (node, folder):
        label = _large_products(folder / "bundle")
        outcome = deliver(folder / "bundle", node)
        assert outcome.accepted == LARGE_FILES, outcome.as_text()
        holdings = matching(Query(), node, OPERATOR)
        size = LARGE_FILES * (LARGE_BYTES + label)
        objects = [
            node.root / "objects" / entry.sha256[:2] / entry.sha256
            for holding in holdings
            for entry in holding.manifest.files
            if node.root is not None
        ]

        def cat() -> None:
            subprocess.run(f"cat {' '.join(map(str, objects))} > /dev/null", shell=True, check=True)

        def tar() -> None:
            made = Tarball(holdings, node)
            _drain(made.read(0, made.size))

        def zipped() -> None:
            _drain(zip_of_many(holdings, node)[1])

        cat()
        theirs = _timed(cat, 5)
        rows = []
        for what, do in (("tar", tar), ("zip", zipped)):
            ours = _timed(do, 5)
            share = theirs / ours
            figure = f"{size / ours / 1e6:,.0f} MB/s, {share:.0%} of {size / theirs / 1e6:,.0f}"
            rows.append(
                Row(
                    f"extract of {size >> 20} MiB as {what}", figure, ">= 70 % of cat", share >= 0.7
                )
            )
    return rows


def _drain(runs: Iterable[bytes]) -> None:
    with Path("/dev/null").open("wb", buffering=0) as sink:
        for run in runs:
            sink.write(run)


def _large_products(target: Path) -> int:
    write_small_products(target, LARGE_FILES)
    for number, image in enumerate(sorted(target.rglob("*.img"))):
        before = image.read_bytes()
        data = random.Random(number).randbytes(LARGE_BYTES)
        label = image.with_suffix(".xml")
        text = label.read_text().replace(
            hashlib.md5(before).hexdigest(), hashlib.md5(data).hexdigest()
        )
        label.write_text(text.replace(f">{len(before)}</file_size>", f">{len(data)}</file_size>"))
        image.write_bytes(data)
    return label.stat().st_size
