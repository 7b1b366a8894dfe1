"""Processes beside this one for a delivery of many products: they read labels and stage files.

They only do what they are told and hand back what they find. What it means is decided here, in
the order of the delivery, so that the outcome does not depend on who was faster.
"""

import gc
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

WORTH_A_POOL = 400
"""Fewer labels are done before other processes have started."""
_ALLOCATIONS = 100_000
_PRELOADED = ("perilune.ingest.labels", "perilune.ingest.staging", "perilune.validation.examine")


@dataclass(frozen=True, slots=True)
class Workers:
    """What helps with one delivery."""

    pool: ProcessPoolExecutor | None
    """None where there is too little to do for others."""


@contextmanager
def workers(labels: int, preloaded: Sequence[str] = _PRELOADED) -> Iterator[Workers]:
    """Help with so many labels. On leaving, nothing is being done any more."""
    if labels < WORTH_A_POOL:
        yield Workers(None)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preloaded))
    pool = ProcessPoolExecutor(
        os.cpu_count() or 1,
        mp_context=context,
        initializer=gc.set_threshold,
        initargs=(_ALLOCATIONS,),
    )
    try:
        yield Workers(pool)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Within it, cycles are looked for after many more allocations than usual.

    A product is hundreds of tuples and no cycle: with thousands of them at hand, looking through
    them time and again takes a fifth of a delivery.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
