"""Labels against their schemas and Schematrons on one core, each label its own bytes.

Processor time of the best of several passes, since others may share the machine. A pass reads each
file, parses it, and holds it against every schema and Schematron that it names; all of these are
compiled by then. The cold start is that of a new process with one label, from its first import to
the verdict, by the clock.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.row import SHARED, Row
from perilune.validation.grammar import check_grammar
from perilune.validation.label import Label, read_label
from perilune.validation.options import Options
from perilune.validation.schemas import Schemas

SECONDS = 6.0
"""Of processor time for each figure."""
SETS = {"samples": 800, "validate-cases/resources": 400}
"""Folders of real labels, and labels a second that are asked for."""
COLD = """
import sys
from pathlib import Path
from perilune.validation.grammar import check_grammar
from perilune.validation.label import read_label
from perilune.validation.options import Options
from perilune.validation.schemas import Schemas
check_grammar(read_label("l", Path(sys.argv[1])), Schemas.open(Path(sys.argv[2])), Options())
"""


def run() -> Iterator[Row]:
    """Labels a second, the first label, and memory."""
    data = SHARED / "data/pds4"
    if not (data / "schemas.tar.xz").is_file():
        yield Row(
            "real labels against their schemas: the shared data are not there", "-", "-", None
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        schemas = Schemas.open(Path(folder))
        schemas.add(data / "schemas.tar.xz")
        for name, bar in SETS.items():
            yield _rate(data / name, name, schemas, bar)
        yield _cold(data / "samples", Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(
        "peak memory of all that, some 70 sets and 100 Schematrons", f"{peak:.0f} MB", "-", None
    )


def _labels(root: Path) -> list[Path]:
    named = (path for path in sorted(root.rglob("*")) if path.suffix.lower() in (".xml", ".lblx"))
    return [path for path in named if path.is_file() and _is_product(path)]


def _is_product(path: Path) -> bool:
    found = read_label(path.name, path)
    return isinstance(found, Label) and found.product_class.startswith("Product")


def _rate(root: Path, name: str, schemas: Schemas, bar: int) -> Row:
    labels = _labels(root)
    options = Options()
    best, end = float("inf"), time.process_time() + SECONDS
    for number in range(1_000):
        start = time.process_time()
        wrong = sum(_has_error(path, schemas, options) for path in labels)
        if number:
            best = min(best, time.process_time() - start)
        else:
            end = time.process_time() + SECONDS
        if number and time.process_time() > end:
            break
    rate = len(labels) / best
    return Row(
        f"XSD and every Schematron, warm, one core: {len(labels)} labels of {name}, {wrong} wrong",
        f"{rate:,.0f}/s",
        f">= {bar}/s",
        rate >= bar,
    )


def _has_error(path: Path, schemas: Schemas, options: Options) -> bool:
    found = read_label(path.name, path)
    assert isinstance(found, Label)
    return any(each.severity == "error" for each in check_grammar(found, schemas, options))


def _cold(root: Path, folder: Path) -> Row:
    label = next(path for path in _labels(root) if b"schematypens" in path.read_bytes())
    took = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", COLD, str(label), str(folder)], check=True)
        took.append(time.perf_counter() - start)
    return Row(
        "a process with one label and its Schematron, from start to end",
        f"{min(took):.2f} s",
        "<= 1.5 s",
        min(took) <= 1.5,
    )
