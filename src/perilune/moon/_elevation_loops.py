"""Inner loops of `perilune.moon.elevation`, compiled by numba when first imported."""

import math

import numpy as np
from numba import njit, prange

GEOGRAPHIC, SOUTH, NORTH, EQUIRECTANGULAR = 0, 1, 2, 3


@njit(parallel=True, cache=True)
def sample(heights, layout, numbers, axes, size, pixel_m, radius_m, per_side):
    """Mean of ``per_side`` squared heights within each pixel of a tangent grid; NaN where none is.

    ``numbers``: central longitude in radians, then x of the first column's middle, step of
    columns, y of the first row's middle, step of rows, and how many columns would go round the
    body (0 in metres).
    """
    half = (size - 1) / 2.0
    out = np.empty((size, size), np.float32)
    for row in prange(size):
        for column in range(size):
            total, count = 0.0, 0
            for part in range(per_side * per_side):
                up = half - row - ((part // per_side + 0.5) / per_side - 0.5)
                right = column - half + (part % per_side + 0.5) / per_side - 0.5
                height = _height(
                    heights, layout, numbers, axes, right * pixel_m, up * pixel_m, radius_m
                )
                if not math.isnan(height):
                    total += height
                    count += 1
            out[row, column] = total / count if count else np.nan
    return out


@njit(cache=True)
def _height(heights, layout, numbers, axes, right, up, radius_m):
    a = right * axes[0, 0] + up * axes[1, 0] + radius_m * axes[2, 0]
    b = right * axes[0, 1] + up * axes[1, 1] + radius_m * axes[2, 1]
    c = right * axes[0, 2] + up * axes[1, 2] + radius_m * axes[2, 2]
    lon_0, x_0, x_step, y_0, y_step, turn = numbers
    lon, flat = math.atan2(b, a) - lon_0, math.hypot(a, b)
    if layout in (SOUTH, NORTH):
        sign = 1.0 if layout == NORTH else -1.0
        distance = math.hypot(flat, c)
        rho = 2.0 * radius_m * flat / (distance + sign * c)
        x, y = rho * math.sin(lon), -sign * rho * math.cos(lon)
    else:
        lat = math.atan2(c, flat)
        if layout == GEOGRAPHIC:
            x, y = math.degrees(lon), math.degrees(lat)
        else:
            within = (lon + math.pi) % (2.0 * math.pi) - math.pi
            x, y = radius_m * within, radius_m * lat
    rows, columns = heights.shape
    column, row = (x - x_0) / x_step, (y - y_0) / y_step
    is_round = columns == turn
    if turn:
        column %= turn
        if not is_round and column > turn - 0.5:
            column -= turn
    # the outer half of an edge pixel has the height of its middle
    if not (-0.5 <= row <= rows - 0.5) or not (is_round or -0.5 <= column <= columns - 0.5):
        return np.nan
    row = min(max(row, 0.0), rows - 1.0)
    above = min(int(row), rows - 2)
    down = row - above
    if is_round:
        left = int(column)
        part = column - left
        left, after = left % columns, (left + 1) % columns
    else:
        column = min(max(column, 0.0), columns - 1.0)
        left = min(int(column), columns - 2)
        part, after = column - left, left + 1
    upper = heights[above, left] * (1.0 - part) + heights[above, after] * part
    lower = heights[above + 1, left] * (1.0 - part) + heights[above + 1, after] * part
    return upper * (1.0 - down) + lower * down
