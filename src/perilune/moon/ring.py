"""A closed ring of great-circle arcs on the unit sphere, and the four numbers all else is made of.

Two implementations of one protocol: plain floats for the few vertices of a usual footprint
(microseconds an answer), numpy for outlines of hundreds. Vertices are unit vectors;
consecutive ones are neither equal nor opposite. The interior lies to the left.

Normals are taken as (a - b) x (a + b) = 2 (a x b), which keeps full relative precision
for arcs of a few metres, where a x b loses nine digits.
"""

from collections.abc import Sequence
from itertools import chain
from math import atan2, cos, radians, sin, sqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = tuple[float, float, float]
Bounds = tuple[float, float, float, float, float, float]

_MANY = 40
"""From this number of vertices on numpy is faster."""


class Ring(Protocol):
    """What can be asked of a ring."""

    @property
    def first(self) -> Vector:
        """A vertex."""
        ...

    @property
    def total(self) -> Vector:
        """Sum of the vertices: a direction amid them, unless they surround the centre."""
        ...

    def nearest(self, place: Vector) -> float:
        """Square of the chord from ``place`` to the nearest point of the ring."""
        ...

    def fan(self, apex: Vector) -> float:
        """Signed area in steradian of the triangles from ``apex`` to every arc in turn."""
        ...

    def bounds(self) -> Bounds:
        """Least and greatest x, y, z along the arcs, in that order, bulges included."""
        ...

    def seen_from(self, direction: Vector) -> tuple[float, float]:
        """Least product of a vertex with ``direction``, and the ring's area seen from there.

        The area is signed, doubled and gnomonic (tangent plane), and 0 if that product is not
        positive.
        """
        ...


def unit_vector(lon: float, lat: float) -> Vector:
    """The point of the unit sphere at a longitude and latitude in degrees."""
    east, north = radians(lon), radians(lat)
    across = cos(north)
    return across * cos(east), across * sin(east), sin(north)


def ring_of(vertices: Sequence[tuple[float, float]]) -> Ring:
    """The ring through longitudes and latitudes in degrees."""
    if len(vertices) < _MANY:
        return FewArcs([unit_vector(lon, lat) for lon, lat in vertices])
    east, north = np.radians(np.asarray(vertices, dtype=np.float64)).T
    across = np.cos(north)
    return ManyArcs(np.stack([across * np.cos(east), across * np.sin(east), np.sin(north)]))


def ring_through(places: list[Vector]) -> Ring:
    """The ring through unit vectors."""
    return FewArcs(places) if len(places) < _MANY else ManyArcs(np.array(places).T)


def nearest_of(rings: Sequence[Sequence[float]], place: Vector) -> npt.NDArray[np.float64]:
    """For each ring (longitude, latitude, longitude… in degrees) what `Ring.nearest` says.

    All arcs of all rings at once: a few small operations for hundreds of rings.
    """
    ends = np.cumsum([len(ring) // 2 for ring in rings])
    east, north = np.radians(np.fromiter(chain.from_iterable(rings), np.float64).reshape(-1, 2).T)
    across = np.cos(north)
    after = np.stack([across * np.cos(east), across * np.sin(east), np.sin(north)])
    starts = np.concatenate([[0], ends[:-1]])
    previous = np.arange(-1, len(east) - 1)
    previous[starts] = ends - 1
    return np.minimum.reduceat(_chords(after[:, previous], after, place), starts)


def _chords(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], place: Vector
) -> npt.NDArray[np.float64]:
    """Squared chord from ``place`` to the nearest point of each arc, its end included."""
    px, py, pz = place
    (ax, ay, az), (bx, by, bz) = before, after
    best: npt.NDArray[np.float64] = (px - bx) ** 2 + (py - by) ** 2 + (pz - bz) ** 2
    dx, dy, dz, sx, sy, sz = ax - bx, ay - by, az - bz, ax + bx, ay + by, az + bz
    nx, ny, nz = dy * sz - dz * sy, dz * sx - dx * sz, dx * sy - dy * sx
    qx, qy, qz = ny * pz - nz * py, nz * px - nx * pz, nx * py - ny * px
    beside = (ax * qx + ay * qy + az * qz < 0.0) & (bx * qx + by * qy + bz * qz > 0.0)
    nx, ny, nz = nx[beside], ny[beside], nz[beside]
    off = nx * px + ny * py + nz * pz
    square = np.minimum(1.0, off * off / (nx * nx + ny * ny + nz * nz))
    best[beside] = np.minimum(best[beside], 2.0 * square / (1.0 + np.sqrt(1.0 - square)))
    return best


class FewArcs:
    """A ring as a list of unit vectors."""

    __slots__ = ("_vertices",)

    def __init__(self, vertices: list[Vector]) -> None:
        self._vertices = vertices

    @property
    def first(self) -> Vector:
        """A vertex."""
        return self._vertices[0]

    @property
    def total(self) -> Vector:
        """Sum of the vertices."""
        x, y, z = zip(*self._vertices, strict=True)
        return sum(x), sum(y), sum(z)

    def nearest(self, place: Vector) -> float:
        """Least squared chord, arc by arc."""
        px, py, pz = place
        best = 4.0
        ax, ay, az = self._vertices[-1]
        for bx, by, bz in self._vertices:
            dx, dy, dz = px - bx, py - by, pz - bz
            chord = dx * dx + dy * dy + dz * dz
            best = min(best, chord)
            dx, dy, dz, sx, sy, sz = ax - bx, ay - by, az - bz, ax + bx, ay + by, az + bz
            nx, ny, nz = dy * sz - dz * sy, dz * sx - dx * sz, dx * sy - dy * sx
            qx, qy, qz = ny * pz - nz * py, nz * px - nx * pz, nx * py - ny * px
            if ax * qx + ay * qy + az * qz < 0.0 < bx * qx + by * qy + bz * qz:
                off = nx * px + ny * py + nz * pz
                square = min(1.0, off * off / (nx * nx + ny * ny + nz * nz))
                best = min(best, 2.0 * square / (1.0 + sqrt(1.0 - square)))
            ax, ay, az = bx, by, bz
        return best

    def fan(self, apex: Vector) -> float:
        """Twice the arc tangents of Eriksson (1990), arc by arc."""
        px, py, pz = apex
        area = 0.0
        ax, ay, az = self._vertices[-1]
        pa = px * ax + py * ay + pz * az
        for bx, by, bz in self._vertices:
            dx, dy, dz, sx, sy, sz = ax - bx, ay - by, az - bz, ax + bx, ay + by, az + bz
            volume = 0.5 * (
                px * (dy * sz - dz * sy) + py * (dz * sx - dx * sz) + pz * (dx * sy - dy * sx)
            )
            pb = px * bx + py * by + pz * bz
            area += atan2(volume, 1.0 + pa + pb + ax * bx + ay * by + az * bz)
            ax, ay, az, pa = bx, by, bz, pb
        return 2.0 * area

    def bounds(self) -> Bounds:
        """Vertices, and the tops of the arcs that pass one."""
        x, y, z = zip(*self._vertices, strict=True)
        x0, x1, y0, y1, z0, z1 = min(x), max(x), min(y), max(y), min(z), max(z)
        ax, ay, az = self._vertices[-1]
        for bx, by, bz in self._vertices:
            dx, dy, dz, sx, sy, sz = ax - bx, ay - by, az - bz, ax + bx, ay + by, az + bz
            nx, ny, nz = dy * sz - dz * sy, dz * sx - dx * sz, dx * sy - dy * sx
            square = nx * nx + ny * ny + nz * nz
            rise, fall = ny * az - nz * ay, by * nz - bz * ny
            if rise * fall > 0.0:
                top = sqrt((ny * ny + nz * nz) / square)
                x0, x1 = (x0, max(x1, top)) if rise > 0.0 else (min(x0, -top), x1)
            rise, fall = nz * ax - nx * az, bz * nx - bx * nz
            if rise * fall > 0.0:
                top = sqrt((nx * nx + nz * nz) / square)
                y0, y1 = (y0, max(y1, top)) if rise > 0.0 else (min(y0, -top), y1)
            rise, fall = nx * ay - ny * ax, bx * ny - by * nx
            if rise * fall > 0.0:
                top = sqrt((nx * nx + ny * ny) / square)
                z0, z1 = (z0, max(z1, top)) if rise > 0.0 else (min(z0, -top), z1)
            ax, ay, az = bx, by, bz
        return x0, x1, y0, y1, z0, z1

    def seen_from(self, direction: Vector) -> tuple[float, float]:
        """Depths first, then the area if all are positive."""
        cx, cy, cz = direction
        depths = [cx * x + cy * y + cz * z for x, y, z in self._vertices]
        least = min(depths)
        if least <= 0.0:
            return least, 0.0
        area = 0.0
        (ax, ay, az), before = self._vertices[-1], depths[-1]
        for (bx, by, bz), depth in zip(self._vertices, depths, strict=True):
            dx, dy, dz, sx, sy, sz = ax - bx, ay - by, az - bz, ax + bx, ay + by, az + bz
            area += (
                cx * (dy * sz - dz * sy) + cy * (dz * sx - dx * sz) + cz * (dx * sy - dy * sx)
            ) / (before * depth)
            ax, ay, az, before = bx, by, bz, depth
        return least, area


class ManyArcs:
    """A ring as an array of shape (3, vertices)."""

    __slots__ = ("_after", "_before", "_normal", "_square")

    def __init__(self, vertices: npt.NDArray[np.float64]) -> None:
        self._after = vertices
        self._before = np.roll(vertices, 1, axis=1)
        self._normal = np.cross(self._before - vertices, self._before + vertices, axis=0)
        square = np.sum(self._normal**2, axis=0)
        self._square = np.where(square > 0.0, square, 1.0)

    @property
    def first(self) -> Vector:
        """A vertex."""
        x, y, z = self._after[:, 0].tolist()
        return x, y, z

    @property
    def total(self) -> Vector:
        """Sum of the vertices."""
        x, y, z = self._after.sum(axis=1).tolist()
        return x, y, z

    def nearest(self, place: Vector) -> float:
        """Least squared chord of all arcs at once."""
        point = np.array(place)
        best = float(np.min(np.sum((self._after - point[:, None]) ** 2, axis=0)))
        aside = np.cross(self._normal, point, axisa=0, axisb=0, axisc=0)
        beside = (np.sum(self._before * aside, axis=0) < 0.0) & (
            np.sum(self._after * aside, axis=0) > 0.0
        )
        if not beside.any():
            return best
        off = point @ self._normal[:, beside]
        square = np.minimum(1.0, off**2 / self._square[beside])
        return min(best, float(np.min(2.0 * square / (1.0 + np.sqrt(1.0 - square)))))

    def fan(self, apex: Vector) -> float:
        """As `FewArcs.fan`, all arcs at once."""
        point = np.array(apex)
        volume = 0.5 * (point @ self._normal)
        depth = 1.0 + np.sum(self._before * self._after, axis=0)
        depth += point @ self._before + point @ self._after
        return 2.0 * float(np.sum(np.arctan2(volume, depth)))

    def bounds(self) -> Bounds:
        """As `FewArcs.bounds`, all arcs at once."""
        rise = np.cross(self._normal, self._before, axis=0)
        fall = np.cross(self._after, self._normal, axis=0)
        others = np.maximum(0.0, self._square - self._normal**2)
        top = np.sqrt(others / self._square) * np.sign(rise) * (rise * fall > 0.0)
        low = np.minimum(self._after, np.where(top < 0.0, top, 2.0)).min(axis=1).tolist()
        high = np.maximum(self._after, np.where(top > 0.0, top, -2.0)).max(axis=1).tolist()
        return low[0], high[0], low[1], high[1], low[2], high[2]

    def seen_from(self, direction: Vector) -> tuple[float, float]:
        """As `FewArcs.seen_from`, all arcs at once."""
        along = np.array(direction)
        depths = along @ self._after
        least = float(np.min(depths))
        if least <= 0.0:
            return least, 0.0
        return least, float(np.sum(along @ self._normal / (depths * np.roll(depths, 1))))
