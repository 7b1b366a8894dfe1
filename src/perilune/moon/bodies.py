"""Bodies as data: mean radii, and the coordinate reference systems of the Moon.

Radii: Archinal et al. (2018), Report of the IAU Working Group on Cartographic Coordinates and
Rotational Elements: 2015, Celest. Mech. Dyn. Astr. 130:22, tables 4 to 6 (mean radius). Codes:
IAU_2015 registry of the Open Geospatial Consortium.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Body:
    """A planet, satellite or small body with a mapped surface."""

    name: str
    radius_m: float
    """Mean radius; on the Moon the sphere of all its map products."""
    naif_id: int


MOON = Body("Moon", 1_737_400.0, 301)

_BODIES = (
    Body("Mercury", 2_439_400.0, 199),
    Body("Venus", 6_051_800.0, 299),
    Body("Earth", 6_371_008.4, 399),
    MOON,
    Body("Mars", 3_389_500.0, 499),
    Body("Phobos", 11_080.0, 401),
    Body("Deimos", 6_200.0, 402),
    Body("Ceres", 470_000.0, 2_000_001),
    Body("Vesta", 254_400.0, 2_000_004),
    Body("Itokawa", 175.0, 2_025_143),
    Body("Eros", 8_420.0, 2_000_433),
    Body("Jupiter", 69_911_000.0, 599),
    Body("Io", 1_821_490.0, 501),
    Body("Europa", 1_560_800.0, 502),
    Body("Ganymede", 2_631_200.0, 503),
    Body("Callisto", 2_410_300.0, 504),
    Body("Saturn", 58_232_000.0, 699),
    Body("Titan", 2_575_000.0, 606),
    Body("Enceladus", 252_100.0, 602),
    Body("Pluto", 1_188_300.0, 999),
)

_BY_NAME: Mapping[str, Body] = MappingProxyType({body.name.casefold(): body for body in _BODIES})

LUNAR_CRS: Mapping[str, str] = MappingProxyType(
    {
        "geographic": "IAU_2015:30100",
        "global": "IAU_2015:30110",
        "north": "IAU_2015:30130",
        "south": "IAU_2015:30135",
    }
)
"""Code of the reference system of each view of the Moon, and of plain longitude and latitude."""


def find_body(name: str) -> Body | None:
    """The body of that name, whatever the case; a number before it, ``1 Ceres``, is skipped."""
    words = name.casefold().split()
    if len(words) == 2 and words[0].strip("()").isdigit():
        del words[0]
    return _BY_NAME.get(" ".join(words))


def radius_m(body: str) -> float | None:
    """Mean radius in metres of the body of that name; None for one not known here."""
    found = find_body(body)
    return None if found is None else found.radius_m
