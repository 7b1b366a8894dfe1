"""Ground that is known exactly, for what is told of sites."""

from pathlib import Path

import numpy as np
import pytest

from perilune.moon.projection import to_xy

PEAK = -89.6, 40.0
"""Latitude and longitude of the only mountain, 2 km high on even ground."""
PIXEL_M = 1_000.0


@pytest.fixture(scope="session")
def mountain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 300 x 300 km: a cone on a plain, a pit of 3 km beside it."""
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path_factory.mktemp("model") / "cone.tif"
    half = 150
    line = (np.arange(2 * half) - half + 0.5) * PIXEL_M
    x, y = np.meshgrid(line, -line)
    px, py = (float(each) for each in to_xy(PEAK[1], PEAK[0], "south"))
    heights = np.maximum(0.0, 2_000.0 - 0.25 * np.hypot(x - px, y - py))
    pit = np.hypot(x - px - 15_000.0, y - py)
    heights = np.where(pit < 5_000.0, -3_000.0 * (1.0 - (pit / 5_000.0) ** 2), heights)
    transform = rasterio.Affine(PIXEL_M, 0, -half * PIXEL_M, 0, -PIXEL_M, half * PIXEL_M)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=2 * half,
        height=2 * half,
        count=1,
        dtype="float32",
        crs="+proj=stere +lat_0=-90 +lon_0=0 +k=1 +R=1737400 +units=m",
        transform=transform,
    ) as target:
        target.write(heights.astype(np.float32), 1)
    return path
