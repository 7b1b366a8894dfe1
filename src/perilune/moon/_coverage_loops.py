"""Inner loop of `perilune.moon.coverage`, compiled by numba when this module is first imported."""

import math

import numpy as np
from numba import njit


@njit(cache=True)
def fill(x, y, starts, size):
    """Which of ``size`` squared places lie within rings, by the even-odd rule.

    ``x``, ``y``: vertices in columns and rows; ``starts``: where each ring begins, and the end of
    all.
    """
    inside = np.zeros((size, size), np.bool_)
    crossings = np.empty(len(x), np.float64)
    for row in range(size):
        count = 0
        for ring in range(len(starts) - 1):
            before = starts[ring + 1] - 1
            for place in range(starts[ring], starts[ring + 1]):
                low, high = y[before], y[place]
                if (low <= row) != (high <= row):
                    part = (row - low) / (high - low)
                    crossings[count] = x[before] + part * (x[place] - x[before])
                    count += 1
                before = place
        found = np.sort(crossings[:count])
        for pair in range(count // 2):
            first = max(0, int(math.ceil(found[2 * pair])))
            last = min(size - 1, int(math.ceil(found[2 * pair + 1])) - 1)
            for column in range(first, last + 1):
                inside[row, column] = True
    return inside
