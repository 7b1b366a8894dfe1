"""The place that a search is about: a name, or latitude and longitude, and a radius."""

import re
from dataclasses import dataclass
from typing import Any

from perilune.access.places import Place, find_place
from perilune.catalogue.query import Cap
from perilune.errors import BadQuestion
from perilune.i18n.language import Language

_DEGREES = r"([+-]?\d+(?:\.\d+)?)\s*°?\s*"
_PAIR = re.compile(rf"{_DEGREES}([NS]?)[\s,;]+{_DEGREES}([EW]?)", re.IGNORECASE)
_LEAST_KM, _MOST_KM = 0.001, 5458.0
_USUAL_KM = 20.0
_LEAST_DIAMETER_KM = 0.1


@dataclass(frozen=True, slots=True)
class Site:
    """A circle on the Moon, and the named place it was asked for by, if it was."""

    cap: Cap
    place: Place | None

    @property
    def name(self) -> str:
        """The name asked for; empty for bare coordinates."""
        return self.place.name if self.place else ""

    def title(self, language: Language) -> str:
        """The name, or the coordinates, with the radius."""
        return language.text(
            "within %(radius)s km of %(place)s",
            radius=language.number(self.cap.radius_km, 2),
            place=self.name or language.place(self.cap.lat, self.cap.lon),
        )

    def sentence(self, language: Language) -> str:
        """What and where the site is, how wide the search."""
        radius = language.number(self.cap.radius_km, 2)
        centre = language.place(self.cap.lat, self.cap.lon)
        if self.place is None:
            return language.text("Within %(radius)s km of this place.", radius=radius)
        within = language.text(
            "%(place)s · within %(radius)s km of its centre", place=centre, radius=radius
        )
        diameter = self.place.diameter_km
        if diameter < _LEAST_DIAMETER_KM:
            return within
        across = language.number(diameter, 0 if diameter >= 10 else 1)
        return language.text("%(diameter)s km across", diameter=across) + ", " + within

    def document(self) -> dict[str, Any]:
        """The site for programs."""
        return {
            "name": self.name,
            "lat": self.cap.lat,
            "lon": self.cap.lon,
            "radius_km": self.cap.radius_km,
            "body": self.cap.body,
        }


def find_site(text: str, radius: str) -> Site:
    """The site that ``text`` names; raise `BadQuestion` where there is none."""
    if (pair := _PAIR.fullmatch(text.strip())) is not None:
        lat, lon = _coordinates(pair)
        return Site(Cap(lon, lat, _radius(radius, _USUAL_KM)), None)
    place = find_place(text)
    if place is None:
        raise BadQuestion(
            f"no place on the Moon is called {text[:80]!r} here; "
            "write latitude and longitude, -89.66, 129.2"
        )
    usual = max(_USUAL_KM, round(place.diameter_km / 2))
    return Site(Cap(place.lon, place.lat, _radius(radius, usual)), place)


def _coordinates(pair: re.Match[str]) -> tuple[float, float]:
    lat, north, lon, east = float(pair[1]), pair[2].upper(), float(pair[3]), pair[4].upper()
    lat = -lat if north == "S" else lat
    lon = -lon if east == "W" else lon
    if not (-90 <= lat <= 90 and -360 <= lon <= 360):
        raise BadQuestion(f"no such place: latitude {lat}, longitude {lon}")
    return lat, lon % 360.0


def _radius(text: str, usual: float) -> float:
    if not text:
        return usual
    try:
        radius = float(text.replace(",", "."))
    except ValueError:
        raise BadQuestion(f"no radius in kilometres: {text[:80]!r}") from None
    if not _LEAST_KM <= radius <= _MOST_KM:
        raise BadQuestion(f"a radius of {radius} km; at most {_MOST_KM:.0f}, half round the Moon")
    return radius
