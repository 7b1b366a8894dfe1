"""Labels to products, against pds4_tools reading the same labels."""

import contextlib
import io
import tempfile
import time
from pathlib import Path

from bench.row import Row
from perilune.formats.pds4.label import read_label
from perilune.mission.simulate import write_bundle

PASSES = 20


def run() -> list[Row]:
    """Labels a second on one core, and how many times that of pds4_tools."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(bundle)
        paths = sorted((bundle / "data_raw").glob("stc*.xml"))
        labels = [path.read_bytes() for path in paths]
        start = time.perf_counter()
        for _ in range(PASSES):
            for data in labels:
                read_label(data)
        ours = PASSES * len(labels) / (time.perf_counter() - start)
        theirs = _pds4_tools(paths)
    return [
        Row("label to product, one core", f"{ours:,.0f}/s", ">= 2,000/s", ours >= 2000),
        Row(
            "the same against pds4_tools",
            f"{ours / theirs:,.0f} times ({theirs:,.0f}/s)",
            ">= 20 times",
            ours / theirs >= 20,
        ),
    ]


def _pds4_tools(paths: list[Path]) -> float:
    import pds4_tools

    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        for path in paths:
            pds4_tools.read(str(path), lazy_load=True, quiet=True)
    return len(paths) / (time.perf_counter() - start)
