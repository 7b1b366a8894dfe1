"""Where an image of PDS3 lies, as its keywords say: a box in longitude and latitude.

Longitudes count east unless POSITIVE_LONGITUDE_DIRECTION is WEST. No frame is named, for the
keywords name none. Source: Planetary Science Data Dictionary.
"""

from itertools import pairwise

from perilune.formats.heritage.odl import Block
from perilune.model.footprint import LatLonBox

_CORNERS = ("UPPER_LEFT", "UPPER_RIGHT", "LOWER_LEFT", "LOWER_RIGHT")


def place_of(label: Block) -> LatLonBox | None:
    """The box; None where the keywords do not tell one that can be."""
    for block in (label, *label.every("IMAGE_MAP_PROJECTION", "IMAGE")):
        found = _of_extremes(block) or _of_corners(block)
        if found is not None:
            return found
    return None


def _of_extremes(block: Block) -> LatLonBox | None:
    south, north = block.real("MINIMUM_LATITUDE"), block.real("MAXIMUM_LATITUDE")
    west, east = block.real("WESTERNMOST_LONGITUDE"), block.real("EASTERNMOST_LONGITUDE")
    if south is None or north is None or west is None or east is None:
        return None
    if block.text("POSITIVE_LONGITUDE_DIRECTION").upper() == "WEST":
        west, east = -west, -east
    return _box(west, east, south, north)


def _of_corners(block: Block) -> LatLonBox | None:
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


def _box(west: float, east: float, south: float, north: float) -> LatLonBox | None:
    if not (-90 <= south <= north <= 90 and abs(west) <= 720 and abs(east) <= 720):
        return None
    if abs(east - west) >= 360:
        return LatLonBox(-180.0, south, 180.0, north)
    return LatLonBox(west % 360, south, east % 360, north)
