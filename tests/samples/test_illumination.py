"""Light at the Moon's south pole, on real terrain: against print, and against plain ray marching.

Terrain: the LOLA and GLD100 model of 74-90 S at 64 pixels a degree. References: Mazarico et al.
(2011), Icarus 211, 1066 (permanent shadow); Glaeser et al. (2014), Icarus 243, 78 (the Connecting
Ridge is the best lit); Bussey et al. (2010), Icarus 208, 558 (88.74 S 124.5 E); SPICE for the Sun.
"""

import math
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from perilune.moon.bodies import MOON
from perilune.moon.ephemeris import SUN_RADIUS_M, Ephemeris
from perilune.moon.grids import TangentGrid, Terrain
from perilune.moon.illumination import (
    Course,
    Visibility,
    longest_run,
    thresholds_deg,
    visibility,
    visible_share,
)

IS_LONG = "PERILUNE_TORTURE" in os.environ
CHECKED = 500 if IS_LONG else 25
STEP_H = 2 if IS_LONG else 6
PIXEL_M = 480.0
SAMPLES = 4
"""A pixel's height is the mean of so many squared: near the pole the model has a column every
few metres, and single ones of them would make the ground rougher than it is."""
AZIMUTHS = 720 if IS_LONG else 360
LIMIT = -80.0 if IS_LONG else -87.0
RADIUS_KM = MOON.radius_m / 1_000.0

pytestmark = pytest.mark.skipif(
    find_spec("lunarsky") is None or find_spec("skyfield_data") is None,
    reason="needs the kernels of lunarsky and skyfield-data: make .venv/maps",
)

Array = np.ndarray


@pytest.fixture(scope="module")
def grid() -> TangentGrid:
    """The cap to 75 S; the fast form knows the terrain to 140 km from the pole only."""
    return TangentGrid.reaching(
        (0.0, -90.0), math.radians(14.8 if IS_LONG else 4.6) * MOON.radius_m, PIXEL_M
    )


@pytest.fixture(scope="module")
def heights(shared: Callable[[str], Path], grid: TangentGrid) -> Array:
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(shared("data/moon/dem/moon_south_74S-90S_64ppd.tif")) as source:
        terrain = source.read(1).astype(np.float64)
    x, y = grid.plane()
    parts = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    total = sum(
        between(terrain, grid, x + right * grid.pixel_m, y + up * grid.pixel_m)
        for right in parts
        for up in parts
    )
    return np.asarray(total / SAMPLES**2).astype(np.float32)


def between(terrain: Array, grid: TangentGrid, x: Array, y: Array) -> Array:
    """The terrain, given by latitude and longitude, at places of the south-polar plane."""
    lat = np.degrees(np.arctan(np.hypot(x, y) / grid.radius_m)) - 90.0
    row = np.clip((-74.0 - lat) * 64.0 - 0.5, 0.0, terrain.shape[0] - 1.001)
    column = np.degrees(np.arctan2(x, y)) % 360.0 * 64.0 - 0.5
    i, j = np.floor(row).astype(int), np.floor(column).astype(int)
    v, u = row - i, column - j
    wide = terrain.shape[1]
    return np.asarray(
        terrain[i, j % wide] * (1 - v) * (1 - u)
        + terrain[i, (j + 1) % wide] * (1 - v) * u
        + terrain[i + 1, j % wide] * v * (1 - u)
        + terrain[i + 1, (j + 1) % wide] * v * u
    )


@pytest.fixture(scope="module")
def sun() -> Array:
    """Over 18.6 years."""
    times = np.arange(
        np.datetime64("2017-01-01"), np.datetime64("2035-08-15"), np.timedelta64(STEP_H, "h")
    )
    with Ephemeris.open() as ephemeris:
        return ephemeris.positions_m("sun", times)


@pytest.fixture(scope="module")
def course(sun: Array, grid: TangentGrid) -> Course:
    return Course.of(sun, grid, body_radius_m=SUN_RADIUS_M)


@pytest.fixture(scope="module")
def seen(heights: Array, grid: TangentGrid, course: Course) -> Visibility:
    (seen,) = visibility(Terrain.of(grid, heights), [course], azimuths=AZIMUTHS)
    return seen


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Along the sphere, between (lat, lon) in degrees."""
    (lat_a, lon_a), (lat_b, lon_b) = np.radians(a), np.radians(b)
    cosine = np.sin(lat_a) * np.sin(lat_b) + np.cos(lat_a) * np.cos(lat_b) * np.cos(lon_a - lon_b)
    return float(RADIUS_KM * np.arccos(min(1.0, cosine)))


def best(grid: TangentGrid, mean: Array, count: int, apart_km: float) -> list[tuple[float, float]]:
    """The best-lit places, each at least ``apart_km`` from the ones before it."""
    lon, lat = grid.lonlat()
    shown = np.where(lat <= LIMIT, mean, -1.0).ravel()
    found: list[tuple[float, float]] = []
    for place in np.argsort(-shown)[:20_000]:
        here = float(lat.flat[place]), float(lon.flat[place])
        if all(distance_km(here, each) > apart_km for each in found):
            found.append(here)
            if len(found) == count:
                break
    return found


def test_the_best_lit_place_lies_on_the_connecting_ridge(
    grid: TangentGrid, seen: Visibility
) -> None:
    """The ridge runs from Shackleton to de Gerlache about 89.45 S 222.7 E."""
    (place,) = best(grid, seen.mean, 1, 0.0)

    assert distance_km(place, (-89.45, 222.69)) < 5.0


def test_one_of_the_best_places_is_the_one_of_bussey_2010(
    grid: TangentGrid, seen: Visibility
) -> None:
    places = best(grid, seen.mean, 12, 8.0)

    assert min(distance_km(place, (-88.74, 124.5)) for place in places) < 3.0


def test_mean_visibility_and_shadow_are_those_of_ray_marching(
    grid: TangentGrid, heights: Array, sun: Array, seen: Visibility
) -> None:
    """Each ray is walked in quarter pixels over the terrain, for every position of the Sun."""
    random = np.random.default_rng(26)
    _, lat = grid.lonlat()
    inside = np.flatnonzero(lat <= LIMIT)
    differences, shadows = [], []
    for place in random.choice(inside, CHECKED, replace=False):
        row, column = divmod(int(place), grid.size)
        share = marched_share(grid, heights, row, column, sun)
        differences.append(abs(float(share.mean()) - float(seen.mean[row, column])))
        shadows.append(bool(share.max() > 0) == bool(seen.is_ever[row, column]))

    assert np.quantile(differences, 0.98) <= 0.02
    assert np.mean(shadows) >= 0.98


def marched_share(grid: TangentGrid, heights: Array, row: int, column: int, sun: Array) -> Array:
    """Part of the Sun's disc above the horizon of a pixel, at each position of the Sun."""
    half = (grid.size - 1) / 2
    x, y = (column - half) * grid.pixel_m, (half - row) * grid.pixel_m
    up = np.array([y, x, -grid.radius_m])  # right on the map is 90 E, up is 0 E
    up /= np.linalg.norm(up)
    eye = up * (grid.radius_m + heights[row, column])
    toward = sun - eye
    toward /= np.linalg.norm(toward, axis=1)[:, None]
    elevation = np.degrees(np.arcsin(toward @ up))
    ahead = up + 1e-6 * (toward - (toward @ up)[:, None] * up)
    step = grid.radius_m * ahead[:, :2] / -ahead[:, 2:] - np.array([y, x])
    azimuth = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 360.0

    directions = np.arange(0.0, 360.0, 0.5)
    horizon = np.array(
        [
            marched(grid, heights, eye, row=row, column=column, azimuth_deg=each)
            for each in directions
        ]
    )
    crest = np.interp(azimuth, np.append(directions, 360.0), np.append(horizon, horizon[0]))
    disc = np.degrees(np.arcsin(SUN_RADIUS_M / np.linalg.norm(sun, axis=1)))
    part = np.clip((elevation - crest) / disc, -1.0, 1.0)
    return np.asarray((np.arccos(-part) + part * np.sqrt(1.0 - part * part)) / np.pi)


def marched(
    grid: TangentGrid, heights: Array, eye: Array, *, row: int, column: int, azimuth_deg: float
) -> float:
    """The highest point met on the way, degrees, in steps of a quarter of a pixel."""
    half, size = (grid.size - 1) / 2, grid.size
    right, ahead = np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))
    steps = np.arange(0.25, 1.5 * size, 0.25)
    j, i = column + steps * right, row - steps * ahead
    inside = (i >= 0) & (j >= 0) & (i < size - 1) & (j < size - 1)
    i, j = i[inside], j[inside]
    above, left = i.astype(int), j.astype(int)
    y, x = i - above, j - left
    height = (
        heights[above, left] * (1 - y) * (1 - x)
        + heights[above, left + 1] * (1 - y) * x
        + heights[above + 1, left] * y * (1 - x)
        + heights[above + 1, left + 1] * y * x
    )
    way = np.stack(
        [(half - i) * grid.pixel_m, (j - half) * grid.pixel_m, np.full(len(i), -grid.radius_m)]
    )
    sight = way / np.linalg.norm(way, axis=0) * (grid.radius_m + height) - eye[:, None]
    zenith = eye / np.linalg.norm(eye)
    return float(np.degrees(np.arcsin((zenith @ sight) / np.linalg.norm(sight, axis=0))).max())


RIDGE = -89.46, 222.65
"""Where the ridge between Shackleton and de Gerlache is lit best, lat and lon."""
PLACES = {"Bussey": (-88.82, 123.5), "a slope": (-87.0, 30.0), "Shackleton": (-89.67, 129.8)}


@pytest.fixture(scope="module")
def shares(heights: Array, grid: TangentGrid, course: Course) -> dict[str, Array]:
    """Part of the Sun seen at each time: on `PLACES`, and on the best pixel of `RIDGE`."""
    row, column = grid.row_column(RIDGE[1], RIDGE[0])
    pixels = [grid.row_column(lon, lat) for lat, lon in PLACES.values()]
    pixels += [(row + i, column + j) for i in range(-3, 4) for j in range(-3, 4)]
    hidden = thresholds_deg(Terrain.of(grid, heights), pixels, azimuths=AZIMUTHS // 2)
    seen = visible_share(hidden, course)
    best = seen[len(PLACES) :].mean(axis=1).argmax()
    return {**dict(zip(PLACES, seen, strict=False)), "ridge": seen[len(PLACES) + best]}


def test_the_timeline_of_a_pixel_has_the_mean_of_the_map(
    grid: TangentGrid, shares: dict[str, Array], seen: Visibility
) -> None:
    """The two ways to the same number: shares by declination, and time after time."""
    for name, (lat, lon) in PLACES.items():
        row, column = grid.row_column(lon, lat)

        assert float(shares[name].mean()) == pytest.approx(float(seen.mean[row, column]), abs=0.01)


def test_the_longest_night_of_the_ridge_is_days_and_of_a_cold_trap_all_the_time(
    shares: dict[str, Array],
) -> None:
    """Glaeser 2014 prints 3 to 5 days at 2 m on the ridge; this terrain is coarser."""
    dark = np.stack([shares["ridge"], shares["Shackleton"]]) <= 0.0

    ridge_h, trap_h = longest_run(dark, STEP_H)

    assert 24.0 <= ridge_h <= 15 * 24.0
    assert trap_h == pytest.approx(STEP_H * dark.shape[1])


@pytest.mark.torture
@pytest.mark.skipif(not IS_LONG, reason="needs minutes: make torture")
def test_permanent_shadow_covers_what_mazarico_2011_found(
    grid: TangentGrid, seen: Visibility
) -> None:
    """16,055 km2 between 80 and 90 S."""
    _, lat = grid.lonlat()
    dark = grid.area_km2()[(lat <= -80.0) & ~seen.is_ever].sum()

    assert dark == pytest.approx(16_055.0, rel=0.02)
