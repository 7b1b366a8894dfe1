"""Labels to products on one core, and the same products read by pds4_tools.

Processor time, the best of several passes over all labels in turn, since others may share the
machine. Our labels lie in memory; what pds4_tools reads lies in the system's cache.

Labels of one form are parsed once and recognised after that. No bar is measured with forms that an
earlier pass has met: every pass begins as a new process does.
"""

import contextlib
import io
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import mean

import pds4_tools

from bench.row import Row
from perilune.errors import MalformedLabel
from perilune.formats import xml
from perilune.formats.pds4.grow import forget_blanks
from perilune.formats.pds4.label import read_label
from perilune.mission.simulate import write_bundle

SECONDS = 4.0
"""Of processor time for each figure."""
SAMPLES = "data/pds4/samples"


def run() -> list[Row]:
    """Labels a second, and how many times that of pds4_tools."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(bundle)
        simulated = _rows("simulated image", sorted(bundle.glob("data_*/stc*.xml")))
    if samples := _samples():
        return [*simulated, *_rows("real", samples)]
    return [*simulated, Row(f"real labels: {SAMPLES} is not there", "-", "-", None)]


def _rows(kind: str, labels: Sequence[Path]) -> list[Row]:
    """The rate of all of ``labels``, and ratios for those that pds4_tools reads too."""
    rate = _rate(_ours(labels))
    with _silence():
        both = [path for path in labels if _is_read_by_pds4_tools(path)]
        whole = _rate(_theirs(both, is_lazy=False))
        lazy = _rate(_theirs(both, is_lazy=True))
    ours = _rate(_ours(both))
    known = _rate(_ours(labels), before=_nothing)
    parsing = _rate([partial(xml.parse, each.read_bytes(), keeps_blanks=False) for each in labels])
    reading = f"{len(both)} {kind} products: label to product against pds4_tools.read"
    return [
        Row(
            f"label to product, one core: {len(labels)} {kind} labels, {_kilobytes(labels)} each",
            f"{rate:,.0f}/s",
            ">= 2,000/s",
            rate >= 2000,
        ),
        Row(f"the same {len(labels)}, their forms met before", f"{known:,.0f}/s", "-", None),
        Row(
            f"the same {len(labels)}, parsed by libxml2 and no more", f"{parsing:,.0f}/s", "-", None
        ),
        Row(
            f"{reading} as it comes, which reads the data too",
            f"{ours / whole:.1f} times ({ours:,.0f}/s, {whole:,.0f}/s)",
            ">= 20 times",
            ours / whole >= 20,
        ),
        Row(
            f"{reading} with lazy_load, which reads the label and leaves the data",
            f"{ours / lazy:.1f} times ({ours:,.0f}/s, {lazy:,.0f}/s)",
            "-",
            None,
        ),
    ]


def _samples() -> list[Path]:
    """Every real label that is a right one."""
    named = os.environ.get("PERILUNE_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return [path for path in sorted((root / SAMPLES).rglob("*.xml")) if _is_right(path)]


def _is_right(path: Path) -> bool:
    try:
        read_label(path.read_bytes())
    except MalformedLabel:
        return False
    return True


def _kilobytes(paths: Iterable[Path]) -> str:
    return f"{mean(path.stat().st_size for path in paths) / 1000:.1f} kB"


def _ours(paths: Iterable[Path]) -> list[Callable[[], object]]:
    return [partial(read_label, path.read_bytes()) for path in paths]


def _theirs(paths: Iterable[Path], *, is_lazy: bool) -> list[Callable[[], object]]:
    return [partial(pds4_tools.read, str(path), quiet=True, lazy_load=is_lazy) for path in paths]


def _is_read_by_pds4_tools(path: Path) -> bool:
    try:
        _theirs([path], is_lazy=False)[0]()
    except Exception:  # noqa: BLE001  # whatever it stumbles over, it is not compared
        return False
    return True


def _nothing() -> None:
    """Before a pass that may go on from the last one."""


def _rate(
    readings: Sequence[Callable[[], object]], *, before: Callable[[], None] = forget_blanks
) -> float:
    """Readings a second of processor time in the best pass."""
    best, end = float("inf"), time.process_time() + SECONDS
    while time.process_time() < end:
        before()
        start = time.process_time()
        for read in readings:
            read()
        best = min(best, time.process_time() - start)
    return len(readings) / best


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without what pds4_tools says of the labels."""
    logging.getLogger("PDS4ToolsLogger").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
