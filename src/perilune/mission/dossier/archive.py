"""The products of a catalogue that cover a site, and what they leave uncovered.

Resolution is the root of the ground that a pixel covers: area of the footprint over the pixels of
the image. The Sun's height is the label's angle of incidence; where the label is silent, that
of the Sun at the middle of the site and of the observation. Its azimuth there is computed always.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import numpy as np

from perilune.access.policy import Asker
from perilune.access.search import search
from perilune.catalogue.query import Cap, Query, Sort
from perilune.errors import NotFound
from perilune.mission.dossier.place import Place
from perilune.model.footprint import Footprint, Shape
from perilune.model.product import Holding
from perilune.moon.bodies import MOON
from perilune.moon.coverage import Cells, SiteCells
from perilune.moon.ephemeris import FIRST, LAST, Ephemeris, azimuth_elevation_deg
from perilune.moon.frames import HOUSE, PRINCIPAL, moved_to_mean_earth, shift_m
from perilune.moon.sphere import area
from perilune.node import Node

Key = TypeVar("Key")

_PAGE = 1000
_ELEMENTS = "pds:Axis_Array.pds:elements"
_INCIDENCE = "geom:Illumination_Specific.geom:incidence_angle"

RESOLUTIONS_M = (1.0, 5.0, 20.0, 100.0)
"""Upper ends of the classes of resolution; what is coarser is the last class."""
INCIDENCES_DEG = (60.0, 75.0, 85.0, 90.0)
"""Upper ends of the classes of incidence."""
SECTORS = ("N", "E", "S", "W")


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """A product that covers some of the site."""

    holding: Holding
    shapes: tuple[Shape, ...]
    """Its footprints on the Moon, in MOON_ME."""
    share: float
    """Part of the site that it covers, 0 to 1."""
    covers_middle: bool
    resolution_m: float | None
    incidence_deg: float | None
    incidence_source: str
    """``label``, ``computed``, or empty where it is not known."""
    sun_azimuth_deg: float | None
    """At the middle of the site, from north over east."""
    frame: str
    frame_fault: str
    """What is wrong with the frame, in words; empty where it is the house frame."""

    @property
    def middle(self) -> datetime | None:
        """Middle of the observation."""
        return _middle(self.holding)


@dataclass(slots=True)
class Coverage:
    """Everything that covers a site; cells by class of resolution and incidence, and by more."""

    cells: SiteCells
    coverings: list[Covering] = field(default_factory=list)
    covered: dict[tuple[int, int], Cells] = field(default_factory=dict)
    """Class of resolution and of incidence to the cells covered so; -1 where it is not known."""
    by_sector: dict[str, Cells] = field(default_factory=dict)
    by_year: dict[str, Cells] = field(default_factory=dict)

    @property
    def any(self) -> Cells:
        """Cells that anything covers."""
        return self.cells.union(self.covered.values())

    def at_least(self, resolution: int) -> Cells:
        """Cells seen at this class of resolution or finer."""
        return self.cells.union(
            part for (found, _), part in self.covered.items() if 0 <= found <= resolution
        )


def coverage(place: Place, node: Node | None, asker: Asker) -> Coverage:
    """What the products of ``node`` that ``asker`` may see cover of the place."""
    found = Coverage(SiteCells.of(place.lon, place.lat, place.radius_km))
    if node is None:
        return found
    holdings = list(_near(place, node, asker))
    suns = _suns(place, holdings)
    for holding, sun in zip(holdings, suns, strict=True):
        _add(found, place, holding, sun)
    found.coverings.sort(key=lambda each: (-each.share, str(each.holding.product.id)))
    return found


def _near(place: Place, node: Node, asker: Asker) -> Iterator[Holding]:
    cap = Cap(lon=place.lon, lat=place.lat, radius_km=place.radius_km)
    query = Query(site=cap, limit=_PAGE, sort=(Sort(),))
    while True:
        page = search(query, node, asker)
        yield from page.hits
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


def _suns(place: Place, holdings: list[Holding]) -> list[tuple[float, float] | None]:
    """Azimuth and elevation of the Sun at the place when each was observed, degrees."""
    moments = [_middle(each) for each in holdings]
    known = [each for each in moments if each is not None and FIRST <= each <= LAST]
    if not known:
        return [None] * len(holdings)
    try:
        with Ephemeris.open() as ephemeris:
            azimuth, elevation = azimuth_elevation_deg(
                ephemeris.positions_m("sun", known), lat=place.lat, lon=place.lon
            )
    except NotFound:
        return [None] * len(holdings)
    found = dict(zip(known, zip(azimuth.tolist(), elevation.tolist(), strict=True), strict=True))
    return [None if each is None else found.get(each) for each in moments]


def _add(found: Coverage, place: Place, holding: Holding, sun: tuple[float, float] | None) -> None:
    prints = [each for each in holding.product.footprints if each.body == MOON.name]
    if not prints:
        return
    shapes = tuple(_in_house_frame(each) for each in prints)
    covered = found.cells.union(found.cells.covered(shape) for shape in shapes)
    incidence, source = _incidence(holding, sun)
    covering = Covering(
        holding=holding,
        shapes=shapes,
        share=found.cells.share(covered),
        covers_middle=bool(covered[covered.shape[0] // 2, covered.shape[1] // 2]),
        resolution_m=_resolution_m(holding, shapes),
        incidence_deg=incidence,
        incidence_source=source,
        sun_azimuth_deg=None if sun is None else sun[0],
        frame=" of ".join(filter(None, (prints[0].frame, prints[0].realisation))),
        frame_fault=_frame_fault(prints[0], place),
    )
    found.coverings.append(covering)
    key = (
        _class(covering.resolution_m, RESOLUTIONS_M),
        _class(covering.incidence_deg, INCIDENCES_DEG),
    )
    _unite(found.covered, key, covered)
    if covering.sun_azimuth_deg is not None:
        sector = SECTORS[int(((covering.sun_azimuth_deg + 45.0) % 360.0) // 90.0)]
        _unite(found.by_sector, sector, covered)
    if (middle := covering.middle) is not None:
        _unite(found.by_year, str(middle.year), covered)


def _unite(sets: dict[Key, Cells], key: Key, cells: Cells) -> None:
    sets[key] = cells | sets[key] if key in sets else cells


def _middle(holding: Holding) -> datetime | None:
    time = holding.product.time
    if time is None or time.start is None:
        return None
    return time.start if time.stop is None else time.start + (time.stop - time.start) / 2


def _class(value: float | None, ends: tuple[float, ...]) -> int:
    return -1 if value is None else int(np.searchsorted(ends, value))


def _in_house_frame(footprint: Footprint) -> Shape:
    shape = footprint.shape
    return moved_to_mean_earth(shape) if footprint.frame == PRINCIPAL else shape


def _frame_fault(footprint: Footprint, place: Place) -> str:
    match footprint.frame:
        case "MOON_ME":
            return ""
        case "MOON_PA":
            shift = shift_m((place.lon, place.lat))
            return f"in {PRINCIPAL}, {shift:.0f} m from {HOUSE} here; moved to {HOUSE}"
        case "":
            return f"names no frame; taken for {HOUSE}, it may be up to 875 m off"
        case other:
            return f"in {other}, taken for {HOUSE}"


def _resolution_m(holding: Holding, shapes: tuple[Shape, ...]) -> float | None:
    elements = next((words for name, words in holding.product.properties if name == _ELEMENTS), ())
    ground = sum(area(shape) for shape in shapes) * MOON.radius_m**2
    try:
        pixels = float(np.prod([int(word) for word in elements[:2]]))
    except ValueError:
        return None
    return float(np.sqrt(ground / pixels)) if len(elements) >= 2 and ground and pixels else None


def _incidence(holding: Holding, sun: tuple[float, float] | None) -> tuple[float | None, str]:
    words = next((words for name, words in holding.product.properties if name == _INCIDENCE), ())
    try:
        return float(words[0]), "label"
    except (IndexError, ValueError):
        return (None, "") if sun is None else (90.0 - sun[1], "computed")
