"""A picture of an array: right way up, thinned out, stretched so that the eye sees what is there.

Every nth line and sample is read, no more. Grey goes from the 0.5th to the 99.5th percentile of
the values shown; what is masked, or no number, is transparent.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from perilune.formats.pds4.array import OpenArray
from perilune.formats.pds4.display import Orientation, pixels_of

DARKEST, BRIGHTEST = 0.5, 99.5
"""Percentiles of black and white."""
_STRIP, _LEAST_WIDTH = 28, 200
"""Pixels of the scale below a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Pixels to be seen, and what they stand for."""

    pixels: npt.NDArray[np.uint8]
    """Shape (height, width, 2): grey and opacity; or (height, width, 4): colours and opacity."""
    step: int
    """Lines and samples from one that is shown to the next."""
    low: float
    """Value shown black, in the array's unit; NaN where nothing is to be seen."""
    high: float
    """Value shown white."""
    unit: str

    def png(self, *, has_scale: bool = False) -> bytes:
        """As a PNG file; with ``has_scale`` a strip below tells what black and white stand for."""
        mode = "LA" if self.pixels.shape[2] == 2 else "RGBA"
        image = Image.fromarray(self.pixels, mode)
        data = io.BytesIO()
        (self._with_scale(image) if has_scale else image).save(data, "PNG", compress_level=3)
        return data.getvalue()

    def _with_scale(self, image: Image.Image) -> Image.Image:
        """The picture above a ramp from black to white with its values, and how it is thinned."""
        width = max(image.width, _LEAST_WIDTH)
        whole = Image.new(image.mode, (width, image.height + _STRIP))
        whole.paste(image, ((width - image.width) // 2, 0))
        pen = ImageDraw.Draw(whole)
        full = (0, 255) if image.mode == "LA" else (0, 0, 0, 255)
        pen.rectangle((0, image.height, width, image.height + _STRIP), fill=full)
        for column in range(width):
            grey = 255 * column // max(width - 1, 1)
            ink = (grey, 255) if image.mode == "LA" else (grey, grey, grey, 255)
            pen.line((column, image.height + 2, column, image.height + 9), fill=ink)
        white = (255, 255) if image.mode == "LA" else (255, 255, 255, 255)
        font = ImageFont.load_default(11)
        base = image.height + 12
        high = f"{self.high:.6g} {self.unit}".strip()
        pen.text((4, base), f"{self.low:.6g}", fill=white, font=font)
        pen.text((width // 2, base), f"1:{self.step}", fill=white, font=font, anchor="ma")
        pen.text((width - 4, base), high, fill=white, font=font, anchor="ra")
        return whole


def picture(array: OpenArray, longest: int = 1024) -> Picture | None:
    """A picture of at most ``longest`` pixels a side; None of an array that is no picture.

    Of three axes and more the colours that the label names are shown, else the first plane. Raises
    `UnreadableData` where the file does not hold what the label says.
    """
    shown = array.orientation
    if shown is None or 0 in array.shape:
        return None
    sides = array.shape[shown.vertical], array.shape[shown.horizontal]
    step = max(-(-max(sides) // longest), 1)
    planes = [_plane(array, shown, band, step) for band in _bands(array, shown)]
    values = np.stack([plane.data for plane in planes], axis=-1)
    right = np.all([_is_right(plane) for plane in planes], axis=0)
    low, high = _limits(values[right])
    grey = np.zeros(values.shape, dtype=np.uint8)
    if high > low:
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = (values - low) * (255.0 / (high - low)) + 0.5
        grey[right] = np.clip(scaled[right], 0, 255).astype(np.uint8)
    else:
        grey[right] = 128
    opacity = np.where(right, 255, 0).astype(np.uint8)
    return Picture(
        pixels=np.dstack((grey, opacity)), step=step, low=low, high=high, unit=array.unit
    )


def _bands(array: OpenArray, shown: Orientation) -> list[int | None]:
    """Planes of the colour axis to show; None for the first plane of everything."""
    axis, colours = shown.colour_axis, shown.colours
    if axis is None or colours is None or axis in (shown.vertical, shown.horizontal):
        return [None]
    return list(colours) if max(colours) < array.shape[axis] else [None]


def _plane(array: OpenArray, shown: Orientation, band: int | None, step: int) -> Any:
    index: list[int | slice] = [0] * len(array.shape)
    index[shown.vertical] = index[shown.horizontal] = slice(None, None, step)
    if band is not None and shown.colour_axis is not None:
        index[shown.colour_axis] = band
    values = array[tuple(index)]
    if values.dtype.kind == "c":
        values = np.ma.array(np.abs(values.data), mask=values.mask)
    real = np.ma.array(values.data.astype(np.float64), mask=values.mask)
    return pixels_of(real, shown)


def _is_right(plane: Any) -> Any:
    return ~np.ma.getmaskarray(plane) & np.isfinite(plane.data)


def _limits(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, (DARKEST, BRIGHTEST))
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)
