"""A site search finds every footprint it touches and none beside it.

The oracle is plain vector arithmetic of its own: every area is put together from spherical
triangles, a place is inside where it is on the inner side of a triangle's three planes, and the
distance to an outline is found by walking along each arc in ever smaller steps.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from perilune.model.footprint import LatLonBox, LonLat, Polygon
from perilune.moon.sphere import (
    area,
    cap_box,
    contains,
    meets_cap,
    oriented,
    outlines_near,
    unit_box,
)

Array = npt.NDArray[np.float64]

POLYGONS = 10_000
METRE = 1 / 1_737_400.0
MARGIN = 10 * METRE
KINDS = ("tiny", "middle", "big", "polar", "meridian", "strip", "bent", "holed", "huge", "long")


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon, with the triangles that make it up and its arcs, as unit vectors."""

    kind: str
    polygon: Polygon
    triangles: Array
    arcs: Array


def vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Array:
    east, north = np.radians(lon), np.radians(lat)
    return np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1
    )


def degrees(points: Array) -> tuple[LonLat, ...]:
    x, y, z = points.T
    lon, lat = np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


def unit(points: Array) -> Array:
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def cross(a: Array, b: Array) -> Array:
    """Like numpy's, which is slow on single vectors."""
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def tangents(centre: Array) -> tuple[Array, Array]:
    """Two directions at right angles, so that (first, second, centre) is right-handed."""
    helper = np.eye(3)[np.argmin(np.abs(centre))]
    first = unit(cross(helper, centre))
    return first, cross(centre, first)


def around(centre: Array, azimuth: Array, angle: Array | float) -> Array:
    """Places at an angle from ``centre``, azimuth counter-clockwise seen from outside."""
    first, second = tangents(centre)
    outward = np.cos(azimuth)[:, None] * first + np.sin(azimuth)[:, None] * second
    angle = np.broadcast_to(angle, azimuth.shape)[:, None]
    return np.cos(angle) * centre + np.sin(angle) * outward


def closed(ring: Array) -> Array:
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


def star(rng: np.random.Generator, centre: Array, low: float, high: float, n: int) -> Array:
    azimuth = (np.arange(n) + rng.uniform(0.1, 0.9, n)) * 2 * np.pi / n
    return around(centre, azimuth, rng.uniform(low, high, n))


def fan(centre: Array, ring: Array) -> Array:
    return np.stack([np.broadcast_to(centre, ring.shape), ring, np.roll(ring, -1, axis=0)], axis=1)


def anywhere(rng: np.random.Generator) -> Array:
    return unit(rng.normal(size=3))


def as_labelled(rng: np.random.Generator, ring: Array) -> tuple[LonLat, ...]:
    """The ring as a label might give it: either direction, closed or not, put right again."""
    vertices = list(degrees(ring))
    if rng.random() < 0.5:
        vertices.reverse()
    if rng.random() < 0.5:
        vertices.append(vertices[0])
    return oriented(vertices)


STARS = {"middle": (0.01, 0.3), "big": (0.3, 1.5), "polar": (0.002, 0.2), "meridian": (0.002, 0.2)}
"""Kinds that are stars about a centre, with the least and greatest reach of a corner."""


def build(kind: str, rng: np.random.Generator) -> Area:
    match kind:
        case "holed":
            return holed(rng)
        case "strip":
            return strip(rng)
        case "bent":
            return bent_strip(rng)
        case "huge":
            centre = anywhere(rng)
            ring = star(rng, centre, 1.7, 3.0, int(rng.integers(5, 11)))
            return Area(kind, Polygon((degrees(ring),)), fan(centre, ring), closed(ring))
        case _:
            return starred(kind, rng)


def starred(kind: str, rng: np.random.Generator) -> Area:
    corners = int(rng.integers(40, 90) if kind == "long" else rng.integers(3, 9))
    low, high = STARS.get(kind, (0.1, 0.4))
    centre = anywhere(rng)
    if kind == "tiny":
        high = 10.0 ** rng.uniform(-5, -3)
        low = 0.3 * high
    elif kind == "polar":
        pole = np.array([0.0, 0.0, rng.choice([-1.0, 1.0])])
        centre = unit(pole + rng.normal(size=3) * 10.0 ** rng.uniform(-4, -1))
    elif kind == "meridian":
        centre = vectors(180.0 + rng.normal(), rng.uniform(-85, 85))
    ring = star(rng, centre, low, high, corners)
    if corners == 3:  # three corners at odd azimuths may leave the centre outside
        ring = around(centre, np.array([0.2, 2.4, 4.5]), rng.uniform(low, high))
    return Area(kind, Polygon((as_labelled(rng, ring),)), fan(centre, ring), closed(ring))


def holed(rng: np.random.Generator) -> Area:
    centre = anywhere(rng)
    outer = star(rng, centre, 0.2, 0.4, 8)
    inner = around(centre, np.arange(8) * np.pi / 4, 0.1)
    band = quads(np.vstack([outer, outer[:1]]), np.vstack([inner, inner[:1]]))
    rings = as_labelled(rng, outer), degrees(inner[::-1])
    return Area("holed", Polygon(rings), band, np.vstack([closed(outer), closed(inner)]))


def strip(rng: np.random.Generator) -> Area:
    """Four corners, 10 m to 960 m wide and 35 to 2,400 km long."""
    centre = anywhere(rng)
    half, reach = rng.uniform(5, 480) * METRE, rng.uniform(0.01, 0.7)
    turn = np.arctan2(np.tan(half), np.sin(reach))
    ring = around(centre, np.array([-turn, turn, np.pi - turn, np.pi + turn]), reach)
    return Area("strip", Polygon((as_labelled(rng, ring),)), fan(centre, ring), closed(ring))


def bent_strip(rng: np.random.Generator) -> Area:
    """A push-broom track that turns as it goes, 10 m to 960 m wide."""
    half, start = rng.uniform(5, 480) * METRE, anywhere(rng)
    ahead, _ = tangents(start)
    left, right = [], []
    for _ in range(int(rng.integers(3, 8))):
        across = cross(start, ahead)
        left.append(np.cos(half) * start + np.sin(half) * across)
        right.append(np.cos(half) * start - np.sin(half) * across)
        step, turn = rng.uniform(0.02, 0.1), rng.uniform(-0.3, 0.3)
        start, ahead = (
            np.cos(step) * start + np.sin(step) * ahead,
            np.cos(step) * ahead - np.sin(step) * start,
        )
        ahead = np.cos(turn) * ahead + np.sin(turn) * cross(start, ahead)
    ring = np.array([*right, *left[::-1]])
    return Area(
        "bent",
        Polygon((as_labelled(rng, ring),)),
        quads(np.array(right), np.array(left)),
        closed(ring),
    )


def quads(right: Array, left: Array) -> Array:
    """Triangles of a band between two lines, the right one first in the direction of travel."""
    triangles = []
    for (a, b), (c, d) in zip(pairwise(right), pairwise(left), strict=True):
        triangles += [[a, b, d], [a, d, c]]
    return np.array(triangles)


def inside(area: Area, places: Array) -> npt.NDArray[np.bool_]:
    a, b, c = area.triangles.transpose(1, 0, 2)
    planes = np.stack([cross(a, b), cross(b, c), cross(c, a)])
    return np.any(np.all(places @ planes.transpose(0, 2, 1) >= 0, axis=0), axis=-1)


def reach(arcs: Array, places: Array) -> Array:
    """Angle from each place to the nearest point of the arcs."""
    a, b = arcs[None, :, 0], arcs[None, :, 1]
    length = 2 * np.arcsin(np.linalg.norm(a - b, axis=-1) / 2)
    along = b - a * np.sum(a * b, axis=-1, keepdims=True)
    along = unit(along)
    low = np.zeros((len(places), arcs.shape[0]))
    high = np.broadcast_to(length, low.shape)
    steps = np.linspace(0.0, 1.0, 13)
    for _ in range(7):
        at = low[..., None] + (high - low)[..., None] * steps
        points = np.cos(at)[..., None] * a[:, :, None] + np.sin(at)[..., None] * along[:, :, None]
        chords = np.linalg.norm(points - places[:, None, None], axis=-1)
        best = np.argmin(chords, axis=-1)[..., None]
        low = np.take_along_axis(at, np.maximum(best - 1, 0), -1)[..., 0]
        high = np.take_along_axis(at, np.minimum(best + 1, 12), -1)[..., 0]
    return 2 * np.arcsin(np.minimum(1.0, np.min(chords, axis=(1, 2)) / 2))


def overlaps(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(a[k] <= b[k + 1] and b[k] <= a[k + 1] for k in (0, 2, 4))


def places_to_ask(area: Area, rng: np.random.Generator) -> Array:
    """One inside, three by the boundary at 15 m to 60 km, one anywhere."""
    weights = rng.uniform(0.02, 1.0, 3)
    within = unit(weights @ area.triangles[rng.integers(len(area.triangles))])
    asked = [within, anywhere(rng)]
    for far in 10.0 ** rng.uniform(-5.0, -1.5, 3):
        a, b = area.arcs[rng.integers(len(area.arcs))]
        share = rng.uniform()
        on_arc = unit((1 - share) * a + share * b)
        asked.append(around(on_arc, rng.uniform(0, 2 * np.pi, 1), far)[0])
    return np.array(asked)


def test_site_search_finds_what_it_touches_and_misses_what_lies_beside() -> None:
    rng = np.random.default_rng(20_281_107)
    found = dict.fromkeys(KINDS, 0)
    missed = dict.fromkeys(KINDS, 0)
    for number in range(POLYGONS):
        area = build(KINDS[number % len(KINDS)], rng)
        box = unit_box(area.polygon)
        places = places_to_ask(area, rng)
        gaps = np.where(inside(area, places), 0.0, reach(area.arcs, places))

        for (lon, lat), gap in zip(degrees(places), gaps, strict=True):
            case = area.kind, number, lon, lat
            assert contains(area.polygon, lon, lat) == (gap == 0.0), case
            assert meets_cap(area.polygon, lon, lat, gap + MARGIN), case
            assert overlaps(box, cap_box(lon, lat, gap + MARGIN)), case
            found[area.kind] += 1
            if gap > MARGIN:
                assert not meets_cap(area.polygon, lon, lat, gap - MARGIN), case
                missed[area.kind] += 1

    assert min(found.values()) == 5 * POLYGONS // len(KINDS)
    assert min(missed.values()) > POLYGONS // len(KINDS)


def test_outlines_looked_at_together_say_what_each_shape_says_alone() -> None:
    rng = np.random.default_rng(27)
    areas = [build(KINDS[number % len(KINDS)], rng) for number in range(300)]
    rings = [
        [angle for vertex in ring for angle in vertex]
        for found in areas
        for ring in found.polygon.rings
    ]
    owners = [number for number, found in enumerate(areas) for _ in found.polygon.rings]

    for found in areas[::20]:
        radius = float(rng.uniform(0.0, 0.3))
        for lon, lat in degrees(places_to_ask(found, rng)):
            near = outlines_near(rings, lon, lat, radius)
            at_line = {owner for owner, is_near in zip(owners, near, strict=True) if is_near}
            for number, each in enumerate(areas):
                meets = number in at_line or contains(each.polygon, lon, lat)
                assert meets == meets_cap(each.polygon, lon, lat, radius), (each.kind, lon, lat)


@pytest.mark.parametrize("kind", KINDS)
def test_box_is_as_tight_as_the_points_of_the_area(kind: str) -> None:
    rng = np.random.default_rng(17)
    for _ in range(60):
        shape = build(kind, rng)
        steps = np.linspace(0, 1, 400)[:, None, None]
        points = unit((1 - steps) * shape.arcs[:, 0] + steps * shape.arcs[:, 1]).reshape(-1, 3)
        axes = np.vstack([np.eye(3), -np.eye(3)])
        points = np.vstack([points, axes[inside(shape, axes)]])

        box = np.array(unit_box(shape.polygon))

        low, high = points.min(axis=0), points.max(axis=0)
        assert np.all(box[::2].astype(np.float32) <= low)
        assert np.all(box[1::2].astype(np.float32) >= high)
        assert np.all(low - box[::2] < 2e-5)
        assert np.all(box[1::2] - high < 2e-5)


def test_area_is_the_sum_of_its_triangles() -> None:
    """Excess of each triangle by L'Huilier's theorem, from its three sides."""
    rng = np.random.default_rng(3)
    for number in range(500):
        shape = build(KINDS[number % len(KINDS)], rng)
        a, b, c = shape.triangles.transpose(1, 0, 2)
        sides = [
            2 * np.arcsin(np.linalg.norm(p - q, axis=-1) / 2) for p, q in [(a, b), (b, c), (c, a)]
        ]
        half = sum(sides) / 2
        product = np.tan(half / 2)
        for side in sides:
            product = product * np.tan(np.maximum(0.0, half - side) / 2)

        expected = float(np.sum(4 * np.arctan(np.sqrt(product))))

        # the theorem itself loses digits on triangles thinner than a kilometre
        loss = 1e-6 if shape.kind in {"strip", "bent"} else 1e-9
        assert area(shape.polygon) == pytest.approx(expected, rel=1e-5, abs=loss)


def box_arcs(box: LatLonBox, n: int) -> Array:
    width = (box.east - box.west) % 360.0
    lon = box.west + np.linspace(0, width, n)
    lat = np.linspace(box.south, box.north, n)
    return np.vstack(
        [
            vectors(lon, np.full(n, box.south)),
            vectors(lon, np.full(n, box.north)),
            vectors(np.full(n, box.west), lat),
            vectors(np.full(n, box.east), lat),
        ]
    )


def test_boxes_of_parallels_and_meridians_are_found_and_missed() -> None:
    rng = np.random.default_rng(8)
    missed = 0
    for _ in range(1500):
        south, north = sorted(rng.uniform(-90, 90, 2).round(int(rng.integers(0, 6))).tolist())
        south = -90.0 if rng.random() < 0.1 else south
        west, east = rng.uniform(-180, 180, 2).tolist()
        box = LatLonBox(west, south, east, north)
        line = box_arcs(box, 1500)
        place = anywhere(rng)
        ((lon, lat),) = degrees(place[None])
        within = south <= lat <= north and (lon - west) % 360 <= (east - west) % 360
        gap = 0.0 if within else 2 * np.arcsin(np.linalg.norm(line - place, axis=1).min() / 2)
        bounds = np.array(unit_box(box))

        assert contains(box, lon, lat) == within
        assert meets_cap(box, lon, lat, gap + 1e-9)
        assert overlaps(tuple(bounds), cap_box(lon, lat, gap + 1e-9))
        assert np.all(bounds[::2] <= line.min(axis=0))
        assert np.all(bounds[1::2] >= line.max(axis=0))
        if gap > 0.01:  # the walk around the box has steps of up to 0.004
            assert not meets_cap(box, lon, lat, gap - 0.004)
            missed += 1

    assert missed > 500
