"""What footprints cover of a site: sets of cells, with union, intersection and gaps.

The site is laid out on a plane that touches the sphere at its middle (`perilune.moon.grids`). The
sides of footprints, great circles, are straight lines there, so a polygon is filled as on paper and
is exact to the size of a cell, at a pole as anywhere. A set of cells is an array of booleans: union
is ``|``, what is missing is ``~``.

Compared in the tests with exact areas on the sphere (`perilune.moon.sphere.area`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Self, assert_never

import numpy as np
import numpy.typing as npt

from perilune.model.footprint import LatLonBox, LonLat, Point, Polygon, Shape
from perilune.moon.bodies import MOON
from perilune.moon.grids import TangentGrid
from perilune.moon.sphere import contains, width_deg

Cells = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]

ACROSS = 151
"""Cells across a site."""


@dataclass(frozen=True)
class SiteCells:
    """A circle on the Moon, cut into cells. No slots: what is computed once is kept."""

    grid: TangentGrid
    radius_m: float

    @classmethod
    def of(cls, lon: float, lat: float, radius_km: float) -> Self:
        """All within ``radius_km`` of a place, `ACROSS` cells from side to side."""
        radius_m = radius_km * 1000.0
        reach = MOON.radius_m * float(np.tan(radius_m / MOON.radius_m))
        return cls(TangentGrid(lon, lat, ACROSS, 2.0 * reach / ACROSS), radius_m)

    @cached_property
    def inside(self) -> Cells:
        """The cells whose middle lies in the circle."""
        return np.asarray(self.grid.distance_m() <= self.radius_m)

    @cached_property
    def areas_km2(self) -> Array:
        """Area of each cell that is in the circle, 0 for the others."""
        return np.where(self.inside, self.grid.area_km2(), 0.0)

    @cached_property
    def _lonlat(self) -> tuple[Array, Array]:
        return self.grid.lonlat()

    def covered(self, shape: Shape) -> Cells:
        """The cells whose middle the shape covers; a point covers none."""
        match shape:
            case Point():
                return np.zeros_like(self.inside)
            case LatLonBox(west=west, south=south, north=north):
                lon, lat = self._lonlat
                east = (lon - west) % 360.0 <= width_deg(shape)
                return np.asarray(self.inside & east & (lat >= south) & (lat <= north))
            case Polygon(rings):
                return np.asarray(self.inside & self._filled(shape, rings))
            case _:
                assert_never(shape)

    def _filled(self, shape: Polygon, rings: tuple[tuple[LonLat, ...], ...]) -> Cells:
        lon, lat = np.array([place for ring in rings for place in ring], dtype=np.float64).T
        x, y = self.grid.xy(lon, lat)
        if not np.isfinite(x).all():  # it reaches round the body: place by place
            return self._asked(shape)
        starts = np.cumsum([0, *(len(ring) for ring in rings)])
        filled: Cells = _compiled().fill(
            (x + self.grid.half_m) / self.grid.pixel_m,
            (self.grid.half_m - y) / self.grid.pixel_m,
            starts,
            self.grid.size,
        )
        return filled if _signed_area(x, y, starts) > 0.0 else ~filled

    def _asked(self, shape: Polygon) -> Cells:
        lon, lat = self._lonlat
        covered = np.zeros_like(self.inside)
        for place in np.flatnonzero(self.inside):
            covered.flat[place] = contains(shape, float(lon.flat[place]), float(lat.flat[place]))
        return covered

    def share(self, cells: Cells) -> float:
        """Part of the circle's area that the cells make up, 0 to 1."""
        return float(self.areas_km2[cells].sum() / self.areas_km2.sum())

    def union(self, parts: Iterable[Cells]) -> Cells:
        """All cells of any part."""
        together = np.zeros_like(self.inside)
        for part in parts:
            together |= part
        return together

    def missing(self, cells: Cells) -> Cells:
        """The cells of the circle that are not among these."""
        return self.inside & ~cells

    def outline(self) -> list[LonLat]:
        """The circle as 120 places, degrees; the last is the first."""
        angles = np.radians(np.arange(121) * 3.0 % 360.0)
        reach = self.grid.radius_m * np.tan(self.radius_m / self.grid.radius_m)
        lon, lat = self.grid.lonlat_at(-reach * np.sin(angles), reach * np.cos(angles))
        return list(zip(lon.tolist(), lat.tolist(), strict=True))

    def strips(self, some: Cells) -> list[list[LonLat]]:
        """Cells as rectangles that run along rows: the four corners of each, degrees."""
        half, found = (self.grid.size - 1) / 2, []
        for row in np.flatnonzero(some.any(axis=1)):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], some[row].astype(np.int8), [0]])))
            for first, last in zip(edges[::2], edges[1::2], strict=True):
                x = (np.array([first, last, last, first]) - 0.5 - half) * self.grid.pixel_m
                y = (half - row + np.array([-0.5, -0.5, 0.5, 0.5])) * self.grid.pixel_m
                lon, lat = self.grid.lonlat_at(x, y)
                found.append(list(zip(lon.tolist(), lat.tolist(), strict=True)))
        return found


def _signed_area(x: Array, y: Array, starts: npt.NDArray[np.int64]) -> float:
    """Twice the area that the rings enclose to their left; negative: all but that."""
    total = 0.0
    for first, last in pairwise(starts):
        u, v = x[first:last], y[first:last]
        total += float(u @ np.roll(v, -1) - v @ np.roll(u, -1))
    return total


@lru_cache(1)
def _compiled() -> Any:
    """The inner loop; importing numba takes half a second, so not before it is needed."""
    from perilune.moon import _coverage_loops  # noqa: PLC0415

    return _coverage_loops
