"""Sun and Earth above a place, as if the Moon were a smooth sphere: true without any terrain."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from perilune.mission.dossier.place import Period, Place
from perilune.moon.bodies import find_body
from perilune.moon.ephemeris import SUN_RADIUS_M, Ephemeris, Target, azimuth_elevation_deg

Array = npt.NDArray[np.float64]

_EARTH = find_body("Earth")
RADII_M: dict[Target, float] = {
    "sun": SUN_RADIUS_M,
    "earth": _EARTH.radius_m if _EARTH is not None else 0.0,
}
SOURCE = "Ephemeris and lunar orientation DE421 (NAIF), apparent positions, MOON_ME"


@dataclass(frozen=True, slots=True)
class Course:
    """How high a body stands over a place, degrees, and how much of the time it is up."""

    lowest_deg: float
    highest_deg: float
    up_share: float
    """Share of the time that its centre is above the horizon of a smooth sphere."""


@lru_cache(2)  # the same for every place: a served node asks again and again
def _positions_m(period: Period) -> Mapping[Target, Array]:
    times = period.times()
    with Ephemeris.open() as ephemeris:
        return MappingProxyType({name: ephemeris.positions_m(name, times) for name in RADII_M})


@dataclass(frozen=True, slots=True)
class Sky:
    """Positions over a period, and what they amount to at a place."""

    place: Place
    period: Period
    positions_m: Mapping[Target, Array]
    """From the Moon's centre in MOON_ME, shape (times, 3)."""

    @classmethod
    def over(cls, place: Place, period: Period) -> "Sky":
        """Raises `NotFound` where the kernels are not installed."""
        return cls(place, period, _positions_m(period))

    def course(self, target: Target) -> Course:
        """Of the Sun or the Earth."""
        _, elevation = azimuth_elevation_deg(
            self.positions_m[target], lat=self.place.lat, lon=self.place.lon
        )
        return Course(
            float(elevation.min()), float(elevation.max()), float((elevation > 0.0).mean())
        )
