"""Footprints on the sphere, exactly: bounding boxes, site searches, areas.

Nothing here is planar: a pole, the 180th meridian and more than half a sphere are
ordinary cases. Polygons are joined by great circles with the interior to the left of every
ring (see `perilune.model.footprint`); boxes run along parallels and meridians. Longitudes and
latitudes are planetocentric degrees, angles and radii radians, areas steradian.

A boundary belongs to its shape, to within a micrometre on the Moon.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import acos, asin, atan2, ceil, cos, dist, hypot, pi, radians, sin
from typing import assert_never

from perilune.model.footprint import LatLonBox, LonLat, Point, Polygon, Shape
from perilune.moon.ring import Bounds, Ring, Vector, nearest_of, ring_of, ring_through, unit_vector

_Vertex = tuple[LonLat, Vector]
_TOUCH = 1e-12
"""Radians within which a place counts as on a boundary: two micrometres on the Moon."""
_SAME = 1e-12
"""Chord below which two vertices are one."""
_FAR = 1.9
"""Chord beyond which two places may be antipodes."""
_PAD = 1.2e-7
"""What a box is widened by: more than rounding to float32 can take away, 20 cm on the Moon."""


def unit_box(shape: Shape) -> Bounds:
    """The tight box ``(x0, x1, y0, y1, z0, z1)`` of the shape's points on the unit sphere.

    Widened by what float32 may round away, so that an index in single precision misses nothing.
    """
    match shape:
        case Point(lon, lat):
            x, y, z = unit_vector(lon, lat)
            return _widened((x, x, y, y, z, z))
        case LatLonBox():
            return _widened(_bounds_of_box(shape))
        case Polygon(rings):
            return _widened(_bounds_of_polygon([ring_of(ring) for ring in rings]))
        case _:
            assert_never(shape)


def cap_box(lon: float, lat: float, radius_rad: float) -> Bounds:
    """The tight box, widened as `unit_box`, of all within ``radius_rad`` of a place."""
    low_high: list[float] = []
    for along in unit_vector(lon, lat):
        angle = acos(max(-1.0, min(1.0, along)))
        low_high += [cos(min(pi, angle + radius_rad)), cos(max(0.0, angle - radius_rad))]
    x0, x1, y0, y1, z0, z1 = low_high
    return _widened((x0, x1, y0, y1, z0, z1))


def meets_cap(shape: Shape, lon: float, lat: float, radius_rad: float) -> bool:
    """Whether any point of the shape lies within ``radius_rad`` of a place."""
    if radius_rad >= pi:
        return True
    match shape:
        case Point() as point:
            return distance((point.lon, point.lat), (lon, lat)) <= radius_rad + _TOUCH
        case LatLonBox():
            return _distance_to_box(shape, lon, lat) <= radius_rad + _TOUCH
        case Polygon(outline):
            place = unit_vector(lon, lat)
            rings = [ring_of(ring) for ring in outline]
            reach = _reach(radius_rad)
            return any(ring.nearest(place) <= reach for ring in rings) or _holds(rings, place)
        case _:
            assert_never(shape)


def outlines_near(
    rings: Sequence[Sequence[float]], lon: float, lat: float, radius_rad: float
) -> list[bool]:
    """Whether each ring, the line itself, comes within ``radius_rad`` of a place.

    For many at once; a ring is longitude, latitude, longitude… A polygon of which no ring does
    meets the cap only if it holds all of it, which is for `meets_cap` to say.
    """
    if radius_rad >= pi or not rings:
        return [True] * len(rings)
    near: list[bool] = (nearest_of(rings, unit_vector(lon, lat)) <= _reach(radius_rad)).tolist()
    return near


def _reach(radius_rad: float) -> float:
    """The square of the chord of an angle, a touch longer."""
    return float((2.0 * sin(0.5 * (radius_rad + _TOUCH))) ** 2)


def contains(shape: Shape, lon: float, lat: float) -> bool:
    """Whether a place lies in the shape or on its boundary."""
    return meets_cap(shape, lon, lat, 0.0)


def area(shape: Shape) -> float:
    """Area in steradian; the whole sphere has 4 pi."""
    match shape:
        case Point():
            return 0.0
        case LatLonBox(south=south, north=north):
            # sin n - sin s, without the cancellation of a narrow band
            rise = 2.0 * cos(radians(north + south) / 2) * sin(radians(north - south) / 2)
            return radians(width_deg(shape)) * rise
        case Polygon(rings):
            return _area([ring_of(ring) for ring in rings])
        case _:
            assert_never(shape)


def distance(a: LonLat, b: LonLat) -> float:
    """The angle between two places in radians, as exact for metres as for antipodes."""
    lat_a, lat_b, turn = radians(a[1]), radians(b[1]), radians(b[0] - a[0])
    across = cos(lat_b) * sin(turn)
    # cos a sin b - sin a cos b cos t, written so that nearby places lose no digits
    along = sin(lat_b - lat_a) + 2.0 * sin(lat_a) * cos(lat_b) * sin(turn / 2) ** 2
    toward = sin(lat_a) * sin(lat_b) + cos(lat_a) * cos(lat_b) * cos(turn)
    return atan2(hypot(across, along), toward)


def oriented(ring: Sequence[LonLat]) -> tuple[LonLat, ...]:
    """The ring with its interior, the smaller of the two sides, to the left.

    Takes the vertices in either direction. A repeated last vertex, neighbours at the same place
    (every longitude of a pole is one place) and spikes that go out and back are left out.

    Raises
    ------
    ValueError
        Fewer than three places remain, or two neighbours are antipodes, which no one great circle
        joins, or a number is no longitude or latitude.

    """
    for lon, lat in ring:
        if not (-360.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
            raise ValueError(f"not a longitude and latitude: {lon}, {lat}")
    kept = [(vertex, unit_vector(*vertex)) for vertex in ring]
    if not _is_plain([place for _, place in kept]):
        kept = _without_spikes(kept)
        if len(kept) < 3:
            raise ValueError(f"a ring needs three places, this has {len(kept)}")
        for (before, (x, y, z)), (vertex, place) in zip([kept[-1], *kept], kept, strict=False):
            if dist((-x, -y, -z), place) <= _SAME:
                raise ValueError(f"no single great circle joins {before} and {vertex}")
    inside = _area([ring_through([place for _, place in kept])])
    vertices = tuple([vertex for vertex, _ in kept])
    return vertices if inside <= 2.0 * pi else vertices[::-1]


def _is_plain(places: list[Vector]) -> bool:
    """Whether at once no two neighbours are one or far apart, and none returns to the last but one.

    Most rings are so, and need no closer look.
    """
    if len(places) < 3:
        return False
    steps = [dist(a, b) for a, b in pairwise([places[-1], *places])]
    skips = [dist(a, b) for a, b in zip([*places[-2:], *places], places, strict=False)]
    return min(steps) > _SAME and max(steps) < _FAR and min(skips) > _SAME


def _without_spikes(ring: list[_Vertex]) -> list[_Vertex]:
    kept: list[_Vertex] = []
    for vertex in ring:
        if kept and _same(kept[-1], vertex):
            continue
        if len(kept) >= 2 and _same(kept[-2], vertex):
            kept.pop()
            continue
        kept.append(vertex)
    while len(kept) >= 2:  # the same again across the ring's seam
        if _same(kept[0], kept[-1]):
            kept.pop()
        elif len(kept) >= 3 and _same(kept[0], kept[-2]):
            del kept[-2:]
        elif len(kept) >= 3 and _same(kept[1], kept[-1]):
            del kept[0], kept[-1]
        else:
            break
    return kept


def _same(a: _Vertex, b: _Vertex) -> bool:
    return dist(a[1], b[1]) <= _SAME


def _widened(bounds: Bounds) -> Bounds:
    x0, x1, y0, y1, z0, z1 = bounds
    return x0 - _PAD, x1 + _PAD, y0 - _PAD, y1 + _PAD, z0 - _PAD, z1 + _PAD


def _area(rings: Sequence[Ring]) -> float:
    total = sum(ring.fan(ring.first) for ring in rings) % (4.0 * pi)
    return 0.0 if total > 4.0 * pi - _TOUCH else total


def _holds(rings: Sequence[Ring], place: Vector) -> bool:
    """Whether the interior holds ``place``, which is not on the boundary.

    The triangles from the antipode of ``place`` cover the interior and never ``place``: their
    area is the interior's, less a whole sphere if the interior holds ``place``. Slits and spikes
    cancel themselves.
    """
    x, y, z = place
    missing = _area(rings) - sum(ring.fan((-x, -y, -z)) for ring in rings)
    return round(missing / (4.0 * pi)) != 0


def _bounds_of_polygon(rings: Sequence[Ring]) -> Bounds:
    each = [ring.bounds() for ring in rings]
    x0, x1, y0, y1, z0, z1 = each[0]
    for u0, u1, v0, v1, w0, w1 in each[1:]:
        x0, x1, y0, y1 = min(x0, u0), max(x1, u1), min(y0, v0), max(y1, v1)
        z0, z1 = min(z0, w0), max(z1, w1)
    middle = _middle(rings)
    if middle is None:
        signs_to_try: tuple[tuple[float, ...], ...] = ((1.0, -1.0),) * 3
    else:  # the rings lie in one hemisphere and enclose what is within it
        around = (
            y0 <= 0.0 <= y1 and z0 <= 0.0 <= z1,
            x0 <= 0.0 <= x1 and z0 <= 0.0 <= z1,
            x0 <= 0.0 <= x1 and y0 <= 0.0 <= y1,
        )
        signs_to_try = tuple(
            ((1.0 if m > 0.0 else -1.0),) if is_around else ()
            for m, is_around in zip(middle, around, strict=True)
        )
    low, high = [x0, y0, z0], [x1, y1, z1]
    for axis, signs in enumerate(signs_to_try):
        for sign in signs:
            pole = [0.0, 0.0, 0.0]
            pole[axis] = sign
            if _holds(rings, (pole[0], pole[1], pole[2])):
                low[axis], high[axis] = min(low[axis], sign), max(high[axis], sign)
    return low[0], high[0], low[1], high[1], low[2], high[2]


def _middle(rings: Sequence[Ring]) -> Vector | None:
    """A direction whose hemisphere holds the whole interior; None where there may be none."""
    totals = [ring.total for ring in rings]
    direction = sum(t[0] for t in totals), sum(t[1] for t in totals), sum(t[2] for t in totals)
    seen = [ring.seen_from(direction) for ring in rings]
    if min(least for least, _ in seen) <= 1e-9 or sum(inside for _, inside in seen) <= 0.0:
        return None
    return direction


def width_deg(box: LatLonBox) -> float:
    """How many degrees of longitude the box spans, 0 to 360."""
    return 360.0 if box.east - box.west >= 360.0 else (box.east - box.west) % 360.0


def _bounds_of_box(box: LatLonBox) -> Bounds:
    south, north = radians(box.south), radians(box.north)
    narrow = min(cos(south), cos(north))
    wide = 1.0 if south <= 0.0 <= north else max(cos(south), cos(north))
    east = box.west + width_deg(box)
    c0, c1 = _range_of_cosine(box.west, east)
    s0, s1 = _range_of_cosine(box.west - 90.0, east - 90.0)
    return (
        c0 * (wide if c0 < 0.0 else narrow),
        c1 * (wide if c1 > 0.0 else narrow),
        s0 * (wide if s0 < 0.0 else narrow),
        s1 * (wide if s1 > 0.0 else narrow),
        sin(south),
        sin(north),
    )


def _range_of_cosine(start: float, stop: float) -> tuple[float, float]:
    """Least and greatest cosine between two angles in degrees."""
    ends = cos(radians(start)), cos(radians(stop))
    has_top = 360.0 * ceil(start / 360.0) <= stop
    has_bottom = 360.0 * ceil((start - 180.0) / 360.0) + 180.0 <= stop
    return -1.0 if has_bottom else min(ends), 1.0 if has_top else max(ends)


def _distance_to_box(box: LatLonBox, lon: float, lat: float) -> float:
    if (lon - box.west) % 360.0 <= width_deg(box):
        return radians(max(0.0, box.south - lat, lat - box.north))
    return min(
        _distance_to_meridian(box, lon - box.west, lat),
        _distance_to_meridian(box, lon - box.east, lat),
    )


def _distance_to_meridian(box: LatLonBox, turn_deg: float, lat: float) -> float:
    """Angle from a place to the piece of a meridian, ``turn_deg`` away, that bounds the box."""
    turn, north = radians(turn_deg), radians(lat)
    foot = atan2(sin(north), cos(north) * cos(turn))
    if radians(box.south) <= foot <= radians(box.north):
        return asin(min(1.0, abs(cos(north) * sin(turn))))
    return min(
        distance((0.0, box.south), (turn_deg, lat)), distance((0.0, box.north), (turn_deg, lat))
    )
