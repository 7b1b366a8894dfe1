"""Frames fixed to the Moon, and how far the same coordinates lie apart in two of them.

The house frame is MOON_ME of DE421 (mean Earth, polar axis). Coordinates in the principal axes,
MOON_PA, name another place: up to 875 m away at the equator, 662 m at the poles.

Source: NAIF, moon_080317.tf (MOON_ME_DE421 relative to MOON_PA_DE421: 67.92, 78.56 and 0.30
arcseconds about the axes 3, 2 and 1); Williams, Boggs and Folkner (2008), JPL IOM 335-JW,DB,WF-
20080314-001.
"""

from math import asin, atan2, cos, degrees, radians, sin

import numpy as np
import numpy.typing as npt

from perilune.model.footprint import LatLonBox, LonLat, Point, Polygon, Shape
from perilune.moon.bodies import MOON
from perilune.moon.ring import unit_vector
from perilune.moon.sphere import distance

HOUSE = "MOON_ME"
PRINCIPAL = "MOON_PA"

Array = npt.NDArray[np.float64]

_ARCSECONDS = (67.92, 78.56, 0.30)


def _about(axis: int, arcseconds: float) -> Array:
    """The frame turned by an angle about one of its axes, as SPICE's ``ROTATE`` does."""
    angle = radians(arcseconds / 3600.0)
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cos(angle)
    turn[first, second], turn[second, first] = sin(angle), -sin(angle)
    return turn


def _pa_to_me() -> Array:
    """Coordinates in MOON_PA to coordinates in MOON_ME."""
    z, y, x = _ARCSECONDS
    to_principal = _about(2, z) @ _about(1, y) @ _about(0, x)
    return np.asarray(to_principal.T)


_TO_ME = _pa_to_me()


def to_mean_earth(place: LonLat) -> LonLat:
    """Longitude and latitude in MOON_ME of a place given in MOON_PA, degrees."""
    x, y, z = _TO_ME @ np.array(unit_vector(*place))
    return degrees(atan2(y, x)), degrees(asin(max(-1.0, min(1.0, z))))


def moved_to_mean_earth(shape: Shape) -> Shape:
    """The shape in MOON_ME of one given in MOON_PA.

    A box stays where it is: along the parallels of one frame it is no box in the other.
    """
    match shape:
        case Point(lon, lat):
            return Point(*to_mean_earth((lon, lat)))
        case Polygon(rings):
            return Polygon(tuple(tuple(to_mean_earth(place) for place in ring) for ring in rings))
        case LatLonBox():
            return shape


def shift_m(place: LonLat) -> float:
    """How far a place moves on the ground when its MOON_PA coordinates are taken for MOON_ME."""
    return distance(place, to_mean_earth(place)) * MOON.radius_m
