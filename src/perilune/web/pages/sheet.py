"""The sheet that a map is drawn on: its box in a view, its graticule, its scale.

Everything is in the metres of `perilune.moon.projection`; y points up.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, degrees, hypot, radians, sin
from typing import Literal

import numpy as np
import numpy.typing as npt

from perilune.catalogue.query import Cap
from perilune.model.footprint import Polygon
from perilune.moon.bodies import MOON
from perilune.moon.clip import POLAR_EDGE_LAT
from perilune.moon.projection import Path, View, extent_m, paths, to_lonlat, to_xy
from perilune.moon.sphere import distance

Box = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y; metres."""

_Array = npt.NDArray[np.float64]
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_LINES = 5.0
_COARSE = 5
"""Of the 721 places of a circle that is wholly shown, each fifth is drawn: 2.5 degrees."""
_CAP_CORNERS = 72
_LENGTHS_KM = tuple(first * 10.0**power for power in range(-2, 4) for first in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class GridLine:
    """A parallel or meridian that crosses the box, and the place in the box for its label."""

    kind: Literal["parallel", "meridian"]
    degrees: float
    """Latitude, or east longitude from 0 to 360."""
    runs: tuple[tuple[tuple[float, float], ...], ...]
    """What of it is in the box, as one or more chains of places."""
    anchor: tuple[float, float]


def aspect(box: Box) -> float:
    """Width over height."""
    return (box[2] - box[0]) / (box[3] - box[1])


def box_about(place: tuple[float, float], width_m: float, view: View) -> Box:
    """The box of a view that is ``width_m`` wide about a place, moved inside the view's extent."""
    x0, y0, x1, y1 = extent_m(view)
    width = min(width_m, x1 - x0)
    height = width / aspect((x0, y0, x1, y1))
    left = min(max(place[0] - width / 2, x0), x1 - width)
    low = min(max(place[1] - height / 2, y0), y1 - height)
    return left, low, left + width, low + height


def cap_paths(cap: Cap, view: View) -> list[Path]:
    """The circle of a site as closed paths on a view."""
    angle = min(cap.radius_km * 1000.0 / MOON.radius_m, np.pi * 0.999)
    lat, lon = radians(cap.lat), radians(cap.lon)
    corners = []
    for step in range(_CAP_CORNERS):
        turn = -2.0 * np.pi * step / _CAP_CORNERS  # counter-clockwise seen from above
        rise = sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(turn)
        north = float(np.arcsin(max(-1.0, min(1.0, rise))))
        east = lon + float(
            np.arctan2(sin(turn) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(north))
        )
        corners.append((degrees(east), degrees(north)))
    return paths(Polygon((tuple(corners),)), view)


@lru_cache(64)
def grid(view: View, box: Box) -> tuple[GridLine, ...]:
    """Parallels and meridians at round degrees, about five of each across the box."""
    span = degrees((box[3] - box[1]) / MOON.radius_m)
    parallels = _step(span / (2.0 if view != "global" and _holds_pole(box) else 1.0) / _LINES)
    lines = [_line("parallel", lat, view, box) for lat in _latitudes(view, parallels)]
    lines += [
        _line("meridian", lon, view, box)
        for lon in np.arange(0.0, 360.0, _meridian_step(view, box, span)).tolist()
    ]
    return tuple(line for line in lines if line is not None)


def bar_km(box: Box, view: View, share: float) -> tuple[float, float]:
    """A round length in kilometres, at most ``share`` of the box's width, and its own share.

    Measured along the surface at the middle of the box.
    """
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    reach = (box[2] - box[0]) * 0.01
    lon, lat = to_lonlat([x - reach, x + reach], [y, y], view)
    ends = list(zip(lon.tolist(), lat.tolist(), strict=True))
    scale = distance(ends[0], ends[1]) * MOON.radius_m / (2.0 * reach)
    width_km = (box[2] - box[0]) * scale / 1000.0
    length = max((each for each in _LENGTHS_KM if each <= share * width_km), default=_LENGTHS_KM[0])
    return length, length / width_km


def _latitudes(view: View, step: float) -> list[float]:
    found = np.round(np.arange(-90.0 + step, 90.0 - step / 2, step), 6)
    match view:
        case "global":
            kept = found
        case "south":
            kept = found[found < -POLAR_EDGE_LAT]
        case "north":
            kept = found[found > POLAR_EDGE_LAT]
    return [float(lat) for lat in kept]


def _meridian_step(view: View, box: Box, span: float) -> float:
    if view == "global":
        return _step(2.0 * span / _LINES)
    if _holds_pole(box):
        return 30.0
    middle = hypot((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    return _step(degrees((box[2] - box[0]) / max(middle, 1.0)) / _LINES)


def _holds_pole(box: Box) -> bool:
    return box[0] <= 0.0 <= box[2] and box[1] <= 0.0 <= box[3]


def _step(wanted: float) -> float:
    return next((step for step in _STEPS if step >= wanted), _STEPS[-1])


def _line(
    kind: Literal["parallel", "meridian"], at: float, view: View, box: Box
) -> GridLine | None:
    lon, lat = _course(kind, at, view)
    x, y = to_xy(lon, lat, view)
    inside = (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])
    if not inside.any():
        return None
    held = np.flatnonzero(inside)
    anchor = held[np.argmax(_merit(kind, view, x[held], y[held]))]
    if kind == "meridian" or view == "global":  # straight: its ends are enough
        runs = [np.array([0, len(x) - 1])]
    else:
        runs = _runs(x, y, box)
    return GridLine(
        kind,
        at,
        tuple(tuple(zip(x[run].tolist(), y[run].tolist(), strict=True)) for run in runs),
        (float(x[anchor]), float(y[anchor])),
    )


def _runs(x: _Array, y: _Array, box: Box) -> list[npt.NDArray[np.intp]]:
    """The parts of a circle in and about the box, with chords of a length that suits its width."""
    margin = (box[2] - box[0]) * 0.1
    near = (x >= box[0] - margin) & (x <= box[2] + margin)
    near &= (y >= box[1] - margin) & (y <= box[3] + margin)
    if near.all():
        return [np.arange(0, len(x), _COARSE)]
    held = np.flatnonzero(near)
    return np.split(held, np.flatnonzero(np.diff(held) > 1) + 1)


def _course(kind: Literal["parallel", "meridian"], at: float, view: View) -> tuple[_Array, _Array]:
    if kind == "parallel":
        lon = np.linspace(-180.0, 179.999999 if view == "global" else 180.0, 721)
        return lon, np.full(721, at)
    low = POLAR_EDGE_LAT if view == "north" else -90.0
    high = -POLAR_EDGE_LAT if view == "south" else 90.0
    lat = np.linspace(low, high, 721)
    return np.full(721, at), lat


def _merit(
    kind: str,
    view: View,
    x: _Array,
    y: _Array,
) -> _Array:
    """How good each place along a line is for its label.

    Parallels are labelled at the top of a polar view and at the left of the global one,
    meridians far from the pole, or at the foot.
    """
    if view == "global":
        return -x if kind == "parallel" else -y
    return y if kind == "parallel" else np.hypot(x, y)
