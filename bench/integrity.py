"""Integrity of a million products: members, versions, references, files, in bounded memory.

``python -m bench integrity``, or ``python -m bench.integrity --products N``. The facts are made
up and come in no order, each product refers to two others, and what is wrong is known, so that
the answer is checked too.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.row import Row
from perilune.validation.facts import Facts, Inventory, MemberEntry, NamedFile, Reference
from perilune.validation.integrity import Integrity, Whole
from perilune.validation.options import Options, Rule

BUNDLE = "urn:ros:rssa:luna26"
DATA = f"{BUNDLE}:data_calibrated"
PRODUCTS = 1_000_000
MOST_SECONDS = 300.0
"""A fifth of what the whole check may take."""
MOST_MIB = 500.0


def product(number: int, products: int) -> Facts:
    """A product with one data file, that refers to the one before and the document."""
    name = f"lstk_{number:08d}_calibrated"
    folder = f"data_calibrated/orbit_{number // 1000:05d}"
    return Facts(
        path=f"{folder}/{name}.xml",
        product_class="Product_Observational",
        lid=f"{DATA}:{name}",
        version="1.0",
        model="1.24.0.0",
        files=(NamedFile(f"{folder}/{name}.img", is_observational=True, line=40),),
        references=(
            Reference(f"{DATA}:lstk_{(number - 1) % products:08d}_calibrated", "1.0", 30),
            Reference(f"{BUNDLE}:document:guide", None, 34),
        ),
    )


def heads() -> Iterator[Facts]:
    """The bundle and its collection."""
    shared = {"version": "1.0", "model": "1.24.0.0", "files": (), "references": ()}
    yield Facts(
        path="bundle.xml",
        product_class="Product_Bundle",
        lid=BUNDLE,
        members=(MemberEntry(Reference(DATA, "1.0", 20), is_primary=True),),
        **shared,
    )
    yield Facts(
        path="data_calibrated/collection.xml",
        product_class="Product_Collection",
        lid=DATA,
        inventory=Inventory(
            file="inventory.csv",
            offset=0,
            records=None,
            delimiter=",",
            status_field=1,
            identifier_field=2,
        ),
        **shared,
    )


def measure(products: int) -> tuple[float, float, bool]:
    """Seconds of processor time, MiB at the peak, and whether exactly the faults were found."""
    missing, unlisted = products // 1000, products // 500
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with (base / "inventory.csv").open("w", newline="") as inventory:
            for number in range(unlisted, products + missing):
                inventory.write(f"P,{DATA}:lstk_{number:08d}_calibrated::1.0\r\n")
        numbers = list(range(products))
        random.Random(26).shuffle(numbers)
        started = time.process_time()
        integrity = Integrity(Options(rule=Rule.BUNDLE))
        for facts in heads():
            integrity.add(facts)
        for number in numbers:
            integrity.add(product(number, products))
        counts: Counter[str] = Counter()
        for message in integrity.finish([Whole(rule=Rule.BUNDLE, base=base)]):
            counts[message.type] += message.count
        seconds = time.process_time() - started
        integrity.close()
    expected = {
        "error.integrity.member_not_found": missing,
        "warning.integrity.unreferenced_member": unlisted,
        "warning.integrity.reference_not_found": products,
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, peak, counts == expected


def run() -> Iterator[Row]:
    """In a process of its own, so that the peak of memory is this part's alone."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.integrity", "--products", str(PRODUCTS)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, peak, is_right = told.stdout.split()
    yield Row(
        f"integrity of {PRODUCTS:,} products: processor time",
        f"{float(seconds):.0f} s",
        f"<= {MOST_SECONDS:.0f} s",
        float(seconds) <= MOST_SECONDS and is_right == "True",
    )
    yield Row(
        f"integrity of {PRODUCTS:,} products: peak memory",
        f"{float(peak):.0f} MiB",
        f"<= {MOST_MIB:.0f} MiB",
        float(peak) <= MOST_MIB,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    print(*measure(parser.parse_args().products))
