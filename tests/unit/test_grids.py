"""Grids: places, areas and directions, against PROJ's own formulas and closed ones."""

import math

import numpy as np
import pytest

from perilune.moon.bodies import MOON
from perilune.moon.grids import TangentGrid
from perilune.moon.projection import to_xy


@pytest.mark.parametrize("pole", ["south", "north"])
def test_the_middle_is_the_pole_and_right_is_90_east(pole: str) -> None:
    grid = TangentGrid.polar(pole, 101, 1_000.0)  # type: ignore[arg-type]  # pytest gives plain text
    lon, lat = grid.lonlat()
    sign = 1 if pole == "north" else -1

    assert lat[50, 50] == sign * 90.0
    assert lon[50, 100] == pytest.approx(90.0)
    assert lon[0, 50] == pytest.approx(0.0 if pole == "south" else 180.0)
    away = math.degrees(math.atan(50_000.0 / MOON.radius_m))
    assert lat[50, 100] == pytest.approx(sign * (90.0 - away))


@pytest.mark.parametrize("pole", ["south", "north"])
def test_every_pixel_is_found_again_by_its_place(pole: str) -> None:
    grid = TangentGrid.polar(pole, 41, 7_000.0)  # type: ignore[arg-type]  # pytest gives plain text
    lon, lat = grid.lonlat()

    for row, column in [(0, 0), (3, 40), (20, 20), (40, 1), (12, 33)]:
        assert grid.row_column(lon[row, column], lat[row, column]) == (row, column)


def test_pixels_cover_the_cap_that_the_sphere_has() -> None:
    """Area of a cap: 2 pi R^2 (1 - sin lat)."""
    grid = TangentGrid.reaching((0.0, -90.0), math.radians(10.0) * MOON.radius_m, 1_000.0)
    _, lat = grid.lonlat()

    area = grid.area_km2()[lat <= -80.0].sum()

    cap = 2 * math.pi * (MOON.radius_m / 1_000.0) ** 2 * (1 - math.sin(math.radians(80.0)))
    assert area == pytest.approx(cap, rel=1e-3)


def test_great_circles_are_straight_lines() -> None:
    """Three places on one great circle lie on one line of the grid."""
    start, end = np.array([0.05, 0.02, -1.0]), np.array([-0.08, 0.07, -1.0])
    rows = []
    for part in (0.0, 0.3, 1.0):
        at = start + part * (end - start)  # in the plane of the great circle
        lon = math.degrees(math.atan2(at[1], at[0]))
        lat = math.degrees(math.asin(at[2] / np.linalg.norm(at)))
        rows.append(TangentGrid.polar("south", 4_001, 100.0).row_column(lon, lat))
    (a, b, c) = np.array(rows, float)

    across = (b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0]
    assert abs(across) / np.linalg.norm(c - a) <= 1.0


@pytest.mark.parametrize(("lon", "lat"), [(0.0, -60.0), (10.0, 0.0), (0.0, 90.0)])
def test_a_place_beyond_the_grid_is_said_to_be_so(lon: float, lat: float) -> None:
    with pytest.raises(ValueError, match="beyond the grid about -90 N"):
        TangentGrid.polar("south", 101, 100.0).row_column(lon, lat)


@pytest.mark.parametrize(("size", "pixel_m"), [(100, 1.0), (1, 1.0), (3, 0.0), (3, -5.0)])
def test_a_grid_without_a_middle_or_size_is_refused(size: int, pixel_m: float) -> None:
    with pytest.raises(ValueError, match=r"grid|pixels"):
        TangentGrid.polar("south", size, pixel_m)


@pytest.mark.parametrize("place", [(0.0, -90.0), (222.0, -89.5), (-31.0, 48.0), (179.9, 0.0)])
def test_places_lie_where_proj_puts_them(place: tuple[float, float]) -> None:
    """PROJ's gnomonic projection, through rasterio; its page has north up."""
    warp = pytest.importorskip("rasterio.warp")
    grid = TangentGrid(*place, 21, 2_000.0)
    lon, lat = grid.lonlat()
    target = f"+proj=gnom +lat_0={place[1]} +lon_0={place[0]} +R={MOON.radius_m}"
    east, north = np.array(
        warp.transform(f"+proj=longlat +R={MOON.radius_m}", target, lon.ravel(), lat.ravel())
    )

    x, y = grid.xy(lon, lat)

    turn = math.radians(grid.turn_deg)
    assert x.ravel() == pytest.approx(math.cos(turn) * east - math.sin(turn) * north, abs=1e-3)
    assert y.ravel() == pytest.approx(math.sin(turn) * east + math.cos(turn) * north, abs=1e-3)


@pytest.mark.parametrize(
    ("place", "toward"),
    [
        ((222.0, -89.0), (222.0, -88.9)),
        ((40.0, -70.0), (40.0, -69.9)),
        ((40.0, 80.0), (40.0, 79.9)),
    ],
)
def test_the_page_is_turned_as_the_polar_maps_are(
    place: tuple[float, float], toward: tuple[float, float]
) -> None:
    """The way from the pole points on the grid where it points on the polar stereographic map."""
    view = "south" if place[1] < 0 else "north"
    grid = TangentGrid(*place, 21, 2_000.0)

    x, y = grid.xy(*toward)

    here, there = to_xy(*place, view), to_xy(*toward, view)
    on_map = math.atan2(float(there[0] - here[0]), float(there[1] - here[1]))
    assert math.atan2(float(x), float(y)) == pytest.approx(on_map, abs=1e-6)


def test_a_grid_reaches_as_far_as_it_is_asked_to() -> None:
    grid = TangentGrid.reaching((10.0, -85.0), 50_000.0, 300.0)

    assert grid.distance_m()[0].min() >= 50_000.0
    assert grid.core(grid.size - 2).distance_m()[0].min() < 50_000.0
    with pytest.raises(ValueError, match="reaches up to 60 degrees"):
        TangentGrid.reaching((0.0, 0.0), 3_000_000.0, 1_000.0)
