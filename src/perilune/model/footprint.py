"""Where a product lies on a body: a shape on the sphere, and all that its meaning hangs on.

Longitudes are planetocentric, east-positive degrees; latitudes planetocentric degrees. The
frame is always said: at the lunar pole the mean-Earth and the principal-axis frame differ by 662 m.
"""

from dataclasses import dataclass

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """A place without extent."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class LatLonBox:
    """All between two parallels and, going east, two meridians.

    ``east`` may be less than ``west``: the box then crosses 180 degrees. A width of 360
    degrees or more is written west=-180, east=180 and is the full circle.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def is_full_circle(self) -> bool:
        """Whether every longitude lies inside."""
        return self.west == -180.0 and self.east == 180.0


@dataclass(frozen=True, slots=True)
class Polygon:
    """Rings of vertices joined by great circles; the interior is to the left of every ring.

    A ring is not closed by repeating its first vertex. Several rings are one area with holes.
    """

    rings: tuple[tuple[LonLat, ...], ...]


Shape = Point | LatLonBox | Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """An area on a body, in a named frame."""

    body: str
    frame: str
    """Name of the frame, ``MOON_ME`` for instance."""
    realisation: str = ""
    """Which realisation of the frame, ``DE421`` for instance; empty where the label is silent."""
    shape: Shape
    accuracy_m: float | None = None
    kernels: tuple[str, ...] = ()
    source: str = ""
    """Where it comes from: the class of the label, or the program that computed it."""
