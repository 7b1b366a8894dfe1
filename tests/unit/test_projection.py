"""Views of the Moon: coordinates against PROJ, drawn paths against the sphere."""

from itertools import pairwise
from math import isclose, pi, radians

import numpy as np
import pytest

from perilune.model.footprint import LatLonBox, Point, Polygon, Shape
from perilune.moon.projection import (
    VIEWS,
    Path,
    View,
    extent_m,
    graticule,
    paths,
    to_lonlat,
    to_xy,
)
from perilune.moon.sphere import area, contains, meets_cap, oriented

MOON_M = 1_737_400.0


@pytest.mark.parametrize(
    ("view", "lon", "lat", "x", "y"),
    [
        ("south", 0, -89.9, 0.0, 3032.336),
        ("south", 0, -60, 0.0, 931_069.854),
        ("south", 123.4, -77.7, 312_580.605, -206_108.933),
        ("south", -33.3, -55, -601_509.527, 915_710.739),
        ("south", 270, -45, -1_439_309.287, 0.0),
        ("north", 90, 60, 931_069.854, 0.0),
        ("north", 123.4, 77.7, 312_580.605, 206_108.933),
        ("global", 123.4, -77.7, 3_741_901.442, -2_356_124.328),
        ("global", 270, -45, -2_729_101.538, -1_364_550.769),
        ("global", -33.3, -55, -1_009_767.569, -1_667_784.273),
    ],
)
def test_place_lands_where_proj_puts_it(
    view: View, lon: float, lat: float, x: float, y: float
) -> None:
    """PROJ 9.5.1 by pyproj 3.7.2, IAU_2015:30135, 30130 and 30110, to the millimetre."""
    right, up = to_xy(lon, lat, view)

    assert float(right) == pytest.approx(x, abs=1e-3)
    assert float(up) == pytest.approx(y, abs=1e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_place_on_the_map_is_found_again_on_the_body(view: View) -> None:
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(-180, 180, 500), rng.uniform(-89, 89, 500)

    back_lon, back_lat = to_lonlat(*to_xy(lon, lat, view), view)

    assert np.allclose(back_lon, lon, atol=1e-9)
    assert np.allclose(back_lat, lat, atol=1e-9)


def test_other_bodies_scale_with_their_radius() -> None:
    moon, mars = to_xy(10, -80, "south"), to_xy(10, -80, "south", radius_m=3_389_500.0)

    assert float(mars[0] / moon[0]) == pytest.approx(3_389_500.0 / MOON_M)


def test_what_has_no_image_is_refused_or_not_a_number() -> None:
    with pytest.raises(ValueError, match="opposite pole"):
        to_xy(0, 90, "south")
    with pytest.raises(ValueError, match="latitude"):
        to_xy(0, 90.1, "global")
    assert np.isnan(to_lonlat(6e6, 0, "global")[0])
    assert np.isnan(to_xy(np.nan, -80, "south")[0])


def is_filled(drawn: list[Path], x: float, y: float) -> bool:
    """Even-odd rule, by a ray to the right."""
    crossings = 0
    for path in drawn:
        assert path[0] == path[-1]
        for (ax, ay), (bx, by) in pairwise(path):
            if (ay > y) != (by > y) and ax + (y - ay) / (by - ay) * (bx - ax) > x:
                crossings += 1
    return crossings % 2 == 1


def doubtful(shape: Shape, lon: float, lat: float) -> bool:
    """Whether the place is too near the boundary for a drawing to be held to it."""
    near = 0.001
    if isinstance(shape, Polygon):
        rest: Shape = Polygon(tuple(ring[::-1] for ring in shape.rings))
        return meets_cap(shape, lon, lat, near) and meets_cap(rest, lon, lat, near)
    assert isinstance(shape, LatLonBox)
    edge = 0.06  # degrees
    around = [contains(shape, lon + u, lat + v) for u in (-edge, 0, edge) for v in (-edge, 0, edge)]
    return any(around) and not all(around)


def random_polygon(rng: np.random.Generator, number: int) -> Polygon:
    """Stars about a centre: small ones, wide ones, more than half a sphere, polar, with a hole."""
    corners = int(rng.integers(4, 10))
    low, high = [(0.02, 0.3), (0.3, 1.3), (1.7, 2.9), (0.05, 0.4)][number % 4]
    centre = rng.normal(size=3)
    centre[2] += 0 if number % 4 < 3 else rng.choice([-5, 5])
    centre /= np.linalg.norm(centre)
    first = np.cross(centre, np.eye(3)[np.argmin(np.abs(centre))])
    first /= np.linalg.norm(first)
    second = np.cross(centre, first)

    def ring(reach: np.ndarray) -> tuple[tuple[float, float], ...]:
        turn = (np.arange(corners) + rng.uniform(0.2, 0.8, corners)) * 2 * pi / corners
        x, y, z = np.cos(reach) * centre[:, None] + np.sin(reach) * (
            np.cos(turn) * first[:, None] + np.sin(turn) * second[:, None]
        )
        lon, lat = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z))
        return tuple(zip(lon.tolist(), lat.tolist(), strict=True))

    outer = ring(rng.uniform(low, high, corners))
    if number % 3 or number % 4 == 2:
        return Polygon((outer,))
    corners = 40
    return Polygon((outer, ring(np.full(corners, low / 4))[::-1]))


def places(rng: np.random.Generator, shape: Shape, view: View, n: int) -> list[tuple[float, float]]:
    z = rng.uniform(-1, 1, n)
    if view != "global":
        z = np.sign(-1 if view == "south" else 1) * rng.uniform(0.825, 1, n)
    lon, lat = rng.uniform(-180, 180, n), np.degrees(np.arcsin(z))
    return [
        (a, b) for a, b in zip(lon.tolist(), lat.tolist(), strict=True) if not doubtful(shape, a, b)
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_drawn_paths_fill_the_polygon_and_nothing_else(view: View) -> None:
    rng = np.random.default_rng(11)
    seen = {True: 0, False: 0}
    for number in range(160):
        shape = random_polygon(rng, number)
        drawn = paths(shape, view)
        for lon, lat in places(rng, shape, view, 30):
            x, y = to_xy(lon, lat, view)
            expected = contains(shape, lon, lat)
            seen[expected] += 1
            assert is_filled(drawn, float(x), float(y)) == expected, (number, shape, lon, lat)

    assert min(seen.values()) > 400


@pytest.mark.parametrize("view", VIEWS)
def test_drawn_paths_fill_the_box_and_nothing_else(view: View) -> None:
    rng = np.random.default_rng(12)
    seen = {True: 0, False: 0}
    for number in range(160):
        south, north = sorted(rng.uniform(-90, 90, 2).tolist())
        west, east = rng.uniform(-180, 180, 2).tolist()
        shape = LatLonBox(west, south, east, north)
        if number % 5 == 0:
            shape = LatLonBox(-180.0, south, 180.0, 90.0 if number % 2 else north)
        drawn = paths(shape, view)
        for lon, lat in places(rng, shape, view, 30):
            x, y = to_xy(lon, lat, view)
            expected = contains(shape, lon, lat)
            seen[expected] += 1
            assert is_filled(drawn, float(x), float(y)) == expected, (shape, lon, lat)

    assert min(seen.values()) > 400


@pytest.mark.parametrize("view", VIEWS)
def test_paths_stay_on_the_map(view: View) -> None:
    rng = np.random.default_rng(13)
    x0, y0, x1, y1 = extent_m(view)
    for number in range(200):
        for path in paths(random_polygon(rng, number), view):
            for x, y in path:
                assert x0 - 1e-6 <= x <= x1 + 1e-6
                assert y0 - 1e-6 <= y <= y1 + 1e-6


@pytest.mark.parametrize(("west", "east"), [(170, 180), (-180, -170), (175, -175), (180, -170)])
def test_ring_at_180_degrees_is_drawn_at_its_side_of_the_map(west: float, east: float) -> None:
    ring = oriented([(west, -10), (east, -10), (east, 10), (west, 10)])

    drawn = paths(Polygon((ring,)), "global")

    total = sum(abs(shoelace(path)) for path in drawn)
    assert total == pytest.approx(radians(10) * radians(20) * MOON_M**2, rel=0.02)
    assert all(abs(x) >= radians(169.9) * MOON_M for path in drawn for x, _ in path)


@pytest.mark.parametrize(("view", "pole"), [("south", -1), ("north", 1)])
def test_corner_on_the_edge_of_a_polar_view_fills_no_more_than_its_area(
    view: View, pole: int
) -> None:
    ring = oriented([(0, 55 * pole), (10, 60 * pole), (-10, 60 * pole)])

    (path,) = paths(Polygon((ring,)), view)

    assert 1.0 < abs(shoelace(path)) / (area(Polygon((ring,))) * MOON_M**2) < 1.2


def shoelace(path: Path) -> float:
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(path)) / 2


def test_polar_area_is_closed_along_the_pole_on_the_global_view() -> None:
    ring = oriented([(0, -80), (90, -80), (180, -80), (-90, -80)])

    (path,) = paths(Polygon((ring,)), "global")

    assert min(y for _, y in path) == pytest.approx(-pi / 2 * MOON_M)
    assert min(x for x, _ in path) == pytest.approx(-pi * MOON_M)
    assert max(x for x, _ in path) == pytest.approx(pi * MOON_M)


def test_whole_map_is_filled_by_all_but_a_hole() -> None:
    everything_but = Polygon((oriented([(0, 0), (5, 0), (5, 5)])[::-1],))

    for view in VIEWS:
        drawn = paths(everything_but, view)
        x0, y0, x1, y1 = extent_m(view)
        whole = (x1 - x0) * (y1 - y0) * (1 if view == "global" else pi / 4)
        hole = area(Polygon((everything_but.rings[0][::-1],))) * MOON_M**2
        filled = sum(shoelace(path) for path in drawn)
        assert isclose(filled, whole - (hole if view == "global" else 0), rel_tol=1e-3)


def test_what_a_polar_view_cannot_show_is_not_drawn() -> None:
    equator = Polygon((oriented([(0, 0), (5, 0), (5, 5)]),))

    assert paths(equator, "south") == []
    assert paths(LatLonBox(0, -10, 5, 10), "north") == []
    assert paths(Point(0, 10), "north") == []
    assert paths(Point(0, 89.9), "north")[0][0] == pytest.approx((0, -3032.3), abs=0.1)


def test_graticule_names_its_lines_and_stays_on_the_map() -> None:
    labels = {view: {line.label for line in graticule(view)} for view in VIEWS}

    assert {"60° S", "80° S", "0°", "90° E", "90° W", "180°"} <= labels["south"]
    assert {"70° N", "30° E", "150° W"} <= labels["north"]
    assert {"0°", "30° N", "60° S", "150° E"} <= labels["global"]
    for view in VIEWS:
        x0, y0, x1, y1 = extent_m(view)
        for line in graticule(view):
            assert all(x0 - 1 <= x <= x1 + 1 and y0 - 1 <= y <= y1 + 1 for x, y in line.points)
            assert line.anchor in line.points
