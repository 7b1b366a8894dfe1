"""Horizons: against closed formulas of the sphere, and against plain ray marching."""

import math

import numpy as np
import pytest

from perilune.moon.bodies import MOON
from perilune.moon.grids import TangentGrid, Terrain
from perilune.moon.horizon import NOTHING_DEG, horizon_deg

RADIUS_M = MOON.radius_m
PIXEL_M = 100.0


def terrain(heights: np.ndarray) -> Terrain:
    return Terrain.of(TangentGrid.polar("south", len(heights), PIXEL_M), heights)


@pytest.mark.parametrize("observer_m", [2.0, 100.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 40.0, 90.0, 200.0, 333.3])
def test_over_even_ground_the_horizon_dips_as_the_sphere_curves(
    observer_m: float, azimuth_deg: float
) -> None:
    """Dip = arccos(R / (R + h)), to 1e-5 degree."""
    heights = np.zeros((801, 801), np.float32)

    seen = horizon_deg(terrain(heights), azimuth_deg, observer_m=observer_m)

    dip = -math.degrees(math.acos(RADIUS_M / (RADIUS_M + observer_m)))
    assert seen[400, 400] == pytest.approx(dip, abs=1e-5)


def test_from_the_middle_of_a_crater_the_rim_stands_as_high_as_trigonometry_says() -> None:
    """A bowl 4 km deep and 20 km wide; the rim lies at an angle of atan(10 km / R)."""
    x, y = np.meshgrid(*[(np.arange(801) - 400) * PIXEL_M] * 2)
    away = np.hypot(x, y)
    heights = np.where(away < 10_000.0, 4_000.0 * ((away / 10_000.0) ** 2 - 1.0), 0.0)
    angle = math.atan(10_000.0 / RADIUS_M)
    up = RADIUS_M * math.cos(angle) - (RADIUS_M - 4_000.0)
    rim = math.degrees(math.atan2(up, RADIUS_M * math.sin(angle)))

    seen = [horizon_deg(terrain(heights), azimuth)[400, 400] for azimuth in range(0, 360, 23)]

    assert max(abs(each - rim) for each in seen) <= 0.1


def marched(heights: np.ndarray, row: int, column: int, azimuth_deg: float) -> float:
    """The highest point met on the way, in steps of a quarter of a pixel, in three dimensions."""
    half = (heights.shape[0] - 1) / 2
    right, up = math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))
    step = np.arange(0.25, 2 * heights.shape[0], 0.25)
    j, i = column + step * right, row - step * up
    inside = (i >= 0) & (j >= 0) & (i < 2 * half) & (j < 2 * half)
    i, j = i[inside], j[inside]
    i0, j0 = i.astype(int), j.astype(int)
    y, x = i - i0, j - j0
    height = (
        heights[i0, j0] * (1 - y) * (1 - x)
        + heights[i0, j0 + 1] * (1 - y) * x
        + heights[i0 + 1, j0] * y * (1 - x)
        + heights[i0 + 1, j0 + 1] * y * x
    )

    def place(i: np.ndarray, j: np.ndarray, height: np.ndarray) -> np.ndarray:
        away = np.stack([(j - half) * PIXEL_M, (half - i) * PIXEL_M, np.full(j.shape, RADIUS_M)])
        return away / np.linalg.norm(away, axis=0) * (RADIUS_M + height)

    eye = place(
        np.array([float(row)]), np.array([float(column)]), np.array([heights[row, column] + 2.0])
    )
    sight = place(i, j, height) - eye
    zenith = eye / np.linalg.norm(eye)
    return float(
        np.degrees(np.arcsin((sight * zenith).sum(0) / np.linalg.norm(sight, axis=0))).max()
    )


def rough(size: int, seed: int) -> np.ndarray:
    """Hills of three sizes."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(*[np.arange(size)] * 2)
    heights = np.zeros((size, size))
    for wave_px, height_m in ((80, 900.0), (25, 250.0), (9, 60.0)):
        for _ in range(12):
            angle, phase = random.uniform(0, 2 * np.pi, 2)
            along = x * np.cos(angle) + y * np.sin(angle)
            heights += height_m / 4 * np.sin(2 * np.pi * along / wave_px + phase)
    return heights.astype(np.float32)


def test_on_rough_ground_it_sees_what_ray_marching_sees() -> None:
    heights = rough(401, 3)
    random = np.random.default_rng(7)
    differences = []
    for azimuth in random.uniform(0, 360, 12):
        seen = horizon_deg(terrain(heights), azimuth, observer_m=2.0)
        for row, column in random.integers(60, 340, (10, 2)):
            differences.append(abs(seen[row, column] - marched(heights, row, column, azimuth)))

    assert np.median(differences) <= 0.03
    assert np.quantile(differences, 0.9) <= 0.2


def test_a_wall_shows_where_it_stands_and_nowhere_else() -> None:
    """Rows run down the page and azimuths clockwise from up: not mirrored, not turned."""
    heights = np.zeros((101, 101), np.float32)
    heights[50, 70] = 2_000.0

    toward = {
        azimuth: horizon_deg(terrain(heights), azimuth)[50, 50] for azimuth in (0, 90, 180, 270)
    }

    assert toward[90] == pytest.approx(math.degrees(math.atan2(2_000.0, 2_000.0)), abs=0.1)
    assert max(toward[azimuth] for azimuth in (0, 180, 270)) < 0.1


def test_at_the_edge_there_is_nothing_outward() -> None:
    assert horizon_deg(terrain(np.zeros((5, 5))), 0.0)[0, 2] == NOTHING_DEG


@pytest.mark.parametrize(
    ("heights", "words"),
    [
        (np.zeros((3, 5)), "do not fit the grid about -90 N, 0 E of 3 x 3"),
        (np.zeros(9), "do not fit"),
        (np.full((3, 3), np.nan), "fill gaps"),
    ],
    ids=["not square", "a line", "a gap"],
)
def test_what_is_no_terrain_is_refused(heights: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Terrain.of(TangentGrid.polar("south", 3, PIXEL_M), heights)


@pytest.mark.parametrize("azimuth_deg", [0.0, 31.0, 45.0, 88.0, 90.0, 135.5, 180.0, 211.0, 300.0])
@pytest.mark.parametrize("core", [3, 7, 41, 81])
def test_the_core_alone_has_the_horizons_that_it_has_in_the_whole(
    core: int, azimuth_deg: float
) -> None:
    heights = np.random.default_rng(8).normal(0.0, 300.0, (81, 81)).astype(np.float32)
    cut = slice((81 - core) // 2, (81 + core) // 2)

    whole = horizon_deg(terrain(heights), azimuth_deg)
    alone = horizon_deg(
        Terrain.of(TangentGrid.polar("south", 81, PIXEL_M), heights, core=core), azimuth_deg
    )

    assert np.array_equal(alone, whole[cut, cut])


def test_a_core_larger_than_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="a core of 83 pixels is larger"):
        Terrain.of(TangentGrid.polar("south", 81, PIXEL_M), np.zeros((81, 81)), core=83)
