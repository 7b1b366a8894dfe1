"""Inner loops of `perilune.moon.illumination`, compiled by numba when first imported."""

import math

import numpy as np
from numba import njit, prange


@njit(cache=True)
def _threshold_deg(x, y, azimuth, horizon_deg):
    """Declination at which a body over this azimuth stands in the horizon of the pixel at (x, y).

    x to the right and y up the page, in radii. With c the distance from the grid's centre and D
    the angle between the pixel's own azimuth and the body's, a body at declination d above the
    grid's plane stands at elevation e with sin e = cos c sin d + sin c cos d cos D.
    """
    along = x * math.sin(azimuth) + y * math.cos(azimuth)
    scale = math.sqrt(1.0 + x * x + y * y)
    cosine, toward = 1.0 / scale, along / scale
    length = math.sqrt(cosine * cosine + toward * toward)
    sine = math.sin(math.radians(horizon_deg)) / length
    rise = math.asin(min(1.0, max(-1.0, sine)))
    return math.degrees(rise - math.atan2(toward, cosine))


@njit(parallel=True, cache=True)
def add_azimuth(horizons, pixel, azimuth, above, table, mean, is_ever):
    """Add one azimuth's share of time to ``mean``, and to ``is_ever`` whether anything is seen.

    ``table``: declination of the first column of ``above``, its step, and that of the highest
    edge of the disc.
    """
    first, step, highest = table
    size, last = horizons.shape[0], len(above) - 1
    half = (size - 1) / 2.0
    for row in prange(size):
        y = (half - row) * pixel
        for column in range(size):
            hidden = _threshold_deg((column - half) * pixel, y, azimuth, horizons[row, column])
            if hidden >= highest:
                continue
            is_ever[row, column] = True
            place = (hidden - first) / step + 0.5
            if place <= 0.0:
                mean[row, column] += above[0]
            elif place < last:
                left = int(place)
                part = place - left
                mean[row, column] += above[left] * (1.0 - part) + above[left + 1] * part


@njit(parallel=True, cache=True)
def thresholds(horizons, pixel, azimuth, rows, columns):
    """`_threshold_deg` of some pixels."""
    half = (horizons.shape[0] - 1) / 2.0
    found = np.empty(len(rows), np.float32)
    for number in prange(len(rows)):
        row, column = rows[number], columns[number]
        x, y = (column - half) * pixel, (half - row) * pixel
        found[number] = _threshold_deg(x, y, azimuth, horizons[row, column])
    return found


@njit(parallel=True, cache=True)
def visible_share(hidden_below, azimuth_deg, declination_deg, disc_deg):
    """Part of the disc above the threshold, for each pixel and time."""
    pixels, azimuths = hidden_below.shape
    shares = np.empty((pixels, len(azimuth_deg)), np.float32)
    for pixel in prange(pixels):
        for time in range(len(azimuth_deg)):
            place = azimuth_deg[time] / 360.0 * azimuths
            left = int(place)
            part = place - left
            hidden = (
                hidden_below[pixel, left % azimuths] * (1.0 - part)
                + hidden_below[pixel, (left + 1) % azimuths] * part
            )
            height = (declination_deg[time] - hidden) / disc_deg
            if height >= 1.0:
                shares[pixel, time] = 1.0
            elif height <= -1.0:
                shares[pixel, time] = 0.0
            else:
                area = math.acos(-height) + height * math.sqrt(1.0 - height * height)
                shares[pixel, time] = area / math.pi
    return shares
