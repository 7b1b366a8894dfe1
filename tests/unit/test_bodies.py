"""Radii of bodies, against the table of the IAU working group."""

import pytest

from perilune.moon.bodies import LUNAR_CRS, find_body, radius_m


@pytest.mark.parametrize(
    ("name", "kilometres"),
    [("Moon", 1737.4), ("Mars", 3389.5), ("Mercury", 2439.4), ("Venus", 6051.8), ("Ceres", 470.0)],
)
def test_radius_is_that_of_the_iau_report_of_2015(name: str, kilometres: float) -> None:
    assert radius_m(name) == kilometres * 1000


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
