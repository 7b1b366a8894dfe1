"""Where the pixels of a map lie: coordinates of its projection, from the CART dictionary.

The upper left corner is the outer corner of the first pixel, and coordinates are of the centres of
pixels. Source: Cartography Discipline Dictionary (CART), Geo_Transformation and
Coordinate_Representation; GDAL's PDS4 driver reads them likewise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perilune.formats.pds4.objects import Array
from perilune.formats.pds4.tree import Element, Tree

_METRES = {"m": 1.0, "km": 1000.0, "m/pixel": 1.0, "km/pixel": 1000.0, "": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """A grid of pixels in a map projection, in metres."""

    projection: str
    left_m: float
    """Of the outer edge of the first sample."""
    top_m: float
    """Of the outer edge of the first line."""
    width_m: float
    """Of a pixel."""
    height_m: float

    def x_m(self, samples: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
        """Centres of samples, which count from 0."""
        return self.left_m + (samples.astype(np.float64) + 0.5) * self.width_m

    def y_m(self, lines: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
        """Centres of lines, which count from 0; they decrease."""
        return self.top_m - (lines.astype(np.float64) + 0.5) * self.height_m


def map_grid(array: Array, tree: Tree) -> MapGrid | None:
    """The grid of ``array``; None where its label gives none."""
    for cartography in _cartographies(array, tree):
        for planar in _below(cartography, "cart:Planar"):
            found = _grid(planar)
            if found is not None:
                return found
    return None


def _cartographies(array: Array, tree: Tree) -> Iterator[Element]:
    for each in tree.every("cart:Cartography"):
        names = {
            value
            for part in each.classes
            for name, value in part.attributes
            if name.endswith(":local_identifier_reference")
        }
        if not names or array.local_identifier in names:
            yield each


def _below(element: Element, name: str) -> Iterator[Element]:
    for each in element.classes:
        if each.name == name:
            yield each
        yield from _below(each, name)


def _grid(planar: Element) -> MapGrid | None:
    corner = planar.first("cart:Geo_Transformation")
    pixel = planar.below("cart:Planar_Coordinate_Information", "cart:Coordinate_Representation")
    if corner is None or pixel is None:
        return None
    left, top = (_metres(corner, f"cart:upperleft_corner_{axis}") for axis in "xy")
    width, height = (_metres(pixel, f"cart:pixel_resolution_{axis}") for axis in "xy")
    if left is None or top is None or not width or not height:
        return None
    projection = planar.first("cart:Map_Projection")
    name = "" if projection is None else projection.value("cart:map_projection_name")
    return MapGrid(projection=name, left_m=left, top_m=top, width_m=width, height_m=height)


def _metres(element: Element, name: str) -> float | None:
    text, unit = element.quantity(name)
    try:
        return float(text) * _METRES[unit.lower()]
    except (KeyError, ValueError):
        return None
