"""Slope and roughness: planes and waves of known steepness, true distances, Horn as GDAL has it."""

import math

import numpy as np
import pytest

from perilune.moon.bodies import MOON
from perilune.moon.grids import TangentGrid
from perilune.moon.slope import baseline_m, roughness_m, slope_deg

GRID = TangentGrid(30.0, -88.0, 41, 100.0)


@pytest.mark.parametrize("reach", [1, 2, 5])
@pytest.mark.parametrize("steep_deg", [0.0, 3.0, 15.0, 40.0])
def test_a_tilted_plane_is_as_steep_as_it_is_at_any_baseline(steep_deg: float, reach: int) -> None:
    x, y = GRID.plane()
    heights = math.tan(math.radians(steep_deg)) * (0.6 * x + 0.8 * y)

    slopes = slope_deg(heights, GRID, reach=reach)

    assert slopes[20, 20] == pytest.approx(steep_deg, abs=1e-4)
    assert np.isnan(slopes[:reach]).all()
    assert np.isfinite(slopes[reach:-reach, reach:-reach]).all()


def test_distances_are_those_on_the_ground_not_on_the_plane() -> None:
    """Heights that rise by 0.1 m a metre of arc from the middle, out to 20 degrees."""
    grid = TangentGrid(0.0, -90.0, 401, 3_000.0)
    heights = 0.1 * grid.distance_m() - 50_000.0

    slopes = slope_deg(heights, grid)

    for column in (260, 300, 390):
        ground = MOON.radius_m + heights[200, column]
        expected = math.degrees(math.atan(0.1 * MOON.radius_m / ground))
        assert slopes[200, column] == pytest.approx(expected, abs=0.01)


def test_slopes_are_those_of_horn_as_gdal_computes_them() -> None:
    """gdaldem slope's formula, written out for one pixel of rough ground."""
    z = np.random.default_rng(3).normal(0.0, 20.0, (41, 41))
    a, b, c, d, _, f, g, h, i = z[11:14, 25:28].ravel()
    east = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * 100.0)
    north = ((a + 2 * b + c) - (g + 2 * h + i)) / (8 * 100.0)

    slopes = slope_deg(z, GRID)

    assert slopes[12, 26] == pytest.approx(
        math.degrees(math.atan(math.hypot(east, north))), abs=0.01
    )


def test_a_gap_leaves_the_slopes_about_it_unknown() -> None:
    heights = np.zeros((41, 41))
    heights[20, 20] = np.nan

    assert np.isnan(slope_deg(heights, GRID)[19:22, 19:22]).sum() == 9
    assert np.isnan(roughness_m(heights)[19:22, 19:22]).sum() == 9


def test_roughness_is_what_a_plane_leaves() -> None:
    x, y = GRID.plane()
    noise = np.random.default_rng(4).normal(0.0, 2.0, (41, 41))
    noise -= noise.mean()

    even = roughness_m(0.2 * x - 0.1 * y, reach=3)
    rough = roughness_m(0.2 * x - 0.1 * y + noise, reach=3)

    assert np.nanmax(even) < 1e-3
    window = (0.2 * x - 0.1 * y + noise)[10:17, 20:27].ravel()
    u, v = x[10:17, 20:27].ravel(), y[10:17, 20:27].ravel()
    terms = np.stack([np.ones_like(u), u, v], axis=1)
    left = window - terms @ np.linalg.lstsq(terms, window, rcond=None)[0]
    assert rough[13, 23] == pytest.approx(math.sqrt((left**2).mean()), rel=1e-5)


def test_a_grid_too_small_for_the_baseline_knows_no_slope() -> None:
    grid = TangentGrid(0.0, 0.0, 5, 10.0)

    assert np.isnan(slope_deg(np.zeros((5, 5)), grid, reach=3)).all()
    assert np.isnan(roughness_m(np.zeros((5, 5)), reach=3)).all()
    assert baseline_m(grid, 3) == 60.0
