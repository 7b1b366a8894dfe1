"""The dossier's map: its sheet, and the layers that lie on it.

Toward a pole the sheet is polar stereographic (IAU_2015:30135 and 30130), as the portal's maps are;
nearer the equator than those reach it is equirectangular (IAU_2015:30110).
"""

from dataclasses import dataclass
from math import cos, radians

import numpy as np
import numpy.typing as npt

from perilune.i18n.language import N_
from perilune.mission.dossier.ground import Ground
from perilune.mission.dossier.place import Place
from perilune.model.footprint import Shape
from perilune.moon.bodies import LUNAR_CRS, MOON
from perilune.moon.clip import POLAR_EDGE_LAT
from perilune.moon.grids import TangentGrid
from perilune.moon.projection import Path, View, paths, to_lonlat, to_xy

Array = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
Shades = npt.NDArray[np.uint8]

_ABOUT = 1.18
"""How much wider than the site the sheet is."""
_MOST_PX = 1001
_LIGHT = (-0.5, 0.5, 0.7)
"""Toward the light of the relief: left, up the page, out of it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rectangle of a view, in pixels; x to the right, y up, metres of the projection."""

    view: View
    middle: tuple[float, float]
    step: tuple[float, float]
    """Metres of the projection from pixel to pixel, along x and along y."""
    size: int

    @classmethod
    def about(cls, place: Place, pixel_m: float) -> "Sheet":
        """The sheet of a site, in pixels of about ``pixel_m`` of ground."""
        view: View = "global"
        if abs(place.lat) >= POLAR_EDGE_LAT:
            view = "south" if place.lat < 0 else "north"
        stretch = 1.0 / cos(radians(place.lat)) if view == "global" else 1.0
        half_m = place.radius_km * 1000.0 * _ABOUT
        pixel_m = max(pixel_m, 2.0 * half_m / _MOST_PX)
        x, y = to_xy(place.lon, place.lat, view)
        size = 2 * round(half_m / pixel_m) + 1
        return cls(view, (float(x), float(y)), (pixel_m * stretch, pixel_m), size)

    @property
    def code(self) -> str:
        """Of the reference system."""
        return LUNAR_CRS[self.view]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least x, least y, greatest x, greatest y of the pixels' edges, metres."""
        (x, y), half = self.middle, self.size / 2
        return (
            x - half * self.step[0],
            y - half * self.step[1],
            x + half * self.step[0],
            y + half * self.step[1],
        )

    def lonlat(self) -> tuple[Array, Array]:
        """Longitude and latitude of each pixel, degrees."""
        line = np.arange(self.size) - (self.size - 1) / 2
        x, y = np.meshgrid(
            self.middle[0] + line * self.step[0], self.middle[1] - line * self.step[1]
        )
        if self.view == "global":
            return np.degrees(x / MOON.radius_m), np.degrees(y / MOON.radius_m)
        return to_lonlat(x, y, self.view)

    def share(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Map coordinates as parts of the sheet, from its left and from its top."""
        left, low, right, high = self.bounds
        across = (np.asarray(x, dtype=np.float64) - left) / (right - left)
        return across, (high - np.asarray(y, dtype=np.float64)) / (high - low)

    def at(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Array, Array]:
        """Places as parts of the sheet, from its left and from its top."""
        return self.share(*to_xy(lon, lat, self.view))

    def outlines(self, shape: Shape) -> list[Path]:
        """A footprint as closed paths of the projection, metres."""
        return paths(shape, self.view)

    def laid(self, field: Field, grid: TangentGrid) -> Field:
        """A field of a tangent grid on the sheet: the mean of the four pixels about each place."""
        lon, lat = self.lonlat()
        x, y = grid.xy(lon, lat)
        half = (grid.size - 1) / 2
        return _between(field, half - y / grid.pixel_m, half + x / grid.pixel_m)


def _between(field: Field, rows: Array, columns: Array) -> Field:
    last = field.shape[0] - 1
    known = (rows >= -0.5) & (rows <= last + 0.5) & (columns >= -0.5) & (columns <= last + 0.5)
    row, column = (np.clip(np.nan_to_num(each), 0.0, last) for each in (rows, columns))
    above = np.minimum(row.astype(np.int64), last - 1)
    left = np.minimum(column.astype(np.int64), last - 1)
    down, part = row - above, column - left
    upper = field[above, left] * (1 - part) + field[above, left + 1] * part
    lower = field[above + 1, left] * (1 - part) + field[above + 1, left + 1] * part
    return np.where(known, upper * (1 - down) + lower * down, np.nan).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Layer:
    """A field on the sheet; NaN where the site does not reach, or nothing is known."""

    name: str
    """For files: ``slope``."""
    title: str
    unit: str
    field: Field
    values: tuple[tuple[str, str], ...] = ()
    """What ``%(name)s`` in the unit stands for."""

    @property
    def unit_text(self) -> str:
        """The unit in plain words."""
        return self.unit % dict(self.values) if self.values else self.unit


def layers(ground: Ground, sheet: Sheet) -> tuple[Layer, ...]:
    """All fields of the ground, on the sheet."""
    outside = np.where(ground.inside, np.float32(0.0), np.float32(np.nan))

    def laid(field: npt.ArrayLike) -> Field:
        return sheet.laid(np.asarray(field, dtype=np.float32) + outside, ground.grid)

    steep = ground.steepness[0]
    baseline = (("metres", f"{steep.baseline_m:,.0f}"),)
    shadow = np.round(laid(np.where(ground.sun.is_ever, 0.0, 1.0)))
    return (
        Layer("elevation", N_("Elevation"), N_("m above 1737.4 km"), laid(ground.heights_m)),
        Layer(
            "slope",
            N_("Slope"),
            N_("degrees, baseline %(metres)s m"),
            laid(steep.slope_deg),
            baseline,
        ),
        Layer(
            "roughness",
            N_("Roughness"),
            N_("m rms, baseline %(metres)s m"),
            laid(steep.roughness_m),
            baseline,
        ),
        Layer("sun", N_("Mean visibility of the Sun"), N_("share of time"), laid(ground.sun.mean)),
        Layer(
            "earth",
            N_("Mean visibility of the Earth"),
            N_("share of time"),
            laid(ground.earth.mean),
        ),
        Layer("permanent_shadow", N_("Permanent shadow"), N_("1 in shadow, 0 not"), shadow),
    )


def relief(ground: Ground, sheet: Sheet) -> Shades:
    """Shaded relief of the whole sheet, lit from the upper left; 0 where no height is known."""
    heights = sheet.laid(ground.terrain.heights_m, ground.terrain.grid).astype(np.float64)
    down, right = np.gradient(heights, sheet.step[1], sheet.step[0])
    strength = 1.6
    normal = np.stack([-strength * right, strength * down, np.ones_like(heights)])
    light = np.array(_LIGHT) / np.linalg.norm(_LIGHT)
    shade = np.tensordot(light, normal, axes=1) / np.linalg.norm(normal, axis=0)
    grey: Shades = np.nan_to_num(np.clip(shade, 0.0, 1.0) ** 0.8 * 225.0 + 20.0).astype(np.uint8)
    return grey
