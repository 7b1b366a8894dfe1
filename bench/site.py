"""Light over polar terrain, and the dossier of a site with a large catalogue.

``python -m bench site``. The ground is synthetic, as rough as the Moon; the catalogue is that of
``bench.scale``, as large as ten minutes allow. Wall time, with the processor time behind it: on a
machine that is busy with other work the two say different things.
"""

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import rasterio

from bench.row import Row
from bench.scale import take_in
from perilune.access.policy import OPERATOR
from perilune.catalogue.sqlite import SqliteCatalogue
from perilune.mission.dossier.document import document
from perilune.mission.dossier.dossier import Wanted, compile_dossier
from perilune.mission.dossier.ground import Model
from perilune.mission.dossier.place import WHOLE_CYCLE, Place
from perilune.mission.dossier.profile import built_in
from perilune.mission.dossier.sky import Sky
from perilune.moon.ephemeris import SUN_RADIUS_M
from perilune.moon.grids import TangentGrid, Terrain
from perilune.moon.illumination import Course, visibility
from perilune.node import Node

CAP_PX, CAP_M = 1_923, 480.0
"""3.7 million pixels: the cap to 74.7 degrees."""
SITE = Place.of(-89.5, 222.0, 20.0)
SOUTH = "+proj=stere +lat_0=-90 +lon_0=0 +k=1 +R=1737400 +units=m"


def ground(size: int, pixel_m: float) -> np.ndarray:
    """Heights with a spectrum like the Moon's: amplitude falls as wavelength to 1.6."""
    random = np.random.default_rng(74)
    across = np.fft.fftfreq(size, pixel_m)[:, None]
    along = np.fft.rfftfreq(size, pixel_m)[None, :]
    wave = np.maximum(np.hypot(across, along), 1.0 / (size * pixel_m))
    noise = np.fft.rfft2(random.normal(size=(size, size)))
    heights = np.fft.irfft2(noise * wave**-1.6, s=(size, size))
    return (1_800.0 * heights / heights.std()).astype(np.float32)


def lit(size: int, pixel_m: float) -> Callable[[], object]:
    grid = TangentGrid(0.0, -90.0, size, pixel_m)
    terrain = Terrain.of(grid, ground(size, pixel_m))
    sun = Sky.over(replace(SITE, lat=-90.0, lon=0.0), WHOLE_CYCLE).positions_m["sun"]
    course = Course.of(sun, grid, body_radius_m=SUN_RADIUS_M)
    return lambda: visibility(terrain, [course])


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of the processor."""
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


def row(what: str, found: tuple[float, float], bar_s: float) -> Row:
    figure = f"{found[0]:.1f} s ({found[1]:.1f} s of processor)"
    return Row(what, figure, f"<= {bar_s:g} s", found[0] <= bar_s)


def _cap(there: Connection) -> None:
    found = timed(lit(CAP_PX, CAP_M))
    there.send((found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))


def cap() -> Iterator[Row]:
    """In a process of its own, whose memory is its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_cap, args=(there,))
    process.start()
    found, peak = here.recv()
    process.join()
    yield row("light of a cap of 3.7 million pixels over 18.6 years", found, 480.0)
    yield Row("its peak of memory", f"{peak / 1e9:.2f} GB", "<= 3 GB", peak <= 3e9)


def model(folder: Path) -> Path:
    """2,000 x 2,000 heights of 310 m about the pole."""
    path, half = folder / "ground.tif", 310_000.0
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=2_000,
        height=2_000,
        count=1,
        dtype="float32",
        crs=SOUTH,
        transform=rasterio.Affine(310.0, 0.0, -half, 0.0, -310.0, half),
    ) as target:
        target.write(ground(2_000, 310.0), 1)
    return path


def dossier(products: int, seconds: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as name:
        folder = Path(name)
        catalogue = SqliteCatalogue(folder / "large.sqlite")
        take_in(catalogue, products, 12, seconds)
        node = replace(Node.in_memory(), catalogue=catalogue)
        wanted = Wanted(place=SITE, model=Model(model(folder)), profiles=built_in())
        found: list[object] = []

        def told() -> None:
            found.append(document(compile_dossier(wanted, node, OPERATOR)))

        took = timed(told)
        assert isinstance(found[0], dict)
        covering, held = found[0]["coverage"]["products"], catalogue.applied
        catalogue.close()
    what = f"dossier of 20 km, {covering:,} of {held:,} products cover it, a model of 310 m"
    yield row(what, took, 15.0)


def run(products: int = 1_000_000, seconds: float = 600.0) -> Iterator[Row]:
    """Horizons and light, then a dossier."""
    warm = lit(65, 1_000.0)
    warm()  # compiled, or read from the cache
    yield row(
        f"horizons and light, 1 Mpx in 360 directions, {os.cpu_count()} cores",
        timed(lit(1_001, 100.0)),
        60.0,
    )
    yield from cap()
    yield from dossier(products, seconds)
