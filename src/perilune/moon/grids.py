"""Square grids about a pole on which every great circle is a straight line.

The gnomonic projection from the body's centre onto the plane that touches the sphere at the pole.
Rows run down the page. At the south pole 0 E points up and 90 E to the right, as on the
south-polar map; at the north pole 0 E points down and 90 E to the right, as on the north-polar
one. Nothing is mirrored.

Source: Snyder, USGS Prof. Paper 1395 (1987), equations 22-3 to 22-5.
"""

from dataclasses import dataclass
from math import ceil, degrees, hypot, radians, tan
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from perilune.moon.bodies import MOON

Heights = npt.NDArray[np.float32]
Pole = Literal["south", "north"]
Array = npt.NDArray[np.float64]

_FARTHEST_DEG = 60.0
"""A gnomonic grid reaches no farther from its pole: pixels grow as 1 / cos^2."""


@dataclass(frozen=True, slots=True)
class PolarGrid:
    """``size`` x ``size`` pixels of ``pixel_m`` metres in the plane that touches the pole.

    ``size`` is odd, so that the pole is the middle of the middle pixel.
    """

    pole: Pole
    size: int
    pixel_m: float
    radius_m: float = MOON.radius_m

    def __post_init__(self) -> None:
        if self.size < 3 or not self.size % 2:
            raise ValueError(f"a polar grid has an odd size of at least 3, not {self.size}")
        if not self.pixel_m > 0:
            raise ValueError(f"pixels must have a size in metres, not {self.pixel_m}")

    @classmethod
    def reaching(
        cls, pole: Pole, lat: float, pixel_m: float, *, radius_m: float = MOON.radius_m
    ) -> Self:
        """The smallest grid whose edges all lie at or beyond the parallel ``lat``, degrees."""
        distance_deg = 90.0 - abs(lat)
        if not 0.0 < distance_deg <= _FARTHEST_DEG:
            raise ValueError(f"a polar grid reaches latitudes from 30 to 90 degrees, not {lat}")
        half = ceil(radius_m * tan(radians(distance_deg)) / pixel_m)
        return cls(pole, 2 * half + 1, pixel_m, radius_m)

    @property
    def half_m(self) -> float:
        """From the pole to the middle of an edge pixel."""
        return (self.size - 1) / 2 * self.pixel_m

    def plane(self) -> tuple[Array, Array]:
        """Metres to the right and up the page of each pixel, (size, size) each."""
        line = np.arange(self.size) * self.pixel_m - self.half_m
        x, y = np.meshgrid(line, -line)
        return x, y

    def lonlat(self) -> tuple[Array, Array]:
        """East longitude in [0, 360) and latitude of each pixel, degrees; (size, size) each."""
        x, y = self.plane()
        sign = self._sign
        lon = np.degrees(np.arctan2(x, -sign * y)) % 360.0
        lat = sign * (90.0 - np.degrees(np.arctan(np.hypot(x, y) / self.radius_m)))
        return lon, lat

    def row_column(self, lon: float, lat: float) -> tuple[int, int]:
        """The pixel that holds a place; raise ValueError where the grid does not reach it."""
        distance_deg = 90.0 - self._sign * lat
        if distance_deg < _FARTHEST_DEG:
            rho = self.radius_m * tan(radians(distance_deg)) / self.pixel_m
            middle = (self.size - 1) // 2
            row = middle + self._sign * rho * float(np.cos(np.radians(lon)))
            column = middle + rho * float(np.sin(np.radians(lon)))
            place = round(row), round(column)
            if all(0 <= each < self.size for each in place):
                return place
        raise ValueError(f"{lat} N, {lon} E lies beyond {self.describe()}")

    def area_km2(self) -> Array:
        """Area of each pixel on the sphere, km2; (size, size)."""
        x, y = self.plane()
        cosine = self.radius_m / np.sqrt(self.radius_m**2 + x * x + y * y)
        return np.asarray((self.pixel_m / 1000.0) ** 2 * cosine**3)

    def describe(self) -> str:
        """The grid in words, for messages."""
        corner = degrees(np.arctan(hypot(self.half_m, self.half_m) / self.radius_m))
        return (
            f"the {self.pole}-polar grid of {self.size} x {self.size} pixels of "
            f"{self.pixel_m:g} m (corners {corner:.1f} degrees from the pole)"
        )

    @property
    def _sign(self) -> int:
        return 1 if self.pole == "north" else -1


@dataclass(frozen=True, slots=True)
class Terrain:
    """Heights above the sphere of a polar grid, metres; shape (size, size), finite everywhere."""

    grid: PolarGrid
    heights_m: Heights

    @classmethod
    def of(cls, grid: PolarGrid, heights_m: npt.ArrayLike) -> Self:
        """Terrain of these heights; raise ValueError for another shape, or gaps."""
        heights = np.ascontiguousarray(heights_m, dtype=np.float32)
        if heights.shape != (grid.size, grid.size):
            raise ValueError(f"heights of the shape {heights.shape} do not fit {grid.describe()}")
        if not np.isfinite(heights).all():
            raise ValueError("heights must be finite everywhere: fill gaps in the terrain first")
        return cls(grid, heights)
