"""Inner loops of `perilune.moon.horizon`, compiled by numba when this module is first imported."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

_NOTHING = -90.0


def sweep(
    heights: npt.NDArray[np.float32],
    pixel_m: float,
    azimuth: float,
    observer_m: float,
    radius_m: float,
    core: int,
) -> npt.NDArray[np.float32]:
    """Horizon in degrees toward ``azimuth`` (radians from up the page, clockwise).

    Of the ``core`` x ``core`` pixels in the middle; of all the ground only lines that these
    look along are walked. The grid is mirrored until the azimuth points up, at most 45 degrees to
    either side; so lines toward it pass through each row once, and at places between two columns
    only.
    """
    right, up = math.sin(azimuth), math.cos(azimuth)
    is_swapped = abs(right) > abs(up)
    if is_swapped:
        heights, right, up = heights[::-1, ::-1].T, up, right
    is_flipped = up < 0
    if is_flipped:
        heights, up = heights[::-1], -up
    grid = np.ascontiguousarray(heights)
    reach = math.floor((core - 1) / 2.0 * (1.0 + abs(right / up))) + 1
    guides = _walk_lines(grid, pixel_m, right, up, observer_m, radius_m, reach, core)
    out: npt.NDArray[np.float32] = _look(
        grid, guides, pixel_m, right, up, observer_m, radius_m, core
    )
    if is_flipped:
        out = out[::-1]
    return np.ascontiguousarray(out.T[::-1, ::-1] if is_swapped else out)


@njit(parallel=True, cache=True)
def _walk_lines(heights, pixel_m, right, up, observer_m, radius_m, reach, core):
    """For each line and row, the row of the horizon as seen from there; -1 where there is none.

    Rows below the core are not looked from.
    """
    rows = (heights.shape[0] + core) // 2
    guides = np.full((2 * reach + 1, rows), -1, np.int32)
    for line in prange(2 * reach + 1):
        _walk(heights, guides[line], float(line - reach), pixel_m, right, up, observer_m, radius_m)
    return guides


@njit(cache=True)
def _walk(heights, guides, start, pixel_m, right, up, observer_m, radius_m):
    """Walk the line that crosses the middle row at column ``start``, from the far end.

    The points passed that can still be a horizon are kept as a stack: their upper hull. A point
    is (a, b), along the line and away from the body's centre, in the plane that holds both.
    """
    size = heights.shape[0]
    half = (size - 1) / 2.0
    hull_a, hull_b, hull_row = np.empty(size), np.empty(size), np.empty(size, np.int32)
    top = 0
    offset = start * up * pixel_m
    foot = math.sqrt(radius_m * radius_m + offset * offset)
    for row in range(len(guides)):
        y = half - row
        x = start + y * right / up
        column = x + half
        if column < 0.0 or column > size - 1:
            continue
        along = (x * right + y * up) * pixel_m
        length = math.sqrt(along * along + foot * foot)
        sine, cosine = along / length, foot / length
        ground = radius_m + _height(heights, row, column)
        a, b = ground * sine, ground * cosine
        eye_a, eye_b = a + observer_m * sine, b + observer_m * cosine
        highest, place = -2.0, top
        while place > 0:
            to_a, to_b = hull_a[place - 1] - eye_a, hull_b[place - 1] - eye_b
            rise = (to_a * sine + to_b * cosine) / math.sqrt(to_a * to_a + to_b * to_b)
            if rise < highest:
                break
            highest = rise
            guides[row] = hull_row[place - 1]
            place -= 1
        while top >= 2:
            a1, b1, a2, b2 = hull_a[top - 2], hull_b[top - 2], hull_a[top - 1], hull_b[top - 1]
            if (a2 - a1) * (b - b1) - (b2 - b1) * (a - a1) > 0:
                break
            top -= 1
        hull_a[top], hull_b[top], hull_row[top] = a, b, row
        top += 1


@njit(parallel=True, cache=True)
def _look(heights, guides, pixel_m, right, up, observer_m, radius_m, core):
    """The horizon from each pixel of the core itself.

    It is looked for where the two lines beside the pixel found theirs, on the ground right before
    it, and half a row to either side of the highest of these; the terrain there is taken on the
    pixel's own line.
    """
    size = heights.shape[0]
    half = (size - 1) / 2.0
    reach = (guides.shape[0] - 1) // 2
    slope = right / up
    first = (size - core) // 2
    out = np.full((core, core), np.float32(_NOTHING))
    for row in prange(first, first + core):
        y = half - row
        for column in range(first, first + core):
            x = column - half
            line = int(math.floor(x - y * slope)) + reach
            along, offset = (x * right + y * up) * pixel_m, (x * up - y * right) * pixel_m
            foot = math.sqrt(radius_m * radius_m + offset * offset)
            length = math.sqrt(along * along + foot * foot)
            sine, cosine = along / length, foot / length
            eye = radius_m + heights[row, column] + observer_m
            eye_a, eye_b = eye * sine, eye * cosine
            highest, best = -2.0, float(row)
            for choice in range(7):
                if choice < 4:
                    seen = float(guides[line + choice % 2, max(row - choice // 2, 0)])
                elif choice == 4:
                    seen = row - 1.0
                else:
                    seen = max(best + choice - 5.5, 0.0)
                if seen < 0.0 or seen >= row - 0.4:
                    continue
                there = column + (row - seen) * slope
                if there < 0.0 or there > size - 1:
                    continue
                ahead = along + (row - seen) / up * pixel_m
                away = math.sqrt(ahead * ahead + foot * foot)
                ground = (radius_m + _height(heights, seen, there)) / away
                to_a, to_b = ground * ahead - eye_a, ground * foot - eye_b
                rise = (to_a * sine + to_b * cosine) / math.sqrt(to_a * to_a + to_b * to_b)
                if rise > highest:
                    highest = rise
                    if choice < 5:
                        best = seen
            if highest > -1.5:
                out[row - first, column - first] = math.degrees(math.asin(highest))
    return out


@njit(cache=True)
def _height(heights, row, column):
    """Height at a place between four pixels."""
    above, left = min(int(row), heights.shape[0] - 2), min(int(column), heights.shape[1] - 2)
    down, part = row - above, column - left
    upper = heights[above, left] * (1.0 - part) + heights[above, left + 1] * part
    if down == 0.0:
        return upper
    lower = heights[above + 1, left] * (1.0 - part) + heights[above + 1, left + 1] * part
    return upper * (1.0 - down) + lower * down
