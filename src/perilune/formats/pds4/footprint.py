"""Where a product lies, as its cartography (CART) or geometry (GEOM) classes say.

Implausible numbers give no footprint instead of a wrong one. DISP says how to show an image,
not where it lies. ``pixel_longitude`` of GEOM is planetocentric, hence east-positive; CART says
which way it counts.
"""

import math
import re

from perilune.formats.pds4.tree import Element, Tree
from perilune.model.footprint import Footprint, LatLonBox, LonLat, Point, Polygon, Shape
from perilune.model.product import ContextName
from perilune.moon.bodies import MOON, find_body
from perilune.moon.sphere import oriented

_CARTOGRAPHY = "cart:Cartography"
_CORNERS = ("Upper Left Corner", "Upper Right Corner", "Lower Right Corner", "Lower Left Corner")
_INTERCEPT = (
    "geom:reference_pixel_location",
    "geom:pixel_longitude",
    "geom:pixel_latitude",
)
_BODILESS = frozenset(("calibration", "calibration field", "calibrator", "dust", "equipment"))
_MOON = frozenset(("lunar", "luna", "the moon", "earth's moon"))
_DE = re.compile(r"(?<![A-Za-z])DE[ _-]?(\d{3})(?!\d)", re.IGNORECASE)
_FRAME = re.compile(r"(?:IAU|MOON)_[A-Z0-9_]+")
_MEAN_EARTH = re.compile(r"mean[ _-]*earth|\bmoon_me(?![a-z])|\bME\b", re.IGNORECASE)
_PRINCIPAL = re.compile(r"principal[ _-]*ax|\bmoon_pa(?![a-z])|\bPA\b", re.IGNORECASE)
_IN_DEGREES = {"": 1.0, "deg": 1.0, "rad": 180.0 / math.pi, "arcmin": 1 / 60, "arcsec": 1 / 3600}
_Quantity = tuple[str, str]


def footprints(tree: Tree, targets: tuple[ContextName, ...]) -> tuple[Footprint, ...]:
    """Every area given in numbers; of an outline and its bounding box only the outline."""
    body = _body(targets)
    outlines = [_geometric(element, body) for element in tree.every("geom:Geometry_Orbiter")]
    is_drawn = any(each is not None and _is_outline_of(body, each) for each in outlines)
    boxes = [] if is_drawn else [_cartographic(each, body) for each in tree.every(_CARTOGRAPHY)]
    return tuple(dict.fromkeys(each for each in (*boxes, *outlines) if each is not None))


def _is_outline_of(body: str, footprint: Footprint) -> bool:
    return footprint.body == body and isinstance(footprint.shape, Polygon)


def _cartographic(element: Element, body: str) -> Footprint | None:
    box = element.below("cart:Spatial_Domain", "cart:Bounding_Coordinates")
    if box is None:
        return None
    model = element.below(
        "cart:Spatial_Reference_Information",
        "cart:Horizontal_Coordinate_System_Definition",
        "cart:Geodetic_Model",
    )
    shape = _box(box, model)
    if shape is None or not body:
        return None
    words = "" if model is None else model.value("cart:coordinate_system_name")
    frame, realisation = _frame(words)
    return Footprint(
        body=body,
        frame=frame,
        realisation=realisation,
        shape=shape,
        source="cart:Bounding_Coordinates",
    )


def _box(box: Element, model: Element | None) -> LatLonBox | None:
    west, east, south, north = (
        _angle(box, f"cart:{side}_bounding_coordinate")
        for side in ("west", "east", "south", "north")
    )
    if west is None or east is None or south is None or north is None:
        return None
    if model is not None and model.value("cart:longitude_direction") == "Positive West":
        west, east = -west, -east
    if model is not None and model.value("cart:latitude_type") == "Planetographic":
        flattening = _squared_axis_ratio(model)
        south, north = _planetocentric(south, flattening), _planetocentric(north, flattening)
    return _lat_lon_box(west, south, east, north)


def _lat_lon_box(west: float, south: float, east: float, north: float) -> LatLonBox | None:
    plausible = max(abs(west), abs(east)) <= 360.0 and -90.0 <= south <= north <= 90.0
    if not plausible:
        return None
    if abs(east - west) >= 360.0:
        return LatLonBox(-180.0, south, 180.0, north)
    left, right = _wrapped(west), _wrapped(east)
    if right == -180.0 and left != -180.0:
        right = 180.0
    return LatLonBox(left, south, right, north)


def _geometric(geometry: Element, target: str) -> Footprint | None:
    surface = geometry.first("geom:Surface_Geometry")
    if surface is None:
        return None
    shape, source = _surface_shape(surface)
    body = _geometry_body(geometry) or target
    if shape is None or not body:
        return None
    frame, realisation = _geometry_frame(geometry)
    return Footprint(body=body, frame=frame, realisation=realisation, shape=shape, source=source)


def _surface_shape(surface: Element) -> tuple[Shape | None, str]:
    specific = surface.first("geom:Surface_Geometry_Specific")
    vertices = None if specific is None else specific.first("geom:Footprint_Vertices")
    extremes = surface.first("geom:Surface_Geometry_Min_Max")
    best_first = (
        (_polygon, vertices, "geom:Footprint_Vertices"),
        (_polygon, specific, "geom:Pixel_Intercept"),
        (_extent, extremes, "geom:Surface_Geometry_Min_Max"),
        (_centre, specific, "geom:Pixel_Intercept"),
    )
    for read, element, source in best_first:
        shape: Shape | None = None if element is None else read(element)
        if shape is not None:
            return shape, source
    return None, ""


def _polygon(parent: Element) -> Polygon | None:
    """The area within the intercepts: the corners in their order if named, else as listed."""
    corners: dict[str, LonLat] = {}
    listed: list[LonLat] = []
    for (where, _), lon, lat in parent.quantities("geom:Pixel_Intercept", _INTERCEPT):
        if where == "Center":
            continue
        if (place := _place(lon, lat)) is None:
            return None
        if where in _CORNERS:
            corners[where] = place
        listed.append(place)
    if len(corners) == len(_CORNERS) == len(listed):
        listed = [corners[name] for name in _CORNERS]
    try:
        return Polygon((oriented(listed),))
    except ValueError:
        return None


def _extent(extremes: Element) -> LatLonBox | None:
    west, east, south, north = (
        _angle(extremes, f"geom:{name}")
        for name in (
            "minimum_longitude",
            "maximum_longitude",
            "minimum_latitude",
            "maximum_latitude",
        )
    )
    if west is None or east is None or south is None or north is None or west > east:
        return None
    return _lat_lon_box(west, south, east, north)


def _centre(specific: Element) -> Point | None:
    for (where, _), lon, lat in specific.quantities("geom:Pixel_Intercept", _INTERCEPT):
        if where in ("Center", ""):
            place = _place(lon, lat)
            return None if place is None else Point(*place)
    return None


def _place(lon: _Quantity, lat: _Quantity) -> LonLat | None:
    east, north = _degrees(*lon), _degrees(*lat)
    if east is None or north is None or abs(east) > 360.0 or abs(north) > 90.0:
        return None
    return _wrapped(east), north


def _angle(parent: Element, name: str) -> float | None:
    return _degrees(*parent.quantity(name))


def _degrees(text: str, unit: str) -> float | None:
    """Degrees; None where there is no finite number or its unit is no angle."""
    try:
        value = float(text) * _IN_DEGREES[unit]
    except (ValueError, KeyError):
        return None
    return value if math.isfinite(value) else None


def _wrapped(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0 if not -180.0 <= lon < 180.0 else lon


def _squared_axis_ratio(model: Element) -> float:
    try:
        polar = float(model.value("cart:c_axis_radius"))
        equatorial = float(model.value("cart:a_axis_radius"))
    except ValueError:
        return 1.0
    ratio = polar / equatorial if equatorial > 0.0 else 1.0
    return ratio * ratio if 0.1 < ratio < 10.0 else 1.0


def _planetocentric(lat: float, squared_axis_ratio: float) -> float:
    if squared_axis_ratio == 1.0 or abs(lat) >= 90.0:
        return lat
    return math.degrees(math.atan(squared_axis_ratio * math.tan(math.radians(lat))))


def _body(targets: tuple[ContextName, ...]) -> str:
    for target in targets:
        if target.type.lower() not in _BODILESS:
            return _body_name(target.name)
    return ""


def _body_name(name: str) -> str:
    plain = name.strip()
    if plain.lower() in _MOON:
        return MOON.name
    known = find_body(plain)
    if known is not None:
        return known.name
    return plain.title() if plain.isupper() or plain.islower() else plain


def _geometry_body(geometry: Element) -> str:
    named = geometry.below("geom:Orbiter_Identification", "geom:Geometry_Target_Identification")
    if named is None:
        return ""
    return _body_name(named.value("geom:name") or named.value("geom:body_spice_name"))


def _geometry_frame(geometry: Element) -> tuple[str, str]:
    named = geometry.below(
        "geom:Orbiter_Identification",
        "geom:Coordinate_System_Identification",
        "geom:Reference_Frame_Identification",
    )
    if named is None:
        return "", ""
    return _frame(named.value("geom:frame_spice_name") or named.value("geom:name"))


def _frame(words: str) -> tuple[str, str]:
    """Frame and realisation; both empty where the words name no frame fixed to a body."""
    match = _DE.search(words)
    realisation = f"DE{match[1]}" if match is not None else ""
    if _MEAN_EARTH.search(words):
        return "MOON_ME", realisation
    if _PRINCIPAL.search(words):
        return "MOON_PA", realisation
    return (words, realisation) if _FRAME.fullmatch(words) else ("", "")
