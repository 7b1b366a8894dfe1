"""Coverage of a site: areas against exact ones on the sphere; poles, seams and holes."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perilune.model.footprint import LatLonBox, LonLat, Point, Polygon
from perilune.moon.bodies import MOON
from perilune.moon.coverage import SiteCells
from perilune.moon.sphere import area, contains, oriented

SITES = [(0.0, -90.0), (222.0, -89.5), (179.9, 3.0), (-60.0, 88.0)]


def ring(
    lon: float, lat: float, radius_km: float, corners: int, turn: float = 0.0
) -> tuple[LonLat, ...]:
    """Corners on a circle about a place, interior to the left."""
    grid = SiteCells.of(lon, lat, 50.0).grid
    reach = MOON.radius_m * math.tan(radius_km * 1000.0 / MOON.radius_m)
    angles = [turn + 2 * math.pi * n / corners for n in range(corners)]
    found = grid.lonlat_at(
        [reach * math.cos(a) for a in angles], [reach * math.sin(a) for a in angles]
    )
    return tuple((float(x), float(y)) for x, y in zip(*found, strict=True))


def km2(steradian: float) -> float:
    return steradian * (MOON.radius_m / 1000.0) ** 2


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("corners", [3, 4, 9])
def test_the_area_covered_is_that_of_the_polygon_on_the_sphere(
    site: tuple[float, float], corners: int
) -> None:
    cells = SiteCells.of(*site, 50.0)
    shape = Polygon((ring(*site, 35.0, corners, 0.3),))

    covered = cells.areas_km2[cells.covered(shape)].sum()

    assert covered == pytest.approx(km2(area(shape)), rel=0.01)


@pytest.mark.parametrize("site", SITES)
def test_cells_are_covered_exactly_where_the_sphere_says_so(site: tuple[float, float]) -> None:
    cells = SiteCells.of(*site, 20.0)
    outer, hole = ring(*site, 17.0, 5), ring(*site, 6.0, 6, 0.2)[::-1]
    shape = Polygon((outer, hole))
    lon, lat = cells.grid.lonlat()

    covered = cells.covered(shape)

    for place in np.random.default_rng(5).choice(np.flatnonzero(cells.inside), 300, replace=False):
        here = contains(shape, float(lon.flat[place]), float(lat.flat[place]))
        assert bool(covered.flat[place]) == here


def test_all_but_a_hole_covers_all_but_the_hole() -> None:
    cells = SiteCells.of(10.0, -87.0, 20.0)
    hole = ring(10.0, -87.0, 8.0, 12)[::-1]

    share = cells.share(cells.covered(Polygon((hole,))))

    assert share == pytest.approx(
        1.0 - km2(area(Polygon((hole[::-1],)))) / cells.areas_km2.sum(), abs=0.002
    )


def test_a_footprint_that_reaches_round_the_body_is_asked_place_by_place() -> None:
    cells = SiteCells.of(0.0, -90.0, 300.0)
    half = Polygon((oriented([(0.0, 60.0), (90.0, -60.0), (180.0, 60.0), (90.0, 80.0)]),))
    lon, lat = cells.grid.lonlat()

    covered = cells.covered(half)

    for row in range(5, 150, 29):
        for column in range(5, 150, 17):
            here = cells.inside[row, column] and contains(half, lon[row, column], lat[row, column])
            assert bool(covered[row, column]) == bool(here)


def test_boxes_and_points() -> None:
    cells = SiteCells.of(0.0, -90.0, 100.0)

    assert cells.share(cells.covered(LatLonBox(-180.0, -90.0, 180.0, -80.0))) == 1.0
    quarter = cells.share(cells.covered(LatLonBox(350.0, -90.0, 80.0, -80.0)))
    assert quarter == pytest.approx(0.25, abs=0.01)
    assert not cells.covered(Point(0.0, -90.0)).any()


@given(st.lists(st.tuples(st.floats(-12, 12), st.floats(-12, 12), st.floats(2, 15)), max_size=6))
def test_union_and_gap_make_up_the_site(parts: list[tuple[float, float, float]]) -> None:
    cells = SiteCells.of(222.0, -89.5, 20.0)
    shapes = []
    for x, y, radius in parts:
        lon, lat = cells.grid.lonlat_at(x * 1000.0, y * 1000.0)
        shapes.append(Polygon((ring(float(lon), float(lat), radius, 7),)))

    unions = [cells.union(map(cells.covered, shapes[:n])) for n in range(len(shapes) + 1)]

    together = unions[-1]
    assert cells.share(together) + cells.share(cells.missing(together)) == pytest.approx(1.0)
    assert not (together & cells.missing(together)).any()
    assert all(cells.share(a) <= cells.share(b) for a, b in pairwise(unions))
