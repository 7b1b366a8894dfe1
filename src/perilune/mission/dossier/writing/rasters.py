"""The layers of a dossier as Cloud Optimized GeoTIFFs, one file each.

The reference system is that of the map, by its IAU code, which also stands in the file's tags:
programs lose it on reading.
"""

from pathlib import Path

import numpy as np

from perilune.mission.dossier.figures import Figures
from perilune.moon.bodies import MOON

_PROJ = {
    "south": "+proj=stere +lat_0=-90 +lon_0=0 +k=1 +x_0=0 +y_0=0",
    "north": "+proj=stere +lat_0=90 +lon_0=0 +k=1 +x_0=0 +y_0=0",
    "global": "+proj=eqc +lat_ts=0 +lat_0=0 +lon_0=0 +x_0=0 +y_0=0",
}


def wkt(view: str) -> str:
    """The reference system of a view, as WKT; rasterio is an extra, so imported here."""
    from rasterio.crs import CRS  # noqa: PLC0415

    return str(CRS.from_string(f"{_PROJ[view]} +R={MOON.radius_m:.0f} +units=m +no_defs").to_wkt())


def write(drawn: Figures, folder: Path, *, source: str) -> list[Path]:
    """One file for each layer, ``slope.tif`` for instance; none where no model was given."""
    if not drawn.layers:
        return []
    import rasterio  # noqa: PLC0415
    from rasterio.shutil import copy  # noqa: PLC0415

    sheet, written = drawn.sheet, []
    left, _, _, high = sheet.bounds
    transform = rasterio.Affine(sheet.step[0], 0.0, left, 0.0, -sheet.step[1], high)
    for layer in drawn.layers:
        path = folder / f"{layer.name}.tif"
        with rasterio.MemoryFile() as memory:
            with memory.open(
                driver="GTiff",
                width=sheet.size,
                height=sheet.size,
                count=1,
                dtype="float32",
                nodata=float("nan"),
                crs=wkt(sheet.view),
                transform=transform,
            ) as plain:
                plain.write(layer.field.astype(np.float32), 1)
                plain.set_band_description(1, layer.title)
                plain.set_band_unit(1, layer.unit_text)
                plain.update_tags(
                    TITLE=layer.title,
                    UNIT=layer.unit_text,
                    CRS=sheet.code,
                    FRAME="MOON_ME of DE421",
                    SOURCE=source,
                )
            with memory.open() as plain:
                copy(plain, path, driver="COG", compress="DEFLATE", predictor="YES")
        written.append(path)
    return written
