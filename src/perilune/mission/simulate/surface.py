"""A synthetic cratered surface as the simulated camera sees it.

No real terrain: craters are drawn at random with diameters by the cumulative law
N(>D) ~ D^-2 (the production slope of kilometre-sized lunar craters), their
profiles are paraboloids with a rim, the ground between them rolls, and the light is Lambert's.
No shadow is cast.
Strips of one region show the same craters, so overlapping images agree.
"""

from dataclasses import dataclass

import numpy as np

from perilune.mission.simulate.strips import RADIUS_M, Array, Strip

_REGION_RADIUS = np.radians(7.0)
_SMALLEST_M, _LARGEST_M = 500.0, 45_000.0
_CRATERS = 40_000
_REACH = 2.6
"""Ejecta are drawn out to this many radii."""
_WAVES = 48
ALBEDO = 0.12


@dataclass(frozen=True, slots=True)
class Craters:
    """Craters of a region: unit vectors to their centres, radii and depths in metres."""

    centre: Array
    radius_m: Array
    depth_m: Array


def craters(seed: int, strip: Strip) -> Craters:
    """The craters of the region that ``strip`` lies in: a pole's, or its own near the equator."""
    pole = np.sign(strip.lat) if abs(strip.lat) > 60 else 0.0
    region = int(pole) + 1 if pole else 10 + strip.number
    random = np.random.default_rng([seed, region])
    middle = np.array([0.0, 0.0, pole]) if pole else strip.axes[0]
    aside = np.cross(middle, [1.0, 0.0, 0.0] if pole else [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside)
    height = 1 - random.random(_CRATERS) * (1 - np.cos(_REGION_RADIUS))
    turn = random.random(_CRATERS) * 2 * np.pi
    flat = np.sqrt(1 - height**2)
    centre = (
        height[:, None] * middle
        + (flat * np.cos(turn))[:, None] * aside
        + (flat * np.sin(turn))[:, None] * np.cross(middle, aside)
    )
    share = random.random(_CRATERS) * (1 - (_SMALLEST_M / _LARGEST_M) ** 2)
    radius = _SMALLEST_M / np.sqrt(1 - share) / 2
    worn = 0.01 + 0.19 * random.random(_CRATERS) ** 3
    depth = 2 * radius * worn * np.minimum(1, 5_000 / radius) ** 0.5
    return Craters(centre, radius, depth)


def reflectance(seed: int, strip: Strip) -> Array:
    """I/F of the strip's pixels, shape (lines, samples); line 0 was seen first."""
    height = _rolling(seed, strip) + _relief(strip, craters(seed, strip))
    ahead, right = np.gradient(height, strip.pixel_m)
    tilt = np.radians(strip.incidence)
    turn = np.radians(35.0 + strip.heading)
    sun = np.array([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)])
    lit = (sun[2] - ahead * sun[0] + right * sun[1]) / np.sqrt(1 + ahead**2 + right**2)
    grain = np.random.default_rng([seed, 100 + strip.number]).normal(1.0, 0.03, height.shape)
    seen: Array = np.clip(ALBEDO * lit * grain, 0.0, None)
    return seen


def _rolling(seed: int, strip: Strip) -> Array:
    """Gentle heights in metres, the same at a place whichever strip crosses it."""
    random = np.random.default_rng([seed, 99])
    along = np.linspace(-strip.half_length, strip.half_length, strip.lines)
    left = np.linspace(strip.half_width, -strip.half_width, strip.samples)
    places = strip.ground(along[:, None], left[None, :]) * RADIUS_M
    height = np.zeros((strip.lines, strip.samples))
    for length_m in np.geomspace(1_500.0, 30_000.0, _WAVES):
        direction = random.normal(size=3)
        direction /= np.linalg.norm(direction)
        phase = places @ direction * (2 * np.pi / length_m) + random.random() * 2 * np.pi
        height += 0.0016 * length_m * np.sin(phase)
    return height


def _relief(strip: Strip, found: Craters) -> Array:
    """Heights in metres; columns run from the left edge to the right."""
    along = (np.arange(strip.lines) + 0.5) * strip.pixel_m - strip.half_length * RADIUS_M
    left = strip.half_width * RADIUS_M - (np.arange(strip.samples) + 0.5) * strip.pixel_m
    height = np.zeros((strip.lines, strip.samples))
    at_along, at_left = (part * RADIUS_M for part in strip.own(found.centre))
    reach = found.radius_m * _REACH
    near = (np.abs(at_along) < strip.half_length * RADIUS_M + reach) & (
        np.abs(at_left) < strip.half_width * RADIUS_M + reach
    )
    for n in np.flatnonzero(near):
        rows = slice(*np.searchsorted(along, [at_along[n] - reach[n], at_along[n] + reach[n]]))
        columns = slice(*np.searchsorted(-left, [-at_left[n] - reach[n], -at_left[n] + reach[n]]))
        distance = (
            np.hypot((along[rows, None] - at_along[n]), (left[None, columns] - at_left[n]))
            / (found.radius_m[n])
        )
        bowl = found.depth_m[n] * (distance**2 - 0.8)
        rim = 0.2 * found.depth_m[n] * np.maximum(distance, 1.0) ** -3
        rim -= 0.2 * found.depth_m[n] * _REACH**-3
        height[rows, columns] += np.where(distance < 1.0, np.minimum(bowl, rim), np.maximum(rim, 0))
    return height
