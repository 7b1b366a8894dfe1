"""Mean-Earth and principal axes: against SPICE and NAIF's own kernel."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from perilune.model.footprint import LatLonBox, Point, Polygon
from perilune.moon.frames import moved_to_mean_earth, shift_m, to_mean_earth
from perilune.moon.ring import unit_vector

PLACES = [(0.0, -90.0), (0.0, 90.0), (222.7, -89.45), (0.0, 0.0), (90.0, 0.0), (-130.0, 47.0)]


def test_at_the_pole_the_frames_are_662_metres_apart() -> None:
    assert shift_m((0.0, -90.0)) == pytest.approx(661.7, abs=0.1)
    assert shift_m((0.0, 90.0)) == pytest.approx(661.7, abs=0.1)
    assert shift_m((0.0, 0.0)) == pytest.approx(874.7, abs=0.1)


@pytest.mark.parametrize("place", PLACES)
def test_places_are_moved_as_spice_moves_them(
    place: tuple[float, float], shared: Callable[[str], Path]
) -> None:
    spice = pytest.importorskip("spiceypy")
    kernels = [
        str(shared(f"data/moon/kernels/{name}"))
        for name in ("moon_080317.tf", "moon_pa_de421_1900-2050.bpc")
    ]
    spice.kclear()
    spice.furnsh(kernels)
    try:
        turn = np.asarray(spice.pxform("MOON_PA_DE421", "MOON_ME_DE421", 0.0))
    finally:
        spice.kclear()

    moved = unit_vector(*to_mean_earth(place))

    assert np.array(moved) == pytest.approx(turn @ np.array(unit_vector(*place)), abs=1e-12)


def test_a_shape_moves_with_its_corners_and_a_box_stays() -> None:
    triangle = Polygon((((0.0, -89.0), (120.0, -89.0), (240.0, -89.0)),))

    moved = moved_to_mean_earth(triangle)

    assert isinstance(moved, Polygon)
    assert moved.rings[0] == tuple(map(to_mean_earth, triangle.rings[0]))
    assert moved_to_mean_earth(Point(0.0, -90.0)) == Point(*to_mean_earth((0.0, -90.0)))
    box = LatLonBox(0.0, -90.0, 10.0, -80.0)
    assert moved_to_mean_earth(box) == box
