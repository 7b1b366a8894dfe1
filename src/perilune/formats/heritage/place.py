"""Where an image of PDS3 lies, as its keywords say: a box in longitude and latitude.

Longitudes count east unless POSITIVE_LONGITUDE_DIRECTION is WEST. No frame is named, for the
keywords name none. Source: Planetary Science Data Dictionary.
"""

from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

from perilune.formats.heritage.odl import Block
from perilune.formats.pds4 import writing
from perilune.formats.pds4.writing import element
from perilune.moon.bodies import MOON

_CORNERS = ("UPPER_LEFT", "UPPER_RIGHT", "LOWER_LEFT", "LOWER_RIGHT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Degrees, planetocentric, east-positive; west may be more than east across 360."""

    west: float
    east: float
    south: float
    north: float


def place_of(label: Block) -> Box | None:
    """The box; None where the keywords do not tell one that can be."""
    for block in (label, *label.every("IMAGE_MAP_PROJECTION", "IMAGE")):
        found = _of_extremes(block) or _of_corners(block)
        if found is not None:
            return found
    return None


def _of_extremes(block: Block) -> Box | None:
    south, north = block.real("MINIMUM_LATITUDE"), block.real("MAXIMUM_LATITUDE")
    west, east = block.real("WESTERNMOST_LONGITUDE"), block.real("EASTERNMOST_LONGITUDE")
    if south is None or north is None or west is None or east is None:
        return None
    if block.text("POSITIVE_LONGITUDE_DIRECTION").upper() == "WEST":
        west, east = -west, -east
    return _box(west, east, south, north)


def _of_corners(block: Block) -> Box | None:
    lats = [block.real(f"{corner}_LATITUDE") for corner in _CORNERS]
    lons = [block.real(f"{corner}_LONGITUDE") for corner in _CORNERS]
    known_lats = [lat for lat in lats if lat is not None]
    known_lons = sorted(lon % 360 for lon in lons if lon is not None)
    if len(known_lats) < 4 or len(known_lons) < 4:
        return None
    # the box leaves out the widest gap between corners
    gaps = [after - before for before, after in pairwise([*known_lons, known_lons[0] + 360])]
    widest = gaps.index(max(gaps))
    west = known_lons[(widest + 1) % len(known_lons)]
    return _box(west, known_lons[widest], min(known_lats), max(known_lats))


def _box(west: float, east: float, south: float, north: float) -> Box | None:
    if not (-90 <= south <= north <= 90 and abs(west) <= 720 and abs(east) <= 720):
        return None
    if abs(east - west) >= 360:
        return Box(west=0.0, east=360.0, south=south, north=north)
    return Box(west=west % 360, east=east % 360, south=south, north=north)


def cartography(box: Box, identifier: str) -> ET.Element:
    """The CART class that says so of the object ``identifier``."""
    sides = (("west", box.west), ("east", box.east), ("north", box.north), ("south", box.south))
    radius = f"{MOON.radius_m / 1000:.1f}"
    return element(
        "cart:Cartography",
        writing.local_reference(identifier, "cartography_parameters_to_image_object"),
        element(
            "cart:Spatial_Domain",
            element(
                "cart:Bounding_Coordinates",
                *(
                    element(f"cart:{side}_bounding_coordinate", f"{value:.6f}", unit="deg")
                    for side, value in sides
                ),
            ),
        ),
        element(
            "cart:Spatial_Reference_Information",
            element(
                "cart:Horizontal_Coordinate_System_Definition",
                element(
                    "cart:Geographic",
                    element(
                        "cart:geographic_description",
                        "Extent as the original label tells it; it names no frame.",
                    ),
                ),
                element(
                    "cart:Geodetic_Model",
                    element("cart:latitude_type", "Planetocentric"),
                    element("cart:spheroid_name", "Moon"),
                    *(element(f"cart:{axis}_axis_radius", radius, unit="km") for axis in "abc"),
                    element("cart:longitude_direction", "Positive East"),
                ),
            ),
        ),
    )
