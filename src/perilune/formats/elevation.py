"""Models of heights as files: GeoTIFF, and images of LOLA beside a PDS3 label, through rasterio.

A file is opened by the one driver that its first bytes ask for, never by trying all; drivers that
read other files or other machines on its behalf are not among them (docs/decisions, 0038). Read is
the part that a grid needs, at the grid's own resolution, never the whole of a large model.
"""

from dataclasses import dataclass
from math import ceil, floor, radians
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from perilune.errors import MalformedRaster, WrongUsage
from perilune.moon.bodies import MOON
from perilune.moon.elevation import ElevationModel, Layout
from perilune.moon.grids import Heights, TangentGrid
from perilune.moon.projection import to_xy

Array = npt.NDArray[np.float64]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PDS = b"PDS_VERSION_ID"
_SETTINGS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}
_HIGHEST_M = 20_000.0
"""No ground of the Moon lies farther from its sphere."""
_MARGIN = 3


@dataclass(frozen=True, slots=True)
class Georeference:
    """Where the pixels of a file lie."""

    layout: Layout
    lon_0: float
    origin: tuple[float, float]
    """x and y of the upper left corner of the first pixel."""
    step: tuple[float, float]

    @property
    def pixel_m(self) -> float:
        """Size of a pixel along a meridian, metres."""
        return abs(self.step[1]) * (
            radians(1.0) * MOON.radius_m if self.layout == "geographic" else 1.0
        )

    def row_column(self, grid: TangentGrid) -> tuple[Array, Array]:
        """Row and column, with fractions, of places spread over the grid; NaN beyond the layout."""
        line = np.linspace(-grid.half_m - grid.pixel_m, grid.half_m + grid.pixel_m, 65)
        lon, lat = grid.lonlat_at(*np.meshgrid(line, line))
        turned = (lon - self.lon_0 + 180.0) % 360.0 - 180.0
        x: Array
        y: Array
        if self.layout == "geographic":
            x, y = self.origin[0] + (lon - self.origin[0]) % 360.0, lat
        elif self.layout == "equirectangular":
            x, y = MOON.radius_m * np.radians(turned), MOON.radius_m * np.radians(lat)
        else:
            x, y = to_xy(turned, lat, self.layout)
        return (y - self.origin[1]) / self.step[1], (x - self.origin[0]) / self.step[0]


@dataclass(frozen=True, slots=True)
class ElevationFile:
    """A model of heights on disk, looked at but not read."""

    path: Path
    driver: str
    shape: tuple[int, int]
    georeference: Georeference

    @property
    def pixel_m(self) -> float:
        """Size of a pixel along a meridian, metres."""
        return self.georeference.pixel_m

    @classmethod
    def look(cls, path: Path) -> "ElevationFile":
        """What the file is; raise `MalformedRaster` where it is no model of the Moon's heights."""
        driver = _driver(path)
        with _opened(path, driver) as source:
            if source.count != 1:
                raise MalformedRaster(f"{path.name} has {source.count} bands, not one of heights")
            return cls(path, driver, source.shape, _georeference(source, path.name))

    def read(self, grid: TangentGrid) -> ElevationModel:
        """The part that ``grid`` lies on, averaged to about its pixels.

        Raises `MalformedRaster` where no part does, or values are no heights in metres.
        """
        rows, columns = self._span(grid)
        shrink = max(1, int(grid.pixel_m / self.pixel_m + 1e-6))
        tall, wide = len(rows), len(columns)
        shape = ceil(tall / shrink), ceil(wide / shrink)
        with _opened(self.path, self.driver) as source:
            from rasterio.enums import Resampling  # noqa: PLC0415  # an extra; see `_opened`
            from rasterio.windows import Window  # noqa: PLC0415

            values = source.read(
                1,
                window=Window(columns.start, rows.start, wide, tall),
                out_shape=shape,
                masked=True,
                resampling=Resampling.average if shrink > 1 else Resampling.nearest,
            )
            heights = _metres(values, source, self.path.name)
        place = self.georeference
        step = place.step[0] * wide / shape[1], place.step[1] * tall / shape[0]
        return ElevationModel(
            heights_m=heights,
            layout=place.layout,
            lon_0=place.lon_0,
            first=(
                place.origin[0] + columns.start * place.step[0] + 0.5 * step[0],
                place.origin[1] + rows.start * place.step[1] + 0.5 * step[1],
            ),
            step=step,
        )

    def _span(self, grid: TangentGrid) -> tuple[range, range]:
        """Rows and columns that hold the grid, and as much about it as places lie apart."""
        row, column = self.georeference.row_column(grid)
        if self.georeference.layout == "geographic" and self._goes_round:
            column = np.array([0.0, self.shape[1] - 1.0])
        spans = []
        for places, count in ((row, self.shape[0]), (column, self.shape[1])):
            apart = float(np.nanmax(np.abs(np.diff(places, axis=0)))) + _MARGIN
            first = max(0, floor(float(np.nanmin(places)) - apart))
            last = min(count, ceil(float(np.nanmax(places)) + apart))
            spans.append(range(first, last))
        if min(len(span) for span in spans) < 2:
            raise MalformedRaster(f"{self.path.name} has no heights at {grid.lat:g}, {grid.lon:g}")
        return spans[0], spans[1]

    @property
    def _goes_round(self) -> bool:
        return abs(self.shape[1] * self.georeference.step[0] - 360.0) < 1e-6


def _driver(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4096)
    if start[:4] in _TIFF:
        return "GTiff"
    if start.lstrip().startswith(_PDS):
        return "PDS"
    raise MalformedRaster(
        f"{path.name} begins like neither a TIFF nor a PDS3 label (name the label, not the image)"
    )


def _opened(path: Path, driver: str) -> Any:
    """The file, opened by that driver alone; rasterio is an extra, so imported here."""
    try:
        import rasterio  # noqa: PLC0415
        from rasterio.errors import RasterioIOError  # noqa: PLC0415
    except ImportError:
        raise WrongUsage("elevation models need rasterio: pip install 'perilune[moon]'") from None
    try:
        with rasterio.Env(**_SETTINGS):
            return rasterio.open(path, driver=driver)
    except RasterioIOError as error:
        raise MalformedRaster(f"{path.name}: {error}") from error


def _georeference(source: Any, name: str) -> Georeference:
    if source.crs is None:
        raise MalformedRaster(f"{name} does not say where it lies: it has no reference system")
    terms = source.crs.to_dict()
    radius = float(terms.get("R", terms.get("a", 0.0)))
    if radius and abs(radius - MOON.radius_m) > 10_000.0:
        raise MalformedRaster(f"{name} is of a body of {radius / 1000:g} km radius, not the Moon")
    turn = source.transform
    if turn.b or turn.d:
        raise MalformedRaster(f"{name} is turned against its own axes")
    kind, lat_0 = terms.get("proj"), float(terms.get("lat_0", 0.0))
    layout: Layout
    if kind == "longlat":
        layout = "geographic"
    elif kind == "stere" and abs(lat_0) == 90.0:
        layout = "south" if lat_0 < 0 else "north"
    elif kind in ("eqc", "merc_eqc") and not float(terms.get("lat_ts", 0.0)):
        layout = "equirectangular"
    else:
        raise MalformedRaster(
            f"{name} is neither polar stereographic nor by longitude and latitude, but {kind!r}:"
            " gdalwarp -t_srs IAU_2015:30135 makes it so"
        )
    away = float(terms.get("x_0", 0.0)), float(terms.get("y_0", 0.0))
    return Georeference(
        layout,
        float(terms.get("lon_0", 0.0)),
        (turn.c - away[0], turn.f - away[1]),
        (turn.a, turn.e),
    )


def _metres(values: Any, source: Any, name: str) -> Heights:
    """Heights above the sphere; radii become heights, kilometres metres."""
    scale, offset = float(source.scales[0]), float(source.offsets[0])
    heights = np.ma.filled(values.astype(np.float64), np.nan) * scale + offset
    if str(source.units[0] or "").casefold() in ("km", "kilometer", "kilometre"):
        heights *= 1000.0
    known = heights[np.isfinite(heights)]
    if not known.size:
        raise MalformedRaster(f"{name} has no heights there")
    if abs(float(np.median(known)) - MOON.radius_m) < _HIGHEST_M:
        heights -= MOON.radius_m
        known = known - MOON.radius_m
    if float(np.abs(known).max()) > _HIGHEST_M:
        raise MalformedRaster(
            f"{name} has values from {known.min():g} to {known.max():g}: no heights in metres"
        )
    return heights.astype(np.float32)
