"""The terrain of a site: heights, slopes, light, shadow, and what they are taken from.

Horizons need the ground far beyond the site: a peak of 8 km still shows at 160 km. `FAR_KM` around
the site are taken from the model where it reaches so far; beyond its edge the ground is taken for a
smooth sphere at the mean height of what is known, and `Ground.known_to_km` says where that begins.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from perilune.errors import MalformedRaster
from perilune.formats.elevation import ElevationFile
from perilune.mission.dossier.place import STEP_H
from perilune.mission.dossier.sky import RADII_M, Sky
from perilune.moon.ephemeris import Target
from perilune.moon.grids import Heights, TangentGrid, Terrain
from perilune.moon.illumination import (
    Course,
    Visibility,
    longest_run,
    thresholds_deg,
    visibility,
    visible_share,
)
from perilune.moon.slope import Field, baseline_m, roughness_m, slope_deg

Cells = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

FAR_KM = 200.0
_MOST_PIXELS = 1601
"""Across the whole grid: a finer model is averaged for horizons, not for slopes."""
_MOST_STEEP = 801
_REACHES = (1, 2, 4)
"""Baselines of slopes: twice so many pixels."""


@dataclass(frozen=True, slots=True)
class Model:
    """The file of a model of heights, and what it is in the archive, if it is in one."""

    path: Path
    lidvid: str = ""
    licence: str = ""
    position: int | None = None
    """Of its act in the node's log; None for a file from elsewhere."""


@dataclass(frozen=True, slots=True)
class Steepness:
    """Slopes and roughness of the site's ground at one baseline."""

    baseline_m: float
    grid: TangentGrid
    slope_deg: Field
    roughness_m: Field


@dataclass(frozen=True, slots=True)
class Timeline:
    """Light of one place over the years."""

    longest_night_h: float
    """Longest time without any part of the Sun."""
    longest_without_earth_h: float
    monthly: tuple[tuple[str, float], ...]
    """Each month of the first year, as ``2027-01``, and the share of it that is lit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a model of heights says of a site; arrays have the shape of ``grid``."""

    model: Model
    sha256: str
    """Of the model's file."""
    model_pixel_m: float
    sky: Sky
    grid: TangentGrid
    inside: Cells
    """Pixels of the site for which the model has a height."""
    heights_m: Heights
    steepness: tuple[Steepness, ...]
    """The first is on ``grid``."""
    sun: Visibility
    earth: Visibility
    observer_m: float
    known_to_km: float
    """From the middle of the site: within it every height is the model's."""
    terrain: Terrain

    @property
    def slope_deg(self) -> Field:
        """At the shortest baseline that the grid allows."""
        return self.steepness[0].slope_deg

    @property
    def psr_km2(self) -> float:
        """Area of the site that never sees any part of the Sun."""
        return float(self.grid.area_km2()[self.inside & ~self.sun.is_ever].sum())

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the best-lit pixel."""
        place = int(np.where(self.inside, self.sun.mean, -1.0).argmax())
        return place // self.grid.size, place % self.grid.size

    def lat_lon(self, pixel: tuple[int, int]) -> tuple[float, float]:
        """Latitude and east longitude of the middle of a pixel, degrees."""
        lon, lat = self.grid.lonlat()
        return float(lat[pixel]), float(lon[pixel])

    def timelines(self, pixels: list[tuple[int, int]]) -> list[Timeline]:
        """The light of some pixels, time after time."""
        hidden = thresholds_deg(self.terrain, pixels, observer_m=self.observer_m)
        shares = {name: visible_share(hidden, self._course(name)) for name in RADII_M}
        nights = longest_run(shares["sun"] <= 0.0, STEP_H)
        gaps = longest_run(shares["earth"] <= 0.0, STEP_H)
        months = self.sky.period.times().astype("datetime64[M]")
        first_year = np.unique(months)[:12]
        return [
            Timeline(
                float(nights[number]),
                float(gaps[number]),
                tuple(
                    (str(month), float(shares["sun"][number, months == month].mean()))
                    for month in first_year
                ),
            )
            for number in range(len(pixels))
        ]

    def _course(self, target: Target) -> Course:
        positions_m = self.sky.positions_m[target]
        return Course.of(positions_m, self.grid, body_radius_m=RADII_M[target])


def survey(
    model: Model,
    sky: Sky,
    *,
    observer_m: float = 0.0,
    progress: Progress = lambda _what, _done, _total: None,
) -> Ground:
    """Take a site's terrain from a model of heights and work out its light.

    Raises `MalformedRaster` where the file is no model of heights, or has none at the site.
    """
    place, file = sky.place, ElevationFile.look(model.path)
    reach_m = (place.radius_km + FAR_KM) * 1000.0
    pixel_m = max(file.pixel_m, 2.0 * reach_m / _MOST_PIXELS)
    middle = (place.lon, place.lat)
    core = TangentGrid.reaching(middle, place.radius_km * 1000.0 + 2.0 * pixel_m, pixel_m)
    whole = TangentGrid.reaching(middle, reach_m, pixel_m)
    progress("terrain", 0, 2)
    known = file.read(whole).sampled(whole)
    margin = (whole.size - core.size) // 2
    cut = slice(margin, margin + core.size)
    heights = known[cut, cut]
    inside = (core.distance_m() <= place.radius_km * 1000.0) & np.isfinite(heights)
    if not inside.any():
        raise MalformedRaster(f"{file.path.name} has no heights within the site at {place.name}")
    gaps = ~np.isfinite(known)
    known_to_km = float(whole.distance_m()[gaps].min()) / 1000.0 if gaps.any() else FAR_KM
    filled = np.where(gaps, np.float32(np.nanmean(known)), known)
    terrain = Terrain.of(whole, filled, core=core.size)
    progress("terrain", 1, 2)
    steepness = _steepness(file, core, heights)
    progress("terrain", 2, 2)
    courses = [
        Course.of(sky.positions_m[name], core, body_radius_m=radius)
        for name, radius in RADII_M.items()
    ]
    sun, earth = visibility(
        terrain,
        courses,
        observer_m=observer_m,
        progress=lambda done, total: progress("horizons", done, total),
    )
    return Ground(
        sky=sky,
        model=model,
        sha256=_digest(file.path),
        model_pixel_m=file.pixel_m,
        grid=core,
        inside=inside,
        heights_m=heights,
        steepness=steepness,
        sun=sun,
        earth=earth,
        observer_m=observer_m,
        known_to_km=known_to_km,
        terrain=terrain,
    )


def _steepness(file: ElevationFile, core: TangentGrid, heights: Heights) -> tuple[Steepness, ...]:
    """At baselines of the grid, and of the model itself where that is finer."""
    found = [_at(core, heights, reach) for reach in _REACHES if core.size > 4 * reach]
    fine_m = max(file.pixel_m, 2.0 * core.half_m / _MOST_STEEP)
    if fine_m < 0.8 * core.pixel_m:
        half = int(core.half_m / fine_m)
        grid = TangentGrid(core.lon, core.lat, 2 * half + 1, fine_m)
        found.append(_at(grid, file.read(grid).sampled(grid), 1))
    return tuple(found)


def _at(grid: TangentGrid, heights: Heights, reach: int) -> Steepness:
    return Steepness(
        baseline_m(grid, reach),
        grid,
        slope_deg(heights, grid, reach=reach),
        roughness_m(heights, reach=reach),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
