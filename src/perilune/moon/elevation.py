"""A model of heights in one of the layouts that maps of the Moon come in, and terrain made of it.

A pixel of the terrain is the mean of the ground that it covers, not one place of it: near a pole a
model by latitude and longitude has a column every few metres, and single ones of them would make
the ground rougher than it is.

Layouts: longitude and latitude; polar stereographic, true at the pole; equirectangular, true at the
equator. Source: Snyder, USGS Prof. Paper 1395 (1987), equations 21-5 to 21-8 and 12-1.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import radians
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from perilune.moon.bodies import MOON
from perilune.moon.grids import Heights, TangentGrid

Layout = Literal["geographic", "south", "north", "equirectangular"]
Array = npt.NDArray[np.float64]

_PER_SIDE = 4
"""A pixel's height is the mean of so many squared."""
_CODES: dict[Layout, int] = {"geographic": 0, "south": 1, "north": 2, "equirectangular": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevationModel:
    """Heights above the sphere by rows and columns."""

    heights_m: Heights
    """Shape (rows, columns), metres; NaN where the model has no height."""
    layout: Layout
    lon_0: float = 0.0
    """Central longitude of the layout, degrees."""
    first: tuple[float, float]
    """x and y of the middle of the first pixel: metres, or degrees by longitude and latitude."""
    step: tuple[float, float]
    """From column to column and from row to row, in the same unit; the latter is mostly < 0."""

    @property
    def pixel_m(self) -> float:
        """Size of a pixel along a meridian, metres."""
        degree_m = radians(1.0) * MOON.radius_m
        return abs(self.step[1]) * (degree_m if self.layout == "geographic" else 1.0)

    def sampled(self, grid: TangentGrid) -> Heights:
        """Mean height of each pixel of ``grid``, shape (size, size); NaN beyond the model."""
        numbers = (
            radians(self.lon_0),
            self.first[0],
            self.step[0],
            self.first[1],
            self.step[1],
            float(round(360.0 / self.step[0])) if self.layout == "geographic" else 0.0,
        )
        heights: Heights = _compiled().sample(
            self.heights_m,
            _CODES[self.layout],
            numbers,
            grid.axes(),
            grid.size,
            grid.pixel_m,
            grid.radius_m,
            _PER_SIDE,
        )
        return heights


@lru_cache(1)
def _compiled() -> Any:
    """The inner loops; importing numba takes half a second, so not before they are needed."""
    from perilune.moon import _elevation_loops  # noqa: PLC0415

    return _elevation_loops
