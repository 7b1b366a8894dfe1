"""Where the simulated push-broom camera looked: strips along great circles.

Pure geometry on a sphere, numbers in and numbers out. A strip's own axes are the distance
flown along its middle line and the distance to the left of it; both are arcs in radians. The
frame is the Moon's mean-Earth frame (MOON_ME of DE421), longitudes east-positive degrees.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from perilune.model.footprint import LatLonBox, LonLat, Polygon

Array = npt.NDArray[np.float64]

RADIUS_M = 1_737_400.0
"""Mean lunar radius, metres (IAU WGCCRE 2015)."""
_VERTICES_A_SIDE = 9
_FIRST_ORBIT = datetime(2028, 10, 3, 4, 12, tzinfo=UTC)
_ORBIT = timedelta(minutes=115)


@dataclass(frozen=True)
class Strip:
    """One exposure of the push-broom camera. No slots: its axes are computed once."""

    number: int
    place: str
    lon: float
    """Longitude of the middle, degrees."""
    lat: float
    heading: float
    """Direction of flight at the middle, degrees east of north."""
    lines: int = 640
    samples: int = 160
    pixel_m: float = 96.0
    incidence: float = 80.0
    """Angle of the Sun from the zenith, degrees."""
    speed_m_s: float = 1_600.0
    """Of the point below the craft, over the ground."""
    start: datetime = _FIRST_ORBIT
    """First line's time, UTC."""

    @property
    def stop(self) -> datetime:
        """Last line's time, UTC, to the millisecond."""
        seconds = round(self.lines * self.pixel_m / self.speed_m_s, 3)
        return self.start + timedelta(seconds=seconds)

    @property
    def half_length(self) -> float:
        """Half the distance flown, radians."""
        return self.lines * self.pixel_m / RADIUS_M / 2

    @property
    def half_width(self) -> float:
        """Half the width, radians."""
        return self.samples * self.pixel_m / RADIUS_M / 2

    @cached_property
    def axes(self) -> Array:
        """Rows: unit vectors to the middle, ahead of it, and to the left of it."""
        lon, lat, heading = np.radians([self.lon, self.lat, self.heading])
        up = _unit(lon, lat)
        north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
        east = np.array([-np.sin(lon), np.cos(lon), 0.0])
        ahead = np.cos(heading) * north + np.sin(heading) * east
        return np.stack([up, ahead, np.cross(up, ahead)])

    def ground(self, along: npt.ArrayLike, left: npt.ArrayLike) -> Array:
        """Unit vectors of places given in the strip's own axes, shape (..., 3)."""
        a, b = np.broadcast_arrays(np.asarray(along, float), np.asarray(left, float))
        own = np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=-1)
        return own @ self.axes

    def own(self, places: Array) -> tuple[Array, Array]:
        """The strip's own axes of unit vectors of shape (..., 3): the inverse of `ground`."""
        x, y, z = np.moveaxis(places @ self.axes.T, -1, 0)
        return np.arctan2(y, x), np.arcsin(np.clip(z, -1.0, 1.0))

    def outline(self) -> Polygon:
        """The footprint, vertices in degrees to six decimals, interior to the left.

        The long sides are small circles; nine vertices a side keep the chord within a metre.
        """
        along = np.linspace(-self.half_length, self.half_length, _VERTICES_A_SIDE)
        right = _lon_lat(self.ground(along, -self.half_width))
        left = _lon_lat(self.ground(along[::-1], self.half_width))
        return Polygon(rings=((*right, *left),))

    def pixels(self) -> list[tuple[float, float]]:
        """Line and sample (counted from 1, edges at halves) of each vertex of `outline`."""
        lines = np.linspace(0.5, self.lines + 0.5, _VERTICES_A_SIDE)
        right = [(float(line), self.samples + 0.5) for line in lines]
        return right + [(float(line), 0.5) for line in lines[::-1]]

    def box(self) -> LatLonBox:
        """The bounding coordinates, rounded outwards; ``east`` < ``west`` across 180 degrees."""
        along = np.linspace(-self.half_length, self.half_length, 401)
        left = np.linspace(-self.half_width, self.half_width, 401)
        rim = np.concatenate(
            [
                self.ground(along, -self.half_width),
                self.ground(along, self.half_width),
                self.ground(-self.half_length, left),
                self.ground(self.half_length, left),
            ]
        )
        lats = np.degrees(np.arcsin(rim[:, 2]))
        south, north = _down(float(lats.min())), -_down(-float(lats.max()))
        if self._holds(np.array([0.0, 0.0, 1.0])):
            return LatLonBox(-180.0, south, 180.0, 90.0)
        if self._holds(np.array([0.0, 0.0, -1.0])):
            return LatLonBox(-180.0, -90.0, 180.0, north)
        turn = np.degrees(np.arctan2(rim[:, 1], rim[:, 0])) - self.lon
        turn = (turn + 180.0) % 360.0 - 180.0
        west, east = self.lon + float(turn.min()), self.lon + float(turn.max())
        return LatLonBox(_half_turn(_down(west)), south, _half_turn(-_down(-east)), north)

    def shows(self, lon: float, lat: float) -> bool:
        """Whether a place, in degrees, is in the image."""
        return self._holds(_unit(*np.radians([lon, lat])))

    def _holds(self, place: Array) -> bool:
        along, left = self.own(place)
        return bool(abs(along) <= self.half_length and abs(left) <= self.half_width)


_DESIGNED = (
    Strip(1, "south pole, along 0 to 180 degrees", 20.0, -89.85, 10.0, incidence=87.0),
    Strip(2, "south pole, along 90 to 270 degrees", -75.0, -89.9, 95.0, incidence=87.5),
    Strip(3, "ridge from Shackleton to de Gerlache", -110.0, -89.2, 35.0, incidence=86.5),
    Strip(4, "south polar far side across 180 degrees", 179.6, -85.5, 62.0, incidence=84.0),
    Strip(
        5,
        "narrow window beside de Gerlache",
        -88.0,
        -88.7,
        5.0,
        samples=32,
        pixel_m=24.0,
        incidence=86.0,
    ),
    Strip(6, "Haworth and Malapert", -3.0, -86.3, 12.0, incidence=84.0),
    Strip(7, "Nobile", 53.0, -85.2, -8.0, incidence=83.0),
    Strip(8, "north pole", 140.0, 89.8, 70.0, incidence=87.0),
    Strip(9, "equator, Sinus Medii", 1.5, 0.4, 178.0, incidence=62.0),
    Strip(10, "equator across 180 degrees", -179.9, 4.0, 85.0, incidence=55.0),
)
STRIPS = tuple(replace(strip, start=_FIRST_ORBIT + strip.number * _ORBIT) for strip in _DESIGNED)
"""The day's exposures: both poles inside, 180 degrees crossed, one thinner than a kilometre."""


def _unit(lon: float, lat: float) -> Array:
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _lon_lat(places: Array) -> list[LonLat]:
    lons = np.degrees(np.arctan2(places[:, 1], places[:, 0]))
    lats = np.degrees(np.arcsin(np.clip(places[:, 2], -1.0, 1.0)))
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(lons, lats, strict=True)]


def _down(degrees: float) -> float:
    return float(np.floor(degrees * 1e4) / 1e4)


def _half_turn(degrees: float) -> float:
    return round((degrees + 180.0) % 360.0 - 180.0, 4)
