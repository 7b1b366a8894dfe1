"""Square grids on a plane that touches the sphere: every great circle is a straight line there.

The gnomonic projection from the body's centre onto the plane that touches the sphere at the
grid's own centre, which may be anywhere. Rows run down the page. The page is turned as the maps
are (`perilune.moon.projection`): about the south pole 0 E points up and 90 E to the right, about
the north pole 0 E points down and 90 E to the right, and nearer the equator than the polar maps
reach north is up. Nothing is mirrored.

Source: Snyder, USGS Prof. Paper 1395 (1987), equations 22-3 to 22-5.
"""

from dataclasses import dataclass
from math import ceil, cos, degrees, hypot, radians, sin, tan
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from perilune.moon.bodies import MOON
from perilune.moon.clip import POLAR_EDGE_LAT

Heights = npt.NDArray[np.float32]
Pole = Literal["south", "north"]
Array = npt.NDArray[np.float64]

_FARTHEST_DEG = 60.0
"""A gnomonic grid reaches no farther from its centre: pixels grow as 1 / cos^2."""


@dataclass(frozen=True, slots=True)
class TangentGrid:
    """``size`` x ``size`` pixels of ``pixel_m`` metres in the plane that touches at a place.

    ``size`` is odd, so that the place (``lon``, ``lat`` in degrees) is the middle of the middle
    pixel.
    """

    lon: float
    lat: float
    size: int
    pixel_m: float
    radius_m: float = MOON.radius_m

    def __post_init__(self) -> None:
        if self.size < 3 or not self.size % 2:
            raise ValueError(f"a grid has an odd size of at least 3, not {self.size}")
        if not self.pixel_m > 0:
            raise ValueError(f"pixels must have a size in metres, not {self.pixel_m}")
        if not -90.0 <= self.lat <= 90.0:
            raise ValueError(f"latitude outside [-90, 90]: {self.lat}")

    @classmethod
    def polar(
        cls, pole: Pole, size: int, pixel_m: float, *, radius_m: float = MOON.radius_m
    ) -> Self:
        """A grid about a pole."""
        return cls(0.0, 90.0 if pole == "north" else -90.0, size, pixel_m, radius_m)

    @classmethod
    def reaching(
        cls,
        place: tuple[float, float],
        distance_m: float,
        pixel_m: float,
        *,
        radius_m: float = MOON.radius_m,
    ) -> Self:
        """The smallest grid about ``place`` (lon, lat) with all edges so far away, or farther.

        ``distance_m`` is along the surface. Raises ValueError beyond 60 degrees.
        """
        away = distance_m / radius_m
        if not 0.0 < degrees(away) <= _FARTHEST_DEG:
            raise ValueError(
                f"a grid reaches up to {_FARTHEST_DEG:g} degrees, not {degrees(away):.3g}"
            )
        half = max(1, ceil(radius_m * tan(away) / pixel_m - 1e-9))
        return cls(*place, 2 * half + 1, pixel_m, radius_m)

    def core(self, size: int) -> Self:
        """The ``size`` x ``size`` pixels in the middle, as a grid of its own."""
        return type(self)(self.lon, self.lat, size, self.pixel_m, self.radius_m)

    @property
    def half_m(self) -> float:
        """From the centre to the middle of an edge pixel."""
        return (self.size - 1) / 2 * self.pixel_m

    @property
    def turn_deg(self) -> float:
        """Azimuth, from north over east, that points up the page at the centre."""
        if abs(self.lat) < POLAR_EDGE_LAT:
            return 0.0
        return self.lon if self.lat > 0 else -self.lon

    def axes(self) -> Array:
        """Unit vectors to the right of the page, up it and out of it, as rows; (3, 3)."""
        phi, lam, turn = radians(self.lat), radians(self.lon), radians(self.turn_deg)
        out = np.array([cos(phi) * cos(lam), cos(phi) * sin(lam), sin(phi)])
        north = np.array([-sin(phi) * cos(lam), -sin(phi) * sin(lam), cos(phi)])
        east = np.array([-sin(lam), cos(lam), 0.0])
        return np.stack(
            [cos(turn) * east - sin(turn) * north, cos(turn) * north + sin(turn) * east, out]
        )

    def plane(self) -> tuple[Array, Array]:
        """Metres to the right and up the page of each pixel, (size, size) each."""
        line = np.arange(self.size) * self.pixel_m - self.half_m
        x, y = np.meshgrid(line, -line)
        return x, y

    def lonlat(self) -> tuple[Array, Array]:
        """East longitude in [0, 360) and latitude of each pixel, degrees; (size, size) each."""
        x, y = self.plane()
        return self.lonlat_at(x, y)

    def lonlat_at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """East longitude in [0, 360) and latitude of places of the plane; shapes as given."""
        right, up, out = self.axes()
        across = np.asarray(x, dtype=np.float64)[..., None]
        along = np.asarray(y, dtype=np.float64)[..., None]
        to = across * right + along * up + self.radius_m * out
        lon = np.degrees(np.arctan2(to[..., 1], to[..., 0])) % 360.0
        flat = np.hypot(to[..., 0], to[..., 1])
        return lon, np.degrees(np.arctan2(to[..., 2], flat))

    def xy(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Array, Array]:
        """Metres to the right and up the page of places; NaN 60 degrees away and farther."""
        lam = np.radians(np.asarray(lon, dtype=np.float64))
        phi = np.radians(np.asarray(lat, dtype=np.float64))
        to = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
        right, up, out = self.axes()
        depth = to @ out
        near = np.where(depth > cos(radians(_FARTHEST_DEG)), depth, np.nan)
        return self.radius_m * (to @ right) / near, self.radius_m * (to @ up) / near

    def row_column(self, lon: float, lat: float) -> tuple[int, int]:
        """The pixel that holds a place; raise ValueError where the grid does not reach it."""
        x, y = self.xy(lon, lat)
        if np.isfinite(x):
            middle = (self.size - 1) // 2
            place = middle - round(float(y) / self.pixel_m), middle + round(float(x) / self.pixel_m)
            if all(0 <= each < self.size for each in place):
                return place
        raise ValueError(f"{lat} N, {lon} E lies beyond {self.describe()}")

    def distance_m(self) -> Array:
        """Along the surface from the centre to each pixel; (size, size)."""
        x, y = self.plane()
        return self.radius_m * np.arctan(np.hypot(x, y) / self.radius_m)

    def area_km2(self) -> Array:
        """Area of each pixel on the sphere, km2; (size, size)."""
        x, y = self.plane()
        cosine = self.radius_m / np.sqrt(self.radius_m**2 + x * x + y * y)
        return np.asarray((self.pixel_m / 1000.0) ** 2 * cosine**3)

    def describe(self) -> str:
        """The grid in words, for messages."""
        corner = degrees(np.arctan(hypot(self.half_m, self.half_m) / self.radius_m))
        return (
            f"the grid about {self.lat:g} N, {self.lon:g} E of {self.size} x {self.size} pixels of "
            f"{self.pixel_m:g} m (corners {corner:.1f} degrees away)"
        )


@dataclass(frozen=True, slots=True)
class Terrain:
    """Heights above the sphere of a grid, metres; shape (size, size), finite everywhere."""

    grid: TangentGrid
    heights_m: Heights
    core: TangentGrid
    """The pixels in the middle that are looked from; the ground around them is only seen."""

    @classmethod
    def of(cls, grid: TangentGrid, heights_m: npt.ArrayLike, *, core: int | None = None) -> Self:
        """Terrain of these heights, looked at from the middle ``core`` pixels squared, or from all.

        Raises ValueError for another shape, gaps, and a core that is larger than the grid.
        """
        heights = np.ascontiguousarray(heights_m, dtype=np.float32)
        if heights.shape != (grid.size, grid.size):
            raise ValueError(f"heights of the shape {heights.shape} do not fit {grid.describe()}")
        if not np.isfinite(heights).all():
            raise ValueError("heights must be finite everywhere: fill gaps in the terrain first")
        if core is not None and core > grid.size:
            raise ValueError(f"a core of {core} pixels is larger than {grid.describe()}")
        return cls(grid, heights, grid if core is None else grid.core(core))
