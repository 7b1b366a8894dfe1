"""Where a push-broom camera looks straight down from an orbit, by day, within a budget of data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from perilune.mission.simulate.orbit import STEP_S, Orbit
from perilune.mission.simulate.strips import RADIUS_M, Strip
from perilune.moon.ephemeris import Ephemeris

Steps = npt.NDArray[np.int64]
_MOST_INCIDENCE_DEG = 88.0
_POLAR_DEG = -84.0
"""South of this every lit strip is wanted: the landing sites lie here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A push-broom camera that looks straight down."""

    ifov_rad: float
    """Angle that one pixel sees."""
    samples: int
    seconds: float
    """Length of an exposure."""


def survey(orbit: Orbit, camera: Camera, ephemeris: Ephemeris, strips_a_day: int) -> list[Strip]:
    """The exposures taken, in the order of their times, numbered from 1.

    Lit strips near the south pole come first, then as many others as the day's budget has left,
    spread over the day. Deterministic.
    """
    half = round(camera.seconds / STEP_S / 2)
    middles = np.arange(2 * half, len(orbit.ground) - 2 * half, 2 * half)
    candidates = _lit(_strips(orbit, camera, ephemeris, middles))
    chosen: list[Strip] = []
    days = sorted({each.start.date() for each in candidates})
    for day in days:
        chosen += _within([each for each in candidates if each.start.date() == day], strips_a_day)
    return [_numbered(strip, number) for number, strip in enumerate(chosen, 1)]


def _within(day: Sequence[Strip], budget: int) -> list[Strip]:
    polar = [each for each in day if each.lat < _POLAR_DEG][:budget]
    others = [each for each in day if each.lat >= _POLAR_DEG]
    left = min(budget - len(polar), len(others))
    spread = np.linspace(0, len(others) - 1, left).round().astype(int) if left > 0 else ()
    return sorted([*polar, *(others[n] for n in spread)], key=lambda each: each.start)


def _lit(strips: Sequence[Strip]) -> list[Strip]:
    return [each for each in strips if each.incidence < _MOST_INCIDENCE_DEG]


def _numbered(strip: Strip, number: int) -> Strip:
    where = f"{abs(strip.lat):.1f} {'S' if strip.lat < 0 else 'N'}, {strip.lon % 360.0:.1f} E"
    return replace(strip, number=number, place=where)


def _strips(orbit: Orbit, camera: Camera, ephemeris: Ephemeris, middles: Steps) -> list[Strip]:
    place = orbit.ground[middles]
    height = np.linalg.norm(place, axis=1) - RADIUS_M
    up = place / np.linalg.norm(place, axis=1)[:, None]
    flown = orbit.ground[middles + 1] - orbit.ground[middles - 1]
    ahead = flown - np.einsum("ni,ni->n", flown, up)[:, None] * up
    speed = np.linalg.norm(ahead, axis=1) / (2 * STEP_S) * RADIUS_M / (RADIUS_M + height)
    lon, lat = np.arctan2(up[:, 1], up[:, 0]), np.arcsin(up[:, 2])
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=1)
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], axis=1)
    heading = np.degrees(
        np.arctan2(np.einsum("ni,ni->n", ahead, east), np.einsum("ni,ni->n", ahead, north))
    )
    times = [orbit.moment(int(step)) for step in middles]
    sun = ephemeris.positions_m("sun", times) - RADIUS_M * up
    cosine = np.einsum("ni,ni->n", sun, up) / np.linalg.norm(sun, axis=1)
    incidence = np.degrees(np.arccos(cosine))
    found = []
    for n, step in enumerate(middles):
        pixel = round(float(camera.ifov_rad * height[n]), 2)
        lines = round(camera.seconds * float(speed[n]) / pixel)
        early = orbit.moment(int(step)).timestamp() - lines * pixel / float(speed[n]) / 2
        found.append(
            Strip(
                number=n,
                place="",
                lon=float(np.degrees(lon[n])),
                lat=float(np.degrees(lat[n])),
                heading=float(heading[n]),
                lines=lines,
                samples=camera.samples,
                pixel_m=pixel,
                incidence=round(float(incidence[n]), 1),
                speed_m_s=float(speed[n]),
                start=_to_millisecond(early),
            )
        )
    return found


def _to_millisecond(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)
