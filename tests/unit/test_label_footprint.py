"""Where a label says its product lies."""

import math

import pytest

from perilune.formats.pds4.label import read_label
from perilune.model.footprint import Footprint, LatLonBox, Point, Polygon, Shape
from perilune.moon import sphere
from perilune.testing.labels import (
    TARGET,
    bounding_box,
    discipline,
    intercept,
    label,
    surface,
)

_POSITIVE_WEST = "<cart:longitude_direction>Positive West</cart:longitude_direction>"


def _footprints(*content: str) -> tuple[Footprint, ...]:
    return read_label(label(discipline(*content))).footprints


def _shape(*content: str) -> Shape:
    (found,) = _footprints(*content)
    return found.shape


@pytest.mark.parametrize(
    ("west", "east", "box"),
    [
        ("-20", "30", (-20, 30)),
        ("340", "30", (-20, 30)),
        ("350", "360", (-10, 0)),
        ("170", "190", (170, -170)),
        ("170", "-170", (170, -170)),
        ("90", "180", (90, 180)),
        ("-180", "-90", (-180, -90)),
        ("180", "270", (-180, -90)),
        ("0", "360", (-180, 180)),
        ("-180", "180", (-180, 180)),
        ("-180.0000000", "1.8e2", (-180, 180)),
        ("12", "12", (12, 12)),
    ],
)
def test_a_bounding_box_of_either_convention_becomes_one_form(
    west: str, east: str, box: tuple[float, float]
) -> None:
    shape = _shape(bounding_box(west, east, "-5", "10"))

    assert shape == LatLonBox(box[0], -5, box[1], 10)


def test_longitudes_that_count_westward_are_turned_round() -> None:
    # the radar image of Titan BILQH07S314: its name says 7 south, 314 west, amid the box
    shape = _shape(bounding_box("320.23", "306.92", "-18.3", "4.8", _POSITIVE_WEST))

    assert isinstance(shape, LatLonBox)
    assert (shape.west, shape.east) == pytest.approx((39.77, 53.08))
    assert sphere.contains(shape, 360 - 314, -7)


def test_planetographic_latitudes_become_planetocentric() -> None:
    # Mars: Snyder (1987), Map Projections, USGS PP 1395, equation 3-28 with e2 = 1 - (c/a)^2
    model = (
        "<cart:latitude_type>Planetographic</cart:latitude_type>"
        '<cart:a_axis_radius unit="km">3396.19</cart:a_axis_radius>'
        '<cart:c_axis_radius unit="km">3376.20</cart:c_axis_radius>'
    )
    shape = _shape(bounding_box("0", "10", "-90", "45", model))

    square = 1 - (3376.20 / 3396.19) ** 2
    expected = math.degrees(math.atan((1 - square) * math.tan(math.radians(45))))
    assert isinstance(shape, LatLonBox)
    assert shape.south == -90
    assert shape.north == pytest.approx(expected)
    assert 44.6 < shape.north < 44.7


@pytest.mark.parametrize(
    "values",
    [
        ("UNK", "10", "-5", "5"),
        ("nan", "10", "-5", "5"),
        ("inf", "10", "-5", "5"),
        ("0", "10", "5", "-5"),
        ("0", "10", "-91", "5"),
        ("-999", "-999", "-5", "5"),
        ("0", "1e300", "-5", "5"),
        ("", "", "", ""),
    ],
)
def test_implausible_numbers_give_no_footprint(values: tuple[str, str, str, str]) -> None:
    assert _footprints(bounding_box(*values)) == ()


def test_units_other_than_degrees_are_converted_or_not_believed() -> None:
    radians = bounding_box("0", "1", "-0.5", "0.5").replace('"deg"', '"rad"')
    metres = bounding_box("0", "1", "-0.5", "0.5").replace('"deg"', '"m"')

    shape = _shape(radians)
    assert isinstance(shape, LatLonBox)
    assert shape.east == pytest.approx(57.29577951)
    assert _footprints(metres) == ()


@pytest.mark.parametrize(
    ("name", "frame", "realisation"),
    [
        ("", "", ""),
        ("MOON_ME", "MOON_ME", ""),
        ("MOON_ME_DE421", "MOON_ME", "DE421"),
        ("MEAN EARTH/POLAR AXIS OF DE 421", "MOON_ME", "DE421"),
        ("MOON_PA_DE440", "MOON_PA", "DE440"),
        ("principal axes", "MOON_PA", ""),
        ("IAU_MOON", "IAU_MOON", ""),
        ("J2000", "", ""),
        ("MERCURY", "", ""),
        ("PLANETOCENTRIC", "", ""),
    ],
)
def test_a_frame_is_taken_only_from_what_the_label_says(
    name: str, frame: str, realisation: str
) -> None:
    words = f"<cart:coordinate_system_name>{name}</cart:coordinate_system_name>"
    triangle = (intercept("0", "0"), intercept("1", "0"), intercept("0", "1"))
    vertices = f"<geom:Footprint_Vertices>{''.join(triangle)}</geom:Footprint_Vertices>"
    specific = f"<geom:Surface_Geometry_Specific>{vertices}</geom:Surface_Geometry_Specific>"

    (box,) = _footprints(bounding_box("0", "1", "0", "1", words))
    (outline,) = _footprints(surface(specific, frame=name))

    assert (box.frame, box.realisation) == (frame, realisation)
    assert (outline.frame, outline.realisation) == (frame, realisation)


def _specific(*content: str) -> str:
    return f"<geom:Surface_Geometry_Specific>{''.join(content)}</geom:Surface_Geometry_Specific>"


@pytest.mark.parametrize("is_clockwise", [True, False])
def test_vertices_become_a_polygon_whichever_way_they_go_round(
    is_clockwise: bool,  # noqa: FBT001
) -> None:
    ring = [("0", "-89"), ("90", "-89"), ("180", "-89"), ("270", "-89"), ("0", "-89")]
    places = [intercept(*place) for place in (reversed(ring) if is_clockwise else ring)]
    vertices = f"<geom:Footprint_Vertices>{''.join(places)}</geom:Footprint_Vertices>"

    shape = _shape(surface(_specific(vertices)))

    assert isinstance(shape, Polygon)
    assert len(shape.rings[0]) == 4
    assert sphere.contains(shape, 12, -90)
    assert not sphere.contains(shape, 12, -88)


def test_named_corners_are_joined_round_the_image_in_whatever_order_they_come() -> None:
    corners = (
        intercept("359", "1", "Upper Left Corner"),
        intercept("1", "1", "Upper Right Corner"),
        intercept("359", "-1", "Lower Left Corner"),
        intercept("1", "-1", "Lower Right Corner"),
        intercept("0", "0", "Center"),
    )

    (found,) = _footprints(surface(_specific(*corners)))

    assert found.source == "geom:Pixel_Intercept"
    assert found.body == "Moon"
    assert sphere.area(found.shape) == pytest.approx(math.radians(2) ** 2, rel=1e-3)
    assert sphere.contains(found.shape, 0, 0.9)
    assert sphere.contains(found.shape, 0.9, 0)


def test_a_centre_alone_is_a_point() -> None:
    assert _shape(surface(_specific(intercept("200", "10", "Center")))) == Point(-160, 10)


def test_extremes_are_a_box() -> None:
    names = ("minimum_longitude", "maximum_longitude", "minimum_latitude", "maximum_latitude")
    values = zip(names, ("350", "355", "-80", "-70"), strict=True)
    words = "".join(f'<geom:{name} unit="deg">{v}</geom:{name}>' for name, v in values)

    shape = _shape(
        surface(f"<geom:Surface_Geometry_Min_Max>{words}</geom:Surface_Geometry_Min_Max>")
    )

    assert shape == LatLonBox(-10, -80, -5, -70)


@pytest.mark.parametrize(
    "places",
    [
        (("0", "0"), ("1", "0")),
        (("0", "0"), ("0", "0"), ("0", "0"), ("0", "0")),
        (("0", "0"), ("180", "0"), ("0", "1")),
        (("0", "0"), ("1", "N/A"), ("0", "1")),
        (("0", "0"), ("-1e9", "0"), ("0", "1")),
    ],
)
def test_vertices_that_enclose_nothing_give_no_footprint(
    places: tuple[tuple[str, str], ...],
) -> None:
    vertices = "".join(intercept(*place) for place in places)
    outline = f"<geom:Footprint_Vertices>{vertices}</geom:Footprint_Vertices>"

    assert _footprints(surface(_specific(outline))) == ()


def test_of_an_outline_and_its_bounding_box_the_outline_is_taken() -> None:
    outline = "".join(intercept(*place) for place in (("0", "0"), ("1", "0"), ("0", "1")))

    (found,) = _footprints(bounding_box("0", "1", "0", "1"), surface(_specific(outline)))

    assert isinstance(found.shape, Polygon)


@pytest.mark.parametrize("name", ["Moon", "MOON", "Lunar", "Earth's Moon"])
def test_the_moon_has_one_name(name: str) -> None:
    data = label(discipline(bounding_box("0", "1", "0", "1"))).replace(
        b"<name>Moon</name>", f"<name>{name}</name>".encode()
    )

    assert read_label(data).footprints[0].body == "Moon"


def test_without_a_body_there_is_no_footprint() -> None:
    data = label(discipline(bounding_box("0", "1", "0", "1"))).replace(TARGET.encode(), b"")

    assert read_label(data).footprints == ()
