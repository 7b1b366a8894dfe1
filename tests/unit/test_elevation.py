"""Models of heights: three layouts, sampled on tangent grids; files that are none are refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from perilune.errors import MalformedRaster
from perilune.formats.elevation import ElevationFile
from perilune.moon.bodies import MOON
from perilune.moon.elevation import ElevationModel
from perilune.moon.grids import TangentGrid
from perilune.moon.projection import to_lonlat

rasterio = pytest.importorskip("rasterio")
Array = np.ndarray
SOUTH = "+proj=stere +lat_0=-90 +lon_0=0 +k=1 +R=1737400 +units=m"


def ground(lon: Array, lat: Array) -> Array:
    """Heights that are smooth on the sphere, 1,000 m and some."""
    x = np.cos(np.radians(lat)) * np.cos(np.radians(lon))
    y = np.cos(np.radians(lat)) * np.sin(np.radians(lon))
    return np.asarray(1_000.0 + 4_000.0 * x - 2_500.0 * y + 900.0 * np.sin(40.0 * x * y))


def write(
    path: Path,
    heights: Array,
    crs: str | None,
    step: tuple[float, float, float, float],
    **more: object,
) -> Path:
    x, y, right, down = step
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=heights.shape[0],
        width=heights.shape[1],
        count=1,
        dtype=heights.dtype,
        crs=crs,
        transform=rasterio.Affine(right, 0.0, x, 0.0, down, y),
        **more,
    ) as target:
        target.write(heights, 1)
    return path


def polar_file(path: Path, pixel_m: float = 400.0, half: int = 150) -> Path:
    line = (np.arange(2 * half) - half + 0.5) * pixel_m
    x, y = np.meshgrid(line, -line)
    lon, lat = to_lonlat(x, y, "south")
    edge = half * pixel_m
    heights = ground(lon, lat).astype(np.float32)
    return write(path, heights, SOUTH, (-edge, edge, pixel_m, -pixel_m))


def geographic_file(
    path: Path, west: float = 0.0, columns: int = 1440, south: float = -90.0
) -> Path:
    lon = west + (np.arange(columns) + 0.5) * 0.25
    lat = -85.0 - (np.arange(round((-85.0 - south) / 0.02)) + 0.5) * 0.02
    heights = ground(*np.meshgrid(lon, lat)).astype(np.float32)
    return write(path, heights, "+proj=longlat +R=1737400", (west, -85.0, 0.25, -0.02))


@pytest.mark.parametrize("place", [(0.0, -90.0), (222.0, -89.4), (359.9, -89.0), (10.0, -88.6)])
@pytest.mark.parametrize("make", [polar_file, geographic_file], ids=["polar", "geographic"])
def test_heights_are_those_of_the_place(
    make: Callable[[Path], Path], place: tuple[float, float], tmp_path: Path
) -> None:
    grid = TangentGrid(*place, 21, 700.0)

    found = ElevationFile.look(make(tmp_path / "a.tif")).read(grid).sampled(grid)

    assert np.abs(found - ground(*grid.lonlat())).max() < 3.0


def test_a_regional_model_may_cross_the_meridian_where_longitudes_begin(tmp_path: Path) -> None:
    path = geographic_file(tmp_path / "a.tif", west=330.0, columns=240, south=-88.0)
    grid = TangentGrid(2.0, -86.5, 21, 500.0)

    found = ElevationFile.look(path).read(grid).sampled(grid)

    assert np.abs(found - ground(*grid.lonlat())).max() < 3.0


def test_what_the_model_does_not_reach_has_no_height(tmp_path: Path) -> None:
    grid = TangentGrid(0.0, -90.0, 401, 400.0)

    found = ElevationFile.look(polar_file(tmp_path / "a.tif")).read(grid).sampled(grid)

    inside = grid.distance_m() < 59_000.0
    assert np.isfinite(found[inside]).all()
    assert np.isnan(found[grid.distance_m() > 90_000.0]).all()


def test_a_fine_model_is_averaged_to_the_pixels_asked_for(tmp_path: Path) -> None:
    path = polar_file(tmp_path / "a.tif", pixel_m=100.0, half=300)
    grid = TangentGrid(0.0, -90.0, 31, 1_000.0)

    model = ElevationFile.look(path).read(grid)

    assert model.pixel_m == pytest.approx(1_000.0, rel=0.02)
    assert np.abs(model.sampled(grid) - ground(*grid.lonlat())).max() < 3.0


def test_pixels_lie_where_proj_puts_them(tmp_path: Path) -> None:
    """PROJ's own inverse, through rasterio, of a model whose heights are its columns."""
    line = (np.arange(100) - 49.5) * 500.0
    x, _ = np.meshgrid(line, -line)
    path = write(tmp_path / "a.tif", x.astype(np.float32) / 10, SOUTH, (-25e3, 25e3, 500.0, -500.0))
    grid = TangentGrid(70.0, -89.6, 9, 900.0)
    from rasterio.warp import transform  # noqa: PLC0415

    lon, lat = grid.lonlat()
    expected, _ = transform("+proj=longlat +R=1737400", SOUTH, lon.ravel(), lat.ravel())

    found = ElevationFile.look(path).read(grid).sampled(grid)

    assert found.ravel() * 10 == pytest.approx(np.array(expected), abs=0.5)


def test_the_lola_model_agrees_with_its_other_projection(shared: Callable[[str], Path]) -> None:
    """The polar model was made from the geographic one by GDAL: two ways to the same heights."""
    grid = TangentGrid(123.4, -88.8, 61, 310.0)

    a, b = (
        ElevationFile.look(shared(f"data/moon/dem/{name}")).read(grid).sampled(grid)
        for name in ("moon_south_80S_30135_310m.tif", "moon_south_74S-90S_64ppd.tif")
    )

    assert np.median(np.abs(a - b)) < 15.0
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("offset", [0.0, MOON.radius_m])
def test_radii_become_heights(offset: float, tmp_path: Path) -> None:
    radii = np.full((40, 40), 500.0 + offset, np.float32)
    path = write(tmp_path / "a.tif", radii, SOUTH, (-8e3, 8e3, 400.0, -400.0))
    grid = TangentGrid(0.0, -90.0, 5, 400.0)

    found = ElevationFile.look(path).read(grid).sampled(grid)

    assert found == pytest.approx(np.full((5, 5), 500.0), abs=0.2)


PDS = """PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = 80
FILE_RECORDS = 40
^IMAGE = "A.IMG"
OBJECT = IMAGE
  LINES = 40
  LINE_SAMPLES = 40
  SAMPLE_TYPE = LSB_INTEGER
  SAMPLE_BITS = 16
  SCALING_FACTOR = 0.5
  OFFSET = 1737400.
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE = "POLAR STEREOGRAPHIC"
  MAP_RESOLUTION = 75.8088 <pix/deg>
  A_AXIS_RADIUS = 1737.4 <km>
  B_AXIS_RADIUS = 1737.4 <km>
  C_AXIS_RADIUS = 1737.4 <km>
  POSITIVE_LONGITUDE_DIRECTION = "EAST"
  CENTER_LATITUDE = -90 <deg>
  CENTER_LONGITUDE = 0 <deg>
  LINE_PROJECTION_OFFSET = 19.5
  SAMPLE_PROJECTION_OFFSET = 19.5
  MAP_SCALE = 400 <m/pix>
  COORDINATE_SYSTEM_NAME = "MEAN EARTH/POLAR AXIS OF DE421"
END_OBJECT = IMAGE_MAP_PROJECTION
END
"""


def test_an_image_of_lola_is_read_through_its_label(tmp_path: Path) -> None:
    """As the labels of LDEM_80S_80M and its like are written: half metres above 1737.4 km."""
    stored = (np.arange(1600).reshape(40, 40) * 2).astype("<i2")
    (tmp_path / "A.IMG").write_bytes(stored.tobytes())
    (tmp_path / "A.LBL").write_text(PDS.replace("\n", "\r\n"))
    grid = TangentGrid(0.0, -90.0, 5, 400.0)

    found = ElevationFile.look(tmp_path / "A.LBL").read(grid).sampled(grid)

    assert found[2, 2] == pytest.approx(799.5, abs=1.0)
    assert found[2, 4] - found[2, 2] == pytest.approx(2.0, abs=0.1)
    assert found[4, 2] - found[2, 2] == pytest.approx(80.0, abs=0.1)


def refusal(path: Path) -> str:
    with pytest.raises(MalformedRaster) as caught:
        ElevationFile.look(path).read(TangentGrid(0.0, -90.0, 5, 400.0))
    return str(caught.value)


def test_what_is_no_model_of_heights_is_refused_in_words(tmp_path: Path) -> None:
    here = (-8e3, 8e3, 400.0, -400.0)
    even = np.zeros((40, 40), np.float32)
    vrt = tmp_path / "a.tif"
    vrt.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'/>")

    assert "begins like neither" in refusal(vrt)
    assert "no reference system" in refusal(write(tmp_path / "b.tif", even, None, here))
    mars = write(tmp_path / "c.tif", even, SOUTH.replace("1737400", "3396190"), here)
    assert "3396.19 km radius" in refusal(mars)
    mercator = write(tmp_path / "d.tif", even, "+proj=merc +R=1737400", here)
    assert "gdalwarp" in refusal(mercator)
    high = write(tmp_path / "e.tif", even + 60_000.0, SOUTH, here)
    assert "no heights in metres" in refusal(high)
    far = write(tmp_path / "f.tif", even, SOUTH, (3e5, 8e3, 400.0, -400.0))
    assert "has no heights at -90, 0" in refusal(far)


def test_a_model_knows_the_size_of_its_pixels() -> None:
    heights = np.zeros((3, 3), np.float32)
    degrees = ElevationModel(
        heights_m=heights, layout="geographic", first=(0.5, -80.5), step=(1.0, -1.0)
    )

    assert degrees.pixel_m == pytest.approx(30_323.4, abs=0.1)
