"""How much of the Sun (or the Earth) a landscape sees: on the mean, ever, and at its longest.

A body far away stands, for all pixels of a grid, over one azimuth of it; whether it is above a
pixel's horizon there is a question of its declination alone, its angle above the grid's plane. So
the horizon of a pixel toward each azimuth becomes a *threshold*, the declination up to which the
body is hidden, and the course of the body over many years becomes, azimuth by azimuth, the share
of time that its disc spends above any declination. Mean visibility is then a look-up per pixel
and azimuth, and no horizon needs to be kept.

Parallax is that of the grid's centre. For the Sun no other place differs by more than 0.0007
degrees; for the Earth 20 km make 0.003 degrees, 300 km 0.045.

References in the tests: Mazarico et al. (2011), Icarus 211, 1066; Bussey et al. (2010), Icarus 208,
558; Glaeser et al. (2014), Icarus 243, 78; ray marching over SPICE positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from perilune.moon.grids import TangentGrid, Terrain
from perilune.moon.horizon import horizon_deg

Array = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

AZIMUTHS = 360
_STEP_DEG = 0.005
"""Step of the tables of declination."""


def _silent(_done: int, _total: int) -> None:
    """No word of progress."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where a body stood over a span of time, seen from the centre of a grid."""

    centre: tuple[float, float]
    """Longitude and latitude of the centre."""
    azimuth_deg: Array
    """Direction on the grid (see `perilune.moon.horizon`) at each time, in [0, 360)."""
    declination_deg: Array
    """Angle above the grid's plane at each time."""
    disc_deg: float
    """Radius of its disc."""

    @classmethod
    def of(cls, positions_m: npt.ArrayLike, grid: TangentGrid, *, body_radius_m: float) -> Self:
        """The course of a body with these positions from the Moon's centre, shape (n, 3)."""
        at = np.asarray(positions_m, dtype=np.float64)
        if at.ndim != 2 or at.shape[1] != 3 or not len(at):
            raise ValueError(f"positions have the shape (n, 3), not {at.shape}")
        right, up, out = (at @ grid.axes().T - np.array([0.0, 0.0, grid.radius_m])).T
        distance = np.sqrt(right**2 + up**2 + out**2)
        azimuth = np.degrees(np.arctan2(right, up)) % 360.0
        declination = np.degrees(np.arcsin(out / distance))
        disc = float(np.degrees(np.arcsin(body_radius_m / distance)).mean())
        return cls((grid.lon, grid.lat), azimuth, declination, disc)

    def tables(self, azimuths: int) -> "_Tables":
        """Shares of time by azimuth."""
        place = np.round(self.azimuth_deg * azimuths / 360.0).astype(np.int64) % azimuths
        margin = self.disc_deg + 2 * _STEP_DEG
        first = float(self.declination_deg.min()) - margin
        count = int((float(self.declination_deg.max()) + margin - first) / _STEP_DEG) + 2
        column = np.round((self.declination_deg - first) / _STEP_DEG).astype(np.int64)
        times = np.zeros((azimuths, count))
        np.add.at(times, (place, column), 1.0)
        kernel = _disc_kernel(self.disc_deg)
        spread = np.apply_along_axis(np.convolve, 1, times, kernel, "same")
        highest = np.full(azimuths, -np.inf)
        np.maximum.at(highest, place, self.declination_deg)
        beyond = np.cumsum(spread[:, ::-1], axis=1)[:, ::-1] / len(self.azimuth_deg)
        return _Tables(first, np.ascontiguousarray(beyond), highest + self.disc_deg)


@dataclass(frozen=True, slots=True)
class _Tables:
    first_deg: float
    """Declination of the first column."""
    above: Array
    """Share of all time that the disc spends at this azimuth and above this declination."""
    highest_deg: Array
    """Declination of the highest edge of the disc at each azimuth; -inf where it never was."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What each pixel sees of a body over a span of time; arrays of the grid's shape."""

    mean: npt.NDArray[np.float32]
    """Share of time, weighted with the part of the disc that is above the horizon, 0 to 1."""
    is_ever: npt.NDArray[np.bool_]
    """Whether any of it is ever seen; for the Sun, False is permanent shadow."""


def visibility(
    terrain: Terrain,
    courses: Sequence[Course],
    *,
    observer_m: float = 0.0,
    azimuths: int = AZIMUTHS,
    progress: Progress = _silent,
) -> tuple[Visibility, ...]:
    """What every pixel of the core of ``terrain`` sees of the body of each course.

    What lies beyond the grid is not known, so pixels near its edge see too much.
    ``progress(done, total)`` is told each azimuth. Raises ValueError where terrain and course have
    different centres.
    """
    grid = terrain.core
    if any(course.centre != (grid.lon, grid.lat) for course in courses):
        raise ValueError(f"a course seen from elsewhere than the centre of {grid.describe()}")
    loops, tables = _compiled(), [course.tables(azimuths) for course in courses]
    means = [np.zeros((grid.size, grid.size), np.float64) for _ in courses]
    evers = [np.zeros((grid.size, grid.size), np.bool_) for _ in courses]
    pixel = grid.pixel_m / grid.radius_m
    for number in range(azimuths):
        azimuth = 360.0 * number / azimuths
        if any(np.isfinite(each.highest_deg[number]) for each in tables):
            horizon = horizon_deg(terrain, azimuth, observer_m=observer_m)
            for table, mean, is_ever in zip(tables, means, evers, strict=True):
                loops.add_azimuth(
                    horizon,
                    pixel,
                    np.radians(azimuth),
                    table.above[number],
                    (table.first_deg, _STEP_DEG, table.highest_deg[number]),
                    mean,
                    is_ever,
                )
        progress(number + 1, azimuths)
    return tuple(
        Visibility(mean.astype(np.float32), is_ever)
        for mean, is_ever in zip(means, evers, strict=True)
    )


def thresholds_deg(
    terrain: Terrain,
    pixels: Sequence[tuple[int, int]],
    *,
    observer_m: float = 0.0,
    azimuths: int = AZIMUTHS,
    progress: Progress = _silent,
) -> npt.NDArray[np.float32]:
    """Declination up to which a body is hidden, for some pixels (row, column) and each azimuth.

    Rows and columns are those of the core. Shape (pixels, azimuths), degrees.
    """
    rows = np.array([row for row, _ in pixels], np.int64)
    columns = np.array([column for _, column in pixels], np.int64)
    found = np.empty((len(pixels), azimuths), np.float32)
    loops, pixel = _compiled(), terrain.grid.pixel_m / terrain.grid.radius_m
    for number in range(azimuths):
        azimuth = 360.0 * number / azimuths
        horizon = horizon_deg(terrain, azimuth, observer_m=observer_m)
        found[:, number] = loops.thresholds(horizon, pixel, np.radians(azimuth), rows, columns)
        progress(number + 1, azimuths)
    return found


def visible_share(thresholds: npt.NDArray[np.float32], course: Course) -> npt.NDArray[np.float32]:
    """Part of the disc seen by each pixel at each time of the course, 0 to 1; (pixels, times).

    Between azimuths the threshold is interpolated.
    """
    shares: npt.NDArray[np.float32] = _compiled().visible_share(
        np.ascontiguousarray(thresholds),
        course.azimuth_deg,
        course.declination_deg,
        course.disc_deg,
    )
    return shares


def longest_run(is_so: npt.NDArray[np.bool_], step_h: float) -> Array:
    """Hours of the longest unbroken run of True in each row; (rows, times) of even ``step_h``."""
    edges = np.diff(is_so.astype(np.int8), axis=1, prepend=0, append=0)
    longest = np.zeros(len(is_so))
    for row, edge in enumerate(edges):
        starts, ends = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
        longest[row] = (ends - starts).max() if len(starts) else 0
    return longest * step_h


def _disc_kernel(disc_deg: float) -> Array:
    """Share of a disc's area by height, in steps of the tables; its sum is 1."""
    half = int(disc_deg / _STEP_DEG)
    height = np.arange(-half, half + 1) * _STEP_DEG
    width = np.sqrt(np.maximum(0.0, 1.0 - (height / max(disc_deg, _STEP_DEG)) ** 2))
    return np.asarray(width / width.sum())


@lru_cache(1)
def _compiled() -> Any:
    """The inner loops; importing numba takes half a second, so not before they are needed."""
    from perilune.moon import _illumination_loops  # noqa: PLC0415

    return _illumination_loops
