"""Radii of bodies, against the table of the IAU working group."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from perilune.moon.bodies import LUNAR_CRS, find_body, radius_m


@pytest.mark.parametrize(
    ("name", "kilometres"),
    [("Moon", 1737.4), ("Mars", 3389.5), ("Mercury", 2439.4), ("Venus", 6051.8), ("Ceres", 470.0)],
)
def test_radius_is_that_of_the_iau_report_of_2015(name: str, kilometres: float) -> None:
    assert radius_m(name) == kilometres * 1000


PCK = {
    "Mercury": 199, "Venus": 299, "Moon": 301, "Earth": 399, "Mars": 499, "Phobos": 401,
    "Deimos": 402, "Ceres": 2000001, "Vesta": 2000004, "Itokawa": 2025143, "Jupiter": 599,
    "Io": 501, "Europa": 502, "Ganymede": 503, "Callisto": 504, "Saturn": 699, "Titan": 606,
    "Enceladus": 602, "Pluto": 999,
}  # fmt: skip


@pytest.mark.parametrize("name", PCK)
def test_radius_lies_between_the_axes_of_naifs_kernel(
    name: str, shared: Callable[[str], Path]
) -> None:
    text = shared("data/moon/kernels/pck00011.tpc").read_text()
    row = re.findall(rf"BODY{PCK[name]}_RADII\s*=\s*\(([\d.\s]+)\)", text)[-1]
    axes = [float(axis) * 1000 for axis in row.split()]

    radius = radius_m(name)

    assert radius is not None
    assert min(axes) <= radius <= max(axes)


@pytest.mark.parametrize("name", ["MOON", "moon", " Moon "])
def test_name_matches_whatever_its_case(name: str) -> None:
    assert find_body(name) == find_body("Moon")


@pytest.mark.parametrize("name", ["1 Ceres", "(1) CERES", "ceres"])
def test_number_of_a_minor_planet_is_skipped(name: str) -> None:
    assert radius_m(name) == 470_000.0


@pytest.mark.parametrize("name", ["", "Nibiru", "1", "1 2"])
def test_unknown_body_has_no_radius(name: str) -> None:
    assert find_body(name) is None
    assert radius_m(name) is None


def test_views_of_the_moon_have_their_registered_codes() -> None:
    assert LUNAR_CRS["south"] == "IAU_2015:30135"
    assert LUNAR_CRS["north"] == "IAU_2015:30130"
    assert LUNAR_CRS["global"] == "IAU_2015:30110"
