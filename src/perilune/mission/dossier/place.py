"""The circle on the Moon that a dossier is about, and the years that it looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from perilune.errors import BadQuestion
from perilune.moon.ephemeris import LAST, Moments

MOST_KM = 300.0
STEP_H = 2
"""Hours between positions of Sun and Earth: the Sun moves one degree of azimuth in them."""
CYCLE_YEARS = 18.6
"""One turn of the Moon's node: Sun and Earth then come as high, and as low, as they ever do."""
_YEAR = timedelta(days=365.25)


@dataclass(frozen=True, slots=True)
class Place:
    """All within ``radius_km`` of a place of the Moon, along the surface; MOON_ME, degrees."""

    lat: float
    lon: float
    radius_km: float

    @classmethod
    def of(cls, lat: float, lon: float, radius_km: float) -> "Place":
        """The circle; raise `BadQuestion` for one that is none, or too wide for a dossier."""
        if not (-90.0 <= lat <= 90.0 and -360.0 <= lon <= 360.0):
            raise BadQuestion(f"no such place: latitude {lat:g}, longitude {lon:g}")
        if not 0.1 <= radius_km <= MOST_KM:
            raise BadQuestion(
                f"a dossier is about 0.1 to {MOST_KM:g} km round a place, not {radius_km:g}"
            )
        return cls(lat, lon % 360.0, radius_km)

    @property
    def name(self) -> str:
        """Coordinates as people write them."""
        north = "S" if self.lat < 0 else "N"
        return f"{abs(self.lat):.4g}° {north}, {self.lon:.4g}° E"


@dataclass(frozen=True, slots=True)
class Period:
    """The years over which light is summed up."""

    start: datetime
    years: float

    @classmethod
    def of(cls, start: datetime, years: float) -> "Period":
        """Years from ``start``; raise `BadQuestion` beyond what the ephemeris knows."""
        if not 0.0 < years <= 40.0:
            raise BadQuestion(f"between a day and 40 years can be looked at, not {years:g} years")
        if start.year < 1901 or start + years * _YEAR > LAST:
            raise BadQuestion(
                f"Sun and Earth are known from 1901 to 2049, not {years:g} years from {start:%Y}"
            )
        return cls(start, years)

    @property
    def stop(self) -> datetime:
        """The end."""
        return self.start + self.years * _YEAR

    def times(self) -> Moments:
        """Every `STEP_H` hours, UTC."""
        start, stop = (
            np.datetime64(each.astimezone(UTC).replace(tzinfo=None), "s")
            for each in (self.start, self.stop)
        )
        return np.arange(start, stop, np.timedelta64(STEP_H, "h"))

    @property
    def text(self) -> str:
        """The interval in words."""
        return f"{self.start:%Y-%m-%d}/{self.stop:%Y-%m-%d}"


WHOLE_CYCLE = Period(datetime(2027, 1, 1, tzinfo=UTC), CYCLE_YEARS)
"""From the year in which the first lander comes."""
