"""Deliveries: many small products, and one large file, into a node on disk."""

import hashlib
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.row import SHARED, Row
from perilune import config
from perilune.ingest.delivery import deliver
from perilune.mission.simulate import write_bundle
from perilune.model.product import Releasability
from perilune.node import Node
from perilune.validation.schemas import Schemas

SMALL_PRODUCTS = 10_000
SMALL_DATA = 16_000
LARGE_BYTES = 1 << 30


def run() -> Iterator[Row]:
    """Small products a second, and a large file against ``sha256sum`` and ``md5sum``."""
    yield _small(config.Validation.CUSTODY, "for custody alone", bar=800)
    yield _small(config.Validation.LABELS, "labels too", bar=None)
    yield _small(config.Validation.FULL, "everything checked, no schema pinned", bar=None)
    if (schemas := SHARED / "data/pds4/schemas.tar.xz").is_file():
        yield _small(config.Validation.FULL, "everything checked", bar=None, schemas=schemas)
    yield _large()


@contextmanager
def a_node(
    validation: config.Validation = config.Validation.CUSTODY,
) -> Iterator[tuple[Node, Path]]:
    """A public node on disk, and a folder beside it."""
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        settings = config.make("Bench", ("urn:ros:rssa",), releasability=Releasability.PUBLIC)
        settings = replace(settings, validation=validation)
        node = Node.create(Path(folder) / "node", settings)
        try:
            yield node, Path(folder)
        finally:
            node.close()


def write_small_products(target: Path, count: int) -> None:
    """``count`` products: the label of a simulated image with four corners, and data of 16 kB.

    Each has its own identifier, time and place, as real ones have.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(bundle)
        label = (bundle / "data_raw" / "stc_01_raw.xml").read_text()
        image = (bundle / "data_raw" / "stc_01_raw.img").read_bytes()
    md5 = hashlib.md5(image).hexdigest()
    label = _with_four_corners(label).replace(">640</elements>", f">{SMALL_DATA // 320}</elements>")
    for number in range(count):
        place = target / f"data_{number // 1000:03d}"
        place.mkdir(parents=True, exist_ok=True)
        data = number.to_bytes(8, "big") * (SMALL_DATA // 8)
        text = label.replace("stc_01_raw", f"stc_{number:07d}")
        text = text.replace(md5, hashlib.md5(data).hexdigest())
        text = text.replace(f">{len(image)}</file_size>", f">{len(data)}</file_size>")
        text = text.replace("T06:07:", f"T{number // 60 % 24:02d}:{number % 60:02d}:")
        text = re.sub(r"(pixel_longitude[^>]*>)\d+\.", rf"\g<1>{number % 360}.", text)
        (place / f"stc_{number:07d}.img").write_bytes(data)
        (place / f"stc_{number:07d}.xml").write_text(text)


def _with_four_corners(label: str) -> str:
    """The label with no more than four of its footprint's vertices."""
    vertices = re.findall(r"\s*<geom:Pixel_Intercept>.*?</geom:Pixel_Intercept>", label, re.DOTALL)
    half = len(vertices) // 2
    kept = {vertices[0], vertices[half - 1], vertices[half], vertices[-1]}
    for vertex in set(vertices) - kept:
        label = label.replace(vertex, "")
    return label


def _small(
    validation: config.Validation, words: str, *, bar: int | None, schemas: Path | None = None
) -> Row:
    with a_node(validation) as (node, folder):
        if schemas is not None:
            Schemas.open(config.schemas_folder(node.root)).add(schemas)
        write_small_products(folder / "small", SMALL_PRODUCTS)
        label = next((folder / "small").rglob("*.xml")).stat().st_size
        start = time.perf_counter()
        outcome = deliver(folder / "small", node)
        rate = outcome.accepted / (time.perf_counter() - start)
    assert outcome.accepted == SMALL_PRODUCTS, outcome.as_text()
    what = (
        f"{SMALL_PRODUCTS:,} products (label {label:,} B, data {SMALL_DATA:,} B) delivered, {words}"
    )
    told = "-" if bar is None else f">= {bar}/s"
    return Row(what, f"{rate:,.0f} products/s", told, None if bar is None else rate >= bar)


def _large() -> Row:
    with a_node() as (node, folder):
        write_small_products(folder / "large", 1)
        image = next((folder / "large").rglob("*.img"))
        label = image.with_suffix(".xml")
        before = hashlib.md5(image.read_bytes()).hexdigest()
        block = bytes(range(256)) * 4096
        digest = hashlib.md5()
        with image.open("wb") as file:
            for _ in range(LARGE_BYTES // len(block)):
                file.write(block)
                digest.update(block)
        text = label.read_text().replace(before, digest.hexdigest())
        label.write_text(text.replace(f">{SMALL_DATA}</file_size>", f">{LARGE_BYTES}</file_size>"))
        theirs = min(_timed_sums(image) for _ in range(2))
        start = time.perf_counter()
        outcome = deliver(folder / "large", node)
        ours = time.perf_counter() - start
        assert outcome.is_complete, outcome.as_text()
    figure = f"{ours:.1f} s ({LARGE_BYTES / ours / 1e9:.2f} GB/s) against {theirs:.1f} s"
    what = f"one file of {LARGE_BYTES >> 20} MiB delivered"
    return Row(what, figure, "<= sha256sum, then md5sum", ours <= theirs)


def _timed_sums(path: Path) -> float:
    start = time.perf_counter()
    for tool in ("sha256sum", "md5sum"):
        subprocess.run([tool, str(path)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
