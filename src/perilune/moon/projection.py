"""Three views of a body, and footprints as paths on them.

``south`` and ``north`` are polar stereographic and true at their pole: at the south 0 E points up
and east runs clockwise, at the north 0 E points down and east runs counter-clockwise. ``global``
is equirectangular and centred on 0 E. On the Moon they are IAU_2015:30135, 30130 and 30110.
Nothing is mirrored: what lies left of a line on the body lies left of it on the map.

Source: Snyder, USGS Prof. Paper 1395 (1987), equations 21-5 to 21-11 and 12-1, k0 = 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, pi, radians, tan
from typing import Literal, assert_never

import numpy as np
import numpy.typing as npt

from perilune.model.footprint import LatLonBox, Point, Polygon, Shape
from perilune.moon.bodies import MOON
from perilune.moon.clip import POLAR_EDGE_LAT, Disc, Sheet, clip
from perilune.moon.sphere import contains, width_deg

View = Literal["south", "north", "global"]
VIEWS: tuple[View, ...] = ("south", "north", "global")
Path = list[tuple[float, float]]
Array = npt.NDArray[np.float64]

_STEP_DEG = 2.0
"""Length of the chords by which curved lines are drawn."""


@dataclass(frozen=True, slots=True)
class GridLine:
    """A parallel or meridian on a view, in metres."""

    kind: Literal["parallel", "meridian"]
    degrees: float
    """East longitude, or latitude."""
    label: str
    anchor: tuple[float, float]
    """Where the label belongs."""
    points: tuple[tuple[float, float], ...]


def to_xy(
    lon: npt.ArrayLike, lat: npt.ArrayLike, view: View, *, radius_m: float = MOON.radius_m
) -> tuple[Array, Array]:
    """Map coordinates in metres of planetocentric longitudes (any turn) and latitudes in degrees.

    Shapes broadcast; NaN in, NaN out. Raises ValueError for a latitude outside [-90, 90] or, on a
    polar view, for the opposite pole, which has no image.
    """
    east = np.asarray(lon, dtype=np.float64)
    north = np.asarray(lat, dtype=np.float64)
    if np.any(np.abs(north) > 90.0):
        raise ValueError("latitude outside [-90, 90]")
    if view == "global":
        east, north = np.broadcast_arrays((east + 180.0) % 360.0 - 180.0, north)
        return radius_m * np.radians(east), radius_m * np.radians(north)
    sign = 1.0 if view == "north" else -1.0
    if np.any(sign * north == -90.0):
        raise ValueError(f"the opposite pole has no image on the {view} view")
    rho = 2.0 * radius_m * np.tan(np.radians(90.0 - sign * north) / 2.0)
    return rho * np.sin(np.radians(east)), -sign * rho * np.cos(np.radians(east))


def to_lonlat(
    x: npt.ArrayLike, y: npt.ArrayLike, view: View, *, radius_m: float = MOON.radius_m
) -> tuple[Array, Array]:
    """Longitude in [-180, 180] and latitude in degrees of map coordinates in metres.

    Shapes broadcast; NaN for what lies beyond the edges of the global view.
    """
    right, up = np.broadcast_arrays(
        np.asarray(x, dtype=np.float64) / radius_m, np.asarray(y, dtype=np.float64) / radius_m
    )
    if view == "global":
        beyond = (np.abs(right) > pi * (1 + 1e-12)) | (np.abs(up) > pi / 2 * (1 + 1e-12))
        lon, lat = np.degrees(right), np.degrees(up)
        return np.where(beyond, np.nan, lon), np.where(beyond, np.nan, np.clip(lat, -90.0, 90.0))
    sign = 1.0 if view == "north" else -1.0
    lat = sign * (90.0 - 2.0 * np.degrees(np.arctan(np.hypot(right, up) / 2.0)))
    return np.degrees(np.arctan2(right, -sign * up)), lat


def extent_m(view: View, *, radius_m: float = MOON.radius_m) -> tuple[float, float, float, float]:
    """Least x, least y, greatest x, greatest y of what a view shows, metres."""
    if view == "global":
        return -pi * radius_m, -pi / 2 * radius_m, pi * radius_m, pi / 2 * radius_m
    edge = 2.0 * radius_m * tan(radians(90.0 - POLAR_EDGE_LAT) / 2.0)
    return -edge, -edge, edge, edge


def paths(shape: Shape, view: View, *, radius_m: float = MOON.radius_m) -> list[Path]:
    """Closed paths (the last place is the first), to be filled by the even-odd rule; metres.

    What a polar view does not show, nearer the equator than `POLAR_EDGE_LAT`, is cut away; on
    the global view areas are cut at 180 degrees and closed along the pole they hold. Empty where
    nothing remains. A point gives one path of one place.
    """
    match shape:
        case Point(lon, lat):
            if _shown(view, lat, lat) is None:
                return []
            x, y = to_xy(lon, lat, view, radius_m=radius_m)
            return [[(float(x), float(y))]]
        case LatLonBox():
            return [
                _projected(lon, lat, view, radius_m)
                for lon, lat in (_sheets(shape) if view == "global" else _sector(shape, view))
            ]
        case Polygon(rings):
            domain = Sheet() if view == "global" else Disc(1 if view == "north" else -1)
            pieces = clip(rings, domain, lambda lon, lat: contains(shape, lon, lat))
            return [[(radius_m * x, radius_m * y) for x, y in piece] for piece in pieces]
        case _:
            assert_never(shape)


def graticule(view: View, *, radius_m: float = MOON.radius_m) -> list[GridLine]:
    """Parallels and meridians at round degrees, with their labels."""
    return list(_global_grid(radius_m) if view == "global" else _polar_grid(view, radius_m))


def _shown(view: View, south: float, north: float) -> tuple[float, float] | None:
    """The part of a range of latitude that a view shows."""
    if view == "south":
        north = min(north, -POLAR_EDGE_LAT)
    elif view == "north":
        south = max(south, POLAR_EDGE_LAT)
    return (south, north) if south <= north else None


def _projected(lon: list[float], lat: list[float], view: View, radius_m: float) -> Path:
    if view == "global":  # 180 stays 180: the right edge of the sheet is not its left one
        return [
            (radius_m * radians(a), radius_m * radians(b)) for a, b in zip(lon, lat, strict=True)
        ]
    x, y = to_xy(lon, lat, view, radius_m=radius_m)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _sheets(box: LatLonBox) -> Iterator[tuple[list[float], list[float]]]:
    """The box as rectangles within [-180, 180]."""
    west = (box.west + 180.0) % 360.0 - 180.0
    east = west + width_deg(box)
    for left, right in ((west, min(east, 180.0)), (-180.0, east - 360.0)):
        if left < right or left == west == right:
            yield (
                [left, right, right, left, left],
                [box.south, box.south, box.north, box.north, box.south],
            )


def _sector(box: LatLonBox, view: View) -> Iterator[tuple[list[float], list[float]]]:
    """The box as a sector of rings about the pole, or two whole circles."""
    shown = _shown(view, box.south, box.north)
    if shown is None:
        return
    width = width_deg(box)
    steps = max(1, ceil(width / _STEP_DEG))
    lon = [box.west + width * k / steps for k in range(steps + 1)]
    if width < 360.0:
        yield (
            [*lon, *reversed(lon), lon[0]],
            [shown[0]] * len(lon) + [shown[1]] * len(lon) + [shown[0]],
        )
        return
    for lat in shown:
        if abs(lat) < 90.0:
            yield [*lon[:-1], lon[0]], [lat] * len(lon)


def _meridian_label(lon: float) -> str:
    return f"{abs(lon):g}°" + ("" if lon % 180 == 0 else " E" if lon > 0 else " W")


def _parallel_label(lat: float) -> str:
    return f"{abs(lat):g}°" + ("" if lat == 0 else " N" if lat > 0 else " S")


def _polar_grid(view: View, radius_m: float) -> Iterator[GridLine]:
    sign = 1.0 if view == "north" else -1.0
    for lat in (60.0 * sign, 70.0 * sign, 80.0 * sign):
        lon = [float(turn) for turn in range(0, 361, 2)]
        circle = _projected(lon, [lat] * len(lon), view, radius_m)
        yield GridLine("parallel", lat, _parallel_label(lat), circle[0], tuple(circle))
    for turn in range(-150, 181, 30):
        ends = [sign * (90.0 if turn % 90 == 0 else 80.0), sign * POLAR_EDGE_LAT]
        line = _projected([turn, turn], ends, view, radius_m)
        yield GridLine("meridian", turn, _meridian_label(turn), line[1], tuple(line))


def _global_grid(radius_m: float) -> Iterator[GridLine]:
    for lat in (60.0, 30.0, 0.0, -30.0, -60.0):
        line = _projected([-180.0, 180.0], [lat, lat], "global", radius_m)
        yield GridLine("parallel", lat, _parallel_label(lat), line[0], tuple(line))
    for turn in range(-150, 151, 30):
        line = _projected([turn, turn], [-90.0, 90.0], "global", radius_m)
        yield GridLine("meridian", turn, _meridian_label(turn), line[0], tuple(line))
