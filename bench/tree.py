"""A bundle of very many small products on disk, checked whole: time, memory, one core and two.

``python -m bench tree``, or ``python -m bench.tree --products N --jobs J``. Each product is a
label of its own bytes (5 kB) with a table of 144 records; collections of 10,000 list them. The
labels are held against the core schema and its Schematron.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench.row import SHARED, Row
from perilune.mission.simulate import write_bundle
from perilune.validation.examine import Sources
from perilune.validation.options import Options, Rule
from perilune.validation.run import Means
from perilune.validation.run import run as check
from perilune.validation.schemas import Schemas

PRODUCTS = 20_000
MILLION = 1_000_000
MOST_SECONDS = 1_500.0
"""For a million, on two cores."""
MOST_MIB = 1_500.0
_A_COLLECTION = 10_000
_A_FOLDER = 1_000
_LINKS = 30_000
"""Names of one file of data, before there is another: file systems have a limit."""
_MEMBER = """<Bundle_Member_Entry>
    <lidvid_reference>urn:ros:rssa:luna26_simulated:{}::1.0</lidvid_reference>
    <member_status>Primary</member_status>
    <reference_type>bundle_has_data_collection</reference_type>
  </Bundle_Member_Entry>"""


def run() -> Iterator[Row]:
    """One core, two cores, and what follows for a million."""
    archive = SHARED / "data/pds4/schemas.tar.xz"
    if not archive.is_file():
        yield Row("a bundle against its schemas: the shared data are not there", "-", "-", None)
        return
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        place = Path(folder)
        Schemas.open(place / "schemas").add(archive)
        write_tree(place / "tree", PRODUCTS)
        one, _ = _measured(place, jobs=1)
        two, peak = _measured(place, jobs=2)
    what = f"{PRODUCTS:,} small products with full integrity"
    yield Row(f"{what}, one core", f"{PRODUCTS / one:,.0f}/s", "-", None)
    yield Row(f"{what}, two cores", f"{PRODUCTS / two:,.0f}/s", "-", None)
    yield Row(
        f"{what}: two cores against one", f"{one / two:.2f} times", ">= 1.8 times", one >= 1.8 * two
    )
    minutes = two * MILLION / PRODUCTS / 60
    yield Row("a million at that rate", f"{minutes:.0f} min", "<= 25 min", minutes <= 25)
    yield Row(
        f"{what}: peak memory of all processes",
        f"{peak:.0f} MiB",
        f"<= {MOST_MIB:.0f} MiB",
        peak <= MOST_MIB,
    )


def write_tree(target: Path, products: int) -> None:
    """A bundle of so many products, right in every respect."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "bundle"
        write_bundle(whole)
        bundle = next(whole.glob("bundle*.xml")).read_text("utf-8")
        readme = (whole / "readme.txt").read_bytes()
        collection = (whole / "data_raw" / "collection_data_raw.xml").read_text("utf-8")
        label = (whole / "data_raw" / "hk_20281003.xml").read_text("utf-8")
        table = (whole / "data_raw" / "hk_20281003.tab").read_bytes()
    names = []
    for start in range(0, products, _A_COLLECTION):
        names.append(f"data_{start // _A_COLLECTION:03d}")
        numbers = range(start, min(start + _A_COLLECTION, products))
        own = label.replace(":data_raw", f":{names[-1]}")
        _write_products(target / names[-1], numbers, own, table)
        _write_collection(target / names[-1], names[-1], numbers, collection)
    members = "\n  ".join(_MEMBER.format(name) for name in names)
    pattern = re.compile(r"<Bundle_Member_Entry>.*</Bundle_Member_Entry>", re.DOTALL)
    (target / "readme.txt").write_bytes(readme)
    (target / "bundle_luna26_simulated.xml").write_text(pattern.sub(members, bundle), "utf-8")


def _write_products(folder: Path, numbers: range, label: str, table: bytes) -> None:
    first: Path | None = None
    for number in numbers:
        place = folder / f"p{number // _A_FOLDER:05d}"
        place.mkdir(parents=True, exist_ok=True)
        stem = f"hk_{number:08d}"
        (place / f"{stem}.xml").write_text(label.replace("hk_20281003", stem), "utf-8")
        data = place / f"{stem}.tab"
        if first is None or number % _LINKS == 0:
            data.write_bytes(table)
            first = data
        else:
            os.link(first, data)


def _write_collection(folder: Path, name: str, numbers: range, label: str) -> None:
    start = f"P,urn:ros:rssa:luna26_simulated:{name}:hk_"
    inventory = "".join(f"{start}{number:08d}::1.0\r\n" for number in numbers).encode()
    (folder / f"collection_{name}.csv").write_bytes(inventory)
    text = label.replace("data_raw", name)
    for pattern, value in (
        (r"<md5_checksum>\w+<", f"<md5_checksum>{hashlib.md5(inventory).hexdigest()}<"),
        (r">\d+</file_size>", f">{len(inventory)}</file_size>"),
        (r"<records>\d+<", f"<records>{len(numbers)}<"),
    ):
        text = re.sub(pattern, value, text)
    (folder / f"collection_{name}.xml").write_text(text, "utf-8")


def _measured(place: Path, jobs: int) -> tuple[float, float]:
    """Seconds by the clock and MiB at the peak, of all processes that take part."""
    words = [sys.executable, "-m", "bench.tree", str(place), "--jobs", str(jobs)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as made:
        peak = 0.0
        while made.poll() is None:
            peak = max(peak, _memory_of(made.pid))
            time.sleep(0.5)
        assert made.stdout is not None
        seconds, labels, wrong = made.stdout.read().split()
    assert (int(labels) > PRODUCTS, wrong) == (True, "0"), (labels, wrong)
    return float(seconds), peak


def _memory_of(session: int) -> float:
    """MiB that the processes of a session hold, what they share counted once."""
    kib = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getsid(int(folder.name)) == session:
                rollup = (folder / "smaps_rollup").read_text()
                kib += int(re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[0])
    return kib / 1024


def main() -> None:
    """Check the tree at a place; print seconds, labels, and how many are wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--products", type=int, default=0, help="Make that many first.")
    asked = parser.parse_args()
    tree = asked.place / "tree"
    if asked.products:
        write_tree(tree, asked.products)
    means = Means(jobs=asked.jobs, sources=Sources(Schemas.open(asked.place / "schemas")))
    started = time.perf_counter()
    report = check([tree], Options(rule=Rule.BUNDLE), means)
    seconds = time.perf_counter() - started
    failed = report.summary.products.failed + report.summary.integrity.failed
    print(seconds, report.summary.products.total, failed)


if __name__ == "__main__":
    main()
