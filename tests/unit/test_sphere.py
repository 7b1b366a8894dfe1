"""Areas, distances and rings on the sphere, against published and hand-made figures."""

from math import cos, pi, radians, sin, sqrt

import numpy as np
import pytest

from perilune.model.footprint import LatLonBox, LonLat, Point, Polygon
from perilune.moon.ring import FewArcs, ManyArcs
from perilune.moon.sphere import (
    area,
    cap_box,
    contains,
    distance,
    meets_cap,
    oriented,
    unit_box,
)

MOON_M = 1_737_400.0
OCTANT = Polygon((((0.0, 0.0), (90.0, 0.0), (0.0, 90.0)),))
AROUND_POLE = Polygon((((0.0, -89.0), (240.0, -89.0), (120.0, -89.0)),))


def test_octant_has_an_eighth_of_the_sphere() -> None:
    assert area(OCTANT) == pytest.approx(pi / 2, rel=1e-14)


def test_area_left_of_the_reversed_ring_is_all_the_rest() -> None:
    rest = Polygon((tuple(reversed(OCTANT.rings[0])),))

    assert area(rest) == pytest.approx(4 * pi - pi / 2, rel=1e-14)


def test_cell_of_one_degree_at_the_equator_has_the_published_excess() -> None:
    """Girard: 2 pi less than the sum of four angles; here by the closed form of a lune's cell."""
    cell = Polygon((oriented([(0, 0), (1, 0), (1, 1), (0, 1)]),))
    below = LatLonBox(0, 0, 1, 1)
    # a great-circle upper edge lies above the parallel by a sliver
    edge = 2 * np.arctan(np.tan(radians(0.5)) * np.sin(np.radians(1.0)))

    assert area(below) == pytest.approx(radians(1) * sin(radians(1)), rel=1e-14)
    assert area(cell) == pytest.approx(edge, rel=1e-12)


@pytest.mark.parametrize(
    ("ring", "square_metres"),
    [
        ([(10, -80), (12, -80), (12.5, -79), (11, -78.5), (10, -79)], 488_754_253.7743416),
        ([(0, -80), (90, -80), (180, -80), (-90, -80)], 184_835_209_775.875),
        ([(179, -1), (-179, -1), (-179, 1), (179, 1)], 3_678_208_971.006485),
    ],
)
def test_area_is_that_of_geographiclib(ring: list[LonLat], square_metres: float) -> None:
    """pyproj 3.7.2, Geod(a=1737400, b=1737400).polygon_area_perimeter."""
    found = area(Polygon((oriented(ring),))) * MOON_M**2

    assert found == pytest.approx(square_metres, rel=1e-9)


def test_distance_is_that_of_geographiclib() -> None:
    """From Tycho to Mare Crisium, pyproj 3.7.2, Geod(a=1737400, b=1737400).inv."""
    assert distance((-11.2, -43.3), (59, 17)) * MOON_M == pytest.approx(2_667_865.6418016413)


def test_polar_cap_has_the_area_of_archimedes() -> None:
    assert area(LatLonBox(-180, -90, 180, -80)) == pytest.approx(
        2 * pi * (1 - cos(radians(10))), rel=1e-13
    )


def test_regular_ring_of_a_thousand_vertices_nears_the_polar_cap() -> None:
    ring = oriented([(lon * 0.36, 80.0) for lon in range(1000)])

    assert area(Polygon((ring,))) == pytest.approx(2 * pi * (1 - cos(radians(10))), rel=1e-5)


def test_hole_is_taken_from_the_area() -> None:
    outer = oriented([(0, 0), (10, 0), (10, 10), (0, 10)])
    hole = tuple(reversed(oriented([(4, 4), (6, 4), (6, 6), (4, 6)])))

    both = Polygon((outer, hole))

    assert area(both) == pytest.approx(
        area(Polygon((outer,))) - area(Polygon((tuple(reversed(hole)),))), rel=1e-12
    )
    assert contains(both, 1, 1)
    assert not contains(both, 5, 5)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0.0, 0.0), (0.0, 90.0), pi / 2 * MOON_M),
        ((0.0, 0.0), (180.0, 0.0), pi * MOON_M),
        ((10.0, -90.0), (200.0, -90.0), 0.0),
        ((179.9999, 0.0), (-179.9999, 0.0), radians(0.0002) * MOON_M),
        ((0.0, 45.0), (0.0, 45.000001), radians(0.000001) * MOON_M),
        ((30.0, 89.9999), (210.0, 89.9999), radians(0.0002) * MOON_M),
    ],
)
def test_distance_is_exact_for_metres_and_for_antipodes(
    a: LonLat, b: LonLat, metres: float
) -> None:
    assert distance(a, b) * MOON_M == pytest.approx(metres, rel=1e-8, abs=1e-8)


def test_pole_lies_in_the_triangle_around_it() -> None:
    assert contains(AROUND_POLE, 77.0, -90.0)
    assert not contains(AROUND_POLE, 77.0, 90.0)
    assert unit_box(AROUND_POLE)[4] < -1.0
    assert meets_cap(AROUND_POLE, 0.0, -90.0, 0.0)


def test_ring_across_the_180th_meridian_is_narrow() -> None:
    strip = Polygon((oriented([(179, -1), (-179, -1), (-179, 1), (179, 1)]),))

    assert contains(strip, 180, 0)
    assert contains(strip, -179.5, 0.5)
    assert not contains(strip, 0, 0)
    assert not meets_cap(strip, 0, 0, radians(178))
    assert meets_cap(strip, 0, 0, radians(179.001))


def test_edge_bulges_beyond_its_ends() -> None:
    """The great circle from (-60, 45) to (60, 45) climbs to atan(1 / cos 60) = 63.43 degrees."""
    box = unit_box(Polygon((oriented([(-60, 45), (60, 45), (0, 40)]),)))

    assert box[5] == pytest.approx(sin(radians(63.434948822922)), abs=2e-7)


def test_box_of_a_lunar_quarter_is_known_by_hand() -> None:
    box = unit_box(LatLonBox(170, -60, -170, 60))

    expected = (-1, -0.5 * cos(radians(10)), -sin(radians(10)), sin(radians(10)), -sqrt(0.75))
    assert box[:5] == pytest.approx(expected, abs=2e-7)


def test_full_circle_reaches_every_longitude() -> None:
    ring = LatLonBox(-180, 80, 180, 90)

    assert contains(ring, 12, 85)
    assert meets_cap(ring, -77, 79.9, radians(0.2))
    assert not meets_cap(ring, -77, 79.0, radians(0.9))


@pytest.mark.parametrize("lon", [-180.0, 180.0])
def test_meridian_180_belongs_to_a_box_that_ends_there(lon: float) -> None:
    assert contains(LatLonBox(170, -5, 180, 5), lon, 0)
    assert contains(LatLonBox(-180, -5, -170, 5), lon, 0)


def test_point_is_met_by_a_site_that_reaches_it() -> None:
    place = Point(-179.99, -89.0)

    assert meets_cap(place, 179.99, -89.0, 1e-5)
    assert not meets_cap(place, 179.99, -89.0, 5e-6)


def test_site_as_large_as_the_body_meets_everything() -> None:
    assert meets_cap(Point(0, 0), 180, 0, pi)
    assert cap_box(33, 44, pi) == pytest.approx((-1, 1, -1, 1, -1, 1), abs=2e-7)


def test_cap_box_of_the_pole_is_its_parallel() -> None:
    edge = sin(radians(10))

    assert cap_box(0, -90, radians(10)) == pytest.approx(
        (-edge, edge, -edge, edge, -1, -cos(radians(10))), abs=2e-7
    )


def test_either_direction_gives_the_same_interior() -> None:
    vertices = [(10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0), (10.0, 10.0)]

    one, other = oriented(vertices), oriented(vertices[::-1])

    assert len(one) == len(other) == 4
    assert contains(Polygon((one,)), 15, 15)
    assert contains(Polygon((other,)), 15, 15)
    assert not contains(Polygon((one,)), 25, 15)


def test_rectangle_that_runs_to_the_pole_and_back_is_the_cap() -> None:
    """As labels write it who think of the map: two of its corners are the one pole."""
    ring = oriented(
        [(-180, -80), (-90, -80), (0, -80), (90, -80), (180, -80), (180, -90), (-180, -90)]
    )

    assert len(ring) == 4
    assert contains(Polygon((ring,)), 33, -90)
    assert not contains(Polygon((ring,)), 33, -70)


@pytest.mark.parametrize(
    "vertices",
    [
        [(0, 0), (1, 1)],
        [(0, 0), (1, 1), (0, 0), (1, 1)],
        [(0, 90), (90, 90), (10, 0)],
        [(0, 0), (180, 0), (90, 80)],
        [(0, 0), (10, 91), (20, 0)],
        [(0, 0), (float("nan"), 1), (20, 0)],
    ],
)
def test_what_encloses_nothing_is_refused(vertices: list[LonLat]) -> None:
    with pytest.raises(ValueError, match=r"places|great circle|longitude"):
        oriented(vertices)


def test_slit_to_a_hole_leaves_the_interior_whole() -> None:
    """An outline that runs to its hole along a line and back along the same line."""
    slit = Polygon(
        (
            (
                (0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0),
                (4.0, 4.0), (4.0, 6.0), (6.0, 6.0), (6.0, 4.0), (4.0, 4.0),
            ),
        )
    )  # fmt: skip

    assert contains(slit, 2.0, 1.9)
    assert contains(slit, 1.9, 2.0)
    assert contains(slit, 2.0, 2.0013)
    assert not contains(slit, 5.0, 5.0)


def test_few_and_many_arcs_give_the_same_numbers() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        vertices = rng.normal(size=(3, 9))
        vertices /= np.linalg.norm(vertices, axis=0)
        few = FewArcs([tuple(column) for column in vertices.T.tolist()])
        many = ManyArcs(vertices)
        place = tuple(rng.normal(size=3).tolist())
        length = sqrt(sum(x * x for x in place))
        place = (place[0] / length, place[1] / length, place[2] / length)

        assert many.nearest(place) == pytest.approx(few.nearest(place), rel=1e-12)
        assert many.fan(place) == pytest.approx(few.fan(place), rel=1e-9, abs=1e-12)
        assert many.bounds() == pytest.approx(few.bounds(), rel=1e-12)
        assert many.total == pytest.approx(few.total)
        assert many.seen_from(few.first) == pytest.approx(few.seen_from(many.first))
