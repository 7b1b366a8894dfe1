"""Labels of a simulated Chang'e-7 in the dialect of GRAS, with its true defects.

What is in print of such labels is of Chang'e 4's lander and rover: identifiers that are file names,
the text "None" in classes, file_size of 1,323,302,912 bytes for a frame of the landing camera. No
label of an orbiter's image in this dialect is in print; that its corners stand in Mission_Area
is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np

from perilune.formats.gras.names import GrasName
from perilune.formats.pds4.writing import axis, element, time_text, times
from perilune.mission.simulate.strips import Strip

WRONG_SIZE = 1_323_302_912
NOTICE = "Simulated: Chang'e-7 has not flown. Nothing here was measured."
_ROOT = {
    "xmlns": "http://pds.nasa.gov/pds4/pds/v1",
    "xmlns:pds": "http://pds.nasa.gov/pds4/pds/v1",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://pds.nasa.gov/pds4/pds/v1,https://starbase.jpl.nasa.gov/pds4/1500"
    "/dph_example_products/xml_schema/PDS4_PDS_1500.xsd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product before it is written."""

    name: GrasName
    instrument: str
    data: bytes
    parts: tuple[ET.Element, ...]
    """What Mission_Area says besides the name."""
    described: ET.Element
    is_size_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a table."""

    name: str
    location: int
    """From 1, bytes."""
    data_type: str
    length: int
    unit: str = "none"


def fields(kind: str, columns: Sequence[Column]) -> list[ET.Element]:
    """The columns as ``Field_Binary`` or ``Field_Character``, numbered from 1."""
    return [_field(kind, number, column) for number, column in enumerate(columns, 1)]


def _field(kind: str, number: int, column: Column) -> ET.Element:
    return element(
        f"Field_{kind}",
        element("name", column.name),
        element("field_number", str(number)),
        element("field_location", str(column.location), unit="byte"),
        element("data_type", column.data_type),
        element("field_length", str(column.length), unit="byte"),
        element("unit", column.unit),
        element("description", NOTICE),
    )


def image(shape: tuple[int, ...], data_type: str) -> ET.Element:
    """An image of that many lines and samples."""
    axes = zip(("Line", "Sample"), shape, strict=True)
    return element(
        "Array_2D_Image",
        element("offset", "0", unit="byte"),
        element("axes", "2"),
        element("axis_index_order", "Last Index Fastest"),
        element("Element_Array", element("data_type", data_type), element("unit", "data number")),
        *(axis(name, elements, number) for number, (name, elements) in enumerate(axes, 1)),
    )


def corners(strip: Strip) -> ET.Element:
    """The image's corners on the ground, first line up."""
    ahead, left = strip.half_length, strip.half_width
    corners = (
        ("up_left", -ahead, left),
        ("up_right", -ahead, -left),
        ("down_right", ahead, -left),
        ("down_left", ahead, left),
    )
    made = element("Corner_Point", element("reference_frame", "MOON_ME"))
    for name, along, aside in corners:
        x, y, z = strip.ground(along, aside)
        made.append(
            element(
                f"{name}_point",
                element("longitude", f"{np.degrees(np.arctan2(y, x)) % 360.0:.6f}", unit="deg"),
                element("latitude", f"{np.degrees(np.arcsin(z)):.6f}", unit="deg"),
            )
        )
    return made


def light(incidence: float) -> ET.Element:
    """Where the Sun stands."""
    return element(
        "Angle_Pointing_Results",
        element("solar_incidence_angle", f"{incidence:.1f}", unit="deg"),
    )


def place(lon: float, lat: float) -> ET.Element:
    """Where the lander stands."""
    return element(
        "Lander_Location",
        element("reference_frame", "MOON_COORDINATE_SYSTEM"),
        element("longitude", f"{lon:.6f}", unit="deg"),
        element("latitude", f"{lat:.6f}", unit="deg"),
    )


def label(product: Product) -> bytes:
    """The label's bytes."""
    name = product.name
    size = WRONG_SIZE if product.is_size_wrong else len(product.data)
    root = element(
        "Product_Observational",
        _identification(name),
        element("Reference_List", "None"),
        element(
            "Observation_Area",
            times(name.start, name.stop),
            element(
                "Primary_Result_Summary",
                element("purpose", "Science"),
                element("processing_level", "Calibrated"),
            ),
            element("Investigation_Area", element("name", "CE7"), element("type", "Mission")),
            element(
                "Observing_System",
                element("name", f"Observing System for CE7{name.craft}"),
                element(
                    "Observing_System_Component",
                    element("name", f"CE7{name.craft}"),
                    element("type", "Spacecraft"),
                ),
            ),
            element(
                "Target_Identification", element("name", "Lunar"), element("type", "Satellite")
            ),
            element(
                "Mission_Area",
                element("product_id", name.data_file),
                element("product_version", name.version),
                element("product_level", name.level),
                element("instrument_name", f"{product.instrument} (simulated)"),
                element("instrument_id", name.instrument),
                element("sequence_id", name.sequence),
                *product.parts,
            ),
        ),
        element(
            "File_Area_Observational",
            element(
                "File",
                element("file_name", name.data_file),
                element("local_identifier", "None"),
                element("creation_date_time", time_text(name.stop)),
                element("file_size", str(size), unit="byte"),
                element("records", "1"),
            ),
            product.described,
        ),
        **_ROOT,
    )
    ET.indent(root, "\t")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _identification(name: GrasName) -> ET.Element:
    return element(
        "Identification_Area",
        element("logical_identifier", name.data_file),
        element("version_id", "1.0"),
        element("title", "Chang'E 7(CE-7) mission (simulated)"),
        element("information_model_version", "1.5.0.0"),
        element("product_class", "Product_Observational"),
        element(
            "Modification_History",
            element(
                "Modification_Detail",
                element("modification_date", f"{name.stop:%Y-%m-%d}"),
                element("version_id", "1.0"),
                element("description", NOTICE),
            ),
        ),
    )
