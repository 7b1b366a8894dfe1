"""How steep and how rough the ground is, at a stated baseline, with true distances.

Slope at a baseline B is that of the plane through the 3 x 3 heights B/2 apart, weighted as Horn
does (Proc. IEEE 69 (1981) 14; what `gdaldem slope` computes, there with B twice the pixel). The
gnomonic grid stretches distances by sec c across and sec^2 c along the direction to its centre;
slopes are of the true distances.

Roughness is what remains of the heights within a square of side B once the plane of least squares
is taken out, as its root mean square.
"""

import numpy as np
import numpy.typing as npt

from perilune.moon.grids import TangentGrid

Field = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]


def slope_deg(heights_m: npt.ArrayLike, grid: TangentGrid, *, reach: int = 1) -> Field:
    """Slope of each pixel, degrees, at the baseline of ``2 * reach`` pixels; shape (size, size).

    NaN where a height is missing, and within ``reach`` pixels of the edge.
    """
    heights = np.asarray(heights_m, dtype=np.float64)
    size = len(heights)
    slopes = np.full((size, size), np.nan, np.float32)
    if size <= 2 * reach:
        return slopes
    inner = size - 2 * reach

    def at(down: int, right: int) -> Array:
        row, column = reach * (1 + down), reach * (1 + right)
        return heights[row : row + inner, column : column + inner]

    run = 8.0 * reach * grid.pixel_m
    along_x = (at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)) / run
    along_y = (at(-1, -1) + 2 * at(-1, 0) + at(-1, 1) - at(1, -1) - 2 * at(1, 0) - at(1, 1)) / run
    x, y = (each[reach:-reach, reach:-reach] for each in grid.plane())
    away = np.hypot(x, y)
    safe = np.where(away > 0.0, away, 1.0)
    outward = (along_x * x + along_y * y) / safe
    across = (along_y * x - along_x * y) / safe
    secant = np.sqrt(1.0 + (away / grid.radius_m) ** 2)
    higher = grid.radius_m / (grid.radius_m + at(0, 0))
    rise = np.hypot(outward * secant**2, across * secant) * higher
    rise = np.where(away > 0.0, rise, np.hypot(along_x, along_y) * higher)
    slopes[reach:-reach, reach:-reach] = np.degrees(np.arctan(rise))
    return slopes


def roughness_m(heights_m: npt.ArrayLike, *, reach: int = 1) -> Field:
    """Root mean square of heights about their plane, metres, over ``2 * reach + 1`` pixels squared.

    Shape (size, size); NaN where a height is missing, and within ``reach`` pixels of the edge.
    """
    heights = np.asarray(heights_m, dtype=np.float64)
    size, width = len(heights), 2 * reach + 1
    rough = np.full((size, size), np.nan, np.float32)
    if size < width:
        return rough
    windows = np.lib.stride_tricks.sliding_window_view(heights, (width, width))
    offsets = np.arange(width) - float(reach)
    spread = float((offsets**2).sum()) * width
    mean = windows.mean(axis=(2, 3))
    square = np.einsum("ijkl,ijkl->ij", windows, windows) - mean**2 * width**2
    tilt_x = np.einsum("ijkl,l->ij", windows, offsets)
    tilt_y = np.einsum("ijkl,k->ij", windows, offsets)
    left = np.maximum(0.0, square - (tilt_x**2 + tilt_y**2) / spread)
    rough[reach:-reach, reach:-reach] = np.sqrt(left / width**2)
    return rough


def baseline_m(grid: TangentGrid, reach: int) -> float:
    """The baseline of ``reach`` pixels to either side, metres."""
    return 2.0 * reach * grid.pixel_m
