"""Bodies as data: mean radii, and the coordinate reference systems of the Moon.

Radii: Archinal et al. (2018), Report of the IAU Working Group on Cartographic Coordinates and
Rotational Elements: 2015, Celest. Mech. Dyn. Astr. 130:22 (mean radius); for Vesta and Itokawa the
sphere of the registry IAU_2015 of the Open Geospatial Consortium, whence the codes come too.
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


MOON = Body("Moon", 1_737_400.0)

_BODIES = (
    Body("Mercury", 2_439_400.0),
    Body("Venus", 6_051_800.0),
    Body("Earth", 6_371_008.4),
    MOON,
    Body("Mars", 3_389_500.0),
    Body("Phobos", 11_080.0),
    Body("Deimos", 6_200.0),
    Body("Ceres", 470_000.0),
    Body("Vesta", 255_000.0),
    Body("Itokawa", 173.0),
    Body("Jupiter", 69_911_000.0),
    Body("Io", 1_821_490.0),
    Body("Europa", 1_560_800.0),
    Body("Ganymede", 2_631_200.0),
    Body("Callisto", 2_410_300.0),
    Body("Saturn", 58_232_000.0),
    Body("Titan", 2_575_000.0),
    Body("Enceladus", 252_100.0),
    Body("Pluto", 1_188_300.0),
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
